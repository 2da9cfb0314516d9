//! `/v1/ota/admin/*`, `/v1/ota/whoami`, `/oauth/token` and a partner's own keys: who may do what.

mod keys;
mod partners;
mod token;
mod types;
mod whoami;

use axum::Router;
use axum::routing::{delete, get, post, put};
use shared::http::{App, finish};

/// Partners, keys, platform types, whoami and the token exchange.
pub fn routes(app: App) -> Router {
    let clock = app.clock.clone();
    let partners = "/v1/ota/admin/partners";
    let of_partner = "/v1/ota/admin/partners/{partner}/keys";
    let own = "/v1/ota/partners/{partnerId}/keys";
    let router = Router::new()
        .route(partners, get(partners::list_partners).post(partners::create_partner))
        .route(of_partner, get(keys::list_partner_keys).post(keys::create_partner_key))
        .route(&format!("{of_partner}/{{keyId}}"), delete(keys::delete_partner_key))
        .route(own, get(keys::list_keys).post(keys::create_key))
        .route(&format!("{own}/{{keyId}}"), delete(keys::delete_key))
        .route("/v1/ota/admin/types", post(types::create_platform_type))
        .route("/v1/ota/admin/types/{type}", put(types::update_platform_type))
        .route("/v1/ota/whoami", get(whoami::get_whoami))
        .route("/oauth/token", post(token::create_token))
        .with_state(app);
    finish(router, clock)
}
