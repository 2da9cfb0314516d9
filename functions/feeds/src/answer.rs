//! Answers: what is given, under which conditions and in which part, and how long it may be kept.

use axum::body::Body;
use axum::response::Response;
use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use shared::domain::time::Seconds;
use shared::http::answer::entity_tag;
use shared::http::conditions::{self, Part, Validators, Verdict};

/// Open feeds: fresh, stale, and while this service is down.
const OPEN: &str = "public, max-age=0, s-maxage=30, stale-while-revalidate=30, stale-if-error=570";
/// Files of a signed index: three URLs of one revision are cached apart, and a client that meets a mixture of revisions
/// drops its list.
const SIGNED: &str = "public, max-age=0, s-maxage=5, stale-if-error=595";
/// Restricted feeds.
const RESTRICTED: &str = "private, no-store";

/// Where the edge says since when the changes are asked for.
const SINCE: &str = "x-device-modified-since";

/// How long an answer may be kept, and by whom.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Keep {
    /// As an open feed.
    Open,
    /// As a file of a signed open feed.
    Signed,
    /// By nobody, since the feed is restricted.
    Restricted,
}

impl Keep {
    /// What an answer says that nobody may keep.
    fn by_nobody(self) -> &'static str {
        if self == Self::Restricted { RESTRICTED } else { "no-store" }
    }
}

/// What a URL stands for, whole.
#[derive(Debug, Clone)]
pub(crate) struct Whole {
    /// The bytes.
    pub(crate) bytes: Bytes,
    /// Their media type.
    pub(crate) media_type: &'static str,
    /// Their entity tag.
    pub(crate) etag: String,
    /// When they last changed; may run ahead of the clock.
    pub(crate) modified: Seconds,
}

impl Whole {
    /// Text that opkg or a person reads.
    pub(crate) fn text(text: String, modified: Seconds) -> Self {
        let bytes = Bytes::from(text);
        let etag = entity_tag(&bytes);
        Self { bytes, media_type: "text/plain; charset=utf-8", etag, modified }
    }
}

/// The request's conditions, read at a moment.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Conditions<'a> {
    /// What was sent.
    pub(crate) headers: &'a HeaderMap,
    /// Whole seconds since the epoch.
    pub(crate) now: Seconds,
}

impl Conditions<'_> {
    /// An HTTP date in any of its three forms, in seconds; one that is broken or lies in the future counts as not sent.
    fn date(self, text: &str) -> Option<Seconds> {
        let moment = httpdate::parse_http_date(text).ok()?;
        let seconds = moment.duration_since(std::time::UNIX_EPOCH).ok()?.as_secs();
        i64::try_from(seconds).ok().filter(|seconds| *seconds <= self.now)
    }

    /// What the client last saw, if it asks only for what has changed since, which is in the edge's own header alone (see
    /// the crate's). `If-None-Match` wins over that, and so do conditions under which there is no answer at all.
    pub(crate) fn since(self) -> Option<Seconds> {
        let others = [header::IF_NONE_MATCH, header::IF_MATCH, header::IF_UNMODIFIED_SINCE];
        if others.iter().any(|name| self.headers.contains_key(name)) {
            return None;
        }
        self.headers.get(SINCE)?.to_str().ok().and_then(|text| self.date(text.trim()))
    }

    /// The answer to a request for `whole`: all of it, a part, or that it has not changed.
    pub(crate) fn answer(self, whole: Whole, keep: Keep) -> Response {
        let size = u64::try_from(whole.bytes.len()).unwrap_or(u64::MAX);
        let validators = Validators { etag: &whole.etag, modified: whole.modified };
        let date = |text: &str| self.date(text);
        let mut response = Response::new(Body::empty());
        self.describe(response.headers_mut(), &whole, keep);
        match conditions::weigh(self.headers, validators, date) {
            Verdict::Failed => return refused(response, StatusCode::PRECONDITION_FAILED, keep),
            Verdict::NotModified => {
                *response.status_mut() = StatusCode::NOT_MODIFIED;
                return response;
            }
            Verdict::Proceed => {}
        }
        insert(response.headers_mut(), header::CONTENT_TYPE, whole.media_type);
        match conditions::part(self.headers, validators, size, date) {
            Part::Whole => *response.body_mut() = Body::from(whole.bytes),
            Part::Bytes { first, last } => {
                *response.status_mut() = StatusCode::PARTIAL_CONTENT;
                let range = format!("bytes {first}-{last}/{size}");
                insert(response.headers_mut(), header::CONTENT_RANGE, &range);
                let place = |at: u64| usize::try_from(at).unwrap_or(usize::MAX).min(whole.bytes.len());
                let bytes = whole.bytes.slice(place(first)..place(last + 1));
                // As text, Lambda's adapter would decode it, and replace a character that was cut in two.
                if whole.media_type.starts_with("text/") && std::str::from_utf8(&bytes).is_err() {
                    insert(response.headers_mut(), header::CONTENT_TYPE, "application/octet-stream");
                }
                *response.body_mut() = Body::from(bytes);
            }
            Part::Unsatisfiable => {
                insert(response.headers_mut(), header::CONTENT_RANGE, &format!("bytes */{size}"));
                return refused(response, StatusCode::RANGE_NOT_SATISFIABLE, keep);
            }
        }
        response
    }

    /// The answer that holds only what has changed. Nobody may keep it: it is not what the URL stands for.
    pub(crate) fn partial(self, text: String, media_type: &str, modified: Seconds, keep: Keep) -> Response {
        let mut response = Response::new(Body::from(text));
        let headers = response.headers_mut();
        insert(headers, header::CONTENT_TYPE, media_type);
        insert(headers, header::LAST_MODIFIED, &self.last_modified(modified));
        insert(headers, header::CACHE_CONTROL, keep.by_nobody());
        response
    }

    fn describe(self, headers: &mut HeaderMap, whole: &Whole, keep: Keep) {
        insert(headers, header::ETAG, &whole.etag);
        insert(headers, header::LAST_MODIFIED, &self.last_modified(whole.modified));
        insert(headers, header::ACCEPT_RANGES, "bytes");
        let cache = match keep {
            Keep::Open => OPEN,
            Keep::Signed => SIGNED,
            Keep::Restricted => RESTRICTED,
        };
        insert(headers, header::CACHE_CONTROL, cache);
    }

    /// A stored time may run ahead in a burst; what is sent does not.
    fn last_modified(self, stored: Seconds) -> String {
        let seconds = u64::try_from(stored.min(self.now)).unwrap_or_default();
        httpdate::fmt_http_date(std::time::UNIX_EPOCH + std::time::Duration::from_secs(seconds))
    }
}

