//! Reads: one item, many items, a range of items.

use std::collections::HashMap;
use std::time::Duration;

use aws_sdk_dynamodb::types::{AttributeValue, KeysAndAttributes};
use serde::de::DeserializeOwned;

use super::keys::Key;
use super::row::{Item, decode, key_attributes};
use super::{Error, Store};

/// How fresh a read must be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Consistency {
    /// Sees every write that was acknowledged before.
    Strong,
    /// May be a moment behind, at half the price: for device checks.
    Eventual,
}

/// The most keys that DynamoDB takes in one `BatchGetItem`.
const BATCH: usize = 100;
/// How often a batch that was answered in part is asked again.
const ATTEMPTS: u32 = 6;

/// The rows that a batch found.
pub(super) struct Found(HashMap<Key, Item>);

impl Found {
    /// An item that was found, as it is.
    pub(super) fn take_item(&mut self, key: &Key) -> Option<Item> {
        self.0.remove(key)
    }

    /// The row under `key`, if it was there; asked for once.
    pub(super) fn take<T: DeserializeOwned>(&mut self, key: &Key) -> Result<Option<T>, Error> {
        self.0.remove(key).map(decode).transpose()
    }

    /// The same for rows that are asked for more than once.
    pub(super) fn get<T: DeserializeOwned>(&self, key: &Key) -> Result<Option<T>, Error> {
        self.0.get(key).cloned().map(decode).transpose()
    }
}

impl Store {
    /// One row.
    pub(super) async fn read<T: DeserializeOwned>(
        &self,
        key: &Key,
        consistency: Consistency,
    ) -> Result<Option<T>, Error> {
        let answer = self
            .client
            .get_item()
            .table_name(&self.table)
            .set_key(Some(key_attributes(key)))
            .consistent_read(consistency == Consistency::Strong)
            .send()
            .await
            .map_err(|error| Error::unavailable("GetItem", &error))?;
        answer.item.map(decode).transpose()
    }

    /// Many rows, at most 100 a call; what the database leaves out is asked for again.
    pub(super) async fn read_many(&self, keys: &[Key], consistency: Consistency) -> Result<Found, Error> {
        let mut found = HashMap::with_capacity(keys.len());
        for chunk in keys.chunks(BATCH) {
            let mut wanted: Vec<Item> = chunk.iter().map(key_attributes).collect();
            for attempt in 0.. {
                let keys = KeysAndAttributes::builder()
                    .set_keys(Some(std::mem::take(&mut wanted)))
                    .consistent_read(consistency == Consistency::Strong)
                    .build()
                    .map_err(|error| Error::Unavailable(error.to_string()))?;
                let answer = self
                    .client
                    .batch_get_item()
                    .request_items(&self.table, keys)
                    .send()
                    .await
                    .map_err(|error| Error::unavailable("BatchGetItem", &error))?;
                let items = answer.responses.unwrap_or_default().remove(&self.table).unwrap_or_default();
                for item in items {
                    if let (Some(pk), Some(sk)) = (text(&item, "PK"), text(&item, "SK")) {
                        found.insert(Key { pk, sk }, item);
                    }
                }
                wanted = answer
                    .unprocessed_keys
                    .and_then(|mut tables| tables.remove(&self.table))
                    .map(|rest| rest.keys)
                    .unwrap_or_default();
                if wanted.is_empty() {
                    break;
                }
                if attempt + 1 >= ATTEMPTS {
                    return Err(Error::Unavailable(
                        "BatchGetItem: the database keeps leaving keys out".into(),
                    ));
                }
                tokio::time::sleep(Duration::from_millis(20 << attempt)).await;
            }
        }
        Ok(Found(found))
    }

    /// All rows of a partition whose sort key begins with `prefix` (all for `""`), in order, strongly consistent.
    pub(super) async fn read_range<T: DeserializeOwned>(
        &self,
        pk: &str,
        prefix: &str,
    ) -> Result<Vec<T>, Error> {
        let mut rows = Vec::new();
        let mut from = None;
        loop {
            let mut query = self
                .client
                .query()
                .table_name(&self.table)
                .expression_attribute_values(":pk", AttributeValue::S(pk.to_owned()))
                .consistent_read(true)
                .set_exclusive_start_key(from);
            // DynamoDB takes no empty text for a key, not even as a prefix.
            query = if prefix.is_empty() {
                query.key_condition_expression("PK = :pk")
            } else {
                query
                    .key_condition_expression("PK = :pk AND begins_with(SK, :sk)")
                    .expression_attribute_values(":sk", AttributeValue::S(prefix.to_owned()))
            };
            let answer = query.send().await.map_err(|error| Error::unavailable("Query", &error))?;
            for item in answer.items.unwrap_or_default() {
                rows.push(decode(item)?);
            }
            from = answer.last_evaluated_key;
            if from.is_none() {
                return Ok(rows);
            }
        }
    }
}

fn text(item: &Item, name: &str) -> Option<String> {
    item.get(name).and_then(|value| value.as_s().ok()).cloned()
}
