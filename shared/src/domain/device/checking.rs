//! A check by a device that says who it is: what it reports, what it is offered, and what that changes.

use std::collections::BTreeMap;

use super::{Count, Counted, Device};
use crate::domain::decision::{Reason, Reported, Verdict, decide};
use crate::domain::number::ReportedVersion;
use crate::domain::progress::Progress;
use crate::domain::{FeedName, ImageId, Manifest, Timestamp, TypeNumber};

/// What a device says when it asks.
#[derive(Debug, Clone, Default)]
pub struct Said {
    /// The versions it reports; none for a type that it no longer has. Types it does not name stay as they were.
    pub attributes: BTreeMap<TypeNumber, Option<ReportedVersion>>,
}

/// A check, decided.
#[derive(Debug, Clone)]
pub struct Checked {
    /// The device as it is now.
    pub device: Device,
    /// Every image that the decision was over, with its reason.
    pub verdicts: Vec<Verdict>,
    /// What is counted for it.
    pub counts: Vec<Count>,
    /// The images that it is offered for the first time, or again after a while.
    pub offered: Vec<ImageId>,
    /// The images that it has installed since it last asked.
    pub installed: Vec<ImageId>,
    /// The images that it is offered for the last time, since its version does not change.
    pub given_up: Vec<ImageId>,
    /// Whether anything but the day is new.
    pub changed: bool,
}

