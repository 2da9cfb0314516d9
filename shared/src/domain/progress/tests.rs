//! What a device may say, and what becomes of that.

use proptest::prelude::*;

use super::*;

fn at(millis: i64) -> Timestamp {
    Timestamp::from_millis(millis)
}

fn progress() -> Progress {
    Progress::begin(at(0))
}

fn states(progress: &Progress) -> Vec<State> {
    progress.said.iter().map(|said| said.state).collect()
}

#[test]
fn states_go_forward_and_repeats_change_nothing() {
    let mut it = progress();
    assert_eq!(it.report(State::Downloading, at(1)), Report::New { attempt: 1, begins: true });
    assert_eq!(it.report(State::Downloading, at(2)), Report::Known);
    assert_eq!(it.report(State::Installed, at(3)), Report::New { attempt: 1, begins: false });
    for late in [State::Installing, State::Failed, State::Rejected, State::Installed] {
        assert_eq!(it.report(late, at(4)), Report::Known, "{late:?}");
    }
    assert_eq!(states(&it), [State::Downloading, State::Installed]);
    assert_eq!(it.said[0].at, at(1), "when it was first said");
}

#[test]
fn who_is_offered_it_again_makes_another_attempt_and_nobody_else() {
    let mut it = progress();
    it.report(State::Downloading, at(1));
    it.report(State::Failed, at(2));
    assert_eq!(it.report(State::Downloading, at(3)), Report::Known, "late, or of its own will");
    assert!(it.offer(at(4), 60), "it may begin again");
    assert_eq!(it.offers, 1);
    assert_eq!(it.report(State::Downloading, at(5)), Report::New { attempt: 2, begins: true });
    assert_eq!(states(&it), [State::Downloading]);
}

#[test]
fn who_declines_is_not_at_fault() {
    let mut it = progress();
    for turn in 1..100 {
        it.report(State::Rejected, at(60_000 * turn));
        assert!(it.offer(at(60_000 * turn + 1), 60) && it.offers == 1);
    }
    assert!(!it.is_withheld());
}

#[test]
fn failures_withhold_it_and_what_the_device_could_not_help_does_not() {
    let device = "SN-1".parse().unwrap();
    let mut it = progress();
    for _ in 0..20 {
        it.fail(Failure::of(Some("no_space")), &device, at(1));
    }
    assert!(!it.is_withheld() && it.held.is_some());
    for turn in 1..=MOST_FAILURES {
        it.fail(Failure::of(None), &device, at(1));
        assert_eq!(it.is_withheld(), turn == MOST_FAILURES);
    }
    it.reset();
    assert!(!it.is_withheld() && it.held.is_none());
    it.fail(Failure::of(Some("boot_failed")), &device, at(1));
    assert!(it.is_withheld());
}

#[test]
fn what_was_counted_is_not_counted_again() {
    let (release, beta) = (FeedName::release(), "beta".parse().unwrap());
    let mut it = progress();
    assert!(it.mark(&release, Counted::Failed) && !it.mark(&release, Counted::Failed));
    it.counted = std::mem::take(&mut it.due);
    assert!(!it.mark(&release, Counted::Failed));
    assert!(it.mark(&beta, Counted::Failed) && it.mark(&release, Counted::Installed));
}

#[test]
fn who_falls_back_is_not_offered_it_for_ever() {
    let mut it = progress();
    for turn in 1..i64::from(MOST_OFFERS) {
        assert!(it.pass(true) && !it.pass(true));
        it.pass(false);
        assert!(!it.is_withheld());
        it.offer(at(60_000 * turn), 60);
    }
    assert!(it.is_withheld());
    it.pass(true);
    assert!(!it.is_withheld(), "it runs it");
}

#[test]
fn only_offers_that_are_apart_count_and_at_last_it_is_withheld() {
    let mut it = progress();
    assert!(!it.offer(at(59_000), 60));
    for number in 1..i64::from(MOST_OFFERS) {
        assert!(!it.is_withheld(), "{number}");
        assert!(it.offer(at(60_000 * number), 60));
    }
    assert!(it.is_withheld());
}

#[test]
fn who_is_busy_with_it_is_not_offered_it_in_vain_and_who_falls_silent_is() {
    let mut it = progress();
    it.report(State::Downloading, at(50_000));
    assert!(!it.offer(at(100_000), 60));
    assert!(it.offer(at(110_000), 60));
    it.report(State::Failed, at(111_000));
    assert!(it.offer(at(170_000), 60));
}

proptest! {
    #[test]
    fn however_reports_come_an_attempt_ends_once(
        reports in prop::collection::vec(prop_oneof![
            Just(State::Downloading), Just(State::Installing), Just(State::Installed),
            Just(State::Failed), Just(State::Rejected),
        ], 0..20),
    ) {
        let mut it = progress();
        for (time, state) in (1_i64..).zip(reports) {
            let before = it.clone();
            match it.report(state, at(time)) {
                Report::Known => prop_assert_eq!(&it, &before),
                Report::New { attempt, .. } => prop_assert_eq!(it.attempt, attempt),
            }
            let ranks: Vec<_> = it.said.iter().map(|said| said.state.rank()).collect();
            prop_assert!(ranks.is_sorted_by(|a, b| a < b), "{ranks:?}");
            prop_assert!(it.attempt >= before.attempt);
            // A lost reply, and the same report again.
            let once = it.clone();
            prop_assert_eq!(it.report(state, at(time + 1)), Report::Known);
            prop_assert_eq!(&it, &once);
        }
    }
}

#[test]
fn a_slot_counts_as_silent_once_all_of_it_is_a_day_old() {
    let slot = slot_of(at(1));
    let end = (slot + 1) * SLOT_SECONDS;
    assert!(last_silent(at((end + GRACE_SECONDS) * 1000 - 1)) < slot);
    assert_eq!(last_silent(at((end + GRACE_SECONDS) * 1000)), slot);
}
