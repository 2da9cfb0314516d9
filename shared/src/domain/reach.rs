//! Reach: how many known devices would be offered an image, out of how many run which version.
//!
//! Pure, and the check's own decision, asked once for each version. What a count does not say of a device (what it runs of
//! other types, its place in a rollout, what its partner decided on it) makes the answer an estimate, which says why.

use std::collections::{BTreeMap, BTreeSet};

use super::association::Association;
use super::decision::{Candidate, Device, Reason, Stage, decide};
use super::device::BEYOND;
use super::number::ReportedVersion;
use super::rollout::Rollout;
use super::{BinaryKind, ImageId, Plan, Timestamp};

/// Why an answer is an estimate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Inexact {
    /// It is given to a share of the fleet.
    Share,
    /// Devices that are named, or tagged, are taken in from the start.
    Allow,
    /// It, or one that would be offered before it, needs a version of another type.
    Requires,
    /// It goes together with images of other types.
    Bundle,
    /// A higher image is on its way to a share of the fleet.
    OtherRollouts,
    /// There are devices that something is withheld from.
    Withheld,
    /// There are devices that are left alone.
    Blocked,
    /// There are devices that have begun something and fallen silent.
    Silent,
    /// Devices have failed with it, and some may be left alone for a while.
    Failed,
    /// There are devices that report numbers which had not been given out by then, and are counted as one.
    NeverGivenOut,
}

impl Inexact {
    /// The reason as a stable word on the wire.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Share => "share",
            Self::Allow => "allow",
            Self::Requires => "requires",
            Self::Bundle => "bundle",
            Self::OtherRollouts => "other_rollouts",
            Self::Withheld => "withheld",
            Self::Blocked => "blocked",
            Self::Silent => "silent",
            Self::Failed => "failed",
            Self::NeverGivenOut => "never_given_out",
        }
    }
}

/// Devices that run one version.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Group {
    /// What they run; none for all that report a number which had not been given out by then.
    pub version: Option<ReportedVersion>,
    /// How many they are.
    pub devices: u64,
    /// How many of them would be offered the image now.
    pub now: u64,
    /// How many of them would be, were it everyone's.
    pub released: u64,
    /// What decides about one of them that asks now.
    pub reason: Reason,
}

/// How far an image reaches in a feed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reach {
    /// By what devices run.
    pub groups: Vec<Group>,
    /// Why the numbers are an estimate; none if they are exact.
    pub inexact: BTreeSet<Inexact>,
}

