//! How large a part of a fleet a rollout takes in, and when: steps that are known beforehand, and a rate that slows them.

use super::Share;
use crate::domain::{Invalid, Timestamp};

/// The most steps that a schedule may have.
const MOST_STEPS: usize = 50;
const HOUR: i64 = 3_600_000;

/// From a moment on a larger part.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Step {
    /// From when on.
    pub at: Timestamp,
    /// How much in all.
    pub share: Share,
}

/// A rate that slows what is planned: it counts from the moment at which it was asked for, and from what had been taken in
/// by then, or whatever was done before would be thrown in at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rate {
    /// How much more in an hour at most.
    pub per_hour: Share,
    /// From when on.
    pub since: Timestamp,
    /// How much had been taken in at that moment.
    pub base: Share,
}

/// What part of a fleet is taken in at which moment; it only ever grows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Schedule {
    start: Timestamp,
    first: Share,
    steps: Vec<Step>,
    rate: Option<Rate>,
}

impl Schedule {
    /// A schedule that takes in `first` from `start` on, more at each step, and no faster than `rate` lets it. Refused if a step is not after the one before it, or takes in no more.
    pub fn new(
        start: Timestamp,
        first: Share,
        steps: Vec<Step>,
        rate: Option<Rate>,
    ) -> Result<Self, Invalid> {
        if steps.len() > MOST_STEPS {
            return Err(Invalid::because("must be at most 50 steps"));
        }
        if rate.is_some_and(|rate| rate.per_hour == Share::NONE) {
            return Err(Invalid::because("must take in somebody in each hour"));
        }
        let mut last = Step { at: start, share: first };
        for step in &steps {
            if step.at <= last.at || step.share <= last.share {
                return Err(Invalid::because("must each be later than the step before, and take in more"));
            }
            last = *step;
        }
        Ok(Self { start, first, steps, rate })
    }

    /// What it takes in at the start.
    pub const fn first(&self) -> Share {
        self.first
    }

    /// When it takes in more, in order.
    pub fn steps(&self) -> &[Step] {
        &self.steps
    }

    /// What slows it; none for no limit.
    pub const fn rate(&self) -> Option<Rate> {
        self.rate
    }

    /// When it begins.
    pub const fn start(&self) -> Timestamp {
        self.start
    }

    /// The same schedule after a halt from `from` until `to`: it goes on where it stood, and not where it would have come.
    #[must_use]
    pub fn after_halt(&self, from: Timestamp, to: Timestamp) -> Self {
        let lost = to.millis().saturating_sub(from.max(self.start).millis()).max(0);
        let later = |moment: Timestamp| Timestamp::from_millis(moment.millis().saturating_add(lost));
        let steps = self.steps.iter().map(|step| Step { at: later(step.at), ..*step }).collect();
        let rate = self.rate.map(|rate| Rate { since: later(rate.since), ..rate });
        Self { start: later(self.start), steps, rate, ..*self }
    }

    /// The part that is taken in at this moment.
    pub fn share_at(&self, now: Timestamp) -> Share {
        if now < self.start {
            return Share::NONE;
        }
        let reached = self.steps.iter().rev().find(|step| step.at <= now);
        let planned = reached.map_or(self.first, |step| step.share);
        let Some(Rate { per_hour, since, base }) = self.rate else { return planned };
        let elapsed = u64::try_from(now.millis().saturating_sub(since.millis())).unwrap_or_default();
        let grown = u64::from(per_hour.hundredths()).saturating_mul(elapsed) / HOUR.unsigned_abs();
        planned.min(Share::at_most_all(u64::from(base.hundredths()).saturating_add(grown)))
    }

