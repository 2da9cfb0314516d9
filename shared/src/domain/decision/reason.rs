//! The rules that include or exclude an image, as words.

use std::fmt;

use super::Requirement;
use crate::domain::rollout::LeftOut;
use crate::domain::{Timestamp, VersionNumber};

/// Why an image is or is not offered to a device.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reason {
    /// The device should install it now.
    Eligible,
    /// The device runs this number or a higher one. There is no downgrade.
    UpToDate,
    /// The device does not say what it runs of this type. Unknown is not zero: nothing is offered.
    NotReported,
    /// A higher one takes its place.
    Superseded,
    /// The device was told to install another one first.
    PushedOther {
        /// Which one.
        number: VersionNumber,
    },
    /// Another one must be installed before it.
    Floor {
        /// Which one.
        first: VersionNumber,
    },
    /// It is on its way to everyone, and the device has not said who it is.
    NotEveryones,
    /// Its rollout has not come to the device.
    LeftOut(LeftOut),
    /// It was taken back for good.
    Withdrawn,
    /// It is halted.
    Paused,
    /// Everything is halted for this device type.
    Stopped,
    /// The device is to be left alone.
    Blocked,
    /// The device was offered it often enough without installing it.
    Withheld,
    /// It failed on the device a while ago.
    BackingOff {
        /// When it is offered again.
        until: Timestamp,
    },
    /// Something that it needs is not installed.
    Requires(Requirement),
    /// Something that it goes together with is not there, or not offered.
    Bundle,
}

impl Reason {
    /// The reason as a stable word on the wire.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Eligible => "eligible",
            Self::UpToDate => "up_to_date",
            Self::NotReported => "not_reported",
            Self::Superseded => "superseded",
            Self::PushedOther { .. } => "pushed_other",
            Self::Floor { .. } => "floor",
            Self::NotEveryones => "not_everyones",
            Self::LeftOut(LeftOut::NotStarted { .. }) => "not_started",
            Self::LeftOut(LeftOut::NotInCohort { .. }) => "not_in_cohort",
            Self::LeftOut(LeftOut::OutsideWindow) => "outside_window",
            Self::Withdrawn => "withdrawn",
            Self::Paused => "paused",
            Self::Stopped => "stopped",
            Self::Blocked => "blocked",
            Self::Withheld => "withheld",
            Self::BackingOff { .. } => "backing_off",
            Self::Requires(_) => "requires",
            Self::Bundle => "bundle",
        }
    }
}

impl fmt::Display for Reason {
    /// A sentence without its full stop, for people.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Eligible => f.write_str("the device runs a lower number, and nothing speaks against it"),
            Self::UpToDate => f.write_str("the device runs this number or a higher one"),
            Self::NotReported => f.write_str("the device does not say what it runs of this type"),
            Self::Superseded => f.write_str("a higher number of this type takes its place"),
            Self::PushedOther { number } => write!(f, "number {number} was pushed to the device"),
            Self::Floor { first } => write!(f, "number {first} of this type must be installed before it"),
            Self::NotEveryones => {
                f.write_str("its rollout is under way, and only devices that say who they are take part")
            }
            Self::LeftOut(LeftOut::NotStarted { start }) => write!(f, "its rollout begins at {}", moment(*start)),
            Self::LeftOut(LeftOut::NotInCohort { cohort, share }) => {
                write!(f, "its rollout has come to {share} of the fleet, and the device stands at {cohort} %")
            }
            Self::LeftOut(LeftOut::OutsideWindow) => f.write_str("it is offered at other hours of the day"),
            Self::Withdrawn => f.write_str("it was withdrawn"),
            Self::Paused => f.write_str("its rollout is paused"),
            Self::Stopped => f.write_str("updates of this device type are stopped"),
            Self::Blocked => f.write_str("the device is blocked"),
            Self::Withheld => f.write_str(
                "it failed on the device, or was offered to it in vain, often enough, and its version did not change",
            ),
            Self::BackingOff { until } => {
                write!(f, "it failed on the device, and is offered again at {}", moment(*until))
            }
            Self::Requires(required) => {
                write!(f, "it needs number {} or higher of type {}", required.min, required.r#type)
            }
            Self::Bundle => {
                f.write_str("something that it goes together with is not there, or cannot be offered")
            }
        }
    }
}

fn moment(at: Timestamp) -> jiff::Timestamp {
    jiff::Timestamp::from_millisecond(at.millis()).unwrap_or_default()
}
