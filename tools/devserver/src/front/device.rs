//! The device door: what CloudFront and a Lambda Function URL do for devices that GET.
//!
//! Paths pass undecoded, and there is no authorizer. What the CDN itself decides is the [edge](super::edge)'s.

use axum::body::Body;
use http::{HeaderName, HeaderValue, Response, header};
use serde_json::json;

use super::edge::{self, Asked, Forward};
use super::event::{self, Described};
use super::invoke::{Behind, Door};
use super::{Arrival, Front, answer, downloads};

/// How a Function URL names the id that it gave a request.
const REQUEST_ID: HeaderName = HeaderName::from_static("x-amzn-requestid");

/// Whom the CDN asks.
#[derive(Debug, Clone)]
pub(super) enum Source {
    /// The bucket of binaries.
    Bucket,
    /// A function, at its own URL.
    Function(Behind),
}

/// What the edge makes of a request, or its own answer.
pub(super) async fn decide(front: &Front, arrival: &Arrival) -> Result<Forward, Response<Body>> {
    let now = front.app.clock.now();
    let parts = &arrival.parts;
    let asked = Asked {
        method: &parts.method,
        path: parts.uri.path(),
        query: parts.uri.query().unwrap_or_default(),
        headers: &parts.headers,
        // The dev server counts as it.
        https: true,
        now,
    };
    match edge::decide(&asked, front.app.secrets.download().ok()) {
        Ok(forward) => Ok(forward),
        Err(refused) => Err(answer::whole(refused.into_response(&arrival.request_id, now)).await),
    }
}

/// The answer of `source` to what the edge has made of a request.
pub(super) async fn ask(
    front: &Front,
    arrival: &Arrival,
    source: &Source,
    forward: Forward,
) -> Response<Body> {
    match source {
        Source::Bucket => downloads::answer(front, arrival, &forward).await,
        Source::Function(function) => call(front, function, arrival, forward).await,
    }
}

/// The answer of a function behind its URL.
async fn call(front: &Front, function: &Behind, arrival: &Arrival, mut forward: Forward) -> Response<Body> {
    // What is read here has no body, whatever it says.
    forward.headers.remove(header::CONTENT_LENGTH);
    // Who signed is the CDN: nobody that a function would know.
    let signed = json!({"iam": {"accountId": "000000000000", "userId": "cdn", "userArn": "arn:aws:sts::000000000000:cdn"}});
    let event = event::text(&Described {
        method: &arrival.parts.method,
        path: &forward.path,
        query: &forward.query,
        headers: &forward.headers,
        body: &[],
        peer: arrival.peer,
        request_id: &arrival.request_id,
        domain: &front.domain,
        time_millis: front.app.clock.now().millis(),
        route: None,
        authorizer: Some(&signed),
    });
    let mut response = function.call(event, Door::Url).await;
    if let Ok(id) = HeaderValue::from_str(&arrival.request_id) {
        response.headers_mut().insert(REQUEST_ID, id);
    }
    response
}
