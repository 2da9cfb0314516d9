//! What a feed asks of changes. Kept apart from the feed itself, and for good: standard feeds have no row of their own, and
//! a feed that is deleted and made again asks for the same as before.

use aws_sdk_dynamodb::types::AttributeValue;
use serde::{Deserialize, Serialize};

use super::read::Consistency;
use super::tx::{Tx, When};
use super::{Error, Guard, Store, keys};
use crate::domain::{FeedName, PartnerId};

/// What a feed asks of changes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct FeedRule {
    /// The feed.
    pub feed: FeedName,
    /// Whether somebody else has to approve what gives its devices more.
    pub approvals: bool,
    /// Rises with each change; guards decisions made upon this.
    pub revision: u64,
}

impl Store {
    /// What a feed asks of changes; none if that was never said.
    pub async fn feed_rule(&self, partner: &PartnerId, feed: &FeedName) -> Result<Option<FeedRule>, Error> {
        self.read(&keys::feed_rule(partner, feed), Consistency::Strong).await
    }

    /// What a partner's feeds ask of changes, by name; those of feeds that are gone included.
    pub async fn feed_rules(&self, partner: &PartnerId) -> Result<Vec<FeedRule>, Error> {
        self.read_range(&keys::partner_partition(partner), keys::FEED_RULE).await
    }
}

impl Tx {
    /// Says what a feed asks from now on, in place of what was said `before`.
    pub fn put_feed_rule(&mut self, partner: &PartnerId, rule: &FeedRule, before: Option<&FeedRule>) {
        let when = before.map_or(When::Absent, |before| When::Revision(before.revision));
        self.put(&keys::feed_rule(partner, &rule.feed), rule, &when, Guard::Changed);
    }

    /// Expects that a feed asks for no approvals; [`Guard::Changed`] if it does by now.
    pub fn expect_no_approvals(&mut self, partner: &PartnerId, feed: &FeedName) {
        let none = When::Expression(
            "attribute_not_exists(#approvals) OR #approvals = :no",
            vec![(":no", AttributeValue::Bool(false))],
        );
        self.check(&keys::feed_rule(partner, feed), &none, Guard::Changed);
    }
}
