//! The decision: which images a device should install now, and for every other one, why not.
//!
//! One pure function over what is associated, the device and the moment. A check, a push, an explanation and the reach of
//! a release all ask it, so that none can say something else than another.

mod bundles;
mod reason;
mod requirements;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};

pub use bundles::Bundle;
pub use reason::Reason;
pub use requirements::deadlocked;

use super::number::ReportedVersion;
use super::rollout::Rollout;
use super::{DeviceId, ImageId, Tag, Timestamp, TypeNumber, VersionNumber};

/// The versions a device says it runs, by firmware type.
pub type Reported = BTreeMap<TypeNumber, ReportedVersion>;

/// How far an associated image has come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Stage {
    /// Everyone's.
    Released,
    /// On its way to everyone.
    Rolling(Rollout),
    /// Taken back for good: offered to nobody, and nothing makes way for it, unless devices must pass through it.
    Withdrawn,
}

/// What must be installed before an image.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Requirement {
    /// The firmware type; may be the image's own.
    pub r#type: TypeNumber,
    /// The lowest number that will do.
    pub min: VersionNumber,
}

/// An associated image, as far as a decision looks at it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Candidate {
    /// Type and number.
    pub id: ImageId,
    /// How far it has come.
    pub stage: Stage,
    /// Whether somebody, or too many failures, has halted it.
    pub paused: bool,
    /// Whether devices below it must install it before anything above it. While they cannot have it, they get nothing that
    /// is above it.
    pub floor: bool,
    /// What must be installed before it. Of its own type, a lower image that will do is offered first.
    pub requires: Vec<Requirement>,
    /// What it goes together with: all of that, or nothing.
    pub bundle: Option<Bundle>,
}

/// An image that one device was told to install.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Push {
    /// The image, whose rollout does not count.
    pub image: Candidate,
    /// Until when it counts.
    pub until: Timestamp,
}

/// What is known of who asks.
#[derive(Debug, Clone, Default)]
pub struct Device {
    /// Which device it is; none for a check that tells only versions, which gets what everyone gets.
    pub id: Option<DeviceId>,
    /// What the partner calls it.
    pub tags: BTreeSet<Tag>,
    /// What it says that it runs.
    pub reported: Reported,
    /// Whether it is to be left alone.
    pub blocked: bool,
    /// What it was offered often enough without installing it.
    pub withheld: BTreeSet<ImageId>,
    /// What has failed on it, and is not offered again until then.
    pub held: BTreeMap<ImageId, Timestamp>,
    /// What it was told to install, at most one of a type.
    pub pushes: Vec<Push>,
}

/// One image with the rule that decided it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Verdict {
    /// The image.
    pub id: ImageId,
    /// The rule that matched.
    pub reason: Reason,
}

