//! What no decision bends, for any fleet.

use proptest::prelude::*;

use super::fleets::{Fleet, fleet};
use super::*;
use crate::domain::association::Association;
use crate::domain::explanation::explain;
use crate::domain::manifest::chosen;
use crate::domain::plan::{Pause, salt};
use crate::domain::rollout::Share;
use crate::domain::{BinaryKind, ImageRef, Plan};

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

/// The highest offer of each type.
fn by_type(offers: &[ImageId]) -> BTreeMap<TypeNumber, VersionNumber> {
    offers.iter().map(|offer| (offer.r#type, offer.number)).collect()
}

/// Fails unless each type that was offered something still is, and nothing lower.
fn expect_no_less(before: &[ImageId], after: &[ImageId]) -> Result<(), TestCaseError> {
    let after = by_type(after);
    for (kind, number) in by_type(before) {
        let still = after.get(&kind).is_some_and(|now| *now >= number);
        prop_assert!(still, "{kind}: {number} and then {after:?}");
    }
    Ok(())
}

/// A fleet in which nothing is halted, pushed, or offered by the hour.
fn flowing(mut fleet: Fleet) -> Fleet {
    fleet.device.pushes.clear();
    for each in &mut fleet.candidates {
        // Whatever takes the place of one of a bundle leaves the others behind.
        (each.paused, each.bundle) = (false, None);
        if let Stage::Rolling(rollout) = &mut each.stage {
            rollout.window = None;
        }
    }
    fleet
}

/// The whole of a bundle on its way beside what everyone has, its parts at these hundredths of a percent.
fn bundled(device: &str, shares: &[u16]) -> Fleet {
    let kinds = 1..=u16::try_from(shares.len()).unwrap();
    let bundle =
        Bundle::new("b".parse().unwrap(), kinds.clone().map(|it| it.try_into().unwrap()).collect()).unwrap();
    let part = |(kind, share): (u16, &u16)| {
        let mut image = rolling(kind, 9, *share);
        if let Stage::Rolling(rollout) = &mut image.stage {
            rollout.salt = salt(image.id, Some(&bundle));
        }
        [released(kind, 5), Candidate { bundle: Some(bundle.clone()), ..image }]
    };
    let candidates = kinds.clone().zip(shares).flat_map(part).collect();
    let versions: Vec<_> = kinds.map(|kind| (kind, 1)).collect();
    let device = Device { id: Some(device.parse().unwrap()), ..reporting(&versions) };
    Fleet { candidates, device, stopped: false }
}

#[test]
fn one_place_decides_for_all_of_a_bundle() {
    let gets = |device: usize| bundled(&format!("d{device}"), &[1000; 3]).offers()[0].number.get() == 9;
    let taken = (0..4000).filter(|device| gets(*device)).count();
    assert!((340..460).contains(&taken), "{taken} of 4000 at 10 %");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn no_decision_bends_the_rules(fleet in fleet()) {
        let (verdicts, images) = (fleet.decide(), fleet.images());
        let order: Vec<_> = verdicts.iter().map(|each| (each.id.r#type, each.id.number)).collect();
        prop_assert!(order.is_sorted() && order.len() == images.len(), "one verdict each, in install order");
        let offers = fleet.offers();
        prop_assert_eq!(by_type(&offers).len(), offers.len(), "at most one a type");
        let runs = |kind: TypeNumber| fleet.device.reported.get(&kind).map(|runs| runs.get());
        for offer in &offers {
            let image = images.iter().find(|each| each.id == *offer).unwrap();
            let running = runs(offer.r#type);
            prop_assert!(running.is_some_and(|runs| runs < offer.number.get()), "never a downgrade");
            prop_assert!(!fleet.stopped && !fleet.device.blocked && !image.paused);
            prop_assert!(image.stage != Stage::Withdrawn);
            prop_assert!(!fleet.device.withheld.contains(offer));
            prop_assert!(fleet.device.held.get(offer).is_none_or(|until| *until <= at(HOUR)));
            for required in &image.requires {
                let met = runs(required.r#type).is_some_and(|runs| runs >= required.min.get());
                prop_assert!(met, "needs what is there");
            }
            for floor in images.iter().filter(|each| each.floor && each.id.r#type == offer.r#type) {
                let between = Some(floor.id.number.get()) > running && floor.id.number < offer.number;
                prop_assert!(!between, "a floor is never skipped, whatever has become of it");
            }
            if fleet.device.id.is_none() && fleet.pushes().all(|push| push.id.r#type != offer.r#type) {
                prop_assert_eq!(&image.stage, &Stage::Released, "what is everyone's, and no more");
            }
        }
    }

    #[test]
    fn a_bundle_is_never_torn(fleet in fleet()) {
        let (images, offers) = (fleet.images(), fleet.offers());
        for image in images.iter().filter(|each| offers.contains(&each.id)) {
            let Some(bundle) = &image.bundle else { continue };
            let named = |each: &&&Candidate| {
                each.bundle.as_ref().is_some_and(|it| it.name() == bundle.name()) && each.stage != Stage::Withdrawn
            };
            let others: Vec<_> = images.iter().filter(named).filter(|each| each.id != image.id).collect();
            prop_assert!(!others.is_empty(), "one alone is no bundle");
            for other in &others {
                let runs = fleet.device.reported.get(&other.id.r#type);
                let there = runs.is_some_and(|runs| runs.get() >= other.id.number.get());
                prop_assert!(there || offers.contains(&other.id), "{} without {}", image.id, other.id);
            }
            for kind in bundle.types().iter().filter(|kind| **kind != image.id.r#type) {
                prop_assert!(others.iter().any(|other| other.id.r#type == *kind), "type {kind} is missed");
            }
        }
    }

    #[test]
    fn a_push_that_is_held_changes_nothing_that_is_offered(fleet in fleet()) {
        let hard = |reason| matches!(reason, Reason::Paused | Reason::Requires(_) | Reason::Bundle);
        let pushed: Vec<_> = fleet.pushes().map(|push| push.id).collect();
        if fleet.decide().iter().any(|each| pushed.contains(&each.id) && hard(each.reason)) {
            let mut without = Fleet { candidates: fleet.images().into_iter().cloned().collect(), ..fleet.clone() };
            without.device.pushes.clear();
            prop_assert_eq!(fleet.offers(), without.offers());
        }
    }

    #[test]
    fn a_larger_share_only_ever_gives_more(
        fleet in fleet(),
        which in any::<prop::sample::Index>(),
        more in 0_u16..=10_000,
    ) {
        let mut fleet = flowing(fleet);
        let before = fleet.offers();
        let rollouts = fleet.candidates.iter_mut().filter_map(|each| match &mut each.stage {
            Stage::Rolling(rollout) => Some(rollout),
            _ => None,
        });
        let mut rollouts: Vec<_> = rollouts.collect();
        if rollouts.is_empty() {
            return Ok(());
        }
        let rollout = which.get_mut(&mut rollouts);
        let share = rollout.schedule.share_at(at(HOUR)).max(more.try_into().unwrap());
        rollout.schedule = Schedule::new(rollout.schedule.start(), share, Vec::new(), None).unwrap();
        expect_no_less(&before, &fleet.offers())?;
    }

    #[test]
    fn a_later_moment_only_ever_gives_more(fleet in fleet(), first in 0..5 * HOUR, second in 0..5 * HOUR) {
        let fleet = flowing(fleet);
        let moments = [first.min(second), first.max(second)];
        let [before, after] = moments.map(|millis| fleet.offers_at(millis));
        expect_no_less(&before, &after)?;
    }

    #[test]
    fn a_larger_share_of_a_bundle_only_ever_gives_more(
        device in "[a-z]{4}",
        shares in prop::collection::vec((0_u16..=10_000, 0_u16..=10_000), 2..5),
    ) {
        let [less, more] = [u16::min, u16::max].map(|pick| {
            let shares: Vec<_> = shares.iter().map(|(a, b)| pick(*a, *b)).collect();
            bundled(&device, &shares).offers()
        });
        expect_no_less(&less, &more)?;
        prop_assert_eq!(less.len(), shares.len(), "those that are left out keep what they would have had");
    }

    #[test]
    fn who_says_only_versions_gets_what_everyone_gets(mut fleet in fleet()) {
        fleet.device.pushes.clear();
        fleet.device.withheld.clear();
        fleet.device.held.clear();
        fleet.device.blocked = false;
        for each in &mut fleet.candidates {
            // A bundle or a floor that is on its way is not everyone's yet.
            (each.bundle, each.floor) = (None, false);
        }
        let everyones: Vec<_> = fleet.candidates.iter().filter(|each| each.stage == Stage::Released).cloned().collect();
        let alone = Fleet { candidates: everyones, ..fleet.clone() };
        fleet.device.id = None;
        prop_assert_eq!(fleet.offers(), alone.offers());
    }

    #[test]
    fn an_index_holds_what_a_check_that_names_nobody_offers(fleet in fleet()) {
        for image in &fleet.candidates {
            // A package knows no more than this.
            let plain = Candidate { floor: false, requires: Vec::new(), bundle: None, ..image.clone() };
            let anyone = Device { id: None, ..reporting(&[(image.id.r#type.get().into(), 0)]) };
            let in_index = associated(&plain).plan.is_everyones();
            let offered = Fleet { candidates: vec![plain], device: anyone, stopped: false }.offers();
            prop_assert_eq!(in_index, offered == [image.id]);
        }
    }

    #[test]
    fn a_manifest_holds_all_that_changes_what_is_offered_and_an_explanation_says_the_same(
        mut fleet in fleet(),
        pushed in prop::option::weighted(0.3, any::<prop::sample::Index>()),
    ) {
        let image = pushed.filter(|_| !fleet.candidates.is_empty()).map(|index| index.get(&fleet.candidates).clone());
        fleet.device.pushes = image.into_iter().map(|image| Push { image, until: at(HOUR + 1) }).collect();
        let mut all: Vec<_> = fleet.candidates.iter().map(associated).collect();
        let kept = chosen(&all).into_iter().map(|(image, plan)| plan.candidate(image.id)).collect();
        let manifest = Fleet { candidates: kept, ..fleet.clone() };
        let elsewhere = |each: &Association| Association { feed: "beta".parse().unwrap(), ..each.clone() };
        all.extend(all.clone().iter().map(elsewhere));
        let rows = explain(&all, &"release".parse().unwrap(), fleet.stopped, &fleet.device, at(HOUR));
        let included: Vec<_> = rows.iter().filter(|row| row.why.is_included()).map(|row| row.id).collect();
        prop_assert_eq!(manifest.offers(), included);
        for verdict in manifest.decide() {
            let row = rows.iter().find(|row| row.id == verdict.id && row.feed.is_release());
            prop_assert_eq!(row.map(|row| row.why.code()), Some(verdict.reason.code()), "{}", verdict.id);
        }
    }
}

#[test]
fn everyone_is_below_the_whole_of_a_bundle() {
    let whole = Share::ALL.hundredths();
    assert_eq!(by_type(&bundled("d", &[whole, whole]).offers()).values().map(|it| it.get()).max(), Some(9));
}
