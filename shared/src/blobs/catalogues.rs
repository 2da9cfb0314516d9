//! Catalogues: small objects under their own digest, written before anything points to them and swept when nothing
//! does any more.

use aws_sdk_s3::operation::get_object::GetObjectError;
use aws_sdk_s3::primitives::ByteStream;
use bytes::Bytes;

use super::presign::base64_of;
use super::{Blobs, Error, keys};
use crate::domain::Sha256;
use crate::domain::time::Seconds;

/// A catalogue that lies in the bucket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Kept {
    /// Its digest.
    pub sha256: Sha256,
    /// When it was last written.
    pub written: Seconds,
}

impl Blobs {
    /// Writes a catalogue under its digest, which is answered. Writing it again changes nothing but its age.
    pub async fn keep_catalogue(&self, text: String) -> Result<Sha256, Error> {
        let sha256 = Sha256::of(text.as_bytes());
        let put = self
            .client
            .put_object()
            .bucket(&self.bucket)
            .key(keys::catalogue(&sha256))
            .content_type("application/json")
            .checksum_sha256(base64_of(sha256.as_bytes()))
            .body(ByteStream::from(text.into_bytes()));
        put.send().await.map_err(|error| Error::unavailable("PutObject", &error))?;
        Ok(sha256)
    }

    /// A catalogue; none if there is none. [`Error::Corrupt`] if it is not what its name says.
    pub async fn catalogue(&self, sha256: &Sha256) -> Result<Option<Bytes>, Error> {
        let key = keys::catalogue(sha256);
        let answer = match self.client.get_object().bucket(&self.bucket).key(&key).send().await {
            Ok(answer) => answer,
            Err(error) if error.as_service_error().is_some_and(GetObjectError::is_no_such_key) => {
                return Ok(None);
            }
            Err(error) => return Err(Error::unavailable("GetObject", &error)),
        };
        let body = answer.body.collect().await;
        let bytes = body
            .map_err(|error| Error::Unavailable(format!("GetObject: the body broke off: {error}")))?
            .into_bytes();
        if Sha256::of(&bytes) != *sha256 {
            return Err(Error::Corrupt { key, reason: "it does not have the digest it is named by".into() });
        }
        Ok(Some(bytes))
    }

    /// Every catalogue in the bucket.
    pub async fn catalogues(&self) -> Result<Vec<Kept>, Error> {
        let mut all = Vec::new();
        let mut pages = self
            .client
            .list_objects_v2()
            .bucket(&self.bucket)
            .prefix(keys::CATALOGUES)
            .into_paginator()
            .send();
        while let Some(page) = pages.next().await {
            let page = page.map_err(|error| Error::unavailable("ListObjectsV2", &error))?;
            for object in page.contents() {
                // Anything else under that prefix is not ours to judge.
                let name = object.key().and_then(|key| key.strip_prefix(keys::CATALOGUES));
                let parsed = name.and_then(|name| name.parse().ok()).zip(object.last_modified());
                all.extend(parsed.map(|(sha256, at)| Kept { sha256, written: at.secs() }));
            }
        }
        Ok(all)
    }

    /// Removes a catalogue that nothing points to.
    pub async fn discard_catalogue(&self, sha256: &Sha256) -> Result<(), Error> {
        let delete = self.client.delete_object().bucket(&self.bucket).key(keys::catalogue(sha256));
        delete.send().await.map_err(|error| Error::unavailable("DeleteObject", &error)).map(|_| ())
    }
}
