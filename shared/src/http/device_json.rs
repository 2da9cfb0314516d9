//! Devices on the wire: what is asked to become of one, and what is known of it.

use serde_json::{Value, json};

use super::body::Fields;
use crate::domain::decision::Reported;
use crate::domain::device::{Device, Pushed};
use crate::domain::explanation::Row;
use crate::domain::image::MAX_TAGS;
use crate::domain::number::ReportedVersion;
use crate::domain::progress::Progress;
use crate::domain::{DeviceId, ImageId, Tag, Timestamp, TypeNumber};
use crate::store::device_history::{Event, EventRow};
use crate::usecases::devices::Edit;
use crate::usecases::explain::Explanation;
use crate::usecases::versions::{Ran, Since};

/// The fields of a change to a device; one that is not there changes nothing. Faults are collected in `fields`.
pub fn edit(fields: &mut Fields) -> Edit {
    Edit {
        feed: fields.nullable("feed"),
        tags: fields.has("tags").then(|| fields.list::<Tag>("tags", MAX_TAGS).into_iter().collect()),
        blocked: fields.optional("blocked"),
        reset_withheld: fields.optional("resetWithheld").unwrap_or_default(),
    }
}

/// A device in a list.
pub fn device(this: &Device) -> Value {
    let mut body = json!({
        "deviceId": this.id.as_str(),
        "feed": this.feed.as_str(),
        "tags": this.tags.iter().map(Tag::as_str).collect::<Vec<_>>(),
        "blocked": this.blocked,
        "versions": versions(&this.reported),
        "lastSeenDay": Timestamp::from_millis(0).plus_seconds(this.seen_day.saturating_mul(86_400)).date(),
    });
    if let Some(feed) = &this.pinned {
        body["pinnedFeed"] = feed.as_str().into();
    }
    let busy = this
        .progress
        .values()
        .filter(|progress| progress.out.is_some())
        .filter_map(|progress| progress.said.last());
    if let Some(last) = busy.map(|said| said.at).min() {
        body["silentSinceTimestamp"] = last.millis().into();
    }
    let withheld: Vec<_> = this.withheld().map(image).collect();
    if !withheld.is_empty() {
        body["withheld"] = withheld.into();
    }
    body
}

/// A device with what it makes of its offers, and its history, as they are given at `now`.
pub fn device_in_full(this: &Device, history: &[EventRow], now: Timestamp) -> Value {
    let mut body = device(this);
    body["createdTimestamp"] = this.created.millis().into();
    body["updatedTimestamp"] = this.updated.millis().into();
    body["progress"] = this.progress.iter().filter(|(_, progress)| !progress.passed).map(progress).collect();
    if !this.pushes.is_empty() {
        body["pushes"] = this.pushes.values().map(|push| pushed(this, push, now)).collect();
    }
    body["history"] = history.iter().map(event).collect();
    body
}

/// What a device was told to install, and how far it is with that at `now`. A push whose time is over stays noted until the
/// device asks again; what the device has said of the image by then is still what it said last.
pub fn pushed(device: &Device, push: &Pushed, now: Timestamp) -> Value {
    let id = push.entry.id();
    let mut body = image(id);
    let progress = device.progress.get(&id).filter(|progress| progress.offers > 0);
    let said = progress.and_then(|progress| progress.said.last());
    let state = match (said, progress) {
        (Some(said), _) => said.state.as_str(),
        _ if push.until <= now => "expired",
        (None, Some(_)) => "offered",
        (None, None) => "pending",
    };
    body["deviceId"] = device.id.as_str().into();
    body["feed"] = push.feed.as_str().into();
    body["pushedTimestamp"] = push.at.millis().into();
    body["expiresTimestamp"] = push.until.millis().into();
    body["state"] = state.into();
    body
}

