//! Feeds that partners made beside the four standard ones.

use aws_sdk_dynamodb::types::AttributeValue;
use serde::{Deserialize, Serialize};

use super::read::Consistency;
use super::tx::{Change, Tx, When};
use super::{Error, Guard, Store, keys};
use crate::domain::{FeedName, PartnerId, Timestamp};

/// A feed that a partner made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Feed {
    /// Its name.
    pub name: FeedName,
    /// When it was made.
    pub created: Timestamp,
    /// How many associations, grants and devices that were put on it hang on it.
    pub uses: i64,
}

impl Store {
    /// The feeds a partner made, by name.
    pub async fn feeds(&self, partner: &PartnerId) -> Result<Vec<Feed>, Error> {
        self.read_range(&keys::partner_partition(partner), keys::FEED).await
    }

    /// One of the feeds a partner made.
    pub async fn feed(&self, partner: &PartnerId, name: &FeedName) -> Result<Option<Feed>, Error> {
        self.read(&keys::feed(partner, name), Consistency::Strong).await
    }
}

impl Tx {
    /// Makes a feed; [`Guard::AlreadyThere`] if there is one.
    pub fn create_feed(&mut self, partner: &PartnerId, feed: &Feed) {
        self.put(&keys::feed(partner, &feed.name), feed, &When::Absent, Guard::AlreadyThere);
    }

    /// Expects that a feed is still there.
    pub fn expect_feed(&mut self, partner: &PartnerId, name: &FeedName) {
        self.check(&keys::feed(partner, name), &When::Present, Guard::Changed);
    }

    /// Removes a feed that nothing hangs on; [`Guard::Changed`] if something does by now.
    pub fn delete_feed(&mut self, partner: &PartnerId, name: &FeedName) {
        let unused = When::Expression("#uses = :zero", vec![(":zero", AttributeValue::N("0".into()))]);
        self.delete(&keys::feed(partner, name), &unused, Guard::Changed);
    }

    /// Counts `by` uses more or less of a feed; [`Guard::Gone`] if it is gone. The standard feeds are not counted.
    pub fn count_feed_uses(&mut self, partner: &PartnerId, name: &FeedName, by: i64) {
        if !name.is_standard() {
            let change = Change::default().add("uses", by);
            self.update(&keys::feed(partner, name), change, &When::Present, Guard::Gone);
        }
    }

    /// Counts a device that is put on a feed which its partner made, or taken from it; [`Guard::Changed`] if it is gone.
    pub fn pin_feed(&mut self, partner: &PartnerId, name: &FeedName, by: i64) {
        let change = Change::default().add("uses", by);
        self.update(&keys::feed(partner, name), change, &When::Present, Guard::Changed);
    }
}
