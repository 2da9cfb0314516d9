//! The same routers in Lambda: settings, secrets and clients are made once, before the first request.

use std::sync::Arc;

use aws_config::{BehaviorVersion, SdkConfig};
use axum::Router;
use tower::ServiceExt;

use super::app::{App, Clock};
use super::router::{fallback, head_as_get};
use crate::config::Config;
use crate::secrets::{Secrets, load_from_ssm};
use crate::store::Store;
use crate::telemetry;

/// What every function starts with: logging, settings, secrets, and a warmed table.
///
/// Reads `OTA_SECRETS_PREFIX` (the SSM path of the secrets), `OTA_LOG`, and what [`Config::from_lookup`] reads.
#[expect(clippy::disallowed_methods, reason = "this is the edge at which the environment comes in")]
pub async fn start() -> Result<(App, SdkConfig), lambda_http::Error> {
    let lookup = |name: &str| std::env::var(name).ok();
    telemetry::init_json(lookup("OTA_LOG").as_deref());
    let config = Config::from_lookup(lookup)?;
    let aws = aws_config::defaults(BehaviorVersion::latest()).load().await;
    let prefix = lookup("OTA_SECRETS_PREFIX").ok_or("OTA_SECRETS_PREFIX is not set")?;
    let secrets: Secrets = load_from_ssm(&aws_sdk_ssm::Client::new(&aws), &prefix).await?;
    let store = Store::new(&aws, &config.table);
    store.warm().await;
    let app = App { store, config: Arc::new(config), secrets: Arc::new(secrets), clock: Clock::default() };
    Ok((app, aws))
}

/// Serves a function's routes until Lambda ends the process.
pub async fn serve(app: &App, routes: Router) -> Result<(), lambda_http::Error> {
    let whole = fallback(routes, app.clock.clone());
    lambda_http::run(ServiceExt::<lambda_http::Request>::map_request(whole, head_as_get)).await
}
