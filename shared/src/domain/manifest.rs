//! Manifests: what a check can offer in one feed of one device type, decided when something changes.

use std::collections::BTreeSet;

use super::association::Association;
use super::decision::{Candidate, Reason, Stage, Verdict};
use super::poll::Polling;
use super::rollout::{LeftOut, Share};
use super::{
    Binary, BinaryKind, DeviceTypeId, FeedName, Image, ImageId, ImageRef, Name, PartnerId, Plan, Refusal,
    TypeNumber, Version,
};

/// Largest stored form of a manifest, in bytes.
pub const MAX_BYTES: usize = 150_000;

/// One image that a check can offer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Type, number, and how it is given out.
    pub candidate: Candidate,
    /// The type's name.
    pub type_name: Name,
    /// The image's name.
    pub name: Name,
    /// The version for people.
    pub version: Version,
    /// The bytes.
    pub binary: Binary,
    /// The bytes of the second slot.
    pub second: Option<Binary>,
}

impl Entry {
    /// Type and number.
    pub const fn id(&self) -> ImageId {
        self.candidate.id
    }
}

/// What a check can offer: of each type what [`chosen`] takes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Manifest {
    /// The device type.
    pub device_type: DeviceTypeId,
    /// The feed.
    pub feed: FeedName,
    /// Whose device type it is.
    pub partner: PartnerId,
    /// Rises with every rewrite; guards against two at once.
    pub revision: u64,
    /// The id of the key that signs the download paths.
    pub download_key: String,
    /// How often devices should ask: what their device type says, kept here since a check reads nothing else.
    pub polling: Polling,
    /// Whether nothing may be offered to anyone, until somebody starts it again.
    pub stopped: bool,
    /// In install order: ascending type number, then number.
    pub entries: Vec<Entry>,
}

impl Manifest {
    /// A manifest with nothing to offer, at revision 1.
    pub fn empty(
        device_type: DeviceTypeId,
        feed: FeedName,
        partner: PartnerId,
        download_key: String,
    ) -> Self {
        Self {
            device_type,
            feed,
            partner,
            revision: 1,
            download_key,
            polling: Polling::default(),
            stopped: false,
            entries: Vec::new(),
        }
    }

    /// The entry of an image, if a check can offer it.
    pub fn entry(&self, id: ImageId) -> Option<&Entry> {
        self.entries.iter().find(|entry| entry.id() == id)
    }

    /// Whether something on its way to everyone is for a device with these verdicts, or may come to it before long. What has
    /// not begun, or has come to named devices alone, may not.
    pub fn is_expected(&self, verdicts: &[Verdict]) -> bool {
        verdicts.iter().any(|verdict| {
            let soon = match verdict.reason {
                Reason::Eligible | Reason::LeftOut(LeftOut::OutsideWindow) => true,
                Reason::LeftOut(LeftOut::NotInCohort { share, .. }) => share > Share::NONE,
                Reason::LeftOut(LeftOut::NotStarted { .. })
                | Reason::UpToDate
                | Reason::NotReported
                | Reason::Superseded
                | Reason::PushedOther { .. }
                | Reason::Floor { .. }
                | Reason::NotEveryones
                | Reason::Withdrawn
                | Reason::Paused
                | Reason::Stopped
                | Reason::Blocked
                | Reason::Withheld
                | Reason::BackingOff { .. }
                | Reason::Requires(_)
                | Reason::Bundle => false,
            };
            let rolling = |entry: &Entry| matches!(entry.candidate.stage, Stage::Rolling(_));
            soon && self.entry(verdict.id).is_some_and(rolling)
        })
    }

    /// What a decision is over.
    pub fn candidates(&self) -> impl Iterator<Item = &Candidate> {
        self.entries.iter().map(|entry| &entry.candidate)
    }
}

/// The images that a decision can be about, packages apart, with what is known of how they are given out. The rest of what
/// is associated never changes what is offered to anyone.
///
/// Of each type the highest that is everyone's, what is on its way above it, floors, the stepping stones of any image,
/// and whatever is in a bundle; of what was withdrawn floors alone, which go on holding up what is above them. The answer
/// is in install order. That order (`BOOTLOADER` first, `SOFT_DEVICE` directly before `APPLICATION`, then by type) is the
/// order of the type numbers 1, 2, 3, ….
pub fn chosen(associations: &[Association]) -> Vec<(ImageRef, &Plan)> {
    let counts = |each: &&Association| {
        each.kind == BinaryKind::Binary && (each.plan.floor || !each.plan.is_withdrawn())
    };
    let all: Vec<&Association> = associations.iter().filter(counts).collect();
    let highest = |number: TypeNumber| {
        let released =
            all.iter().filter(|each| each.image.id.r#type == number && each.plan.stage == Stage::Released);
        released.map(|each| each.image.id.number).max()
    };
    let stones: BTreeSet<ImageId> = all.iter().filter_map(|each| stone(each, &all)).collect();
    let mut wanted: Vec<_> = all
        .iter()
        .filter(|each| {
            let (id, plan) = (each.image.id, &each.plan);
            let top = highest(id.r#type).is_none_or(|highest| id.number >= highest);
            top || plan.floor || plan.bundle.is_some() || stones.contains(&id)
        })
        .map(|each| (each.image.clone(), &each.plan))
        .collect();
    wanted.sort_by_key(|(image, _)| (image.id.r#type, image.id.number));
    wanted
}

/// The image that a device installs before `image` to have what that needs of its own type: the highest below it.
fn stone(image: &Association, all: &[&Association]) -> Option<ImageId> {
    let id = image.image.id;
    let own = image.plan.requires.iter().filter(|required| required.r#type == id.r#type);
    let min = own.map(|required| required.min).max()?;
    let of_type = all.iter().filter(|each| each.image.id.r#type == id.r#type);
    of_type
        .filter(|each| each.plan.stage == Stage::Released)
        .map(|each| each.image.id)
        .filter(|each| (min..id.number).contains(&each.number))
        .max_by_key(|each| each.number)
}

/// The manifest entry of an image whose type is called `type_name`, given out as `plan` says.
pub fn entry(image: &Image, plan: &Plan, type_name: Name) -> Result<Entry, Refusal> {
    Ok(Entry {
        candidate: plan.candidate(image.id),
        type_name,
        name: image.words.name.clone(),
        version: image.words.version.clone(),
        binary: image.binary()?.clone(),
        second: image.slots.second.clone(),
    })
}
