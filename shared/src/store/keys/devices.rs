//! The keys of devices, and of what is counted of them.

use super::{Key, key, padded};
use crate::domain::device::Flag;
use crate::domain::{DeviceId, DeviceTypeId, FeedName, ImageId, Timestamp, TypeNumber};

/// The partition of a device.
pub fn device_partition(device_type: &DeviceTypeId, id: &DeviceId) -> String {
    format!("DEV#{device_type}#{id}")
}

/// A device.
pub fn device(device_type: &DeviceTypeId, id: &DeviceId) -> Key {
    key(device_partition(device_type, id), "META")
}

/// The sort-key prefix of a device's history.
pub const EVENT: &str = "EVT#";

/// One moment in a device's history; `revision` is that which it had from then on.
pub fn device_event(device_type: &DeviceTypeId, id: &DeviceId, at: Timestamp, revision: u64) -> Key {
    key(device_partition(device_type, id), format!("{EVENT}{:013}#{revision:010}", at.millis()))
}

/// The partition of one shard of a device type's devices.
pub fn devices_partition(device_type: &DeviceTypeId, shard: u8) -> String {
    format!("DEVS#{device_type}#{shard:02}")
}

/// A device in the list of its device type's.
pub fn device_listed(device_type: &DeviceTypeId, shard: u8, id: &DeviceId) -> Key {
    key(devices_partition(device_type, shard), id.as_str())
}

/// The partition of one shard of the devices that run a version.
pub fn running_partition(device_type: &DeviceTypeId, running: (TypeNumber, i64), shard: u8) -> String {
    format!("DEVV#{device_type}#{:03}#{}#{shard:02}", running.0.get(), running.1)
}

/// A device in the list of those that run a version.
pub fn device_running(
    device_type: &DeviceTypeId,
    running: (TypeNumber, i64),
    shard: u8,
    id: &DeviceId,
) -> Key {
    key(running_partition(device_type, running, shard), id.as_str())
}

/// The partition of the devices with a flag; of those that are silent, one shard of it, since a whole fleet may be busy at
/// once.
pub fn flagged_partition(device_type: &DeviceTypeId, flag: Flag, shard: u8) -> String {
    match flag {
        Flag::Withheld => format!("DEVF#{device_type}"),
        Flag::Blocked => format!("DEVB#{device_type}"),
        Flag::Silent => format!("DEVO#{device_type}#{shard:02}"),
    }
}

/// A device in the list of those with a flag.
pub fn device_flagged(device_type: &DeviceTypeId, flag: Flag, shard: u8, id: &DeviceId) -> Key {
    key(flagged_partition(device_type, flag, shard), id.as_str())
}

/// The partition of one shard of a device type's counts.
pub fn counts_partition(device_type: &DeviceTypeId, shard: u8) -> String {
    format!("COUNT#{device_type}#{shard:02}")
}

/// One shard of the count of a device type's devices.
pub fn devices_counted(device_type: &DeviceTypeId, shard: u8) -> Key {
    key(counts_partition(device_type, shard), "DEVICES")
}

/// One shard of what devices have made of an image.
pub fn image_counted(device_type: &DeviceTypeId, shard: u8, feed: &FeedName, id: ImageId) -> Key {
    key(counts_partition(device_type, shard), format!("IMAGE#{feed}#{}", padded(id)))
}

/// The sort-key prefix of the counts of devices by the version that they run of a type, in a feed.
pub fn runs_prefix(feed: &FeedName, number: TypeNumber) -> String {
    format!("RUNS#{feed}#{:03}#", number.get())
}

/// One shard of the count of devices that run a version in a feed.
pub fn runs_counted(
    device_type: &DeviceTypeId,
    shard: u8,
    feed: &FeedName,
    running: (TypeNumber, i64),
) -> Key {
    let sk = format!("{}{:019}", runs_prefix(feed, running.0), running.1);
    key(counts_partition(device_type, shard), sk)
}

#[cfg(test)]
mod tests {
    use super::super::image_in;
    use super::*;

    #[test]
    fn every_key_that_holds_a_version_says_which() {
        let (kettle, beta) = ("kettle".parse().unwrap(), "beta".parse().unwrap());
        let id: ImageId = "7105".parse().unwrap();
        let running = (id.r#type, 7);
        let device = "SN-1".parse().unwrap();
        for key in [
            image_counted(&kettle, 3, &beta, id),
            runs_counted(&kettle, 3, &beta, running),
            device_running(&kettle, running, 3, &device),
        ] {
            assert_eq!(image_in(&key), Some(id), "{key}");
        }
    }
}
