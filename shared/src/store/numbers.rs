//! Every version number that an item of the table tells of, whatever the item is for.
//!
//! For the one chore that must not miss any: raising the counters of a restored table. So it looks at keys, at every
//! map that has a version number in it, however deep, and at what the audit and devices write in their own ways.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;

use super::keys::{self, Key};
use super::row::Item;
use crate::domain::TypeNumber;

/// A version number that an item tells of, and its type; without one if the item does not say which.
pub(super) type Told = (Option<TypeNumber>, i64);

/// The names under which rows have a type beside a version number, and that version number; the last are those of list
/// rows.
const PAIRS: [(&str, &str); 3] = [("number", "versionNumber"), ("type", "versionNumber"), ("k", "i")];

/// Every version number that an item tells of.
pub(super) fn told(item: &Item) -> Vec<Told> {
    let text = |name: &str| item.get(name).and_then(|value| value.as_s().ok()).cloned().unwrap_or_default();
    let key = Key { pk: text("PK"), sk: text("SK") };
    let kind = keys::type_in(&key);
    let mut told: Vec<Told> = Vec::new();
    told.extend(keys::image_in(&key).map(|id| (Some(id.r#type), id.number.get())));
    // Counters and name guards have the type in their key alone.
    if kind.is_some() && !item.contains_key("versionNumber") {
        told.extend(integer(item.get("number")).map(|number| (kind, number)));
    }
    if keys::is_audit(&key) {
        told.extend(subject(&text("action"), &text("subject")));
    }
    inside(item, kind, &mut told);
    told
}

/// The version numbers in a map and in all maps in it; `kind` is the type that the item's key names.
fn inside(map: &HashMap<String, AttributeValue>, kind: Option<TypeNumber>, told: &mut Vec<Told>) {
    let named = PAIRS
        .iter()
        .find_map(|(kind, number)| Some((type_number(map.get(*kind))?, integer(map.get(*number))?)));
    match named {
        Some((kind, number)) => told.push((Some(kind), number)),
        None => told.extend(integer(map.get("versionNumber")).map(|number| (kind, number))),
    }
    for (name, value) in map {
        // As devices report: the version attribute's id, and what they run.
        let attribute = name.parse().ok().and_then(|id| TypeNumber::from_version_attribute_id(id).ok());
        if let (Some(kind), Some(number)) = (attribute, integer(Some(value))) {
            told.push((Some(kind), number));
        }
        nested(value, kind, told);
    }
}

fn nested(value: &AttributeValue, kind: Option<TypeNumber>, told: &mut Vec<Told>) {
    match value {
        AttributeValue::M(map) => inside(map, kind, told),
        AttributeValue::L(list) => {
            for each in list {
                // `105/7`, as the audit names the images of a manifest.
                if let Some((kind, number)) = each.as_s().ok().and_then(|text| text.split_once('/')) {
                    told.extend(pair(kind, number));
                }
                nested(each, kind, told);
            }
        }
        _ => {}
    }
}

/// The image that an audit item is about: first in the subject of an image's item, last in an association's.
fn subject(action: &str, subject: &str) -> Option<Told> {
    let parts: Vec<&str> = subject.split('/').collect();
    match (action.split('.').next()?, parts.as_slice()) {
        ("image", [kind, number, ..]) | ("association" | "description" | "rollout", [.., kind, number]) => {
            pair(kind, number)
        }
        _ => None,
    }
}

fn pair(kind: &str, number: &str) -> Option<Told> {
    Some((Some(kind.parse().ok()?), number.parse().ok()?))
}

fn integer(value: Option<&AttributeValue>) -> Option<i64> {
    match value? {
        AttributeValue::N(text) | AttributeValue::S(text) => text.parse().ok(),
        _ => None,
    }
}

fn type_number(value: Option<&AttributeValue>) -> Option<TypeNumber> {
    u16::try_from(integer(value)?).ok()?.try_into().ok()
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn told_by(pk: &str, sk: &str, row: Value) -> Vec<(Option<u8>, i64)> {
        let mut item: Item = serde_dynamo::to_item(row).unwrap();
        item.insert("PK".into(), AttributeValue::S(pk.into()));
        item.insert("SK".into(), AttributeValue::S(sk.into()));
        let mut told: Vec<_> =
            told(&item).into_iter().map(|(kind, number)| (kind.map(TypeNumber::get), number)).collect();
        told.sort_unstable();
        told.dedup();
        told
    }

    #[test]
    fn numbers_are_found_in_keys_alone() {
        for (pk, sk) in [
            ("POOL#acme", "IMG#105#0000000000000000007"),
            ("POOL#acme", "DETAIL#105#0000000000000000007"),
            ("POOL#acme", "OFFER#105#0000000000000000007"),
            ("DT#kettle", "ASSOC#release#105#0000000000000000007"),
            ("IMAGE#105#7", "DT#kettle#release"),
            ("IMAGE#105#7", "OFFER#globex"),
            ("REPAIR", "IMAGE#105#7"),
            ("COUNT#kettle#03", "IMAGE#release#105#0000000000000000007"),
            ("COUNT#kettle#03", "RUNS#release#105#0000000000000000007"),
            ("DEVV#kettle#105#7#03", "SN-1"),
        ] {
            assert_eq!(told_by(pk, sk, json!({})), [(Some(105), 7)], "{pk} / {sk}");
        }
    }

    #[test]
    fn numbers_are_found_in_attributes_however_deep() {
        assert_eq!(told_by("COUNTER#105", "VERSION", json!({"number": 7})), [(Some(105), 7)]);
        assert_eq!(told_by("POOL#acme", "NAME#105#a#1", json!({"number": 7})), [(Some(105), 7)]);
        assert_eq!(
            told_by("IDEM#acme#x", "META", json!({"number": 105, "versionNumber": 7})),
            [(Some(105), 7)]
        );
        let manifest = json!({"revision": 9, "entries": [{"number": 3, "versionNumber": 7}, {"number": 105, "versionNumber": 8}]});
        assert_eq!(told_by("DT#kettle", "MANIFEST#beta", manifest), [(Some(3), 7), (Some(105), 8)]);
        let device =
            json!({"versions": {"2105": 7, "2003": "9"}, "offered": {"type": 3, "versionNumber": 12}});
        assert_eq!(told_by("DEV#kettle#1", "META", device), [(Some(3), 9), (Some(3), 12), (Some(105), 7)]);
        assert_eq!(told_by("POOL#acme", "SOMETHING", json!({"k": 105, "i": 7})), [(Some(105), 7)]);
    }

    #[test]
    fn numbers_are_found_in_the_audit() {
        let audit = |action: &str, subject: &str| {
            told_by("AUDIT#acme#2026-11", "1#r#0", json!({"action": action, "subject": subject}))
        };
        assert_eq!(audit("image.deleted", "105/7"), [(Some(105), 7)]);
        assert_eq!(audit("image.offered", "3/7/globex"), [(Some(3), 7)]);
        assert_eq!(audit("association.removed", "105/*/3/7"), [(Some(3), 7)]);
        assert_eq!(audit("description.registered", "kettle/release/4/7"), [(Some(4), 7)]);
        assert_eq!(audit("type.created", "type/105"), []);
        let made = json!({"action": "manifest.remade", "subject": "kettle/beta", "before": {"revision": 900, "images": ["105/7"]}});
        assert_eq!(told_by("AUDIT#acme#2026-11", "1#r#0", made), [(Some(105), 7)]);
    }

    #[test]
    fn a_number_whose_type_nobody_says_is_still_found() {
        assert_eq!(told_by("NEW#thing", "META", json!({"last": {"versionNumber": 7}})), [(None, 7)]);
    }

    #[test]
    fn what_people_call_things_is_no_number() {
        for (pk, sk, row) in [
            ("POOL#acme", "NAME#105#999999#888888", json!({})),
            ("DT#105", "META", json!({"id": "105", "name": "777", "revision": 5, "created": 6})),
            ("DEV#105#99999999", "META", json!({"feed": "105"})),
            ("IMAGES#105#9", "META", json!({})),
            ("PARTNER#acme", "DT#105", json!({})),
            ("FEED#105", "DT#7", json!({"packages": 9})),
            ("ACCESS#105#99", "META", json!({})),
            ("POOL#acme", "IMG#105#7#8", json!({})),
        ] {
            assert_eq!(told_by(pk, sk, row), [], "{pk} / {sk}");
        }
    }
}
