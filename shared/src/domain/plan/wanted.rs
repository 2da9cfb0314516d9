//! What a partner asks for when it sets a rollout, and the plan that this makes.

use super::{AutoPause, MOST_REQUIREMENTS, Plan, Tally};
use crate::domain::decision::{Requirement, Stage};
use crate::domain::rollout::{Allow, Rate, Rollout, Schedule, Share, Step, Window, offsets};
use crate::domain::{BinaryKind, Fault, ImageId, Name, Timestamp};

/// The most devices that a rollout names: they travel in the manifest that every check reads.
pub const MOST_DEVICES: usize = 200;
/// The most tags that a rollout names.
pub const MOST_TAGS: usize = 20;

/// A rollout as it is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wanted {
    /// How much of the fleet from the start on.
    pub share: Share,
    /// How much at which later moment.
    pub steps: Vec<Step>,
    /// When it begins; none for at once, or for when it has begun.
    pub start: Option<Timestamp>,
    /// In which hours of the day.
    pub window: Option<Hours>,
    /// How many devices an hour at most.
    pub rate_per_hour: Option<u32>,
    /// Who is taken in from the start.
    pub allow: Allow,
    /// When it halts by itself.
    pub auto_pause: Option<Limit>,
    /// What must be installed before it.
    pub requires: Vec<Requirement>,
    /// What it goes together with.
    pub bundle: Option<Name>,
    /// Whether devices must pass through it.
    pub floor: bool,
}

/// Hours of the day in some place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hours {
    /// The first minute since midnight.
    pub from: u16,
    /// The minute after the last.
    pub to: u16,
    /// What the place's time zone is called.
    pub zone: String,
}

/// When a rollout halts by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limit {
    /// How many of a hundred ends may be failures, 0 to 99.
    pub failure_percent: u8,
    /// How many ends must have been reported before that counts.
    pub min_reports: u32,
}

impl Default for Wanted {
    /// Everyone's at once.
    fn default() -> Self {
        Self {
            share: Share::ALL,
            steps: Vec::new(),
            start: None,
            window: None,
            rate_per_hour: None,
            allow: Allow::default(),
            auto_pause: None,
            requires: Vec::new(),
            bundle: None,
            floor: false,
        }
    }
}

impl Wanted {
    /// The plan that this makes of an image whose plan was `before`, in a fleet of so many known devices. Every fault is
    /// told with its field.
    ///
    /// What is asked for replaces what was asked for before; a halt stays, and so do the places of devices. A rate is
    /// turned into a share of the fleet that is known now, and counts from now and from what has been taken in so far; of a
    /// fleet that is not known it is refused.
    pub fn plan(
        self,
        id: ImageId,
        kind: BinaryKind,
        before: &Plan,
        fleet: u64,
        now: Timestamp,
    ) -> Result<Plan, Vec<Fault>> {
        let mut faults = Vec::new();
        if kind == BinaryKind::Package {
            faults.extend(self.beyond_packages().map(|field| {
                Fault::at(format!("/{field}"), "is not for packages: a feed holds one for all or for nobody")
            }));
        }
        if self.requires.len() > MOST_REQUIREMENTS {
            faults.push(Fault::at("/requires", "must hold at most 10"));
        }
        let began = match &before.stage {
            Stage::Rolling(rollout) => Some(rollout.schedule.start()),
            Stage::Released | Stage::Withdrawn => None,
        };
        let start = self.start.or(began).unwrap_or(now);
        if self.rate_per_hour.is_some() && fleet == 0 {
            let why =
                "cannot be turned into a share of the fleet: no device is known yet; use percent and steps";
            faults.push(Fault::at("/ratePerHour", why));
        }
        // What is halted stands where it stood, however long ago that was.
        let at = before.paused.map_or(now, |pause| pause.at.min(now));
        let rate = self.rate_per_hour.filter(|_| fleet > 0).map(|rate| {
            // Rounded up: a rate that is less than a device of each ten thousand is still a rate.
            let whole = u64::from(Share::ALL.hundredths());
            let per_hour = Share::at_most_all((u64::from(rate) * whole).div_ceil(fleet).max(1));
            let base = match &before.stage {
                Stage::Rolling(rollout) => rollout.schedule.share_at(at),
                Stage::Released | Stage::Withdrawn => Share::NONE,
            };
            Rate { per_hour, since: at.max(start), base }
        });
        let schedule = Schedule::new(start, self.share, self.steps, rate)
            .map_err(|why| faults.push(Fault::at("/steps", why)))
            .ok();
        let window = self.window.and_then(|hours| {
            let made = offsets(&hours.zone, now).map_err(|why| Fault::at("/window/timeZone", why)).and_then(
                |offsets| {
                    Window::new(hours.from, hours.to, hours.zone, offsets)
                        .map_err(|why| Fault::at("/window", why))
                },
            );
            made.map_err(|fault| faults.push(fault)).ok()
        });
        let since = before.auto_pause.map_or_else(Tally::default, |before| before.since);
        let (Some(schedule), true) = (schedule, faults.is_empty()) else { return Err(faults) };
        let rollout = Rollout { salt: salt(id), schedule, window, allow: self.allow };
        let whole = rollout.whole_at().is_some_and(|whole| whole <= at);
        Ok(Plan {
            stage: if whole { Stage::Released } else { Stage::Rolling(rollout) },
            paused: before.paused,
            floor: self.floor,
            requires: self.requires,
            bundle: self.bundle,
            auto_pause: self.auto_pause.map(|limit| AutoPause {
                failure_percent: limit.failure_percent,
                min_reports: limit.min_reports,
                since,
            }),
            rate_per_hour: self.rate_per_hour,
        })
    }

