//! Which changes take something away from devices, and which of the CDN's answers are stale after them.
//!
//! Read from audit items as they leave the table, so that no change can be made without being looked at here, and no
//! crash between a change and its purge loses the purge. Knows paths, and nothing of the CDN's interface.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::domain::{DeviceTypeId, FeedName};
use crate::store::audit::AuditRow;

/// The actions after which the CDN may hold what must not be given any more.
const PURGES: [&str; 9] = [
    "association.removed",
    "deviceType.deleted",
    "deviceType.stopped",
    "feed.deleted",
    "index.remade",
    "manifest.remade",
    "rollout.paused",
    "rollout.set",
    "rollout.withdrawn",
];

/// The most paths of one purge. Of paths that end in `*`, 15 may be under way at a time in a distribution
/// (CloudFront, *Concurrent invalidation request maximum*).
pub const MOST_PATHS: usize = 10;

/// The actions after which the CDN may hold what must not be given any more: what rules that start a purge select.
pub fn purges() -> &'static [&'static str] {
    &PURGES
}

/// Answers of open feeds that the CDN may hold and must not give any more. Of restricted feeds it holds none.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stale {
    /// The checks of a device type.
    Checks(DeviceTypeId),
    /// What a feed answers about a device type.
    Index(FeedName, DeviceTypeId),
    /// All that a feed answers.
    Feed(FeedName),
}

/// An audit item that must be purged for and does not say what.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{action} of {subject} does not say which answers are stale")]
pub struct Unreadable {
    action: String,
    subject: String,
}

/// What is stale after a change; nothing if it took nothing away from devices.
pub fn stale(row: &AuditRow) -> Result<BTreeSet<Stale>, Unreadable> {
    let unreadable = || Unreadable { action: row.action.clone(), subject: row.subject.clone() };
    let mut parts = row.subject.split('/');
    let (first, second) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
    let device_type = |text: &str| text.parse::<DeviceTypeId>().map_err(|_| unreadable());
    let feed = |text: &str| text.parse::<FeedName>().map_err(|_| unreadable());
    match row.action.as_str() {
        "association.removed" => Ok(everywhere(&device_type(first)?, feeds(row).ok_or_else(unreadable)?)),
        "deviceType.deleted" | "deviceType.stopped" => {
            Ok(everywhere(&device_type(second)?, feeds(row).ok_or_else(unreadable)?))
        }
        "rollout.paused" | "rollout.set" | "rollout.withdrawn" => {
            Ok(everywhere(&device_type(first)?, vec![feed(second)?]))
        }
        "feed.deleted" => Ok([Stale::Feed(feed(second)?)].into_iter().filter(is_open).collect()),
        "manifest.remade" => {
            let (device_type, feed) = (device_type(first)?, feed(second)?);
            // What an unreadable one had offered, nobody knows.
            let lost = row.before.as_ref().is_none_or(serde_json::Value::is_null)
                || !images(row.before.as_ref()).is_subset(&images(row.after.as_ref()));
            Ok(if lost && !feed.is_restricted() { [Stale::Checks(device_type)].into() } else { [].into() })
        }
        "index.remade" => {
            let index = Stale::Index(feed(second)?, device_type(first)?);
            // Anything else about it, as the keys of its signatures, takes nothing away.
            let mended =
                row.after.as_ref().and_then(|after| after["mended"].as_bool()).ok_or_else(unreadable)?;
            Ok([index].into_iter().filter(|index| mended && is_open(index)).collect())
        }
        _ => Ok(BTreeSet::new()),
    }
}

fn everywhere(device_type: &DeviceTypeId, feeds: Vec<FeedName>) -> BTreeSet<Stale> {
    let indexes = feeds.into_iter().map(|feed| Stale::Index(feed, device_type.clone()));
    let mut all: BTreeSet<Stale> = indexes.filter(is_open).collect();
    if !all.is_empty() {
        all.insert(Stale::Checks(device_type.clone()));
    }
    all
}

fn is_open(stale: &Stale) -> bool {
    match stale {
        Stale::Checks(_) => true,
        Stale::Index(feed, _) | Stale::Feed(feed) => !feed.is_restricted(),
    }
}

/// The feeds that the item says something was taken out of.
fn feeds(row: &AuditRow) -> Option<Vec<FeedName>> {
    let feeds = row.before.as_ref()?["feeds"].as_array()?.iter();
    feeds.map(|feed| feed.as_str()?.parse().ok()).collect()
}

/// The images in a manifest, as the audit has them.
fn images(manifest: Option<&Value>) -> BTreeSet<&str> {
    let images = manifest.and_then(|manifest| manifest["images"].as_array());
    images.into_iter().flatten().filter_map(Value::as_str).collect()
}

