//! Downloads: what CloudFront does in front of the bucket, once the edge has found the path signed.

use aws_sdk_s3::error::SdkError;
use aws_sdk_s3::operation::head_object::{HeadObjectError, HeadObjectOutput};
use aws_sdk_s3::primitives::{DateTime, DateTimeFormat};
use axum::body::Body;
use http::{HeaderMap, HeaderValue, Method, Response, StatusCode, header};
use shared::http::conditions::{self, Part, Validators, Verdict};

use super::edge::{self, Forward};
use super::{Arrival, Front, answer};

/// Answers one request whose path the edge has found signed.
pub(super) async fn answer(front: &Front, arrival: &Arrival, forward: &Forward) -> Response<Body> {
    let key = forward.path.trim_start_matches('/');
    let mut response = match front.s3.head_object().bucket(&front.bucket).key(key).send().await {
        Ok(found) => give(front, arrival, forward, key, &found).await,
        Err(error) if is_missing(&error) => answer::bare(StatusCode::NOT_FOUND, "Not Found"),
        Err(error) => unreadable(key, &error),
    };
    if edge::is_restricted(arrival.parts.uri.path()) {
        response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("private, no-store"));
    }
    response
}

fn is_missing(error: &SdkError<HeadObjectError>) -> bool {
    error.as_service_error().is_some_and(HeadObjectError::is_not_found)
        || error.raw_response().is_some_and(|answer| answer.status().as_u16() == 404)
}

fn unreadable(key: &str, error: &dyn std::fmt::Debug) -> Response<Body> {
    tracing::error!(key, ?error, "the repository could not be read");
    answer::bare(StatusCode::BAD_GATEWAY, "Bad Gateway")
}

fn date(text: &str) -> Option<i64> {
    DateTime::from_str(text, DateTimeFormat::HttpDate).ok().map(|moment| moment.secs())
}

async fn give(
    front: &Front,
    arrival: &Arrival,
    forward: &Forward,
    key: &str,
    found: &HeadObjectOutput,
) -> Response<Body> {
    let headers = &forward.headers;
    let size = found.content_length().and_then(|length| u64::try_from(length).ok()).unwrap_or_default();
    let modified = found.last_modified().copied();
    let etag = found.e_tag().unwrap_or_default();
    let validators = Validators { etag, modified: modified.map_or(0, |moment| moment.secs()) };
    let mut response = Response::new(Body::empty());
    describe(response.headers_mut(), etag, modified);
    match conditions::weigh(headers, validators, date) {
        Verdict::Failed => return answer::bare(StatusCode::PRECONDITION_FAILED, "Precondition Failed"),
        Verdict::NotModified => {
            *response.status_mut() = StatusCode::NOT_MODIFIED;
            return response;
        }
        Verdict::Proceed => {}
    }
    let (range, length) = match conditions::part(headers, validators, size, date) {
        Part::Whole => (None, size),
        Part::Bytes { first, last } => {
            *response.status_mut() = StatusCode::PARTIAL_CONTENT;
            insert(response.headers_mut(), header::CONTENT_RANGE, &format!("bytes {first}-{last}/{size}"));
            (Some(format!("bytes={first}-{last}")), last - first + 1)
        }
        Part::Unsatisfiable => {
            let mut refused = answer::bare(StatusCode::RANGE_NOT_SATISFIABLE, "Range Not Satisfiable");
            insert(refused.headers_mut(), header::CONTENT_RANGE, &format!("bytes */{size}"));
            return refused;
        }
    };
    response.headers_mut().insert(header::CONTENT_LENGTH, HeaderValue::from(length));
    if arrival.parts.method == Method::HEAD {
        return response;
    }
    // Of one state of the object only: `if_match` refuses a body that is not the one described above.
    let get = front.s3.get_object().bucket(&front.bucket).key(key).set_range(range).if_match(etag);
    match get.send().await {
        Ok(object) => {
            *response.body_mut() = Body::new(object.body.into_inner());
            response
        }
        Err(error) => unreadable(key, &error),
    }
}

fn insert(headers: &mut HeaderMap, name: header::HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        headers.insert(name, value);
    }
}

/// What the bucket's metadata and the CDN's policy say of every binary.
fn describe(headers: &mut HeaderMap, etag: &str, modified: Option<DateTime>) {
    for (name, value) in [
        (header::ACCEPT_RANGES, "bytes"),
        (header::CACHE_CONTROL, "public, max-age=31536000, immutable"),
        (header::CONTENT_DISPOSITION, "attachment"),
        (header::CONTENT_SECURITY_POLICY, "sandbox"),
        (header::CONTENT_TYPE, "application/octet-stream"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    insert(headers, header::ETAG, etag);
    if let Some(text) = modified.and_then(|moment| moment.fmt(DateTimeFormat::HttpDate).ok()) {
        insert(headers, header::LAST_MODIFIED, &text);
    }
}
