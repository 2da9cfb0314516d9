//! Presigned uploads: a URL that takes exactly the announced bytes, once, for 15 minutes.

use std::time::{Duration, SystemTime};

use aws_sdk_s3::presigning::PresigningConfig;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::{Blobs, Error, keys};
use crate::domain::{Md5, PartnerId, Sha256, Timestamp};

/// How long a presigned upload may be begun, in seconds.
pub const PRESIGNED_SECONDS: i64 = 15 * 60;

/// What a client is going to upload.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Upload {
    /// SHA-256 of the bytes.
    pub sha256: Sha256,
    /// How many bytes.
    pub size: u64,
    /// MD5 of the bytes, if the client has said so.
    pub md5: Option<Md5>,
}

/// A request that the client is to send, with the bytes as its body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Presigned {
    /// Its method.
    pub method: String,
    /// Its URL.
    pub url: String,
    /// The headers that are signed, `host` apart: each must be sent exactly so.
    pub headers: Vec<(String, String)>,
    /// Until when it can be begun.
    pub expires: Timestamp,
}

impl Blobs {
    /// Signs an upload to a partner's staging, without a call.
    ///
    /// Length, checksum and `if-none-match` are signed as headers, and so is the MD5 if there is one: the store
    /// refuses other bytes, and a second upload.
    pub async fn presign(
        &self,
        partner: &PartnerId,
        upload: &Upload,
        now: Timestamp,
    ) -> Result<Presigned, Error> {
        let config = PresigningConfig::builder()
            .start_time(
                SystemTime::UNIX_EPOCH + Duration::from_secs(now.seconds().try_into().unwrap_or_default()),
            )
            .expires_in(Duration::from_secs(PRESIGNED_SECONDS.unsigned_abs()))
            .build()
            .map_err(|error| Error::Unavailable(error.to_string()))?;
        let length = i64::try_from(upload.size).map_err(|error| Error::Unavailable(error.to_string()))?;
        let request = self
            .client
            .put_object()
            .bucket(&self.bucket)
            .key(keys::staging(partner, &upload.sha256))
            .content_length(length)
            // The value alone: with an algorithm the SDK would sign the checksum of the empty body it has here.
            .checksum_sha256(base64_of(upload.sha256.as_bytes()))
            .set_content_md5(upload.md5.map(|md5| base64_of(md5.as_bytes())))
            .if_none_match("*")
            .presigned(config)
            .await
            .map_err(|error| Error::unavailable("presigning PutObject", &error))?;
        Ok(Presigned {
            method: request.method().to_owned(),
            url: request.uri().to_owned(),
            headers: request.headers().map(|(name, value)| (name.to_owned(), value.to_owned())).collect(),
            expires: Timestamp::from_millis(now.seconds() * 1000).plus_seconds(PRESIGNED_SECONDS),
        })
    }
}

/// A digest as S3 headers have it.
pub(super) fn base64_of(digest: &[u8]) -> String {
    STANDARD.encode(digest)
}
