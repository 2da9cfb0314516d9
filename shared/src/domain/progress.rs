//! What a device makes of an offer: its states, which only go forward, and when it is offered too often.

use serde::{Deserialize, Serialize};

use super::{Timestamp, VersionNumber};

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

/// What a device has made of one image so far.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Progress {
    /// The image's number in its type.
    pub number: VersionNumber,
    /// How many offers of it counted.
    pub offers: u32,
    /// When the last of them was made.
    pub offered: Timestamp,
    /// Which attempt it is; 0 before the first.
    pub attempt: u32,
    /// The states of this attempt, in their order.
    pub said: Vec<Said>,
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
    pub fn begin(number: VersionNumber, now: Timestamp) -> Self {
        Self { number, offers: 1, offered: now, attempt: 0, said: Vec::new() }
    }

    /// Counts an offer, if the last one that counted was made `spacing` seconds ago or more, and nothing is under way; true
    /// if it counted.
    ///
    /// A device that asks more often than it was told, or while it installs, is not at the end of its tries sooner.
    pub fn offer(&mut self, now: Timestamp, spacing: i64) -> bool {
        let under_way =
            self.said.last().is_some_and(|said| !said.state.is_last() && now < said.at.plus_seconds(spacing));
        if under_way || now < self.offered.plus_seconds(spacing) {
            return false;
        }
        self.offers = self.offers.saturating_add(1);
        self.offered = now;
        true
    }

    /// Whether it has been offered often enough.
    pub const fn is_withheld(&self) -> bool {
        self.offers >= MOST_OFFERS
    }

    /// Takes a report.
    ///
    /// Within an attempt states only go forward, in whatever order reports arrive, and each is kept with the time at which
    /// it was first said. A device that begins again after the end of an attempt makes another one; one that installs
    /// without having said that it downloads has left that out.
    pub fn report(&mut self, state: State, now: Timestamp) -> Report {
        let last = self.said.last().map(|said| said.state);
        let begins = match last {
            None => true,
            Some(last) => last.is_last() && state == State::Downloading,
        };
        if begins {
            self.attempt = self.attempt.saturating_add(1);
            self.said.clear();
        } else if last.is_some_and(|last| last.rank() >= state.rank()) {
            return Report::Known;
        }
        self.said.push(Said { state, at: now });
        Report::New { attempt: self.attempt, begins }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn at(millis: i64) -> Timestamp {
        Timestamp::from_millis(millis)
    }

    fn progress() -> Progress {
        Progress::begin(7.try_into().unwrap(), at(0))
    }

    fn states(progress: &Progress) -> Vec<State> {
        progress.said.iter().map(|said| said.state).collect()
    }

    #[test]
    fn states_go_forward_and_repeats_change_nothing() {
        let mut it = progress();
        assert_eq!(it.report(State::Downloading, at(1)), Report::New { attempt: 1, begins: true });
        assert_eq!(it.report(State::Downloading, at(2)), Report::Known);
        assert_eq!(it.report(State::Installed, at(3)), Report::New { attempt: 1, begins: false });
        for late in [State::Installing, State::Failed, State::Rejected, State::Installed] {
            assert_eq!(it.report(late, at(4)), Report::Known, "{late:?}");
        }
        assert_eq!(states(&it), [State::Downloading, State::Installed]);
        assert_eq!(it.said[0].at, at(1), "when it was first said");
    }

    #[test]
    fn who_downloads_again_makes_another_attempt() {
        let mut it = progress();
        it.report(State::Downloading, at(1));
        it.report(State::Failed, at(2));
        assert_eq!(it.report(State::Downloading, at(3)), Report::New { attempt: 2, begins: true });
        assert_eq!(states(&it), [State::Downloading]);
    }

    #[test]
    fn only_offers_that_are_apart_count_and_at_last_it_is_withheld() {
        let mut it = progress();
        assert!(!it.offer(at(59_000), 60));
        for number in 1..i64::from(MOST_OFFERS) {
            assert!(!it.is_withheld(), "{number}");
            assert!(it.offer(at(60_000 * number), 60));
        }
        assert!(it.is_withheld());
    }

    #[test]
    fn who_is_busy_with_it_is_not_offered_it_in_vain_and_who_falls_silent_is() {
        let mut it = progress();
        it.report(State::Downloading, at(50_000));
        assert!(!it.offer(at(100_000), 60));
        assert!(it.offer(at(110_000), 60));
        it.report(State::Failed, at(111_000));
        assert!(it.offer(at(170_000), 60));
    }

    proptest! {
        #[test]
        fn however_reports_come_an_attempt_ends_once(
            reports in prop::collection::vec(prop_oneof![
                Just(State::Downloading), Just(State::Installing), Just(State::Installed),
                Just(State::Failed), Just(State::Rejected),
            ], 0..20),
        ) {
            let mut it = progress();
            for (time, state) in (1_i64..).zip(reports) {
                let before = it.clone();
                match it.report(state, at(time)) {
                    Report::Known => prop_assert_eq!(&it, &before),
                    Report::New { attempt, .. } => prop_assert_eq!(it.attempt, attempt),
                }
                let ranks: Vec<_> = it.said.iter().map(|said| said.state.rank()).collect();
                prop_assert!(ranks.is_sorted_by(|a, b| a < b), "{ranks:?}");
                prop_assert!(it.attempt >= before.attempt);
                // A lost reply, and the same report again.
                let once = it.clone();
                prop_assert_eq!(it.report(state, at(time + 1)), Report::Known);
                prop_assert_eq!(&it, &once);
            }
        }
    }
}
