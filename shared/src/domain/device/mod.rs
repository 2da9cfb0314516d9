//! Devices: what is known of one unit of a device type, and what its own words change of that.
//!
//! Pure: what a device says comes in with the moment, and what is to be stored and counted comes out.

mod checking;
mod counted;
mod reporting;

use std::collections::{BTreeMap, BTreeSet};

pub use checking::{Checked, Said, check};
pub use counted::{BEYOND, Count, Counted, Place};
pub use reporting::{Stated, Status, state};

use super::decision::{self, Push, Reported};
use super::progress::Progress;
use super::{DeviceId, DeviceTypeId, Entry, FeedName, ImageId, PartnerId, Tag, Timestamp, TypeNumber};

/// The most types that a device can report, and so the most attributes in a report.
pub const MOST_TYPES: usize = 200;

/// The most images that are kept of what a device has made of them, but for those that are withheld from it.
pub const MOST_PROGRESS: usize = 64;

/// The same of one type.
const MOST_PROGRESS_OF_TYPE: usize = 8;

/// The most words of a device in a day that change something: many times what one says that takes an update of everything,
/// and few enough for one that is broken, or lies, to cost little.
pub const MOST_CHANGES: u32 = 200;

/// The most types that are kept of a device which is not known for good.
pub const MOST_TYPES_AT_FIRST: usize = 20;

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
    /// Whether that is counted among the uses of the feed, as it is if it is one that the partner made.
    pub pin_counted: bool,
    /// Whether it has shown no token, and was heard of on one day alone: it is in no list and no count yet, and is forgotten
    /// if it is not heard of again.
    pub provisional: bool,
    /// The feed that it was answered from when it last said something new.
    pub feed: FeedName,
    /// What its partner calls it.
    pub tags: BTreeSet<Tag>,
    /// Whether it is to be left alone.
    pub blocked: bool,
    /// What it says that it runs.
    pub reported: Reported,
    /// The types of which it says that it runs a number that was never given out.
    pub beyond: BTreeSet<TypeNumber>,
    /// What it makes of the images that it was offered, at most [`MOST_PROGRESS`] of them.
    pub progress: BTreeMap<ImageId, Progress>,
    /// The types that are counted elsewhere than they are to be; none for those that are not counted.
    pub lagging: BTreeMap<TypeNumber, Option<Place>>,
    /// What it was told to install.
    pub pushes: BTreeMap<TypeNumber, Pushed>,
    /// The day on which it was last heard of (days since the epoch, UTC).
    pub seen_day: i64,
    /// How many words of it changed something on that day.
    pub changes: u32,
    /// When it was first heard of.
    pub created: Timestamp,
    /// When something of this last changed.
    pub updated: Timestamp,
    /// Rises with every change.
    pub revision: u64,
}

/// Something by which devices are found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Flag {
    /// An image is withheld from it.
    Withheld,
    /// Its partner wants it to be left alone.
    Blocked,
    /// It began to install an image and has not been heard of since.
    Silent,
}

impl Flag {
    /// Every flag.
    pub const ALL: [Self; 3] = [Self::Withheld, Self::Blocked, Self::Silent];