/// Why a device is or is not offered each image.
pub fn explanation(this: &Explanation) -> Value {
    let row = |row: &Row| {
        let mut body = image(row.id);
        body["feed"] = row.feed.as_str().into();
        body["included"] = row.why.is_included().into();
        body["code"] = row.why.code().into();
        body["reason"] = row.why.to_string().into();
        body
    };
    let mut body = json!({
        "feed": this.feed.as_str(),
        "atTimestamp": this.at.millis(),
        "known": this.known,
        "versions": versions(&this.reported),
        "images": this.rows.iter().map(row).collect::<Vec<_>>(),
    });
    if this.feed_gone {
        body["feedGone"] = true.into();
    }
    if this.too_many_reports {
        body["tooManyReports"] = true.into();
    }
    if !this.as_of_now.is_empty() {
        body["asOfNow"] = this.as_of_now.iter().map(|what| what.as_str()).collect();
    }
    body
}

/// What ran on a device at a moment.
pub fn ran(device: &DeviceId, at: Timestamp, this: Option<&Ran>) -> Value {
    let version = |(number, it): (&TypeNumber, &Since)| {
        let mut body = json!({
            "type": number.get(),
            "versionNumber": it.version.get().to_string(),
            "sinceTimestamp": it.since.millis(),
        });
        if it.or_earlier {
            body["orEarlier"] = true.into();
        }
        body
    };
    let mut body = json!({
        "deviceId": device.as_str(),
        "atTimestamp": at.millis(),
        "known": this.is_some(),
        "versions": this.iter().flat_map(|this| &this.versions).map(version).collect::<Value>(),
    });
    if let Some(this) = this {
        body["feed"] = this.feed.as_str().into();
        if let Some(heard) = this.heard {
            body["heardTimestamp"] = heard.millis().into();
        }
    }
    body
}

/// Versions by version attribute, as devices report them.
fn versions(reported: &Reported) -> Value {
    let version = |(number, version): (&TypeNumber, &ReportedVersion)| {
        (number.version_attribute_id().to_string(), version.get().to_string().into())
    };
    Value::Object(reported.iter().map(version).collect())
}

fn image(id: ImageId) -> Value {
    json!({"type": id.r#type.get(), "versionNumber": id.number.to_string()})
}

fn progress((id, this): (&ImageId, &Progress)) -> Value {
    let mut body = image(*id);
    body["offers"] = this.offers.into();
    body["attempt"] = this.attempt.into();
    let states = this.said.iter();
    body["states"] =
        states.map(|said| json!({"state": said.state.as_str(), "atTimestamp": said.at.millis()})).collect();
    if let Some(until) = this.held {
        body["heldUntilTimestamp"] = until.millis().into();
    }
    body
}

/// What the history writes as `3/7`; as it is, if it is nothing of that kind.
fn named(text: &str) -> Value {
    let split =
        text.split_once('/').and_then(|(number, version)| Some((number.parse::<u8>().ok()?, version)));
    split.map_or_else(|| text.into(), |(number, version)| json!({"type": number, "versionNumber": version}))
}

fn event(row: &EventRow) -> Value {
    let mut body = match &row.what {
        Event::Checked { feed, reported, offered, installed, given_up } => {
            let version = |(attribute, version): (&String, &ReportedVersion)| {
                (attribute.clone(), version.get().to_string().into())
            };
            let mut body = json!({
                "event": "checked",
                "feed": feed.as_str(),
                "versions": reported.iter().map(version).collect::<serde_json::Map<_, _>>(),
            });
            for (name, images) in [("offered", offered), ("installed", installed), ("givenUp", given_up)] {
                if !images.is_empty() {
                    body[name] = images.iter().map(String::as_str).map(named).collect();
                }
            }
            body
        }
        Event::Stated { feed, number, version_number, state, attempt, percent, code, message, held } => {
            let mut body = image(ImageId { r#type: *number, number: *version_number });
            body["event"] = "stated".into();
            body["feed"] = feed.as_str().into();
            body["state"] = state.as_str().into();
            body["attempt"] = (*attempt).into();
            if let Some(percent) = percent {
                body["progress"] = (*percent).into();
            }
            if let Some(until) = held {
                body["heldUntilTimestamp"] = until.millis().into();
            }
            for (name, text) in [("code", code), ("message", message)] {
                if let Some(text) = text {
                    body[name] = text.as_str().into();
                }
            }
            body
        }
    };
    body["atTimestamp"] = row.at.millis().into();
    body
}
