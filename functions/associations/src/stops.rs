//! `/stop` and `/deviceTypes/{deviceTypeId}/stop`: the brakes. Pulling one needs less than letting it go.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use serde_json::{Value, json};
use shared::domain::DeviceTypeId;
use shared::domain::approval::Proposed;
use shared::http::approval_json::waits;
use shared::http::{App, Partner, Path, Problem, Read, Release, Write, no_content, ok};
use shared::usecases::approvals::{Outcome, or_propose};
use shared::usecases::stops::{Progress, of_partner, start, start_partner, stop, stop_partner};

/// How long one request goes on with a partner's device types, in milliseconds: less than the gateway waits.
const MOST_MILLIS: i64 = 15_000;

pub(crate) async fn stop_device_type(
    State(app): State<App>,
    caller: Partner<Write>,
    Path((id,)): Path<(DeviceTypeId,)>,
) -> Result<Response, Problem> {
    stop(&caller.call.context(&app), &caller.partner, &id).await?;
    Ok(no_content())
}

pub(crate) async fn start_device_type(
    State(app): State<App>,
    caller: Partner<Release>,
    Path((id,)): Path<(DeviceTypeId,)>,
) -> Result<Response, Problem> {
    let cx = caller.call.context(&app);
    let done = start(&cx, &caller.partner, &id).await;
    let change = || Proposed::Start { device_type: Some(id) };
    match or_propose(&cx, &caller.partner, done, change).await? {
        Outcome::Done(()) => Ok(no_content()),
        Outcome::Waits(approval) => waits(&caller.partner, &approval, cx.now),
    }
}

/// What one request does not reach, the next one does, or the reconciler.
pub(crate) async fn stop_everything(
    State(app): State<App>,
    caller: Partner<Write>,
) -> Result<Response, Problem> {
    let cx = caller.call.context(&app);
    let enough = || app.clock.now().millis() - cx.now.millis() > MOST_MILLIS;
    accepted(stop_partner(&cx, &caller.partner, &enough).await?)
}

pub(crate) async fn start_everything(
    State(app): State<App>,
    caller: Partner<Release>,
) -> Result<Response, Problem> {
    let cx = caller.call.context(&app);
    let enough = || app.clock.now().millis() - cx.now.millis() > MOST_MILLIS;
    let done = start_partner(&cx, &caller.partner, &enough).await;
    let change = || Proposed::Start { device_type: None };
    match or_propose(&cx, &caller.partner, done, change).await? {
        Outcome::Done(progress) => accepted(progress),
        Outcome::Waits(approval) => waits(&caller.partner, &approval, cx.now),
    }
}

/// Whether the partner is stopped, and how many of its device types that has reached.
pub(crate) async fn get_stop(State(app): State<App>, caller: Partner<Read>) -> Result<Response, Problem> {
    let (since, progress) = of_partner(&caller.call.context(&app), &caller.partner).await?;
    let mut body = shown(progress);
    if let Some(since) = since {
        body["stoppedTimestamp"] = since.millis().into();
    }
    ok(&body)
}

fn accepted(progress: Progress) -> Result<Response, Problem> {
    let mut answer = ok(&shown(progress))?;
    *answer.status_mut() = StatusCode::ACCEPTED;
    Ok(answer)
}

fn shown(Progress { device_types, stopped }: Progress) -> Value {
    json!({"deviceTypes": device_types, "stopped": stopped})
}
