//! Checks by devices that say who they are.

use super::testing::{at, device, entry, id, manifest, said};
use super::*;
use crate::domain::Manifest;
use crate::domain::decision::Reason;
use crate::domain::progress::{MOST_OFFERS, State};

const SPACING: i64 = 60;

fn asks(known: Option<&Device>, versions: &[(u16, i64)], manifest: &Manifest, seconds: i64) -> Checked {
    check(known, device(), &said(versions), manifest, SPACING, at(seconds * 1000))
}

/// What is counted for it.
fn counts(checked: &Checked) -> Vec<Count> {
    checked.device.clone().settle(90)
}

/// The device, once that is counted.
fn settled(checked: &Checked) -> Device {
    let mut device = checked.device.clone();
    device.settle(90);
    device
}

fn image(feed: &str, id: ImageId, what: Counted) -> Count {
    Count::Image { feed: feed.parse().unwrap(), id, what }
}

fn runs(feed: &str, running: (u16, i64), by: i8) -> Count {
    let running = (running.0.try_into().unwrap(), running.1);
    Count::Runs { feed: feed.parse().unwrap(), running, by }
}

#[test]
fn the_first_word_of_a_device_counts_what_it_runs_and_what_it_is_offered() {
    let manifest = manifest("release", &[entry(3, 7)]);
    let first = asks(None, &[(3, 5)], &manifest, 1);
    assert_eq!(counts(&first), [image("release", id(3, 7), Counted::Offered), runs("release", (3, 5), 1)]);
    assert!(first.changed && first.device.revision == 1);
    assert_eq!(first.offered, [id(3, 7)]);
}

#[test]
fn a_device_that_asks_again_with_nothing_new_changes_nothing() {
    let manifest = manifest("release", &[entry(3, 7)]);
    let first = settled(&asks(None, &[(3, 7)], &manifest, 1));
    let again = asks(Some(&first), &[(3, 7)], &manifest, 86_400 * 3);
    assert!(!again.changed && counts(&again).is_empty());
    assert_eq!(again.device.seen_day, 3);
    let offered = settled(&asks(None, &[(3, 5)], &manifest, 1));
    let soon = asks(Some(&offered), &[(3, 5)], &manifest, 30);
    assert!(!soon.changed, "an offer that is repeated at once does not count");
}

#[test]
fn what_could_not_be_counted_is_news_until_it_is() {
    let manifest = manifest("release", &[entry(3, 7)]);
    let first = asks(None, &[(3, 7)], &manifest, 1).device;
    let again = asks(Some(&first), &[(3, 7)], &manifest, 2);
    assert!(again.changed && counts(&again) == [runs("release", (3, 7), 1)]);
}

#[test]
fn the_version_that_was_offered_is_success_and_another_one_ends_the_matter() {
    let manifest = manifest("release", &[entry(3, 7)]);
    let first = settled(&asks(None, &[(3, 5)], &manifest, 1));
    let done = asks(Some(&first), &[(3, 7)], &manifest, 2);
    assert_eq!(done.installed, [id(3, 7)]);
    let expected = [
        image("release", id(3, 7), Counted::Installed),
        runs("release", (3, 5), -1),
        runs("release", (3, 7), 1),
    ];
    assert_eq!(counts(&done), expected);
    let other = asks(Some(&first), &[(3, 9)], &manifest, 2);
    assert!(other.installed.is_empty() && other.device.progress[&id(3, 7)].passed);
    let between = asks(Some(&first), &[(3, 6)], &manifest, 2);
    assert!(between.installed.is_empty() && !between.device.progress[&id(3, 7)].passed);
}

#[test]
fn types_that_are_not_named_stay_and_those_that_are_taken_back_go() {
    let manifest = manifest("release", &[]);
    let first = settled(&asks(None, &[(3, 5), (2, 1)], &manifest, 1));
    let second = settled(&asks(Some(&first), &[(3, 6)], &manifest, 2));
    assert_eq!(second.reported.len(), 2);
    let mut back = said(&[]);
    back.attributes.insert(2.try_into().unwrap(), None);
    let third = check(Some(&second), device(), &back, &manifest, SPACING, at(3000));
    assert_eq!(counts(&third), [runs("release", (2, 1), -1)]);
    assert_eq!(third.device.reported.len(), 1);
}

