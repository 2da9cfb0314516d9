//! Secrets: loaded once at start, from a file on a laptop or from SSM `SecureString` parameters in the cloud.
//!
//! Each has values with ids of their own, so that it can be rotated without a gap (`rotation`). A deployment has
//! [`Secrets`]; a process has the [`Keyring`] that it was given of them.

mod key_ids;
mod keyring;
mod rotation;
#[cfg(test)]
mod tests;

use std::fmt;

use hmac::{Hmac, KeyInit as _, Mac as _};
use serde::{Deserialize, Serialize};

pub use key_ids::{key_ids_from_json, key_ids_to_json};
pub use keyring::{Keyring, Signing};
pub use rotation::{MAX_KEY_ID, Stage, next_devices_id, next_download_id};

/// HMAC-SHA256 under `key` of `parts` written one after the other.
pub fn hmac_sha256(key: &[u8], parts: &[&[u8]]) -> [u8; 32] {
    // HMAC takes a key of any length; the error type exists for other MACs.
    let Ok(mut mac) = Hmac::<sha2::Sha256>::new_from_slice(key) else { return [0; 32] };
    for part in parts {
        mac.update(part);
    }
    mac.finalize().into_bytes().into()
}

/// Fewest bytes of a key: fewer are a value that was cut off.
const MIN_KEY_BYTES: usize = 16;

#[derive(Clone, Serialize, Deserialize)]
struct Stored {
    id: String,
    #[serde(with = "hex::serde")]
    key: Vec<u8>,
}

/// A key and its id. One that is too short, or whose id cannot stand in a URL, is none.
#[derive(Clone, Serialize, Deserialize)]
#[serde(try_from = "Stored", into = "Stored")]
struct Value {
    id: String,
    key: Vec<u8>,
}

impl From<Value> for Stored {
    fn from(Value { id, key }: Value) -> Self {
        Self { id, key }
    }
}

impl TryFrom<Stored> for Value {
    type Error = SecretsError;

    fn try_from(Stored { id, key }: Stored) -> Result<Self, SecretsError> {
        if !rotation::is_key_id(&id) {
            return Err(SecretsError("the id of a key must be 1 to 32 letters and digits".into()));
        }
        if key.len() < MIN_KEY_BYTES {
            return Err(SecretsError(format!("a key must have at least {MIN_KEY_BYTES} bytes")));
        }
        Ok(Self { id, key })
    }
}

/// One secret: the value in use, the one before it, and the one that is to follow. Its `Debug` shows ids only.
#[derive(Clone, Serialize, Deserialize)]
pub struct Secret {
    current: Value,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    previous: Option<Value>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    next: Option<Value>,
}

impl Secret {
    /// A secret that has not been rotated yet. Ids are letters and digits, since they stand in URLs.
    pub fn new(id: impl Into<String>, key: Vec<u8>) -> Self {
        Self { current: Value { id: id.into(), key }, previous: None, next: None }
    }

    /// Reads the JSON form of one secret. The error quotes nothing.
    pub fn from_json(text: &str) -> Result<Self, SecretsError> {
        serde_json::from_str(text).map_err(|_| SecretsError("it is no secret in JSON".into()))
    }

    /// The id and bytes in use.
    pub fn current(&self) -> (&str, &[u8]) {
        (&self.current.id, &self.current.key)
    }

    /// The ids and bytes of all values that are accepted: the one in use, the one before it, the one to follow.
    pub fn values(&self) -> impl Iterator<Item = (&str, &[u8])> {
        [Some(&self.current), self.previous.as_ref(), self.next.as_ref()]
            .into_iter()
            .flatten()
            .map(|value| (value.id.as_str(), value.key.as_slice()))
    }

    /// The id and bytes of the value called `id`, if it is accepted.
    pub fn named(&self, id: &str) -> Option<(&str, &[u8])> {
        self.values().find(|(this, _)| *this == id)
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let id = |value: &Option<Value>| value.as_ref().map(|value| value.id.clone());
        f.debug_struct("Secret")
            .field("current", &self.current.id)
            .field("previous", &id(&self.previous))
            .field("next", &id(&self.next))
            .finish()
    }
}