/// The reach of an image of which `plan` says how it is given out (none: it is not in the feed), among devices of which `runs`
/// says how many run which version of its type. `associations` are those of the feed.
pub fn reach(
    id: ImageId,
    plan: Option<&Plan>,
    associations: &[Association],
    stopped: bool,
    runs: &BTreeMap<ReportedVersion, u64>,
    now: Timestamp,
) -> Reach {
    let mut inexact = BTreeSet::new();
    let others = associations.iter().filter(|each| {
        each.kind == BinaryKind::Binary && each.image.id.r#type == id.r#type && each.image.id != id
    });
    let others: Vec<Candidate> = others.map(|each| known(each.candidate(), id, &mut inexact)).collect();
    let own = known(plan.cloned().unwrap_or_default().candidate(id), id, &mut inexact);
    let given = Candidate { stage: Stage::Released, paused: false, ..own.clone() };
    let rolling = match &own.stage {
        Stage::Rolling(rollout) => Some(rollout),
        Stage::Released | Stage::Withdrawn => None,
    };
    if rolling.is_some_and(|rollout| !rollout.allow.devices.is_empty() || !rollout.allow.tags.is_empty()) {
        inexact.insert(Inexact::Allow);
    }
    let ask = |own: &Candidate, stopped: bool, version: ReportedVersion| {
        let device = Device { reported: [(id.r#type, version)].into(), ..Device::default() };
        let verdicts = decide(others.iter().chain([own]), stopped, &device, now);
        let found = verdicts.iter().find(|verdict| verdict.id == id);
        found.map_or(Reason::NotReported, |verdict| verdict.reason)
    };
    let mut groups = Vec::new();
    for (version, devices) in runs {
        let (version, devices) = (*version, *devices);
        let left = rest(&others, id, now);
        let here = |reason: Reason| if reason == Reason::Eligible { devices } else { 0 };
        let withdrawn = own.stage == Stage::Withdrawn;
        let released = if withdrawn { 0 } else { here(ask(&given, false, version)) };
        // Of one that is on its way, a device that names itself is asked about; whoever does not is told nothing of it.
        let halted = own.paused || plan.is_none();
        let (reason, share) = match rolling {
            Some(rollout) if !halted => (ask(&given, stopped, version), part(rollout, now)),
            _ => (ask(&own, stopped, version), 10_000),
        };
        let reached = if plan.is_some() { of(here(reason), share) } else { 0 };
        if here(reason) > 0 && !(share == 0 || share == 10_000) {
            inexact.insert(Inexact::Share);
        }
        if released > 0 && left < 10_000 {
            inexact.insert(Inexact::OtherRollouts);
        }
        let reason =
            if reason == Reason::Eligible && share == 0 { ask(&own, stopped, version) } else { reason };
        let version = Some(version).filter(|version| version.get() != BEYOND);
        if version.is_none() {
            inexact.insert(Inexact::NeverGivenOut);
        }
        groups.push(Group { version, devices, now: of(reached, left), released: of(released, left), reason });
    }
    Reach { groups, inexact }
}

/// A candidate without what counts say nothing about.
fn known(mut this: Candidate, id: ImageId, inexact: &mut BTreeSet<Inexact>) -> Candidate {
    let before = this.requires.len();
    this.requires.retain(|required| required.r#type == id.r#type);
    if this.requires.len() < before {
        inexact.insert(Inexact::Requires);
    }
    if this.bundle.take().is_some() {
        inexact.insert(Inexact::Bundle);
    }
    this
}

/// How much of the fleet a rollout takes in now, in hundredths of a percent.
fn part(rollout: &Rollout, now: Timestamp) -> u64 {
    let closed = rollout.window.as_ref().is_some_and(|window| !window.is_open(now));
    if closed || now < rollout.schedule.start() {
        return 0;
    }
    rollout.schedule.share_at(now).hundredths().into()
}

/// How much of the fleet higher images on their way leave, in hundredths of a percent.
fn rest(others: &[Candidate], id: ImageId, now: Timestamp) -> u64 {
    let higher = others.iter().filter(|each| each.id.number > id.number && !each.paused);
    let shares = higher.filter_map(|each| match &each.stage {
        Stage::Rolling(rollout) => Some(part(rollout, now)),
        Stage::Released | Stage::Withdrawn => None,
    });
    shares.fold(10_000, |left, share| left * (10_000 - share) / 10_000)
}

/// So many hundredths of a percent of so many devices, to the nearest.
fn of(devices: u64, share: u64) -> u64 {
    devices.saturating_mul(share).saturating_add(5_000) / 10_000
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::ImageRef;
    use crate::domain::decision::{Bundle, Requirement};
    use crate::domain::plan::Pause;
    use crate::domain::rollout::{Allow, Schedule, Share};

    const NOW: Timestamp = Timestamp::from_millis(1000);

    fn rolling(percent: u16) -> Plan {
        let share = Share::try_from(percent * 100).unwrap();
        let schedule = Schedule::new(Timestamp::from_millis(0), share, Vec::new(), None).unwrap();
        let allow = Allow::default();
        let rollout = Rollout { salt: "s".into(), schedule, window: None, allow };
        Plan { stage: Stage::Rolling(rollout), ..Plan::default() }
    }

    fn associated(id: &str, plan: Plan) -> Association {
        Association {
            device_type: "kettle".parse().unwrap(),
            feed: "beta".parse().unwrap(),
            image: ImageRef { owner: "acme".parse().unwrap(), device_type: None, id: id.parse().unwrap() },
            kind: BinaryKind::Binary,
            created: NOW,
            plan,
        }
    }

    /// Of 105/5, among 100 devices each that run 1, 4 and 5: now and released by version, and why it is an estimate.
    fn told(
        plan: Option<&Plan>,
        others: &[Association],
        stopped: bool,
    ) -> (Vec<(u64, u64)>, Vec<&'static str>) {
        let id: ImageId = "5105".parse().unwrap();
        let runs = ["1", "4", "5"].map(|version| (version.parse().unwrap(), 100)).into();
        let mut all = others.to_vec();
        all.extend(plan.map(|plan| associated("5105", plan.clone())));
        let found = reach(id, plan, &all, stopped, &runs, NOW);
        let groups = found.groups.iter().map(|group| (group.now, group.released)).collect();
        (groups, found.inexact.into_iter().map(Inexact::code).collect())
    }

    #[test]
    fn an_image_that_is_everyones_reaches_whoever_runs_less_and_that_is_exact() {
        let none: Vec<&str> = Vec::new();
        assert_eq!(
            told(Some(&Plan::default()), &[], false),
            (vec![(100, 100), (100, 100), (0, 0)], none.clone())
        );
        assert_eq!(told(Some(&Plan::default()), &[], true), (vec![(0, 100), (0, 100), (0, 0)], none.clone()));
        assert_eq!(told(None, &[], false), (vec![(0, 100), (0, 100), (0, 0)], none.clone()));
        let higher = [associated("6105", Plan::default())];
        assert_eq!(told(Some(&Plan::default()), &higher, false), (vec![(0, 0); 3], none));
    }

    #[test]
    fn what_is_halted_or_withdrawn_reaches_nobody_now() {
        let paused = Some(Pause { at: NOW, failures: None });
        let halted = Plan { paused, ..rolling(50) };
        assert_eq!(told(Some(&halted), &[], false).0, [(0, 100), (0, 100), (0, 0)]);
        let gone = Plan { stage: Stage::Withdrawn, ..Plan::default() };
        assert_eq!(told(Some(&gone), &[], false).0, [(0, 0); 3]);
    }

    #[test]
    fn a_share_is_an_estimate_and_one_that_is_whole_or_nothing_is_not() {
        assert_eq!(told(Some(&rolling(10)), &[], false), (vec![(10, 100), (10, 100), (0, 0)], vec!["share"]));
        assert_eq!(told(Some(&rolling(0)), &[], false), (vec![(0, 100), (0, 100), (0, 0)], vec![]));
        let higher = [associated("6105", rolling(20))];
        assert_eq!(
            told(Some(&rolling(50)), &higher, false),
            (vec![(40, 80), (40, 80), (0, 0)], vec!["share", "other_rollouts"])
        );
    }

    #[test]
    fn devices_of_numbers_that_were_never_given_out_are_one_group_that_may_reach_more() {
        let runs = [("1".parse().unwrap(), 3), (BEYOND.to_string().parse().unwrap(), 2)].into();
        let own = associated("5105", Plan::default());
        let found = reach(own.image.id, Some(&own.plan), std::slice::from_ref(&own), false, &runs, NOW);
        let groups: Vec<_> = found.groups.iter().map(|group| (group.version, group.released)).collect();
        assert_eq!(groups, [(Some("1".parse().unwrap()), 3), (None, 0)]);
        assert_eq!(found.inexact, [Inexact::NeverGivenOut].into());
    }

    #[test]
    fn a_floor_below_it_comes_first() {
        let floor = [associated("3105", Plan { floor: true, ..Plan::default() })];
        assert_eq!(told(Some(&Plan::default()), &floor, false).0, [(0, 0), (100, 100), (0, 0)]);
    }

    #[test]
    fn what_depends_on_other_types_is_an_upper_bound() {
        let other = Requirement { r#type: 3.try_into().unwrap(), min: 7.try_into().unwrap() };
        let plan = Plan {
            requires: vec![other],
            bundle: Some(Bundle::of_unknown_types("b".parse().unwrap())),
            ..Plan::default()
        };
        let expected = (vec![(100, 100), (100, 100), (0, 0)], vec!["requires", "bundle"]);
        assert_eq!(told(Some(&plan), &[], false), expected);
    }
}
