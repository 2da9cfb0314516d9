//! How many images and feeds a partner has.
//!
//! Images are counted in 16 shards, written in the registration's own transaction: one item would make every
//! registration of a partner collide with every other. Each shard holds a sixteenth of the quota, so the whole is
//! exact; a full shard sends the registration to the emptiest one.

use aws_sdk_dynamodb::types::AttributeValue;
use serde::{Deserialize, Serialize};

use super::keys::QUOTA_SHARDS;
use super::read::Consistency;
use super::tx::{Change, Tx, When};
use super::{Error, Guard, Store, keys};
use crate::domain::{PartnerId, VersionNumber, image};

#[derive(Serialize, Deserialize)]
struct CountRow {
    #[serde(default)]
    used: i64,
}

/// The shard that counts the image with this number, unless it is full.
pub fn shard_of(number: VersionNumber) -> u8 {
    u8::try_from(number.get() % i64::from(QUOTA_SHARDS)).unwrap_or_default()
}

const PER_SHARD: u64 = image::MAX_IMAGES / QUOTA_SHARDS as u64;

impl Store {
    /// The emptiest shard of a partner's image quota; none if all are full.
    pub async fn emptiest_quota_shard(&self, partner: &PartnerId) -> Result<Option<u8>, Error> {
        let keys: Vec<_> = (0..QUOTA_SHARDS).map(|shard| keys::image_quota(partner, shard)).collect();
        let mut found = self.read_many(&keys, Consistency::Strong).await?;
        let mut best: Option<(i64, u8)> = None;
        for (shard, key) in (0..QUOTA_SHARDS).zip(&keys) {
            let used = found.take::<CountRow>(key)?.map_or(0, |row| row.used);
            if best.is_none_or(|(least, _)| used < least) {
                best = Some((used, shard));
            }
        }
        Ok(best.filter(|(used, _)| used.unsigned_abs() < PER_SHARD).map(|(_, shard)| shard))
    }
}

impl Tx {
    /// Counts one more image; [`Guard::QuotaFull`] if the shard has no room.
    pub fn count_image(&mut self, partner: &PartnerId, shard: u8) {
        self.count_up(&keys::image_quota(partner, shard), PER_SHARD);
    }

    /// Counts one image less.
    pub fn uncount_image(&mut self, partner: &PartnerId, shard: u8) {
        let change = Change::default().add("used", -1);
        self.update(&keys::image_quota(partner, shard), change, &When::Present, Guard::Changed);
    }

    /// Counts one more feed; [`Guard::QuotaFull`] if there are `most` already.
    pub fn count_feed(&mut self, partner: &PartnerId, most: u64) {
        self.count_up(&keys::feed_quota(partner), most);
    }

    /// Counts one feed less.
    pub fn uncount_feed(&mut self, partner: &PartnerId) {
        let change = Change::default().add("used", -1);
        self.update(&keys::feed_quota(partner), change, &When::Present, Guard::Changed);
    }

    fn count_up(&mut self, key: &keys::Key, most: u64) {
        let room = When::Expression(
            "attribute_not_exists(#used) OR #used < :most",
            vec![(":most", AttributeValue::N(most.to_string()))],
        );
        let change = Change::default().add("used", 1).set("rowVersion", AttributeValue::N("1".into()));
        self.update(key, change, &room, Guard::QuotaFull);
    }
}
