//! Devices as partners find them: in pages by id, with the latest of their history; and forgetting one.
//!
//! Lists lie in as many partitions as counts do, and are read side by side and put together in the order of the ids.

use std::time::Duration;

use aws_sdk_dynamodb::types::{AttributeValue, DeleteRequest, WriteRequest};
use serde::Deserialize;
use tokio::task::JoinSet;

use super::device_counts::{SHARDS, count_shard, shard};
use super::device_history::EventRow;
use super::devices::DeviceRow;
use super::read::Consistency;
use super::row::{Item, decode};
use super::tx::{Change, Tx, When};
use super::{Error, Guard, Store, keys};
use crate::domain::device::{Device, Flag};
use crate::domain::{DeviceId, DeviceTypeId, Timestamp, TypeNumber};

/// Below whatever can stand in a device's id, as [`HIGHEST`] is above.
const LOWEST: &str = "!";
/// See [`LOWEST`].
const HIGHEST: &str = "~";
/// The most requests that DynamoDB takes in one `BatchWriteItem`.
const BATCH: usize = 25;
/// The most images that a device which is forgotten is no longer waited for with.
const MOST_OUT: usize = 8;
/// How often a batch that was carried out in part is asked again.
const ATTEMPTS: u32 = 6;

/// Which devices of a device type are listed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Which {
    /// Those whose id begins so; all, if with nothing.
    BeginningWith(String),
    /// Those that run this version of a type.
    Running(TypeNumber, i64),
    /// Those with a flag.
    Flagged(Flag),
}

#[derive(Deserialize)]
struct ListedRow {
    id: DeviceId,
}

/// The bounds of the sort keys that begin with `prefix` and come after `after`; none if no key can.
fn bounds(prefix: &str, after: Option<&DeviceId>) -> Option<(String, String)> {
    let first = format!("{prefix}{LOWEST}");
    // The prefix may itself be an id.
    let first = if prefix.is_empty() { first } else { prefix.to_owned() };
    let low = after.map(|after| format!("{after}{LOWEST}")).map_or(first.clone(), |low| low.max(first));
    let high = format!("{prefix}{HIGHEST}");
    (low <= high).then_some((low, high))
}

impl Store {
    /// The ids of at most `most` devices after `after`, in order: one query for each partition of the list, which may be a
    /// moment behind.
    pub async fn device_ids(
        &self,
        device_type: &DeviceTypeId,
        which: &Which,
        after: Option<&DeviceId>,
        most: u16,
    ) -> Result<Vec<DeviceId>, Error> {
        let (prefix, partitions): (&str, Vec<String>) = match which {
            Which::BeginningWith(prefix) => {
                (prefix, (0..SHARDS).map(|shard| keys::devices_partition(device_type, shard)).collect())
            }
            Which::Running(number, version) => {
                let of = |shard| keys::running_partition(device_type, (*number, *version), shard);
                ("", (0..SHARDS).map(of).collect())
            }
            Which::Flagged(flag) => {
                let shards = if *flag == Flag::Silent { SHARDS } else { 1 };
                let of = |shard| keys::flagged_partition(device_type, *flag, shard);
                ("", (0..shards).map(of).collect())
            }
        };
        let Some(bounds) = bounds(prefix, after) else { return Ok(Vec::new()) };
        let mut reads = JoinSet::new();
        for partition in partitions {
            let (store, bounds) = (self.clone(), bounds.clone());
            reads.spawn(async move { store.ids_between(partition, bounds, most).await });
        }
        let mut all = Vec::new();
        while let Some(read) = reads.join_next().await {
            all.extend(read.map_err(|error| Error::Unavailable(error.to_string()))??);
        }
        all.sort_unstable();
        all.truncate(most.into());
        Ok(all)
    }

    async fn ids_between(
        &self,
        partition: String,
        (low, high): (String, String),
        most: u16,
    ) -> Result<Vec<DeviceId>, Error> {
        let answer = self
            .client
            .query()
            .table_name(&self.table)
            .key_condition_expression("PK = :pk AND SK BETWEEN :low AND :high")
            .expression_attribute_values(":pk", AttributeValue::S(partition))
            .expression_attribute_values(":low", AttributeValue::S(low))
            .expression_attribute_values(":high", AttributeValue::S(high))
            .limit(most.into())
            .send()
            .await
            .map_err(|error| Error::unavailable("Query", &error))?;
        let rows = answer.items.unwrap_or_default().into_iter().map(decode::<ListedRow>);
        rows.map(|row| row.map(|row| row.id)).collect()
    }

    /// Many devices, in the order asked for; those that are gone are left out.
    pub async fn devices(&self, device_type: &DeviceTypeId, ids: &[DeviceId]) -> Result<Vec<Device>, Error> {
        let keys: Vec<_> = ids.iter().map(|id| keys::device(device_type, id)).collect();
        let mut found = self.read_many(&keys, Consistency::Strong).await?;
        let mut all = Vec::with_capacity(keys.len());
        for key in &keys {
            all.extend(found.take::<DeviceRow>(key)?.map(DeviceRow::read).transpose()?);
        }
        Ok(all)
    }

