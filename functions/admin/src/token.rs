//! `/oauth/token`: exchanges key id and key for a bearer of 4 hours.
//!
//! Takes `client_credentials` (in the form, or as HTTP Basic) and, for scripts of the published API, `password`
//! with the key id as user name. It has no authorizer's verdict to go by and reads the key itself.

use std::collections::HashMap;

use axum::extract::{Request, State};
use axum::response::Response;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::{HeaderMap, header};
use serde_json::json;
use shared::domain::Right;
use shared::http::body::{MAX_JSON, read_body};
use shared::http::router::request_id;
use shared::http::{App, Code, Problem, ok, random};
use shared::usecases::{Context, Error, Standing, keys};

/// What is asked of a client that is not known here (RFC 6749, section 5.2): no bearer gets a bearer.
const CHALLENGE: &str = "Basic realm=\"ota\"";

pub(crate) async fn create_token(State(app): State<App>, request: Request) -> Result<Response, Problem> {
    let headers = request.headers().clone();
    let request_id = request_id(request.extensions());
    let form = form(request).await?;
    let (id, text) = credentials(&headers, &form)?;
    let cx = Context {
        store: &app.store,
        config: &app.config,
        secrets: &app.secrets,
        actor: &id,
        right: Right::Read,
        request_id: &request_id,
        now: app.clock.now(),
        standing: Standing::default(),
    };
    let (bearer, text) = keys::exchange(&cx, &id, &text, random::bytes()).await.map_err(refused)?;
    let lifetime = bearer.expires.map_or(0, |expires| (expires.millis() - cx.now.millis()) / 1000);
    ok(&json!({"access_token": text.reveal(), "token_type": "Bearer", "expires_in": lifetime}))
}

async fn form(request: Request) -> Result<HashMap<String, String>, Problem> {
    let kind = request.headers().get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    if !kind.unwrap_or_default().to_ascii_lowercase().starts_with("application/x-www-form-urlencoded") {
        return Err(oauth(Code::UnsupportedMediaType, "invalid_request", "the body must be form-encoded"));
    }
    let body = read_body(request, MAX_JSON).await?;
    let body = body.ok_or_else(|| oauth(Code::BodyTooLarge, "invalid_request", "the form is too large"))?;
    let mut form = HashMap::new();
    for (name, value) in form_urlencoded::parse(&body) {
        if form.insert(name.clone().into_owned(), value.into_owned()).is_some() {
            let detail = format!("{name} is given more than once");
            return Err(oauth(Code::InvalidParameter, "invalid_request", detail));
        }
    }
    Ok(form)
}

/// Key id and key, as the grant type has them.
fn credentials(headers: &HeaderMap, form: &HashMap<String, String>) -> Result<(String, String), Problem> {
    let pair = |id: &str, secret: &str| Some((form.get(id)?.clone(), form.get(secret)?.clone()));
    let found = match form.get("grant_type").map(String::as_str) {
        Some("client_credentials") => basic(headers).or_else(|| pair("client_id", "client_secret")),
        Some("password") => pair("username", "password"),
        Some(_) => {
            let detail = "grant_type must be client_credentials or password";
            return Err(oauth(Code::InvalidParameter, "unsupported_grant_type", detail));
        }
        None => return Err(oauth(Code::InvalidParameter, "invalid_request", "grant_type is required")),
    };
    found.ok_or_else(|| oauth(Code::KeyMissing, "invalid_client", "send the key's id and the key"))
}

fn basic(headers: &HeaderMap) -> Option<(String, String)> {
    let header = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, encoded) = header.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let text = String::from_utf8(STANDARD.decode(encoded.trim()).ok()?).ok()?;
    let (id, secret) = text.split_once(':')?;
    Some((id.to_owned(), secret.to_owned()))
}

fn oauth(code: Code, error: &'static str, detail: impl Into<String>) -> Problem {
    let problem = Problem::new(code, detail);
    Problem { oauth_error: Some(error), challenge: problem.challenge.map(|_| CHALLENGE), ..problem }
}

fn refused(error: Error) -> Problem {
    let denied = matches!(error, Error::Denied(_));
    let problem = Problem::from(error);
    let challenge = problem.challenge.map(|_| CHALLENGE);
    Problem { oauth_error: denied.then_some("invalid_client"), challenge, ..problem }
}
