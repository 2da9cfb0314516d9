//! Rollouts: to which devices an associated image is given before it is everyone's, and from when on.
//!
//! Pure: the moment and the device come in as arguments. Nothing here knows how a rollout is changed or stored.

mod schedule;
mod share;
mod window;
mod zone;

use std::collections::BTreeSet;

pub use schedule::{Rate, Schedule, Step};
pub use share::{Cohort, Share};
pub use window::{Offset, Window};
pub use zone::offsets;

use super::device_id::DeviceId;
use super::{Tag, Timestamp};

/// How an image reaches a fleet bit by bit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rollout {
    /// What makes a device's place in this rollout another than in the next one. Never changed while it runs, or devices
    /// that were taken in would be left out again.
    pub salt: String,
    /// How large a part of the fleet is taken in, and when.
    pub schedule: Schedule,
    /// The hours in which it is offered; none for all.
    pub window: Option<Window>,
    /// Who is taken in from the start, wherever they stand.
    pub allow: Allow,
}

/// Devices that are named.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Allow {
    /// By their ids.
    pub devices: BTreeSet<DeviceId>,
    /// By a tag that the partner gave them.
    pub tags: BTreeSet<Tag>,
}

/// Why a device is not taken in, yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LeftOut {
    /// It has not begun.
    NotStarted {
        /// When it does.
        start: Timestamp,
    },
    /// It has not come to the device's place.
    NotInCohort {
        /// That place.
        cohort: Cohort,
        /// How far it has come.
        share: Share,
    },
    /// It is not the hour for it.
    OutsideWindow,
}

impl Allow {
    fn names(&self, id: &DeviceId, tags: &BTreeSet<Tag>) -> bool {
        self.devices.contains(id) || !self.tags.is_disjoint(tags)
    }
}

impl Rollout {
    /// From when on everyone is taken in who asks at any hour, if that is planned; never while there is a window.
    pub fn whole_at(&self) -> Option<Timestamp> {
        self.schedule.whole_at().filter(|_| self.window.is_none())
    }

    /// Whether a device is taken in at this moment.
    pub fn takes(&self, id: &DeviceId, tags: &BTreeSet<Tag>, now: Timestamp) -> Result<(), LeftOut> {
        let start = self.schedule.start();
        if now < start {
            return Err(LeftOut::NotStarted { start });
        }
        let (cohort, share) = (Cohort::of(&self.salt, id), self.schedule.share_at(now));
        if !share.holds(cohort) && !self.allow.names(id, tags) {
            return Err(LeftOut::NotInCohort { cohort, share });
        }
        if self.window.as_ref().is_some_and(|window| !window.is_open(now)) {
            return Err(LeftOut::OutsideWindow);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rollout(share: u16) -> Rollout {
        let start = Timestamp::from_millis(1000);
        Rollout {
            salt: "s".into(),
            schedule: Schedule::new(start, share.try_into().unwrap(), Vec::new(), None).unwrap(),
            window: None,
            allow: Allow::default(),
        }
    }

    fn takes(rollout: &Rollout, id: &str, tags: &[&str], millis: i64) -> Result<(), LeftOut> {
        let tags = tags.iter().map(|tag| tag.parse().unwrap()).collect();
        rollout.takes(&id.parse().unwrap(), &tags, Timestamp::from_millis(millis))
    }

    #[test]
    fn nobody_is_taken_in_before_the_start_not_even_who_is_named() {
        let mut all = rollout(10_000);
        all.allow.devices.insert("a".parse().unwrap());
        let start = Timestamp::from_millis(1000);
        assert_eq!(takes(&all, "a", &[], 999), Err(LeftOut::NotStarted { start }));
        assert_eq!(takes(&all, "a", &[], 1000), Ok(()));
    }

    #[test]
    fn who_is_named_is_taken_in_wherever_they_stand() {
        let mut none = rollout(0);
        none.allow.devices.insert("a".parse().unwrap());
        none.allow.tags.insert("lab".parse().unwrap());
        assert_eq!(takes(&none, "a", &[], 1000), Ok(()));
        assert_eq!(takes(&none, "b", &["lab", "x"], 1000), Ok(()));
        assert!(matches!(takes(&none, "b", &["x"], 1000), Err(LeftOut::NotInCohort { .. })));
    }

    #[test]
    fn outside_of_its_hours_nobody_is_taken_in() {
        let mut all = rollout(10_000);
        let utc = vec![Offset { since: Timestamp::from_millis(i64::MIN), seconds: 0 }];
        all.window = Some(Window::new(60, 120, "UTC".to_owned(), utc).unwrap());
        assert_eq!(takes(&all, "a", &[], 3_599_999), Err(LeftOut::OutsideWindow));
        assert_eq!(takes(&all, "a", &[], 3_600_000), Ok(()));
    }
}
