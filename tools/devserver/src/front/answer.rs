//! Answers: the bare ones that a gateway makes itself, and whole ones as Lambda gives them.

use axum::body::Body;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::{HeaderName, HeaderValue, Response, StatusCode, header};
use serde_json::Value;

use super::invoke::Door;

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
    let (parts, body) = response.into_parts();
    let Ok(bytes) = axum::body::to_bytes(body, MAX_ANSWER_BYTES).await else {
        tracing::error!("a function's answer broke off or passed 6 MB");
        return bare(StatusCode::INTERNAL_SERVER_ERROR, "Internal Server Error");
    };
    measured(parts, bytes)
}

/// An answer with the length that its body has.
fn measured(mut parts: http::response::Parts, body: Bytes) -> Response<Body> {
    // Of these, a length may not be said.
    let silent = parts.status == StatusCode::NO_CONTENT || parts.status == StatusCode::NOT_MODIFIED;
    parts.headers.remove(header::TRANSFER_ENCODING);
    parts.headers.remove(header::CONTENT_LENGTH);
    if silent {
        return Response::from_parts(parts, Body::empty());
    }
    parts.headers.insert(header::CONTENT_LENGTH, HeaderValue::from(body.len()));
    Response::from_parts(parts, Body::from(body))
}

/// The name under which a function's own URL passes on a header that it keeps for itself.
const REMAPPED: HeaderName = HeaderName::from_static("x-amzn-remapped-www-authenticate");

/// The answer that a door makes of what a function's process gave it, in the payload's version 2.0; the door's own error
/// if that is none. What has no status is the body of a 200, as the doors have it.
pub(super) fn from_payload(payload: &[u8], door: Door) -> Response<Body> {
    let Ok(value) = serde_json::from_slice::<Value>(payload) else { return door.failed() };
    if value.get("statusCode").is_none() {
        let mut response = Response::new(Body::from(payload.to_vec()));
        let json = HeaderValue::from_static("application/json");
        response.headers_mut().insert(header::CONTENT_TYPE, json);
        response.headers_mut().insert(header::CONTENT_LENGTH, HeaderValue::from(payload.len()));
        return response;
    }
    structured(&value, door).unwrap_or_else(|| {
        tracing::error!("a function's answer is none that a door takes");
        door.failed()
    })
}

fn structured(value: &Value, door: Door) -> Option<Response<Body>> {
    let status = value["statusCode"].as_u64().and_then(|status| u16::try_from(status).ok())?;
    let text = value["body"].as_str().unwrap_or_default();
    let body = match value["isBase64Encoded"].as_bool() {
        Some(true) => STANDARD.decode(text).ok()?,
        _ => text.as_bytes().to_vec(),
    };
    let mut response = Response::new(());
    *response.status_mut() = StatusCode::from_u16(status).ok()?;
    // This version knows no headers with several values: `multiValueHeaders` is not read.
    for (name, value) in value["headers"].as_object().into_iter().flatten() {
        let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        let name: HeaderName = name.parse().ok()?;
        let name = if door == Door::Url && name == header::WWW_AUTHENTICATE { REMAPPED } else { name };
        response.headers_mut().insert(name, HeaderValue::from_str(&text).ok()?);
    }
    for cookie in value["cookies"].as_array().into_iter().flatten() {
        response.headers_mut().append(header::SET_COOKIE, HeaderValue::from_str(cookie.as_str()?).ok()?);
    }
    let (parts, ()) = response.into_parts();
    Some(measured(parts, Bytes::from(body)))
}

/// The answer to HEAD: the one to GET, length and all, without its body.
pub(super) fn without_body(response: Response<Body>) -> Response<Body> {
    let (parts, _) = response.into_parts();
    Response::from_parts(parts, Body::empty())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    async fn read(payload: &Value, door: Door) -> (u16, http::HeaderMap, Vec<u8>) {
        let (parts, body) = from_payload(payload.to_string().as_bytes(), door).into_parts();
        let body = axum::body::to_bytes(body, usize::MAX).await.unwrap();
        (parts.status.as_u16(), parts.headers, body.to_vec())
    }

    #[tokio::test]
    async fn bytes_and_texts_arrive_with_the_length_that_they_have() {
        let binary = json!({"statusCode": 200, "headers": {"content-length": "9"}, "body": "AP8K", "isBase64Encoded": true});
        let (_, headers, body) = read(&binary, Door::Url).await;
        assert_eq!((headers["content-length"].as_bytes(), body.as_slice()), (&b"3"[..], &b"\x00\xFF\n"[..]));
        let text =
            json!({"statusCode": 201, "headers": {"x-number": 7}, "body": "AP8K", "isBase64Encoded": false});
        let (status, headers, body) = read(&text, Door::Api).await;
        assert_eq!((status, headers["x-number"].as_bytes(), body.as_slice()), (201, &b"7"[..], &b"AP8K"[..]));
        let (status, headers, body) =
            read(&json!({"statusCode": 304, "headers": {"etag": "x"}}), Door::Url).await;
        assert_eq!((status, headers.len(), body.len()), (304, 1, 0));
    }

    #[tokio::test]
    async fn cookies_are_lines_of_their_own_and_other_headers_have_one_value() {
        let answer = json!({
            "statusCode": 200, "headers": {"a": "1"}, "multiValueHeaders": {"a": ["2", "3"]}, "cookies": ["x=1", "y=2"],
        });
        let (_, headers, _) = read(&answer, Door::Api).await;
        let cookies: Vec<_> = headers.get_all("set-cookie").iter().collect();
        assert_eq!(cookies, ["x=1", "y=2"]);
        assert_eq!(headers["a"], "1");
    }

    #[tokio::test]
    async fn a_url_keeps_a_challenge_for_itself_and_the_api_does_not() {
        let answer = json!({"statusCode": 401, "headers": {"WWW-Authenticate": "Basic"}});
        let (_, headers, _) = read(&answer, Door::Url).await;
        assert_eq!((headers.get("www-authenticate"), headers[&REMAPPED].as_bytes()), (None, &b"Basic"[..]));
        assert_eq!(read(&answer, Door::Api).await.1["www-authenticate"], "Basic");
    }

    #[tokio::test]
    async fn what_is_no_answer_is_the_doors_own_error() {
        for wrong in [
            json!({"statusCode": 42}),
            json!({"statusCode": "200"}),
            json!({"statusCode": 200, "headers": {"a b": "1"}}),
            json!({"statusCode": 200, "body": "~", "isBase64Encoded": true}),
            json!({"statusCode": 200, "cookies": [1]}),
        ] {
            assert_eq!(read(&wrong, Door::Api).await.0, 500, "{wrong}");
            assert_eq!(read(&wrong, Door::Url).await.0, 502, "{wrong}");
        }
        let (status, headers, body) = read(&json!({"a": 1}), Door::Api).await;
        assert_eq!((status, headers["content-type"].as_bytes()), (200, &b"application/json"[..]));
        assert_eq!(body, br#"{"a":1}"#);
    }
}
