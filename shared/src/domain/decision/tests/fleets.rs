//! Generated fleets: what could be associated, who could ask, and proof that every rule is reached by some of them.

use proptest::prelude::*;
use proptest::strategy::ValueTree as _;
use proptest::test_runner::TestRunner;

use super::*;
use crate::domain::plan::salt;
use crate::domain::rollout::{Offset, Step, Window};

/// One image of a device type, and who asks for it.
#[derive(Debug, Clone)]
pub(super) struct Fleet {
    pub(super) candidates: Vec<Candidate>,
    pub(super) device: Device,
    pub(super) stopped: bool,
}

prop_compose! {
    fn rollout()(
        start in prop_oneof![5 => Just(0), 1 => Just(2 * HOUR)],
        share in prop_oneof![3 => 0_u16..10_000, 2 => Just(10_000_u16), 1 => Just(0_u16)],
        step in prop::option::of((1..4 * HOUR, 1_u16..=10_000)),
        hours in prop_oneof![6 => Just(None), 1 => Just(Some(60)), 1 => Just(Some(120))],
        named in prop::bool::weighted(0.1),
    ) -> Rollout {
        let share = crate::domain::rollout::Share::try_from(share).unwrap();
        let step = step
            .map(|(after, part)| Step { at: at(start + after), share: part.try_into().unwrap() })
            .filter(|step| step.share > share);
        let utc = || vec![Offset { since: at(0), seconds: 0 }];
        let window = hours.map(|from| Window::new(from, from + 30, "UTC".into(), utc()).unwrap());
        let tags = named.then(|| "lab".parse().unwrap()).into_iter().collect();
        let schedule = Schedule::new(at(start), share, step.into_iter().collect(), None).unwrap();
        Rollout { salt: String::new(), schedule, window, allow: Allow { tags, ..Allow::default() } }
    }
}

/// The bundles that there are, by the types that their images name; the last one is of unknown types.
fn bundle(which: usize) -> Bundle {
    let name = format!("b{which}").parse().unwrap();
    let types = |kinds: &[u16]| kinds.iter().map(|kind| (*kind).try_into().unwrap()).collect();
    match which {
        0 => Bundle::new(name, types(&[1, 2])).unwrap(),
        1 => Bundle::new(name, types(&[2, 3, 4])).unwrap(),
        _ => Bundle::of_unknown_types(name),
    }
}

