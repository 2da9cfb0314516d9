//! Partners that are stopped with all that they have: one item each, which is there or not.

use serde::{Deserialize, Serialize};

use super::read::Consistency;
use super::tx::{Tx, When};
use super::{Error, Guard, Store, keys};
use crate::domain::{PartnerId, Timestamp};

#[derive(Serialize, Deserialize)]
struct StopRow {
    at: Timestamp,
}

impl Store {
    /// Since when a partner is stopped; none if it is not.
    pub async fn partner_stop(&self, partner: &PartnerId) -> Result<Option<Timestamp>, Error> {
        let row: Option<StopRow> = self.read(&keys::partner_stop(partner), Consistency::Strong).await?;
        Ok(row.map(|row| row.at))
    }
}

impl Tx {
    /// Says that a partner is stopped since a moment, or no longer; [`Guard::Changed`] if that is so already.
    pub fn put_partner_stop(&mut self, partner: &PartnerId, since: Option<Timestamp>) {
        let key = keys::partner_stop(partner);
        match since {
            Some(at) => self.put(&key, &StopRow { at }, &When::Absent, Guard::Changed),
            None => self.delete(&key, &When::Present, Guard::Changed),
        }
    }

    /// Expects that a partner is stopped, or not, as was read.
    pub fn expect_partner_stop(&mut self, partner: &PartnerId, since: Option<Timestamp>) {
        let when = if since.is_some() { When::Present } else { When::Absent };
        self.check(&keys::partner_stop(partner), &when, Guard::Changed);
    }
}