    /// At most `most` moments of a device's history, newest first.
    pub async fn latest_events(
        &self,
        device_type: &DeviceTypeId,
        id: &DeviceId,
        most: u16,
    ) -> Result<Vec<EventRow>, Error> {
        let answer = self
            .client
            .query()
            .table_name(&self.table)
            .key_condition_expression("PK = :pk AND begins_with(SK, :sk)")
            .expression_attribute_values(":pk", AttributeValue::S(keys::device_partition(device_type, id)))
            .expression_attribute_values(":sk", AttributeValue::S(keys::EVENT.to_owned()))
            .scan_index_forward(false)
            .consistent_read(true)
            .limit(most.into())
            .send()
            .await
            .map_err(|error| Error::unavailable("Query", &error))?;
        answer.items.unwrap_or_default().into_iter().map(decode).collect()
    }

    /// Removes what a device's history holds up to `until`, in batches, at most `most` of them; true if nothing is left. Not
    /// a transaction: whatever is left expires.
    pub async fn remove_history(
        &self,
        device_type: &DeviceTypeId,
        id: &DeviceId,
        until: Timestamp,
        most: u32,
    ) -> Result<bool, Error> {
        let last = keys::device_event(device_type, id, until, u64::MAX);
        for _ in 0..most {
            let answer = self
                .client
                .query()
                .table_name(&self.table)
                .key_condition_expression("PK = :pk AND SK BETWEEN :low AND :high")
                .expression_attribute_values(":pk", AttributeValue::S(last.pk.clone()))
                .expression_attribute_values(":low", AttributeValue::S(keys::EVENT.to_owned()))
                .expression_attribute_values(":high", AttributeValue::S(last.sk.clone()))
                .projection_expression("PK, SK")
                .consistent_read(true)
                .limit(BATCH.try_into().unwrap_or(1))
                .send()
                .await
                .map_err(|error| Error::unavailable("Query", &error))?;
            let items = answer.items.unwrap_or_default();
            if items.is_empty() {
                return Ok(true);
            }
            self.delete_all(items).await?;
        }
        Ok(false)
    }

    /// Deletes at most [`BATCH`] items by their keys; what the database leaves is asked for again.
    async fn delete_all(&self, keys: Vec<Item>) -> Result<(), Error> {
        let request = |key: Item| {
            let delete = DeleteRequest::builder().set_key(Some(key)).build();
            let delete = delete.map_err(|error| Error::Unavailable(error.to_string()))?;
            Ok(WriteRequest::builder().delete_request(delete).build())
        };
        let mut wanted = keys.into_iter().map(request).collect::<Result<Vec<_>, Error>>()?;
        for attempt in 0..ATTEMPTS {
            let answer = self
                .client
                .batch_write_item()
                .request_items(&self.table, wanted)
                .send()
                .await
                .map_err(|error| Error::unavailable("BatchWriteItem", &error))?;
            let left = answer.unprocessed_items.and_then(|mut tables| tables.remove(&self.table));
            wanted = left.unwrap_or_default();
            if wanted.is_empty() {
                return Ok(());
            }
            tokio::time::sleep(Duration::from_millis(20 << attempt)).await;
        }
        Err(Error::Unavailable("BatchWriteItem: the database keeps leaving items out".into()))
    }
}

impl Tx {
    /// Removes a device that was read as `known`, from its lists and from what is counted of devices: two items for each
    /// type that it reports, and at most 15 more.
    pub fn forget_device(&mut self, known: &Device) {
        let (device_type, id, shard) = (&known.device_type, &known.id, shard(&known.id));
        let unchanged = When::Revision(known.revision);
        self.delete(&keys::device(device_type, id), &unchanged, Guard::Changed);
        if let Some(feed) = known.pinned.as_ref().filter(|_| known.pin_counted) {
            self.pin_feed(&known.partner, feed, -1);
        }
        if known.provisional {
            return;
        }
        self.delete(&keys::device_listed(device_type, shard, id), &When::Always, Guard::Changed);
        for (number, version) in &known.reported {
            let key = keys::device_running(device_type, (*number, version.get()), shard, id);
            self.delete(&key, &When::Always, Guard::Changed);
        }
        for flag in Flag::ALL.into_iter().filter(|flag| flag.is_on(known)) {
            let key = keys::device_flagged(device_type, flag, shard, id);
            self.delete(&key, &When::Always, Guard::Changed);
        }
        let fewer = Change::default().add("devices", -1);
        let fewer = fewer.set("rowVersion", AttributeValue::N("1".to_owned()));
        self.update(
            &keys::devices_counted(device_type, count_shard(id)),
            fewer,
            &When::Always,
            Guard::Changed,
        );
        let mut counts = known.no_longer_runs(known.counted().into_keys());
        counts.extend(known.no_longer_out(MOST_OUT));
        self.count_device(known, &counts);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bounds_of_a_page_hold_what_begins_so_and_comes_after() {
        let holds = |prefix: &str, after: Option<&str>, id: &str| {
            let after = after.map(|after| after.parse().unwrap());
            bounds(prefix, after.as_ref())
                .is_some_and(|(low, high)| (low.as_str()..=high.as_str()).contains(&id))
        };
        for id in ["-", ".", "0", "SN-1", "SN:z", "zzz", "_"] {
            assert!(holds("", None, id), "{id}");
        }
        assert!(holds("SN", None, "SN") && holds("SN", None, "SN-1") && holds("SN", None, "SNz"));
        assert!(!holds("SN", None, "SM-9") && !holds("SN", None, "SO"));
        assert!(!holds("", Some("SN-1"), "SN-1") && holds("", Some("SN-1"), "SN-1-"));
        assert!(holds("SN", Some("AA"), "SN") && !holds("SN", Some("SN"), "SN"));
        assert!(!holds("SN", Some("TT"), "TT-1") && bounds("SN", Some(&"TT".parse().unwrap())).is_none());
    }
}
