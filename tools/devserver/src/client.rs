//! A small HTTP client, so that the server can use its own API as anyone would.

use anyhow::Context as _;
use bytes::Bytes;
use http::{HeaderMap, Method, Request, StatusCode, header};
use http_body_util::{BodyExt as _, Full};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::net::TcpStream;

/// A whole answer.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) body: Bytes,
}

impl Answer {
    /// The body as JSON; `null` if it is none.
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }

    /// This answer, if its status is one of `expected`.
    pub(crate) fn expect(self, expected: &[u16], what: &str) -> anyhow::Result<Self> {
        if expected.contains(&self.status.as_u16()) {
            return Ok(self);
        }
        anyhow::bail!("{what}: {} {}", self.status, String::from_utf8_lossy(&self.body))
    }
}

/// Sends one request over plain HTTP, on a connection of its own.
pub(crate) async fn send(
    method: Method,
    url: &str,
    headers: HeaderMap,
    body: impl Into<Bytes> + Send,
) -> anyhow::Result<Answer> {
    let uri: http::Uri = url.parse().with_context(|| format!("{url} is no URL"))?;
    let authority = uri.authority().with_context(|| format!("{url} names no host"))?.to_string();
    let path = uri.path_and_query().map_or("/", http::uri::PathAndQuery::as_str);
    let mut request = Request::builder().method(method).uri(path).body(Full::new(body.into()))?;
    *request.headers_mut() = headers;
    request.headers_mut().insert(header::HOST, authority.parse()?);
    let stream =
        TcpStream::connect(&authority).await.with_context(|| format!("{authority} does not answer"))?;
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
    let connection = tokio::spawn(connection);
    let answer = sender.send_request(request).await?;
    let status = answer.status();
    let body = answer.into_body().collect().await?.to_bytes();
    drop(sender);
    let _ = connection.await;
    Ok(Answer { status, body })
}

/// Sends one JSON request with a key; `null` sends no body.
pub(crate) async fn call(method: Method, url: &str, key: &str, body: &Value) -> anyhow::Result<Answer> {
    let mut headers = HeaderMap::new();
    headers.insert(header::AUTHORIZATION, format!("Bearer {key}").parse()?);
    let body = if body.is_null() {
        Vec::new()
    } else {
        headers.insert(header::CONTENT_TYPE, "application/json".parse()?);
        body.to_string().into_bytes()
    };
    send(method, url, headers, body).await
}
