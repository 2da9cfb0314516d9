//! The doors as the templates have them: which behaviour of the CDN a path has, which route of the API, and which
//! function is behind it. Nothing here lists a path.
//!
//! The CDN and the API's own address are one here, so what a behaviour leads to the API goes there directly; a partner
//! may do that too. Of the CDN's rules, caching is left out: a test puts a real cache in front.

use std::collections::BTreeMap;
use std::sync::Arc;

use anyhow::Context as _;
use axum::body::Body;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Response, StatusCode};
use serde_json::{Value, json};
use templates::{Api, Behaviour, Cdn, Target};

use super::api::{Authorizer, Routed};
use super::device::Source;
use super::event::Route;
use super::invoke::{Behind, Door};
use super::{Arrival, Front, answer, api, device};
use crate::lambda::{Function, Lambda};

/// The doors, with functions that run as Lambda runs them.
#[derive(Debug)]
pub(crate) struct Cloud {
    cdn: Cdn,
    api: Api,
    lambda: Arc<Lambda>,
}

impl Cloud {
    /// The doors of these templates; an error if they lead to a function that is not there.
    pub(crate) fn new(lambda: Arc<Lambda>) -> anyhow::Result<Self> {
        let only = |what: &str, count: usize| {
            anyhow::ensure!(count == 1, "the templates have {count} {what}, not one");
            Ok(())
        };
        let (mut cdns, mut apis) = (lambda.infra.cdns()?, lambda.infra.apis()?);
        only("distributions", cdns.len())?;
        only("HTTP APIs", apis.len())?;
        let (Some(cdn), Some(api)) = (cdns.pop(), apis.pop()) else { anyhow::bail!("there are no doors") };
        let this = Self { cdn, api, lambda };
        for behaviour in &this.cdn.behaviours {
            this.source(behaviour)?;
        }
        for route in &this.api.routes {
            this.lambda.function(&route.function)?;
        }
        for authorizer in &this.api.authorizers {
            let understood = authorizer.payload_version == "2.0" && authorizer.simple_responses;
            anyhow::ensure!(understood, "{} speaks a form that is not played here", authorizer.name);
            this.lambda.function(&authorizer.function)?;
        }
        Ok(this)
    }

    /// Answers one request at the door that its path has.
    pub(super) async fn answer(&self, front: &Front, arrival: Arrival) -> Response<Body> {
        let missing = || answer::bare(StatusCode::NOT_FOUND, "Not Found");
        let Some(behaviour) = self.cdn.behaviour(arrival.parts.uri.path()) else { return missing() };
        if matches!(behaviour.target, Target::Api(_)) {
            return api::answer(front, arrival).await;
        }
        if !behaviour.methods.iter().any(|method| method == arrival.parts.method.as_str()) {
            return answer::bare(StatusCode::FORBIDDEN, "Forbidden");
        }
        // What has no function at the edge is the console's bucket, and nothing is in that.
        let (Ok(source), true) = (self.source(behaviour), behaviour.viewer_request.is_some()) else {
            return missing();
        };
        let mut forward = match device::decide(front, &arrival).await {
            Ok(forward) => forward,
            Err(refused) => return refused,
        };
        forward.headers = forwarded(behaviour, forward.headers);
        // The behaviour alone says who is asked, whatever the edge had in mind.
        let mut response = device::ask(front, &arrival, &source, forward).await;
        decorate(behaviour, response.headers_mut());
        response
    }

    fn source(&self, behaviour: &Behaviour) -> anyhow::Result<Source> {
        match &behaviour.target {
            Target::Function(id) => Ok(Source::Function(Behind::Lambda(self.lambda.function(id)?))),
            Target::Bucket(_) | Target::Api(_) => Ok(Source::Bucket),
        }
    }

    /// What answers a request at the API; the path is decoded. An error if nothing does.
    pub(super) fn route(&self, method: &Method, path: &str) -> anyhow::Result<Routed> {
        let (route, variables) = self.api.route(method.as_str(), path).context("no route takes this")?;
        let authorizer = match &route.authorizer {
            Some(name) => {
                let authorizer =
                    self.api.authorizer(name).with_context(|| format!("no authorizer {name}"))?;
                Authorizer::Lambda(self.lambda.function(&authorizer.function)?)
            }
            None => Authorizer::None,
        };
        let variables = variables.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned()));
        Ok(Routed {
            route: Some(Route { key: route.key(), variables: variables.collect() }),
            function: Behind::Lambda(self.lambda.function(&route.function)?),
            authorizer,
        })
    }
}

/// What an authorizer said, as it stands in the context of the call that follows; or the gateway's own answer.
pub(super) async fn authorized(authorizer: &Function, event: String) -> Result<Value, Response<Body>> {
    let answered = authorizer.invoke(event).await.map_err(|fault| {
        tracing::error!(%fault, "the authorizer has no answer");
        Door::Api.failed()
    })?;
    let answer: BTreeMap<String, Value> =
        serde_json::from_slice(&answered).map_err(|_| Door::Api.failed())?;
    match answer.get("isAuthorized") {
        Some(Value::Bool(true)) => Ok(json!({"lambda": answer.get("context")})),
        Some(Value::Bool(false)) => Err(answer::bare(StatusCode::FORBIDDEN, "Forbidden")),
        _ => Err(Door::Api.failed()),
    }
}

/// The headers that a behaviour lets through to its origin: those that its policies name, and those by which a cache
/// asks for a part or for what has changed.
fn forwarded(behaviour: &Behaviour, headers: HeaderMap) -> HeaderMap {
    const ALWAYS: [&str; 8] = [
        "if-match",
        "if-modified-since",
        "if-none-match",
        "if-range",
        "if-unmodified-since",
        "range",
        "user-agent",
        "x-forwarded-for",
    ];
    let Some(named) = &behaviour.headers_forwarded else { return headers };
    let passes = |name: &HeaderName| {
        ALWAYS.contains(&name.as_str()) || named.iter().any(|each| each.eq_ignore_ascii_case(name.as_str()))
    };
    headers
        .iter()
        .filter(|(name, _)| passes(name))
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect()
}

/// Puts onto an answer what the behaviour's response headers policy says.
fn decorate(behaviour: &Behaviour, headers: &mut HeaderMap) {
    for header in &behaviour.headers {
        let (Ok(name), Ok(value)) = (header.name.parse::<HeaderName>(), HeaderValue::from_str(&header.value))
        else {
            continue;
        };
        if header.replaces || !headers.contains_key(&name) {
            headers.insert(name, value);
        }
    }
}
