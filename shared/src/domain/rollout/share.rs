//! Parts of a fleet, and the place of a device in it: by a hash and never by dice, so that it is the same in every check.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::domain::device_id::DeviceId;
use crate::domain::{Invalid, Sha256};

/// How fine parts are: hundredths of a percent.
const WHOLE: u16 = 10_000;

/// A part of a fleet, in hundredths of a percent: 0 to 10,000.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "u16", into = "u16")]
pub struct Share(u16);

/// The place of a device in a rollout: 0 to 9,999. A part holds the devices whose places are below it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Cohort(u16);

impl Share {
    /// Nobody.
    pub const NONE: Self = Self(0);
    /// Everyone.
    pub const ALL: Self = Self(WHOLE);

    /// The part in hundredths of a percent.
    pub const fn hundredths(self) -> u16 {
        self.0
    }

    /// Whether a place is in this part. A larger part holds every place that a smaller one holds.
    pub const fn holds(self, cohort: Cohort) -> bool {
        cohort.0 < self.0
    }

    /// So many hundredths of a percent, and everyone from 10,000 on.
    pub(in crate::domain) fn at_most_all(hundredths: u64) -> Self {
        u16::try_from(hundredths).map_or(Self::ALL, |hundredths| Self(hundredths.min(WHOLE)))
    }
}

impl TryFrom<u16> for Share {
    type Error = Invalid;

    fn try_from(hundredths: u16) -> Result<Self, Invalid> {
        if hundredths > WHOLE {
            return Err(Invalid::because("must be 0 to 100 percent"));
        }
        Ok(Self(hundredths))
    }
}

impl From<Share> for u16 {
    fn from(share: Share) -> Self {
        share.0
    }
}

impl fmt::Display for Share {
    /// As `12.5 %`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} %", f64::from(self.0) / 100.0)
    }
}

impl Cohort {
    /// The place of a device, evenly spread over fleets of any ids.
    pub fn of(salt: &str, device: &DeviceId) -> Self {
        // A byte that neither holds keeps the two apart.
        let digest = Sha256::of(format!("{salt}\0{device}").as_bytes());
        let start = digest.as_bytes().iter().take(8).fold(0_u64, |sum, byte| (sum << 8) | u64::from(*byte));
        Self(u16::try_from(start % u64::from(WHOLE)).unwrap_or_default())
    }
}

impl fmt::Display for Cohort {
    /// As a percentage of the fleet that comes before it: `12.34`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", f64::from(self.0) / 100.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cohorts(salt: &str) -> Vec<Cohort> {
        (0..20_000).map(|id| Cohort::of(salt, &format!("device-{id}").parse().unwrap())).collect()
    }

    #[test]
    fn devices_are_spread_evenly() {
        for salt in ["a", "b"] {
            let cohorts = cohorts(salt);
            for hundredths in [100, 1000, 2500, 5000, 9000] {
                let share = Share::try_from(hundredths).unwrap();
                let held = cohorts.iter().filter(|cohort| share.holds(**cohort)).count();
                let expected = 2 * usize::from(hundredths);
                assert!(held.abs_diff(expected) < 150, "{held} of {expected} are below {share}");
            }
        }
    }

    #[test]
    fn everyone_is_below_the_whole_and_nobody_below_nothing() {
        for cohort in cohorts("x") {
            assert!(Share::ALL.holds(cohort) && !Share::NONE.holds(cohort));
        }
    }

    #[test]
    fn another_rollout_begins_with_other_devices() {
        let share = Share::try_from(100).unwrap();
        let first = |salt| cohorts(salt).into_iter().map(move |cohort| share.holds(cohort));
        let both = first("a").zip(first("b")).filter(|(a, b)| *a && *b).count();
        assert!(both < 20, "{both} of 200 are the first to get both");
    }

    #[test]
    fn a_place_never_changes() {
        let place = |salt, id: &str| Cohort::of(salt, &id.parse().unwrap()).0;
        assert_eq!([place("s", "a"), place("s", "b"), place("t", "a")], [2138, 8589, 2330]);
        assert_eq!(Share::try_from(1250).unwrap().to_string(), "12.5 %");
        assert!(Share::try_from(10_001).is_err());
    }
}
