//! Partners that are stopped with all that they have: one item each, which is there or not.

use aws_sdk_dynamodb::types::AttributeValue;
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
    /// Says that a partner that is not stopped is, since `at`; [`Guard::Changed`] if it is already.
    pub fn stop_partner(&mut self, partner: &PartnerId, at: Timestamp) {
        self.put(&keys::partner_stop(partner), &StopRow { at }, &When::Absent, Guard::Changed);
    }

    /// Takes back the stop of a partner of the moment that was read; [`Guard::Changed`] if it is gone, or another one by now.
    pub fn start_partner(&mut self, partner: &PartnerId, since: Timestamp) {
        self.delete(&keys::partner_stop(partner), &stopped_at(since), Guard::Changed);
    }

    /// Expects that a partner is stopped since the moment that was read, or is not.
    pub fn expect_partner_stop(&mut self, partner: &PartnerId, since: Option<Timestamp>) {
        let when = since.map_or(When::Absent, stopped_at);
        self.check(&keys::partner_stop(partner), &when, Guard::Changed);
    }
}

/// That the stop is the one of this moment, and not one that was pulled after it had been taken back.
fn stopped_at(since: Timestamp) -> When {
    When::Expression("#at = :at", vec![(":at", AttributeValue::N(since.millis().to_string()))])
}
