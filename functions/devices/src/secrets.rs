//! `/deviceTokens` and `/deviceSecret`: asked for with POST, so that no cache and no history of addresses keeps an answer.

use axum::extract::State;
use axum::response::Response;
use serde_json::{Value, json};
use shared::domain::{DeviceId, DeviceTypeId};
use shared::http::{App, JsonBody, Partner, Path, Problem, Release, Write, ok};
use shared::usecases::devices::{Secret, rotate, secret, token};

/// The same for the same device until the secret is changed.
pub(crate) async fn create_token(
    State(app): State<App>,
    caller: Partner<Write>,
    Path((device_type,)): Path<(DeviceTypeId,)>,
    JsonBody { mut fields, .. }: JsonBody,
) -> Result<Response, Problem> {
    let id = fields.required::<DeviceId>("deviceId");
    let (id,) = fields.finish((id,))?;
    let made = token(&caller.call.context(&app), &caller.partner, &device_type, &id).await?;
    ok(&json!({"token": made.reveal()}))
}

pub(crate) async fn get_secret(
    State(app): State<App>,
    caller: Partner<Release>,
    Path((device_type,)): Path<(DeviceTypeId,)>,
) -> Result<Response, Problem> {
    ok(&shown(&secret(&caller.call.context(&app), &caller.partner, &device_type).await?))
}

/// Not repeatable: an answer that was lost is asked for with [`get_secret`].
pub(crate) async fn rotate_secret(
    State(app): State<App>,
    caller: Partner<Release>,
    Path((device_type,)): Path<(DeviceTypeId,)>,
) -> Result<Response, Problem> {
    ok(&shown(&rotate(&caller.call.context(&app), &caller.partner, &device_type).await?))
}

fn shown(this: &Secret) -> Value {
    json!({"epoch": this.epoch, "secret": this.secret.reveal()})
}
