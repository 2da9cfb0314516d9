//! `/devices`: what is known of devices, what their partner decides on them, and forgetting them.

use axum::extract::State;
use axum::response::Response;
use serde_json::{Value, json};
use shared::domain::device::Flag;
use shared::domain::number::ReportedVersion;
use shared::domain::{DeviceId, DeviceTypeId, Invalid, TypeNumber};
use shared::http::device_json::{device, device_in_full, edit};
use shared::http::{
    App, DEFAULT_LIMIT, JsonBody, Limit, PageToken, Partner, Path, Problem, Query, Read, Write, no_content,
    ok,
};
use shared::store::device_lists::Which;
use shared::usecases::devices::{Listed, forget, get, list, update};

type DevicePath = Path<(DeviceTypeId, DeviceId)>;

/// One of `prefix`, `type` with `versionNumber`, and `flag`; all devices if there is none of them.
fn which(query: &Query) -> Result<Which, Problem> {
    let prefix = query.parsed::<DeviceId>("prefix")?;
    let kind = query.parsed::<TypeNumber>("type")?;
    let version = query.parsed::<ReportedVersion>("versionNumber")?;
    let flag = query.one("flag")?;
    let refused = |name: &str, why: &'static str| Err(Problem::parameter(name, &Invalid::because(why)));
    match (prefix, kind, version, flag) {
        (None, None, None, None) => Ok(Which::BeginningWith(String::new())),
        (Some(prefix), None, None, None) => Ok(Which::BeginningWith(prefix.into())),
        (None, Some(kind), Some(version), None) => Ok(Which::Running(kind, version.get())),
        (None, None, None, Some(word)) => {
            let flag = Flag::ALL.into_iter().find(|flag| flag.as_str() == word);
            flag.map_or_else(
                || refused("flag", "must be withheld, blocked or silent"),
                |flag| Ok(Which::Flagged(flag)),
            )
        }
        (None, Some(_), None, None) => refused("versionNumber", "is needed beside type"),
        (None, None, Some(_), None) => refused("type", "is needed beside versionNumber"),
        (Some(_), ..) => refused("prefix", "goes with neither type nor flag"),
        (None, _, _, Some(_)) => refused("flag", "does not go with type and versionNumber"),
    }
}

pub(crate) async fn list_devices(
    State(app): State<App>,
    caller: Partner<Read>,
    Path((device_type,)): Path<(DeviceTypeId,)>,
    query: Query,
) -> Result<Response, Problem> {
    let which = which(&query)?;
    let limit = query.parsed::<Limit>("limit")?.map_or(DEFAULT_LIMIT, |limit| limit.0);
    let after = query.parsed::<PageToken<DeviceId>>("pageToken")?.map(|token| token.0);
    let cx = caller.call.context(&app);
    let found = list(&cx, &caller.partner, &device_type, &which, after.as_ref(), limit).await?;
    let Listed { devices, next } = &found;
    let mut body = json!({"devices": devices.iter().map(device).collect::<Vec<Value>>()});
    if let Some(last) = next {
        body["pageToken"] = PageToken::<DeviceId>::write(last.as_str()).into();
    }
    ok(&body)
}

pub(crate) async fn get_device(
    State(app): State<App>,
    caller: Partner<Read>,
    Path((device_type, id)): DevicePath,
) -> Result<Response, Problem> {
    let cx = caller.call.context(&app);
    let (found, history) = get(&cx, &caller.partner, &device_type, &id).await?;
    ok(&device_in_full(&found, &history, cx.now))
}

/// Only members that are there change anything.
pub(crate) async fn update_device(
    State(app): State<App>,
    caller: Partner<Write>,
    Path((device_type, id)): DevicePath,
    JsonBody { mut fields, .. }: JsonBody,
) -> Result<Response, Problem> {
    let wanted = edit(&mut fields);
    let (wanted,) = fields.finish((Some(wanted),))?;
    update(&caller.call.context(&app), &caller.partner, &device_type, &id, &wanted).await?;
    Ok(no_content())
}

pub(crate) async fn forget_device(
    State(app): State<App>,
    caller: Partner<Write>,
    Path((device_type, id)): DevicePath,
) -> Result<Response, Problem> {
    forget(&caller.call.context(&app), &caller.partner, &device_type, &id).await?;
    Ok(no_content())
}
