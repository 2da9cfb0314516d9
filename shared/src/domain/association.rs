//! Associations: one image made available to one device type in one feed.

use super::decision::Candidate;
use super::{BinaryKind, DeviceTypeId, FeedName, ImageRef, Plan, Timestamp};

/// One image in one feed of one device type. The image's sealed facts are copied, its words are not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Association {
    /// The device type.
    pub device_type: DeviceTypeId,
    /// The feed.
    pub feed: FeedName,
    /// The image; its owner is another partner if it was offered.
    pub image: ImageRef,
    /// What the image's binary is, fixed by sealing.
    pub kind: BinaryKind,
    /// When it was made.
    pub created: Timestamp,
    /// How it is given out.
    pub plan: Plan,
}

impl Association {
    /// What a decision sees of it.
    pub fn candidate(&self) -> Candidate {
        self.plan.candidate(self.image.id)
    }
}
