//! Every router of the service, each with only what its function is given in the cloud.

use axum::Router;
use shared::blobs::Blobs;
use shared::http::{App, fallback};
use shared::metrics::Metrics;
use shared::needs;

use crate::front::{Behind, Here};

/// What is behind the doors where everything is one process.
pub(crate) fn routers(app: &App, blobs: &Blobs) -> Here {
    let checks = fallback(eligibility::routes(app.only(&needs::ELIGIBILITY)), app.clock.clone());
    Here {
        api: Behind::Here(api_routes(app, blobs)),
        checks: Behind::Here(checks),
        feeds: Behind::Here(feeds::routes(app.only(&needs::FEEDS), blobs.named(needs::FEEDS.name))),
    }
}

fn api_routes(app: &App, blobs: &Blobs) -> Router {
    let routes = admin::routes(app.only(&needs::ADMIN))
        .merge(types::routes(app.only(&needs::TYPES)))
        .merge(images::routes(app.only(&needs::IMAGES), blobs.named(needs::IMAGES.name)))
        .merge(uploads::routes(app.only(&needs::UPLOADS), blobs.named(needs::UPLOADS.name)))
        .merge(devices::routes(app.only(&needs::DEVICES)))
        .merge(eligibility::reports(app.only(&needs::ELIGIBILITY), Metrics::off()))
        .merge(associations::routes(app.only(&needs::ASSOCIATIONS), blobs.named(needs::ASSOCIATIONS.name)));
    fallback(routes, app.clock.clone())
}