#[test]
fn a_device_that_changes_its_feed_is_counted_there() {
    let first = settled(&asks(None, &[(3, 5)], &manifest("release", &[]), 1));
    let second = asks(Some(&first), &[(3, 5)], &manifest("beta", &[]), 2);
    assert_eq!(counts(&second), [runs("release", (3, 5), -1), runs("beta", (3, 5), 1)]);
}

#[test]
fn what_is_offered_in_vain_is_given_up_once_and_then_withheld() {
    let manifest = manifest("release", &[entry(3, 7)]);
    let mut now = asks(None, &[(3, 5)], &manifest, 0);
    for turn in 1..i64::from(MOST_OFFERS) {
        assert!(now.given_up.is_empty());
        now = asks(Some(&settled(&now)), &[], &manifest, turn * SPACING);
    }
    assert_eq!(now.given_up, [id(3, 7)]);
    assert_eq!(counts(&now), [image("release", id(3, 7), Counted::Failed)]);
    let after = asks(Some(&settled(&now)), &[], &manifest, 1_000_000);
    assert!(!after.changed && after.verdicts[0].reason == Reason::Withheld);
    let newer = super::testing::manifest("release", &[entry(3, 8)]);
    let offered = asks(Some(&after.device), &[], &newer, 1_000_001);
    assert_eq!(offered.offered, [id(3, 8)]);
    let back = asks(Some(&settled(&offered)), &[], &manifest, 2_000_000);
    assert_eq!(back.verdicts[0].reason, Reason::Withheld, "another image in between changes nothing");
}

#[test]
fn a_device_that_flips_between_versions_counts_once_and_is_not_offered_them_for_ever() {
    let manifest = manifest("release", &[entry(3, 7)]);
    let mut device = settled(&asks(None, &[(3, 5)], &manifest, 0));
    let (mut installed, mut failed, mut offers) = (0, 0, 0);
    for turn in 1..100_i64 {
        for version in [7, 5] {
            let asked = asks(Some(&device), &[(3, version)], &manifest, turn * SPACING);
            let has = |what| usize::from(counts(&asked).contains(&image("release", id(3, 7), what)));
            installed += has(Counted::Installed);
            failed += has(Counted::Failed);
            offers += usize::from(version == 5 && asked.verdicts[0].reason == Reason::Eligible);
            device = settled(&asked);
        }
    }
    assert_eq!((installed, failed), (1, 1));
    assert!(offers < 10, "{offers}");
}

#[test]
fn what_is_kept_of_images_is_bounded_and_a_withheld_mark_stays() {
    let mut device = settled(&asks(None, &[(3, 0)], &manifest("release", &[entry(3, 1)]), 0));
    device.progress.get_mut(&id(3, 1)).unwrap().offers = MOST_OFFERS;
    for number in 2..40_i64 {
        let manifest = manifest("release", &[entry(3, number)]);
        device = settled(&asks(Some(&device), &[], &manifest, number * 1000));
    }
    assert_eq!(device.progress.len(), 8);
    assert!(device.withheld().eq([id(3, 1)]) && device.progress.contains_key(&id(3, 39)));
    for kind in 4..80 {
        let manifest = manifest("release", &[entry(kind, 1)]);
        device = settled(&asks(Some(&device), &[(kind, 0)], &manifest, 100_000));
    }
    assert_eq!(device.progress.len(), 64);
    assert!(device.withheld().eq([id(3, 1)]));
}