    /// The fields that say more than "for all" or "for nobody".
    fn beyond_packages(&self) -> impl Iterator<Item = &'static str> {
        let partly = self.share != Share::ALL && self.share != Share::NONE;
        [
            ("percent", partly),
            ("steps", !self.steps.is_empty()),
            ("startTimestamp", self.start.is_some()),
            ("window", self.window.is_some()),
            ("ratePerHour", self.rate_per_hour.is_some()),
            ("allow", self.allow != Allow::default()),
            ("autoPause", self.auto_pause.is_some()),
            ("requires", !self.requires.is_empty()),
            ("bundle", self.bundle.is_some()),
            ("floor", self.floor),
        ]
        .into_iter()
        .filter_map(|(field, given)| given.then_some(field))
    }
}

/// Gives a device another place in the rollout of each image, and the same in each of its feeds: who goes first with one
/// does not go first with all.
fn salt(id: ImageId) -> String {
    format!("{}/{}", id.r#type, id.number)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::plan::Pause;

    const NOW: Timestamp = Timestamp::from_millis(1_795_305_600_000);

    fn share(hundredths: u16) -> Share {
        hundredths.try_into().unwrap()
    }

    fn made(wanted: Wanted, before: &Plan, fleet: u64) -> Plan {
        wanted.plan("7105".parse().unwrap(), BinaryKind::Binary, before, fleet, NOW).unwrap()
    }

    fn rolling(plan: &Plan) -> &Rollout {
        let Stage::Rolling(rollout) = &plan.stage else { panic!("{plan:?}") };
        rollout
    }

    fn refused(wanted: Wanted, kind: BinaryKind) -> Vec<String> {
        let faults = wanted.plan("7105".parse().unwrap(), kind, &Plan::default(), 0, NOW).unwrap_err();
        faults.into_iter().map(|fault| fault.pointer).collect()
    }

    #[test]
    fn nothing_asked_for_is_everyones_at_once() {
        assert_eq!(made(Wanted::default(), &Plan::default(), 0), Plan::default());
    }

    #[test]
    fn a_part_begins_now_and_keeps_its_beginning_when_it_grows() {
        let first = made(Wanted { share: share(500), ..Wanted::default() }, &Plan::default(), 0);
        assert_eq!(rolling(&first).schedule.start(), NOW);
        let later = NOW.plus_seconds(60);
        let grown = Wanted { share: share(2500), ..Wanted::default() };
        let grown = grown.plan("7105".parse().unwrap(), BinaryKind::Binary, &first, 0, later).unwrap();
        assert_eq!(rolling(&grown).schedule.start(), NOW);
        assert_eq!(rolling(&grown).salt, rolling(&first).salt);
    }

    #[test]
    fn a_halt_and_what_was_counted_stay() {
        let pause = Some(Pause { at: NOW, failures: None });
        let since = Tally { failed: 3, ended: 5, silent: 1 };
        let auto = AutoPause { failure_percent: 1, min_reports: 1, since };
        let before = Plan { paused: pause, auto_pause: Some(auto), ..Plan::default() };
        let limit = Limit { failure_percent: 5, min_reports: 50 };
        let plan = made(Wanted { auto_pause: Some(limit), ..Wanted::default() }, &before, 0);
        assert_eq!(plan.paused, pause);
        assert_eq!(plan.auto_pause, Some(AutoPause { failure_percent: 5, min_reports: 50, since }));
    }

    #[test]
    fn a_rate_in_the_middle_of_a_rollout_goes_on_from_where_it_stands() {
        let first = made(Wanted { share: share(100), ..Wanted::default() }, &Plan::default(), 1000);
        let days = NOW.plus_seconds(3 * 86_400);
        let wanted = Wanted { rate_per_hour: Some(50), ..Wanted::default() };
        let slowed = wanted.plan("7105".parse().unwrap(), BinaryKind::Binary, &first, 1000, days).unwrap();
        let schedule = &rolling(&slowed).schedule;
        let shares = [0, 3600].map(|seconds| schedule.share_at(days.plus_seconds(seconds)).hundredths());
        assert_eq!(shares, [100, 600]);
    }

    #[test]
    fn a_plan_that_is_set_during_a_halt_makes_nothing_everyones_that_was_not() {
        let steps = vec![Step { at: NOW.plus_seconds(3600), share: Share::ALL }];
        let careful = || Wanted { share: share(500), steps: steps.clone(), ..Wanted::default() };
        let mut halted = made(careful(), &Plan::default(), 0);
        halted.paused = Some(Pause { at: NOW.plus_seconds(60), failures: None });
        let days = NOW.plus_seconds(3 * 86_400);
        let again = careful().plan("7105".parse().unwrap(), BinaryKind::Binary, &halted, 0, days).unwrap();
        assert_eq!(again, halted);
    }

    #[test]
    fn a_rate_becomes_a_share_of_the_known_fleet_and_is_never_nothing() {
        let wanted = |rate| Wanted { rate_per_hour: Some(rate), ..Wanted::default() };
        let per_hour = |rate, fleet| {
            rolling(&made(wanted(rate), &Plan::default(), fleet)).schedule.rate().map(|rate| rate.per_hour)
        };
        assert_eq!(per_hour(50, 1000), Some(share(500)));
        assert_eq!(per_hour(1, 1_000_000), Some(share(1)));
        assert_eq!(per_hour(5000, 1000), Some(Share::ALL));
        assert_eq!(refused(wanted(5), BinaryKind::Binary), ["/ratePerHour"]);
    }

    #[test]
    fn a_rollout_with_hours_is_not_everyones_until_they_are_taken_away() {
        let hours = Hours { from: 60, to: 240, zone: "Europe/Berlin".to_owned() };
        let plan = made(Wanted { window: Some(hours), ..Wanted::default() }, &Plan::default(), 0);
        assert_eq!(rolling(&plan).whole_at(), None);
        assert_eq!(made(Wanted::default(), &plan, 0).stage, Stage::Released);
    }

    #[test]
    fn a_package_is_for_all_or_for_nobody() {
        let nobody = Wanted { share: Share::NONE, ..Wanted::default() };
        let plan = nobody.plan("7105".parse().unwrap(), BinaryKind::Package, &Plan::default(), 0, NOW);
        assert!(!plan.unwrap().is_everyones());
        let much = Wanted {
            share: share(50),
            start: Some(NOW),
            rate_per_hour: Some(1),
            floor: true,
            ..Wanted::default()
        };
        let expected = ["/percent", "/startTimestamp", "/ratePerHour", "/floor", "/ratePerHour"];
        assert_eq!(refused(much, BinaryKind::Package), expected);
    }

    #[test]
    fn every_fault_is_told() {
        let wanted = Wanted {
            steps: vec![Step { at: NOW.plus_seconds(-5), share: share(700) }],
            window: Some(Hours { from: 0, to: 60, zone: "Mars".to_owned() }),
            ..Wanted::default()
        };
        assert_eq!(refused(wanted, BinaryKind::Binary), ["/steps", "/window/timeZone"]);
    }
}
