//! What a process was given of a deployment's secrets. What it was not given is an error to use, never an empty key.

use super::{Secret, Secrets, SecretsError, key_ids_from_json};
use crate::domain::KeyIds;
use crate::needs::{Function, Needs, NotGiven};

/// The keys that sign package indexes; one that a deployment does not have leaves indexes without that signature.
#[derive(Debug, Clone, Default)]
pub struct Signing {
    /// Signs `Packages.asc`.
    pub openpgp: Option<Secret>,
    /// Signs `Packages.sig`.
    pub usign: Option<Secret>,
}

/// The secrets and key ids that a process was given.
#[derive(Debug, Clone, Default)]
pub struct Keyring {
    download: Option<Secret>,
    pepper: Option<Secret>,
    devices: Option<Secret>,
    signing: Option<Signing>,
    key_ids: Option<KeyIds>,
}

impl From<Secrets> for Keyring {
    /// Everything, as a process on a laptop has it; new manifests and pointers name the values in use.
    fn from(all: Secrets) -> Self {
        let key_ids = Some(all.key_ids());
        let signing = Some(Signing { openpgp: all.openpgp, usign: all.usign });
        let (download, pepper) = (Some(all.download), Some(all.pepper));
        Self { download, pepper, devices: all.devices, signing, key_ids }
    }
}

impl Keyring {
    /// The key of download paths.
    pub fn download(&self) -> Result<&Secret, NotGiven> {
        self.download.as_ref().ok_or(NotGiven("the secret download"))
    }

    /// The pepper of device pseudonyms.
    pub fn pepper(&self) -> Result<&Secret, NotGiven> {
        self.pepper.as_ref().ok_or(NotGiven("the secret pepper"))
    }

    /// The master from which the secrets of device types are made.
    pub fn devices(&self) -> Result<&Secret, NotGiven> {
        self.devices.as_ref().ok_or(NotGiven("the secret devices"))
    }

    /// The keys that sign package indexes.
    pub fn signing(&self) -> Result<&Signing, NotGiven> {
        self.signing.as_ref().ok_or(NotGiven("the secrets openpgp and usign"))
    }

    /// The ids of the keys that new manifests and pointers name.
    pub fn key_ids(&self) -> Result<&KeyIds, NotGiven> {
        self.key_ids.as_ref().ok_or(NotGiven("the key ids"))
    }

    /// All secrets, if those are here that there must be; the name of one that is not.
    pub fn whole(self) -> Result<Secrets, &'static str> {
        let Self { download, pepper, devices, signing, .. } = self;
        let Signing { openpgp, usign } = signing.unwrap_or_default();
        let (download, pepper) = (download.ok_or("download")?, pepper.ok_or("pepper")?);
        Ok(Secrets { download, pepper, devices, openpgp, usign })
    }

    /// A keyring with key ids alone, for whoever writes manifests and pointers.
    pub fn of_key_ids(ids: KeyIds) -> Self {
        Self { key_ids: Some(ids), ..Self::default() }
    }

    /// What `function` is given of this.
    pub fn only(&self, function: &Function) -> Self {
        let Self { download, pepper, devices, signing, key_ids } = self.clone();
        Self {
            download: download.filter(|_| function.has(Needs::Download)),
            pepper: pepper.filter(|_| function.has(Needs::Pepper)),
            devices: devices.filter(|_| function.has(Needs::Devices)),
            signing: signing.filter(|_| function.has(Needs::FeedSignatures)),
            key_ids: key_ids.filter(|_| function.has(Needs::KeyIds)),
        }
    }

    /// Reads what `function` is given, out of the texts of parameters by name. Which must be there is not asked here.
    pub fn read<'a>(
        function: &Function,
        text: impl Fn(&str) -> Option<&'a str>,
    ) -> Result<Self, (&'static str, SecretsError)> {
        let secret =
            |need: Needs, name: &'static str| -> Result<Option<Secret>, (&'static str, SecretsError)> {
                let given = function.has(need).then(|| text(name)).flatten();
                given.map(|text| Secret::from_json(text).map_err(|error| (name, error))).transpose()
            };
        let key_ids = function.has(Needs::KeyIds).then(|| text("key-ids")).flatten();
        let signing = Signing {
            openpgp: secret(Needs::FeedSignatures, "openpgp")?,
            usign: secret(Needs::FeedSignatures, "usign")?,
        };
        Ok(Self {
            download: secret(Needs::Download, "download")?,
            pepper: secret(Needs::Pepper, "pepper")?,
            devices: secret(Needs::Devices, "devices")?,
            signing: function.has(Needs::FeedSignatures).then_some(signing),
            key_ids: key_ids.map(key_ids_from_json).transpose().map_err(|error| ("key-ids", error))?,
        })
    }
}
