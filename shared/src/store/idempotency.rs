//! Idempotency keys: which record a registration with a given key made.

use serde::{Deserialize, Serialize};

use super::read::Consistency;
use super::tx::{Tx, When};
use super::{Error, Guard, Store, keys};
use crate::domain::{
    DeviceTypeId, ImageId, ImageRef, PartnerId, Sha256, Timestamp, TypeNumber, VersionNumber,
};

/// How long an idempotency key is kept, in seconds.
const LIFETIME: i64 = 24 * 3600;

/// What a registration with an idempotency key made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Idempotency {
    /// SHA-256 of the request's body.
    pub body: Sha256,
    /// Type of the record it made.
    number: TypeNumber,
    /// Number of the record it made.
    version_number: VersionNumber,
    /// The device type under which it made a description; none for a record in the pool.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    device_type: Option<DeviceTypeId>,
    created: Timestamp,
    /// TTL, in seconds since the epoch; compared in code as well, since the table forgets late.
    expires_at: i64,
}

impl Idempotency {
    /// The record of a registration of `image` at `now`.
    pub fn new(body: Sha256, image: ImageRef, now: Timestamp) -> Self {
        Self {
            body,
            number: image.id.r#type,
            version_number: image.id.number,
            device_type: image.device_type,
            created: now,
            expires_at: now.plus_seconds(LIFETIME).seconds(),
        }
    }

    /// Whether it still counts at `now`.
    pub fn is_alive(&self, now: Timestamp) -> bool {
        self.expires_at > now.seconds()
    }

    /// The image that it made for `partner`.
    pub fn image(&self, partner: &PartnerId) -> ImageRef {
        ImageRef {
            owner: partner.clone(),
            device_type: self.device_type.clone(),
            id: ImageId { r#type: self.number, number: self.version_number },
        }
    }
}

impl Store {
    /// What a key made, unless that was more than a day ago.
    pub async fn idempotency(
        &self,
        partner: &PartnerId,
        key: &str,
        now: Timestamp,
    ) -> Result<Option<Idempotency>, Error> {
        let row: Option<Idempotency> =
            self.read(&keys::idempotency(partner, key), Consistency::Strong).await?;
        Ok(row.filter(|row| row.is_alive(now)))
    }
}

impl Tx {
    /// Claims an idempotency key; [`Guard::Replayed`] if it is claimed and has not expired.
    pub fn claim_idempotency(&mut self, partner: &PartnerId, key: &str, row: &Idempotency, now: Timestamp) {
        let free = When::Expression(
            "attribute_not_exists(#expiresAt) OR #expiresAt <= :now",
            vec![(":now", aws_sdk_dynamodb::types::AttributeValue::N(now.seconds().to_string()))],
        );
        self.put(&keys::idempotency(partner, key), row, &free, Guard::Replayed);
    }
}
