//! The API door: what API Gateway does for partners, operators and devices that POST.
//!
//! Paths that nobody knows come here too, as they come to the `$default` route.

use axum::body::Body;
use http::{HeaderName, HeaderValue, Response, StatusCode};

use super::body::{self, Unread};
use super::event::{self, Described, MAX_EVENT_BYTES};
use super::{Arrival, Front, answer, invoke};

/// How API Gateway names the id that it gave a request.
const REQUEST_ID: HeaderName = HeaderName::from_static("apigw-requestid");

/// Answers one request.
pub(super) async fn answer(front: &Front, arrival: Arrival) -> Response<Body> {
    let id = HeaderValue::from_str(&arrival.request_id);
    let mut response = answer_without_id(front, arrival).await;
    if let Ok(id) = id {
        response.headers_mut().insert(REQUEST_ID, id);
    }
    response
}

async fn answer_without_id(front: &Front, arrival: Arrival) -> Response<Body> {
    let Arrival { parts, body, peer, request_id } = arrival;
    let too_large = || answer::bare(StatusCode::PAYLOAD_TOO_LARGE, "Request Entity Too Large");
    let body = match body::read(body).await {
        Ok(body) => body,
        Err(Unread::TooLarge) => return too_large(),
        Err(Unread::Broken) => return answer::bare(StatusCode::BAD_REQUEST, "Bad Request"),
    };
    let now = front.app.clock.now();
    let verdict = authorizer::authorize(&front.app.store, &parts.headers, now).await;
    let path = event::decoded_path(parts.uri.path());
    let event = event::text(&Described {
        method: &parts.method,
        path: &path,
        query: parts.uri.query().unwrap_or_default(),
        headers: &parts.headers,
        body: &body,
        peer,
        request_id: &request_id,
        domain: &front.domain,
        time_millis: now.millis(),
        authorizer: Some(&verdict),
    });
    if event.len() > MAX_EVENT_BYTES {
        return too_large();
    }
    match event::request(&event) {
        Ok(request) => invoke::call(&front.api, request).await,
        Err(error) => {
            tracing::error!(%error, "lambda_http does not take the event");
            answer::bare(StatusCode::INTERNAL_SERVER_ERROR, "Internal Server Error")
        }
    }
}