/// Decides for `device` at `now` over everything that is associated in its feed, packages apart; `stopped` while nothing of
/// its device type may be offered.
///
/// Every candidate, and every push that counts, has exactly one verdict; they come by type and number, which is install
/// order. A push that something holds which the device is not itself the cause of holds up nothing else: everything is as it
/// would be without, and its verdict says what holds it.
pub fn decide<'a>(
    candidates: impl IntoIterator<Item = &'a Candidate>,
    stopped: bool,
    device: &'a Device,
    now: Timestamp,
) -> Vec<Verdict> {
    let mut types: Types<'_> = BTreeMap::new();
    for each in candidates {
        types.entry(each.id.r#type).or_default().push(each);
    }
    let mut pushes: Vec<&Candidate> =
        device.pushes.iter().filter(|push| now < push.until).map(|push| &push.image).collect();
    for push in &pushes {
        let of_type = types.entry(push.id.r#type).or_default();
        of_type.retain(|each| each.id != push.id);
        of_type.push(push);
    }
    for images in types.values_mut() {
        images.sort_by_key(|each| each.id.number);
    }
    let mut held = BTreeMap::new();
    loop {
        let mut verdicts = untorn(&types, stopped, device, &pushes, now);
        if let Some((id, reason)) = held_push(&pushes, &verdicts) {
            pushes.retain(|push| push.id != id);
            held.insert(id, reason);
            continue;
        }
        for verdict in &mut verdicts {
            let passed_over = matches!(
                verdict.reason,
                Reason::Superseded | Reason::PushedOther { .. } | Reason::NotEveryones | Reason::LeftOut(_)
            );
            if let (true, Some(reason)) = (passed_over, held.get(&verdict.id)) {
                verdict.reason = *reason;
            }
        }
        return verdicts;
    }
}

/// What a decision is over, of each type by number.
type Types<'a> = BTreeMap<TypeNumber, Vec<&'a Candidate>>;

/// The verdicts with these pushes, of which none tears a bundle.
fn untorn(
    types: &Types<'_>,
    stopped: bool,
    device: &Device,
    pushes: &[&Candidate],
    now: Timestamp,
) -> Vec<Verdict> {
    let all: Vec<&Candidate> = types.values().flatten().copied().collect();
    let mut torn = BTreeSet::new();
    loop {
        let asked = Asked { device, now, stopped, pushes, torn: &torn };
        let verdicts: Vec<_> =
            types.iter().flat_map(|(number, images)| asked.of_type(*number, images)).collect();
        let more = bundles::torn(&all, &verdicts);
        if more.is_empty() {
            return verdicts;
        }
        // What takes the place of a torn one may tear another: each turn takes at least one image out.
        torn.extend(more);
    }
}

/// A push that cannot be offered now, and what holds it. One that failed on the device, or was offered to it in vain, counts
/// all the same: it has been tried. Bundles come last, since what another push held may have been what one of them misses.
fn held_push(pushes: &[&Candidate], verdicts: &[Verdict]) -> Option<(ImageId, Reason)> {
    let of = |id: ImageId| verdicts.iter().find(|verdict| verdict.id == id).map(|verdict| verdict.reason);
    let held = pushes.iter().filter_map(|push| {
        let reason = of(push.id)?;
        let next = match reason {
            Reason::Floor { first } => of(ImageId { number: first, ..push.id })?,
            reason => reason,
        };
        let counts = matches!(
            next,
            Reason::Eligible
                | Reason::UpToDate
                | Reason::NotReported
                | Reason::Withheld
                | Reason::BackingOff { .. }
        );
        (!counts).then_some((push.id, reason, next == Reason::Bundle))
    });
    held.min_by_key(|(_, _, torn)| *torn).map(|(id, reason, _)| (id, reason))
}

/// What a decision is made with.
struct Asked<'a> {
    device: &'a Device,
    now: Timestamp,
    stopped: bool,
    pushes: &'a [&'a Candidate],
    /// What cannot be offered, since something that it goes together with cannot.
    torn: &'a BTreeSet<ImageId>,
}

/// What is meant for a device.
struct Aim<'a> {
    /// The image that it is to have in the end.
    target: Option<&'a Candidate>,
    /// What it is to install now: that one, or a floor below it.
    next: Option<&'a Candidate>,
    /// Why images above it are not it.
    skipped: BTreeMap<ImageId, Reason>,
}

