//! When a device should ask again: seldom enough that a fleet can be served, often enough that it can be reached.

use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::{DeviceId, Invalid, Sha256};

/// Seconds between two checks of a device, 60 to 604,800 (7 days): neither hammering nor silence can be asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(from = "u64", into = "u32")]
pub struct PollSeconds(u32);

impl PollSeconds {
    /// The least there is: a minute.
    pub const LEAST: Self = Self(60);
    /// The most there is: a week.
    pub const MOST: Self = Self(7 * 86_400);

    /// The seconds.
    pub const fn get(self) -> u32 {
        self.0
    }

    /// The nearest that there is to `seconds`, for what nobody can be told about any more.
    pub fn nearest(seconds: u64) -> Self {
        Self(u32::try_from(seconds).unwrap_or(u32::MAX)).clamp(Self::LEAST, Self::MOST)
    }
}

impl FromStr for PollSeconds {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        let seconds = digits.then(|| text.parse().ok()).flatten();
        let within = |seconds: &Self| (Self::LEAST..=Self::MOST).contains(seconds);
        seconds.map(Self).filter(within).ok_or(Invalid::because("must be whole seconds, 60 to 604800"))
    }
}

impl From<u64> for PollSeconds {
    /// What is stored was checked when it was written; should it ever be something else, it still harms nobody.
    fn from(seconds: u64) -> Self {
        Self::nearest(seconds)
    }
}

impl From<PollSeconds> for u32 {
    fn from(seconds: PollSeconds) -> Self {
        seconds.0
    }
}

/// How often devices of a device type should ask.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Polling {
    /// At other times; none for as often as the service is set up for.
    pub seconds: Option<PollSeconds>,
    /// While an image that may come to the device is on its way to everyone; counts only if it is shorter.
    pub rollout_seconds: Option<PollSeconds>,
}

/// How often devices should ask that nobody said anything of, in seconds, and over how many they are spread.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Usual {
    /// From one check to the next.
    pub seconds: u32,
    /// How many seconds more at most.
    pub jitter_seconds: u32,
}

/// When to ask again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Poll {
    /// After how many seconds.
    pub seconds: u32,
    /// How many seconds more at most, by dice of the device's.
    pub jitter_seconds: u32,
}

impl Polling {
    /// When a device should ask again that does not say who it is; `expecting` if an image on its way may come to it.
    ///
    /// Devices are spread over the same share of the time between two checks as is usual, and at most over all of it.
    pub fn poll(self, usual: Usual, expecting: bool) -> Poll {
        let usually = PollSeconds::nearest(usual.seconds.into());
        let calm = self.seconds.unwrap_or(usually);
        let soon = self.rollout_seconds.filter(|_| expecting).unwrap_or(calm);
        let seconds = calm.min(soon).get();
        let share = u64::from(seconds) * u64::from(usual.jitter_seconds) / u64::from(usually.get());
        Poll { seconds, jitter_seconds: u32::try_from(share).map_or(seconds, |share| share.min(seconds)) }
    }
}

impl Poll {
    /// The same for a device that says who it is: its own moment, that of a stable hash of its id, so that a fleet that was
    /// switched on at once does not ask at once.
    pub fn of(self, device: &DeviceId) -> Self {
        let digest = Sha256::of(device.as_str().as_bytes());
        let place = digest.as_bytes().iter().take(4).fold(0_u32, |sum, byte| (sum << 8) | u32::from(*byte));
        Self { seconds: self.seconds + place % (self.jitter_seconds + 1), jitter_seconds: 0 }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const USUAL: Usual = Usual { seconds: 21_600, jitter_seconds: 2160 };

    fn polling(seconds: Option<u64>, rollout: Option<u64>) -> Polling {
        let of = |seconds: Option<u64>| seconds.map(PollSeconds::nearest);
        Polling { seconds: of(seconds), rollout_seconds: of(rollout) }
    }

    #[test]
    fn what_is_asked_for_lies_between_a_minute_and_a_week() {
        for text in ["60", "604800", "3600"] {
            assert_eq!(text.parse::<PollSeconds>().unwrap().get().to_string(), text);
        }
        for text in ["", "59", "604801", "-60", "+60", "60.5", "6e3", "99999999999999999999", "0", " 60"] {
            assert!(text.parse::<PollSeconds>().is_err(), "{text}");
        }
    }

    #[test]
    fn what_is_stored_and_out_of_bounds_is_taken_for_the_nearest() {
        for (stored, expected) in [("0", 60), ("59", 60), ("3600", 3600), ("18446744073709551615", 604_800)] {
            assert_eq!(serde_json::from_str::<PollSeconds>(stored).unwrap().get(), expected);
        }
    }

    #[test]
    fn a_rollout_makes_it_sooner_and_never_later() {
        for (seconds, rollout, expecting, expected) in [
            (None, None, false, 21_600),
            (None, None, true, 21_600),
            (None, Some(600), false, 21_600),
            (None, Some(600), true, 600),
            (Some(300), Some(600), true, 300),
            (Some(300), None, true, 300),
            (Some(604_800), Some(3600), true, 3600),
        ] {
            let poll = polling(seconds, rollout).poll(USUAL, expecting);
            assert_eq!((poll.seconds, poll.jitter_seconds), (expected, expected / 10));
        }
    }

    #[test]
    fn a_fleet_is_spread_over_all_of_the_jitter_and_each_device_stays_where_it_is() {
        let poll = polling(Some(3600), None).poll(USUAL, false);
        let mut tenths = [0_u32; 10];
        for number in 0..2000 {
            let device: DeviceId = format!("SN-{number}").parse().unwrap();
            let own = poll.of(&device);
            assert_eq!((own, own.jitter_seconds), (poll.of(&device), 0));
            tenths[usize::try_from((own.seconds - 3600) * 10 / 361).unwrap()] += 1;
        }
        assert!(tenths.iter().all(|count| (150..250).contains(count)), "{tenths:?}");
    }

    proptest! {
        #[test]
        fn no_settings_make_a_fleet_hammer_or_fall_silent(
            usual: (u32, u32), seconds: Option<u64>, rollout: Option<u64>, expecting: bool, id in "[a-z0-9]{1,20}"
        ) {
            let usual = Usual { seconds: usual.0, jitter_seconds: usual.1 };
            let poll = polling(seconds, rollout).poll(usual, expecting);
            let own = poll.of(&id.parse().unwrap()).seconds;
            prop_assert!((60..=604_800).contains(&poll.seconds));
            prop_assert!(poll.jitter_seconds <= poll.seconds);
            prop_assert!((poll.seconds..=poll.seconds + poll.jitter_seconds).contains(&own));
        }
    }
}