/// The paths under which the CDN holds these answers, as its interface takes them: `*` at the end stands for anything,
/// queries included. At most [`MOST_PATHS`]: where there are more, wider ones, which cost others a fresh answer.
pub fn paths(stale: &BTreeSet<Stale>) -> Vec<String> {
    let exact = |stale: &Stale| match stale {
        Stale::Checks(device_type) => vec![format!("/v1/ota/deviceTypes/{device_type}/*")],
        Stale::Index(feed, device_type) => vec![format!("/{feed}/{device_type}*")],
        Stale::Feed(feed) => whole(feed),
    };
    let wide = |stale: &Stale| match stale {
        Stale::Checks(_) => vec!["/v1/ota/deviceTypes/*".to_owned()],
        Stale::Index(feed, _) | Stale::Feed(feed) => whole(feed),
    };
    let exact: BTreeSet<String> = stale.iter().flat_map(exact).collect();
    let wide: BTreeSet<String> = stale.iter().flat_map(wide).collect();
    let fits = [exact, wide].into_iter().find(|paths| paths.len() <= MOST_PATHS);
    fits.map_or_else(|| vec!["/*".to_owned()], |paths| paths.into_iter().collect())
}

fn whole(feed: &FeedName) -> Vec<String> {
    vec![format!("/{feed}"), format!("/{feed}/*")]
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use serde_json::json;

    use super::*;
    use crate::domain::Timestamp;

    /// The actions that take nothing away from devices, and why.
    const KEPT: [(&str, &str); 41] = [
        ("access.granted", "restricted feeds are never cached"),
        ("access.revoked", "restricted feeds are never cached"),
        ("approval.approved", "there was nothing left to do"),
        ("approval.failed", "nothing was done"),
        ("approval.proposed", "nothing is done yet"),
        ("approval.rejected", "nothing was done"),
        ("association.created", "adds; what it supersedes may be installed for a minute more"),
        ("association.promoted", "adds"),
        ("association.pushed", "adds, for one device, whose answers are never cached"),
        ("binary.moved", "is in no feed yet"),
        ("binary.read", "changes nothing that is given"),
        ("counter.raised", "numbers to come"),
        ("description.registered", "adds"),
        ("device.forgotten", "a report that names its device is never cached"),
        ("device.updated", "likewise"),
        ("deviceSecret.rotated", "likewise"),
        ("deviceType.created", "adds"),
        ("deviceType.started", "adds"),
        ("deviceType.updated", "what it is built for decides what comes in, not what is there"),
        ("feed.created", "adds"),
        ("feed.listed", "adds"),
        ("feed.updated", "who must say yes to what it gives, not what it gives"),
        ("image.deleted", "was in no feed"),
        ("image.offer_withdrawn", "stops new associations, not those made"),
        ("image.offered", "adds"),
        ("image.registered", "adds"),
        ("image.updated", "words, or the first binary: its bytes never change once it is in a feed"),
        ("key.created", "no device has one"),
        ("key.exchanged", "no device has one"),
        ("key.revoked", "no device has one"),
        ("manifest.deleted", "of a deleted feed, from which everything had been removed"),
        ("partner.created", "adds"),
        ("partner.started", "adds"),
        ("partner.stopped", "each of its device types has its own item"),
        ("reconciliation.completed", "says what was done; each thing done has its own item"),
        ("reconciliation.stopped", "likewise"),
        ("repair.finished", "likewise"),
        ("rollout.completed", "adds"),
        ("rollout.forgotten", "says what was done; whatever ended the rollout has its own item"),
        ("rollout.resumed", "adds"),
        ("type.created", "adds"),
    ];
    /// Renaming only changes words.
    const RENAMED: &str = "type.updated";

    fn row(action: &str, subject: &str, before: Value, after: Value) -> AuditRow {
        let some = |value: Value| Some(value).filter(|value| !value.is_null());
        AuditRow {
            at: Timestamp::from_millis(1),
            actor: "key".into(),
            request_id: "request".into(),
            action: action.into(),
            subject: subject.into(),
            before: some(before),
            after: some(after),
            approval: None,
        }
    }

    fn paths_of(row: &AuditRow) -> Vec<String> {
        paths(&stale(row).unwrap())
    }

    /// Every text in double quotes that reads like an action: `word.word`.
    fn actions_in(folder: &Path, found: &mut BTreeSet<String>) {
        for entry in std::fs::read_dir(folder).unwrap().map(Result::unwrap) {
            if entry.file_type().unwrap().is_dir() {
                actions_in(&entry.path(), found);
                continue;
            }
            let text = std::fs::read_to_string(entry.path()).unwrap();
            let code = text.split("#[cfg(test)]\nmod tests").next().unwrap_or_default();
            for quoted in code.split('"').skip(1).step_by(2) {
                let Some((subject, verb)) = quoted.split_once('.') else { continue };
                let word = |text: &str| {
                    !text.is_empty() && text.bytes().all(|b| b.is_ascii_alphabetic() || b == b'_')
                };
                if word(subject) && word(verb) {
                    found.insert(quoted.to_owned());
                }
            }
        }
    }

    #[test]
    fn every_action_in_the_source_is_purged_for_or_consciously_not() {
        let mut found = BTreeSet::new();
        actions_in(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src/usecases"), &mut found);
        let kept = KEPT.iter().map(|(action, _)| *action).chain([RENAMED]);
        let decided: BTreeSet<String> = PURGES.into_iter().chain(kept).map(str::to_owned).collect();
        assert_eq!(decided, found);
        assert_eq!(decided.len(), PURGES.len() + KEPT.len() + 1, "none is in both lists");
    }

    #[test]
    fn a_removal_purges_the_checks_and_each_open_feed_it_took_from() {
        let removed = row(
            "association.removed",
            "kettle/*/105/7",
            json!({"feeds": ["dev", "beta", "release"]}),
            Value::Null,
        );
        assert_eq!(paths_of(&removed), ["/beta/kettle*", "/release/kettle*", "/v1/ota/deviceTypes/kettle/*"]);
        let deleted =
            row("deviceType.deleted", "deviceType/kettle", json!({"feeds": ["lab", "dev-lab"]}), Value::Null);
        assert_eq!(paths_of(&deleted), ["/lab/kettle*", "/v1/ota/deviceTypes/kettle/*"]);
    }

    #[test]
    fn what_is_only_in_restricted_feeds_is_in_no_cache() {
        let removed = row("association.removed", "kettle/dev/105/7", json!({"feeds": ["dev"]}), Value::Null);
        let deleted = row("feed.deleted", "feed/dev-lab", json!({}), Value::Null);
        let manifest =
            row("manifest.remade", "kettle/dev", json!({"images": ["105/7"]}), json!({"images": []}));
        let index = row("index.remade", "kettle/dev", Value::Null, json!({"mended": true}));
        for row in [removed, deleted, manifest, index] {
            assert_eq!(stale(&row), Ok(BTreeSet::new()), "{row:?}");
        }
    }

    #[test]
    fn a_deleted_feed_is_purged_whole() {
        let deleted = row("feed.deleted", "feed/lab", json!({}), Value::Null);
        assert_eq!(paths_of(&deleted), ["/lab", "/lab/*"]);
    }

    #[test]
    fn what_was_made_again_is_purged_for_if_something_has_gone_from_it() {
        let manifest =
            |before, after| stale(&row("manifest.remade", "kettle/release", before, after)).unwrap().len();
        assert_eq!(manifest(json!({"images": ["105/7", "3/1"]}), json!({"images": ["3/1"]})), 1);
        assert_eq!(manifest(json!({"images": ["105/7"]}), json!({"images": ["105/8"]})), 1);
        assert_eq!(manifest(json!({"images": ["105/7"]}), json!({"images": ["105/7", "3/1"]})), 0);
        assert_eq!(manifest(Value::Null, json!({"images": ["105/7"]})), 1, "it may have been anything");
        let index =
            |mended| paths_of(&row("index.remade", "kettle/release", Value::Null, json!({"mended": mended})));
        assert_eq!(index(true), ["/release/kettle*"]);
        assert_eq!(index(false), [""; 0]);
    }

    #[test]
    fn an_item_that_does_not_say_what_to_purge_is_an_error_and_one_of_another_kind_is_not() {
        for (action, subject, before) in [
            ("association.removed", "kettle/release/105/7", Value::Null),
            ("association.removed", "kettle/release/105/7", json!({"feeds": ["RELEASE"]})),
            ("association.removed", "/release/105/7", json!({"feeds": ["release"]})),
            ("deviceType.deleted", "kettle", json!({"feeds": []})),
            ("feed.deleted", "feed/../x", json!({})),
            ("index.remade", "kettle/release", json!({})),
        ] {
            assert!(
                stale(&row(action, subject, before.clone(), Value::Null)).is_err(),
                "{action} {subject} {before}"
            );
        }
        assert_eq!(stale(&row("image.registered", "105/7", Value::Null, json!({}))), Ok(BTreeSet::new()));
    }

    #[test]
    fn many_paths_are_folded_into_wider_ones() {
        let many = |device_types: usize, feeds: usize| -> Vec<String> {
            let mut all = BTreeSet::new();
            for device_type in 0..device_types {
                let id: DeviceTypeId = format!("model-{device_type}").parse().unwrap();
                all.insert(Stale::Checks(id.clone()));
                all.extend(
                    (0..feeds).map(|feed| Stale::Index(format!("feed-{feed}").parse().unwrap(), id.clone())),
                );
            }
            paths(&all)
        };
        assert_eq!(many(1, 9).len(), 10);
        assert_eq!(many(40, 2), ["/feed-0", "/feed-0/*", "/feed-1", "/feed-1/*", "/v1/ota/deviceTypes/*"]);
        assert_eq!(many(1, 16), ["/*"]);
        assert_eq!(many(0, 0), [""; 0]);
    }
}
