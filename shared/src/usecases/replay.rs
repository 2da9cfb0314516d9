//! The past of a device type: what was associated at a moment that has gone by.
//!
//! What is associated now is taken back to then through what has changed since, newest first. It knows nothing of devices.

use serde_json::Value;

use super::{Context, Result, past};
use crate::domain::association::Association;
use crate::domain::audited::Audited;
use crate::domain::{
    BinaryKind, DeviceType, DeviceTypeId, FeedName, ImageId, ImageRef, PartnerId, Timestamp, TypeNumber,
};
use crate::store::associations::plan_from_kept;
use crate::store::audit::AuditRow;

/// How long a request takes at most, in milliseconds: of two that began further apart the later one was done later.
const OVERLAP: i64 = 30_000;

/// What a device type gave at a moment.
#[derive(Debug, Clone)]
pub struct Past {
    /// What was associated, with the plans of then.
    pub associations: Vec<Association>,
    /// Whether it was stopped.
    pub stopped: bool,
}

/// What a device type gave at `at`.
pub(super) async fn past(
    cx: &Context<'_>,
    partner: &PartnerId,
    this: &DeviceType,
    at: Timestamp,
) -> Result<Past> {
    let device_type = &this.id;
    // Before its changes: what is changed in between is among them, and is undone.
    let mut all = cx.store.associations(device_type, None).await?;
    let mut rows = past::changes_after(cx, partner, device_type, at).await?;
    rows.sort_by_key(|row| row.at);
    let stopped = was_stopped(&rows).unwrap_or(this.is_stopped());
    while let Some(row) = last(&mut rows, &all, device_type) {
        undo(&mut all, partner, device_type, &row);
    }
    Ok(Past { associations: all, stopped })
}

/// Whether a device type was stopped before all these changes of it; none if none of them says.
fn was_stopped(rows: &[AuditRow]) -> Option<bool> {
    let turns = ["deviceType.stopped", "deviceType.started"];
    let first = rows.iter().find(|row| turns.contains(&row.action.as_str()))?;
    first.before.as_ref()?["stopped"].as_bool()
}

/// Takes out the change that was done last. An item says when its request came, not when it was done: of those that may have
/// overlapped it is the one that left things as they are in `all`.
fn last(rows: &mut Vec<AuditRow>, all: &[Association], device_type: &DeviceTypeId) -> Option<AuditRow> {
    let since = rows.last()?.at.millis().saturating_sub(OVERLAP);
    let may_be = rows.iter().rev().take_while(|row| row.at.millis() >= since);
    let found = may_be.enumerate().find(|(_, row)| left(all, device_type, row)).map_or(0, |(back, _)| back);
    Some(rows.remove(rows.len() - 1 - found))
}

/// Whether things can be in `all` as they are right after what an audit item says.
fn left(all: &[Association], device_type: &DeviceTypeId, row: &AuditRow) -> bool {
    let audited = Audited::of(&row.action, &row.subject);
    let (Some(id), true) = (audited.image, audited.device_type.as_ref() == Some(device_type)) else {
        return true;
    };
    let there = |id, feed: &FeedName| all.iter().find(|each| each.image.id == id && each.feed == *feed);
    let is = |id, feed: &FeedName, kept: Option<&Value>| {
        let plan = kept.and_then(plan_from_kept);
        there(id, feed).is_some_and(|each| plan.is_none_or(|plan| each.plan == plan))
    };
    let after = row.after.as_ref();
    match (row.action.as_str(), &audited.feed) {
        ("association.created" | "association.promoted" | "description.registered", Some(feed)) => {
            is(id, feed, after.and_then(|after| after.get("rollout")))
        }
        ("association.removed", _) => {
            let feeds = row.before.as_ref().and_then(|before| before["feeds"].as_array());
            let mut feeds = feeds.into_iter().flatten().filter_map(|feed| feed.as_str()?.parse().ok());
            feeds.all(|feed| there(id, &feed).is_none())
        }
        (action, Some(feed)) if action.starts_with("rollout.") => {
            let mut plans = after.and_then(Value::as_object).into_iter().flatten();
            plans.all(|(name, plan)| named(name).is_none_or(|id| is(id, feed, Some(plan))))
        }
        _ => true,
    }
}

