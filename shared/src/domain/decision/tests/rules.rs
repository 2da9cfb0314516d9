//! Examples of decisions, and the reasons that people are told.

use super::*;
use crate::domain::rollout::{LeftOut, Share};

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

fn radio(types: &[u16]) -> Bundle {
    let types = types.iter().map(|kind| (*kind).try_into().unwrap()).collect();
    Bundle::new("radio".parse().unwrap(), types).unwrap()
}

#[test]
fn a_bundle_is_offered_whole_or_not_at_all() {
    let bundled = |image: Candidate| Candidate { bundle: Some(radio(&[2, 3])), ..image };
    let all = [bundled(released(2, 8)), bundled(released(3, 5))];
    assert_eq!(said(&all, &reporting(&[(2, 1), (3, 1)])), ["2/8 eligible", "3/5 eligible"]);
    assert_eq!(said(&all, &reporting(&[(2, 8), (3, 1)])), ["2/8 up_to_date", "3/5 eligible"]);
    assert_eq!(said(&all, &reporting(&[(2, 1)])), ["2/8 bundle", "3/5 not_reported"]);
    let held = Device { withheld: [id(3, 5)].into(), ..reporting(&[(2, 1), (3, 1)]) };
    assert_eq!(said(&all, &held), ["2/8 bundle", "3/5 withheld"]);
}

#[test]
fn of_a_bundle_that_is_not_there_whole_nothing_is_offered() {
    let with = |image: Candidate, types: &[u16]| Candidate { bundle: Some(radio(types)), ..image };
    let device = reporting(&[(2, 1), (3, 1), (6, 1)]);
    assert_eq!(said(&[with(released(2, 8), &[2, 3])], &device), ["2/8 bundle"]);
    let two = [with(released(2, 8), &[2, 3, 6]), with(released(3, 5), &[2, 3, 6])];
    assert_eq!(said(&two, &device), ["2/8 bundle", "3/5 bundle"]);
    let gone = Candidate { stage: Stage::Withdrawn, ..with(released(3, 5), &[2, 3]) };
    assert_eq!(said(&[with(released(2, 8), &[2, 3]), gone], &device), ["2/8 bundle", "3/5 withdrawn"]);
    let other = Candidate { bundle: None, ..released(3, 5) };
    assert_eq!(said(&[with(released(2, 8), &[2, 3]), other], &device), ["2/8 bundle", "3/5 eligible"]);
}

#[test]
fn a_bundle_of_unknown_types_is_what_is_there_and_never_one_alone() {
    let of_old = |image: Candidate| Candidate {
        bundle: Some(Bundle::of_unknown_types("r".parse().unwrap())),
        ..image
    };
    let all = [of_old(released(2, 8)), of_old(released(3, 5))];
    let device = reporting(&[(2, 1), (3, 1)]);
    assert_eq!(said(&all, &device), ["2/8 eligible", "3/5 eligible"]);
    assert_eq!(said(&all[..1], &device), ["2/8 bundle"]);
}

