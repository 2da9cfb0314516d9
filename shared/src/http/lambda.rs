//! The same routers in Lambda: settings, secrets and clients are made once, before the first request.

use std::sync::Arc;

use aws_config::{BehaviorVersion, SdkConfig};
use axum::Router;
use lambda_http::{Error, Request};
use tower::ServiceExt;
use tower::util::MapRequest;

use super::app::{App, Clock};
use super::router::{fallback, head_as_get};
use crate::config::Config;
use crate::needs::Function;
use crate::parameters::{Given, Parameters};
use crate::store::Store;
use crate::telemetry;

/// What `function` starts with: logging, what its row in [`crate::needs`] holds, and a warmed table.
///
/// An error, which is logged, if anything is missing or damaged: the process ends, and Lambda starts another for the
/// next request, which reads everything anew.
pub async fn start(function: &Function) -> Result<(App, SdkConfig), Error> {
    telemetry::init_json(variable("OTA_LOG").as_deref());
    logged(function, with_parameters(function).await)
}

/// The same for a function that is given no parameter, and therefore links nothing of SSM.
pub async fn start_without_parameters(function: &Function) -> Result<(App, SdkConfig), Error> {
    telemetry::init_json(variable("OTA_LOG").as_deref());
    logged(function, without_parameters(function).await)
}

async fn with_parameters(function: &Function) -> Result<(App, SdkConfig), Error> {
    let (mut config, aws, store) = table(function).await?;
    let parameters = Parameters::new(&aws, &variable("OTA_PARAMETERS").unwrap_or_default())?;
    let (given, ()) = tokio::join!(parameters.given_to(function), store.warm());
    let Given { keyring, base_url, distribution_id } = given?;
    (config.base_url, config.distribution_id) = (base_url, distribution_id);
    let app = App { store, config: Arc::new(config), secrets: Arc::new(keyring), clock: Clock::default() };
    Ok((app, aws))
}

async fn without_parameters(function: &Function) -> Result<(App, SdkConfig), Error> {
    let (config, aws, store) = table(function).await?;
    store.warm().await;
    let app = App { store, config: Arc::new(config), secrets: Arc::default(), clock: Clock::default() };
    Ok((app, aws))
}

async fn table(function: &Function) -> Result<(Config, SdkConfig, Store), Error> {
    let config = Config::from_lookup(function, variable)?;
    let aws = aws_config::defaults(BehaviorVersion::latest()).load().await;
    let store = Store::new(&aws, &config.table);
    Ok((config, aws, store))
}

/// Lambda shows how a process ended, and the errors that it ended with only in Rust's own form.
fn logged<T>(function: &Function, started: Result<T, Error>) -> Result<T, Error> {
    started
        .inspect_err(|cause| tracing::error!(function = function.name, %cause, "the function cannot start"))
}

#[expect(clippy::disallowed_methods, reason = "this is the edge at which the environment comes in")]
fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

/// A function's routes as Lambda calls them: with our own 404 beside them, and HEAD read as GET.
pub fn service(app: &App, routes: Router) -> MapRequest<Router, fn(Request) -> Request> {
    ServiceExt::<Request>::map_request(fallback(routes, app.clock.clone()), head_as_get)
}

/// Serves a function's routes until Lambda ends the process.
pub async fn serve(app: &App, routes: Router) -> Result<(), Error> {
    lambda_http::run(service(app, routes)).await
}
