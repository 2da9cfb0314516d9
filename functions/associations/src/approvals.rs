//! `/approvals`: what waits until somebody else says yes.

use std::str::FromStr;

use axum::extract::State;
use axum::response::Response;
use serde_json::{Value, json};
use shared::domain::{ApprovalId, Invalid};
use shared::http::approval_json::approval;
use shared::http::{
    App, DEFAULT_LIMIT, Limit, PageToken, Partner, Path, Problem, Query, Read, Release, Service, Write,
    no_content, ok,
};
use shared::usecases::approvals::{Listed, approve, get, list, reject};

/// `state`.
struct Wanted(String);

impl FromStr for Wanted {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        if ["pending", "approved", "rejected", "failed", "expired"].contains(&text) {
            return Ok(Self(text.to_owned()));
        }
        Err(Invalid::because("must be pending, approved, rejected, failed or expired"))
    }
}

pub(crate) async fn list_approvals(
    State(app): State<App>,
    caller: Partner<Read>,
    query: Query,
) -> Result<Response, Problem> {
    let state = query.parsed::<Wanted>("state")?;
    let limit = query.parsed::<Limit>("limit")?.map_or(DEFAULT_LIMIT, |limit| limit.0);
    let after = query.parsed::<PageToken<ApprovalId>>("pageToken")?.map(|token| token.0);
    let cx = caller.call.context(&app);
    let state = state.as_ref().map(|state| state.0.as_str());
    let Listed { approvals, next } = list(&cx, &caller.partner, state, after.as_ref(), limit).await?;
    let mut body =
        json!({"approvals": approvals.iter().map(|each| approval(each, cx.now)).collect::<Value>()});
    if let Some(last) = next {
        body["pageToken"] = PageToken::<ApprovalId>::write(last.as_str()).into();
    }
    ok(&body)
}

pub(crate) async fn get_approval(
    State(app): State<App>,
    caller: Partner<Read>,
    Path((id,)): Path<(ApprovalId,)>,
) -> Result<Response, Problem> {
    let cx = caller.call.context(&app);
    ok(&approval(&get(&cx, &caller.partner, &id).await?, cx.now))
}

pub(crate) async fn approve_proposal(
    State(Service { app, blobs }): State<Service>,
    caller: Partner<Release>,
    Path((id,)): Path<(ApprovalId,)>,
) -> Result<Response, Problem> {
    Box::pin(approve(&caller.call.context(&app), &blobs, &caller.partner, &id)).await?;
    Ok(no_content())
}

/// Whoever proposed it may take it back with any key that could propose it.
pub(crate) async fn reject_proposal(
    State(app): State<App>,
    caller: Partner<Write>,
    Path((id,)): Path<(ApprovalId,)>,
) -> Result<Response, Problem> {
    reject(&caller.call.context(&app), &caller.partner, &id).await?;
    Ok(no_content())
}
