//! `/devices/{deviceId}/explain` and `/explain`: why a device is or is not offered each image.

use axum::extract::State;
use axum::response::Response;
use serde_json::Value;
use shared::domain::device::MOST_TYPES;
use shared::domain::number::ReportedVersion;
use shared::domain::{DeviceId, DeviceTypeId, FeedName};
use shared::http::device_json::explanation;
use shared::http::{App, Attribute, JsonBody, Moment, Partner, Path, Problem, Query, Read, ok};
use shared::usecases::explain::{Question, answer, of_device};

pub(crate) async fn explain_device(
    State(app): State<App>,
    caller: Partner<Read>,
    Path((device_type, id)): Path<(DeviceTypeId, DeviceId)>,
    query: Query,
) -> Result<Response, Problem> {
    let at = query.parsed::<Moment>("at")?.map(|moment| moment.0);
    let cx = caller.call.context(&app);
    ok(&explanation(&of_device(&cx, &caller.partner, &device_type, &id, at).await?))
}

/// A dry run, of a device that is known or one that could be.
pub(crate) async fn explain_device_type(
    State(app): State<App>,
    caller: Partner<Read>,
    Path((device_type,)): Path<(DeviceTypeId,)>,
    JsonBody { mut fields, .. }: JsonBody,
) -> Result<Response, Problem> {
    let device = fields.optional::<DeviceId>("deviceId");
    let feed = fields.optional::<FeedName>("feed");
    let at = fields.optional::<Value>("at").and_then(|value| {
        let moment = value.as_i64().map(|millis| millis.to_string()).unwrap_or_default().parse::<Moment>();
        moment.map_err(|why| fields.fault("at", why)).ok().map(|moment| moment.0)
    });
    let given = fields.has("attributes");
    let attributes =
        given.then(|| fields.object::<Attribute, ReportedVersion>("attributes", MOST_TYPES)).flatten();
    fields.finish((Some(()),))?;
    let reported =
        attributes.map(|all| all.into_iter().filter_map(|(kind, it)| Some((kind.0, it?))).collect());
    let cx = caller.call.context(&app);
    let question = Question { device, feed, reported, at };
    ok(&explanation(&answer(&cx, &caller.partner, &device_type, &question).await?))
}
