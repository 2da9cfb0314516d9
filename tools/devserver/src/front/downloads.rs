//! Downloads: what CloudFront does in front of the bucket. The edge checks the signed path, the bucket gives the
//! bytes.

use aws_sdk_s3::error::SdkError;
use aws_sdk_s3::operation::head_object::{HeadObjectError, HeadObjectOutput};
use aws_sdk_s3::primitives::{DateTime, DateTimeFormat};
use axum::body::Body;
use http::{HeaderMap, HeaderValue, Method, Response, StatusCode, header};
use shared::domain::{Sha256, download};
use shared::http::conditions::{self, Part, Validators, Verdict};

use super::{Arrival, Front, answer, device};

/// Whether a request is for a binary: in the repository, or below the index that names it.
///
/// A restricted feed's packages need a credential as its indexes do; which one, only the feed can say, and the signed
/// path is what opens them. Feeds say themselves that they are only read.
pub(super) fn serves(method: &Method, raw_path: &str, headers: &HeaderMap) -> bool {
    let reads = *method == Method::GET || *method == Method::HEAD;
    raw_path.starts_with("/repository/")
        || (reads && below_an_index(raw_path).is_some() && !device::is_closed(raw_path, headers))
}

/// The repository path that a path below an index stands for: `/{feed}/{deviceTypeId}/…/by-hash/<sha256>/<sig>/<file>`.
fn below_an_index(raw_path: &str) -> Option<String> {
    if !device::is_feed(raw_path) {
        return None;
    }
    let segments: Vec<&str> = raw_path.split('/').filter(|segment| !segment.is_empty()).collect();
    let place = segments.len().checked_sub(4)?;
    let (index, file) = segments.split_at(place);
    let [by_hash, sha256, signature, name] = file else { return None };
    // An index lies at a device type, a package or a version.
    let at_index = (2..=4).contains(&index.len()) && *by_hash == "by-hash";
    at_index.then(|| format!("/repository/{sha256}/{signature}/{name}"))
}

/// Answers one request.
pub(super) async fn answer(front: &Front, arrival: &Arrival) -> Response<Body> {
    if !matches!(arrival.parts.method, Method::GET | Method::HEAD) {
        let mut refused = answer::bare(StatusCode::METHOD_NOT_ALLOWED, "Method Not Allowed");
        refused.headers_mut().insert(header::ALLOW, HeaderValue::from_static("GET, HEAD"));
        return refused;
    }
    let raw = arrival.parts.uri.path();
    let path = below_an_index(raw).unwrap_or_else(|| raw.to_owned());
    let opened = download::verify(&front.app.secrets.download, &path, front.app.clock.now());
    let Ok(sha256) = opened else { return answer::bare(StatusCode::FORBIDDEN, "Forbidden") };
    let key = format!("repository/{sha256}");
    let mut response = match front.s3.head_object().bucket(&front.bucket).key(&key).send().await {
        Ok(found) => give(front, arrival, &key, &found).await,
        Err(error) if is_missing(&error) => answer::bare(StatusCode::NOT_FOUND, "Not Found"),
        Err(error) => unreadable(&sha256, &error),
    };
    if device::is_restricted(raw) {
        response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("private, no-store"));
    }
    response
}

fn is_missing(error: &SdkError<HeadObjectError>) -> bool {
    error.as_service_error().is_some_and(HeadObjectError::is_not_found)
        || error.raw_response().is_some_and(|answer| answer.status().as_u16() == 404)
}

fn unreadable(sha256: &Sha256, error: &dyn std::fmt::Debug) -> Response<Body> {
    tracing::error!(%sha256, ?error, "the repository could not be read");
    answer::bare(StatusCode::BAD_GATEWAY, "Bad Gateway")
}

fn date(text: &str) -> Option<i64> {
    DateTime::from_str(text, DateTimeFormat::HttpDate).ok().map(|moment| moment.secs())
}

async fn give(front: &Front, arrival: &Arrival, key: &str, found: &HeadObjectOutput) -> Response<Body> {
    let headers = &arrival.parts.headers;
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
        Err(error) => {
            tracing::error!(key, ?error, "the repository could not be read");
            answer::bare(StatusCode::BAD_GATEWAY, "Bad Gateway")
        }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_package_is_found_below_an_index_of_any_depth() {
        for index in ["/beta/dev1", "/beta/dev1/base", "/beta//dev1/base/1.0%2bgit/"] {
            let path = format!("{index}/by-hash/aa/k.0.m/base_1.0%2bgit_all.ipk");
            let expected = "/repository/aa/k.0.m/base_1.0%2bgit_all.ipk";
            assert_eq!(below_an_index(&path).as_deref(), Some(expected), "{path}");
        }
        for other in [
            "/beta/by-hash/aa/k/n",
            "/beta/d/p/v/f/by-hash/aa/k/n",
            "/v1/d/by-hash/aa/k/n",
            "//beta/d/by-hash/a/k/n",
        ] {
            assert_eq!(below_an_index(other), None, "{other}");
        }
    }

    #[test]
    fn a_restricted_package_needs_a_credential() {
        let path = "/dev/dev1/by-hash/aa/k.0.m/x.ipk";
        let mut headers = HeaderMap::new();
        assert!(!serves(&Method::GET, path, &headers));
        headers.insert(header::AUTHORIZATION, HeaderValue::from_static("356938035643809"));
        assert!(!serves(&Method::GET, path, &headers), "the real number is the feeds' to refuse");
        let hash = HeaderValue::from_static("da39a3ee5e6b4b0d3255bfef95601890afd80709");
        headers.insert(header::AUTHORIZATION, hash);
        assert!(serves(&Method::GET, path, &headers));
    }
}
