//! A wire between the service and its database that counts calls, and breaks those it is told to.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpClient,
    SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_runtime_api::http::StatusCode;
use aws_smithy_types::body::SdkBody;
use tokio::sync::Notify;

use crate::sent::Sent;

/// What happens to one call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// The request never arrives.
    Lost,
    /// The request is carried out; its reply never arrives.
    ReplyLost,
    /// The database says that it is throttled; nothing is carried out.
    Throttled,
    /// The database cancels the transaction because of another one on the same items; nothing is carried out.
    Conflict,
    /// The database fails inside; nothing is carried out.
    ServerError,
    /// The request is carried out; the reply says that a transaction with its token is still in progress.
    InProgress,
    /// The request waits for [`Wire::release`]; [`Wire::held`] tells when it has come.
    Held,
}

/// A rule: the next `times` calls of `operation`, after `skip` of them, meet `fault`.
#[derive(Debug, Clone)]
struct Rule {
    operation: Option<&'static str>,
    skip: usize,
    times: usize,
    fault: Fault,
    first_attempts: bool,
}

/// Where a held request waits.
#[derive(Debug, Default)]
struct Gate {
    come: Notify,
    open: Notify,
}

#[derive(Debug, Default)]
struct State {
    calls: Vec<String>,
    sent: Option<Vec<Sent>>,
    rules: VecDeque<Rule>,
}

/// The wire; clones share its state.
#[derive(Debug, Clone)]
pub struct Wire {
    inner: SharedHttpClient,
    state: Arc<Mutex<State>>,
    gate: Arc<Gate>,
}

impl Default for Wire {
    fn default() -> Self {
        Self {
            inner: aws_smithy_http_client::Builder::new().build_http(),
            state: Arc::default(),
            gate: Arc::default(),
        }
    }
}

impl Wire {
    /// The client to put under an SDK client.
    pub fn client(&self) -> SharedHttpClient {
        SharedHttpClient::new(self.clone())
    }

    /// The operations called so far (attempts, retries included), oldest first, and forgets them.
    pub fn take_calls(&self) -> Vec<String> {
        std::mem::take(&mut self.state.lock().unwrap().calls)
    }

    /// Keeps, from now on, what each request asks for.
    pub fn keep(&self) {
        self.state.lock().unwrap().sent.get_or_insert_default();
    }

    /// What was asked for since [`Self::keep`] or the last call of this, oldest first.
    pub fn take_sent(&self) -> Vec<Sent> {
        self.state.lock().unwrap().sent.as_mut().map(std::mem::take).unwrap_or_default()
    }

    /// Breaks `times` calls of `operation` (any, for none), after letting `skip` of them pass.
    pub fn inject(&self, operation: Option<&'static str>, skip: usize, times: usize, fault: Fault) {
        self.state.lock().unwrap().rules.push_back(Rule {
            operation,
            skip,
            times,
            fault,
            first_attempts: false,
        });
    }

    /// Breaks the first attempts of the next `times` calls of `operation`, and lets the SDK's retries of them pass.
    pub fn inject_first_attempts(&self, operation: &'static str, times: usize, fault: Fault) {
        let rule = Rule { operation: Some(operation), skip: 0, times, fault, first_attempts: true };
        self.state.lock().unwrap().rules.push_back(rule);
    }

    /// Waits until a request is held.
    pub async fn held(&self) {
        self.gate.come.notified().await;
    }

    /// Lets the held request go on.
    pub fn release(&self) {
        self.gate.open.notify_one();
    }

    /// Forgets every fault not met yet; answers how many there were.
    pub fn clear(&self) -> usize {
        let mut state = self.state.lock().unwrap();
        let left = state.rules.iter().map(|rule| rule.times).sum();
        state.rules.clear();
        left
    }

    fn meet(&self, operation: &str, first_attempt: bool) -> Option<Fault> {
        let mut state = self.state.lock().unwrap();
        state.calls.push(operation.to_owned());
        let mut met = None;
        for rule in &mut state.rules {
            let other_attempt = rule.first_attempts && !first_attempt;
            if met.is_some()
                || rule.times == 0
                || other_attempt
                || rule.operation.is_some_and(|wanted| wanted != operation)
            {
                continue;
            }
            if rule.skip > 0 {
                rule.skip -= 1;
            } else {
                rule.times -= 1;
                met = Some(rule.fault);
            }
        }
        state.rules.retain(|rule| rule.times > 0);
        met
    }
}

