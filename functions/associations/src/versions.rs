//! `/deviceTypes/{deviceTypeId}/versions`: what a device type gave at a moment.

use axum::extract::State;
use axum::response::Response;
use shared::domain::DeviceTypeId;
use shared::http::history_json::given;
use shared::http::{App, Moment, Partner, Path, Problem, Query, Read, ok};
use shared::usecases::versions::of_device_type;

pub(crate) async fn get_versions(
    State(app): State<App>,
    caller: Partner<Read>,
    Path((device_type,)): Path<(DeviceTypeId,)>,
    query: Query,
) -> Result<Response, Problem> {
    let cx = caller.call.context(&app);
    let at = query.parsed::<Moment>("at")?.map_or(cx.now, |moment| moment.0);
    ok(&given(&device_type, at, &of_device_type(&cx, &caller.partner, &device_type, at).await?))
}