    /// From when on everyone is taken in, if that is planned.
    pub fn whole_at(&self) -> Option<Timestamp> {
        let planned = match self.steps.last() {
            Some(step) if step.share == Share::ALL => step.at,
            None if self.first == Share::ALL => self.start,
            _ => return None,
        };
        let Some(Rate { per_hour, since, base }) = self.rate else { return Some(planned) };
        let left = i64::from(Share::ALL.hundredths()) - i64::from(base.hundredths());
        let each = i64::from(per_hour.hundredths());
        let grown = left.saturating_mul(HOUR).saturating_add(each - 1) / each;
        Some(planned.max(Timestamp::from_millis(since.millis().saturating_add(grown))))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn at(millis: i64) -> Timestamp {
        Timestamp::from_millis(millis)
    }

    fn share(hundredths: u16) -> Share {
        hundredths.try_into().unwrap()
    }

    fn rate(since: i64, base: u16, per_hour: u16) -> Rate {
        Rate { per_hour: share(per_hour), since: at(since), base: share(base) }
    }

    #[test]
    fn each_step_takes_in_more_from_its_moment_on() {
        let steps = vec![Step { at: at(100), share: share(1000) }, Step { at: at(200), share: Share::ALL }];
        let schedule = Schedule::new(at(10), share(100), steps, None).unwrap();
        for (now, expected) in [(9, 0), (10, 100), (99, 100), (100, 1000), (199, 1000), (200, 10_000)] {
            assert_eq!(schedule.share_at(at(now)).hundredths(), expected, "{now}");
        }
        assert_eq!(schedule.whole_at(), Some(at(200)));
    }

    #[test]
    fn a_rate_slows_what_is_planned() {
        let schedule = Schedule::new(at(0), Share::ALL, Vec::new(), Some(rate(0, 0, 2500))).unwrap();
        let hours = |hours: i64| schedule.share_at(at(hours * HOUR)).hundredths();
        assert_eq!([hours(0), hours(1), hours(2), hours(4), hours(9)], [0, 2500, 5000, 10_000, 10_000]);
        assert_eq!(schedule.whole_at(), Some(at(4 * HOUR)));
        assert_eq!(schedule.share_at(at(i64::MAX)), Share::ALL);
    }

    #[test]
    fn a_rate_begins_where_it_was_asked_for() {
        let slowed = Schedule::new(at(0), Share::ALL, Vec::new(), Some(rate(72 * HOUR, 100, 500))).unwrap();
        let hours = |hours: i64| slowed.share_at(at(hours * HOUR)).hundredths();
        assert_eq!([hours(71), hours(72), hours(73), hours(74)], [100, 100, 600, 1100]);
        assert_eq!(slowed.whole_at(), Some(at(72 * HOUR + 99 * HOUR / 5)));
    }

    #[test]
    fn steps_that_go_back_are_refused() {
        let step = |millis, hundredths| Step { at: at(millis), share: share(hundredths) };
        for steps in [vec![step(10, 200)], vec![step(20, 100)], vec![step(20, 300), step(20, 400)]] {
            assert!(Schedule::new(at(10), share(100), steps.clone(), None).is_err(), "{steps:?}");
        }
        let many = (1..=51).map(|number| step(i64::from(number), number)).collect();
        assert!(Schedule::new(at(0), Share::NONE, many, None).is_err());
        assert!(Schedule::new(at(0), Share::ALL, Vec::new(), Some(rate(0, 0, 0))).is_err());
    }

    prop_compose! {
        fn schedules()(
            start in 0_i64..1000,
            first in 0_u16..=10_000,
            steps in prop::collection::btree_map(1_i64..20_000_000, 1_u16..=10_000, 0..6),
            slow in prop::option::of((0_i64..10_000_000, 0_u16..=10_000, 1_u16..=10_000)),
        ) -> Schedule {
            let mut last = share(first);
            let rising = steps.into_iter().filter_map(|(after, part)| {
                let step = Step { at: at(start + after), share: share(part) };
                (step.share > last).then(|| { last = step.share; step })
            });
            Schedule::new(at(start), share(first), rising.collect(), slow.map(|(since, base, each)| rate(start + since, base, each))).unwrap()
        }
    }

    proptest! {
        #[test]
        fn a_schedule_never_shrinks_and_is_whole_when_it_says(
            schedule in schedules(),
            mut moments in prop::collection::vec(-10_i64..40_000_000, 2..20),
        ) {
            moments.sort_unstable();
            let shares: Vec<_> = moments.iter().map(|millis| schedule.share_at(at(*millis))).collect();
            prop_assert!(shares.is_sorted(), "{shares:?}");
            if let Some(whole) = schedule.whole_at() {
                prop_assert_eq!(schedule.share_at(whole), Share::ALL);
                prop_assert!(schedule.share_at(at(whole.millis() - 1)) < Share::ALL);
            } else {
                prop_assert!(schedule.share_at(at(i64::MAX)) < Share::ALL);
            }
        }
    }

    #[test]
    fn a_halt_moves_the_rest_of_a_schedule_and_nothing_is_lost_or_won() {
        let step = |millis, hundredths| Step { at: at(millis), share: share(hundredths) };
        let steps = vec![step(20, 2000), step(40, 10_000)];
        let planned = Schedule::new(at(10), share(1000), steps, Some(rate(10, 0, 1))).unwrap();
        let resumed = planned.after_halt(at(25), at(125));
        for moment in [0, 1, 14, 15, 20, HOUR, 2 * HOUR] {
            assert_eq!(resumed.share_at(at(125 + moment)), planned.share_at(at(25 + moment)), "{moment}");
        }
        assert_eq!(planned.after_halt(at(0), at(5)), planned, "a halt that ended before it began");
        assert_eq!(planned.after_halt(at(0), at(15)).start(), at(15));
    }
}
