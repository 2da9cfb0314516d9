//! The edge: what the CDN's viewer-request function (`infra/edge/viewer-request.js`) does to a device's request, in Rust.
//!
//! Pure, and ignorant of how an origin is called. `infra/edge/vectors.json`, which the test below makes of this file, is
//! what the function is tested against: whatever changes here changes there, and the other way round.

#[cfg(test)]
mod vectors;

use std::borrow::Cow;

use axum::body::Body;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Response, StatusCode, header};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use shared::domain::{Timestamp, download, feed};
use shared::http::form::Weights;
use shared::http::{Form, Problem, device_credential, router};
use shared::secrets::Secret;

use super::answer;

const CREDENTIAL: HeaderName = HeaderName::from_static(device_credential::HEADER);
const SINCE: HeaderName = HeaderName::from_static("x-device-modified-since");
const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// What JavaScript's `encodeURIComponent` encodes.
const COMPONENT: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'!')
    .remove(b'\'')
    .remove(b'(')
    .remove(b')')
    .remove(b'*')
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// A request as a device sent it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Asked<'a> {
    pub(super) method: &'a Method,
    /// Undecoded.
    pub(super) path: &'a str,
    pub(super) query: &'a str,
    pub(super) headers: &'a HeaderMap,
    pub(super) https: bool,
    pub(super) now: Timestamp,
}

/// Who is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Origin {
    Checks,
    Feeds,
    Bucket,
}

/// A request as an origin gets it.
#[derive(Debug)]
pub(super) struct Forward {
    pub(super) origin: Origin,
    /// Undecoded; the bucket's is `/` and a key.
    pub(super) path: String,
    pub(super) query: String,
    pub(super) headers: HeaderMap,
}

/// What the edge answers by itself.
#[derive(Debug)]
pub(super) enum Refused {
    /// As an origin would.
    Problem(Box<Problem>),
    /// As a gateway does.
    Bare(StatusCode, &'static str),
}

impl From<Problem> for Refused {
    fn from(problem: Problem) -> Self {
        Self::Problem(Box::new(problem))
    }
}

impl Refused {
    const FORBIDDEN: Self = Self::Bare(StatusCode::FORBIDDEN, "Forbidden");