fn refused(mut response: Response, status: StatusCode, keep: Keep) -> Response {
    *response.status_mut() = status;
    insert(response.headers_mut(), header::CACHE_CONTROL, keep.by_nobody());
    response
}

pub(crate) fn insert(headers: &mut HeaderMap, name: HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        headers.insert(name, value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_edge_asks_for_changes_and_a_cache_that_renews_what_it_has_gets_all_or_304() {
        let then = "Sun, 06 Nov 1994 08:49:37 GMT";
        let ask = |names: &[&str]| {
            let pairs = names.iter().map(|name| (name.parse::<HeaderName>().unwrap(), then.parse().unwrap()));
            let headers = pairs.collect::<HeaderMap>();
            let conditions = Conditions { headers: &headers, now: 1_000_000_000 };
            let at =
                |modified| conditions.answer(Whole::text("x\n".to_owned(), modified), Keep::Open).status();
            (conditions.since(), at(784_111_777), at(784_111_778))
        };
        let (all, same) = (StatusCode::OK, StatusCode::NOT_MODIFIED);
        assert_eq!(ask(&["if-modified-since"]), (None, same, all));
        assert_eq!(ask(&["if-modified-since", SINCE]), (Some(784_111_777), same, all));
        // What CloudFront would not pass on of the client's own condition, it weighs itself.
        assert_eq!(ask(&[SINCE]), (Some(784_111_777), all, all));
        assert_eq!(ask(&["if-none-match", SINCE]), (None, all, all));
    }

    #[tokio::test]
    async fn a_part_that_cuts_a_character_in_two_is_no_text() {
        let text = "Maintainer: J\u{fc}rgen\n";
        for last in 0..text.len() {
            let mut headers = HeaderMap::new();
            headers.insert(header::RANGE, format!("bytes=0-{last}").parse().unwrap());
            let whole = Whole::text(text.to_owned(), 100);
            let response = Conditions { headers: &headers, now: 200 }.answer(whole, Keep::Open);
            assert_eq!(response.status(), StatusCode::PARTIAL_CONTENT);
            let is_text = response.headers()[header::CONTENT_TYPE].to_str().unwrap().starts_with("text/");
            let bytes = axum::body::to_bytes(response.into_body(), usize::MAX).await.unwrap();
            assert_eq!(bytes, text.as_bytes()[..=last]);
            assert_eq!(is_text, std::str::from_utf8(&bytes).is_ok(), "{last}");
        }
    }
}
