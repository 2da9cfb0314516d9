//! Whether a change of a plan only takes away: what may be done at once where everything else needs an approval.
//!
//! In doubt it does not. Floors, requirements and bundles are never taken to narrow: each of them also gives devices what
//! they would not have been offered without.

use super::{AutoPause, Plan};
use crate::domain::Timestamp;
use crate::domain::decision::Stage;
use crate::domain::rollout::{Rollout, Schedule, Share};

/// Whether from `now` on `after` never gives the image to a device to which `before` would not have given it by then.
pub fn narrows(before: &Plan, after: &Plan, now: Timestamp) -> bool {
    let conditions =
        (before.floor, &before.requires, &before.bundle) == (after.floor, &after.requires, &after.bundle);
    // A halt may come and not go.
    let halted = before.paused == after.paused || before.paused.is_none();
    conditions
        && halted
        && is_as_strict(before.auto_pause, after.auto_pause)
        && gives_less(before, after, now)
}

/// Whether it halts by itself at least as soon.
fn is_as_strict(before: Option<AutoPause>, after: Option<AutoPause>) -> bool {
    match (before, after) {
        (None, _) => true,
        (Some(_), None) => false,
        (Some(before), Some(after)) => {
            after.failure_percent <= before.failure_percent
                && after.min_reports <= before.min_reports
                && after.since == before.since
        }
    }
}

fn gives_less(before: &Plan, after: &Plan, now: Timestamp) -> bool {
    match (&before.stage, &after.stage) {
        (before, after) if before == after => true,
        (_, Stage::Withdrawn) | (Stage::Released, _) => true,
        (Stage::Withdrawn, _) | (Stage::Rolling(_), Stage::Released) => false,
        (Stage::Rolling(old), Stage::Rolling(new)) => {
            // What is halted goes on from where it stood.
            let at = before.paused.map_or(now, |pause| pause.at.min(now));
            let named =
                new.allow.devices.is_subset(&old.allow.devices) && new.allow.tags.is_subset(&old.allow.tags);
            // The offsets of its place are looked up anew each time.
            let hours = |this: &Rollout| this.window.as_ref().map(|it| (it.minutes(), it.zone().to_owned()));
            let hours = old.window.is_none() || hours(old) == hours(new);
            let begun = new.schedule.start() >= old.schedule.start() || old.schedule.start() <= at;
            old.salt == new.salt
                && named
                && hours
                && begun
                && takes_less(old, new, at, before.paused.is_some())
        }
    }
}

/// Whether the new schedule stays below the old one from `at` on.
fn takes_less(old: &Rollout, new: &Rollout, at: Timestamp, halted: bool) -> bool {
    let (old, new) = (&old.schedule, &new.schedule);
    let most = new.steps().last().map_or(new.first(), |step| step.share);
    if most <= old.share_at(at) || most == Share::NONE {
        return true;
    }
    // A rate makes a line of the steps; that such a line stays below another is not worth its proof here.
    // Nor is how a halt moves what has not begun.
    if old.rate().is_some() || (halted && (old.start() > at || new.start() > at)) {
        return false;
    }
    let moments = old.steps().iter().chain(new.steps()).map(|step| step.at).chain([old.start(), new.start()]);
    moments
        .filter(|moment| *moment > at)
        .chain([at])
        .all(|moment| planned(new, moment) <= old.share_at(moment))
}

