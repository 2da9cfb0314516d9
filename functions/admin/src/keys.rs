//! `/v1/ota/partners/{partnerId}/keys` and the operator's view of them.

use axum::extract::State;
use axum::response::Response;
use serde_json::{Value, json};
use shared::domain::{Invalid, Label, PartnerId, Right, Timestamp};
use shared::http::{
    App, ByOperator, Call, Fields, JsonBody, Partner, Path, Problem, Release, created, no_content, ok, random,
};
use shared::store::api_keys::ApiKey;
use shared::usecases::keys::{self, NewKey};
use shared::usecases::partners;

/// Seconds of a day.
const DAY: i64 = 86_400;

/// A key's id in a path. Any short text; what is no id is found nowhere.
pub(crate) struct KeyId(String);

impl std::str::FromStr for KeyId {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        if text.len() > 64 {
            return Err(Invalid::because("is too long for the id of a key"));
        }
        Ok(Self(text.to_owned()))
    }
}

/// Every right that a key has, weakest first.
pub(crate) fn rights(strongest: Right) -> Vec<&'static str> {
    let all = [Right::Read, Right::Write, Right::Release, Right::Operator];
    all.into_iter().filter(|right| strongest.allows(*right)).map(Right::as_str).collect()
}

fn shown(key: &ApiKey) -> Value {
    let mut body = json!({
        "keyId": key.id,
        "rights": rights(key.right),
        "label": key.label.as_str(),
        "createdTimestamp": key.created.millis(),
    });
    let mut set = |name: &str, at: Option<Timestamp>| {
        if let Some(at) = at {
            body[name] = at.millis().into();
        }
    };
    set("expiresTimestamp", key.expires);
    set("revokedTimestamp", key.revoked);
    set("lastUsedTimestamp", key.last_used_day.map(|day| Timestamp::from_millis(0).plus_seconds(day * DAY)));
    body
}

fn new_key(mut fields: Fields) -> Result<NewKey, Problem> {
    let rights = fields.list::<Right>("rights", 3);
    let label = fields.required::<Label>("label");
    let expires = fields.optional::<Timestamp>("expiresTimestamp");
    let (label,) = fields.finish((label,))?;
    Ok(NewKey { rights, label, expires })
}

async fn create(app: &App, call: &Call, partner: &PartnerId, body: JsonBody) -> Result<Response, Problem> {
    let new = new_key(body.fields)?;
    let cx = call.context(app);
    let (key, text) = keys::create(&cx, partner, &call.actor, new, random::bytes()).await?;
    let mut answer = shown(&key);
    answer["key"] = text.reveal().into();
    created(&answer)
}

async fn list(app: &App, call: &Call, partner: &PartnerId) -> Result<Response, Problem> {
    let all = keys::list(&call.context(app), partner).await?;
    ok(&all.iter().map(shown).collect::<Vec<_>>())
}

pub(crate) async fn create_key(
    State(app): State<App>,
    caller: Partner<Release>,
    body: JsonBody,
) -> Result<Response, Problem> {
    create(&app, &caller.call, &caller.partner, body).await
}

pub(crate) async fn list_keys(State(app): State<App>, caller: Partner<Release>) -> Result<Response, Problem> {
    list(&app, &caller.call, &caller.partner).await
}

pub(crate) async fn delete_key(
    State(app): State<App>,
    caller: Partner<Release>,
    Path((id,)): Path<(KeyId,)>,
) -> Result<Response, Problem> {
    keys::revoke(&caller.call.context(&app), &caller.partner, &id.0).await?;
    Ok(no_content())
}

pub(crate) async fn create_partner_key(
    State(app): State<App>,
    ByOperator(call): ByOperator,
    Path((partner,)): Path<(PartnerId,)>,
    body: JsonBody,
) -> Result<Response, Problem> {
    partners::expect(&call.context(&app), &partner).await?;
    create(&app, &call, &partner, body).await
}

pub(crate) async fn list_partner_keys(
    State(app): State<App>,
    ByOperator(call): ByOperator,
    Path((partner,)): Path<(PartnerId,)>,
) -> Result<Response, Problem> {
    partners::expect(&call.context(&app), &partner).await?;
    list(&app, &call, &partner).await
}

pub(crate) async fn delete_partner_key(
    State(app): State<App>,
    ByOperator(call): ByOperator,
    Path((partner, id)): Path<(PartnerId, KeyId)>,
) -> Result<Response, Problem> {
    keys::revoke(&call.context(&app), &partner, &id.0).await?;
    Ok(no_content())
}
