//! Binaries that a partner owns, because it has uploaded them.

use std::collections::HashMap;

use super::images::BinaryRow;
use super::read::Consistency;
use super::tx::{Tx, When};
use super::{Error, Guard, Store, keys};
use crate::domain::{Binary, PartnerId, Sha256};

impl Store {
    /// A partner's binary; none if this partner has never uploaded those bytes, whoever else has.
    pub async fn binary(&self, partner: &PartnerId, sha256: &Sha256) -> Result<Option<Binary>, Error> {
        let row: Option<BinaryRow> = self.read(&keys::binary(partner, sha256), Consistency::Strong).await?;
        Ok(row.map(Binary::from))
    }

    /// Those of a partner's binaries that it owns.
    pub async fn binaries(
        &self,
        partner: &PartnerId,
        wanted: &[Sha256],
    ) -> Result<HashMap<Sha256, Binary>, Error> {
        let mut keys: Vec<_> = wanted.iter().map(|sha256| keys::binary(partner, sha256)).collect();
        keys.dedup();
        let mut owned = HashMap::new();
        if keys.is_empty() {
            return Ok(owned);
        }
        let mut found = self.read_many(&keys, Consistency::Strong).await?;
        for key in &keys {
            if let Some(row) = found.take::<BinaryRow>(key)? {
                let binary = Binary::from(row);
                owned.insert(binary.sha256, binary);
            }
        }
        Ok(owned)
    }
}

impl Tx {
    /// Records that a partner owns a binary; [`Guard::AlreadyThere`] if it did, whose kind then stands.
    pub fn own_binary(&mut self, partner: &PartnerId, binary: &Binary) {
        let key = keys::binary(partner, &binary.sha256);
        self.put(&key, &BinaryRow::from(binary), &When::Absent, Guard::AlreadyThere);
    }
}
