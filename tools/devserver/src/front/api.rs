//! The API door: what API Gateway does for partners, operators and devices that POST.
//!
//! Paths that nobody knows come here too, as they come to the `$default` route.

use std::sync::Arc;

use axum::body::Body;
use http::{HeaderName, HeaderValue, Response, StatusCode};
use serde_json::json;

use super::body::{self, Unread};
use super::cloud;
use super::event::{self, Described, MAX_EVENT_BYTES, Route};
use super::invoke::{Behind, Door};
use super::{Arrival, Front, answer};
use crate::lambda::Function;

/// How API Gateway names the id that it gave a request.
const REQUEST_ID: HeaderName = HeaderName::from_static("apigw-requestid");

/// Who is asked about a key before the function is called.
#[derive(Debug, Clone)]
pub(super) enum Authorizer {
    /// Nobody.
    None,
    /// The authorizer in this process.
    Here,
    /// The authorizer that runs as Lambda runs it.
    Lambda(Arc<Function>),
}

/// What answers a request.
#[derive(Debug, Clone)]
pub(super) struct Routed {
    /// The route it takes; none for the default one.
    pub(super) route: Option<Route>,
    pub(super) function: Behind,
    pub(super) authorizer: Authorizer,
}

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
    let path = event::decoded_path(parts.uri.path());
    let Some(routed) = front.doors.route(&parts.method, &path) else {
        return answer::bare(StatusCode::NOT_FOUND, "Not Found");
    };
    let now = front.app.clock.now();
    let mut described = Described {
        method: &parts.method,
        path: &path,
        query: parts.uri.query().unwrap_or_default(),
        headers: &parts.headers,
        body: &body,
        peer,
        request_id: &request_id,
        domain: &front.domain,
        time_millis: now.millis(),
        route: routed.route.as_ref(),
        authorizer: None,
    };
    let word = match &routed.authorizer {
        Authorizer::None => None,
        Authorizer::Here => {
            let context = authorizer::authorize(&front.app.store, &parts.headers, now).await;
            Some(json!({ "lambda": context }))
        }
        Authorizer::Lambda(function) => {
            match cloud::authorized(function, event::for_authorizer(&described)).await {
                Ok(word) => Some(word),
                Err(refused) => return refused,
            }
        }
    };
    described.authorizer = word.as_ref();
    let event = event::text(&described);
    if event.len() > MAX_EVENT_BYTES {
        return too_large();
    }
    routed.function.call(event, Door::Api).await
}