    /// The flag as a word on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Withheld => "withheld",
            Self::Blocked => "blocked",
            Self::Silent => "silent",
        }
    }

    /// Whether a device has it.
    pub fn is_on(self, device: &Device) -> bool {
        match self {
            Self::Withheld => device.withheld().next().is_some(),
            Self::Blocked => device.blocked,
            Self::Silent => device.is_out(),
        }
    }
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
            pin_counted: false,
            provisional: false,
            feed,
            tags: BTreeSet::new(),
            blocked: false,
            reported: Reported::new(),
            beyond: BTreeSet::new(),
            progress: BTreeMap::new(),
            lagging: BTreeMap::new(),
            pushes: BTreeMap::new(),
            seen_day: now.day(),
            changes: 0,
            created: now,
            updated: now,
            revision: 0,
        }
    }

    /// The feed that it is on: the one that its partner put it on, or the one that it was last answered from.
    pub fn on(&self) -> &FeedName {
        self.pinned.as_ref().unwrap_or(&self.feed)
    }

    /// Puts it on a feed, where it is counted from now on; none for whatever feed it asks for.
    pub fn put_on(&mut self, feed: Option<FeedName>) {
        let counted = self.counted();
        self.pinned = feed;
        self.lag(&counted);
    }

    /// In which feed what it says of an image counts.
    pub fn told_in(&self, id: ImageId) -> &FeedName {
        self.progress.get(&id).map_or(self.on(), |progress| progress.told_in(self.on(), &self.feed))
    }

    /// What a decision in `feed` sees of it: what it was told to install in another one does not count here.
    pub fn as_seen(&self, feed: &FeedName) -> decision::Device {
        decision::Device {
            id: Some(self.id.clone()),
            tags: self.tags.clone(),
            reported: self.reported.clone(),
            blocked: self.blocked,
            withheld: self.withheld().collect(),
            held: self.progress.iter().filter_map(|(id, progress)| Some((*id, progress.held?))).collect(),
            pushes: self.pushes.values().filter(|push| push.feed == *feed).map(Pushed::as_seen).collect(),
        }
    }

    /// Takes note of a word of it that changes something.
    fn touch(&mut self, now: Timestamp) {
        self.changes = if self.seen_day == now.day() { self.changes.saturating_add(1) } else { 1 };
        self.seen_day = now.day();
        self.updated = now;
        self.revision += 1;
    }

    /// Whether it has changed so much today that nothing more is taken in.
    pub fn is_used_up(&self, now: Timestamp) -> bool {
        self.seen_day == now.day() && self.changes >= MOST_CHANGES
    }

    /// Whether it may be forgotten by itself: nobody has shown any interest in it.
    pub fn expires(&self) -> bool {
        self.provisional
            && self.pinned.is_none()
            && !self.blocked
            && self.tags.is_empty()
            && self.pushes.is_empty()
    }

    /// Has nothing counted of it, if it is not known for good.
    fn count_later(&mut self) {
        if self.provisional {
            for progress in self.progress.values_mut() {
                progress.due.clear();
                progress.out = None;
            }
        }
    }

    /// The images that are withheld from it, since it was offered them often enough in vain, or failed often enough.
    pub fn withheld(&self) -> impl Iterator<Item = ImageId> {
        self.progress.iter().filter(|(_, progress)| progress.is_withheld()).map(|(id, _)| *id)
    }

    /// Until when an image is not offered to it, if that is still to come.
    pub fn held_until(&self, now: Timestamp) -> Option<Timestamp> {
        self.progress.values().filter_map(|progress| progress.held).filter(|until| now < *until).min()
    }

    /// Lets everything be offered again that was withheld or held back, as far as `which` says.
    pub fn reset(&mut self, which: impl Fn(ImageId) -> bool) {
        let stuck = |progress: &Progress| progress.is_withheld() || progress.held.is_some();
        let wanted = self.progress.iter_mut().filter(|(id, progress)| which(**id) && stuck(progress));
        wanted.for_each(|(_, progress)| progress.reset());
    }

    /// Forgets what it has made of images long ago, where that is too much: first of what it runs or is past, and never of
    /// what is withheld from it.
    fn trim(&mut self) {
        let mut of_type = BTreeMap::<TypeNumber, usize>::new();
        for id in self.progress.keys() {
            *of_type.entry(id.r#type).or_default() += 1;
        }
        for number in
            of_type.into_iter().filter(|(_, many)| *many > MOST_PROGRESS_OF_TYPE).map(|(number, _)| number)
        {
            self.trim_to(MOST_PROGRESS_OF_TYPE, |id| id.r#type == number);
        }
        self.trim_to(MOST_PROGRESS, |_| true);
    }

    fn trim_to(&mut self, most: usize, which: impl Fn(ImageId) -> bool) {
        let of_these = || self.progress.iter().filter(|(id, _)| which(**id));
        let excess = of_these().count().saturating_sub(most);
        let droppable = of_these().filter(|(_, progress)| !progress.is_withheld() && progress.is_counted());
        let mut oldest: Vec<_> =
            droppable.map(|(id, progress)| (!progress.passed, progress.latest(), *id)).collect();
        oldest.sort_unstable();
        for (_, _, id) in oldest.into_iter().take(excess) {
            self.progress.remove(&id);
        }
    }
}

impl Pushed {
    fn as_seen(&self) -> Push {
        Push { image: self.entry.candidate.clone(), until: self.until }
    }
}

#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;
