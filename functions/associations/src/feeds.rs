//! `/feeds`: the partner's feeds, and which devices may read the restricted ones.

use axum::extract::State;
use axum::response::Response;
use serde_json::{Value, json};
use shared::domain::approval::Proposed;
use shared::domain::credential::CredentialFault;
use shared::domain::{DeviceCredential, FeedName, Invalid, Label};
use shared::http::approval_json::waits;
use shared::http::{
    App, JsonBody, OptionalBody, Partner, Path, Problem, Read, Release, Write, created, no_content, ok,
};
use shared::store::access::Grant;
use shared::usecases::approvals::{Outcome, asking, or_propose};
use shared::usecases::{access, feeds};

/// A short path segment taken as it is.
pub(crate) struct Raw(String);

impl std::str::FromStr for Raw {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        if text.len() > 64 {
            return Err(Invalid::because("is too long"));
        }
        Ok(Self(text.to_owned()))
    }
}

pub(crate) async fn list_feeds(State(app): State<App>, caller: Partner<Read>) -> Result<Response, Problem> {
    let cx = caller.call.context(&app);
    let names = feeds::list(&cx, &caller.partner).await?;
    let asking = asking(&cx, &caller.partner).await?;
    let each = |name: &FeedName| {
        let mut body = json!({"feed": name.as_str(), "standard": name.is_standard(), "restricted": name.is_restricted()});
        if asking.contains(name) {
            body["approvals"] = true.into();
        }
        body
    };
    ok(&names.iter().map(each).collect::<Vec<Value>>())
}

/// That it asks for no approvals any more must itself be approved.
pub(crate) async fn create_feed(
    State(app): State<App>,
    caller: Partner<Write>,
    Path((name,)): Path<(Raw,)>,
    OptionalBody { mut fields }: OptionalBody,
) -> Result<Response, Problem> {
    let name = feeds::parse_name(&name.0)?;
    let approvals = fields.optional::<bool>("approvals");
    let (approvals,) = fields.finish((Some(approvals),))?;
    let cx = caller.call.context(&app);
    let done = feeds::put(&cx, &caller.partner, &name, approvals).await;
    match or_propose(&cx, &caller.partner, done, || Proposed::EndApprovals).await? {
        Outcome::Done(()) => Ok(no_content()),
        Outcome::Waits(approval) => waits(&caller.partner, &approval, cx.now),
    }
}

pub(crate) async fn delete_feed(
    State(app): State<App>,
    caller: Partner<Write>,
    Path((name,)): Path<(FeedName,)>,
) -> Result<Response, Problem> {
    feeds::delete(&caller.call.context(&app), &caller.partner, &name).await?;
    Ok(no_content())
}

fn shown(grant: &Grant) -> Value {
    let mut body = json!({"id": grant.id, "createdTimestamp": grant.created.millis()});
    if let Some(label) = &grant.label {
        body["label"] = label.as_str().into();
    }
    body
}

/// The hash stands in the body alone, and in no answer.
pub(crate) async fn create_grant(
    State(app): State<App>,
    caller: Partner<Release>,
    Path((feed,)): Path<(FeedName,)>,
    JsonBody { mut fields, .. }: JsonBody,
) -> Result<Response, Problem> {
    let label = fields.optional::<Label>("label");
    let credential = fields.required::<String>("hexSha1").and_then(|text| {
        DeviceCredential::parse(&text).map_err(|fault| fields.fault("hexSha1", reason(&fault))).ok()
    });
    let (credential,) = fields.finish((credential,))?;
    let cx = caller.call.context(&app);
    created(&shown(&access::grant(&cx, &caller.partner, &feed, &credential, label).await?))
}

fn reason(fault: &CredentialFault) -> String {
    match fault {
        CredentialFault::RealNumber => {
            "must be the SHA-1 of the IMEI or NDUID, never the number itself".to_owned()
        }
        CredentialFault::Shape(why) => why.to_string(),
    }
}

pub(crate) async fn list_grants(
    State(app): State<App>,
    caller: Partner<Read>,
    Path((feed,)): Path<(FeedName,)>,
) -> Result<Response, Problem> {
    let all = access::list(&caller.call.context(&app), &caller.partner, &feed).await?;
    ok(&all.iter().map(shown).collect::<Vec<_>>())
}

pub(crate) async fn delete_grant(
    State(app): State<App>,
    caller: Partner<Release>,
    Path((feed, id)): Path<(FeedName, Raw)>,
) -> Result<Response, Problem> {
    access::revoke(&caller.call.context(&app), &caller.partner, &feed, &id.0).await?;
    Ok(no_content())
}
