//! Bundles: images that go together are offered together or not at all.

use std::collections::{BTreeMap, BTreeSet};

use super::{Candidate, Reason, Stage, Verdict};
use crate::domain::{ImageId, Invalid, Name, TypeNumber};

/// The most types that a bundle may have: taking all of it back is one transaction.
const MOST_TYPES: usize = 20;

/// What an image goes together with: one image of each of the types under this name, or none of them.
///
/// The types are said by each image, so that one that is not there yet, or no longer, is missed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bundle {
    name: Name,
    types: BTreeSet<TypeNumber>,
}

impl Bundle {
    /// A bundle of 2 to 20 types.
    pub fn new(name: Name, types: BTreeSet<TypeNumber>) -> Result<Self, Invalid> {
        if !(2..=MOST_TYPES).contains(&types.len()) {
            return Err(Invalid::because("must name 2 to 20 types, the image's own among them"));
        }
        Ok(Self { name, types })
    }

    /// A bundle as it was kept before the types were: what is there under its name is all of it.
    pub fn of_unknown_types(name: Name) -> Self {
        Self { name, types: BTreeSet::new() }
    }

    /// What its images call it.
    pub const fn name(&self) -> &Name {
        &self.name
    }

    /// The types that it has an image of; none if that was not kept.
    pub const fn types(&self) -> &BTreeSet<TypeNumber> {
        &self.types
    }

    /// Whether images of these types, with what each says of the bundle that they are in, are all of it. One alone never is.
    pub fn is_whole<'a>(members: impl IntoIterator<Item = (TypeNumber, &'a Self)>) -> bool {
        let (mut there, mut wanted) = (BTreeSet::new(), BTreeSet::new());
        for (number, bundle) in members {
            there.insert(number);
            wanted.extend(&bundle.types);
        }
        there.len() > 1 && wanted.is_subset(&there)
    }
}

/// What is left of a bundle, apart from what was taken back.
#[derive(Default)]
struct Found<'a> {
    members: Vec<(TypeNumber, &'a Bundle)>,
    /// Whether one of them is neither offered nor installed.
    held: bool,
}

/// The images that would be offered while a companion is neither offered nor installed, or is not there at all. `images`
/// and `verdicts` are of the same images, in the same order.
pub(super) fn torn(images: &[&Candidate], verdicts: &[Verdict]) -> Vec<ImageId> {
    let settled = |reason: Reason| matches!(reason, Reason::Eligible | Reason::UpToDate);
    let mut bundles: BTreeMap<&Name, Found<'_>> = BTreeMap::new();
    for (image, verdict) in images.iter().zip(verdicts).filter(|(image, _)| image.stage != Stage::Withdrawn) {
        let Some(bundle) = &image.bundle else { continue };
        let found = bundles.entry(&bundle.name).or_default();
        found.members.push((image.id.r#type, bundle));
        found.held |= !settled(verdict.reason);
    }
    bundles.retain(|_, found| found.held || !Bundle::is_whole(found.members.iter().copied()));
    let is_torn =
        |image: &Candidate| image.bundle.as_ref().is_some_and(|bundle| bundles.contains_key(&bundle.name));
    let offered = |verdict: &Verdict| verdict.reason == Reason::Eligible;
    let both = images.iter().zip(verdicts);
    both.filter(|(image, verdict)| offered(verdict) && is_torn(image)).map(|(image, _)| image.id).collect()
}
