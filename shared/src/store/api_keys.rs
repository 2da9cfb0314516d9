//! API keys: found by the digest of their text, listed by their owner.

use aws_sdk_dynamodb::types::AttributeValue;
use serde::{Deserialize, Serialize};

use super::read::Consistency;
use super::row::{decode, key_attributes};
use super::tx::{Change, Tx, When};
use super::{Error, Guard, Store, keys};
use crate::domain::{Label, PartnerId, Right, Sha256, Timestamp};

/// A key as stored; never its text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ApiKey {
    /// Its public id, which is also the client id of the token exchange.
    pub id: String,
    /// SHA-256 of its text.
    pub digest: Sha256,
    /// Whose it is; none for an operator's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub partner: Option<PartnerId>,
    /// The strongest right it has.
    pub right: Right,
    /// What it is for.
    pub label: Label,
    /// When it was made.
    pub created: Timestamp,
    /// When it ends by itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires: Option<Timestamp>,
    /// When it was ended by someone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revoked: Option<Timestamp>,
    /// The day it was last used, as days since the epoch.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_used_day: Option<i64>,
    /// The digest of the key that a bearer was made from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent: Option<Sha256>,
    /// The id of the key that an operator made and that this one descends from, itself included: whoever has one of them may
    /// have all. None for keys that were made before this was kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub root: Option<String>,
    /// When the table may forget a bearer, in seconds since the epoch (TTL).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<i64>,
}

#[derive(Serialize, Deserialize)]
struct ListedRow {
    digest: Sha256,
}

impl Store {
    /// The key with that digest, strongly consistent: a revoked key dies at once.
    pub async fn api_key(&self, digest: &Sha256) -> Result<Option<ApiKey>, Error> {
        self.read(&keys::api_key_lookup(digest), Consistency::Strong).await
    }

    /// One key of a partner (of the operator for none) by its id.
    pub async fn api_key_by_id(
        &self,
        partner: Option<&PartnerId>,
        id: &str,
    ) -> Result<Option<ApiKey>, Error> {
        match self.read::<ListedRow>(&keys::api_key(partner, id), Consistency::Strong).await? {
            Some(row) => self.api_key(&row.digest).await,
            None => Ok(None),
        }
    }

    /// All keys of a partner, bearers apart, in the order they were made.
    pub async fn api_keys(&self, partner: &PartnerId) -> Result<Vec<ApiKey>, Error> {
        let listed: Vec<ListedRow> =
            self.read_range(&keys::api_keys_partition(Some(partner)), "KEY#").await?;
        let lookups: Vec<_> = listed.iter().map(|row| keys::api_key_lookup(&row.digest)).collect();
        let mut found = self.read_many(&lookups, Consistency::Strong).await?;
        let mut all = Vec::with_capacity(lookups.len());
        for key in &lookups {
            all.extend(found.take::<ApiKey>(key)?);
        }
        all.sort_by(|a, b| (a.created, &a.id).cmp(&(b.created, &b.id)));
        Ok(all)
    }

    /// Notes that a key was used on `day`. Written once a day and key, outside any transaction: nothing depends on it.
    pub async fn note_key_use(&self, key: &ApiKey, day: i64) -> Result<(), Error> {
        self.client
            .update_item()
            .table_name(&self.table)
            .set_key(Some(key_attributes(&keys::api_key_lookup(&key.digest))))
            .update_expression("SET lastUsedDay = :day")
            .condition_expression("attribute_exists(PK)")
            .expression_attribute_values(":day", AttributeValue::N(day.to_string()))
            .send()
            .await
            .map(|_| ())
            .map_err(|error| Error::unavailable("UpdateItem", &error))
    }

    /// True once the first operator key has been made.
    pub async fn is_bootstrapped(&self) -> Result<bool, Error> {
        let key = keys::bootstrap();
        let answer = self
            .client
            .get_item()
            .table_name(&self.table)
            .set_key(Some(key_attributes(&key)))
            .consistent_read(true)
            .send()
            .await
            .map_err(|error| Error::unavailable("GetItem", &error))?;
        answer.item.map(decode::<super::row::Anything>).transpose().map(|row| row.is_some())
    }
}

impl Tx {
    /// Creates a key. A bearer is found by its digest alone and listed nowhere.
    pub fn create_api_key(&mut self, key: &ApiKey) {
        self.put(&keys::api_key_lookup(&key.digest), key, &When::Absent, Guard::AlreadyThere);
        if key.parent.is_none() {
            let row = ListedRow { digest: key.digest };
            self.put(&keys::api_key(key.partner.as_ref(), &key.id), &row, &When::Absent, Guard::AlreadyThere);
        }
    }

    /// Ends a key; [`Guard::Gone`] if there is none with that digest.
    pub fn revoke_api_key(&mut self, digest: &Sha256, at: Timestamp) {
        let change = Change::default().set("revoked", AttributeValue::N(at.millis().to_string()));
        self.update(&keys::api_key_lookup(digest), change, &When::Present, Guard::Gone);
    }

    /// Says that the first operator key has been made; [`Guard::AlreadyThere`] if it had been.
    pub fn mark_bootstrapped(&mut self) {
        self.put(&keys::bootstrap(), &serde_json::json!({}), &When::Absent, Guard::AlreadyThere);
    }
}
