//! `…/versionNumbers/{versionNumber}/reach`: how many known devices would be offered an image.

use axum::extract::State;
use axum::response::Response;
use shared::domain::{DeviceTypeId, FeedName, ImageId, TypeNumber, VersionNumber};
use shared::http::history_json::reached;
use shared::http::{App, Partner, Path, Problem, Query, Read, ok};
use shared::usecases::reach::get;

/// Also of an image that is not in the feed: asked before it is released.
pub(crate) async fn get_reach(
    State(app): State<App>,
    caller: Partner<Read>,
    Path((device_type, r#type, number)): Path<(DeviceTypeId, TypeNumber, VersionNumber)>,
    query: Query,
) -> Result<Response, Problem> {
    let feed: FeedName = query.parsed("feed")?.unwrap_or_default();
    let (cx, id) = (caller.call.context(&app), ImageId { r#type, number });
    let found = get(&cx, &caller.partner, &device_type, &feed, id).await?;
    ok(&reached(&device_type, &feed, id, &found, cx.now))
}
