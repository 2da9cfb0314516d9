//! The JSON form of key ids, as the parameter `key-ids` holds them: what is named without being known.

use serde::Deserialize;

use super::rotation::is_key_id;
use super::{Secret, Secrets, SecretsError};
use crate::domain::KeyIds;

#[derive(Deserialize)]
struct Stored {
    download: String,
    #[serde(default)]
    openpgp: Option<String>,
    #[serde(default)]
    usign: Option<String>,
}

/// Reads `{"download", "openpgp"?, "usign"?}`. The error quotes nothing.
pub fn key_ids_from_json(text: &str) -> Result<KeyIds, SecretsError> {
    let Stored { download, openpgp, usign } =
        serde_json::from_str(text).map_err(|_| SecretsError("the key ids do not parse".into()))?;
    let good = |id: &Option<String>| id.as_ref().is_none_or(|id| is_key_id(id));
    if !is_key_id(&download) || !good(&openpgp) || !good(&usign) {
        return Err(SecretsError("an id of a key must be 1 to 32 letters and digits".into()));
    }
    Ok(KeyIds { download, openpgp, usign })
}

/// Writes `{"download", "openpgp"?, "usign"?}`.
pub fn key_ids_to_json(ids: &KeyIds) -> String {
    let mut object = serde_json::json!({"download": ids.download});
    for (name, id) in [("openpgp", &ids.openpgp), ("usign", &ids.usign)] {
        if let Some(id) = id {
            object[name] = id.as_str().into();
        }
    }
    object.to_string()
}

impl Secrets {
    /// The ids of the values in use.
    pub fn key_ids(&self) -> KeyIds {
        let id = |secret: &Option<Secret>| secret.as_ref().map(|secret| secret.current().0.to_owned());
        KeyIds {
            download: self.download.current().0.to_owned(),
            openpgp: id(&self.openpgp),
            usign: id(&self.usign),
        }
    }
}
