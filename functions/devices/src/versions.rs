//! `/devices/{deviceId}/versions`: what ran on a device at a moment.

use axum::extract::State;
use axum::response::Response;
use shared::domain::{DeviceId, DeviceTypeId};
use shared::http::device_json::ran;
use shared::http::{App, Moment, Partner, Path, Problem, Query, Read, ok};
use shared::usecases::versions::of_device;

pub(crate) async fn get_device_versions(
    State(app): State<App>,
    caller: Partner<Read>,
    Path((device_type, id)): Path<(DeviceTypeId, DeviceId)>,
    query: Query,
) -> Result<Response, Problem> {
    let cx = caller.call.context(&app);
    let at = query.parsed::<Moment>("at")?.map_or(cx.now, |moment| moment.0);
    ok(&ran(&id, at, of_device(&cx, &caller.partner, &device_type, &id, at).await?.as_ref()))
}
