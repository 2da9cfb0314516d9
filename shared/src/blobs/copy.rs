//! The copy from staging to the repository, which never replaces good bytes.

use std::time::Duration;

use aws_sdk_s3::config::StalledStreamProtectionConfig;
use aws_sdk_s3::config::timeout::TimeoutConfig;
use aws_sdk_s3::error::ProvideErrorMetadata as _;
use aws_sdk_s3::types::{ChecksumAlgorithm, MetadataDirective};
use tokio::time::timeout;

use super::objects::{CONTENT_TYPE, is_precondition_failed};
use super::{Blobs, Error, keys};
use crate::domain::{PartnerId, Sha256};

/// How long a copy may take when nobody waits for it any more; 5 GiB take less.
const LONGEST: Duration = Duration::from_mins(5);

/// What became of a copy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Copied {
    /// The binary is in the repository, put there now or before.
    There,
    /// There was nothing in staging to copy.
    SourceGone,
}

impl Blobs {
    /// Copies a partner's upload to the repository, unless the same bytes lie there already.
    ///
    /// The upload must have been found good ([`super::Stored::is`]). The copy carries its own checksum, the type
    /// `application/octet-stream`, a life without end in caches, and nothing else that was uploaded with it.
    /// [`Error::Late`] if it has not ended within 25 s; it goes on, and trying again finds it done.
    pub async fn copy_to_repository(&self, partner: &PartnerId, sha256: &Sha256) -> Result<Copied, Error> {
        let there = self.in_repository(sha256).await?;
        if there.as_ref().is_some_and(|stored| stored.is(sha256)) {
            return Ok(Copied::There);
        }
        if there.is_some() {
            tracing::warn!(%sha256, "the repository holds a damaged copy, which is replaced");
        }
        let copy =
            self.clone().copy(keys::staging(partner, sha256), keys::repository(sha256), there.is_some());
        // A task of its own, so that a copy that is waited for no longer is not broken off.
        match timeout(self.copy_limit, tokio::spawn(copy)).await {
            Ok(Ok(copied)) => copied,
            Ok(Err(error)) => Err(Error::Unavailable(format!("CopyObject: {error}"))),
            Err(_) => Err(Error::Late(keys::repository(sha256))),
        }
    }

    async fn copy(self, from: String, to: String, replace: bool) -> Result<Copied, Error> {
        let timeouts =
            TimeoutConfig::builder().operation_attempt_timeout(LONGEST).operation_timeout(LONGEST).build();
        let patient = aws_sdk_s3::config::Builder::new()
            .timeout_config(timeouts)
            // S3 answers at once and then is silent until the copy has ended.
            .stalled_stream_protection(StalledStreamProtectionConfig::disabled());
        let answer = self
            .client
            .copy_object()
            .copy_source(format!("{}/{from}", self.bucket))
            .bucket(&self.bucket)
            .key(&to)
            .set_if_none_match((!replace).then(|| "*".to_owned()))
            .checksum_algorithm(ChecksumAlgorithm::Sha256)
            .metadata_directive(MetadataDirective::Replace)
            .content_type(CONTENT_TYPE)
            // What a name holds never changes: it is the bytes' own digest.
            .cache_control("public, max-age=31536000, immutable")
            .customize()
            .config_override(patient)
            .send()
            .await;
        match answer {
            Ok(_) => Ok(Copied::There),
            Err(error) if is_precondition_failed(&error) => Ok(Copied::There),
            Err(error) if error.as_service_error().and_then(|error| error.code()) == Some("NoSuchKey") => {
                Ok(Copied::SourceGone)
            }
            Err(error) => Err(Error::unavailable("CopyObject", &error)),
        }
    }
}
