//! Devices: what is known of one unit of a device type, and what its own words change of that.
//!
//! Pure: what a device says comes in with the moment, and what is to be stored and counted comes out.

mod checking;
mod counted;
mod reporting;

use std::collections::{BTreeMap, BTreeSet};

pub use checking::{Checked, Said, check};
pub use counted::{Count, Counted};
pub use reporting::{Stated, Status, state};

use super::decision::{self, Push, Reported};
use super::progress::Progress;
use super::{DeviceId, DeviceTypeId, Entry, FeedName, ImageId, PartnerId, Tag, Timestamp, TypeNumber};

/// The most types that a device can report, and so the most attributes in a report.
pub const MOST_TYPES: usize = 200;

/// One unit of a device type, as far as it is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Device {
    /// Whose device type it is of.
    pub partner: PartnerId,
    /// The device type.
    pub device_type: DeviceTypeId,
    /// Which unit.
    pub id: DeviceId,
    /// The feed that its partner put it on, whatever it asks for.
    pub pinned: Option<FeedName>,
    /// The feed that it was answered from when it last said something new.
    pub feed: FeedName,
    /// What its partner calls it.
    pub tags: BTreeSet<Tag>,
    /// Whether it is to be left alone.
    pub blocked: bool,
    /// What it says that it runs.
    pub reported: Reported,
    /// What it makes of the image of each type that it was last offered, until it runs it.
    pub progress: BTreeMap<TypeNumber, Progress>,
    /// What it was told to install.
    pub pushes: BTreeMap<TypeNumber, Pushed>,
    /// The day on which it was last heard of (days since the epoch, UTC).
    pub seen_day: i64,
    /// When it was first heard of.
    pub created: Timestamp,
    /// When something of this last changed.
    pub updated: Timestamp,
    /// Rises with every change.
    pub revision: u64,
}

/// An image that a device was told to install, with all that an offer of it says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pushed {
    /// What is offered. How it is given out is as of then: a withdrawal since is looked up.
    pub entry: Entry,
    /// The feed in which it was.
    pub feed: FeedName,
    /// When it was pushed.
    pub at: Timestamp,
    /// Until when that counts.
    pub until: Timestamp,
}

impl Device {
    /// A device that is heard of for the first time, in `feed`.
    pub fn first_heard_of(
        partner: PartnerId,
        device_type: DeviceTypeId,
        id: DeviceId,
        feed: FeedName,
        now: Timestamp,
    ) -> Self {
        Self {
            partner,
            device_type,
            id,
            pinned: None,
            feed,
            tags: BTreeSet::new(),
            blocked: false,
            reported: Reported::new(),
            progress: BTreeMap::new(),
            pushes: BTreeMap::new(),
            seen_day: now.day(),
            created: now,
            updated: now,
            revision: 0,
        }
    }

    /// What a decision in `feed` sees of it: what it was told to install in another one does not count here.
    pub fn as_seen(&self, feed: &FeedName) -> decision::Device {
        decision::Device {
            id: Some(self.id.clone()),
            tags: self.tags.clone(),
            reported: self.reported.clone(),
            blocked: self.blocked,
            withheld: self.withheld().collect(),
            pushes: self.pushes.values().filter(|push| push.feed == *feed).map(Pushed::as_seen).collect(),
        }
    }

    /// The images that are withheld from it, since it was offered them often enough in vain.
    pub fn withheld(&self) -> impl Iterator<Item = ImageId> {
        let held = self.progress.iter().filter(|(_, progress)| progress.is_withheld());
        held.map(|(number, progress)| ImageId { r#type: *number, number: progress.number })
    }
}

impl Pushed {
    fn as_seen(&self) -> Push {
        Push { image: self.entry.candidate.clone(), until: self.until }
    }
}

#[cfg(test)]
mod testing;
