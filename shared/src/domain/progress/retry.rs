//! What a failure means for the next try: whether it speaks against the image, and how long the device is left alone.
//!
//! Pure. A device's own word for a failure is looked at here and nowhere else.

use crate::domain::{DeviceId, Sha256, Timestamp};

/// How many failures that speak against an image a device may have before it is withheld from it.
pub const MOST_FAILURES: u32 = 3;

/// How long a device is left alone after its first failure, in seconds; each further one doubles that.
const FIRST_WAIT: i64 = 3_600;

/// How long it is left alone at most, in seconds, but for the jitter.
const LONGEST_WAIT: i64 = 86_400;

/// What a failure says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Failure {
    /// Nothing of the image: the device was not able to take it in just now, and nothing was installed.
    Circumstance,
    /// That the image may not fit the device, as strongly as so many ordinary failures.
    OfImage(u32),
}

impl Failure {
    /// What a device means by its word for a failure; a word that is not known, or none, is an ordinary failure of the
    /// image.
    ///
    /// An image that did not start is not tried again: what brought the device back this time may not do so the next time.
    pub fn of(code: Option<&str>) -> Self {
        match code {
            Some(
                "download_failed" | "checksum_mismatch" | "no_space" | "battery_low" | "busy" | "timeout",
            ) => Self::Circumstance,
            Some("boot_failed") => Self::OfImage(MOST_FAILURES),
            _ => Self::OfImage(1),
        }
    }
}

/// Until when a device is left alone whose last `in_a_row` attempts have failed, the last one at `now`: 1 hour, doubled
/// with each failure, a day at most; and up to a quarter more, the same for a device each time and another for the next
/// one.
pub fn wait(device: &DeviceId, in_a_row: u32, now: Timestamp) -> Timestamp {
    let doubled = FIRST_WAIT.saturating_mul(1 << in_a_row.saturating_sub(1).min(16));
    let seconds = doubled.min(LONGEST_WAIT);
    let digest = Sha256::of(device.as_str().as_bytes());
    let place =
        digest.as_bytes().iter().skip(4).take(4).fold(0_i64, |sum, byte| (sum << 8) | i64::from(*byte));
    now.plus_seconds(seconds + place % (seconds / 4 + 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_device_could_not_help_does_not_speak_against_the_image() {
        for (code, expected) in [
            (Some("no_space"), Failure::Circumstance),
            (Some("download_failed"), Failure::Circumstance),
            (Some("install_failed"), Failure::OfImage(1)),
            (Some("E7"), Failure::OfImage(1)),
            (None, Failure::OfImage(1)),
            (Some("boot_failed"), Failure::OfImage(MOST_FAILURES)),
        ] {
            assert_eq!(Failure::of(code), expected, "{code:?}");
        }
    }

    #[test]
    fn each_failure_doubles_the_wait_up_to_a_day_and_devices_differ() {
        let (now, hour) = (Timestamp::from_millis(0), 3_600);
        let waits = |id: &str, count| wait(&id.parse().unwrap(), count, now).seconds();
        for (count, least) in
            [(1, hour), (2, 2 * hour), (3, 4 * hour), (5, 16 * hour), (6, 24 * hour), (99, 24 * hour)]
        {
            let seconds = waits("SN-1", count);
            assert!((least..=least + least / 4).contains(&seconds), "{count}: {seconds}");
        }
        assert_eq!(waits("SN-1", 1), waits("SN-1", 1));
        let all: std::collections::BTreeSet<_> =
            (0..9).map(|number| waits(&format!("SN-{number}"), 1)).collect();
        assert!(all.len() > 7, "{all:?}");
    }
}
