//! What a device makes of an offer: its states, which only go forward, and when it is offered too often.

pub mod retry;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use self::retry::{Failure, MOST_FAILURES};
use super::device::Counted;
use super::{DeviceId, FeedName, Timestamp};

/// How often an image is offered to a device whose version does not change before it is withheld.
pub const MOST_OFFERS: u32 = 10;

/// What a device says of an update.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// It fetches the bytes.
    Downloading,
    /// It writes them.
    Installing,
    /// It is done, and will report the new version.
    Installed,
    /// It could not.
    Failed,
    /// It did not want to.
    Rejected,
}

impl State {
    /// Every state, from the first to the last.
    pub const ALL: [Self; 5] =
        [Self::Downloading, Self::Installing, Self::Installed, Self::Failed, Self::Rejected];

    /// The state as a word on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Downloading => "downloading",
            Self::Installing => "installing",
            Self::Installed => "installed",
            Self::Failed => "failed",
            Self::Rejected => "rejected",
        }
    }

    /// How far along: states with the same number exclude one another.
    const fn rank(self) -> u8 {
        match self {
            Self::Downloading => 1,
            Self::Installing => 2,
            Self::Installed | Self::Failed | Self::Rejected => 3,
        }
    }

    /// Whether nothing comes after it in the same attempt.
    pub const fn is_last(self) -> bool {
        self.rank() == 3
    }
}

/// A state, and when it was first said.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Said {
    /// The state.
    pub state: State,
    /// When.
    pub at: Timestamp,
}

/// What is counted of a device and an image, by the feed that it is counted in.
pub type Marks = BTreeMap<FeedName, BTreeSet<Counted>>;

/// What a device has made of one image so far.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Progress {
    /// How many offers of it counted since it was last reset.
    pub offers: u32,
    /// When the last of them was made.
    pub offered: Timestamp,
    /// Which attempt it is; 0 before the first.
    pub attempt: u32,
    /// The states of this attempt, in their order.
    pub said: Vec<Said>,
    /// Whether this attempt has ended, and the image was not offered again since.
    pub ended: bool,
    /// Whether the device runs it, or something newer, as it says.
    pub passed: bool,
    /// How many attempts have failed one after the other.
    pub in_a_row: u32,
    /// How strongly failures speak against the image.
    pub against: u32,
    /// Until when it is not offered again.
    pub held: Option<Timestamp>,
    /// What has been counted, each at most once.
    pub counted: Marks,
    /// What is to be counted yet.
    pub due: Marks,
    /// Since when the device has been busy with it without another word, if it is.
    pub out: Option<Out>,
    /// What of that has been counted.
    pub out_counted: Option<Out>,
}

/// A device that began to install an image and has not been heard of since.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Out {
    /// The feed that it is counted in.
    pub feed: FeedName,
    /// When it was last heard of.
    pub slot: Slot,
}

/// A stretch of [`SLOT_SECONDS`], by which devices are counted that were last heard of in it; 0 is the epoch's first.
pub type Slot = i64;

/// How long a slot is, in seconds.
pub const SLOT_SECONDS: i64 = 6 * 3_600;

/// How long a device may be busy without a word before it counts as silent, in seconds: it installs in minutes, and may then
/// be switched off for the night.
pub const GRACE_SECONDS: i64 = 86_400;

/// The slot of a moment.
pub const fn slot_of(at: Timestamp) -> Slot {
    at.seconds().div_euclid(SLOT_SECONDS)
}

/// The latest slot whose devices count as silent at `now`, if they have not been heard of since.
pub const fn last_silent(now: Timestamp) -> Slot {
    (now.seconds() - GRACE_SECONDS).div_euclid(SLOT_SECONDS) - 1
}

/// What a report changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Report {
    /// Something new: the attempt, and whether it is the first word of it.
    New {
        /// Which attempt.
        attempt: u32,
        /// Whether it begins with this.
        begins: bool,
    },
    /// It was said before, or something later was: nothing changes.
    Known,
}

impl Progress {
    /// An image that has just been offered for the first time.
    pub fn begin(now: Timestamp) -> Self {
        Self {
            offers: 1,
            offered: now,
            attempt: 0,
            said: Vec::new(),
            ended: false,
            passed: false,
            in_a_row: 0,
            against: 0,
            held: None,
            counted: Marks::new(),
            due: Marks::new(),
            out: None,
            out_counted: None,
        }
    }

    /// Has `what` counted in `feed`, unless it was already: true if it was not.
    pub fn mark(&mut self, feed: &FeedName, what: Counted) -> bool {
        let has = |marks: &Marks| marks.get(feed).is_some_and(|all| all.contains(&what));
        if has(&self.counted) || has(&self.due) {
            return false;
        }
        self.due.entry(feed.clone()).or_default().insert(what)
    }

