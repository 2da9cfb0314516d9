//! Where a reconciliation stopped that had no more time, so that the next one goes on there.

use serde::{Deserialize, Serialize};

use super::read::Consistency;
use super::tx::{Tx, When};
use super::{Error, Guard, Store, keys};
use crate::domain::{DeviceTypeId, PartnerId};

/// How far a reconciliation has come.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(tag = "stage", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum Place {
    /// This device type, and all before it by partner and id, have been compared.
    After {
        /// Whose it is.
        partner: PartnerId,
        /// The device type.
        device_type: DeviceTypeId,
    },
    /// Everything has been compared; the bucket has not been swept.
    Compared,
}

impl Store {
    /// Where the last reconciliation stopped; none if it came to its end.
    pub async fn reconciliation(&self) -> Result<Option<Place>, Error> {
        self.read(&keys::reconciliation(), Consistency::Strong).await
    }
}

impl Tx {
    /// Says where a reconciliation stopped; none if it came to its end.
    pub fn put_reconciliation(&mut self, place: Option<&Place>) {
        match place {
            Some(place) => self.put(&keys::reconciliation(), place, &When::Always, Guard::Changed),
            None => self.delete(&keys::reconciliation(), &When::Always, Guard::Changed),
        }
    }
}
