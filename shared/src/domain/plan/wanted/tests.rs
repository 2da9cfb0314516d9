//! What is asked for, and the plans that it makes.

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
    let first = made(Wanted { share: Some(share(500)), ..Wanted::default() }, &Plan::default(), 0);
    assert_eq!(rolling(&first).schedule.start(), NOW);
    let later = NOW.plus_seconds(60);
    let grown = Wanted { share: Some(share(2500)), ..Wanted::default() };
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
    let plan = made(Wanted { auto_pause: Some(Some(limit)), ..Wanted::default() }, &before, 0);
    assert_eq!(plan.paused, pause);
    assert_eq!(plan.auto_pause, Some(AutoPause { failure_percent: 5, min_reports: 50, since }));
}

#[test]
fn a_rate_in_the_middle_of_a_rollout_goes_on_from_where_it_stands() {
    let first = made(Wanted { share: Some(share(100)), ..Wanted::default() }, &Plan::default(), 1000);
    let days = NOW.plus_seconds(3 * 86_400);
    let wanted = Wanted { share: Some(Share::ALL), rate_per_hour: Some(Some(50)), ..Wanted::default() };
    let slowed = wanted.plan("7105".parse().unwrap(), BinaryKind::Binary, &first, 1000, days).unwrap();
    let schedule = &rolling(&slowed).schedule;
    let shares = [0, 3600].map(|seconds| schedule.share_at(days.plus_seconds(seconds)).hundredths());
    assert_eq!(shares, [100, 600]);
}

#[test]
fn a_plan_that_is_set_during_a_halt_makes_nothing_everyones_that_was_not() {
    let steps = vec![Step { at: NOW.plus_seconds(3600), share: Share::ALL }];
    let careful = || Wanted { share: Some(share(500)), steps: Some(steps.clone()), ..Wanted::default() };
    let mut halted = made(careful(), &Plan::default(), 0);
    halted.paused = Some(Pause { at: NOW.plus_seconds(60), failures: None });
    let days = NOW.plus_seconds(3 * 86_400);
    let again = careful().plan("7105".parse().unwrap(), BinaryKind::Binary, &halted, 0, days).unwrap();
    assert_eq!(again, halted);
}

#[test]
fn a_rate_becomes_a_share_of_the_known_fleet_and_is_never_nothing() {
    let wanted = |rate| Wanted { rate_per_hour: Some(Some(rate)), ..Wanted::default() };
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
    let plan = made(Wanted { window: Some(Some(hours)), ..Wanted::default() }, &Plan::default(), 0);
    assert_eq!(rolling(&plan).whole_at(), None);
    assert_eq!(made(Wanted::default(), &plan, 0), plan);
    assert_eq!(made(Wanted { window: Some(None), ..Wanted::default() }, &plan, 0).stage, Stage::Released);
}

#[test]
fn a_package_is_for_all_or_for_nobody() {
    let nobody = Wanted { share: Some(Share::NONE), ..Wanted::default() };
    let plan = nobody.plan("7105".parse().unwrap(), BinaryKind::Package, &Plan::default(), 0, NOW);
    assert!(!plan.unwrap().is_everyones());
    let much = Wanted {
        share: Some(share(50)),
        start: Some(Some(NOW)),
        rate_per_hour: Some(Some(1)),
        floor: Some(true),
        ..Wanted::default()
    };
    let expected = ["/percent", "/startTimestamp", "/ratePerHour", "/floor", "/ratePerHour"];
    assert_eq!(refused(much, BinaryKind::Package), expected);
}

#[test]
fn every_fault_is_told() {
    let wanted = Wanted {
        share: Some(share(800)),
        steps: Some(vec![Step { at: NOW.plus_seconds(-5), share: share(700) }]),
        window: Some(Some(Hours { from: 0, to: 60, zone: "Mars".to_owned() })),
        ..Wanted::default()
    };
    assert_eq!(refused(wanted, BinaryKind::Binary), ["/window/timeZone", "/steps"]);
}

fn bundle(name: &str, types: &[u16]) -> Bundle {
    let types = types.iter().map(|kind| (*kind).try_into().unwrap()).collect();
    Bundle::new(name.parse().unwrap(), types).unwrap()
}