prop_compose! {
    fn candidate()(
        kind in 1_u16..=4,
        number in 1_i64..12,
        rollout in prop::option::of(rollout()),
        withdrawn in prop::bool::weighted(0.1),
        paused in prop::bool::weighted(0.1),
        floor in prop::bool::weighted(0.15),
        requires in prop_oneof![3 => Just(vec![]), 1 => prop::collection::vec((1_u16..=4, 1_i64..8), 1..3)],
        within in prop_oneof![3 => Just(None), 2 => (0_usize..3).prop_map(Some)],
    ) -> Candidate {
        let requires = requires
            .into_iter()
            .map(|(kind, min)| Requirement { r#type: kind.try_into().unwrap(), min: min.try_into().unwrap() })
            .collect();
        let id = id(kind, number);
        let of_type = |bundle: &Bundle| bundle.types().is_empty() || bundle.types().contains(&id.r#type);
        let bundle = within.map(bundle).filter(of_type);
        let stage = match rollout {
            _ if withdrawn => Stage::Withdrawn,
            Some(rollout) => Stage::Rolling(Rollout { salt: salt(id, bundle.as_ref()), ..rollout }),
            None => Stage::Released,
        };
        Candidate { id, stage, paused, floor, requires, bundle }
    }
}

prop_compose! {
    pub(super) fn fleet()(
        candidates in prop::collection::vec(candidate(), 0..14),
        versions in prop::collection::vec(prop::option::weighted(0.9, prop_oneof![2 => 0_i64..5, 1 => 5_i64..12]), 4),
        name in prop_oneof![1 => Just(None), 8 => "[a-z]{3}".prop_map(Some)],
        tagged in prop::bool::weighted(0.3),
        stopped in prop::bool::weighted(0.05),
        blocked in prop::bool::weighted(0.05),
        withheld in prop::collection::btree_set((1_u16..=4, 1_i64..12), 0..2),
        failed in prop::collection::btree_map((1_u16..=4, 1_i64..12), 0..2 * HOUR, 0..2),
        push in prop::option::weighted(0.2, (candidate(), 0..2 * HOUR)),
    ) -> Fleet {
        let (mut seen, mut taken) = (BTreeSet::new(), BTreeSet::new());
        let mut candidates: Vec<_> = candidates.into_iter().filter(|each| seen.insert(each.id)).collect();
        for each in candidates.iter_mut().filter(|each| each.stage != Stage::Withdrawn) {
            let name = each.bundle.as_ref().map(|bundle| bundle.name().clone());
            // Another one of the type is refused when it is made.
            each.bundle = each.bundle.take().filter(|_| taken.insert((name, each.id.r#type)));
        }
        let versions = (1..).zip(versions).filter_map(|(kind, runs)| Some((kind, runs?)));
        let mut device = reporting(&versions.collect::<Vec<_>>());
        device.id = name.map(|name| name.parse().unwrap());
        device.tags = tagged.then(|| "lab".parse().unwrap()).into_iter().collect();
        device.blocked = blocked;
        device.withheld = withheld.into_iter().map(|(kind, number)| id(kind, number)).collect();
        device.held = failed.into_iter().map(|((kind, number), until)| (id(kind, number), at(until))).collect();
        device.pushes = push.into_iter().map(|(image, until)| Push { image, until: at(until) }).collect();
        Fleet { candidates, device, stopped }
    }
}

impl Fleet {
    pub(super) fn decide(&self) -> Vec<Verdict> {
        decide(&self.candidates, self.stopped, &self.device, at(HOUR))
    }

    pub(super) fn offers(&self) -> Vec<ImageId> {
        self.offers_at(HOUR)
    }

    pub(super) fn offers_at(&self, millis: i64) -> Vec<ImageId> {
        let verdicts = decide(&self.candidates, self.stopped, &self.device, at(millis));
        verdicts.iter().filter(|each| each.reason == Reason::Eligible).map(|each| each.id).collect()
    }

    pub(super) fn pushes(&self) -> impl Iterator<Item = &Candidate> {
        self.device.pushes.iter().filter(|push| at(HOUR) < push.until).map(|push| &push.image)
    }

    /// What a decision is over: a push counts in place of the same image.
    pub(super) fn images(&self) -> Vec<&Candidate> {
        let pushed: Vec<_> = self.pushes().collect();
        let others = self.candidates.iter().filter(|each| pushed.iter().all(|push| push.id != each.id));
        others.chain(pushed.iter().copied()).collect()
    }

    fn image(&self, id: ImageId) -> &Candidate {
        self.images().into_iter().find(|each| each.id == id).unwrap()
    }
}

/// How often something came about.
#[derive(Default)]
struct Reached(BTreeMap<&'static str, u32>);

impl Reached {
    fn note(&mut self, what: &'static str, came_about: bool) {
        *self.0.entry(what).or_default() += u32::from(came_about);
    }
}

#[test]
fn generated_fleets_reach_every_rule() {
    let (strategy, mut runner, mut reached) = (fleet(), TestRunner::deterministic(), Reached::default());
    for _ in 0..6000 {
        let fleet = strategy.new_tree(&mut runner).unwrap().current();
        let offers = fleet.offers();
        for verdict in fleet.decide() {
            reached.note(verdict.reason.code(), true);
            let Reason::Floor { first } = verdict.reason else { continue };
            let floor = fleet.image(ImageId { number: first, ..verdict.id });
            reached
                .note("held by a floor that was withdrawn", floor.floor && floor.stage == Stage::Withdrawn);
            reached.note("held by a paused floor", floor.floor && floor.paused);
            reached
                .note("held by a floor on its way", floor.floor && matches!(floor.stage, Stage::Rolling(_)));
            reached.note("a floor first", floor.floor && offers.contains(&floor.id));
        }
        let offered: Vec<_> = offers.iter().map(|id| fleet.image(*id)).collect();
        for image in &offered {
            reached.note("pushed and offered", fleet.pushes().any(|push| push.id == image.id));
            reached.note("offered by a rollout", matches!(image.stage, Stage::Rolling(_)));
            let bundle = image.bundle.as_ref();
            let with = |each: &&&Candidate| bundle.is_some() && each.bundle.as_ref() == bundle;
            reached
                .note("a bundle of known types is offered", bundle.is_some_and(|it| !it.types().is_empty()));
            reached.note("two of a bundle at once", offered.iter().filter(with).count() > 1);
        }
    }
    let expected = rules::every_reason().iter().map(|reason| reason.code()).collect::<BTreeSet<_>>();
    let codes = reached.0.keys().copied().filter(|code| !code.contains(' ')).collect::<BTreeSet<_>>();
    assert_eq!(codes, expected, "every reason");
    let rare: Vec<_> = reached.0.iter().filter(|(_, times)| **times < 20).collect();
    assert!(rare.is_empty(), "seldom: {rare:?} of {:?}", reached.0);
}
