//! `…/versionNumbers/{versionNumber}/rollout`: how far an image has come in a feed, `release` if none is named.

use axum::extract::State;
use axum::response::Response;
use shared::domain::approval::Proposed;
use shared::domain::{DeviceTypeId, FeedName, ImageId, TypeNumber, VersionNumber};
use shared::http::approval_json::waits;
use shared::http::rollout_json::{rollout, wanted};
use shared::http::{App, JsonBody, Partner, Path, Problem, Query, Read, Release, Service, no_content, ok};
use shared::usecases::approvals::{Outcome, or_propose};
use shared::usecases::rollouts::{get, pause, resume, set, withdraw};

/// The three segments that name an image of a device type.
type ImagePath = Path<(DeviceTypeId, TypeNumber, VersionNumber)>;

fn feed(query: &Query) -> Result<FeedName, Problem> {
    Ok(query.parsed("feed")?.unwrap_or_default())
}

pub(crate) async fn get_rollout(
    State(app): State<App>,
    caller: Partner<Read>,
    Path((device_type, r#type, number)): ImagePath,
    query: Query,
) -> Result<Response, Problem> {
    let cx = caller.call.context(&app);
    let id = ImageId { r#type, number };
    let found = get(&cx, &caller.partner, &device_type, &feed(&query)?, id).await?;
    ok(&rollout(&found, cx.now))
}

/// What is asked for replaces what was asked for of it; a member that is left out stays as it was.
pub(crate) async fn set_rollout(
    State(Service { app, blobs }): State<Service>,
    caller: Partner<Release>,
    Path((device_type, r#type, number)): ImagePath,
    query: Query,
    JsonBody { mut fields, .. }: JsonBody,
) -> Result<Response, Problem> {
    let feed = feed(&query)?;
    let wanted = wanted(&mut fields);
    let (wanted,) = fields.finish((Some(wanted),))?;
    let cx = caller.call.context(&app);
    let image = ImageId { r#type, number };
    let done = set(&cx, &blobs, &caller.partner, &device_type, &feed, image, wanted.clone()).await;
    let change = || Proposed::SetRollout { device_type, image, wanted };
    match or_propose(&cx, &caller.partner, done, change).await? {
        Outcome::Done(()) => Ok(no_content()),
        Outcome::Waits(approval) => waits(&caller.partner, &approval, cx.now),
    }
}

pub(crate) async fn pause_rollout(
    State(Service { app, blobs }): State<Service>,
    caller: Partner<Release>,
    Path((device_type, r#type, number)): ImagePath,
    query: Query,
) -> Result<Response, Problem> {
    let cx = caller.call.context(&app);
    let id = ImageId { r#type, number };
    pause(&cx, &blobs, &caller.partner, &device_type, &feed(&query)?, id).await?;
    Ok(no_content())
}

pub(crate) async fn resume_rollout(
    State(Service { app, blobs }): State<Service>,
    caller: Partner<Release>,
    Path((device_type, r#type, number)): ImagePath,
    query: Query,
) -> Result<Response, Problem> {
    let cx = caller.call.context(&app);
    let image = ImageId { r#type, number };
    let done = resume(&cx, &blobs, &caller.partner, &device_type, &feed(&query)?, image).await;
    match or_propose(&cx, &caller.partner, done, || Proposed::Resume { device_type, image }).await? {
        Outcome::Done(()) => Ok(no_content()),
        Outcome::Waits(approval) => waits(&caller.partner, &approval, cx.now),
    }
}

/// Final.
pub(crate) async fn withdraw_rollout(
    State(Service { app, blobs }): State<Service>,
    caller: Partner<Release>,
    Path((device_type, r#type, number)): ImagePath,
    query: Query,
) -> Result<Response, Problem> {
    let cx = caller.call.context(&app);
    let id = ImageId { r#type, number };
    withdraw(&cx, &blobs, &caller.partner, &device_type, &feed(&query)?, id).await?;
    Ok(no_content())
}