/// All that can be asked for at once.
fn all() -> Wanted {
    let needs = Requirement { r#type: 2.try_into().unwrap(), min: 7.try_into().unwrap() };
    let steps = [(3600, 2000), (7200, 10_000)];
    Wanted {
        share: Some(share(500)),
        steps: Some(
            steps.map(|(after, part)| Step { at: NOW.plus_seconds(after), share: share(part) }).into(),
        ),
        start: Some(Some(NOW.plus_seconds(60))),
        window: Some(Some(Hours { from: 60, to: 240, zone: "Europe/Berlin".to_owned() })),
        rate_per_hour: Some(Some(50)),
        allow: Some(Allow { devices: ["a".parse().unwrap()].into(), tags: ["lab".parse().unwrap()].into() }),
        auto_pause: Some(Some(Limit { failure_percent: 2, min_reports: 50 })),
        requires: Some(vec![needs]),
        bundle: Some(Some(bundle("radio", &[2, 105]))),
        floor: Some(true),
    }
}

fn after(seconds: i64, wanted: Wanted, before: &Plan) -> Plan {
    let then = NOW.plus_seconds(seconds);
    wanted.plan("7105".parse().unwrap(), BinaryKind::Binary, before, 1000, then).unwrap()
}

fn later(wanted: Wanted, before: &Plan) -> Plan {
    after(1800, wanted, before)
}

#[test]
fn what_is_left_out_stays_and_asking_for_the_same_again_changes_nothing() {
    for first in [
        all(),
        Wanted { rate_per_hour: Some(Some(50)), ..Wanted::default() },
        Wanted { window: all().window, ..Wanted::default() },
        Wanted { share: Some(share(500)), start: Some(None), ..Wanted::default() },
        Wanted::default(),
    ] {
        let plan = made(first.clone(), &Plan::default(), 1000);
        assert_eq!(later(Wanted::default(), &plan), plan);
        assert_eq!(later(first, &plan), plan);
    }
    let plan = made(all(), &Plan::default(), 1000);
    let floor = later(Wanted { floor: Some(false), ..Wanted::default() }, &plan);
    assert_eq!(floor, Plan { floor: false, ..plan });
}

#[test]
fn what_is_none_inside_is_taken_away() {
    let plan = made(all(), &Plan::default(), 1000);
    let nothing = Wanted {
        share: Some(Share::ALL),
        steps: Some(Vec::new()),
        start: Some(None),
        window: Some(None),
        rate_per_hour: Some(None),
        allow: Some(Allow::default()),
        auto_pause: Some(None),
        requires: Some(Vec::new()),
        bundle: Some(None),
        floor: Some(false),
    };
    assert_eq!(later(nothing, &plan), Plan::default());
}

#[test]
fn a_larger_share_leaves_the_steps_that_go_beyond_it() {
    let plan = made(Wanted { window: None, rate_per_hour: None, ..all() }, &Plan::default(), 0);
    let raised = later(Wanted { share: Some(share(3000)), ..Wanted::default() }, &plan);
    let schedule = &rolling(&raised).schedule;
    assert_eq!((schedule.first(), schedule.steps()), (share(3000), &rolling(&plan).schedule.steps()[1..]));
    let whole = later(Wanted { share: Some(Share::ALL), ..Wanted::default() }, &plan);
    assert_eq!(whole.stage, Stage::Released);
}

#[test]
fn a_halted_image_that_is_everyones_stays_so_whatever_else_is_asked_for() {
    let paused = Some(Pause { at: NOW, failures: None });
    let halted = Plan { paused, ..Plan::default() };
    let same = Wanted { share: Some(Share::ALL), rate_per_hour: Some(None), ..Wanted::default() };
    assert_eq!(later(same, &halted), halted);
    let floor = later(Wanted { floor: Some(true), ..Wanted::default() }, &halted);
    assert_eq!(floor, Plan { floor: true, ..halted });
}

#[test]
fn a_rate_that_is_left_out_goes_on_from_where_the_rollout_stands() {
    let slow = Wanted { share: Some(share(500)), rate_per_hour: Some(Some(50)), ..Wanted::default() };
    let plan = made(slow, &Plan::default(), 1000);
    let raised = after(3 * 86_400, Wanted { share: Some(Share::ALL), ..Wanted::default() }, &plan);
    let shares =
        [0, 3600].map(|more| rolling(&raised).schedule.share_at(NOW.plus_seconds(3 * 86_400 + more)));
    assert_eq!((shares, raised.rate_per_hour), ([share(500), share(1000)], Some(50)));
}

#[test]
fn images_that_go_together_give_a_device_one_place() {
    let half = |id: &str, before: &Plan| {
        let bundle = Some(Some(bundle("radio", &[2, 105])));
        let wanted = Wanted { share: Some(share(5000)), bundle, ..Wanted::default() };
        wanted.plan(id.parse().unwrap(), BinaryKind::Binary, before, 0, NOW).unwrap()
    };
    let salt = |plan: &Plan| rolling(plan).salt.clone();
    let both = ["7105", "9002"].map(|id| half(id, &Plan::default()));
    assert_eq!(salt(&both[0]), salt(&both[1]));
    let alone = Wanted { share: Some(share(5000)), ..Wanted::default() };
    assert_ne!(salt(&made(alone, &Plan::default(), 0)), salt(&both[0]));
    let mut running = both[0].clone();
    let Stage::Rolling(rollout) = &mut running.stage else { panic!("{running:?}") };
    "105/7".clone_into(&mut rollout.salt);
    assert_eq!(salt(&half("7105", &running)), "105/7", "nobody that was taken in is left out again");
}

#[test]
fn an_image_is_of_one_of_the_types_of_its_bundle() {
    let others = Wanted { bundle: Some(Some(bundle("radio", &[2, 3]))), ..Wanted::default() };
    assert_eq!(refused(others, BinaryKind::Binary), ["/bundle"]);
    let one = Bundle::new("radio".parse().unwrap(), [105.try_into().unwrap()].into());
    assert!(one.is_err(), "a bundle of one is none");
}
