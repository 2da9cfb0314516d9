//! What is counted of devices: each count goes up or down in the transaction that says why.

use crate::domain::{FeedName, ImageId};

/// What a device has made of an image.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Counted {
    /// It was offered it for the first time.
    Offered,
    /// It began to fetch it.
    Downloading,
    /// It began to install it.
    Installing,
    /// It runs it.
    Installed,
    /// It could not install it, or was offered it in vain often enough.
    Failed,
    /// It declined it.
    Rejected,
}

/// A count that changes.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Count {
    /// One device more is known.
    Device,
    /// One device more, or less, runs an image in a feed.
    Runs {
        /// The feed.
        feed: FeedName,
        /// The image, which need not be one of ours.
        running: (crate::domain::TypeNumber, i64),
        /// 1 or -1.
        by: i8,
    },
    /// One device more has come so far with an image.
    Image {
        /// The feed.
        feed: FeedName,
        /// The image.
        id: ImageId,
        /// How far.
        what: Counted,
    },
}
