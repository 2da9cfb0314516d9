//! A check by a device that says who it is: what it reports, what it is offered, and what that changes.

use std::collections::{BTreeMap, BTreeSet};

use super::{Counted, Device, MOST_TYPES_AT_FIRST};
use crate::domain::decision::{Reason, Reported, Verdict, decide};
use crate::domain::number::ReportedVersion;
use crate::domain::progress::Progress;
use crate::domain::{Entry, FeedName, ImageId, Manifest, Timestamp, TypeNumber};

/// What a device says when it asks.
#[derive(Debug, Clone, Default)]
pub struct Said {
    /// The versions it reports; none for a type that it no longer has. Types it does not name stay as they were.
    pub attributes: BTreeMap<TypeNumber, Option<ReportedVersion>>,
    /// Those among them whose number was never given out.
    pub beyond: BTreeSet<TypeNumber>,
}

impl Said {
    /// The types of which it reports another number than it was known to that cannot be told, from what is `known` of the
    /// device and what is associated, to have been given out.
    pub fn doubtful(&self, known: Option<&Device>, manifest: &Manifest) -> Vec<TypeNumber> {
        let before = |number: &TypeNumber| known.and_then(|known| known.reported.get(number)).copied();
        let highest = |number: &TypeNumber| {
            let counted = known.filter(|known| !known.beyond.contains(number)).and_then(|_| before(number));
            let offered = known.into_iter().flat_map(|known| known.progress.keys());
            let associated = manifest.entries.iter().map(Entry::id);
            let images = offered.copied().chain(associated).filter(|id| id.r#type == *number);
            images
                .map(|id| id.number.get())
                .chain(counted.map(ReportedVersion::get))
                .max()
                .unwrap_or_default()
        };
        let said = self.attributes.iter().filter_map(|(number, version)| Some((number, (*version)?)));
        let news = said.filter(|(number, version)| before(number) != Some(*version));
        news.filter(|(number, version)| version.get() > highest(number)).map(|(number, _)| *number).collect()
    }
}

/// A check, decided.
#[derive(Debug, Clone)]
pub struct Checked {
    /// The device as it is now.
    pub device: Device,
    /// Every image that the decision was over, with its reason.
    pub verdicts: Vec<Verdict>,
    /// The images that it is offered for the first time, or again after a while.
    pub offered: Vec<ImageId>,
    /// The images that it has installed since it last asked.
    pub installed: Vec<ImageId>,
    /// The images that it is offered for the last time, since its version does not change.
    pub given_up: Vec<ImageId>,
    /// Whether anything but the day is new.
    pub changed: bool,
}

/// Decides for a device that asks in `feed`; `known` is what was known of it before (none if nothing was), `fresh` what it
/// is if nothing was, provisional if it has shown no token, and `spacing` the seconds after which an offer that is repeated
/// counts as another one.
pub fn check(
    known: Option<&Device>,
    fresh: Device,
    said: &Said,
    manifest: &Manifest,
    spacing: i64,
    now: Timestamp,
) -> Checked {
    let anonymous = fresh.provisional;
    let mut device = known.cloned().unwrap_or(fresh);
    // Somebody who makes up names does not come back with each of them.
    device.provisional &= anonymous && device.created.day() == now.day();
    let feed = manifest.feed.clone();
    let counted = known.map(Device::counted).unwrap_or_default();
    device.reported = merged(&device.reported, said);
    while device.provisional && device.reported.len() > MOST_TYPES_AT_FIRST {
        device.reported.pop_last();
    }
    let changed = said
        .attributes
        .iter()
        .filter(|(number, version)| known.and_then(|known| known.reported.get(*number)) != version.as_ref());
    for (number, _) in changed {
        if said.beyond.contains(number) {
            device.beyond.insert(*number);
        } else {
            device.beyond.remove(number);
        }
    }
    let last = std::mem::replace(&mut device.feed, feed.clone());
    device.lag(&counted);

    // It is there, whatever it was busy with.
    device.progress.values_mut().for_each(|progress| progress.out = None);
    let installed = arrived(&mut device, &last);
    device.pushes.retain(|number, pushed| {
        let runs = device.reported.get(number).map(|runs| runs.get());
        now < pushed.until && runs.is_none_or(|runs| runs < pushed.entry.id().number.get())
    });

    let seen = device.as_seen(&feed);
    let verdicts = decide(manifest.candidates(), manifest.stopped, &seen, now);
    let (mut offered, mut given_up) = (Vec::new(), Vec::new());
    for id in verdicts.iter().filter(|verdict| verdict.reason == Reason::Eligible).map(|verdict| verdict.id) {
        let known = device.progress.contains_key(&id);
        let progress = device.progress.entry(id).or_insert_with(|| Progress::begin(now));
        progress.mark(&feed, Counted::Offered);
        if known && !progress.offer(now, spacing) {
            continue;
        }
        offered.push(id);
        if progress.is_withheld() {
            progress.mark(&feed, Counted::Failed);
            given_up.push(id);
        }
    }
    device.count_later();
    device.trim();
    let changed = known.is_none_or(|known| *known != device || !known.is_settled());
    if changed {
        device.touch(now);
    } else {
        device.seen_day = now.day();
    }
    Checked { device, verdicts, offered, installed, given_up, changed }
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

/// What the device was offered and runs by now, which is what success is; `last` is the feed that it was answered from before.
/// Whatever it runs instead ends the matter as well.
fn arrived(device: &mut Device, last: &FeedName) -> Vec<ImageId> {
    let mut arrived = Vec::new();
    for (id, progress) in &mut device.progress {
        let runs = device.reported.get(&id.r#type).map(|runs| runs.get());
        let came = progress.pass(runs.is_some_and(|runs| runs >= id.number.get()));
        if came && runs == Some(id.number.get()) {
            let feed = progress.told_in(&device.feed, last).clone();
            progress.mark(&feed, Counted::Installed);
            arrived.push(*id);
        }
    }
    arrived
}
