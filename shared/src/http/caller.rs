//! Who calls: the authorizer's verdict, read before anything is loaded.
//!
//! The verdict comes in the gateway's request context, never in a header. A missing one is a denial; a partner's
//! path with another partner's key, or an operator's, is 404 (`docs/ARCHITECTURE.md`, decision 8).

use std::collections::HashMap;
use std::marker::PhantomData;

use axum::extract::{FromRef, FromRequestParts, RawPathParams};
use http::request::Parts;
use lambda_http::request::RequestContext;
use serde_json::Value;

use super::app::App;
use super::code::Code;
use super::problem::Problem;
use super::router::request_id;
use crate::domain::{Actor, PartnerId, Right, Timestamp};
use crate::usecases::{Context, Standing};

/// What an operation needs of its caller.
pub trait Needs: Send + Sync {
    /// The right without which nothing is loaded.
    const RIGHT: Right;
}

macro_rules! needs {
    ($($(#[$meta:meta])* $name:ident;)*) => {
        $($(#[$meta])* #[derive(Debug)] pub struct $name;
        impl Needs for $name {
            const RIGHT: Right = Right::$name;
        })*
    };
}

needs! {
    /// The operation reads.
    Read;
    /// The operation changes something outside the release feed.
    Write;
    /// The operation changes what the release feed gives, or keys.
    Release;
    /// The operation is the operator's.
    Operator;
}

/// A request by someone whose key is good, whatever it may do.
#[derive(Debug, Clone)]
pub struct Call {
    /// Whose key it is.
    pub actor: Actor,
    /// The request's id.
    pub request_id: String,
    /// When it came.
    pub now: Timestamp,
}

impl Call {
    /// What the use cases are given.
    pub fn context<'a>(&'a self, app: &'a App) -> Context<'a> {
        Context {
            store: &app.store,
            config: &app.config,
            secrets: &app.secrets,
            actor: &self.actor.key,
            right: self.actor.right,
            request_id: &self.request_id,
            now: self.now,
            standing: Standing { root: &self.actor.root, carrying: None },
        }
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Call
where
    App: FromRef<S>,
{
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let app = App::from_ref(state);
        let actor = actor(&parts.extensions)?;
        Ok(Self { actor, request_id: request_id(&parts.extensions), now: app.clock.now() })
    }
}

/// A request on a partner's own path by a key of that partner with the right `N`.
#[derive(Debug)]
pub struct Partner<N> {
    /// The partner in path and key.
    pub partner: PartnerId,
    /// The request.
    pub call: Call,
    needs: PhantomData<N>,
}

impl<S: Send + Sync, N: Needs> FromRequestParts<S> for Partner<N>
where
    App: FromRef<S>,
{
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let call = Call::from_request_parts(parts, state).await?;
        let params =
            RawPathParams::from_request_parts(parts, state).await.map_err(|_| Problem::not_found())?;
        let named = params.iter().find(|(name, _)| *name == "partnerId").map(|(_, value)| value);
        let partner = call.actor.partner.clone().filter(|own| Some(own.as_str()) == named);
        let partner = partner.ok_or_else(Problem::not_found)?;
        call.actor.require(N::RIGHT)?;
        Ok(Self { partner, call, needs: PhantomData })
    }
}

/// A request by an operator's key; any other key is 403.
#[derive(Debug)]
pub struct ByOperator(pub Call);

impl<S: Send + Sync> FromRequestParts<S> for ByOperator
where
    App: FromRef<S>,
{
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let call = Call::from_request_parts(parts, state).await?;
        call.actor.require(Operator::RIGHT)?;
        Ok(Self(call))
    }
}

/// What the authorizer puts into its context for a good key.
pub fn authorizer_context(actor: &Actor) -> HashMap<String, Value> {
    let mut context = HashMap::from([
        ("right".to_owned(), Value::from(actor.right.as_str())),
        ("keyId".to_owned(), Value::from(actor.key.clone())),
        ("bearer".to_owned(), Value::from(actor.bearer)),
    ]);
    if let Some(partner) = &actor.partner {
        context.insert("partner".to_owned(), Value::from(partner.as_str()));
    }
    if !actor.root.is_empty() {
        context.insert("root".to_owned(), Value::from(actor.root.clone()));
    }
    if let Some(expires) = actor.expires {
        context.insert("expires".to_owned(), Value::from(expires.millis()));
    }
    context
}

/// What the authorizer puts into its context instead, if the key is not good; it always allows the request.
pub fn denied_context(code: Code) -> HashMap<String, Value> {
    HashMap::from([("denied".to_owned(), Value::from(code.as_str()))])
}

fn actor(extensions: &http::Extensions) -> Result<Actor, Problem> {
    let Some(RequestContext::ApiGatewayV2(context)) = extensions.get::<RequestContext>() else {
        return Err(denied("key_missing"));
    };
    let fields = context.authorizer.as_ref().map(|authorizer| &authorizer.fields);
    let Some(fields) = fields.filter(|fields| !fields.is_empty()) else {
        return Err(denied("key_missing"));
    };
    if let Some(code) = fields.get("denied") {
        return Err(denied(code.as_str().unwrap_or_default()));
    }
    let text = |name: &str| fields.get(name).and_then(Value::as_str);
    let broken = || Problem::internal("the authorizer's context does not parse");
    let partner = text("partner").map(str::parse).transpose().map_err(|_| broken())?;
    let right: Right = text("right").and_then(|right| right.parse().ok()).ok_or_else(broken)?;
    if partner.is_some() == (right == Right::Operator) {
        return Err(broken());
    }
    // API Gateway hands numbers and booleans on as they are; some emulators as text.
    let loose = |name: &str| {
        fields.get(name).map(|value| value.as_str().map_or_else(|| value.to_string(), str::to_owned))
    };
    Ok(Actor {
        partner,
        right,
        key: text("keyId").ok_or_else(broken)?.to_owned(),
        bearer: loose("bearer").as_deref() == Some("true"),
        root: text("root").unwrap_or_default().to_owned(),
        expires: loose("expires").and_then(|millis| millis.parse().ok()).map(Timestamp::from_millis),
    })
}

/// The problem for a code that the authorizer put into its context.
pub fn denied(code: &str) -> Problem {
    let known = Code::ALL.iter().find(|known| known.as_str() == code);
    match known {
        Some(Code::DependencyUnavailable) => Problem::unavailable("the authorizer could not read the key"),
        Some(Code::KeyMalformed) => {
            Problem::new(Code::KeyMalformed, "the key is not one of this service, or was mistyped")
        }
        Some(Code::KeyExpired) => Problem::new(Code::KeyExpired, "the key has expired"),
        Some(Code::KeyRevoked) => Problem::new(Code::KeyRevoked, "the key is unknown or was revoked"),
        _ => Problem::new(Code::KeyMissing, "send a key: Authorization: Bearer <key>"),
    }
}
