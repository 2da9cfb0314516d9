//! The secrets by name, and what each of them asks of whoever rotates it.

use clap::ValueEnum;
use shared::domain::KeyIds;
use shared::needs::{self, Needs};
use shared::secrets::{Secret, Secrets, Stage};

/// A secret of a deployment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Name {
    /// Signs download paths.
    Download,
    /// Turns device credentials into pseudonyms.
    Pepper,
    /// Makes the secrets of device types, under which device tokens are good.
    Devices,
    /// Signs Packages.asc.
    Openpgp,
    /// Signs Packages.sig.
    Usign,
}

impl Name {
    /// As it stands in files and parameters.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Download => "download",
            Self::Pepper => "pepper",
            Self::Devices => "devices",
            Self::Openpgp => "openpgp",
            Self::Usign => "usign",
        }
    }

    /// That secret.
    pub(crate) fn of(self, all: &Secrets) -> Option<&Secret> {
        match self {
            Self::Download => Some(&all.download),
            Self::Pepper => Some(&all.pepper),
            Self::Devices => all.devices.as_ref(),
            Self::Openpgp => all.openpgp.as_ref(),
            Self::Usign => all.usign.as_ref(),
        }
    }

    /// The id of its value that new manifests and pointers name; none also if they never name one.
    pub(crate) fn named(self, ids: &KeyIds) -> Option<&str> {
        match self {
            Self::Download => Some(&ids.download),
            Self::Pepper | Self::Devices => None,
            Self::Openpgp => ids.openpgp.as_deref(),
            Self::Usign => ids.usign.as_deref(),
        }
    }

    /// How far its rotation is.
    pub(crate) fn stage<'a>(self, secret: &'a Secret, ids: &KeyIds) -> Stage<'a> {
        match self {
            Self::Download | Self::Openpgp | Self::Usign => secret.stage(self.named(ids)),
            // Nothing can be behind what is in use, if nothing names it.
            Self::Pepper | Self::Devices => secret.stage(Some(secret.current().0)),
        }
    }

    /// `ids`, with `id` as that of its value; as they are if they never name one.
    pub(crate) fn name(self, ids: &KeyIds, id: &str) -> KeyIds {
        let mut ids = ids.clone();
        match self {
            Self::Download => id.clone_into(&mut ids.download),
            Self::Pepper | Self::Devices => {}
            Self::Openpgp => ids.openpgp = Some(id.to_owned()),
            Self::Usign => ids.usign = Some(id.to_owned()),
        }
        ids
    }

    /// The functions that hold it.
    pub(crate) fn holders(self) -> Vec<&'static str> {
        with(match self {
            Self::Download => Needs::Download,
            Self::Pepper => Needs::Pepper,
            Self::Devices => Needs::Devices,
            Self::Openpgp | Self::Usign => Needs::FeedSignatures,
        })
    }
}

/// The functions that name keys in what they write.
pub(crate) fn namers() -> Vec<&'static str> {
    with(Needs::KeyIds)
}

fn with(need: Needs) -> Vec<&'static str> {
    needs::ALL.iter().filter(|function| function.has(need)).map(|function| function.name).collect()
}
