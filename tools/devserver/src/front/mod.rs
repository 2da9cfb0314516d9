//! The front: what API Gateway, CloudFront and the Lambda Function URLs do to a request before a router sees it.
//!
//! Everything that a door of the cloud would change, refuse or add is changed, refused or added here; the routers
//! are the very ones that Lambda runs. One file a door, and one for what they share.

mod answer;
mod api;
mod body;
mod cloud;
mod device;
mod downloads;
mod edge;
mod event;
mod invoke;

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;

use axum::body::Body;
use http::{Method, Request, Response, StatusCode, header};
use hyper::body::Incoming;
use shared::http::App;

use api::{Authorizer, Routed};
pub(crate) use cloud::Cloud;
use device::Source;
use edge::Origin;
pub(crate) use invoke::Behind;

/// The longest request line and headers that API Gateway takes, in bytes.
const MAX_HEAD_BYTES: usize = 10_240;

/// Which paths lead where.
#[derive(Debug)]
pub(crate) enum Doors {
    /// To routers in this process, as they know their paths themselves.
    Here(Box<Here>),
    /// To functions that run as Lambda runs them, as the templates have it.
    Cloud(Box<Cloud>),
}

impl Doors {
    /// What answers a request at the API; the path is decoded.
    fn route(&self, method: &Method, path: &str) -> Option<Routed> {
        match self {
            Self::Here(here) => {
                Some(Routed { route: None, function: here.api.clone(), authorizer: Authorizer::Here })
            }
            Self::Cloud(cloud) => cloud.route(method, path).ok(),
        }
    }
}

/// The routers of this process.
#[derive(Debug)]
pub(crate) struct Here {
    /// The operations behind API Gateway.
    pub(crate) api: Behind,
    /// The checks, behind CloudFront.
    pub(crate) checks: Behind,
    /// The package feeds, behind CloudFront.
    pub(crate) feeds: Behind,
}

impl Here {
    fn source(&self, origin: Origin) -> Source {
        match origin {
            Origin::Bucket => Source::Bucket,
            Origin::Checks => Source::Function(self.checks.clone()),
            Origin::Feeds => Source::Function(self.feeds.clone()),
        }
    }
}

/// Everything the doors need.
#[derive(Debug)]
pub(crate) struct Front {
    /// Which paths lead where.
    pub(crate) doors: Doors,
    /// For the authorizer, the download-path key and the time.
    pub(crate) app: App,
    /// Reads the repository for downloads.
    pub(crate) s3: aws_sdk_s3::Client,
    /// The bucket of the repository.
    pub(crate) bucket: String,
    /// The name under which the doors know themselves, as `127.0.0.1:8080`.
    pub(crate) domain: String,
}

/// A request as it came in.
#[derive(Debug)]
struct Arrival {
    parts: http::request::Parts,
    body: Incoming,
    peer: SocketAddr,
    request_id: String,
}

impl Front {
    /// Answers one request at the door that it belongs to.
    pub(crate) async fn answer(
        self: Arc<Self>,
        request: Request<Incoming>,
        peer: SocketAddr,
    ) -> Result<Response<Body>, Infallible> {
        let (parts, body) = request.into_parts();
        let head = parts.method == Method::HEAD;
        let (method, path) = (parts.method.clone(), parts.uri.path().to_owned());
        let arrival = Arrival { parts, body, peer, request_id: crate::random::name() };
        let response = match refusal(&arrival.parts) {
            Some(refused) => refused,
            None => match &self.doors {
                Doors::Here(here) if edge::serves(&method, &path) => self.answer_here(here, &arrival).await,
                Doors::Here(_) => api::answer(&self, arrival).await,
                Doors::Cloud(cloud) => cloud.answer(&self, arrival).await,
            },
        };
        tracing::debug!(%method, path, status = response.status().as_u16(), "answered");
        Ok(if head { answer::without_body(response) } else { response })
    }

    async fn answer_here(&self, here: &Here, arrival: &Arrival) -> Response<Body> {
        match device::decide(self, arrival).await {
            Ok(forward) => device::ask(self, arrival, &here.source(forward.origin), forward).await,
            Err(refused) => refused,
        }
    }
}

/// What no door lets in, whatever it is for.
fn refusal(parts: &http::request::Parts) -> Option<Response<Body>> {
    let bad = || Some(answer::bare(StatusCode::BAD_REQUEST, "Bad Request"));
    let head: usize = parts.headers.iter().map(|(name, value)| name.as_str().len() + value.len()).sum();
    let line = parts.uri.path_and_query().map_or(0, |line| line.as_str().len());
    if head + line > MAX_HEAD_BYTES {
        return Some(answer::bare(
            StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE,
            "Request Header Fields Too Large",
        ));
    }
    if !parts.uri.path().starts_with('/') {
        return bad();
    }
    let mut hosts = parts.headers.get_all(header::HOST).iter();
    match (hosts.next(), hosts.next()) {
        (Some(host), None) if is_host(host.as_bytes()) => None,
        _ => bad(),
    }
}

/// Whether it could name this server: a name or address and perhaps a port, and nothing that a URL reads otherwise.
fn is_host(host: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(host) else { return false };
    let plain = text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".-:[]_".contains(&byte));
    plain && text.parse::<http::uri::Authority>().is_ok_and(|authority| !authority.host().is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_that_is_none_is_not_let_in() {
        for good in ["127.0.0.1:8080", "localhost", "[::1]:80", "ota.example.com"] {
            assert!(is_host(good.as_bytes()), "{good}");
        }
        for bad in ["", "a b", "user@host", "a/b", "a?b", "a#b", "a\\b", "%zz", "ü", ":80"] {
            assert!(!is_host(bad.as_bytes()), "{bad}");
        }
    }
}
