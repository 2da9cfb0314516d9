//! What can go wrong with the object store, without a word of HTTP.

use aws_sdk_s3::error::{ProvideErrorMetadata, SdkError};

/// A failed call to the object store.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// It did not answer, or not in time; whether a write happened is unknown.
    #[error("the object store is unavailable: {0}")]
    Unavailable(String),
    /// A copy takes longer than it can be waited for; it may still be completed.
    #[error("the copy to {0} has not ended in time")]
    Late(String),
    /// An object is not as this service writes them, or not all of it came.
    #[error("the object {key} is not as it should be: {reason}")]
    Corrupt {
        /// Its key.
        key: String,
        /// What is wrong with it.
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
            SdkError::ConstructionFailure(_) => "the request could not be made",
            _ => "broken answer",
        });
        Self::Unavailable(format!("{call}: {code}: {}", error.message().unwrap_or_default()))
    }
}