#[test]
fn a_failed_image_is_offered_again_when_its_time_has_come_and_a_reset_brings_it_at_once() {
    let manifest = manifest("release", &[entry(3, 7)]);
    let first = settled(&asks(None, &[(3, 5)], &manifest, 0));
    let word = Status { id: id(3, 7), state: State::Failed, percent: None, code: None, message: None };
    let failed = state(&first, &first.feed, &word, at(1000)).unwrap().device;
    let until = failed.held_until(at(1000)).unwrap();
    let asked = asks(Some(&failed), &[], &manifest, 2);
    assert_eq!(asked.verdicts[0].reason, Reason::BackingOff { until });
    let later = asks(Some(&failed), &[], &manifest, until.seconds() + 1);
    assert_eq!(later.offered, [id(3, 7)]);
    let mut reset = failed;
    reset.reset(|_| true);
    assert_eq!(asks(Some(&reset), &[], &manifest, 2).offered, [id(3, 7)]);
}

#[test]
fn who_shows_no_token_is_not_counted_before_it_comes_back_on_another_day() {
    let manifest = manifest("release", &[entry(3, 7)]);
    let anonymous = || Device { provisional: true, ..device() };
    let asks = |known: Option<&Device>, fresh, seconds: i32| {
        check(known, fresh, &said(&[(3, 5)]), &manifest, SPACING, at(i64::from(seconds) * 1000))
    };
    let first = asks(None, anonymous(), 1);
    assert!(first.device.provisional && first.device.expires() && counts(&first).is_empty());
    assert_eq!(first.offered, [id(3, 7)]);
    let word = Status { id: id(3, 7), state: State::Failed, percent: None, code: None, message: None };
    let failed = state(&first.device, &first.device.feed, &word, at(2000)).unwrap().device;
    assert!(failed.is_settled(), "a failure that nobody vouches for");
    let shown = asks(Some(&first.device), device(), 2);
    let expected = [image("release", id(3, 7), Counted::Offered), runs("release", (3, 5), 1)];
    assert!(!shown.device.provisional && counts(&shown) == expected);
    let later = asks(Some(&first.device), anonymous(), 86_400);
    assert!(!later.device.provisional && later.changed);
    assert_eq!(counts(&later), expected);
}

#[test]
fn a_device_that_never_rests_is_heard_again_on_the_next_day() {
    let manifest = manifest("release", &[]);
    let mut device = asks(None, &[(3, 5)], &manifest, 0).device;
    for turn in 0..i64::from(MOST_CHANGES) - 1 {
        assert!(!device.is_used_up(at(0)));
        device = asks(Some(&device), &[(3, 6 + turn % 2)], &manifest, turn).device;
    }
    assert!(device.is_used_up(at(0)) && !device.is_used_up(at(86_400_000)));
    assert_eq!(asks(Some(&device), &[(3, 9)], &manifest, 86_400).device.changes, 1);
}

#[test]
fn numbers_that_were_never_given_out_are_counted_as_one() {
    let manifest = manifest("release", &[entry(3, 7)]);
    let first = said(&[(3, 7), (2, 5), (4, 0)]);
    assert_eq!(first.doubtful(None, &manifest), [2.try_into().unwrap()]);
    let made_up = Said { beyond: [2.try_into().unwrap()].into(), ..first };
    let first = check(None, device(), &made_up, &manifest, SPACING, at(0));
    let counted = [runs("release", (2, BEYOND), 1), runs("release", (3, 7), 1), runs("release", (4, 0), 1)];
    assert_eq!(counts(&first), counted);
    let known = settled(&first);
    let again = said(&[(3, 8), (2, 5), (4, 0)]);
    assert_eq!(again.doubtful(Some(&known), &manifest), [3.try_into().unwrap()]);
    let other = Said { beyond: [2.try_into().unwrap()].into(), ..said(&[(2, 6)]) };
    let other = check(Some(&known), device(), &other, &manifest, SPACING, at(0));
    assert!(other.changed && counts(&other).is_empty());
    let real = check(Some(&known), device(), &said(&[(2, 1)]), &manifest, SPACING, at(0));
    assert_eq!(counts(&real), [runs("release", (2, BEYOND), -1), runs("release", (2, 1), 1)]);
}
