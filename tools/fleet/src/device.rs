//! One device: what it does at its next moment, what it makes of a reply, and how long it waits then.
//!
//! It knows no wire and no time of day: moments are for the fleet to keep. All chance is its own, from a seed.

use fastrand::Rng;

use crate::clock::{HOUR, MINUTE, Moment, SECOND};
use crate::fates::{Fate, Traits};

/// How long a device waits for its next check until it was told.
const UNTOLD: Moment = 6 * HOUR;

/// What a device says to the service.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Saying {
    /// It runs this version number, and asks what to install.
    Runs(u64),
    /// It has come so far with this version number.
    State(u64, &'static str),
}

/// What a device does at its moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Act {
    Say(Saying),
    /// Nothing that anybody hears, until so much later.
    Wait(Moment),
    /// Nothing, ever again.
    Dies,
}

/// What a device hears.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Heard {
    /// Nothing: the reply was lost.
    Nothing,
    /// The answer to a check: what to install, and when to ask again.
    Check { offer: Option<u64>, next_poll: Moment },
    /// A state was taken in.
    Taken,
    /// It is to stop with what it does.
    Withdrawn,
    /// Something that no device should ever be answered.
    Refused,
}

/// What has become of an image on a device.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Happened {
    /// It was offered the image for the first time.
    Offered(u64),
    /// It runs the image.
    Runs(u64),
    /// An attempt failed.
    Failed(u64),
    /// It will never say a word again.
    Died(u64),
    /// It stopped, since the image was withdrawn.
    Stopped(u64),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Manner {
    /// Every state.
    Talkative,
    /// Failures alone.
    Terse,
    /// No states.
    Silent,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    Asking,
    Fetching(u64),
    Installing(u64),
    Ending(u64),
    Telling(u64, &'static str),
    Dead,
}

/// One device.
#[derive(Debug, Clone)]
pub(crate) struct Device {
    pub(crate) id: String,
    pub(crate) token: String,
    runs: u64,
    /// The newest image that it was ever offered.
    met: u64,
    manner: Manner,
    /// How long a second of its own takes, in thousandths.
    pace: Moment,
    poll: Moment,
    stage: Stage,
    traits: Traits,
    random: Rng,
}

impl Device {
    /// A device that runs version number `runs`, with chances out of `seed`.
    pub(crate) fn made(id: String, token: String, runs: u64, traits: Traits, seed: u64) -> Self {
        let mut random = Rng::with_seed(seed);
        let manner = match random.u8(0..100) {
            those if those < traits.talkative => Manner::Talkative,
            those if those < traits.talkative.saturating_add(traits.silent) => Manner::Silent,
            _ => Manner::Terse,
        };
        let skew = Moment::from(traits.skew);
        let pace = 1000 + random.i64(-skew..=skew);
        Self { id, token, runs, met: runs, manner, pace, poll: UNTOLD, stage: Stage::Asking, traits, random }
    }

    /// When it first asks: any moment of the time that devices have for a check.
    pub(crate) fn first_moment(&mut self) -> Moment {
        self.random.i64(0..UNTOLD)
    }

    /// What it runs.
    pub(crate) fn runs(&self) -> u64 {
        self.runs
    }

    /// Whether it will ever say a word again.
    pub(crate) fn is_alive(&self) -> bool {
        self.stage != Stage::Dead
    }

    /// Whether the next reply gets lost.
    pub(crate) fn loses(&mut self) -> bool {
        self.in_a_thousand(self.traits.lost_replies)
    }

    /// What it does now; `fate` is that of the image that it installs.
    pub(crate) fn acts(&mut self, fate: impl FnOnce(u64) -> Fate) -> (Option<Happened>, Act) {
        let say = |saying| (None, Act::Say(saying));
        match self.stage {
            Stage::Asking => say(Saying::Runs(self.runs)),
            Stage::Fetching(number) => say(Saying::State(number, "downloading")),
            Stage::Installing(number) => say(Saying::State(number, "installing")),
            Stage::Telling(number, state) => say(Saying::State(number, state)),
            Stage::Ending(number) => self.ends(number, fate(number)),
            Stage::Dead => (None, Act::Dies),
        }
    }

    fn ends(&mut self, number: u64, fate: Fate) -> (Option<Happened>, Act) {
        let chance = self.random.u8(0..100);
        if chance < fate.dies {
            self.stage = Stage::Dead;
            return (Some(Happened::Died(number)), Act::Dies);
        }
        if chance < fate.dies.saturating_add(fate.fails) {
            let act = if self.manner == Manner::Silent {
                self.stage = Stage::Asking;
                Act::Wait(self.until_the_next_check())
            } else {
                self.stage = Stage::Telling(number, "failed");
                Act::Say(Saying::State(number, "failed"))
            };
            return (Some(Happened::Failed(number)), act);
        }
        self.runs = number;
        let saying = if self.manner == Manner::Talkative {
            self.stage = Stage::Telling(number, "installed");
            Saying::State(number, "installed")
        } else {
            self.stage = Stage::Asking;
            Saying::Runs(number)
        };
        (Some(Happened::Runs(number)), Act::Say(saying))
    }

    /// What becomes of what it hears, and how long it waits then.
    pub(crate) fn hears(&mut self, heard: Heard) -> (Option<Happened>, Moment) {
        match (heard, self.stage) {
            (Heard::Nothing, _) => (None, self.between(20 * SECOND, 90 * SECOND)),
            (Heard::Check { offer, next_poll }, Stage::Asking) => {
                self.poll = next_poll;
                match offer {
                    Some(number) => self.is_offered(number),
                    None => (None, self.until_the_next_check()),
                }
            }
            (Heard::Withdrawn, Stage::Fetching(number) | Stage::Installing(number)) => {
                self.stage = Stage::Asking;
                (Some(Happened::Stopped(number)), self.until_the_next_check())
            }
            (Heard::Taken, Stage::Fetching(number)) => {
                self.stage = Stage::Installing(number);
                (None, self.between(MINUTE, 10 * MINUTE))
            }
            (Heard::Taken, Stage::Installing(number)) => {
                self.stage = Stage::Ending(number);
                (None, self.between(MINUTE, 10 * MINUTE))
            }
            (Heard::Taken | Heard::Withdrawn, Stage::Telling(_, "failed")) => {
                self.stage = Stage::Asking;
                (None, self.until_the_next_check())
            }
            (Heard::Taken | Heard::Withdrawn, Stage::Telling(..)) => {
                self.stage = Stage::Asking;
                (None, self.between(SECOND, 30 * SECOND))
            }
            // Whatever this is: it tries again.
            _ => (None, self.between(MINUTE, 5 * MINUTE)),
        }
    }

    fn is_offered(&mut self, number: u64) -> (Option<Happened>, Moment) {
        let first = (self.met < number).then_some(Happened::Offered(number));
        self.met = self.met.max(number);
        let wait = if self.manner == Manner::Talkative {
            self.stage = Stage::Fetching(number);
            self.between(5 * SECOND, 5 * MINUTE)
        } else {
            self.stage = Stage::Ending(number);
            self.between(2 * MINUTE, 25 * MINUTE)
        };
        (first, wait)
    }

    /// As long as it was told, by its own clock, and whatever comes between.
    fn until_the_next_check(&mut self) -> Moment {
        if self.in_a_thousand(self.traits.jumps) {
            return self.between(SECOND, MINUTE);
        }
        let told = self.poll * self.pace / 1000;
        if self.in_a_thousand(self.traits.offline) {
            told + self.between(0, Moment::from(self.traits.longest_spell) * HOUR)
        } else {
            told
        }
    }

    fn in_a_thousand(&mut self, chances: u16) -> bool {
        self.random.u16(0..1000) < chances
    }

    fn between(&mut self, least: Moment, most: Moment) -> Moment {
        self.random.i64(least..=most)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: Fate = Fate { fails: 0, dies: 0 };
    const FAILS: Fate = Fate { fails: 100, dies: 0 };
    const DIES: Fate = Fate { fails: 0, dies: 100 };
    const POLL: Moment = 1000 * SECOND;

    fn device(talkative: u8, silent: u8) -> Device {
        let traits =
            Traits { lost_replies: 0, offline: 0, skew: 0, jumps: 0, talkative, silent, ..Traits::default() };
        Device::made("SN-1".to_owned(), "token".to_owned(), 1, traits, 7)
    }

    fn offered(device: &mut Device, number: u64) -> Option<Happened> {
        assert_eq!(device.acts(|_| GOOD), (None, Act::Say(Saying::Runs(1))));
        device.hears(Heard::Check { offer: Some(number), next_poll: POLL }).0
    }

    #[test]
    fn a_talkative_device_says_every_state_in_its_order_and_then_what_it_runs() {
        let mut it = device(100, 0);
        assert_eq!(offered(&mut it, 2), Some(Happened::Offered(2)));
        for state in ["downloading", "installing"] {
            assert_eq!(it.acts(|_| GOOD), (None, Act::Say(Saying::State(2, state))));
            assert_eq!(it.hears(Heard::Taken).0, None);
        }
        let done = (Some(Happened::Runs(2)), Act::Say(Saying::State(2, "installed")));
        assert_eq!(it.acts(|_| GOOD), done);
        it.hears(Heard::Taken);
        assert_eq!(it.acts(|_| GOOD), (None, Act::Say(Saying::Runs(2))));
    }

    #[test]
    fn what_was_lost_is_said_again_and_nothing_happens_twice() {
        let mut it = device(0, 0);
        offered(&mut it, 2);
        let failed = Act::Say(Saying::State(2, "failed"));
        assert_eq!(it.acts(|_| FAILS), (Some(Happened::Failed(2)), failed));
        it.hears(Heard::Nothing);
        assert_eq!(it.acts(|_| FAILS), (None, failed));
        assert_eq!(it.hears(Heard::Taken), (None, POLL));
        assert_eq!(offered(&mut it, 2), None, "it has met that image");
    }

    #[test]
    fn a_silent_device_fails_without_a_word() {
        let mut it = device(0, 100);
        offered(&mut it, 2);
        assert_eq!(it.acts(|_| FAILS), (Some(Happened::Failed(2)), Act::Wait(POLL)));
        assert_eq!(it.acts(|_| FAILS), (None, Act::Say(Saying::Runs(1))));
    }

    #[test]
    fn a_device_that_died_never_acts_again() {
        let mut it = device(0, 0);
        offered(&mut it, 2);
        assert_eq!(it.acts(|_| DIES), (Some(Happened::Died(2)), Act::Dies));
        assert_eq!(it.acts(|_| GOOD), (None, Act::Dies));
        assert!(!it.is_alive());
    }

    #[test]
    fn a_device_stops_when_it_is_told_and_keeps_what_it_runs() {
        let mut it = device(100, 0);
        offered(&mut it, 2);
        it.acts(|_| GOOD);
        assert_eq!(it.hears(Heard::Withdrawn), (Some(Happened::Stopped(2)), POLL));
        assert_eq!(it.acts(|_| GOOD), (None, Act::Say(Saying::Runs(1))));
    }

    #[test]
    fn the_same_seed_makes_the_same_device() {
        let live = || {
            let mut it = Device::made(String::new(), String::new(), 1, Traits::default(), 11);
            let polls = (0..50).map(|_| it.hears(Heard::Check { offer: None, next_poll: POLL }).1);
            polls.collect::<Vec<_>>()
        };
        assert_eq!(live(), live());
        assert!(live().iter().any(|wait| *wait != live()[0]), "they differ among themselves");
    }
}