/// Takes back what an audit item says, as far as it is about what is associated with this device type.
fn undo(all: &mut Vec<Association>, partner: &PartnerId, device_type: &DeviceTypeId, row: &AuditRow) {
    let parts: Vec<&str> = row.subject.split('/').collect();
    match (row.action.as_str(), parts.as_slice()) {
        (
            "association.created" | "association.promoted" | "description.registered",
            [this, feed, kind, number],
        ) if *this == device_type.as_str() => {
            if let Some(id) = image(kind, number) {
                all.retain(|each| each.image.id != id || each.feed.as_str() != *feed);
            }
        }
        ("image.updated" | "image.registered", [kind, number]) => {
            let placed = row.after.as_ref().and_then(|after| after["associated"].as_array());
            let here = placed.into_iter().flatten().any(|each| each == device_type.as_str());
            if let Some(id) = image(kind, number).filter(|_| here) {
                all.retain(|each| each.image.id != id || each.feed != FeedName::release());
            }
        }
        ("association.removed", [this, _, kind, number]) if *this == device_type.as_str() => {
            let (Some(id), Some(before)) = (image(kind, number), &row.before) else { return };
            for feed in before["feeds"].as_array().into_iter().flatten().filter_map(Value::as_str) {
                let Ok(name) = feed.parse() else { continue };
                let package = before["package"] == true;
                all.push(Association {
                    device_type: device_type.clone(),
                    feed: name,
                    // Whose it was makes no difference to a decision.
                    image: ImageRef::associated(partner.clone(), device_type, id),
                    kind: if package { BinaryKind::Package } else { BinaryKind::Binary },
                    created: row.at,
                    plan: plan_from_kept(&before["rollouts"][feed]).unwrap_or_default(),
                });
            }
        }
        (action, [this, feed, ..]) if action.starts_with("rollout.") && *this == device_type.as_str() => {
            for (name, plan) in row.before.as_ref().and_then(Value::as_object).into_iter().flatten() {
                let Some(id) = named(name) else { continue };
                let Some(plan) = plan_from_kept(plan) else { continue };
                for each in all.iter_mut().filter(|each| each.image.id == id && each.feed.as_str() == *feed) {
                    each.plan = plan.clone();
                }
            }
        }
        _ => {}
    }
}

