//! Secrets: loaded once at start, from a file on a laptop or from SSM `SecureString` parameters in the cloud.
//!
//! Each has a key id, a current and a previous value, so that it can be rotated without a gap.

use std::fmt;

use hmac::{Hmac, KeyInit as _, Mac as _};
use serde::{Deserialize, Serialize};

/// HMAC-SHA256 under `key` of `parts` written one after the other.
pub fn hmac_sha256(key: &[u8], parts: &[&[u8]]) -> [u8; 32] {
    // HMAC takes a key of any length; the error type exists for other MACs.
    let Ok(mut mac) = Hmac::<sha2::Sha256>::new_from_slice(key) else { return [0; 32] };
    for part in parts {
        mac.update(part);
    }
    mac.finalize().into_bytes().into()
}

#[derive(Clone, Serialize, Deserialize)]
struct Value {
    id: String,
    #[serde(with = "hex::serde")]
    key: Vec<u8>,
}

/// One secret: the value in use and the one before it. Its `Debug` shows ids only.
#[derive(Clone, Serialize, Deserialize)]
pub struct Secret {
    current: Value,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    previous: Option<Value>,
}

impl Secret {
    /// A secret that has not been rotated yet. Ids are letters and digits, since they stand in URLs.
    pub fn new(id: impl Into<String>, key: Vec<u8>) -> Self {
        Self { current: Value { id: id.into(), key }, previous: None }
    }

    /// This secret with a new current value; what was current becomes previous, what was previous is gone.
    pub fn rotated(&self, id: impl Into<String>, key: Vec<u8>) -> Self {
        Self { current: Value { id: id.into(), key }, previous: Some(self.current.clone()) }
    }

    /// The id and bytes in use.
    pub fn current(&self) -> (&str, &[u8]) {
        (&self.current.id, &self.current.key)
    }

    /// The ids and bytes of all values that are accepted, the one in use first.
    pub fn values(&self) -> impl Iterator<Item = (&str, &[u8])> {
        [Some(&self.current), self.previous.as_ref()]
            .into_iter()
            .flatten()
            .map(|value| (value.id.as_str(), value.key.as_slice()))
    }

    /// The id and bytes of the value called `id`, if it is still accepted.
    pub fn named(&self, id: &str) -> Option<(&str, &[u8])> {
        self.values().find(|(this, _)| *this == id)
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let previous = self.previous.as_ref().map(|value| &value.id);
        f.debug_struct("Secret").field("current", &self.current.id).field("previous", &previous).finish()
    }
}

/// The secrets of a process.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Secrets {
    /// Signs download paths (`/repository/…`).
    pub download: Secret,
    /// Turns device credentials into pseudonyms. It is not rotated while grants made under it are in use.
    pub pepper: Secret,
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

/// How many random bytes the keys that sign feeds are made from.
pub const SIGNING_RANDOM: usize = 72;

