//! The past, and the reach of what is to come, on the wire.

use serde_json::{Map, Value, json};

use super::rollout_json::{association, plan};
use crate::domain::audited::Audited;
use crate::domain::reach::{Group, Reach};
use crate::domain::{DeviceId, DeviceTypeId, FeedName, ImageId, PartnerId, Timestamp};
use crate::store::associations::plan_from_kept;
use crate::store::audit::AuditRow;
use crate::usecases::reach::Reached;
use crate::usecases::replay::Past;

/// An item of the audit; what keys may is told only to those who may read keys.
pub fn audit_item(row: &AuditRow, keys: bool) -> Value {
    let mut body = json!({
        "atTimestamp": row.at.millis(),
        "action": row.action,
        "actor": actor(&row.actor),
        "requestId": row.request_id,
        "subject": row.subject,
    });
    let about = Audited::of(&row.action, &row.subject);
    let image = about.image.map(|image| image.number.to_string());
    for (name, text) in [
        ("deviceTypeId", about.device_type.as_ref().map(DeviceTypeId::as_str)),
        ("feed", about.feed.as_ref().map(FeedName::as_str)),
        ("versionNumber", image.as_deref()),
        ("deviceId", about.device.as_ref().map(DeviceId::as_str)),
        ("partnerId", about.partner.as_ref().map(PartnerId::as_str)),
    ] {
        if let Some(text) = text {
            body[name] = text.into();
        }
    }
    if let Some(number) = about.r#type {
        body["type"] = number.get().into();
    }
    if let Some(by) = &row.approval {
        body["approval"] = json!({"id": by.id, "proposedBy": by.proposed_by});
    }
    if row.action.starts_with("key.") && !keys {
        return body;
    }
    for (name, kept) in [("before", &row.before), ("after", &row.after)] {
        if let Some(kept) = kept {
            body[name] = change(row, kept);
        }
    }
    body
}

/// A key by its id, a bearer by its own, which begins with that of its key; or a chore of the service by its name.
fn actor(id: &str) -> Value {
    let hex = |text: &str| text.len() == 16 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    let kind = match id.split_once('.') {
        Some((key, rest)) if hex(key) && hex(rest) => "bearer",
        None if hex(id) => "key",
        _ => "service",
    };
    json!({"kind": kind, "id": id})
}

/// What was or is, with plans as rollouts are read.
fn change(row: &AuditRow, kept: &Value) -> Value {
    let mut body = plain(kept);
    let told = |kept: &Value| plan_from_kept(kept).map_or_else(|| plain(kept), |it| plan(&it, row.at));
    let each = |all: &mut Map<String, Value>, kept: &Value| {
        for (name, value) in all.iter_mut() {
            *value = told(&kept[name.as_str()]);
        }
    };
    if row.action.starts_with("rollout.") && row.action != "rollout.forgotten" {
        if let Some(all) = body.as_object_mut() {
            each(all, kept);
        }
        return body;
    }
    if kept["rollout"].is_object() {
        body["rollout"] = told(&kept["rollout"]);
    }
    if let Some(all) = body.get_mut("rollouts").and_then(Value::as_object_mut) {
        each(all, &kept["rollouts"]);
    }
    body
}

/// A value without members that hold nothing.
fn plain(value: &Value) -> Value {
    match value {
        Value::Object(all) => {
            let there = all.iter().filter(|(_, value)| !value.is_null());
            Value::Object(there.map(|(name, value)| (name.clone(), plain(value))).collect())
        }
        Value::Array(all) => all.iter().map(plain).collect(),
        other => other.clone(),
    }
}

/// What a device type gave at a moment.
pub fn given(device_type: &DeviceTypeId, at: Timestamp, this: &Past) -> Value {
    json!({
        "deviceTypeId": device_type.as_str(),
        "atTimestamp": at.millis(),
        "stopped": this.stopped,
        "images": this.associations.iter().map(|each| association(each, at)).collect::<Value>(),
    })
}

