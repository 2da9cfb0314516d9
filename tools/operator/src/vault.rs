//! Where a deployment keeps its secrets and key ids: parameters in AWS, or the file of a dev server.

use std::fs::{self, OpenOptions};
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};
use shared::domain::KeyIds;
use shared::parameters::Parameters;
use shared::secrets::{Keyring, Secret, Secrets, key_ids_to_json};

use crate::names::Name;

/// Where secrets and key ids are kept.
pub(crate) enum Vault {
    /// A file with all secrets; the values in use are those that are named.
    File(PathBuf),
    /// One parameter each, and one with the key ids.
    Parameters(Parameters),
}

impl Vault {
    /// All secrets.
    pub(crate) async fn secrets(&self) -> Result<Secrets> {
        match self {
            Self::File(path) => {
                let text =
                    fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
                Ok(Secrets::from_json(&text)?)
            }
            Self::Parameters(parameters) => Ok(parameters.secrets().await?),
        }
    }

    /// The key ids; none if they are not written yet.
    pub(crate) async fn key_ids(&self) -> Result<Option<KeyIds>> {
        match self {
            Self::File(_) => Ok(Some(self.secrets().await?.key_ids())),
            Self::Parameters(parameters) => Ok(parameters.key_ids().await?),
        }
    }

    /// What a chore needs that writes manifests and index pointers.
    pub(crate) async fn keyring_of_writers(&self) -> Result<Keyring> {
        let ids = self.key_ids().await?;
        Ok(Keyring::of_key_ids(ids.context("there are no key ids; cargo xtask bootstrap writes them")?))
    }

    /// How often the secret called `name` and the key ids were written; 0 in a file, which has one writer.
    pub(crate) async fn versions(&self, name: Name) -> Result<Versions> {
        match self {
            Self::File(_) => Ok(Versions::default()),
            Self::Parameters(parameters) => Ok(Versions {
                secret: parameters.version(name.as_str()).await?,
                key_ids: parameters.version("key-ids").await?,
            }),
        }
    }

    /// Writes a secret over the one that is there, which is the one that `read` tells of; fails if it was not.
    pub(crate) async fn replace_secret(&self, name: Name, secret: &Secret, read: Versions) -> Result<()> {
        match self {
            Self::File(path) => {
                let (mut all, secret) = (self.secrets().await?, secret.clone());
                match name {
                    Name::Download => all.download = secret,
                    Name::Pepper => all.pepper = secret,
                    Name::Devices => all.devices = Some(secret),
                    Name::Openpgp => all.openpgp = Some(secret),
                    Name::Usign => all.usign = Some(secret),
                }
                write_private(path, &serde_json::to_string_pretty(&all)?)
            }
            Self::Parameters(parameters) => {
                let text = serde_json::to_string(secret)?;
                let written = parameters.replace(name.as_str(), text, true).await?;
                next_after(read.secret, written, name.as_str())
            }
        }
    }

    /// Writes the key ids over those that are there, as [`Self::replace_secret`]; in a file they follow from the secrets.
    pub(crate) async fn replace_key_ids(&self, ids: &KeyIds, read: Versions) -> Result<()> {
        match self {
            Self::File(_) => Ok(()),
            Self::Parameters(parameters) => {
                let written = parameters.replace("key-ids", key_ids_to_json(ids), false).await?;
                next_after(read.key_ids, written, "key-ids")
            }
        }
    }

    /// How a command line names this deployment.
    pub(crate) fn arguments(&self) -> String {
        match self {
            Self::File(path) => match path.parent() {
                Some(folder) if folder.file_name().is_none_or(|name| name != ".ota") => {
                    format!("--dev {}", folder.display())
                }
                _ => "--dev".to_owned(),
            },
            Self::Parameters(parameters) => format!("--parameters {}", parameters.path()),
        }
    }
}

/// How often something was written when it was read.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Versions {
    secret: i64,
    key_ids: i64,
}

fn next_after(read: i64, written: i64, name: &str) -> Result<()> {
    if written == read + 1 {
        return Ok(());
    }
    bail!(
        "someone else has changed {name} at the same moment, or an answer was lost. What they were told may not be true \
         any more: what is there now was written here. Agree on who goes on, and look at it first with `cargo xtask rotate`"
    )
}

/// Writes a file that only its owner can read, whole or not at all.
fn write_private(path: &Path, text: &str) -> Result<()> {
    let write = || -> std::io::Result<()> {
        let beside = path.with_extension("new");
        let _ = fs::remove_file(&beside);
        let mut file = OpenOptions::new().create_new(true).write(true).mode(0o600).open(&beside)?;
        file.write_all(text.as_bytes())?;
        file.sync_all()?;
        fs::rename(&beside, path)
    };
    write().with_context(|| format!("{} cannot be written", path.display()))
}
