//! One line to the service: a connection over which one request goes at a time, and which can be cut before the reply
//! is read.

use anyhow::{Context as _, bail};
use bytes::Bytes;
use http::{Method, Request, Response, header};
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::net::TcpStream;
use tokio::task::JoinHandle;

/// How often a request is sent again over a connection that had been closed meanwhile.
const TRIES: u32 = 3;

/// What to ask.
#[derive(Debug, Clone)]
pub(crate) struct Ask {
    pub(crate) method: Method,
    /// The path and query, as they are sent.
    pub(crate) path: String,
    /// What stands behind `Bearer`; nothing for nobody.
    pub(crate) bearer: Option<String>,
    /// The body; null sends none.
    pub(crate) body: Value,
}

/// A reply that has been read.
#[derive(Debug, Clone)]
pub(crate) struct Reply {
    /// The status.
    pub(crate) status: u16,
    /// The body.
    pub(crate) body: Bytes,
}

impl Reply {
    /// The body as JSON; null if it is none.
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }

    /// This reply, if it has one of these statuses; else an error that says what was done.
    pub(crate) fn expect(self, expected: &[u16], what: &str) -> anyhow::Result<Self> {
        if expected.contains(&self.status) {
            return Ok(self);
        }
        bail!("{what}: {} {}", self.status, String::from_utf8_lossy(&self.body))
    }
}

/// A connection that is made when it is needed.
#[derive(Debug)]
pub(crate) struct Line {
    authority: String,
    open: Option<Open>,
}

#[derive(Debug)]
struct Open {
    sender: SendRequest<Full<Bytes>>,
    connection: JoinHandle<()>,
}

impl Drop for Open {
    fn drop(&mut self) {
        self.connection.abort();
    }
}

impl Line {
    /// A line to `authority`, as `127.0.0.1:8080`.
    pub(crate) fn to(authority: &str) -> Self {
        Self { authority: authority.to_owned(), open: None }
    }

    /// Sends a request and reads the reply.
    pub(crate) async fn ask(&mut self, ask: &Ask) -> anyhow::Result<Reply> {
        Self::read(self.send(ask).await?).await
    }

    /// Sends a request and cuts the connection once the service has begun to reply, so that nobody learns what it said.
    pub(crate) async fn ask_in_vain(&mut self, ask: &Ask) -> anyhow::Result<()> {
        let response = self.send(ask).await;
        self.open = None;
        response.map(drop)
    }

    /// Sends bytes to where an answer about an upload says, with the headers that it names, over a line of their own.
    pub(crate) async fn put(upload: &Value, bytes: Vec<u8>) -> anyhow::Result<Reply> {
        let url: http::Uri = upload["url"].as_str().context("an upload without a URL")?.parse()?;
        let authority = url.authority().context("an upload to nowhere")?.as_str();
        let path = url.path_and_query().context("an upload to no path")?.as_str();
        let mut request = Request::put(path).header(header::HOST, authority);
        let headers = upload["headers"].as_object().into_iter().flatten();
        for (name, value) in headers.filter(|(name, _)| !name.eq_ignore_ascii_case("host")) {
            request = request.header(name, value.as_str().unwrap_or_default());
        }
        let mut line = Self::to(authority);
        let response =
            line.opened().await?.sender.send_request(request.body(Full::new(bytes.into()))?).await?;
        Self::read(response).await
    }

    async fn read(response: Response<Incoming>) -> anyhow::Result<Reply> {
        let status = response.status().as_u16();
        Ok(Reply { status, body: response.into_body().collect().await?.to_bytes() })
    }

    async fn send(&mut self, ask: &Ask) -> anyhow::Result<Response<Incoming>> {
        let mut tries = 1;
        loop {
            let request = self.request(ask)?;
            match self.opened().await?.sender.send_request(request).await {
                Ok(response) => return Ok(response),
                // The service closed it while nothing was asked; nothing was done then.
                Err(error) if error.is_canceled() && tries < TRIES => {
                    self.open = None;
                    tries += 1;
                }
                Err(error) => {
                    self.open = None;
                    return Err(error).with_context(|| format!("{} {} has no reply", ask.method, ask.path));
                }
            }
        }
    }

    async fn opened(&mut self) -> anyhow::Result<&mut Open> {
        let good = match &mut self.open {
            Some(open) => open.sender.ready().await.is_ok(),
            None => false,
        };
        if !good {
            let stream = TcpStream::connect(&self.authority).await;
            let stream = stream.with_context(|| format!("{} does not answer", self.authority))?;
            stream.set_nodelay(true)?;
            let (sender, connection) = handshake(TokioIo::new(stream)).await?;
            let connection = tokio::spawn(async move {
                // What goes wrong with it is said by the request that is under way.
                let _ = connection.await;
            });
            self.open = Some(Open { sender, connection });
        }
        self.open.as_mut().context("a line that was just opened")
    }

    fn request(&self, ask: &Ask) -> anyhow::Result<Request<Full<Bytes>>> {
        let mut request = Request::builder().method(ask.method.clone()).uri(&ask.path);
        request = request.header(header::HOST, &self.authority);
        if let Some(bearer) = &ask.bearer {
            request = request.header(header::AUTHORIZATION, format!("Bearer {bearer}"));
        }
        let body = if ask.body.is_null() {
            Bytes::new()
        } else {
            request = request.header(header::CONTENT_TYPE, "application/json");
            ask.body.to_string().into()
        };
        Ok(request.body(Full::new(body))?)
    }
}
