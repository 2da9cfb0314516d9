//! `/deviceTypes` and `/deviceTypes/{deviceTypeId}`.

use axum::extract::State;
use axum::response::Response;
use serde_json::{Value, json};
use shared::domain::poll::{PollSeconds, Polling};
use shared::domain::{Architecture, Description, DeviceType, DeviceTypeId, Name};
use shared::http::{App, Fields, JsonBody, Partner, Path, Problem, Read, Write, created, no_content, ok};
use shared::usecases::device_types::{self, Words};

fn shown(this: &DeviceType) -> Value {
    let mut body = json!({
        "deviceTypeId": this.id.as_str(),
        "name": this.name.as_str(),
        "partnerId": this.partner.as_str(),
        "architecture": this.architecture.as_str(),
        "createdTimestamp": this.created.millis(),
        "updatedTimestamp": this.updated.millis(),
    });
    if this.anonymous_reports {
        body["anonymousReports"] = true.into();
    }
    if let Some(since) = this.stopped {
        body["stoppedTimestamp"] = since.millis().into();
    }
    if let Some(since) = this.stopped_with_partner {
        body["partnerStoppedTimestamp"] = since.millis().into();
    }
    let Polling { seconds, rollout_seconds } = this.polling;
    for (name, seconds) in [("nextPollSeconds", seconds), ("rolloutPollSeconds", rollout_seconds)] {
        if let Some(seconds) = seconds {
            body[name] = seconds.get().into();
        }
    }
    if let Some(description) = &this.description {
        body["description"] = description.as_str().into();
    }
    body
}

fn words(fields: &mut Fields) -> Option<Words> {
    let name = fields.required::<Name>("name");
    let description = fields.optional::<Description>("description");
    let architecture = fields.optional::<Architecture>("architecture").unwrap_or_default();
    let anonymous_reports = fields.optional::<bool>("anonymousReports");
    let poll_seconds = fields.nullable::<PollSeconds>("nextPollSeconds");
    let rollout_poll_seconds = fields.nullable::<PollSeconds>("rolloutPollSeconds");
    name.map(|name| Words {
        name,
        description,
        architecture,
        anonymous_reports,
        poll_seconds,
        rollout_poll_seconds,
    })
}

pub(crate) async fn create_device_type(
    State(app): State<App>,
    caller: Partner<Write>,
    JsonBody { mut fields, .. }: JsonBody,
) -> Result<Response, Problem> {
    let id = fields.required::<DeviceTypeId>("deviceTypeId");
    let words = words(&mut fields);
    let (id, words) = fields.finish((id, words))?;
    created(&shown(&device_types::create(&caller.call.context(&app), &caller.partner, id, words).await?))
}

pub(crate) async fn list_device_types(
    State(app): State<App>,
    caller: Partner<Read>,
) -> Result<Response, Problem> {
    let all = device_types::list(&caller.call.context(&app), &caller.partner).await?;
    ok(&all.iter().map(shown).collect::<Vec<_>>())
}

pub(crate) async fn get_device_type(
    State(app): State<App>,
    caller: Partner<Read>,
    Path((id,)): Path<(DeviceTypeId,)>,
) -> Result<Response, Problem> {
    ok(&shown(&device_types::get(&caller.call.context(&app), &caller.partner, &id).await?))
}

pub(crate) async fn update_device_type(
    State(app): State<App>,
    caller: Partner<Write>,
    Path((id,)): Path<(DeviceTypeId,)>,
    JsonBody { mut fields, .. }: JsonBody,
) -> Result<Response, Problem> {
    let words = words(&mut fields);
    let (words,) = fields.finish((words,))?;
    device_types::update(&caller.call.context(&app), &caller.partner, &id, words).await?;
    Ok(no_content())
}

pub(crate) async fn delete_device_type(
    State(app): State<App>,
    caller: Partner<Write>,
    Path((id,)): Path<(DeviceTypeId,)>,
) -> Result<Response, Problem> {
    device_types::delete(&caller.call.context(&app), &caller.partner, &id).await?;
    Ok(no_content())
}
