//! Answers: the bare ones that a gateway makes itself, and whole ones as Lambda gives them.

use axum::body::Body;
use http::{HeaderValue, Response, StatusCode, header};

/// The most that a function can answer, in bytes.
const MAX_ANSWER_BYTES: usize = 6_291_456;

/// What a gateway answers by itself: not a problem of ours, only a message.
pub(super) fn bare(status: StatusCode, message: &str) -> Response<Body> {
    let text = serde_json::json!({ "message": message }).to_string();
    let length = text.len();
    let mut response = Response::new(Body::from(text));
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response.headers_mut().insert(header::CONTENT_LENGTH, HeaderValue::from(length));
    response
}

/// A function's answer with its whole body and exact length; too long a one is the gateway's 500.
pub(super) async fn whole(response: Response<Body>) -> Response<Body> {
    let (mut parts, body) = response.into_parts();
    let Ok(bytes) = axum::body::to_bytes(body, MAX_ANSWER_BYTES).await else {
        tracing::error!("a function's answer broke off or passed 6 MB");
        return bare(StatusCode::INTERNAL_SERVER_ERROR, "Internal Server Error");
    };
    // Of these, a length may not be said.
    let silent = parts.status == StatusCode::NO_CONTENT || parts.status == StatusCode::NOT_MODIFIED;
    parts.headers.remove(header::TRANSFER_ENCODING);
    parts.headers.remove(header::CONTENT_LENGTH);
    if silent {
        return Response::from_parts(parts, Body::empty());
    }
    parts.headers.insert(header::CONTENT_LENGTH, HeaderValue::from(bytes.len()));
    Response::from_parts(parts, Body::from(bytes))
}

/// The answer to HEAD: the one to GET, length and all, without its body.
pub(super) fn without_body(response: Response<Body>) -> Response<Body> {
    let (parts, _) = response.into_parts();
    Response::from_parts(parts, Body::empty())
}
