//! The keys that sign indexes, read once.

use shared::domain::KeyIds;
use shared::ipkg::{openpgp, usign};
use shared::needs::NotGiven;
use shared::secrets::{Keyring, Secret};

/// The keys that sign indexes: in use first, then the one before it, then the one to follow.
#[derive(Debug)]
pub(crate) struct Keys {
    openpgp: Vec<(String, openpgp::SigningKey)>,
    usign: Vec<(String, usign::SigningKey)>,
}

impl Keys {
    /// Reads the keys; one that cannot be read signs nothing, and is logged.
    pub(crate) fn read(secrets: &Keyring) -> Result<Self, NotGiven> {
        let signing = secrets.signing()?;
        let openpgp = |bytes: &[u8]| openpgp::SigningKey::read(bytes).map_err(|error| error.to_string());
        let usign = |bytes: &[u8]| usign::SigningKey::read(bytes).map_err(|error| error.to_string());
        Ok(Self {
            openpgp: all(signing.openpgp.as_ref(), "openpgp", openpgp),
            usign: all(signing.usign.as_ref(), "usign", usign),
        })
    }

    /// The OpenPGP key that a pointer names; the current one if it names none that is known; none without any.
    pub(crate) fn openpgp(&self, ids: &KeyIds) -> Option<&openpgp::SigningKey> {
        pick(&self.openpgp, ids.openpgp.as_deref())
    }

    /// The same for usign.
    pub(crate) fn usign(&self, ids: &KeyIds) -> Option<&usign::SigningKey> {
        pick(&self.usign, ids.usign.as_deref())
    }

    /// True if indexes are signed at all.
    pub(crate) fn sign(&self) -> bool {
        !self.openpgp.is_empty() || !self.usign.is_empty()
    }
}

fn all<K>(
    secret: Option<&Secret>,
    name: &str,
    read: impl Fn(&[u8]) -> Result<K, String>,
) -> Vec<(String, K)> {
    let mut keys = Vec::new();
    for (id, bytes) in secret.into_iter().flat_map(Secret::values) {
        match read(bytes) {
            Ok(key) => keys.push((id.to_owned(), key)),
            Err(cause) => tracing::error!(name, id, cause, "a signing key cannot be read"),
        }
    }
    keys
}

fn pick<'a, K>(keys: &'a [(String, K)], id: Option<&str>) -> Option<&'a K> {
    let named = keys.iter().find(|(each, _)| Some(each.as_str()) == id);
    named.or(keys.first()).map(|(_, key)| key)
}
