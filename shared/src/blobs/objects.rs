//! Objects in staging and in the repository: looked at, read in part, written small, discarded.

use std::ops::Range;

use aws_sdk_s3::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_s3::operation::get_object::GetObjectError;
use aws_sdk_s3::operation::head_object::{HeadObjectError, HeadObjectOutput};
use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_s3::types::ChecksumMode;
use bytes::Bytes;

use super::presign::base64_of;
use super::{Blobs, Error, keys};
use crate::domain::{Md5, PartnerId, Sha256};

/// What every object of this service is served as, whatever was uploaded.
pub(super) const CONTENT_TYPE: &str = "application/octet-stream";

/// What the store knows of an object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stored {
    /// How many bytes.
    pub size: u64,
    /// The MD5, which is the entity tag of an object written in one part.
    pub md5: Option<Md5>,
    /// The checksum as the store wrote it down when the bytes came in, base64.
    checksum: Option<String>,
}

impl Stored {
    fn from_head(head: &HeadObjectOutput) -> Self {
        Self {
            size: head.content_length().and_then(|length| length.try_into().ok()).unwrap_or_default(),
            md5: head.e_tag().and_then(|tag| tag.trim_matches('"').parse().ok()),
            checksum: head.checksum_sha256().map(str::to_owned),
        }
    }

    /// True if the store itself has found these bytes to have the digest `sha256`.
    pub fn is(&self, sha256: &Sha256) -> bool {
        self.checksum.as_deref() == Some(base64_of(sha256.as_bytes()).as_str())
    }
}

impl Blobs {
    /// A partner's upload; none if it has not arrived, or not all of it.
    pub async fn staged(&self, partner: &PartnerId, sha256: &Sha256) -> Result<Option<Stored>, Error> {
        self.head(&keys::staging(partner, sha256)).await
    }

    /// A binary in the repository; none if nobody has moved it there.
    pub async fn in_repository(&self, sha256: &Sha256) -> Result<Option<Stored>, Error> {
        self.head(&keys::repository(sha256)).await
    }

    pub(super) async fn head(&self, key: &str) -> Result<Option<Stored>, Error> {
        let request =
            self.client.head_object().bucket(&self.bucket).key(key).checksum_mode(ChecksumMode::Enabled);
        match request.send().await {
            Ok(head) => Ok(Some(Stored::from_head(&head))),
            Err(error) if error.as_service_error().is_some_and(HeadObjectError::is_not_found) => Ok(None),
            Err(error) => Err(Error::unavailable("HeadObject", &error)),
        }
    }

    /// The bytes of a partner's upload in `range`, which must not be empty and lie within it; none if it is gone.
    pub async fn read_staged(
        &self,
        partner: &PartnerId,
        sha256: &Sha256,
        range: Range<u64>,
    ) -> Result<Option<Bytes>, Error> {
        self.read(keys::staging(partner, sha256), range).await
    }

    /// The bytes of a binary in the repository in `range`, as [`Self::read_staged`]; none if nobody has moved it there.
    pub async fn read_repository(&self, sha256: &Sha256, range: Range<u64>) -> Result<Option<Bytes>, Error> {
        self.read(keys::repository(sha256), range).await
    }

    async fn read(&self, key: String, range: Range<u64>) -> Result<Option<Bytes>, Error> {
        let wanted = format!("bytes={}-{}", range.start, range.end.saturating_sub(1));
        let answer = match self.client.get_object().bucket(&self.bucket).key(&key).range(wanted).send().await
        {
            Ok(answer) => answer,
            Err(error) if error.as_service_error().is_some_and(GetObjectError::is_no_such_key) => {
                return Ok(None);
            }
            Err(error) => return Err(Error::unavailable("GetObject", &error)),
        };
        let length = range.end.saturating_sub(range.start);
        // Asked before the body is read: an answer that ignores the range would be the whole binary.
        if answer.content_length().and_then(|length| u64::try_from(length).ok()) != Some(length) {
            return Err(Error::Corrupt { key, reason: "another range came than was asked for".to_owned() });
        }
        let body = answer.body.collect().await;
        let bytes =
            body.map_err(|error| Error::Unavailable(format!("GetObject: the body broke off: {error}")))?;
        Ok(Some(bytes.into_bytes()))
    }

    /// Writes a small upload to a partner's staging; false if something lies there already, which then stays.
    pub async fn stage(&self, partner: &PartnerId, sha256: &Sha256, bytes: Bytes) -> Result<bool, Error> {
        let written = self
            .client
            .put_object()
            .bucket(&self.bucket)
            .key(keys::staging(partner, sha256))
            .content_type(CONTENT_TYPE)
            .checksum_sha256(base64_of(sha256.as_bytes()))
            .if_none_match("*")
            .body(ByteStream::from(bytes))
            .send()
            .await;
        match written {
            Ok(_) => Ok(true),
            Err(error) if is_precondition_failed(&error) => Ok(false),
            Err(error) => Err(Error::unavailable("PutObject", &error)),
        }
    }

    /// Removes an upload from a partner's staging. What cannot be removed now, the bucket's lifecycle removes.
    pub async fn discard(&self, partner: &PartnerId, sha256: &Sha256) {
        let key = keys::staging(partner, sha256);
        if let Err(error) = self.client.delete_object().bucket(&self.bucket).key(&key).send().await {
            let cause = Error::unavailable("DeleteObject", &error).to_string();
            tracing::warn!(key, cause, "an upload stays in staging");
        }
    }
}

/// True if the store did nothing because something was there already.
pub(super) fn is_precondition_failed<E, R>(error: &SdkError<E, R>) -> bool
where
    E: ProvideErrorMetadata,
{
    error.as_service_error().and_then(|error| error.code()) == Some("PreconditionFailed")
}