/// The secrets of a deployment.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Secrets {
    /// Signs download paths (`/repository/…`).
    pub download: Secret,
    /// Turns device credentials into pseudonyms. It is not rotated while grants made under it are in use.
    pub pepper: Secret,
    /// The master from which the secrets of device types are made; a deployment from before there was one lacks it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub devices: Option<Secret>,
    /// Signs `Packages.asc` of feeds; none leaves them without that signature.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub openpgp: Option<Secret>,
    /// Signs `Packages.sig` of feeds; none leaves them without that signature.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub usign: Option<Secret>,
}

/// When the OpenPGP keys that are made here say that they were made, in seconds since 1970: at once.
///
/// GnuPG believes no key that is newer than the device's clock (observed), and a device without a battery begins in
/// 1970. It does not mind signatures that are newer.
pub const KEYS_CREATED: u32 = 1;

/// How many random bytes the secrets are made from that an earlier version did not make.
pub const COMPLETING_RANDOM: usize = 104;

impl Secrets {
    /// Reads the JSON form of all secrets. The error names the place, never a value.
    pub fn from_json(text: &str) -> Result<Self, SecretsError> {
        serde_json::from_str(text)
            .map_err(|error| SecretsError(format!("the secrets do not parse at line {}", error.line())))
    }

    /// Fresh secrets from 64 random bytes, with no master of device types and no keys that sign feeds, as the first
    /// version made them.
    pub fn generate(random: &[u8; 64]) -> Self {
        let (download, pepper) = random.split_at(32);
        Self {
            download: Secret::new("d1", download.to_vec()),
            pepper: Secret::new("p1", pepper.to_vec()),
            devices: None,
            openpgp: None,
            usign: None,
        }
    }

    /// True if there is not every secret that is made today.
    pub fn is_incomplete(&self) -> bool {
        self.devices.is_none() || self.openpgp.is_none() || self.usign.is_none()
    }

    /// These secrets with the master of device types, made from random bytes if it is missing.
    pub fn with_devices(self, random: &[u8; 32]) -> Self {
        let devices = self.devices.unwrap_or_else(|| Secret::new("m1", random.to_vec()));
        Self { devices: Some(devices), ..self }
    }

    /// These secrets with every one that is made today, made from random bytes where they are missing. The ids of keys
    /// that sign feeds are those by which clients know them.
    #[cfg(feature = "signing")]
    pub fn completed(self, random: &[u8; COMPLETING_RANDOM]) -> Result<Self, SecretsError> {
        let (devices, signing) =
            random.split_first_chunk().ok_or_else(|| SecretsError("too few random bytes".into()))?;
        let (seed, usign_key) = signing.split_at(32);
        let openpgp = match self.openpgp {
            Some(kept) => kept,
            None => fresh_openpgp(seed)?,
        };
        let usign = match self.usign {
            Some(kept) => kept,
            None => fresh_usign(usign_key)?,
        };
        Ok(Self { openpgp: Some(openpgp), usign: Some(usign), ..self }.with_devices(devices))
    }
}

#[cfg(feature = "signing")]
fn fault(fault: &dyn fmt::Display) -> SecretsError {
    SecretsError(format!("a signing key cannot be made: {fault}"))
}

/// A fresh OpenPGP key from 32 random bytes.
#[cfg(feature = "signing")]
pub fn fresh_openpgp(random: &[u8]) -> Result<Secret, SecretsError> {
    use crate::ipkg::openpgp;

    let seed = random.try_into().map_err(|_| SecretsError("an OpenPGP key takes 32 random bytes".into()))?;
    let bytes = openpgp::generate(seed, KEYS_CREATED, "Package feeds").map_err(|error| fault(&error))?;
    let id = openpgp::SigningKey::read(&bytes).map_err(|error| fault(&error))?.key_id();
    Ok(Secret::new(id, bytes))
}

/// A fresh usign key from 40 random bytes, the first 8 of which are its number.
#[cfg(feature = "signing")]
pub fn fresh_usign(random: &[u8]) -> Result<Secret, SecretsError> {
    use crate::ipkg::usign;

    let key = usign::SigningKey::read(random).map_err(|error| fault(&error))?;
    Ok(Secret::new(key.key_id(), random.to_vec()))
}

/// Secrets could not be read or made; says which, never what.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{0}")]
pub struct SecretsError(pub String);
