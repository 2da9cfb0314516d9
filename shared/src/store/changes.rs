//! The past of one device type: a copy of every audit item that changes what its feeds give, written in the same
//! transaction, so that its past is told from one partition instead of its partner's whole audit.

use aws_sdk_dynamodb::types::AttributeValue;

use super::audit::AuditRow;
use super::keys::{self, Key};
use super::row::{Item, decode};
use super::{Error, Store};
use crate::domain::audited::Audited;
use crate::domain::{DeviceTypeId, Timestamp};

/// Above whatever can stand in the key of a change behind its prefix.
const HIGHEST: &str = "~";

/// The actions that change what a device type gives, by what they begin with.
const GIVING: [&str; 4] = ["association.", "description.", "deviceType.", "rollout."];

/// Where the changes of device types that an audit item tells of are kept beside it.
pub(super) fn keys_of(key: &Key, row: &AuditRow) -> Vec<Key> {
    device_types(row).iter().map(|id| keys::change(id, &key.sk)).collect()
}

fn device_types(row: &AuditRow) -> Vec<DeviceTypeId> {
    if row.action.starts_with("image.") {
        // Associations that a registration asked for.
        let placed = row.after.as_ref().and_then(|after| after["associated"].as_array());
        return placed.into_iter().flatten().filter_map(|id| id.as_str()?.parse().ok()).collect();
    }
    let gives = GIVING.iter().any(|begins| row.action.starts_with(begins));
    // A push is for one device, and is told with it.
    let named = (gives && row.action != "association.pushed")
        .then(|| Audited::of(&row.action, &row.subject).device_type);
    named.flatten().into_iter().collect()
}

/// Where a page of them ended.
#[derive(Debug, Clone)]
pub struct ChangePlace(Item);

impl Store {
    /// Some of the changes of a device type of `from` and later, newest first, and where to go on from: one query.
    pub async fn changes_since(
        &self,
        device_type: &DeviceTypeId,
        from: Timestamp,
        place: Option<ChangePlace>,
    ) -> Result<(Vec<AuditRow>, Option<ChangePlace>), Error> {
        let answer = self
            .client
            .query()
            .table_name(&self.table)
            .key_condition_expression("PK = :pk AND SK BETWEEN :low AND :high")
            .expression_attribute_values(":pk", AttributeValue::S(keys::device_type_partition(device_type)))
            .expression_attribute_values(":low", AttributeValue::S(keys::change_from(from)))
            .expression_attribute_values(":high", AttributeValue::S(format!("{}{HIGHEST}", keys::CHANGE)))
            .scan_index_forward(false)
            .consistent_read(true)
            .set_exclusive_start_key(place.map(|place| place.0))
            .send()
            .await
            .map_err(|error| Error::unavailable("Query", &error))?;
        let rows = answer.items.unwrap_or_default().into_iter().map(decode).collect::<Result<_, _>>()?;
        Ok((rows, answer.last_evaluated_key.map(ChangePlace)))
    }

    /// The oldest change of a device type that is kept beside it; none if there is none. What came before is in its
    /// partner's audit alone.
    pub async fn first_change(&self, device_type: &DeviceTypeId) -> Result<Option<AuditRow>, Error> {
        let answer = self
            .client
            .query()
            .table_name(&self.table)
            .key_condition_expression("PK = :pk AND begins_with(SK, :sk)")
            .expression_attribute_values(":pk", AttributeValue::S(keys::device_type_partition(device_type)))
            .expression_attribute_values(":sk", AttributeValue::S(keys::CHANGE.to_owned()))
            .consistent_read(true)
            .limit(1)
            .send()
            .await
            .map_err(|error| Error::unavailable("Query", &error))?;
        answer.items.unwrap_or_default().into_iter().next().map(decode).transpose()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_changes_what_a_device_type_gives_is_kept_beside_it() {
        let told = |action: &str, subject: &str, after: serde_json::Value| {
            let row = AuditRow {
                at: Timestamp::from_millis(7),
                actor: "key".into(),
                request_id: "r".into(),
                action: action.into(),
                subject: subject.into(),
                before: None,
                after: Some(after),
                approval: None,
            };
            let key = Key { pk: "AUDIT#acme#2026-11".into(), sk: "0000000000007#r#00000000".into() };
            keys_of(&key, &row).into_iter().map(|key| key.to_string()).collect::<Vec<_>>()
        };
        let kettle = ["DT#kettle / CHANGE#0000000000007#r#00000000"];
        for (action, subject) in [
            ("association.created", "kettle/beta/105/7"),
            ("association.removed", "kettle/*/105/7"),
            ("description.registered", "kettle/beta/4/7"),
            ("rollout.set", "kettle/beta/105/7"),
            ("deviceType.created", "deviceType/kettle"),
        ] {
            assert_eq!(told(action, subject, json!({})), kettle, "{action}");
        }
        for (action, subject) in [
            ("association.pushed", "kettle/beta/105/7"),
            ("manifest.remade", "kettle/beta"),
            ("device.updated", "device/kettle/SN-1"),
            ("deviceSecret.rotated", "deviceType/kettle"),
            ("image.updated", "105/7"),
            ("feed.created", "feed/kettle"),
        ] {
            assert_eq!(told(action, subject, json!({})), [""; 0], "{action}");
        }
        let both = told("image.updated", "105/7", json!({"associated": ["kettle", "spare"]}));
        assert_eq!(both.len(), 2);
    }
}