/// What a schedule takes in at most, whatever slows it.
fn planned(schedule: &Schedule, at: Timestamp) -> Share {
    if at < schedule.start() {
        return Share::NONE;
    }
    let reached = schedule.steps().iter().rev().find(|step| step.at <= at);
    reached.map_or(schedule.first(), |step| step.share)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;
    use crate::domain::decision::Bundle;
    use crate::domain::plan::{Limit, Pause, Tally, Wanted};
    use crate::domain::rollout::{Allow, Step};
    use crate::domain::{BinaryKind, plan::Hours};

    const NOW: Timestamp = Timestamp::from_millis(1_795_305_600_000);

    fn share(percent: u16) -> Share {
        (percent * 100).try_into().unwrap()
    }

    fn to(percent: u16) -> Wanted {
        Wanted {
            share: Some(share(percent)),
            steps: Some(Vec::new()),
            start: Some(None),
            window: Some(None),
            rate_per_hour: Some(None),
            allow: Some(Allow::default()),
            auto_pause: Some(None),
            requires: Some(Vec::new()),
            bundle: Some(None),
            floor: Some(false),
        }
    }

    fn stepped(percent: u16, steps: &[(i64, u16)]) -> Wanted {
        let steps = steps
            .iter()
            .map(|&(hours, percent)| Step { at: NOW.plus_seconds(hours * 3600), share: share(percent) });
        Wanted { steps: Some(steps.collect()), ..to(percent) }
    }

    fn plan_from(before: &Plan, wanted: Wanted) -> Plan {
        wanted.plan("7105".parse().unwrap(), BinaryKind::Binary, before, 1000, NOW).unwrap()
    }

    /// Whether asking for `after` narrows what `before` had asked for.
    fn narrower(before: Wanted, after: Wanted) -> bool {
        let before = plan_from(&Plan::default(), before);
        narrows(&before, &plan_from(&before, after), NOW)
    }

    #[test]
    fn less_of_the_fleet_narrows_and_more_does_not() {
        assert!(narrower(to(50), to(50)) && narrower(to(50), to(10)) && narrower(to(50), to(0)));
        assert!(narrower(to(100), to(99)), "from everyone's to a part");
        assert!(!narrower(to(50), to(51)) && !narrower(to(50), to(100)));
    }

    #[test]
    fn steps_narrow_if_each_takes_in_no_more_than_the_old_ones_by_then() {
        let old = || stepped(1, &[(24, 10), (48, 100)]);
        assert!(narrower(old(), stepped(1, &[(24, 10)])));
        assert!(narrower(old(), stepped(1, &[(25, 10), (60, 100)])));
        assert!(!narrower(old(), stepped(1, &[(23, 10)])));
        assert!(!narrower(old(), stepped(2, &[(24, 10)])));
        assert!(!narrower(old(), to(2)));
    }

    #[test]
    fn what_has_not_begun_may_begin_later_or_smaller() {
        let from = |hours: i64, wanted: Wanted| Wanted {
            start: Some(Some(NOW.plus_seconds(hours * 3600))),
            ..wanted
        };
        assert!(
            narrower(from(24, to(100)), from(24, to(10))) && narrower(from(24, to(50)), from(25, to(50)))
        );
        assert!(
            !narrower(from(24, to(50)), from(23, to(50))) && !narrower(from(24, to(50)), from(24, to(51)))
        );
        assert!(narrower(to(50), from(2, to(50))), "what has begun waits");
    }

    #[test]
    fn whoever_is_named_and_the_hours_may_only_become_fewer() {
        let allowed = |ids: &[&str]| {
            let devices = ids.iter().map(|id| id.parse().unwrap()).collect();
            Wanted { allow: Some(Allow { devices, ..Allow::default() }), ..to(5) }
        };
        assert!(narrower(allowed(&["a", "b"]), allowed(&["a"])));
        assert!(!narrower(allowed(&["a"]), allowed(&["a", "b"])));
        let open = |hours: Option<(u16, u16)>| {
            let hours = hours.map(|(from, to)| Hours { from, to, zone: "Europe/Berlin".into() });
            Wanted { window: Some(hours), ..to(5) }
        };
        assert!(narrower(open(None), open(Some((60, 120)))));
        assert!(!narrower(open(Some((60, 120))), open(None)));
        assert!(!narrower(open(Some((60, 120))), open(Some((60, 130)))));
    }

    #[test]
    fn a_rate_is_only_narrowed_to_where_it_stands() {
        let slowly = || Wanted { rate_per_hour: Some(Some(10)), ..to(50) };
        assert!(narrower(slowly(), to(0)));
        assert!(!narrower(slowly(), to(1)));
        assert!(narrower(to(50), slowly()), "a rate that slows what was planned");
        assert!(!narrower(to(10), slowly()), "it slows, but to where it was not to come");
    }

    #[test]
    fn conditions_never_narrow_and_a_stricter_halt_does() {
        let plan = plan_from(&Plan::default(), to(50));
        assert!(!narrows(&plan, &Plan { floor: true, ..plan.clone() }, NOW));
        assert!(!narrows(
            &plan,
            &Plan { bundle: Some(Bundle::of_unknown_types("radio".parse().unwrap())), ..plan.clone() },
            NOW
        ));
        let halting = |failure_percent| Wanted {
            auto_pause: Some(Some(Limit { failure_percent, min_reports: 20 })),
            ..to(50)
        };
        assert!(narrower(to(50), halting(5)) && narrower(halting(5), halting(4)));
        assert!(!narrower(halting(5), halting(6)) && !narrower(halting(5), to(50)));
        let counted = |plan: &Plan| {
            let auto = plan
                .auto_pause
                .map(|auto| AutoPause { since: Tally { failed: 9, ended: 9, ..Tally::default() }, ..auto });
            Plan { auto_pause: auto, ..plan.clone() }
        };
        let before = plan_from(&Plan::default(), halting(5));
        assert!(!narrows(&before, &counted(&before), NOW), "failures of before would count no more");
    }

    #[test]
    fn a_halt_narrows_and_its_end_does_not() {
        let plan = plan_from(&Plan::default(), to(50));
        let halted = Plan { paused: Some(Pause { at: NOW, failures: None }), ..plan.clone() };
        assert!(narrows(&plan, &halted, NOW) && !narrows(&halted, &plan, NOW));
        let gone = Plan { stage: Stage::Withdrawn, ..plan.clone() };
        assert!(narrows(&plan, &gone, NOW) && !narrows(&gone, &plan, NOW));
    }

    /// A rollout as it may be asked for; moments in hours from now.
    fn asked() -> impl Strategy<Value = Wanted> {
        let steps = prop::collection::btree_map(-40_i64..60, 1_u16..100, 0..4);
        let names = prop::collection::btree_set("[abc]", 0..3);
        let rest = (names, prop::option::of(1_u32..40), prop::option::of(0_u16..3));
        (0_u16..=100, -60_i64..20, steps, rest).prop_map(|(first, start, steps, (names, rate, hours))| {
            let mut share = first;
            let mut taken = Vec::new();
            for (at, more) in steps.into_iter().filter(|(at, _)| *at > start) {
                share = share.saturating_add(more).min(100);
                if taken.last().map_or(first, |&(_, last)| last) < share {
                    taken.push((at, share));
                }
            }
            let devices = names.iter().map(|name| name.parse().unwrap()).collect();
            Wanted {
                start: Some(Some(NOW.plus_seconds(start * 3600))),
                allow: Some(Allow { devices, ..Allow::default() }),
                rate_per_hour: Some(rate),
                window: Some(hours.map(|from| Hours {
                    from: from * 300,
                    to: 1000,
                    zone: "Europe/Berlin".into(),
                })),
                ..stepped(first, &taken)
            }
        })
    }

    fn takes(plan: &Plan, id: &str, at: Timestamp) -> bool {
        match &plan.stage {
            Stage::Released => true,
            Stage::Withdrawn => false,
            Stage::Rolling(rollout) => rollout.takes(&id.parse().unwrap(), &BTreeSet::new(), at).is_ok(),
        }
    }

    proptest! {
        #[test]
        fn what_narrows_gives_nobody_what_it_would_not_have_had(old in asked(), new in asked(), keep in 0_u8..32) {
            let kept = |bit: u8| keep & (1 << bit) != 0;
            let new = Wanted {
                start: if kept(0) { old.start } else { new.start },
                steps: if kept(0) && kept(1) { old.steps.clone() } else if kept(0) { Some(Vec::new()) } else { new.steps },
                share: if kept(1) { old.share } else { new.share },
                allow: if kept(2) { old.allow.clone() } else { new.allow },
                window: if kept(3) { old.window.clone() } else { new.window },
                rate_per_hour: if kept(4) { old.rate_per_hour } else { new.rate_per_hour },
                ..Wanted::default()
            };
            let plan = |wanted: Wanted, before: &Plan, at| {
                wanted.plan("7105".parse().unwrap(), BinaryKind::Binary, before, 1000, at).ok()
            };
            let before = plan(old, &Plan::default(), NOW.plus_seconds(-20 * 3600));
            let after = before.as_ref().and_then(|before| plan(new, before, NOW));
            if let Some((before, after)) = before.zip(after) && narrows(&before, &after, NOW) {
                let names = ["a", "b", "c"].map(str::to_owned).into_iter();
                for id in names.chain((0..20).map(|number| format!("SN-{number}"))) {
                    for at in (0..80).map(|hour| NOW.plus_seconds(hour * 3600)) {
                        prop_assert!(takes(&before, &id, at) || !takes(&after, &id, at), "{id} at {at:?}: {before:?} {after:?}");
                    }
                }
            }
        }
    }
}
