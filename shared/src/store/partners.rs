//! Partners: the tenants.

use serde::{Deserialize, Serialize};

use super::read::Consistency;
use super::tx::{Tx, When};
use super::{Error, Guard, Store, keys};
use crate::domain::text::Email;
use crate::domain::{Name, PartnerId, Timestamp};

/// A tenant.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Partner {
    /// Its id.
    #[serde(rename = "partnerId")]
    pub id: PartnerId,
    /// Its name, shown in associations.
    pub name: Name,
    /// Where to reach it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email: Option<Email>,
    /// When it was created.
    pub created: Timestamp,
}

impl Store {
    /// A partner.
    pub async fn partner(&self, id: &PartnerId) -> Result<Option<Partner>, Error> {
        self.read(&keys::partner(id), Consistency::Strong).await
    }

    /// All partners, by id.
    pub async fn partners(&self) -> Result<Vec<Partner>, Error> {
        self.read_range(keys::PARTNERS, "").await
    }
}

impl Tx {
    /// Creates a partner; [`Guard::AlreadyThere`] if its id is taken.
    pub fn create_partner(&mut self, partner: &Partner) {
        self.put(&keys::partner(&partner.id), partner, &When::Absent, Guard::AlreadyThere);
        self.put(&keys::partner_listed(&partner.id), partner, &When::Absent, Guard::AlreadyThere);
    }
}