impl HttpClient for Wire {
    fn http_connector(
        &self,
        settings: &HttpConnectorSettings,
        components: &RuntimeComponents,
    ) -> SharedHttpConnector {
        let inner = self.inner.http_connector(settings, components);
        SharedHttpConnector::new(Connector { inner, wire: self.clone() })
    }
}

#[derive(Debug)]
struct Connector {
    inner: SharedHttpConnector,
    wire: Wire,
}

impl Connector {
    /// Lets a request through, and keeps what it asks for if that is wanted.
    fn pass(&self, request: HttpRequest) -> HttpConnectorFuture {
        let state = Arc::clone(&self.wire.state);
        let kept = state.lock().unwrap().sent.is_some().then(|| Sent::read(&request));
        let reply = self.inner.call(request);
        let Some(mut sent) = kept else { return reply };
        HttpConnectorFuture::new(async move {
            let reply = reply.await;
            if reply.as_ref().is_ok_and(|reply| reply.status().as_u16() == 404) {
                sent.found_nothing();
            }
            if let Some(all) = &mut state.lock().unwrap().sent {
                all.push(sent);
            }
            reply
        })
    }
}

impl HttpConnector for Connector {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let attempt = request.headers().get("amz-sdk-request").unwrap_or_default();
        let first_attempt = attempt.split(';').any(|part| part.trim() == "attempt=1");
        let fault = self.wire.meet(&operation(&request), first_attempt);
        match fault {
            None => self.pass(request),
            Some(Fault::Lost) => HttpConnectorFuture::ready(Err(lost())),
            Some(Fault::ReplyLost) => {
                let reply = self.pass(request);
                HttpConnectorFuture::new(async move {
                    let _ = reply.await;
                    Err(lost())
                })
            }
            Some(Fault::Held) => {
                let (inner, gate) = (self.inner.clone(), Arc::clone(&self.wire.gate));
                HttpConnectorFuture::new(async move {
                    gate.come.notify_one();
                    gate.open.notified().await;
                    inner.call(request).await
                })
            }
            Some(Fault::InProgress) => {
                let reply = self.pass(request);
                HttpConnectorFuture::new(async move {
                    let _ = reply.await;
                    Ok(refusal(
                        400,
                        r#"{"__type":"com.amazonaws.dynamodb.v20120810#TransactionInProgressException","Message":"wait"}"#,
                    ))
                })
            }
            Some(Fault::Throttled) => HttpConnectorFuture::ready(Ok(refusal(
                400,
                r#"{"__type":"com.amazonaws.dynamodb.v20120810#ThrottlingException","message":"slow down"}"#,
            ))),
            Some(Fault::Conflict) => HttpConnectorFuture::ready(Ok(refusal(
                400,
                r#"{"__type":"com.amazonaws.dynamodb.v20120810#TransactionCanceledException","message":"conflict",
                   "CancellationReasons":[{"Code":"None"},{"Code":"TransactionConflict"}]}"#,
            ))),
            Some(Fault::ServerError) => HttpConnectorFuture::ready(Ok(refusal(
                500,
                r#"{"__type":"com.amazonaws.dynamodb.v20120810#InternalServerError","message":"broken"}"#,
            ))),
        }
    }
}

/// `PutItem` and the like for DynamoDB; method and path for S3.
fn operation(request: &HttpRequest) -> String {
    if let Some(target) = request.headers().get("x-amz-target") {
        return target.rsplit('.').next().unwrap_or_default().to_owned();
    }
    let path = request.uri().split("://").nth(1).and_then(|rest| rest.split_once('/')).map_or("", |p| p.1);
    format!("{} {}", request.method(), path.split('?').next().unwrap_or_default())
}

fn lost() -> ConnectorError {
    ConnectorError::io("the wire is broken".into())
}

fn refusal(status: u16, body: &'static str) -> HttpResponse {
    let mut response = HttpResponse::new(StatusCode::try_from(status).unwrap(), SdkBody::from(body));
    response.headers_mut().insert("content-type", "application/x-amz-json-1.0");
    response
}
