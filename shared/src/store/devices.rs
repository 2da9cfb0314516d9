//! Devices: one item each, and the lists in which partners find them.

use std::borrow::Cow;
use std::collections::BTreeMap;

use aws_sdk_dynamodb::types::AttributeValue;
use serde::{Deserialize, Serialize};

use super::device_counts::{count_shard, out_attribute, shard};
use super::device_progress::{LaggingRow, ProgressRow};
use super::manifests::EntryRow;
use super::read::Consistency;
use super::row::key_attributes;
use super::tx::{Change, Tx, When};
use super::{Error, Guard, Store, keys};
use crate::domain::device::{Count, Counted, Device, Flag, Pushed};
use crate::domain::number::ReportedVersion;
use crate::domain::{DeviceId, DeviceTypeId, FeedName, PartnerId, Tag, Timestamp, TypeNumber};

/// How long a device is kept that nobody vouches for and that is not heard of again, in seconds: a month.
pub(super) const PROVISIONAL_SECONDS: i64 = 30 * 86_400;

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct DeviceRow {
    partner: PartnerId,
    device_type: DeviceTypeId,
    id: DeviceId,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pinned: Option<FeedName>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pin_counted: bool,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    provisional: bool,
    /// When the table may forget it, in seconds since the epoch.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    expires_at: Option<i64>,
    feed: FeedName,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    tags: Vec<Tag>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    blocked: bool,
    reported: Attributes,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    beyond: Vec<TypeNumber>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    progress: Vec<ProgressRow>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    lagging: Vec<LaggingRow>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pushes: Vec<PushedRow>,
    seen_day: i64,
    #[serde(default)]
    changes: u32,
    created: Timestamp,
    updated: Timestamp,
    revision: u64,
}

/// Versions by version attribute, as devices report them.
pub(super) type Attributes = BTreeMap<String, ReportedVersion>;

#[derive(Serialize, Deserialize)]
struct PushedRow {
    entry: EntryRow,
    feed: FeedName,
    at: Timestamp,
    until: Timestamp,
}

pub(super) fn attributes(device: &Device) -> Attributes {
    let each = |(number, version): (&TypeNumber, &ReportedVersion)| {
        (number.version_attribute_id().to_string(), *version)
    };
    device.reported.iter().map(each).collect()
}

impl From<&Device> for DeviceRow {
    fn from(this: &Device) -> Self {
        let pushed = |pushed: &Pushed| PushedRow {
            entry: (&pushed.entry).into(),
            feed: pushed.feed.clone(),
            at: pushed.at,
            until: pushed.until,
        };
        Self {
            partner: this.partner.clone(),
            device_type: this.device_type.clone(),
            id: this.id.clone(),
            pinned: this.pinned.clone(),
            pin_counted: this.pin_counted,
            provisional: this.provisional,
            expires_at: this.expires().then(|| this.updated.seconds() + PROVISIONAL_SECONDS),
            feed: this.feed.clone(),
            tags: this.tags.iter().cloned().collect(),
            blocked: this.blocked,
            reported: attributes(this),
            beyond: this.beyond.iter().copied().collect(),
            progress: this.progress.iter().map(ProgressRow::from).collect(),
            lagging: this.lagging.iter().map(LaggingRow::from).collect(),
            pushes: this.pushes.values().map(pushed).collect(),
            seen_day: this.seen_day,
            changes: this.changes,
            created: this.created,
            updated: this.updated,
            revision: this.revision,
        }
    }
}

impl DeviceRow {
    pub(super) fn read(self) -> Result<Device, Error> {
        let key = || keys::device(&self.device_type, &self.id).to_string();
        let mut reported = BTreeMap::new();
        for (attribute, version) in self.reported {
            let number = attribute.parse().ok().and_then(|id| TypeNumber::from_version_attribute_id(id).ok());
            let number = number.ok_or_else(|| Error::Corrupt {
                key: key(),
                reason: format!("{attribute} is no version attribute"),
            })?;
            reported.insert(number, version);
        }
        let mut pushes = BTreeMap::new();
        for row in self.pushes {
            let entry = row.entry.read(key)?;
            let number = entry.id().r#type;
            pushes.insert(number, Pushed { entry, feed: row.feed, at: row.at, until: row.until });
        }
        Ok(Device {
            partner: self.partner,
            device_type: self.device_type,
            id: self.id,
            pinned: self.pinned,
            pin_counted: self.pin_counted,
            provisional: self.provisional,
            feed: self.feed.clone(),
            tags: self.tags.into_iter().collect(),
            blocked: self.blocked,
            reported,
            beyond: self.beyond.into_iter().collect(),
            progress: self.progress.into_iter().map(|row| row.read(&self.feed)).collect(),
            lagging: self.lagging.into_iter().map(LaggingRow::read).collect(),
            pushes,
            seen_day: self.seen_day,
            changes: self.changes,
            created: self.created,
            updated: self.updated,
            revision: self.revision,
        })
    }
}

#[derive(Serialize, Deserialize)]
struct ListedRow {
    id: DeviceId,
}

