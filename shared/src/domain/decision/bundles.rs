//! Bundles: images that go together are offered together or not at all.

use std::collections::BTreeSet;

use super::{Candidate, Reason, Stage, Verdict};
use crate::domain::{ImageId, Name};

/// The images that would be offered while a companion is neither offered nor installed. `images` and `verdicts` are of the
/// same images, in the same order. What was withdrawn went with all its companions, and holds nobody up.
pub(super) fn torn(images: &[&Candidate], verdicts: &[Verdict]) -> Vec<ImageId> {
    let settled = |reason: Reason| matches!(reason, Reason::Eligible | Reason::UpToDate);
    let each = || images.iter().zip(verdicts.iter());
    let torn: BTreeSet<&Name> = each()
        .filter(|(image, verdict)| image.stage != Stage::Withdrawn && !settled(verdict.reason))
        .filter_map(|(image, _)| image.bundle.as_ref())
        .collect();
    each()
        .filter(|(image, verdict)| {
            verdict.reason == Reason::Eligible
                && image.bundle.as_ref().is_some_and(|name| torn.contains(name))
        })
        .map(|(image, _)| image.id)
        .collect()
}
