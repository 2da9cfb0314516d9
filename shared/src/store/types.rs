//! Firmware types: a partner's own, and the platform types that an operator added.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};

use super::idempotency::Idempotency;
use super::read::Consistency;
use super::tx::{Tx, When};
use super::{Error, Guard, Store, keys};
use crate::domain::firmware_type::built_in;
use crate::domain::{Description, FirmwareType, Name, PartnerId, Timestamp, TypeNumber};

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct TypeRow {
    id: u64,
    number: TypeNumber,
    name: Name,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    description: Option<Description>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    partner: Option<PartnerId>,
    created: Timestamp,
    updated: Timestamp,
    revision: u64,
}

impl From<TypeRow> for FirmwareType {
    fn from(row: TypeRow) -> Self {
        Self {
            id: row.id,
            number: row.number,
            name: row.name,
            description: row.description,
            partner: row.partner,
            created: row.created,
            updated: row.updated,
            revision: row.revision,
        }
    }
}

impl From<&FirmwareType> for TypeRow {
    fn from(this: &FirmwareType) -> Self {
        Self {
            id: this.id,
            number: this.number,
            name: this.name.clone(),
            description: this.description.clone(),
            partner: this.partner.clone(),
            created: this.created,
            updated: this.updated,
            revision: this.revision,
        }
    }
}

impl Store {
    /// The type with that number as this partner sees it.
    pub async fn firmware_type(
        &self,
        partner: &PartnerId,
        number: TypeNumber,
    ) -> Result<Option<FirmwareType>, Error> {
        Ok(self.firmware_types_named(partner, &[number]).await?.remove(&number))
    }

    /// The types with those numbers as this partner sees them; numbers without a type are left out.
    pub async fn firmware_types_named(
        &self,
        partner: &PartnerId,
        numbers: &[TypeNumber],
    ) -> Result<HashMap<TypeNumber, FirmwareType>, Error> {
        let mut types: HashMap<_, _> = built_in()
            .into_iter()
            .filter(|each| numbers.contains(&each.number))
            .map(|each| (each.number, each))
            .collect();
        let keys: Vec<_> = numbers.iter().map(|number| keys::firmware_type(partner, *number)).collect();
        if keys.is_empty() {
            return Ok(types);
        }
        let mut found = self.read_many(&keys, Consistency::Strong).await?;
        for key in &keys {
            if let Some(row) = found.take::<TypeRow>(key)? {
                types.insert(row.number, row.into());
            }
        }
        Ok(types)
    }

    /// What a registration is decided upon, in one call: the type as the partner sees it, and what the idempotency
    /// key made before, unless that was more than a day ago.
    pub async fn registration(
        &self,
        partner: &PartnerId,
        number: TypeNumber,
        idempotency_key: Option<&str>,
        now: Timestamp,
    ) -> Result<(Option<FirmwareType>, Option<Idempotency>), Error> {
        let mut wanted = vec![keys::firmware_type(partner, number)];
        wanted.extend(idempotency_key.map(|key| keys::idempotency(partner, key)));
        let mut found = self.read_many(&wanted, Consistency::Strong).await?;
        let stored = found.take::<TypeRow>(&wanted[0])?.map(FirmwareType::from);
        let known = stored.or_else(|| built_in().into_iter().find(|each| each.number == number));
        let replay = match wanted.get(1) {
            Some(key) => found.take::<Idempotency>(key)?.filter(|row| row.is_alive(now)),
            None => None,
        };
        Ok((known, replay))
    }

    /// All platform types, by number: the built-in ones and those the operator added.
    pub async fn platform_types(&self) -> Result<Vec<FirmwareType>, Error> {
        let stored: Vec<TypeRow> = self.read_range(keys::PLATFORM, "TYPE#").await?;
        let mut types: std::collections::BTreeMap<_, _> =
            built_in().into_iter().map(|each| (each.number, each)).collect();
        types.extend(stored.into_iter().map(|row| (row.number, row.into())));
        Ok(types.into_values().collect())
    }

    /// A partner's own types, by number.
    pub async fn partner_types(&self, partner: &PartnerId) -> Result<Vec<FirmwareType>, Error> {
        let rows: Vec<TypeRow> = self.read_range(&keys::partner_partition(partner), "TYPE#").await?;
        Ok(rows.into_iter().map(FirmwareType::from).collect())
    }
}

impl Tx {
    /// Creates a type; [`Guard::AlreadyThere`] if its number is in use.
    pub fn create_firmware_type(&mut self, this: &FirmwareType) {
        self.put(&type_key(this), &TypeRow::from(this), &When::Absent, Guard::AlreadyThere);
    }

    /// Expects that a type is still what was read; a built-in one always is.
    pub fn expect_firmware_type(&mut self, this: &FirmwareType) {
        if this.revision > 0 {
            self.check(&type_key(this), &When::Revision(this.revision), Guard::Changed);
        }
    }

    /// Replaces a type that was read at `revision` (0: a built-in type without a row of its own).
    pub fn replace_firmware_type(&mut self, this: &FirmwareType, revision: u64) {
        let when = if revision == 0 { When::Absent } else { When::Revision(revision) };
        self.put(&type_key(this), &TypeRow::from(this), &when, Guard::Changed);
    }
}

fn type_key(this: &FirmwareType) -> keys::Key {
    match &this.partner {
        Some(partner) => keys::partner_type(partner, this.number),
        None => keys::platform_type(this.number),
    }
}
