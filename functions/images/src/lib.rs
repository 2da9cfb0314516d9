//! `/v1/ota/partners/{partnerId}/pool`, `/tags` and offers: the firmware pool.

mod offers;
mod pool;
mod records;

use axum::Router;
use axum::routing::{get, put};
use shared::blobs::Blobs;
use shared::http::{App, Service, finish};

/// Operations 5 to 10 and 19, reading and deleting a record, and offers.
pub fn routes(app: App, blobs: Blobs) -> Router {
    let clock = app.clock.clone();
    let record = "/v1/ota/partners/{partnerId}/pool/types/{type}/versionNumbers/{versionNumber}";
    let router = Router::new()
        .route("/v1/ota/partners/{partnerId}/pool", get(pool::list_images).post(pool::create_image))
        .route("/v1/ota/partners/{partnerId}/pool/types/{type}", get(pool::list_images_of_type))
        .route(
            "/v1/ota/partners/{partnerId}/pool/types/{type}/names/{name}/versions/{version}/exists",
            get(pool::get_exists),
        )
        .route(record, get(records::get_image).put(records::update_image).delete(records::delete_image))
        .route(&format!("{record}/associations"), get(records::list_image_associations))
        .route(&format!("{record}/offers"), get(offers::list_offers))
        .route(
            &format!("{record}/offers/{{receiver}}"),
            put(offers::create_offer).delete(offers::delete_offer),
        )
        .route("/v1/ota/partners/{partnerId}/tags", get(pool::list_tags))
        .with_state(Service { app, blobs });
    finish(router, clock)
}
