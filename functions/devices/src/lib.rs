//! `/v1/ota/partners/{partnerId}/deviceTypes/{deviceTypeId}/devices`, `/deviceTokens` and `/deviceSecret`: the devices of a
//! device type, and what they show themselves with.

mod devices;
mod explain;
mod pushes;
mod secrets;
mod versions;

use axum::Router;
use axum::routing::{get, post, put};
use shared::http::{App, finish};

/// Devices, their tokens and the secret that these are made with, what they get and why, what they ran, and operation 17.
pub fn routes(app: App) -> Router {
    let clock = app.clock.clone();
    let device_type = "/v1/ota/partners/{partnerId}/deviceTypes/{deviceTypeId}";
    let devices = format!("{device_type}/devices");
    let router = Router::new()
        .route(&format!("{device_type}/deviceTokens"), post(secrets::create_token))
        .route(&format!("{device_type}/deviceSecret"), post(secrets::get_secret))
        .route(&format!("{device_type}/deviceSecret/rotate"), post(secrets::rotate_secret))
        .route(&devices, get(devices::list_devices))
        .route(
            &format!("{devices}/{{deviceId}}"),
            get(devices::get_device).patch(devices::update_device).delete(devices::forget_device),
        )
        .route(&format!("{devices}/{{deviceId}}/explain"), get(explain::explain_device))
        .route(&format!("{devices}/{{deviceId}}/versions"), get(versions::get_device_versions))
        .route(&format!("{device_type}/explain"), post(explain::explain_device_type))
        .route(
            &format!("{device_type}/firmwareImages/{{firmwareImageId}}/push"),
            put(pushes::push_firmware_image),
        )
        .with_state(app);
    finish(router, clock)
}
