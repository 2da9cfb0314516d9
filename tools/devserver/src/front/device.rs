//! The device door: what CloudFront and a Lambda Function URL do for devices that GET.
//!
//! Paths pass undecoded, and there is no authorizer. Origin access control needs `Authorization` for itself, so the
//! edge carries a device's credential in a header of its own, and drops what a client sent under that name.

use axum::body::Body;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Response, StatusCode, header};

use shared::http::device_credential;

use super::event::{self, Described};
use super::{Arrival, Front, answer, invoke};

const CREDENTIAL: HeaderName = HeaderName::from_static("x-device-authorization");
/// How a Function URL names the id that it gave a request.
const REQUEST_ID: HeaderName = HeaderName::from_static("x-amzn-requestid");

/// First path segments that belong to other parts of the service, so that no feed is called so.
const NO_FEED: [&str; 6] = ["v1", "oauth", "repository", "console", "docs", "health"];

/// Whether a request comes through this door: a check that is read, or anything of a feed.
pub(super) fn serves(method: &Method, raw_path: &str) -> bool {
    is_feed(raw_path) || is_check(method, raw_path)
}

/// Whether a path is a feed's. The edge looks at the first segment as it stands, so that nothing that would be decoded
/// or collapsed to a restricted feed's name (`/%64ev`, `//dev`) is taken for an open one.
pub(super) fn is_feed(raw_path: &str) -> bool {
    let first = raw_path.strip_prefix('/').and_then(|path| path.split('/').next()).unwrap_or_default();
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    !first.is_empty() && first.bytes().all(plain) && !NO_FEED.contains(&first)
}

/// Whether the first segment of a path is the name of a restricted feed.
pub(super) fn is_restricted(raw_path: &str) -> bool {
    let first = raw_path.split('/').nth(1).unwrap_or_default();
    first == "dev" || first.starts_with("dev-")
}

/// Whether the feed of a feed's path is restricted, and the request shows nothing that could be a credential.
pub(super) fn is_closed(raw_path: &str, headers: &HeaderMap) -> bool {
    let shown = || device_credential::read(&carried(headers.clone()));
    is_restricted(raw_path) && !matches!(shown(), Ok(Some(_)))
}

fn is_check(method: &Method, raw_path: &str) -> bool {
    let reads = *method == Method::GET || *method == Method::HEAD;
    let mut segments = raw_path.split('/').skip(1);
    let mut next = || segments.next();
    let check = next() == Some("v1")
        && next() == Some("ota")
        && next() == Some("deviceTypes")
        && next().is_some_and(|device_type| !device_type.is_empty())
        && next() == Some("eligibility")
        && next().is_none();
    reads && check
}

/// Answers one request.
pub(super) async fn answer(front: &Front, arrival: Arrival) -> Response<Body> {
    let headers = carried(arrival.parts.headers);
    let event = event::text(&Described {
        method: &arrival.parts.method,
        path: arrival.parts.uri.path(),
        query: arrival.parts.uri.query().unwrap_or_default(),
        headers: &headers,
        body: &[],
        peer: arrival.peer,
        request_id: &arrival.request_id,
        domain: &front.domain,
        time_millis: front.app.clock.now().millis(),
        authorizer: None,
    });
    let router = if is_feed(arrival.parts.uri.path()) { &front.feeds } else { &front.checks };
    let mut response = match event::request(&event) {
        Ok(request) => invoke::call(router, request).await,
        Err(error) => {
            tracing::error!(%error, "lambda_http does not take the event");
            answer::bare(StatusCode::BAD_GATEWAY, "Internal Server Error")
        }
    };
    if let Ok(id) = HeaderValue::from_str(&arrival.request_id) {
        response.headers_mut().insert(REQUEST_ID, id);
    }
    response
}

/// The headers as the edge passes them on.
fn carried(mut headers: HeaderMap) -> HeaderMap {
    headers.remove(CREDENTIAL);
    if let Some(credential) = headers.remove(header::AUTHORIZATION) {
        headers.insert(CREDENTIAL, credential);
    }
    // What is read here has no body, whatever it says.
    headers.remove(header::CONTENT_LENGTH);
    headers
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn checks_and_feeds_and_nothing_else_come_through_this_door() {
        let check = "/v1/ota/deviceTypes/kettle/eligibility";
        assert!(serves(&Method::GET, check) && serves(&Method::HEAD, check));
        assert!(!serves(&Method::POST, check));
        for feed in ["/release", "/dev-lab/kettle/Packages.gz", "/release//kettle/", "/vv1/x"] {
            assert!(serves(&Method::GET, feed) && serves(&Method::DELETE, feed), "{feed}");
        }
        for other in [
            "/v1/ota/deviceTypes//eligibility",
            "/v1/ota/deviceTypes/kettle/eligibility/",
            "/v1/ota/deviceTypes/kettle/devices",
            "/v1/ota/partners/demo/deviceTypes/kettle/eligibility",
            "/v1/ota/deviceTypes/kettle/%65ligibility",
            "/",
            "//release/kettle",
            "/%72elease/kettle",
            "/Release/kettle",
            "/robots.txt",
            "/oauth/token",
        ] {
            assert!(!serves(&Method::GET, other), "{other}");
        }
    }

    #[test]
    fn a_credential_is_carried_over_and_none_is_believed() {
        let mut sent = HeaderMap::new();
        sent.insert(CREDENTIAL, HeaderValue::from_static("forged"));
        assert!(carried(sent.clone()).is_empty());
        sent.insert(header::AUTHORIZATION, HeaderValue::from_static("true"));
        let carried = carried(sent);
        assert_eq!(carried.get(CREDENTIAL).unwrap(), "true");
        assert!(carried.get(header::AUTHORIZATION).is_none());
    }
}