/// Decides for a device that asks in `feed`; `known` is what was known of it before (none if nothing was), and `spacing`
/// the seconds after which an offer that is repeated counts as another one.
pub fn check(
    known: Option<&Device>,
    fresh: Device,
    said: &Said,
    manifest: &Manifest,
    spacing: i64,
    now: Timestamp,
) -> Checked {
    let mut device = known.cloned().unwrap_or(fresh);
    let feed = manifest.feed.clone();
    let mut counts = Vec::new();
    if known.is_none() {
        counts.push(Count::Device);
    }
    let before = std::mem::take(&mut device.reported);
    device.reported = merged(&before, said);
    let old_feed = std::mem::replace(&mut device.feed, feed.clone());
    let old = if known.is_some() { before } else { Reported::new() };
    counts.extend(moved((&old_feed, &old), (&feed, &device.reported)));

    let installed = arrived(&mut device);
    counts.extend(installed.iter().map(|id| count(&feed, *id, Counted::Installed)));
    device.pushes.retain(|number, pushed| {
        let runs = device.reported.get(number).map(|runs| runs.get());
        now < pushed.until && runs.is_none_or(|runs| runs < pushed.entry.id().number.get())
    });

    let seen = device.as_seen(&feed);
    let verdicts = decide(manifest.candidates(), manifest.stopped, &seen, now);
    let (mut offered, mut given_up) = (Vec::new(), Vec::new());
    for verdict in verdicts.iter().filter(|verdict| verdict.reason == Reason::Eligible) {
        let id = verdict.id;
        match device.progress.get_mut(&id.r#type).filter(|progress| progress.number == id.number) {
            None => {
                device.progress.insert(id.r#type, Progress::begin(id.number, now));
                counts.push(count(&feed, id, Counted::Offered));
                offered.push(id);
            }
            Some(progress) => {
                if progress.offer(now, spacing) {
                    offered.push(id);
                    if progress.is_withheld() {
                        counts.push(count(&feed, id, Counted::Failed));
                        given_up.push(id);
                    }
                }
            }
        }
    }
    let same = |known: &Device| Device { seen_day: device.seen_day, ..known.clone() } == device;
    let changed = known.is_none_or(|known| !same(known));
    device.seen_day = now.day();
    if changed {
        device.updated = now;
        device.revision += 1;
    }
    Checked { device, verdicts, counts, offered, installed, given_up, changed }
}

fn count(feed: &FeedName, id: ImageId, what: Counted) -> Count {
    Count::Image { feed: feed.clone(), id, what }
}

fn merged(before: &Reported, said: &Said) -> Reported {
    let mut all = before.clone();
    for (number, version) in &said.attributes {
        match version {
            Some(version) => drop(all.insert(*number, *version)),
            None => drop(all.remove(number)),
        }
    }
    all
}

/// What devices run where, before and after.
fn moved(before: (&FeedName, &Reported), after: (&FeedName, &Reported)) -> Vec<Count> {
    let runs = |(feed, all): (&FeedName, &Reported), by: i8| -> Vec<Count> {
        let each = |(number, version): (&TypeNumber, &ReportedVersion)| Count::Runs {
            feed: feed.clone(),
            running: (*number, version.get()),
            by,
        };
        all.iter().map(each).collect()
    };
    let there = |all: (&FeedName, &Reported), one: &Count| runs(all, 1).contains(one);
    let opposite = |one: &Count| match one.clone() {
        Count::Runs { feed, running, by } => Count::Runs { feed, running, by: -by },
        other => other,
    };
    let gone = runs(before, -1).into_iter().filter(|one| !there(after, &opposite(one)));
    let come = runs(after, 1).into_iter().filter(|one| !there(before, one));
    gone.chain(come).collect()
}

/// What the device was offered and runs by now, which is what success is. Whatever it runs instead ends the matter as well.
fn arrived(device: &mut Device) -> Vec<ImageId> {
    let mut arrived = Vec::new();
    let reported = &device.reported;
    device.progress.retain(|number, progress| {
        let Some(runs) = reported.get(number).map(|runs| runs.get()) else { return true };
        if runs == progress.number.get() {
            arrived.push(ImageId { r#type: *number, number: progress.number });
        }
        runs < progress.number.get()
    });
    arrived
}

#[cfg(test)]
mod tests {
    use super::super::testing::{at, device, entry, id, manifest, said};
    use super::*;
    use crate::domain::progress::MOST_OFFERS;

    const SPACING: i64 = 60;

    fn asks(known: Option<&Device>, versions: &[(u16, i64)], manifest: &Manifest, seconds: i64) -> Checked {
        check(known, device(), &said(versions), manifest, SPACING, at(seconds * 1000))
    }

    fn image(feed: &str, id: ImageId, what: Counted) -> Count {
        count(&feed.parse().unwrap(), id, what)
    }

    fn runs(feed: &str, running: (u16, i64), by: i8) -> Count {
        let running = (running.0.try_into().unwrap(), running.1);
        Count::Runs { feed: feed.parse().unwrap(), running, by }
    }

    #[test]
    fn the_first_word_of_a_device_counts_it_and_what_it_runs_and_what_it_is_offered() {
        let manifest = manifest("release", &[entry(3, 7)]);
        let first = asks(None, &[(3, 5)], &manifest, 1);
        assert_eq!(
            first.counts,
            [Count::Device, runs("release", (3, 5), 1), image("release", id(3, 7), Counted::Offered)]
        );
        assert!(first.changed && first.device.revision == 1);
        assert_eq!(first.offered, [id(3, 7)]);
    }

    #[test]
    fn a_device_that_asks_again_with_nothing_new_changes_nothing() {
        let manifest = manifest("release", &[entry(3, 7)]);
        let first = asks(None, &[(3, 7)], &manifest, 1);
        let again = asks(Some(&first.device), &[(3, 7)], &manifest, 86_400 * 3);
        assert!(!again.changed && again.counts.is_empty());
        assert_eq!(again.device.seen_day, 3);
        let offered = asks(None, &[(3, 5)], &manifest, 1);
        let soon = asks(Some(&offered.device), &[(3, 5)], &manifest, 30);
        assert!(!soon.changed, "an offer that is repeated at once does not count");
    }

    #[test]
    fn the_version_that_was_offered_is_success_and_another_one_ends_the_matter() {
        let manifest = manifest("release", &[entry(3, 7)]);
        let first = asks(None, &[(3, 5)], &manifest, 1);
        let done = asks(Some(&first.device), &[(3, 7)], &manifest, 2);
        assert_eq!(done.installed, [id(3, 7)]);
        let expected = [
            runs("release", (3, 5), -1),
            runs("release", (3, 7), 1),
            image("release", id(3, 7), Counted::Installed),
        ];
        assert_eq!(done.counts, expected);
        assert!(done.device.progress.is_empty());
        let other = asks(Some(&first.device), &[(3, 9)], &manifest, 2);
        assert!(other.installed.is_empty() && other.device.progress.is_empty());
        let between = asks(Some(&first.device), &[(3, 6)], &manifest, 2);
        assert!(between.installed.is_empty() && between.device.progress.len() == 1);
    }

    #[test]
    fn types_that_are_not_named_stay_and_those_that_are_taken_back_go() {
        let manifest = manifest("release", &[]);
        let first = asks(None, &[(3, 5), (2, 1)], &manifest, 1);
        let second = asks(Some(&first.device), &[(3, 6)], &manifest, 2);
        assert_eq!(second.device.reported.len(), 2);
        let mut back = said(&[]);
        back.attributes.insert(2.try_into().unwrap(), None);
        let third = check(Some(&second.device), device(), &back, &manifest, SPACING, at(3000));
        assert_eq!(third.counts, [runs("release", (2, 1), -1)]);
        assert_eq!(third.device.reported.len(), 1);
    }

    #[test]
    fn a_device_that_changes_its_feed_is_counted_there() {
        let first = asks(None, &[(3, 5)], &manifest("release", &[]), 1);
        let second = asks(Some(&first.device), &[(3, 5)], &manifest("beta", &[]), 2);
        assert_eq!(second.counts, [runs("release", (3, 5), -1), runs("beta", (3, 5), 1)]);
    }

    #[test]
    fn what_is_offered_in_vain_is_given_up_once_and_then_withheld() {
        let manifest = manifest("release", &[entry(3, 7)]);
        let mut now = asks(None, &[(3, 5)], &manifest, 0);
        for turn in 1..i64::from(MOST_OFFERS) {
            assert!(now.given_up.is_empty());
            now = asks(Some(&now.device), &[], &manifest, turn * SPACING);
        }
        assert_eq!(now.given_up, [id(3, 7)]);
        assert_eq!(now.counts, [image("release", id(3, 7), Counted::Failed)]);
        let after = asks(Some(&now.device), &[], &manifest, 1_000_000);
        assert!(!after.changed && after.verdicts[0].reason == Reason::Withheld);
        let newer = super::super::testing::manifest("release", &[entry(3, 8)]);
        assert_eq!(asks(Some(&after.device), &[], &newer, 1_000_001).offered, [id(3, 8)]);
    }
}