impl Asked<'_> {
    /// Decides for one type; `images` are by number.
    fn of_type(&self, number: TypeNumber, images: &[&Candidate]) -> Vec<Verdict> {
        let Some(running) = self.device.reported.get(&number) else {
            return images.iter().map(|each| Verdict { id: each.id, reason: Reason::NotReported }).collect();
        };
        let aim = self.aim(images, *running);
        let is = |one: Option<&Candidate>, each: &Candidate| one.is_some_and(|one| one.id == each.id);
        let verdict = |each: &&Candidate| {
            let reason = if !above(each, *running) {
                Reason::UpToDate
            } else if each.stage == Stage::Withdrawn {
                Reason::Withdrawn
            } else if is(aim.next, each) {
                self.obstacle(each).unwrap_or(Reason::Eligible)
            } else if let (true, Some(next)) = (is(aim.target, each), aim.next) {
                Reason::Floor { first: next.id.number }
            } else {
                aim.skipped.get(&each.id).copied().unwrap_or(Reason::Superseded)
            };
            Verdict { id: each.id, reason }
        };
        images.iter().map(verdict).collect()
    }

    /// What is meant for the device.
    ///
    /// An image on its way is passed over while anything speaks against it, and the device is meant to have what it would
    /// have had without. The highest that is everyone's is not passed over: what is below it is superseded, whatever holds
    /// it up.
    fn aim<'a>(&self, images: &[&'a Candidate], running: ReportedVersion) -> Aim<'a> {
        let mut skipped = BTreeMap::new();
        let towards = |target: &'a Candidate| {
            let mut next = target;
            while let Some(stone) = before(next, images, running) {
                next = stone;
            }
            next
        };
        let counts = |each: &&&Candidate| self.is_pushed(each) && each.stage != Stage::Withdrawn;
        let pushed = images.iter().filter(counts).find(|each| above(each, running)).copied();
        if let Some(push) = pushed {
            let others = images.iter().filter(|each| each.id.number > push.id.number);
            skipped.extend(others.map(|each| (each.id, Reason::PushedOther { number: push.id.number })));
            return Aim { target: pushed, next: Some(towards(push)), skipped };
        }
        for each in images.iter().rev().filter(|each| above(each, running)).copied() {
            let next = towards(each);
            let against = match each.stage {
                Stage::Released => None,
                Stage::Withdrawn => Some(Reason::Withdrawn),
                Stage::Rolling(_) if next.id == each.id => self.obstacle(each),
                Stage::Rolling(_) => self
                    .absence(each)
                    .or_else(|| self.obstacle(next).map(|_| Reason::Floor { first: next.id.number })),
            };
            match against {
                None => return Aim { target: Some(each), next: Some(next), skipped },
                Some(reason) => skipped.insert(each.id, reason),
            };
        }
        Aim { target: None, next: None, skipped }
    }

    fn is_pushed(&self, image: &Candidate) -> bool {
        self.pushes.iter().any(|push| push.id == image.id)
    }

    /// What keeps an image from being the device's next one.
    fn obstacle(&self, image: &Candidate) -> Option<Reason> {
        let unmet = |required: &&Requirement| {
            self.device.reported.get(&required.r#type).is_none_or(|runs| runs.get() < required.min.get())
        };
        let unmet = || image.requires.iter().find(unmet).map(|required| Reason::Requires(*required));
        let torn = || self.torn.contains(&image.id).then_some(Reason::Bundle);
        self.absence(image).or_else(unmet).or_else(torn)
    }

    /// What keeps an image from the device whatever else it has.
    fn absence(&self, image: &Candidate) -> Option<Reason> {
        if image.stage == Stage::Withdrawn {
            return Some(Reason::Withdrawn);
        }
        if self.stopped {
            return Some(Reason::Stopped);
        }
        if self.device.blocked {
            return Some(Reason::Blocked);
        }
        if image.paused {
            return Some(Reason::Paused);
        }
        if self.device.withheld.contains(&image.id) {
            return Some(Reason::Withheld);
        }
        if let Some(until) = self.device.held.get(&image.id).filter(|until| self.now < **until) {
            return Some(Reason::BackingOff { until: *until });
        }
        let Stage::Rolling(rollout) = &image.stage else { return None };
        if self.is_pushed(image) {
            return None;
        }
        let Some(id) = &self.device.id else { return Some(Reason::NotEveryones) };
        rollout.takes(id, &self.device.tags, self.now).err().map(Reason::LeftOut)
    }
}

/// What a device must have on its way from `running` to `image`: the lowest floor in between, whatever has become of that,
/// or the highest image with which it has what `image` needs of its own type.
fn before<'a>(
    image: &Candidate,
    images: &[&'a Candidate],
    running: ReportedVersion,
) -> Option<&'a Candidate> {
    let between = |each: &&&Candidate| above(each, running) && each.id.number < image.id.number;
    if let Some(floor) = images.iter().filter(between).find(|each| each.floor) {
        return Some(floor);
    }
    let own =
        |required: &&Requirement| required.r#type == image.id.r#type && required.min.get() > running.get();
    let min = image.requires.iter().filter(own).map(|required| required.min).max()?;
    let enough = |each: &&&Candidate| each.stage == Stage::Released && each.id.number >= min;
    images.iter().rev().filter(between).find(enough).copied()
}

fn above(image: &Candidate, running: ReportedVersion) -> bool {
    image.id.number.get() > running.get()
}
