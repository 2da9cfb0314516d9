//! Requests of devices that say who they are: no authorizer stands before them, and none is believed.

use std::str::FromStr;

use axum::extract::{FromRef, FromRequestParts};
use http::header;
use http::request::Parts;

use super::app::App;
use super::form::Form;
use super::problem::Problem;
use super::router::request_id;
use crate::domain::{Invalid, Right, Timestamp, TypeNumber};
use crate::metrics::Metrics;
use crate::usecases::{Context, Standing};

/// Who acts, where a device does: what it changes is recorded in its own history.
const ACTOR: &str = "device";

/// A request by a device.
#[derive(Debug, Clone)]
pub struct DeviceCall {
    /// What it sent as a bearer token; empty if that was something else, none if it sent nothing.
    pub token: Option<String>,
    /// The form that it wants its answer in.
    pub form: Form,
    /// The request's id.
    pub request_id: String,
    /// When it came.
    pub now: Timestamp,
}

impl DeviceCall {
    /// What the use cases are given.
    pub fn context<'a>(&'a self, app: &'a App) -> Context<'a> {
        Context {
            store: &app.store,
            config: &app.config,
            secrets: &app.secrets,
            actor: ACTOR,
            right: Right::Read,
            request_id: &self.request_id,
            now: self.now,
            standing: Standing::default(),
        }
    }
}

impl<S: Send + Sync> FromRequestParts<S> for DeviceCall
where
    App: FromRef<S>,
{
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let sent = parts.headers.get(header::AUTHORIZATION).map(|value| value.to_str().unwrap_or_default());
        let token = sent.map(|text| match text.split_once(' ') {
            Some((scheme, token)) if scheme.eq_ignore_ascii_case("bearer") => token.trim().to_owned(),
            _ => String::new(),
        });
        let now = App::from_ref(state).clock.now();
        let form = Form::wanted(&parts.headers);
        Ok(Self { token, form, request_id: request_id(&parts.extensions), now })
    }
}

impl FromRef<(Self, Metrics)> for App {
    fn from_ref((app, _): &(Self, Metrics)) -> Self {
        app.clone()
    }
}

/// The id of a version attribute, 2001 to 2200, as the type that it stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Attribute(pub TypeNumber);

impl FromStr for Attribute {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        let why = Invalid::because("must be a version attribute id, 2001 to 2200");
        let digits = text.len() == 4 && text.bytes().all(|byte| byte.is_ascii_digit());
        let id = digits.then(|| text.parse().ok()).flatten().ok_or(why)?;
        TypeNumber::from_version_attribute_id(id).map(Self)
    }
}
