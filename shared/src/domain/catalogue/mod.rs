//! Catalogues: the packages of one feed of one device type, and when each of them last changed.
//!
//! A catalogue holds everything that an index is rendered from but the signed paths, so that it can be kept under its
//! own digest. Times are whole seconds since the epoch and never go backwards for anything that is asked for: an
//! index, a package, a version, or one field (`docs/ARCHITECTURE.md`, *Feeds*).

mod change;
mod field_times;
mod render;
mod select;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

pub use change::{NewRelease, Outcome};
pub use field_times::FieldTimes;
pub use render::{MAX_INDEX_BYTES, Paths, file_name};
pub use select::{Level, Line, Selection};

use super::time::Seconds;
use super::{Architecture, DeviceTypeId, FeedName, ImageId, Md5, Sha256};
use crate::ipkg::names::{PackageName, PackageVersion};

/// Largest stored form of a catalogue, in bytes: old versions count too, and all of it is held in memory.
pub const MAX_BYTES: usize = 16 << 20;

/// The packages of one feed of one device type.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Catalogue {
    /// The device type.
    pub device_type: DeviceTypeId,
    /// The feed.
    pub feed: FeedName,
    /// The revision of the pointer that it was written for: no two revisions share a catalogue.
    pub revision: u64,
    /// The time of the change that it was written for: nor do two attempts at one revision, of which the sweep may be
    /// about to take the first.
    pub changed: Seconds,
    /// When the index of the latest versions last changed.
    pub modified: Seconds,
    /// When a package or one of its architectures last vanished from that index; 0 for never.
    pub shrunk: Seconds,
    /// The packages, by name.
    pub packages: BTreeMap<PackageName, Package>,
}

/// A package: what shares a name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Package {
    /// When its latest version last changed, for any architecture.
    pub modified: Seconds,
    /// When one of its architectures last vanished; 0 for never.
    #[serde(default, skip_serializing_if = "is_never")]
    pub shrunk: Seconds,
    /// What there is of it, by architecture; never empty.
    pub rows: BTreeMap<Architecture, Row>,
}

/// A package for one architecture: a line of versions, of which the last is the latest.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Row {
    /// When the latest version last changed.
    pub modified: Seconds,
    /// When fields of the latest version last changed, where that was not when the latest itself did.
    #[serde(default, skip_serializing_if = "FieldTimes::is_empty")]
    pub fields: FieldTimes,
    /// The versions, each greater than the one before; never empty.
    pub releases: Vec<Release>,
}

/// One version of a package for one architecture.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Release {
    /// The version, as the control file spells it.
    pub version: PackageVersion,
    /// The image that it is.
    pub image: ImageId,
    /// SHA-256 of the package.
    pub sha256: Sha256,
    /// MD5 of the package.
    pub md5: Md5,
    /// Size of the package in bytes.
    pub size: u64,
    /// The stanza's lines before the digests.
    pub head: String,
    /// The stanza's lines after the file name.
    pub tail: String,
    /// When it came into the feed.
    pub added: Seconds,
    /// When the same version last vanished for another architecture; 0 for never.
    #[serde(default, skip_serializing_if = "is_never")]
    pub shrunk: Seconds,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks for a reference")]
fn is_never(seconds: &Seconds) -> bool {
    *seconds == 0
}

impl Catalogue {
    /// A catalogue without packages, as of `at`.
    pub fn empty(device_type: DeviceTypeId, feed: FeedName, at: Seconds) -> Self {
        Self {
            device_type,
            feed,
            revision: 0,
            changed: at,
            modified: at,
            shrunk: 0,
            packages: BTreeMap::new(),
        }
    }

    /// How many stanzas the index of the latest versions has.
    pub fn rows(&self) -> usize {
        self.packages.values().map(|package| package.rows.len()).sum()
    }

    /// Every version of every package, in no particular order.
    pub fn releases(&self) -> impl Iterator<Item = &Release> {
        self.packages.values().flat_map(|package| package.rows.values()).flat_map(|row| &row.releases)
    }

    /// The text that is stored, and under whose SHA-256.
    pub fn to_text(&self) -> Result<String, serde_json::Error> {
        serde_json::to_string(self)
    }

    /// Reads the stored text.
    pub fn from_text(text: &[u8]) -> Result<Self, serde_json::Error> {
        serde_json::from_slice(text)
    }
}

impl Row {
    /// The latest version; none only if the row breaks its own rule.
    pub fn latest(&self) -> Option<&Release> {
        self.releases.last()
    }
}
