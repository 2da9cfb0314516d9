//! Counts of devices: how many there are, what they run, and what they have made of each image.
//!
//! Each count lies in [`SHARDS`] items, so that a fleet that reports at once is not held up by one; a device always counts
//! in the same shard, and in the transaction that says what is counted, so that a retry counts nothing twice.

use serde::Deserialize;

use super::read::Consistency;
use super::{Error, Store, keys};
use crate::domain::plan::Tally;
use crate::domain::{DeviceId, DeviceTypeId, FeedName, ImageId, Sha256};

/// How many items a count is spread over: DynamoDB takes 1,000 writes a second for each.
pub const SHARDS: u8 = 16;

/// What devices have made of one image in one feed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct Counts {
    /// Devices that it was offered to.
    pub offered: u64,
    /// Attempts that began with a download.
    pub downloading: u64,
    /// Attempts that came to installing.
    pub installing: u64,
    /// Attempts that ended well.
    pub installed: u64,
    /// Attempts that failed.
    pub failed: u64,
    /// Attempts that the device itself declined.
    pub rejected: u64,
}

impl Counts {
    /// How attempts have ended. One that a device declined says nothing of the image.
    pub fn tally(&self) -> Tally {
        Tally { failed: self.failed, ended: self.failed.saturating_add(self.installed) }
    }

    fn plus(self, other: Self) -> Self {
        Self {
            offered: self.offered + other.offered,
            downloading: self.downloading + other.downloading,
            installing: self.installing + other.installing,
            installed: self.installed + other.installed,
            failed: self.failed + other.failed,
            rejected: self.rejected + other.rejected,
        }
    }
}

#[derive(Deserialize)]
struct DevicesRow {
    devices: u64,
}

/// The shard that a device counts in.
pub fn shard(device: &DeviceId) -> u8 {
    Sha256::of(device.as_str().as_bytes()).as_bytes()[0] % SHARDS
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
            (0..SHARDS).map(|shard| keys::image_counted(device_type, shard, feed, id)).collect();
        let mut found = self.read_many(&wanted, Consistency::Strong).await?;
        let mut all = Counts::default();
        for key in &wanted {
            all = all.plus(found.take::<Counts>(key)?.unwrap_or_default());
        }
        Ok(all)
    }

    /// How many devices of a device type are known: one `BatchGetItem`.
    pub async fn known_devices(&self, device_type: &DeviceTypeId) -> Result<u64, Error> {
        let wanted: Vec<_> = (0..SHARDS).map(|shard| keys::devices_counted(device_type, shard)).collect();
        let mut found = self.read_many(&wanted, Consistency::Strong).await?;
        let mut all = 0;
        for key in &wanted {
            all += found.take::<DevicesRow>(key)?.map_or(0, |row| row.devices);
        }
        Ok(all)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn serial_numbers_are_spread_over_the_shards() {
        let mut seen = [0_u32; SHARDS as usize];
        for number in 0..1600 {
            seen[usize::from(shard(&format!("SN-{number:06}").parse().unwrap()))] += 1;
        }
        assert!(seen.iter().all(|count| (60..140).contains(count)), "{seen:?}");
    }

    #[test]
    fn what_a_device_declined_is_no_failure() {
        let counts = Counts { installed: 5, failed: 2, rejected: 9, ..Counts::default() };
        assert_eq!(counts.tally(), Tally { failed: 2, ended: 7 });
    }
}