    /// The whole answer to the request with that id.
    pub(super) fn into_response(self, request_id: &str, now: Timestamp) -> Response<Body> {
        let mut response = match self {
            Self::Problem(problem) => problem.into_answer(request_id, now),
            Self::Bare(status, message) => answer::bare(status, message),
        };
        let status = response.status();
        let headers = response.headers_mut();
        if matches!(status, StatusCode::NOT_IMPLEMENTED | StatusCode::METHOD_NOT_ALLOWED) {
            headers.insert(header::ALLOW, HeaderValue::from_static("GET, HEAD"));
        }
        headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
        if let Ok(id) = HeaderValue::from_str(request_id) {
            headers.insert(REQUEST_ID, id);
        }
        response
    }
}

/// Whether the edge stands before a path: before checks, and whatever neither API Gateway nor the console has.
pub(super) fn serves(method: &Method, path: &str) -> bool {
    let other = ["/v1/", "/oauth/", "/console/"].iter().any(|prefix| path.starts_with(prefix));
    if is_check(path) { reads(method) } else { !other && path != "/console" }
}

/// Whether the first segment of a path is the name of a restricted feed.
pub(super) fn is_restricted(path: &str) -> bool {
    path.split('/').nth(1).is_some_and(feed::is_restricted)
}

/// What becomes of a request. `keys` are those of download paths; without any, none opens.
pub(super) fn decide(asked: &Asked<'_>, keys: Option<&Secret>) -> Result<Forward, Refused> {
    if is_check(asked.path) {
        return check(asked);
    }
    if asked.path.starts_with("/repository/") {
        let refused = Refused::Bare(StatusCode::METHOD_NOT_ALLOWED, "Method Not Allowed");
        return if reads(asked.method) { fetch(asked, asked.path, keys) } else { Err(refused) };
    }
    if !is_feed(asked.path) {
        return Err(router::no_such_path().into());
    }
    if let Some(problem) = router::rewritten(asked.path) {
        return Err(problem.into());
    }
    if !reads(asked.method) {
        return Err(feeds::not_implemented().into());
    }
    let restricted = is_restricted(asked.path);
    if restricted {
        admit(asked.headers)?;
    }
    let segments: Vec<&str> = asked.path.split('/').filter(|segment| !segment.is_empty()).collect();
    if goes_to_the_bucket(asked.path) {
        let path = below_an_index(&segments).ok_or(Refused::FORBIDDEN)?;
        return fetch(asked, &path, keys);
    }
    let mut headers = carried(asked.headers, restricted);
    if segments.len() == 1 {
        let media_type = if prefers_json(asked.headers) { "application/json" } else { "text/plain" };
        headers.insert(header::ACCEPT, HeaderValue::from_static(media_type));
    }
    if is_index(&segments)
        && let Some(since) = since(asked.headers)
    {
        headers.insert(SINCE, since);
    }
    let spelled = segments.iter().enumerate();
    let spelled: Vec<_> =
        spelled.map(|(place, text)| if place == 1 { device_type(text) } else { (*text).into() }).collect();
    let path = format!("/{}", spelled.join("/"));
    Ok(Forward { origin: Origin::Feeds, path, query: String::new(), headers })
}

fn reads(method: &Method) -> bool {
    *method == Method::GET || *method == Method::HEAD
}

fn is_check(path: &str) -> bool {
    let device_type =
        path.strip_prefix("/v1/ota/deviceTypes/").and_then(|rest| rest.strip_suffix("/eligibility"));
    device_type.is_some_and(|id| !id.is_empty() && !id.contains('/'))
}

/// Whether a path is a feed's. The first segment counts as it stands, so that nothing that would be decoded or collapsed
/// to a restricted feed's name (`/%64ev`, `//dev`) is taken for an open one.
fn is_feed(path: &str) -> bool {
    let first = path.strip_prefix('/').and_then(|path| path.split('/').next()).unwrap_or_default();
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    !first.is_empty() && first.bytes().all(plain) && !feed::is_reserved(first)
}

/// A segment that may be a device type's, decoded if it is one: the CDN purges `/release/kettle*`, and would keep what it
/// had been asked for as `/release/%6bettle`.
fn device_type(segment: &str) -> Cow<'_, str> {
    let slug = |text: &Cow<'_, str>| {
        text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
    };
    percent_decode_str(segment).decode_utf8().ok().filter(slug).unwrap_or(Cow::Borrowed(segment))
}

/// Whether the CDN asks the bucket for a feed's path: for whatever has something behind `by-hash`, however spelled.
fn goes_to_the_bucket(path: &str) -> bool {
    percent_decode_str(path).collect::<Vec<u8>>().windows(9).any(|part| part == b"/by-hash/")
}

/// The repository path that a path below an index stands for: `/{feed}/{deviceTypeId}/…/by-hash/<sha256>/<sig>/<file>`.
fn below_an_index(segments: &[&str]) -> Option<String> {
    let (index, file) = segments.split_at(segments.len().checked_sub(4)?);
    let [by_hash, sha256, signature, name] = file else { return None };
    // An index lies at a device type, a package or a version.
    let at_index = (2..=4).contains(&index.len()) && *by_hash == "by-hash";
    at_index.then(|| format!("/repository/{sha256}/{signature}/{name}"))
}

/// Whether segments are an index URL of the blueprint, and no file that opkg fetches.
fn is_index(segments: &[&str]) -> bool {
    let last = segments.last().map(|last| percent_decode_str(last).collect::<Vec<u8>>()).unwrap_or_default();
    segments.len() < 5 && last != b"Packages" && !last.starts_with(b"Packages.")
}

/// A binary, if the path to it is signed.
fn fetch(asked: &Asked<'_>, path: &str, keys: Option<&Secret>) -> Result<Forward, Refused> {
    let opened = keys.and_then(|keys| download::verify(keys, path, asked.now).ok());
    let sha256 = opened.ok_or(Refused::FORBIDDEN)?;
    let headers = carried(asked.headers, false);
    Ok(Forward {
        origin: Origin::Bucket,
        path: format!("/repository/{sha256}"),
        query: String::new(),
        headers,
    })
}