    /// In which feed the word of a device counts that is `here`: there, unless it was offered the image only elsewhere, before
    /// it was put there; then where it was answered from `before`, if it was offered it there.
    pub fn told_in<'a>(&'a self, here: &'a FeedName, before: &'a FeedName) -> &'a FeedName {
        let has = |marks: &Marks, feed: &FeedName| {
            marks.get(feed).is_some_and(|all| all.contains(&Counted::Offered))
        };
        let offered = |feed: &FeedName| has(&self.counted, feed) || has(&self.due, feed);
        let anywhere = || self.counted.keys().chain(self.due.keys()).find(|feed| offered(feed));
        match (offered(here), offered(before)) {
            (true, _) => here,
            (false, true) => before,
            (false, false) => anywhere().unwrap_or(here),
        }
    }

    /// Whether it is withheld, or the device has failed with it and does not run it.
    pub const fn is_in_doubt(&self) -> bool {
        self.is_withheld() || (!self.passed && (self.against > 0 || self.held.is_some()))
    }

    /// Takes note of an offer, and says whether anything is new. An attempt that has ended may be followed by another one
    /// from now on. The offer counts if the last one that counted was made `spacing` seconds ago or more, nothing is under
    /// way, and the device has not declined it.
    ///
    /// A device that asks more often than it was told, or while it installs, is not at the end of its tries sooner; and one
    /// that does not want an image is not at fault.
    pub fn offer(&mut self, now: Timestamp, spacing: i64) -> bool {
        let open = std::mem::take(&mut self.ended);
        let last = self.said.last();
        let under_way = last.is_some_and(|said| !said.state.is_last() && now < said.at.plus_seconds(spacing));
        let declined = last.is_some_and(|said| said.state == State::Rejected);
        let counts = self.offers == 0 || now >= self.offered.plus_seconds(spacing);
        if under_way || declined || !counts {
            return open;
        }
        self.offers = self.offers.saturating_add(1);
        self.offered = now;
        true
    }

    /// Whether it has been offered, or has failed, often enough.
    pub const fn is_withheld(&self) -> bool {
        !self.passed && (self.offers >= MOST_OFFERS || self.against >= MOST_FAILURES)
    }

    /// Lets it be offered again. What has been counted stays counted.
    pub fn reset(&mut self) {
        (self.offers, self.in_a_row, self.against, self.held) = (0, 0, 0, None);
    }

    /// Takes note of whether the device runs it, or something newer, by now: true if it has just come to that.
    ///
    /// What it was offered in vain so far stays held against it: a device that falls back again and again is not offered the
    /// image for ever.
    pub fn pass(&mut self, passed: bool) -> bool {
        let news = passed && !self.passed;
        if news {
            (self.ended, self.in_a_row, self.against, self.held) = (false, 0, 0, None);
            self.said.clear();
        }
        self.passed = passed;
        news
    }

    /// Whether all of it is counted that is to be, and nothing that goes by itself.
    pub fn is_counted(&self) -> bool {
        self.due.is_empty() && self.out.is_none() && self.out_counted.is_none()
    }

    /// When anything of it last happened.
    pub fn latest(&self) -> Timestamp {
        self.said.last().map_or(self.offered, |said| said.at.max(self.offered))
    }

    /// Takes a report.
    ///
    /// Within an attempt states only go forward, in whatever order reports arrive, and each is kept with the time at which
    /// it was first said. Another attempt begins with the first word after the image was offered again; one that installs
    /// without having said that it downloads has left that out.
    pub fn report(&mut self, state: State, now: Timestamp) -> Report {
        let last = self.said.last().map(|said| said.state);
        let begins = last.is_none_or(|last| last.is_last() && !self.ended);
        if begins {
            self.attempt = self.attempt.saturating_add(1);
            self.said.clear();
        } else if last.is_some_and(|last| last.rank() >= state.rank()) {
            return Report::Known;
        }
        self.said.push(Said { state, at: now });
        self.ended = state.is_last();
        Report::New { attempt: self.attempt, begins }
    }

    /// Takes note that the device is busy with it at `now`, or that it was heard of otherwise.
    pub fn go_out(&mut self, feed: &FeedName, busy: bool, now: Timestamp) {
        self.out = busy.then(|| Out { feed: feed.clone(), slot: slot_of(now) });
    }

    /// Takes note of how an attempt has failed, and leaves the device alone for a while.
    pub fn fail(&mut self, failure: Failure, device: &DeviceId, now: Timestamp) {
        self.in_a_row = self.in_a_row.saturating_add(1);
        if let Failure::OfImage(weight) = failure {
            self.against = self.against.saturating_add(weight);
        }
        self.held = Some(retry::wait(device, self.in_a_row, now));
    }
}