impl Store {
    /// A device, as changes are decided upon.
    pub async fn device(&self, device_type: &DeviceTypeId, id: &DeviceId) -> Result<Option<Device>, Error> {
        let row: Option<DeviceRow> = self.read(&keys::device(device_type, id), Consistency::Strong).await?;
        row.map(DeviceRow::read).transpose()
    }

    /// Notes the day on which a device was heard of that had nothing new to say. Nothing depends on it but that it is told.
    pub async fn note_seen(&self, device: &Device) -> Result<(), Error> {
        self.client
            .update_item()
            .table_name(&self.table)
            .set_key(Some(key_attributes(&keys::device(&device.device_type, &device.id))))
            .update_expression("SET seenDay = :day, changes = :none")
            .condition_expression("attribute_exists(PK) AND seenDay < :day")
            .expression_attribute_values(":day", AttributeValue::N(device.seen_day.to_string()))
            .expression_attribute_values(":none", AttributeValue::N("0".to_owned()))
            .send()
            .await
            .map(drop)
            .or_else(|error| {
                // Somebody else has noted it, or the device has been forgotten: either will do.
                let known = error.as_service_error().is_some_and(
                    aws_sdk_dynamodb::operation::update_item::UpdateItemError::is_conditional_check_failed_exception,
                );
                if known { Ok(()) } else { Err(Error::unavailable("UpdateItem", &error)) }
            })
    }
}

impl Tx {
    /// Writes a device that was read as `known`, or that was not there, with the lists that it is in; one that is not known
    /// for good is in none.
    pub fn put_device(&mut self, this: &Device, known: Option<&Device>) {
        let (device_type, id) = (&this.device_type, &this.id);
        let when = known.map_or(When::Absent, |known| When::Revision(known.revision));
        self.put(&keys::device(device_type, id), &DeviceRow::from(this), &when, Guard::Changed);
        if this.provisional {
            return;
        }
        let known = known.filter(|known| !known.provisional);
        let listed = ListedRow { id: id.clone() };
        if known.is_none() {
            let key = keys::device_listed(device_type, shard(id), id);
            self.put(&key, &listed, &When::Always, Guard::Changed);
        }
        let runs = |device: Option<&Device>| -> Vec<(TypeNumber, i64)> {
            let all = device.into_iter().flat_map(|device| &device.reported);
            all.map(|(number, version)| (*number, version.get())).collect()
        };
        let (before, after) = (runs(known), runs(Some(this)));
        for gone in before.iter().filter(|each| !after.contains(each)) {
            let key = keys::device_running(device_type, *gone, shard(id), id);
            self.delete(&key, &When::Always, Guard::Changed);
        }
        for come in after.iter().filter(|each| !before.contains(each)) {
            let key = keys::device_running(device_type, *come, shard(id), id);
            self.put(&key, &listed, &When::Always, Guard::Changed);
        }
        for flag in Flag::ALL {
            let key = keys::device_flagged(device_type, flag, shard(id), id);
            match (known.is_some_and(|known| flag.is_on(known)), flag.is_on(this)) {
                (false, true) => self.put(&key, &listed, &When::Always, Guard::Changed),
                (true, false) => self.delete(&key, &When::Always, Guard::Changed),
                _ => {}
            }
        }
    }

    /// Changes the counts of a device's device type, in the device's shard.
    pub fn count_device(&mut self, device: &Device, counts: &[Count]) {
        let (device_type, shard) = (&device.device_type, count_shard(&device.id));
        let mut by_item = BTreeMap::<keys::Key, BTreeMap<Cow<'static, str>, i64>>::new();
        for count in counts {
            let (key, name, by) = match count {
                Count::Device => (keys::devices_counted(device_type, shard), "devices".into(), 1),
                Count::Runs { feed, running, by } => {
                    let key = keys::runs_counted(device_type, shard, feed, *running);
                    (key, "devices".into(), i64::from(*by))
                }
                Count::Image { feed, id, what } => {
                    (keys::image_counted(device_type, shard, feed, *id), attribute(*what).into(), 1)
                }
                Count::Out { id, out, by } => {
                    let key = keys::image_counted(device_type, shard, &out.feed, *id);
                    (key, out_attribute(out.slot).into(), i64::from(*by))
                }
            };
            *by_item.entry(key).or_default().entry(name).or_default() += by;
        }
        for (key, names) in by_item {
            let row_version = AttributeValue::N("1".to_owned());
            let mut change = Change::default().set("rowVersion", row_version);
            for (name, by) in names {
                change = change.add(name, by);
            }
            self.update(&key, change, &When::Always, Guard::Changed);
        }
    }
}

const fn attribute(what: Counted) -> &'static str {
    match what {
        Counted::Offered => "offered",
        Counted::Downloading => "downloading",
        Counted::Installing => "installing",
        Counted::Installed => "installed",
        Counted::Failed => "failed",
        Counted::Rejected => "rejected",
        Counted::Deferred => "deferred",
    }
}
