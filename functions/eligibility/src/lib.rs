//! `/v1/ota/deviceTypes/{deviceTypeId}/eligibility`: what a device should install now. The hot path; and what devices
//! say that say who they are.
//!
//! Checks come through the CDN, so nothing here trusts an authorizer's context; a restricted feed's credential comes in
//! `X-Device-Authorization`, which that door sets itself. What devices report comes through the API, where no authorizer
//! stands before these routes either.

mod answer;
mod devices;
mod forms;
mod hubs;

use axum::Router;
use axum::extract::rejection::RawPathParamsRejection;
use axum::extract::{RawPathParams, State};
use axum::response::{IntoResponse as _, Response};
use axum::routing::{get, post};
use http::{HeaderMap, HeaderValue, StatusCode, header};
use shared::domain::decision::{Device, Reported, decide};
use shared::domain::number::ReportedVersion;
use shared::domain::{DeviceTypeId, FeedName, Invalid, Manifest, Timestamp, TypeNumber};
use shared::http::answer::{entity_tag, none_match};
use shared::http::{App, Form, Problem, Query, device_credential, finish};
use shared::metrics::{Metric, Metrics};
use shared::usecases::eligibility::{self, Found};

/// How long a check of an open feed may be kept, fresh, stale, and while this service is down.
const OPEN: &str = "public, max-age=0, s-maxage=30, stale-while-revalidate=30, stale-if-error=570";

/// The checks and what devices report, measuring nothing.
pub fn routes(app: App) -> Router {
    measured(app, Metrics::off())
}

/// The checks and what devices report. Prints one line for an answer that offers something, one for a status that is new,
/// and none for any other.
pub fn measured(app: App, metrics: Metrics) -> Router {
    let clock = app.clock.clone();
    let check = Router::new()
        .route("/v1/ota/deviceTypes/{deviceTypeId}/eligibility", get(get_eligibility))
        .with_state((app.clone(), metrics.clone()));
    finish(check, clock).merge(reports(app, metrics))
}

/// What devices report that say who they are: this much of it is behind the API's door.
pub fn reports(app: App, metrics: Metrics) -> Router {
    let clock = app.clock.clone();
    let device = "/v1/ota/deviceTypes/{deviceTypeId}/devices/{deviceId}";
    let router = Router::new()
        .route(&format!("{device}/attributes"), post(devices::report_attributes))
        .route(&format!("{device}/status"), post(devices::report_status))
        .route(&format!("{device}/checks"), post(hubs::create_checks))
        .with_state((app, metrics));
    finish(router, clock)
}

async fn get_eligibility(
    State((app, metrics)): State<(App, Metrics)>,
    params: Result<RawPathParams, RawPathParamsRejection>,
    query: Query,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let feed = feed(&query)?;
    let reported = reported(&query)?;
    // What cannot be read is no device type's id, and answered like any other that does not exist.
    let device_type = params.ok().and_then(|params| params.iter().next()?.1.parse().ok());
    let manifest = manifest(&app, device_type, &feed, &headers).await?;
    let device = Device { reported, ..Device::default() };
    let verdicts = decide(manifest.candidates(), manifest.stopped, &device, app.clock.now());
    let offers: Vec<_> = answer::offers(&manifest, &verdicts).collect();
    // What is on its way to everyone comes to nobody who does not say who they are.
    let poll = manifest.polling.poll(answer::usual(&app), false);
    let told = answer::check(&app, &manifest, &offers, &verdicts, poll)?;
    let form = Form::wanted(&headers);
    let response = respond(forms::encoded(&told, form)?, form, &feed, &headers);
    // Who is told that nothing has changed was offered it before.
    if response.status() == StatusCode::OK {
        count(&metrics, app.clock.now(), Metric::UpdatesOffered, offers.len());
    }
    Ok(response)
}

/// Counts so many more of something, if there are any.
fn count(metrics: &Metrics, now: Timestamp, metric: Metric, more: usize) {
    if let Some(more) = u64::try_from(more).ok().filter(|more| *more > 0) {
        metrics.print(now, &[(metric, more)]);
    }
}

/// A name that no feed can have is a feed that does not exist.
fn feed(query: &Query) -> Result<FeedName, Problem> {
    match query.one("feed")? {
        None => Ok(FeedName::release()),
        Some(text) => text.parse().map_err(|_| Problem::not_found()),
    }
}

/// The versions reported under 2001 to 2200. Any other number is a mistake; any other name is not for us.
fn reported(query: &Query) -> Result<Reported, Problem> {
    let mut reported = Reported::new();
    for (name, value) in
        query.iter().filter(|(name, _)| !name.is_empty() && name.bytes().all(|b| b.is_ascii_digit()))
    {
        let attribute = Invalid::because("must be a version attribute id, 2001 to 2200");
        let number = name.parse().map_err(|_| Problem::parameter(name, &attribute))?;
        let kind =
            TypeNumber::from_version_attribute_id(number).map_err(|why| Problem::parameter(name, &why))?;
        let version: ReportedVersion = value.parse().map_err(|why| Problem::parameter(name, &why))?;
        if name.starts_with('0') {
            return Err(Problem::parameter(name, &attribute));
        }
        if reported.insert(kind, version).is_some() {
            return Err(Problem::parameter(name, &Invalid::because("is given more than once")));
        }
    }
    Ok(reported)
}

async fn manifest(
    app: &App,
    device_type: Option<DeviceTypeId>,
    feed: &FeedName,
    headers: &HeaderMap,
) -> Result<Manifest, Problem> {
    if !feed.is_restricted() {
        let device_type = device_type.ok_or_else(Problem::not_found)?;
        return Ok(eligibility::open(&app.store, &device_type, feed).await?);
    }
    let credential = device_credential::read(headers)?;
    let Some(device_type) = device_type else { return Err(device_credential::closed()) };
    match eligibility::restricted(&app.store, &app.secrets, &device_type, feed, credential.as_ref()).await? {
        Found::Manifest(manifest) => Ok(manifest),
        Found::Closed => Err(device_credential::closed()),
    }
}

fn respond(body: Vec<u8>, form: Form, feed: &FeedName, headers: &HeaderMap) -> Response {
    let tag = entity_tag(&body);
    let cache = if feed.is_restricted() { "private, no-store" } else { OPEN };
    let mut response = if none_match(headers, &tag) {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        ([(header::CONTENT_TYPE, form.media_type())], body).into_response()
    };
    let answer = response.headers_mut();
    answer.insert(header::CACHE_CONTROL, HeaderValue::from_static(cache));
    answer.insert(header::VARY, HeaderValue::from_static("accept"));
    if let Ok(tag) = HeaderValue::from_str(&tag) {
        answer.insert(header::ETAG, tag);
    }
    response
}