#[test]
fn what_lies_above_a_floor_waits_for_it_whatever_has_become_of_it() {
    let floor = |image: Candidate| Candidate { floor: true, ..image };
    let device = reporting(&[(3, 1)]);
    for (held, code) in [
        (rolling(3, 5, 0), "not_in_cohort"),
        (Candidate { paused: true, ..released(3, 5) }, "paused"),
        (Candidate { stage: Stage::Withdrawn, ..released(3, 5) }, "withdrawn"),
    ] {
        let all = [released(3, 2), floor(held), released(3, 9)];
        let expected = ["3/2 superseded".to_owned(), format!("3/5 {code}"), "3/9 floor".to_owned()];
        assert_eq!(said(&all, &device), expected);
        assert_eq!(said(&all, &reporting(&[(3, 5)]))[2], "3/9 eligible", "who has it goes on");
        let pushes = vec![Push { image: all[2].clone(), until: at(HOUR + 1) }];
        assert_eq!(said(&all, &Device { pushes, ..device.clone() })[2], "3/9 floor", "not even by a push");
    }
    let beta = [released(3, 2), floor(rolling(3, 5, 0)), rolling(3, 9, 10_000)];
    assert_eq!(said(&beta, &device), ["3/2 eligible", "3/5 not_in_cohort", "3/9 floor"]);
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
fn a_push_that_is_held_holds_up_nothing_else_and_says_what_holds_it() {
    let push = |image: &Candidate| vec![Push { image: image.clone(), until: at(HOUR + 1) }];
    let told = |image: &Candidate| Device { pushes: push(image), ..reporting(&[(2, 1), (3, 1)]) };
    let needs = Requirement { r#type: 2.try_into().unwrap(), min: 7.try_into().unwrap() };
    let with = |image: Candidate| Candidate { bundle: Some(radio(&[2, 3])), ..image };
    for (held, code) in [
        (Candidate { paused: true, ..released(3, 4) }, "paused"),
        (Candidate { paused: true, ..rolling(3, 4, 0) }, "paused"),
        (Candidate { requires: vec![needs], ..rolling(3, 4, 0) }, "requires"),
        (with(rolling(3, 4, 0)), "bundle"),
    ] {
        let all = [released(3, 5), rolling(3, 6, 0)];
        let expected = [&format!("3/4 {code}"), "3/5 eligible", "3/6 not_in_cohort"];
        assert_eq!(said(&all, &told(&held)), expected);
        let above = Candidate { id: id(3, 7), ..held };
        let expected = ["3/5 eligible", "3/6 not_in_cohort", &format!("3/7 {code}")];
        if above.stage != Stage::Released {
            assert_eq!(said(&all, &told(&above)), expected);
        }
    }
    let floored = [Candidate { floor: true, paused: true, ..released(3, 3) }, released(3, 2)];
    assert_eq!(said(&floored, &told(&rolling(3, 4, 0)))[2], "3/4 floor");
    // What has failed on the device, or was offered in vain, is no reason to try another one than it was told to.
    let withheld = Device { withheld: [id(3, 4)].into(), ..told(&released(3, 4)) };
    assert_eq!(said(&[released(3, 5)], &withheld), ["3/4 withheld", "3/5 pushed_other"]);
    let failed = Device { held: [(id(3, 4), at(HOUR + 1))].into(), ..told(&released(3, 4)) };
    assert_eq!(said(&[released(3, 5)], &failed), ["3/4 backing_off", "3/5 pushed_other"]);
}

#[test]
fn a_push_that_is_held_leaves_a_bundle_whole_that_takes_its_place() {
    let with = |image: Candidate| Candidate { bundle: Some(radio(&[2, 3])), ..image };
    let all = [with(released(2, 8)), with(released(3, 5))];
    let other = Candidate { paused: true, ..released(3, 4) };
    let mut pushes = vec![Push { image: other, until: at(HOUR + 1) }];
    let told = Device { pushes: pushes.clone(), ..reporting(&[(2, 1), (3, 1)]) };
    assert_eq!(said(&all, &told), ["2/8 eligible", "3/4 paused", "3/5 eligible"]);
    // What a held push stood in the way of may be a push itself.
    let all = [with(rolling(2, 8, 0)), with(released(3, 5))];
    pushes.insert(0, Push { image: all[0].clone(), until: at(HOUR + 1) });
    let told = Device { pushes, ..reporting(&[(2, 1), (3, 1)]) };
    assert_eq!(said(&all, &told), ["2/8 eligible", "3/4 paused", "3/5 eligible"]);
}

/// One of each reason.
pub(super) fn every_reason() -> [Reason; 18] {
    let cohort = crate::domain::rollout::Cohort::of("s", &"a".parse().unwrap());
    let (number, min) = (7.try_into().unwrap(), 9.try_into().unwrap());
    [
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
    ]
}

#[test]
fn every_reason_has_words_of_its_own() {
    let all = every_reason();
    let words: BTreeSet<String> = all.iter().map(ToString::to_string).collect();
    let codes: BTreeSet<&str> = all.iter().map(|reason| reason.code()).collect();
    assert_eq!((words.len(), codes.len()), (all.len(), all.len()));
    assert_eq!(all[7].to_string(), "its rollout begins at 1970-01-01T00:00:00Z");
    assert_eq!(
        all[8].to_string(),
        "its rollout has come to 5 % of the fleet, and the device stands at 21.38 %"
    );
}
