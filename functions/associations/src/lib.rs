//! `/v1/ota/partners/{partnerId}/deviceTypes`, `/feeds` and `/approvals`: device types, the images they get, through which
//! feeds, and what of that somebody else has to approve.

mod approvals;
mod audit;
mod descriptions;
mod device_types;
mod feeds;
mod firmware_images;
mod reach;
mod rollouts;
mod stops;
mod versions;

use axum::Router;
use axum::routing::{delete, get, post, put};
use shared::blobs::Blobs;
use shared::http::{App, Service, finish};

/// Device types, operations 13 to 16 and 18, promotion, rollouts and their reach, stops, feeds and access to them, what must be
/// approved, and the past of all that.
pub fn routes(app: App, blobs: Blobs) -> Router {
    let clock = app.clock.clone();
    let device_types = "/v1/ota/partners/{partnerId}/deviceTypes";
    let images = format!("{device_types}/{{deviceTypeId}}/firmwareImages");
    let image = format!("{images}/types/{{type}}/versionNumbers/{{versionNumber}}");
    let feeds = "/v1/ota/partners/{partnerId}/feeds";
    let approvals = "/v1/ota/partners/{partnerId}/approvals";
    let router = Router::new()
        .route(device_types, get(device_types::list_device_types).post(device_types::create_device_type))
        .route(
            &format!("{device_types}/{{deviceTypeId}}"),
            get(device_types::get_device_type)
                .put(device_types::update_device_type)
                .delete(device_types::delete_device_type),
        )
        .route(&images, get(firmware_images::list_firmware_images).post(firmware_images::create_association))
        .route(&format!("{images}/types/{{type}}"), get(firmware_images::list_firmware_images_of_type))
        .route(&image, get(firmware_images::get_firmware_image).delete(firmware_images::delete_association))
        .route(&format!("{image}/promote"), post(firmware_images::promote_firmware_image))
        .route(&format!("{image}/rollout"), get(rollouts::get_rollout).put(rollouts::set_rollout))
        .route(&format!("{image}/rollout/pause"), post(rollouts::pause_rollout))
        .route(&format!("{image}/rollout/resume"), post(rollouts::resume_rollout))
        .route(&format!("{image}/rollout/withdraw"), post(rollouts::withdraw_rollout))
        .route(
            &format!("{device_types}/{{deviceTypeId}}/stop"),
            post(stops::stop_device_type).delete(stops::start_device_type),
        )
        .route(
            "/v1/ota/partners/{partnerId}/stop",
            get(stops::get_stop).post(stops::stop_everything).delete(stops::start_everything),
        )
        .route(&format!("{image}/reach"), get(reach::get_reach))
        .route(&format!("{device_types}/{{deviceTypeId}}/versions"), get(versions::get_versions))
        .route("/v1/ota/partners/{partnerId}/audit", get(audit::list_audit))
        .route(feeds, get(feeds::list_feeds))
        .route(&format!("{feeds}/{{feed}}"), put(feeds::create_feed).delete(feeds::delete_feed))
        .route(&format!("{feeds}/{{feed}}/devices"), get(feeds::list_grants).post(feeds::create_grant))
        .route(&format!("{feeds}/{{feed}}/devices/{{id}}"), delete(feeds::delete_grant))
        .route(approvals, get(approvals::list_approvals))
        .route(&format!("{approvals}/{{id}}"), get(approvals::get_approval))
        .route(&format!("{approvals}/{{id}}/approve"), post(approvals::approve_proposal))
        .route(&format!("{approvals}/{{id}}/reject"), post(approvals::reject_proposal))
        .with_state(Service { app, blobs });
    finish(router, clock)
}
