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

    /// The id and bytes of the value called `id`, if it is still accepted.
    pub fn named(&self, id: &str) -> Option<(&str, &[u8])> {
        [Some(&self.current), self.previous.as_ref()]
            .into_iter()
            .flatten()
            .find(|value| value.id == id)
            .map(|value| (value.id.as_str(), value.key.as_slice()))
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
}

impl Secrets {
    /// The names of the secrets, as they stand in files and parameter names.
    pub const NAMES: [&'static str; 2] = ["download", "pepper"];

    /// Reads the JSON form of all secrets. The error names the place, never a value.
    pub fn from_json(text: &str) -> Result<Self, SecretsError> {
        serde_json::from_str(text)
            .map_err(|error| SecretsError(format!("the secrets do not parse at line {}", error.line())))
    }

    /// Fresh secrets from 64 random bytes.
    pub fn generate(random: &[u8; 64]) -> Self {
        let (download, pepper) = random.split_at(32);
        Self { download: Secret::new("d1", download.to_vec()), pepper: Secret::new("p1", pepper.to_vec()) }
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

    /// Loads all secrets from the `SecureString` parameters `<prefix>/<name>`.
    pub async fn load_from_ssm(client: &Client, prefix: &str) -> Result<Secrets, SecretsError> {
        let names = Secrets::NAMES.map(|name| parameter(prefix, name));
        let answer = client
            .get_parameters()
            .set_names(Some(names.to_vec()))
            .with_decryption(true)
            .send()
            .await
            .map_err(|error| {
                SecretsError(format!("SSM GetParameters failed: {}", error.into_service_error()))
            })?;
        let mut all = serde_json::Map::new();
        for name in Secrets::NAMES {
            let wanted = parameter(prefix, name);
            let value = answer
                .parameters()
                .iter()
                .find(|found| found.name() == Some(wanted.as_str()))
                .and_then(|found| found.value())
                .and_then(|text| serde_json::from_str(text).ok())
                .ok_or_else(|| {
                    SecretsError(format!("the parameter {wanted} is missing or does not parse"))
                })?;
            all.insert(name.to_owned(), value);
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
        for name in Secrets::NAMES {
            let put = client
                .put_parameter()
                .name(parameter(prefix, name))
                .value(values[name].to_string())
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
    fn a_broken_file_is_not_quoted() {
        let error = Secrets::from_json("{\"download\": \"hunter2\"}").unwrap_err();
        assert!(!error.to_string().contains("hunter2"));
    }
}
