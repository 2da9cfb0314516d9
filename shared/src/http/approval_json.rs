//! Proposals on the wire, and the answer to what must wait.

use axum::response::{IntoResponse as _, Response};
use http::{HeaderValue, StatusCode, header};
use serde_json::{Value, json};

use super::answer::json_answer;
use super::plan_json::{allow, bundle, hours, percent, requires, steps};
use super::problem::Problem;
use crate::domain::approval::{NewDescription, Proposed, Settled, State};
use crate::domain::plan::{Limit, Wanted};
use crate::domain::{Approval, DeviceId, DeviceTypeId, PartnerId, Tag, Timestamp};

/// A proposal as partners read it, at `now`.
pub fn approval(this: &Approval, now: Timestamp) -> Value {
    let mut body = json!({
        "id": this.id.as_str(),
        "state": this.word(now),
        "action": this.change.action(),
        "feed": this.feed.as_str(),
        "proposedBy": this.by.key,
        "createdTimestamp": this.created.millis(),
        "expiresTimestamp": this.expires.millis(),
    });
    let mut set = |name: &str, value: Value| body[name] = value;
    if let Some(device_type) = this.change.device_type().map(DeviceTypeId::as_str) {
        set("deviceTypeId", device_type.into());
    }
    if let Some(id) = this.change.image() {
        set("type", id.r#type.get().into());
        set("versionNumber", id.number.to_string().into());
    }
    for (name, digest) in ["sha256", "sha256Second"].into_iter().zip(&this.bytes) {
        set(name, digest.to_string().into());
    }
    if let Some(wanted) = this.change.wanted() {
        set("rollout", asked_for(wanted));
    }
    match &this.change {
        Proposed::Promote { from, .. } => set("from", from.as_str().into()),
        Proposed::Push { device, until, .. } => {
            set("deviceId", DeviceId::as_str(device).into());
            if let Some(until) = until {
                set("untilTimestamp", until.millis().into());
            }
        }
        Proposed::Describe { new, .. } => set("description", described(new)),
        Proposed::EndApprovals => set("approvals", false.into()),
        Proposed::Associate { .. }
        | Proposed::SetRollout { .. }
        | Proposed::Resume { .. }
        | Proposed::Start { .. } => {}
    }
    if let State::Approved(by) | State::Rejected(by) | State::Failed(by, _) = &this.state {
        let Settled { by, at } = by;
        set("settledBy", by.as_str().into());
        set("settledTimestamp", at.millis().into());
    }
    if let State::Failed(_, why) = &this.state {
        set("reason", why.as_str().into());
    }
    body
}

/// 202 with the proposal, and where it can be read.
pub fn waits(partner: &PartnerId, this: &Approval, now: Timestamp) -> Result<Response, Problem> {
    let mut answer = json_answer(StatusCode::ACCEPTED, &approval(this, now))?.into_response();
    let place = format!("/v1/ota/partners/{partner}/approvals/{}", this.id);
    let place = HeaderValue::from_str(&place).map_err(|error| Problem::internal(error.to_string()))?;
    answer.headers_mut().insert(header::LOCATION, place);
    Ok(answer)
}

fn described(this: &NewDescription) -> Value {
    let words = &this.words;
    let mut body = json!({"type": 4, "name": words.name.as_str(), "version": words.version.as_str()});
    if let Some(text) = &words.description {
        body["description"] = text.as_str().into();
    }
    if !words.tags.is_empty() {
        body["tags"] = words.tags.iter().map(Tag::as_str).collect();
    }
    if let Some(profile) = &this.profile {
        body["deviceProfileId"] = profile.as_str().into();
    }
    body
}

/// A rollout as it was asked for: what was not said is not there, and what was said to be none is `null`.
fn asked_for(this: &Wanted) -> Value {
    let mut body = json!({});
    let mut set = |name: &str, value: Value| body[name] = value;
    if let Some(share) = this.share {
        set("percent", percent(share));
    }
    if let Some(all) = &this.steps {
        set("steps", steps(all));
    }
    if let Some(start) = this.start {
        set("startTimestamp", start.map(Timestamp::millis).into());
    }
    if let Some(window) = &this.window {
        set("window", window.as_ref().map(|it| hours(it.from, it.to, &it.zone)).into());
    }
    if let Some(rate) = this.rate_per_hour {
        set("ratePerHour", rate.into());
    }
    if let Some(named) = &this.allow {
        set("allow", allow(named));
    }
    if let Some(limit) = this.auto_pause {
        let shown = |Limit { failure_percent, min_reports }| json!({"failurePercent": failure_percent, "minReports": min_reports});
        set("autoPause", limit.map(shown).into());
    }
    if let Some(all) = &this.requires {
        set("requires", requires(all));
    }
    if let Some(together) = &this.bundle {
        set("bundle", together.as_ref().map(bundle).into());
    }
    if let Some(floor) = this.floor {
        set("floor", floor.into());
    }
    body
}