/// How far an image reaches in a feed.
pub fn reached(
    device_type: &DeviceTypeId,
    feed: &FeedName,
    id: ImageId,
    this: &Reached,
    now: Timestamp,
) -> Value {
    let mut body = json!({
        "deviceTypeId": device_type.as_str(),
        "feed": feed.as_str(),
        "type": id.r#type.get(),
        "versionNumber": id.number.to_string(),
        "atTimestamp": now.millis(),
        "associated": this.associated,
        "devices": {
            "known": this.known,
            "reporting": this.reporting,
            "others": this.known.saturating_sub(this.reporting),
        },
    });
    let Some(Reach { groups, inexact }) = &this.reach else {
        (body["exact"], body["inexact"]) = (false.into(), json!(["package"]));
        return body;
    };
    let group = |group: &Group| {
        json!({
            "versionNumber": group.version.map(|version| version.get().to_string()),
            "devices": group.devices,
            "now": group.now,
            "released": group.released,
            "code": group.reason.code(),
            "reason": group.reason.to_string(),
        })
    };
    body["exact"] = inexact.is_empty().into();
    body["inexact"] = inexact.iter().map(|why| why.code()).collect();
    body["now"] = groups.iter().map(|group| group.now).sum::<u64>().into();
    body["released"] = groups.iter().map(|group| group.released).sum::<u64>().into();
    body["versions"] = groups.iter().map(group).collect();
    body
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Plan;
    use crate::store::associations::plan_as_kept;

    fn row(action: &str, subject: &str, before: Value, after: Value) -> AuditRow {
        let some = |value: Value| Some(value).filter(|value| !value.is_null());
        AuditRow {
            at: Timestamp::from_millis(7),
            actor: "0123456789abcdef".into(),
            request_id: "r".into(),
            action: action.into(),
            subject: subject.into(),
            before: some(before),
            after: some(after),
            approval: None,
        }
    }

    #[test]
    fn plans_in_items_are_told_as_rollouts_are() {
        let kept = plan_as_kept(&Plan { floor: true, ..Plan::default() }).unwrap();
        let told = json!({"state": "released", "floor": true, "requires": [], "percent": 100, "currentPercent": 100});
        let made = json!({"owner": "acme", "rollout": kept});
        let made = audit_item(&row("association.created", "kettle/beta/105/7", Value::Null, made), true);
        assert_eq!(made["after"], json!({"owner": "acme", "rollout": told}));
        assert_eq!((&made["type"], &made["versionNumber"]), (&json!(105), &json!("7")));
        let gone = json!({"feeds": ["beta"], "rollouts": {"beta": kept}});
        let gone = audit_item(&row("association.removed", "kettle/*/105/7", gone, Value::Null), true);
        assert_eq!(gone["before"]["rollouts"], json!({"beta": told}));
        assert!(gone["feed"].is_null() && gone["after"].is_null());
        let set =
            audit_item(&row("rollout.set", "kettle/beta/105/7", json!({"105/7": kept}), json!({})), true);
        assert_eq!(set["before"], json!({"105/7": told}));
    }

    #[test]
    fn items_of_former_times_are_told_as_they_are() {
        let old = row(
            "association.removed",
            "kettle/beta/105/7",
            json!({"feeds": ["beta"], "note": null}),
            json!(5),
        );
        let told = audit_item(&old, true);
        assert_eq!((&told["before"], &told["after"]), (&json!({"feeds": ["beta"]}), &json!(5)));
        let strange = audit_item(&row("thing.done", "what/ever", Value::Null, json!("x")), true);
        assert_eq!((&strange["subject"], &strange["after"]), (&json!("what/ever"), &json!("x")));
    }

    #[test]
    fn what_a_key_may_is_told_to_those_who_may_read_keys() {
        let made = row("key.created", "key/0123456789abcdef", Value::Null, json!({"right": "release"}));
        assert!(audit_item(&made, false)["after"].is_null());
        assert_eq!(audit_item(&made, true)["after"]["right"], "release");
    }

    #[test]
    fn actors_are_keys_bearers_or_the_service() {
        for (id, kind) in [
            ("0123456789abcdef", "key"),
            ("0123456789abcdef.fedcba9876543210", "bearer"),
            ("reconcile", "service"),
            ("auto-pause", "service"),
            ("bootstrap", "service"),
        ] {
            assert_eq!(actor(id), json!({"kind": kind, "id": id}));
        }
    }
}
