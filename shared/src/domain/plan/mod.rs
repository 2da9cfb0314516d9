//! Plans: how an associated image is given out, as its partner has set it.
//!
//! Pure. A decision sees a plan as a [`Candidate`]; how plans are changed and stored is not known here.

mod narrowing;
mod wanted;

pub use narrowing::narrows;
#[cfg(test)]
pub(in crate::domain) use wanted::salt;
pub use wanted::{Hours, Limit, MOST_DEVICES, MOST_TAGS, Wanted};

use super::decision::{Bundle, Candidate, Requirement, Stage};
use super::{ImageId, Timestamp};

/// How an associated image is given out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    /// How far it has come.
    pub stage: Stage,
    /// Since when and why it is halted; none if it is not.
    pub paused: Option<Pause>,
    /// Whether devices below it must install it before anything above it; stays when it is withdrawn.
    pub floor: bool,
    /// What must be installed before it, at most [`MOST_REQUIREMENTS`].
    pub requires: Vec<Requirement>,
    /// What it goes together with.
    pub bundle: Option<Bundle>,
    /// When it is halted by itself.
    pub auto_pause: Option<AutoPause>,
    /// The devices an hour that were asked for when its growth was computed; none for no limit.
    pub rate_per_hour: Option<u32>,
}

/// The most requirements that an image may have.
pub const MOST_REQUIREMENTS: usize = 10;

/// A halt, until somebody resumes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pause {
    /// Since when.
    pub at: Timestamp,
    /// What devices had reported when too many had failed; none if somebody asked for it.
    pub failures: Option<Tally>,
}

/// How attempts to install an image have ended.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Tally {
    /// Failed.
    pub failed: u64,
    /// Ended in any way, failures included.
    pub ended: u64,
    /// Begun, and not heard of for longer than that should take: held against the image as failures are.
    pub silent: u64,
}

/// When an image is halted by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AutoPause {
    /// How many of a hundred ends may be failures, 0 to 99.
    pub failure_percent: u8,
    /// How many ends must have been reported before that counts; at least 1.
    pub min_reports: u32,
    /// What had been reported when it was set, or last resumed, and counts no more.
    pub since: Tally,
}

impl Default for Plan {
    /// Everyone's at once, with no conditions.
    fn default() -> Self {
        Self {
            stage: Stage::Released,
            paused: None,
            floor: false,
            requires: Vec::new(),
            bundle: None,
            auto_pause: None,
            rate_per_hour: None,
        }
    }
}

impl Plan {
    /// What a decision sees of the image `id` that is given out like this.
    pub fn candidate(&self, id: ImageId) -> Candidate {
        Candidate {
            id,
            stage: self.stage.clone(),
            paused: self.paused.is_some(),
            floor: self.floor,
            requires: self.requires.clone(),
            bundle: self.bundle.clone(),
        }
    }

    /// What goes with the image into another feed: what it needs there as here, and a halt, which somebody or too many
    /// failures have put on the image. How far it has come does not.
    #[must_use]
    pub fn promoted(&self) -> Self {
        let Self { paused, floor, requires, bundle, .. } = self.clone();
        Self { paused, floor, requires, bundle, ..Self::default() }
    }

    /// Whether it can never be offered again.
    pub fn is_withdrawn(&self) -> bool {
        self.stage == Stage::Withdrawn
    }

    /// Whether every device may have it that asks now: what feeds hold.
    pub fn is_everyones(&self) -> bool {
        self.stage == Stage::Released && self.paused.is_none()
    }
}

impl AutoPause {
    /// Whether what has been reported in all is too much.
    pub fn is_too_much(&self, all: Tally) -> bool {
        let silent = all.silent.saturating_sub(self.since.silent);
        let failed = all.failed.saturating_sub(self.since.failed).saturating_add(silent);
        let ended = all.ended.saturating_sub(self.since.ended).saturating_add(silent);
        ended >= u64::from(self.min_reports)
            && failed.saturating_mul(100) > ended.saturating_mul(u64::from(self.failure_percent))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tally(failed: u64, ended: u64) -> Tally {
        Tally { failed, ended, silent: 0 }
    }

    #[test]
    fn too_many_failures_are_more_than_the_share_of_enough_reports() {
        let rule = AutoPause { failure_percent: 5, min_reports: 20, since: Tally::default() };
        for (all, expected) in [
            (tally(19, 19), false),
            (tally(1, 20), false),
            (tally(2, 20), true),
            (tally(5, 100), false),
            (tally(6, 100), true),
        ] {
            assert_eq!(rule.is_too_much(all), expected, "{all:?}");
        }
        let strict = AutoPause { failure_percent: 0, min_reports: 1, since: Tally::default() };
        assert!(strict.is_too_much(tally(1, 1)) && !strict.is_too_much(tally(0, 1)));
    }

    #[test]
    fn what_was_reported_before_it_was_resumed_counts_no_more() {
        let rule = AutoPause { failure_percent: 5, min_reports: 20, since: tally(10, 100) };
        assert!(!rule.is_too_much(tally(10, 119)));
        assert!(!rule.is_too_much(tally(11, 120)));
        assert!(rule.is_too_much(tally(12, 120)));
    }

    #[test]
    fn who_fell_silent_counts_as_failed() {
        let rule =
            AutoPause { failure_percent: 5, min_reports: 20, since: Tally { silent: 3, ..tally(1, 10) } };
        assert!(!rule.is_too_much(Tally { silent: 4, ..tally(1, 28) }), "19 reports");
        assert!(!rule.is_too_much(Tally { silent: 4, ..tally(1, 29) }), "1 of 20");
        assert!(rule.is_too_much(Tally { silent: 5, ..tally(1, 29) }), "2 of 21");
    }

    #[test]
    fn what_an_image_needs_and_a_halt_go_with_it_to_another_feed_and_its_rollout_does_not() {
        let pause = Pause { at: Timestamp::from_millis(1), failures: None };
        let plan = Plan { stage: Stage::Withdrawn, paused: Some(pause), floor: true, ..Plan::default() };
        assert_eq!(plan.promoted(), Plan { paused: Some(pause), floor: true, ..Plan::default() });
    }
}
