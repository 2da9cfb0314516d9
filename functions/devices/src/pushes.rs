//! Operation 17: one device is told to install one image.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use shared::domain::approval::Proposed;
use shared::domain::{DeviceId, DeviceTypeId, ImageId, Timestamp};
use shared::http::approval_json::waits;
use shared::http::device_json::pushed;
use shared::http::{App, JsonBody, Partner, Path, Problem, Release, ok};
use shared::usecases::approvals::{Outcome, or_propose};
use shared::usecases::pushes::push;

/// The next check of the device offers it, whatever its rollout says.
pub(crate) async fn push_firmware_image(
    State(app): State<App>,
    caller: Partner<Release>,
    Path((device_type, id)): Path<(DeviceTypeId, ImageId)>,
    JsonBody { mut fields, .. }: JsonBody,
) -> Result<Response, Problem> {
    let device = fields.required::<DeviceId>("value");
    let until = fields.optional::<Timestamp>("expiresTimestamp");
    let (device,) = fields.finish((device,))?;
    let cx = caller.call.context(&app);
    let told = push(&cx, &caller.partner, &device_type, id, &device, until).await;
    let change = || Proposed::Push { device_type, image: id, device, until };
    let told = match or_propose(&cx, &caller.partner, told, change).await? {
        Outcome::Done(told) => told,
        Outcome::Waits(approval) => return waits(&caller.partner, &approval, cx.now),
    };
    let mine = told.pushes.get(&id.r#type);
    let mut answer = ok(&mine.map(|push| pushed(&told, push, cx.now)).unwrap_or_default())?.into_response();
    *answer.status_mut() = StatusCode::ACCEPTED;
    Ok(answer)
}
