//! What can go wrong with the table, without a word of HTTP.

use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};

/// Which expectation of a transaction did not hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Guard {
    /// Something read for the decision has changed since: load and decide again.
    Changed,
    /// The thing that was to be created is there already.
    AlreadyThere,
    /// The name is taken.
    NameTaken,
    /// The idempotency key has been used.
    Replayed,
    /// The quota's shard is full.
    QuotaFull,
    /// Something that must be there is not.
    Gone,
    /// The proposal waits no more.
    Settled,
}

/// A failed call to the table.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A condition of the transaction did not hold; nothing was written.
    #[error("a condition did not hold: {0:?}")]
    Guard(Guard),
    /// Others wrote the same items at the same time, again and again; nothing was written.
    #[error("too many concurrent changes")]
    Busy,
    /// The database did not answer, or not in time; whether a write happened is unknown.
    #[error("the database is unavailable: {0}")]
    Unavailable(String),
    /// A row does not parse.
    #[error("the row {key} does not parse: {reason}")]
    Corrupt {
        /// Its partition and sort key.
        key: String,
        /// What the parser said.
        reason: String,
    },
}

impl Error {
    /// A failed call, in words for the log.
    pub(super) fn unavailable<E, R>(call: &'static str, error: &SdkError<E, R>) -> Self
    where
        E: ProvideErrorMetadata + std::error::Error,
        R: std::fmt::Debug,
    {
        let code = error.code().unwrap_or(match error {
            SdkError::TimeoutError(_) => "time-out",
            SdkError::DispatchFailure(_) => "no connection",
            _ => "broken answer",
        });
        Self::Unavailable(format!("{call}: {code}: {}", error.message().unwrap_or_default()))
    }
}
