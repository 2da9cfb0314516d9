//! Binaries that a partner owns, because it has uploaded them, and what was read in those that are packages.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;
use serde::{Deserialize, Serialize};

use super::keys::Key;
use super::read::Consistency;
use super::tx::{Change, Tx, When};
use super::{Error, Guard, Store, keys};
use crate::domain::{Binary, BinaryKind, Md5, PartnerId, Sha256};
use crate::ipkg::stanza::Stanza;

/// What a package says of itself, read when it was moved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Package {
    /// Its part of an index.
    pub stanza: Stanza,
    /// What was dropped or repaired in its control file, a sentence each.
    pub warnings: Vec<String>,
}

/// A binary that a partner owns.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Owned {
    /// The binary.
    pub binary: Binary,
    /// If it is a package, what was dropped or repaired in its control file, a sentence each.
    pub warnings: Vec<String>,
}

#[derive(Serialize, Deserialize)]
struct OwnedRow {
    sha256: Sha256,
    md5: Md5,
    size: u64,
    kind: BinaryKind,
    /// None of a plain binary, and of a package moved before control files were read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    stanza: Option<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    warnings: Vec<String>,
}

impl OwnedRow {
    fn binary(&self) -> Binary {
        Binary { sha256: self.sha256, md5: self.md5, size: self.size, kind: self.kind }
    }

    fn package(self, key: &Key) -> Result<Option<Package>, Error> {
        let Some(text) = self.stanza else { return Ok(None) };
        let stanza = Stanza::parse(&text)
            .map_err(|fault| Error::Corrupt { key: key.to_string(), reason: fault.to_string() })?;
        Ok(Some(Package { stanza, warnings: self.warnings }))
    }
}

impl Store {
    /// A partner's binary; none if this partner has never uploaded those bytes, whoever else has.
    pub async fn binary(&self, partner: &PartnerId, sha256: &Sha256) -> Result<Option<Binary>, Error> {
        let row: Option<OwnedRow> = self.read(&keys::binary(partner, sha256), Consistency::Strong).await?;
        Ok(row.map(|row| row.binary()))
    }

    /// What a partner's package says of itself; none if this is no package of the partner's, or one that was moved
    /// before control files were read.
    pub async fn package(&self, partner: &PartnerId, sha256: &Sha256) -> Result<Option<Package>, Error> {
        let key = keys::binary(partner, sha256);
        let row: Option<OwnedRow> = self.read(&key, Consistency::Strong).await?;
        row.map_or(Ok(None), |row| row.package(&key))
    }

    /// Those of a partner's binaries that it owns.
    pub async fn binaries(
        &self,
        partner: &PartnerId,
        wanted: &[Sha256],
    ) -> Result<HashMap<Sha256, Owned>, Error> {
        let mut keys: Vec<_> = wanted.iter().map(|sha256| keys::binary(partner, sha256)).collect();
        keys.dedup();
        let mut owned = HashMap::new();
        if keys.is_empty() {
            return Ok(owned);
        }
        let mut found = self.read_many(&keys, Consistency::Strong).await?;
        for key in &keys {
            if let Some(row) = found.take::<OwnedRow>(key)? {
                owned.insert(row.sha256, Owned { binary: row.binary(), warnings: row.warnings });
            }
        }
        Ok(owned)
    }
}

impl Tx {
    /// Records that a partner owns a binary, and what it says of itself if it is a package; [`Guard::AlreadyThere`]
    /// if the partner did, whose kind then stands.
    pub fn own_binary(&mut self, partner: &PartnerId, binary: &Binary, package: Option<&Package>) {
        let key = keys::binary(partner, &binary.sha256);
        let row = OwnedRow {
            sha256: binary.sha256,
            md5: binary.md5,
            size: binary.size,
            kind: binary.kind,
            stanza: package.map(|package| package.stanza.render()),
            warnings: package.map(|package| package.warnings.clone()).unwrap_or_default(),
        };
        self.put(&key, &row, &When::Absent, Guard::AlreadyThere);
    }

    /// Keeps what a package says of itself with a binary that the partner has owned for longer; [`Guard::Gone`] if
    /// it does not.
    pub fn keep_package(&mut self, partner: &PartnerId, sha256: &Sha256, package: &Package) {
        let mut change = Change::default().set("stanza", AttributeValue::S(package.stanza.render()));
        if !package.warnings.is_empty() {
            let warnings = package.warnings.iter().cloned().map(AttributeValue::S).collect();
            change = change.set("warnings", AttributeValue::L(warnings));
        }
        self.update(&keys::binary(partner, sha256), change, &When::Present, Guard::Gone);
    }
}
