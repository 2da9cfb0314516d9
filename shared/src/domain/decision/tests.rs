//! The rules that no decision may bend, for generated fleets, and the reasons that people are told.

use proptest::prelude::*;

use super::*;
use crate::domain::association::Association;
use crate::domain::manifest::chosen;
use crate::domain::plan::Pause;
use crate::domain::rollout::{Allow, LeftOut, Schedule, Share};
use crate::domain::{BinaryKind, ImageRef, Plan};

const HOUR: i64 = 3_600_000;

fn id(kind: u16, number: i64) -> ImageId {
    ImageId { r#type: kind.try_into().unwrap(), number: number.try_into().unwrap() }
}

fn at(millis: i64) -> Timestamp {
    Timestamp::from_millis(millis)
}

fn released(kind: u16, number: i64) -> Candidate {
    Candidate {
        id: id(kind, number),
        stage: Stage::Released,
        paused: false,
        floor: false,
        requires: Vec::new(),
        bundle: None,
    }
}

fn rolling(kind: u16, number: i64, hundredths: u16) -> Candidate {
    let schedule = Schedule::new(at(0), hundredths.try_into().unwrap(), Vec::new(), None).unwrap();
    let rollout =
        Rollout { salt: format!("{kind}/{number}"), schedule, window: None, allow: Allow::default() };
    Candidate { stage: Stage::Rolling(rollout), ..released(kind, number) }
}

fn reporting(versions: &[(u16, i64)]) -> Device {
    let reported = versions
        .iter()
        .map(|(kind, number)| ((*kind).try_into().unwrap(), number.to_string().parse().unwrap()));
    Device { id: Some("d".parse().unwrap()), reported: reported.collect(), ..Device::default() }
}

/// The verdicts as `type/number code`.
fn said(candidates: &[Candidate], device: &Device) -> Vec<String> {
    let verdicts = decide(candidates, false, device, at(HOUR));
    verdicts
        .iter()
        .map(|each| format!("{}/{} {}", each.id.r#type, each.id.number, each.reason.code()))
        .collect()
}

#[test]
fn an_image_on_its_way_goes_before_the_one_that_is_everyones_to_those_it_has_come_to() {
    let device = reporting(&[(3, 1)]);
    assert_eq!(said(&[released(3, 5), rolling(3, 6, 10_000)], &device), ["3/5 superseded", "3/6 eligible"]);
    assert_eq!(said(&[released(3, 5), rolling(3, 6, 0)], &device), ["3/5 eligible", "3/6 not_in_cohort"]);
    let unknown = Device { id: None, ..device };
    assert_eq!(
        said(&[released(3, 5), rolling(3, 6, 10_000)], &unknown),
        ["3/5 eligible", "3/6 not_everyones"]
    );
}

#[test]
fn a_paused_image_on_its_way_leaves_the_one_below_it_and_a_paused_one_that_is_everyones_does_not() {
    let device = reporting(&[(3, 1)]);
    let paused = |image: Candidate| Candidate { paused: true, ..image };
    let both = [released(3, 5), paused(rolling(3, 6, 10_000))];
    assert_eq!(said(&both, &device), ["3/5 eligible", "3/6 paused"]);
    assert_eq!(said(&[released(3, 4), paused(released(3, 5))], &device), ["3/4 superseded", "3/5 paused"]);
}

#[test]
fn a_withdrawn_image_makes_way_for_the_one_below_it_even_if_it_was_pushed() {
    let withdrawn = |image: Candidate| Candidate { stage: Stage::Withdrawn, ..image };
    let all = [released(3, 4), withdrawn(released(3, 5))];
    assert_eq!(said(&all, &reporting(&[(3, 1)])), ["3/4 eligible", "3/5 withdrawn"]);
    let pushes = vec![Push { image: all[1].clone(), until: at(HOUR + 1) }];
    let told = Device { pushes, ..reporting(&[(3, 1)]) };
    assert_eq!(said(&all, &told), ["3/4 eligible", "3/5 withdrawn"]);
}

#[test]
fn floors_are_installed_one_after_the_other() {
    let floor = |number| Candidate { floor: true, ..released(3, number) };
    let all = [floor(2), floor(4), released(3, 9)];
    assert_eq!(said(&all, &reporting(&[(3, 1)])), ["3/2 eligible", "3/4 superseded", "3/9 floor"]);
    assert_eq!(said(&all, &reporting(&[(3, 2)])), ["3/2 up_to_date", "3/4 eligible", "3/9 floor"]);
    assert_eq!(said(&all, &reporting(&[(3, 4)])), ["3/2 up_to_date", "3/4 up_to_date", "3/9 eligible"]);
}

#[test]
fn what_an_image_needs_is_offered_before_it() {
    let needs = Requirement { r#type: 2.try_into().unwrap(), min: 7.try_into().unwrap() };
    let all = [released(2, 8), Candidate { requires: vec![needs], ..released(3, 5) }];
    assert_eq!(said(&all, &reporting(&[(2, 1), (3, 1)])), ["2/8 eligible", "3/5 requires"]);
    assert_eq!(said(&all, &reporting(&[(2, 8), (3, 1)])), ["2/8 up_to_date", "3/5 eligible"]);
    assert_eq!(said(&all, &reporting(&[(3, 1)])), ["2/8 not_reported", "3/5 requires"]);
}

#[test]
fn a_stepping_stone_is_offered_first_and_is_the_highest_that_will_do() {
    let needs = |min: i64| Requirement { r#type: 3.try_into().unwrap(), min: min.try_into().unwrap() };
    let from = |number, min| Candidate { requires: vec![needs(min)], ..released(3, number) };
    let all = [released(3, 2), from(5, 2), from(6, 3), from(9, 5)];
    assert_eq!(said(&all, &reporting(&[(3, 6)]))[3], "3/9 eligible");
    assert_eq!(
        said(&all, &reporting(&[(3, 2)])),
        ["3/2 up_to_date", "3/5 eligible", "3/6 superseded", "3/9 floor"]
    );
    assert_eq!(said(&all[..2], &reporting(&[(3, 1)])), ["3/2 eligible", "3/5 floor"]);
    assert_eq!(said(&[all[1].clone(), all[3].clone()], &reporting(&[(3, 3)])), ["3/5 eligible", "3/9 floor"]);
}

#[test]
fn a_bundle_is_offered_whole_or_not_at_all() {
    let bundled = |image: Candidate| Candidate { bundle: Some("radio".parse().unwrap()), ..image };
    let all = [bundled(released(2, 8)), bundled(released(3, 5))];
    assert_eq!(said(&all, &reporting(&[(2, 1), (3, 1)])), ["2/8 eligible", "3/5 eligible"]);
    assert_eq!(said(&all, &reporting(&[(2, 8), (3, 1)])), ["2/8 up_to_date", "3/5 eligible"]);
    assert_eq!(said(&all, &reporting(&[(2, 1)])), ["2/8 bundle", "3/5 not_reported"]);
    let held = Device { withheld: [id(3, 5)].into(), ..reporting(&[(2, 1), (3, 1)]) };
    assert_eq!(said(&all, &held), ["2/8 bundle", "3/5 withheld"]);
}

#[test]
fn a_push_goes_before_rollouts_and_not_before_floors_and_blocks() {
    let push = |image: Candidate, until| vec![Push { image, until: at(until) }];
    let told = |pushes| Device { pushes, ..reporting(&[(3, 1)]) };
    let all = [released(3, 5), rolling(3, 6, 0)];
    assert_eq!(said(&all, &told(push(rolling(3, 6, 0), HOUR + 1))), ["3/5 superseded", "3/6 eligible"]);
    assert_eq!(
        said(&all, &told(push(released(3, 4), HOUR + 1))),
        ["3/4 eligible", "3/5 pushed_other", "3/6 pushed_other"]
    );
    assert_eq!(said(&all, &told(push(released(3, 4), HOUR))), ["3/5 eligible", "3/6 not_in_cohort"]);
    assert_eq!(
        said(&all, &Device { blocked: true, ..told(push(released(3, 4), HOUR + 1)) })[0],
        "3/4 blocked"
    );
    let floored = [Candidate { floor: true, ..released(3, 2) }, released(3, 5)];
    assert_eq!(said(&floored, &told(push(released(3, 4), HOUR + 1)))[..2], ["3/2 eligible", "3/4 floor"]);
    let downgrade = Device { pushes: push(released(3, 4), HOUR + 1), ..reporting(&[(3, 4)]) };
    assert_eq!(said(&all, &downgrade), ["3/4 up_to_date", "3/5 eligible", "3/6 not_in_cohort"]);
}

#[test]
fn every_reason_has_words_of_its_own() {
    let cohort = crate::domain::rollout::Cohort::of("s", &"a".parse().unwrap());
    let (number, min) = (7.try_into().unwrap(), 9.try_into().unwrap());
    let all = [
        Reason::Eligible,
        Reason::UpToDate,
        Reason::NotReported,
        Reason::Superseded,
        Reason::PushedOther { number },
        Reason::Floor { first: number },
        Reason::NotEveryones,
        Reason::LeftOut(LeftOut::NotStarted { start: at(0) }),
        Reason::LeftOut(LeftOut::NotInCohort { cohort, share: Share::try_from(500).unwrap() }),
        Reason::LeftOut(LeftOut::OutsideWindow),
        Reason::Withdrawn,
        Reason::Paused,
        Reason::Stopped,
        Reason::Blocked,
        Reason::Withheld,
        Reason::BackingOff { until: at(0) },
        Reason::Requires(Requirement { r#type: 2.try_into().unwrap(), min }),
        Reason::Bundle,
    ];
    let words: BTreeSet<String> = all.iter().map(ToString::to_string).collect();
    let codes: BTreeSet<&str> = all.iter().map(|reason| reason.code()).collect();
    assert_eq!((words.len(), codes.len()), (all.len(), all.len()));
    assert_eq!(all[7].to_string(), "its rollout begins at 1970-01-01T00:00:00Z");
    assert_eq!(
        all[8].to_string(),
        "its rollout has come to 5 % of the fleet, and the device stands at 21.38 %"
    );
}

#[derive(Debug, Clone)]
struct Fleet {
    candidates: Vec<Candidate>,
    device: Device,
    stopped: bool,
}

prop_compose! {
    fn candidate()(
        kind in 1_u16..=4,
        number in 1_i64..12,
        share in prop_oneof![Just(None), (0_u16..=10_000).prop_map(Some)],
        withdrawn in prop::bool::weighted(0.1),
        paused in prop::bool::weighted(0.1),
        floor in prop::bool::weighted(0.2),
        requires in prop::collection::vec((1_u16..=4, 1_i64..8), 0..2),
        bundle in prop_oneof![4 => Just(None), 1 => (0_u8..2).prop_map(Some)],
    ) -> Candidate {
        let base = share.map_or_else(|| released(kind, number), |share| rolling(kind, number, share));
        let requires = requires
            .into_iter()
            .map(|(kind, min)| Requirement { r#type: kind.try_into().unwrap(), min: min.try_into().unwrap() })
            .collect();
        let bundle = bundle.map(|number| format!("b{number}").parse().unwrap());
        let stage = if withdrawn { Stage::Withdrawn } else { base.stage.clone() };
        Candidate { stage, paused, floor, requires, bundle, ..base }
    }
}

prop_compose! {
    fn fleet()(
        candidates in prop::collection::vec(candidate(), 0..14),
        versions in prop::collection::btree_map(1_u16..=4, 0_i64..12, 0..4),
        known in prop::bool::weighted(0.9),
        stopped in prop::bool::weighted(0.05),
        blocked in prop::bool::weighted(0.05),
        withheld in prop::collection::btree_set((1_u16..=4, 1_i64..12), 0..2),
        push in prop::option::weighted(0.2, (candidate(), 0..2 * HOUR)),
    ) -> Fleet {
        let mut seen = BTreeSet::new();
        let candidates = candidates.into_iter().filter(|each| seen.insert(each.id)).collect();
        let mut device = reporting(&versions.into_iter().collect::<Vec<_>>());
        device.id = device.id.filter(|_| known);
        device.blocked = blocked;
        device.withheld = withheld.into_iter().map(|(kind, number)| id(kind, number)).collect();
        device.pushes = push.into_iter().map(|(image, until)| Push { image, until: at(until) }).collect();
        Fleet { candidates, device, stopped }
    }
}

impl Fleet {
    fn decide(&self) -> Vec<Verdict> {
        decide(&self.candidates, self.stopped, &self.device, at(HOUR))
    }

    fn offers(&self) -> Vec<ImageId> {
        self.decide().iter().filter(|each| each.reason == Reason::Eligible).map(|each| each.id).collect()
    }

    fn pushes(&self) -> impl Iterator<Item = &Candidate> {
        self.device.pushes.iter().filter(|push| at(HOUR) < push.until).map(|push| &push.image)
    }

    /// What a decision is over: a push counts in place of the same image.
    fn images(&self) -> Vec<&Candidate> {
        let pushed: Vec<_> = self.pushes().collect();
        let others = self.candidates.iter().filter(|each| pushed.iter().all(|push| push.id != each.id));
        others.chain(pushed.iter().copied()).collect()
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn no_decision_bends_the_rules(fleet in fleet()) {
        let (verdicts, images) = (fleet.decide(), fleet.images());
        let order: Vec<_> = verdicts.iter().map(|each| (each.id.r#type, each.id.number)).collect();
        prop_assert!(order.is_sorted() && order.len() == images.len(), "one verdict each, in install order");
        let offers = fleet.offers();
        let types: BTreeSet<_> = offers.iter().map(|offer| offer.r#type).collect();
        prop_assert_eq!(types.len(), offers.len(), "at most one a type");
        for offer in &offers {
            let image = images.iter().find(|each| each.id == *offer).unwrap();
            let runs = fleet.device.reported.get(&offer.r#type);
            prop_assert!(runs.is_some_and(|runs| runs.get() < offer.number.get()), "never a downgrade");
            prop_assert!(!fleet.stopped && !fleet.device.blocked && !image.paused);
            prop_assert!(image.stage != Stage::Withdrawn);
            prop_assert!(!fleet.device.withheld.contains(offer));
            for required in &image.requires {
                let met = fleet.device.reported.get(&required.r#type);
                prop_assert!(met.is_some_and(|runs| runs.get() >= required.min.get()), "needs what is there");
            }
            for floor in images.iter().filter(|each| each.is_floor() && each.id.r#type == offer.r#type) {
                let between = Some(floor.id.number.get()) > runs.map(|runs| runs.get()) && floor.id.number < offer.number;
                prop_assert!(!between, "a floor is never skipped");
            }
            if image.bundle.is_some() {
                let with = |each: &&&Candidate| each.bundle == image.bundle && each.stage != Stage::Withdrawn;
                for other in images.iter().filter(with) {
                    let there = fleet.device.reported.get(&other.id.r#type);
                    let there = there.is_some_and(|runs| runs.get() >= other.id.number.get());
                    prop_assert!(there || offers.contains(&other.id), "a bundle is never torn");
                }
            }
            if fleet.device.id.is_none() && fleet.pushes().all(|push| push.id.r#type != offer.r#type) {
                prop_assert_eq!(&image.stage, &Stage::Released, "what is everyone's, and no more");
            }
        }
    }

    #[test]
    fn a_larger_share_and_a_later_moment_only_ever_give_more(
        mut fleet in fleet(),
        which in any::<prop::sample::Index>(),
        more in 0_u16..=10_000,
    ) {
        fleet.device.pushes.clear();
        for each in &mut fleet.candidates {
            // Whoever bundles an image leaves it behind when something else takes its place.
            (each.paused, each.bundle) = (false, None);
        }
        let before: BTreeMap<_, _> = fleet.offers().into_iter().map(|offer| (offer.r#type, offer.number)).collect();
        let rolling = |each: &&mut Candidate| matches!(each.stage, Stage::Rolling(_));
        let mut rolling: Vec<_> = fleet.candidates.iter_mut().filter(rolling).collect();
        if rolling.is_empty() {
            return Ok(());
        }
        let chosen = which.index(rolling.len());
        if let Stage::Rolling(rollout) = &mut rolling[chosen].stage {
            let share = rollout.schedule.share_at(at(HOUR)).max(more.try_into().unwrap());
            rollout.schedule = Schedule::new(at(0), share, Vec::new(), None).unwrap();
        }
        let after: BTreeMap<_, _> = fleet.offers().into_iter().map(|offer| (offer.r#type, offer.number)).collect();
        for (kind, number) in before {
            prop_assert!(after.get(&kind).is_some_and(|now| *now >= number), "{kind}: {number} and then {after:?}");
        }
    }

    #[test]
    fn who_says_only_versions_gets_what_everyone_gets(mut fleet in fleet()) {
        fleet.device.pushes.clear();
        fleet.device.withheld.clear();
        fleet.device.blocked = false;
        for each in &mut fleet.candidates {
            // A bundle with something on its way is not everyone's yet.
            each.bundle = None;
        }
        let everyones: Vec<_> = fleet.candidates.iter().filter(|each| each.stage == Stage::Released).cloned().collect();
        let alone = Fleet { candidates: everyones, ..fleet.clone() };
        fleet.device.id = None;
        prop_assert_eq!(fleet.offers(), alone.offers());
    }

    #[test]
    fn a_manifest_holds_all_that_changes_what_is_offered(
        mut fleet in fleet(),
        pushed in prop::option::weighted(0.3, any::<prop::sample::Index>()),
    ) {
        let image = pushed.filter(|_| !fleet.candidates.is_empty()).map(|index| index.get(&fleet.candidates).clone());
        fleet.device.pushes = image.into_iter().map(|image| Push { image, until: at(HOUR + 1) }).collect();
        let associated: Vec<_> = fleet.candidates.iter().map(associated).collect();
        let kept = chosen(&associated).into_iter().map(|(image, plan)| plan.candidate(image.id)).collect();
        let manifest = Fleet { candidates: kept, ..fleet.clone() };
        prop_assert_eq!(manifest.offers(), fleet.offers());
        let explained = fleet.decide();
        for verdict in manifest.decide() {
            let full = explained.iter().find(|each| each.id == verdict.id).unwrap();
            prop_assert_eq!(full.reason, verdict.reason, "{}", verdict.id);
        }
    }
}

fn associated(candidate: &Candidate) -> Association {
    let owner = "acme".parse().unwrap();
    let Candidate { id, stage, paused, floor, requires, bundle } = candidate.clone();
    let paused = paused.then_some(Pause { at: at(0), failures: None });
    Association {
        device_type: "kettle".parse().unwrap(),
        feed: "release".parse().unwrap(),
        image: ImageRef { owner, device_type: None, id },
        kind: BinaryKind::Binary,
        created: at(0),
        plan: Plan { stage, paused, floor, requires, bundle, ..Plan::default() },
    }
}
