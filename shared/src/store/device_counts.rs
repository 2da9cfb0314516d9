//! Counts of devices: how many there are, what they run, and what they have made of each image.
//!
//! Each count lies in [`COUNT_SHARDS`] items, so that a fleet that reports at once is not held up by one; a device always
//! counts in the same shard, and in a transaction that takes note of it on the device, so that a retry counts nothing twice.

use std::collections::{BTreeMap, HashMap};

use serde::Deserialize;
use tokio::task::JoinSet;

use super::read::Consistency;
use super::{Error, Store, keys};
use crate::domain::number::ReportedVersion;
use crate::domain::plan::Tally;
use crate::domain::progress::{Slot, last_silent};
use crate::domain::{DeviceId, DeviceTypeId, FeedName, ImageId, Sha256, Timestamp, TypeNumber};

/// How many partitions a list of devices is spread over.
pub const SHARDS: u8 = 16;

/// How many items a count is spread over, as many as one `BatchGetItem` may well ask for: transactions that change the same
/// item at the same time cancel one another. A multiple of [`SHARDS`], by which devices were counted once: the sums are the
/// same, though single items may hold less than nothing.
pub const COUNT_SHARDS: u8 = 64;

/// What devices have made of one image in one feed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Counts {
    /// Devices that it was offered to.
    pub offered: u64,
    /// Devices that began to fetch it.
    pub downloading: u64,
    /// Devices that began to install it.
    pub installing: u64,
    /// Devices that came to run it.
    pub installed: u64,
    /// Devices that it failed on, or that were offered it in vain.
    pub failed: u64,
    /// Devices that declined it.
    pub rejected: u64,
    /// Devices that could not take it in for a reason that is not the image's.
    pub deferred: u64,
    /// Devices that are busy with it, by when they were last heard of.
    pub out: BTreeMap<Slot, i64>,
}

/// One shard of [`Counts`], as it lies in the table.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct CountsRow {
    offered: u64,
    downloading: u64,
    installing: u64,
    installed: u64,
    failed: u64,
    rejected: u64,
    deferred: u64,
    /// Those by [`out_attribute`] among them.
    #[serde(flatten)]
    others: HashMap<String, serde_json::Value>,
}

/// What begins the names of the attributes that count devices which are busy.
const OUT: &str = "out";

/// The attribute that counts devices which were last heard of in a slot.
pub(super) fn out_attribute(slot: Slot) -> String {
    format!("{OUT}{slot}")
}

impl Counts {
    /// How it has ended for devices. That one declined it, or could not take it in, says nothing of the image.
    pub fn tally(&self, now: Timestamp) -> Tally {
        let ended = self.failed.saturating_add(self.installed);
        Tally { failed: self.failed, ended, silent: self.silent(now) }
    }

    /// How many devices began and have not been heard of since, for longer than that should take. Approximate by a slot, and
    /// by those that are switched off.
    pub fn silent(&self, now: Timestamp) -> u64 {
        let old = self.out.range(..=last_silent(now)).map(|(_, devices)| (*devices).max(0));
        u64::try_from(old.sum::<i64>()).unwrap_or_default()
    }

    fn add(&mut self, row: CountsRow) {
        self.offered += row.offered;
        self.downloading += row.downloading;
        self.installing += row.installing;
        self.installed += row.installed;
        self.failed += row.failed;
        self.rejected += row.rejected;
        self.deferred += row.deferred;
        for (name, value) in row.others {
            let slot = name.strip_prefix(OUT).and_then(|slot| slot.parse::<Slot>().ok());
            if let (Some(slot), Some(devices)) = (slot, value.as_i64()) {
                *self.out.entry(slot).or_default() += devices;
            }
        }
    }
}

#[derive(Deserialize)]
struct DevicesRow {
    devices: i64,
}

/// The partition of lists that a device is in.
pub fn shard(device: &DeviceId) -> u8 {
    Sha256::of(device.as_str().as_bytes()).as_bytes()[0] % SHARDS
}