/// A check keeps what it asks, in one order and spelling, and the form that it is answered in.
fn check(asked: &Asked<'_>) -> Result<Forward, Refused> {
    let mut kept = Vec::new();
    let mut restricted = false;
    for pair in asked.query.split('&') {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        let (name, value) = (form_decoded(name), form_decoded(value));
        let number = !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_digit());
        if name == "feed" || number {
            restricted |= name == "feed" && feed::is_restricted(&value);
            kept.push(format!("{name}={}", utf8_percent_encode(&value, COMPONENT)));
        }
    }
    if restricted {
        if !asked.https {
            return Err(Refused::FORBIDDEN);
        }
        admit(asked.headers)?;
    }
    kept.sort();
    let mut headers = carried(asked.headers, restricted);
    let form = match Form::wanted(asked.headers) {
        Form::Json => "*/*",
        Form::Cbor => "application/cbor",
        Form::Text => "text/plain",
    };
    headers.insert(header::ACCEPT, HeaderValue::from_static(form));
    let segments = asked.path.split('/').enumerate();
    let segments: Vec<_> =
        segments.map(|(place, text)| if place == 4 { device_type(text) } else { text.into() }).collect();
    Ok(Forward { origin: Origin::Checks, path: segments.join("/"), query: kept.join("&"), headers })
}

/// As in a form; what cannot be decoded stays as it is.
fn form_decoded(text: &str) -> String {
    let spaced = text.replace('+', " ");
    let hex = |code: &[u8]| code.len() == 2 && code.iter().all(u8::is_ascii_hexdigit);
    let whole = spaced.split('%').skip(1).all(|rest| rest.as_bytes().get(..2).is_some_and(hex));
    let decoded = percent_decode_str(&spaced).decode_utf8();
    decoded.ok().filter(|_| whole).map_or_else(|| text.to_owned(), Cow::into_owned)
}

/// Lets in whoever shows a credential that could open a restricted feed; the real number of a device gets no further.
fn admit(headers: &HeaderMap) -> Result<(), Refused> {
    let shown = device_credential::parse(one(headers, header::AUTHORIZATION))?;
    shown.map(|_| ()).ok_or_else(|| device_credential::closed().into())
}

/// A header that was sent once; sent twice, it says nothing.
fn one(headers: &HeaderMap, name: HeaderName) -> &str {
    let mut values = headers.get_all(name).iter();
    match (values.next(), values.next()) {
        (Some(value), None) => value.to_str().unwrap_or_default().trim(),
        _ => "",
    }
}

/// The headers with the edge's own words in them, whatever a client wrote there.
fn carried(sent: &HeaderMap, restricted: bool) -> HeaderMap {
    let mut headers = sent.clone();
    headers.remove(CREDENTIAL);
    headers.remove(SINCE);
    headers.remove(header::AUTHORIZATION);
    headers.insert(header::ACCEPT, HeaderValue::from_static("*/*"));
    if restricted && let Ok(credential) = HeaderValue::from_str(one(sent, header::AUTHORIZATION)) {
        headers.insert(CREDENTIAL, credential);
    }
    headers
}

/// Since when the changes are asked for; none if there is another condition, or no text that could be a date.
fn since(headers: &HeaderMap) -> Option<HeaderValue> {
    let others = [header::IF_NONE_MATCH, header::IF_MATCH, header::IF_UNMODIFIED_SINCE];
    let text = one(headers, header::IF_MODIFIED_SINCE);
    let plain = (1..=64).contains(&text.len()) && text.bytes().all(|byte| (b' '..=b'~').contains(&byte));
    let alone = others.iter().all(|name| !headers.contains_key(name));
    if plain && alone { HeaderValue::from_str(text).ok() } else { None }
}

fn prefers_json(headers: &HeaderMap) -> bool {
    let given = Weights::of(headers);
    let json = given.named("application/json").unwrap_or_default();
    let text = ["text/plain", "text/*", "*/*"].into_iter().filter_map(|range| given.named(range)).max();
    json > 0 && json >= text.unwrap_or_default()
}
