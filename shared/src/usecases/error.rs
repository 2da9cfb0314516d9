//! Why a use case did not do what was asked.

use super::approvals::Needed;
use super::keys::Denial;
use crate::domain::{Fault, Refusal};
use crate::needs::NotGiven;
use crate::store::{self, Guard};

/// The result of a use case.
pub type Result<T> = std::result::Result<T, Error>;

/// Why a use case did not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The rules say no; nothing was changed.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// Somebody else has to approve it first; nothing was changed.
    #[error("feed {} asks for an approval", .0.feed)]
    Waits(Box<Needed>),
    /// The key is not good; nothing was changed.
    #[error(transparent)]
    Denied(#[from] Denial),
    /// It needs what this process was not given. Nothing was changed.
    #[error(transparent)]
    NotGiven(#[from] NotGiven),
    /// The table failed. Nothing is half-visible; trying again is safe.
    #[error(transparent)]
    Store(#[from] store::Error),
    /// The object store failed. Nothing is half-visible; trying again is safe.
    #[cfg(feature = "blobs")]
    #[error(transparent)]
    Blobs(#[from] crate::blobs::Error),
}

impl Error {
    /// One field of the body holds a value that is not allowed.
    pub fn field(pointer: impl Into<String>, why: impl Into<String>) -> Self {
        Self::Refused(Refusal::InvalidFields(vec![Fault::at(pointer, why)]))
    }

    /// The guard of a transaction that did not hold.
    pub(super) fn guard(&self) -> Option<Guard> {
        match self {
            Self::Store(store::Error::Guard(guard)) => Some(*guard),
            _ => None,
        }
    }
}
