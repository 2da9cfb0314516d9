//! Access to restricted feeds: what a device credential opens. Only its pseudonym is stored.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::read::Consistency;
use super::tx::{Change, Tx, When};
use super::{Error, Guard, Store, keys};
use crate::domain::time::Seconds;
use crate::domain::{FeedName, Label, PartnerId, Timestamp};
use aws_sdk_dynamodb::types::AttributeValue;

/// The partners whose device types a credential opens in one feed.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Access {
    #[serde(default)]
    partners: BTreeSet<PartnerId>,
    #[serde(default)]
    changed: Seconds,
}

impl Access {
    /// When it last came to open more or less; 0 if that was never written down.
    pub fn changed(&self) -> Seconds {
        self.changed
    }

    /// True if the credential opens nothing in the feed.
    pub fn is_empty(&self) -> bool {
        self.partners.is_empty()
    }

    /// True if the credential opens this partner's device types.
    pub fn opens(&self, partner: &PartnerId) -> bool {
        self.partners.contains(partner)
    }
}

/// A grant, as its partner lists it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Grant {
    /// Its id.
    pub id: String,
    /// The feed it opens.
    pub feed: FeedName,
    /// HMAC of the credential.
    pub pseudonym: String,
    /// Whose device it is, in the partner's words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub label: Option<Label>,
    /// When it was made.
    pub created: Timestamp,
}

impl Store {
    /// A partner's grants in a feed, in the order they were made.
    pub async fn grants(&self, partner: &PartnerId, feed: &FeedName) -> Result<Vec<Grant>, Error> {
        let mut grants: Vec<Grant> =
            self.read_range(&keys::partner_partition(partner), &keys::grant_prefix(feed)).await?;
        grants.sort_by(|a, b| (a.created, &a.id).cmp(&(b.created, &b.id)));
        Ok(grants)
    }

    /// One grant.
    pub async fn grant(
        &self,
        partner: &PartnerId,
        feed: &FeedName,
        id: &str,
    ) -> Result<Option<Grant>, Error> {
        self.read(&keys::grant(partner, feed, id), Consistency::Strong).await
    }
}

fn seconds(at: Timestamp) -> AttributeValue {
    AttributeValue::N(at.seconds().to_string())
}

impl Tx {
    /// Makes a grant; [`Guard::AlreadyThere`] if the partner has one of that id.
    pub fn create_grant(&mut self, partner: &PartnerId, grant: &Grant) {
        self.put(&keys::grant(partner, &grant.feed, &grant.id), grant, &When::Absent, Guard::AlreadyThere);
        let change = Change::default()
            .add_to_set("partners", partner.as_str())
            .set("changed", seconds(grant.created))
            .set("rowVersion", AttributeValue::N("1".into()));
        self.update(&keys::access(&grant.feed, &grant.pseudonym), change, &When::Always, Guard::Changed);
        self.count_feed_uses(partner, &grant.feed, 1);
    }

    /// Takes a grant back at `at`; [`Guard::Gone`] if there is none.
    pub fn delete_grant(&mut self, partner: &PartnerId, grant: &Grant, at: Timestamp) {
        self.delete(&keys::grant(partner, &grant.feed, &grant.id), &When::Present, Guard::Gone);
        let change =
            Change::default().remove_from_set("partners", partner.as_str()).set("changed", seconds(at));
        self.update(&keys::access(&grant.feed, &grant.pseudonym), change, &When::Always, Guard::Changed);
        self.count_feed_uses(partner, &grant.feed, -1);
    }
}