/// The shard that a device counts in.
pub fn count_shard(device: &DeviceId) -> u8 {
    Sha256::of(device.as_str().as_bytes()).as_bytes()[0] % COUNT_SHARDS
}

impl Store {
    /// What devices have made of an image in a feed: one `BatchGetItem`.
    pub async fn image_counts(
        &self,
        device_type: &DeviceTypeId,
        feed: &FeedName,
        id: ImageId,
    ) -> Result<Counts, Error> {
        let wanted: Vec<_> =
            (0..COUNT_SHARDS).map(|shard| keys::image_counted(device_type, shard, feed, id)).collect();
        let mut found = self.read_many(&wanted, Consistency::Strong).await?;
        let mut all = Counts::default();
        for key in &wanted {
            all.add(found.take::<CountsRow>(key)?.unwrap_or_default());
        }
        Ok(all)
    }

    /// How many devices of a device type are known: one `BatchGetItem`.
    pub async fn known_devices(&self, device_type: &DeviceTypeId) -> Result<u64, Error> {
        let wanted: Vec<_> =
            (0..COUNT_SHARDS).map(|shard| keys::devices_counted(device_type, shard)).collect();
        let mut found = self.read_many(&wanted, Consistency::Strong).await?;
        let mut all = 0;
        for key in &wanted {
            all += found.take::<DevicesRow>(key)?.map_or(0, |row| row.devices);
        }
        Ok(u64::try_from(all).unwrap_or_default())
    }
}

#[derive(Deserialize)]
struct RunsRow {
    #[serde(rename = "SK")]
    sk: String,
    #[serde(default)]
    devices: i64,
}

impl Store {
    /// How many devices in a feed report which version of a type: one `Query` for each shard, [`SHARDS`] of them side by side.
    pub async fn running(
        &self,
        device_type: &DeviceTypeId,
        feed: &FeedName,
        number: TypeNumber,
    ) -> Result<BTreeMap<ReportedVersion, u64>, Error> {
        let mut sums: BTreeMap<ReportedVersion, i64> = BTreeMap::new();
        for first in (0..COUNT_SHARDS).step_by(SHARDS.into()) {
            let mut reads = JoinSet::new();
            for shard in first..first + SHARDS {
                let (store, partition) = (self.clone(), keys::counts_partition(device_type, shard));
                let prefix = keys::runs_prefix(feed, number);
                reads.spawn(async move { store.read_range::<RunsRow>(&partition, &prefix).await });
            }
            while let Some(read) = reads.join_next().await {
                for row in read.map_err(|error| Error::Unavailable(error.to_string()))?? {
                    let digits = row.sk.rsplit('#').next().unwrap_or_default().trim_start_matches('0');
                    let version = if digits.is_empty() { "0" } else { digits };
                    if let Ok(version) = version.parse() {
                        *sums.entry(version).or_default() += row.devices;
                    }
                }
            }
        }
        let known = |(version, devices)| Some((version, u64::try_from(devices).ok().filter(|it| *it > 0)?));
        Ok(sums.into_iter().filter_map(known).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn serial_numbers_are_spread_over_the_shards() {
        let mut seen = [0_u32; COUNT_SHARDS as usize];
        for number in 0..6400 {
            let id = format!("SN-{number:06}").parse().unwrap();
            seen[usize::from(count_shard(&id))] += 1;
            assert_eq!(count_shard(&id) % SHARDS, shard(&id));
        }
        assert!(seen.iter().all(|count| (60..140).contains(count)), "{seen:?}");
    }

    #[test]
    fn what_a_device_declined_is_no_failure() {
        let counts = Counts { installed: 5, failed: 2, rejected: 9, ..Counts::default() };
        assert_eq!(counts.tally(Timestamp::from_millis(0)), Tally { failed: 2, ended: 7, silent: 0 });
    }
}