impl Secrets {
    /// The names of the secrets that there must be, as they stand in files and parameter names.
    pub const NAMES: [&'static str; 2] = ["download", "pepper"];

    /// The names of those that there may be.
    pub const OPTIONAL_NAMES: [&'static str; 2] = ["openpgp", "usign"];

    /// Reads the JSON form of all secrets. The error names the place, never a value.
    pub fn from_json(text: &str) -> Result<Self, SecretsError> {
        serde_json::from_str(text)
            .map_err(|error| SecretsError(format!("the secrets do not parse at line {}", error.line())))
    }

    /// Fresh secrets from 64 random bytes, with no keys that sign feeds.
    pub fn generate(random: &[u8; 64]) -> Self {
        let (download, pepper) = random.split_at(32);
        Self {
            download: Secret::new("d1", download.to_vec()),
            pepper: Secret::new("p1", pepper.to_vec()),
            openpgp: None,
            usign: None,
        }
    }

    /// True if there is not a key for every kind of signature over feeds.
    pub fn lacks_signing_keys(&self) -> bool {
        self.openpgp.is_none() || self.usign.is_none()
    }

    /// These secrets with the keys that sign feeds, made from random bytes where they are missing. Their ids are the
    /// ids by which clients know keys.
    #[cfg(feature = "signing")]
    pub fn with_signing_keys(self, random: &[u8; SIGNING_RANDOM]) -> Result<Self, SecretsError> {
        use crate::ipkg::{openpgp, usign};

        let (seed, usign_key) = random.split_at(32);
        let mut openpgp_seed = [0; 32];
        openpgp_seed.copy_from_slice(seed);
        let fault = |fault: &dyn fmt::Display| SecretsError(format!("a signing key cannot be made: {fault}"));
        let made = |bytes: Vec<u8>| -> Result<Secret, openpgp::Fault> {
            Ok(Secret::new(openpgp::SigningKey::read(&bytes)?.key_id(), bytes))
        };
        let openpgp = match self.openpgp {
            Some(kept) => kept,
            None => openpgp::generate(openpgp_seed, KEYS_CREATED, "Package feeds")
                .and_then(made)
                .map_err(|error| fault(&error))?,
        };
        let usign = if let Some(kept) = self.usign {
            kept
        } else {
            let key = usign::SigningKey::read(usign_key).map_err(|error| fault(&error))?;
            Secret::new(key.key_id(), usign_key.to_vec())
        };
        Ok(Self { openpgp: Some(openpgp), usign: Some(usign), ..self })
    }
}

/// Secrets could not be loaded; says which, never what.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{0}")]
pub struct SecretsError(pub String);

#[cfg(feature = "ssm")]
pub use ssm::{create_in_ssm, load_from_ssm};

#[cfg(feature = "ssm")]
mod ssm {
    use aws_sdk_ssm::Client;
    use aws_sdk_ssm::types::ParameterType;

    use super::{Secrets, SecretsError};

    fn parameter(prefix: &str, name: &str) -> String {
        format!("{}/{name}", prefix.trim_end_matches('/'))
    }

    fn names() -> impl Iterator<Item = &'static str> {
        Secrets::NAMES.into_iter().chain(Secrets::OPTIONAL_NAMES)
    }

    /// Loads all secrets from the `SecureString` parameters `<prefix>/<name>`; those that sign feeds may be missing.
    pub async fn load_from_ssm(client: &Client, prefix: &str) -> Result<Secrets, SecretsError> {
        let answer = client
            .get_parameters()
            .set_names(Some(names().map(|name| parameter(prefix, name)).collect()))
            .with_decryption(true)
            .send()
            .await
            .map_err(|error| {
                SecretsError(format!("SSM GetParameters failed: {}", error.into_service_error()))
            })?;
        let mut all = serde_json::Map::new();
        for name in names() {
            let wanted = parameter(prefix, name);
            let found = answer.parameters().iter().find(|found| found.name() == Some(wanted.as_str()));
            match found.and_then(|found| found.value()).map(serde_json::from_str) {
                Some(Ok(value)) => {
                    all.insert(name.to_owned(), value);
                }
                None if Secrets::OPTIONAL_NAMES.contains(&name) => {}
                Some(Err(_)) | None => {
                    return Err(SecretsError(format!("the parameter {wanted} is missing or does not parse")));
                }
            }
        }
        Secrets::from_json(&serde_json::Value::Object(all).to_string())
    }

    /// Writes each secret under `<prefix>/<name>` unless one is there already; answers the names it wrote.
    pub async fn create_in_ssm(
        client: &Client,
        prefix: &str,
        fresh: &Secrets,
    ) -> Result<Vec<&'static str>, SecretsError> {
        let values = serde_json::to_value(fresh).map_err(|error| SecretsError(error.to_string()))?;
        let mut written = Vec::new();
        for name in names() {
            let Some(value) = values.get(name) else { continue };
            let put = client
                .put_parameter()
                .name(parameter(prefix, name))
                .value(value.to_string())
                .r#type(ParameterType::SecureString)
                .overwrite(false)
                .send()
                .await
                .map_err(aws_sdk_ssm::error::SdkError::into_service_error);
            match put {
                Ok(_) => written.push(name),
                Err(error) if error.is_parameter_already_exists() => {}
                Err(error) => {
                    return Err(SecretsError(format!("SSM PutParameter for {name} failed: {error}")));
                }
            }
        }
        Ok(written)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_read_back_and_stay_out_of_debug() {
        let secrets = Secrets::generate(&[7; 64]);
        let text = serde_json::to_string(&secrets).unwrap();
        let read = Secrets::from_json(&text).unwrap();
        assert_eq!(read.download.current(), secrets.download.current());
        assert!(!format!("{secrets:?}").contains("0707"));
    }

    #[test]
    fn secrets_of_before_feeds_were_signed_are_read() {
        let old = serde_json::to_string(&Secrets::generate(&[7; 64])).unwrap();
        assert!(!old.contains("openpgp") && !old.contains("usign"));
        assert!(Secrets::from_json(&old).unwrap().lacks_signing_keys());
    }

    #[cfg(feature = "signing")]
    #[test]
    fn signing_keys_are_made_where_they_are_missing_and_named_as_clients_know_them() {
        use crate::ipkg::{openpgp, usign};

        let secrets = Secrets::generate(&[7; 64]).with_signing_keys(&[8; SIGNING_RANDOM]).unwrap();
        assert!(!secrets.lacks_signing_keys());
        let (id, key) = secrets.openpgp.as_ref().unwrap().current();
        assert_eq!(openpgp::SigningKey::read(key).unwrap().key_id(), id);
        let (id, key) = secrets.usign.as_ref().unwrap().current();
        assert_eq!((usign::SigningKey::read(key).unwrap().key_id().as_str(), id), (id, "0808080808080808"));
        let text = serde_json::to_string(&secrets).unwrap();
        let kept = Secrets::from_json(&text).unwrap().with_signing_keys(&[9; SIGNING_RANDOM]).unwrap();
        assert_eq!(serde_json::to_string(&kept).unwrap(), text);
        // A standard SSM parameter holds 4 KB.
        assert!(
            serde_json::to_string(&secrets.openpgp.as_ref().unwrap().rotated("x", key.to_vec()))
                .unwrap()
                .len()
                < 2048
        );
    }

    #[test]
    fn a_broken_file_is_not_quoted() {
        let error = Secrets::from_json("{\"download\": \"hunter2\"}").unwrap_err();
        assert!(!error.to_string().contains("hunter2"));
    }
}