fn image(kind: &str, number: &str) -> Option<ImageId> {
    let kind: TypeNumber = kind.parse().ok()?;
    Some(ImageId { r#type: kind, number: number.parse().ok()? })
}

/// The image that is written as `105/7`.
fn named(text: &str) -> Option<ImageId> {
    text.split_once('/').and_then(|(kind, number)| image(kind, number))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::domain::Plan;
    use crate::domain::decision::Stage;
    use crate::store::associations::plan_as_kept;

    fn at(millis: i64) -> Timestamp {
        Timestamp::from_millis(millis)
    }

    fn row(action: &str, subject: &str, before: Value, after: Value) -> AuditRow {
        let some = |value: Value| Some(value).filter(|value| !value.is_null());
        AuditRow {
            at: at(9),
            actor: "key".into(),
            request_id: "request".into(),
            action: action.into(),
            subject: subject.into(),
            before: some(before),
            after: some(after),
            approval: None,
        }
    }

    fn undone(all: &[(&str, &str, Plan)], row: &AuditRow) -> Vec<String> {
        let (acme, kettle): (PartnerId, DeviceTypeId) = ("acme".parse().unwrap(), "kettle".parse().unwrap());
        let made = |(feed, id, plan): &(&str, &str, Plan)| Association {
            device_type: kettle.clone(),
            feed: feed.parse().unwrap(),
            image: ImageRef::associated(acme.clone(), &kettle, id.parse().unwrap()),
            kind: BinaryKind::Binary,
            created: at(1),
            plan: plan.clone(),
        };
        let mut all: Vec<_> = all.iter().map(made).collect();
        undo(&mut all, &acme, &kettle, row);
        let shown = |each: &Association| {
            let halted = if each.plan.paused.is_some() { " paused" } else { "" };
            let taken = if each.plan.stage == Stage::Withdrawn { " withdrawn" } else { "" };
            format!("{} {}{halted}{taken}", each.feed, each.image.id)
        };
        all.iter().map(shown).collect()
    }

    #[test]
    fn each_change_of_what_is_associated_is_taken_back() {
        let plain = |feed, id| (feed, id, Plan::default());
        let withdrawn = || Plan { stage: Stage::Withdrawn, ..Plan::default() };
        let kept = plan_as_kept(&Plan::default()).unwrap();
        let both = [plain("beta", "7105"), plain("release", "7105")];
        for (row, expected) in [
            (row("association.created", "kettle/beta/105/7", json!(null), json!({})), vec!["release 7105"]),
            (row("association.promoted", "kettle/release/105/7", json!(null), json!({})), vec!["beta 7105"]),
            (
                row("association.created", "toaster/beta/105/7", json!(null), json!({})),
                vec!["beta 7105", "release 7105"],
            ),
            (row("image.updated", "105/7", json!({}), json!({"associated": ["kettle"]})), vec!["beta 7105"]),
            (
                row("association.removed", "kettle/*/105/6", json!({"feeds": ["beta"]}), json!(null)),
                vec!["beta 7105", "release 7105", "beta 6105"],
            ),
        ] {
            assert_eq!(undone(&both, &row), expected, "{} {}", row.action, row.subject);
        }
        let back = row("rollout.withdrawn", "kettle/beta/105/7", json!({"105/7": kept}), json!({}));
        let all = [("beta", "7105", withdrawn()), ("release", "7105", withdrawn())];
        assert_eq!(undone(&all, &back), ["beta 7105", "release 7105 withdrawn"]);
    }

    #[test]
    fn of_changes_that_overlapped_the_one_that_left_things_as_they_are_is_taken_back_first() {
        let plans = [
            Plan::default(),
            Plan { floor: true, ..Plan::default() },
            Plan { stage: Stage::Withdrawn, ..Plan::default() },
        ];
        let kept = |at: usize| json!({"105/7": plan_as_kept(&plans[at]).unwrap()});
        let set = |millis, from, to| AuditRow {
            at: at(millis),
            ..row("rollout.set", "kettle/beta/105/7", kept(from), kept(to))
        };
        let kettle: DeviceTypeId = "kettle".parse().unwrap();
        let all = |plan: &Plan| {
            vec![Association {
                device_type: kettle.clone(),
                feed: "beta".parse().unwrap(),
                image: ImageRef::associated("acme".parse().unwrap(), &kettle, "7105".parse().unwrap()),
                kind: BinaryKind::Binary,
                created: at(1),
                plan: plan.clone(),
            }]
        };
        // The one that came first was done last.
        let mut rows = vec![set(1000, 1, 2), set(1500, 0, 1)];
        let mut now = all(&plans[2]);
        while let Some(row) = last(&mut rows, &now, &kettle) {
            undo(&mut now, &"acme".parse().unwrap(), &kettle, &row);
        }
        assert_eq!(now[0].plan, plans[0]);
        // One that came long before was done before.
        let mut rows = vec![set(1000, 1, 2), set(100_000, 0, 1)];
        assert_eq!(last(&mut rows, &all(&plans[2]), &kettle).map(|row| row.at), Some(at(100_000)));
    }
}
