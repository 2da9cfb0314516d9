//! The first operator key, from which every other key descends.

use serde_json::json;

use super::Result;
use crate::domain::key::{KeyKind, KeyText};
use crate::domain::{Label, Right, Timestamp};
use crate::store::api_keys::ApiKey;
use crate::store::{self, Audit, Guard, Store, Tx};

/// Makes the first operator key and answers its text, which is shown this once; none if it was made before.
///
/// Two at once make one: the write is conditional.
pub async fn first_operator_key(store: &Store, random: [u8; 32], now: Timestamp) -> Result<Option<KeyText>> {
    if store.is_bootstrapped().await? {
        return Ok(None);
    }
    match write(store, random, now, true).await {
        Ok(text) => Ok(Some(text)),
        Err(store::Error::Guard(Guard::AlreadyThere)) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// Makes a further operator key, for someone who can already write to the table: the way back after a loss.
pub async fn another_operator_key(store: &Store, random: [u8; 32], now: Timestamp) -> Result<KeyText> {
    Ok(write(store, random, now, false).await?)
}

/// Ends an operator key at once; false if there is none with that id. Doing it twice changes nothing.
pub async fn revoke_operator_key(store: &Store, id: &str, now: Timestamp) -> Result<bool> {
    let Some(key) = store.api_key_by_id(None, id).await? else { return Ok(false) };
    if key.revoked.is_some() {
        return Ok(true);
    }
    let mut tx = Tx::new(&audit("key.revoked", id, now, Some(json!({"id": id, "right": "operator"})), None));
    tx.revoke_api_key(&key.digest, now);
    tx.commit(store).await?;
    Ok(true)
}

fn audit(
    action: &'static str,
    id: &str,
    at: Timestamp,
    before: Option<serde_json::Value>,
    after: Option<serde_json::Value>,
) -> Audit<'static> {
    let subject = format!("key/{id}");
    Audit { partner: None, actor: "bootstrap", request_id: "bootstrap", at, action, subject, before, after }
}

async fn write(
    store: &Store,
    random: [u8; 32],
    now: Timestamp,
    first: bool,
) -> std::result::Result<KeyText, store::Error> {
    let text = KeyText::new(KeyKind::Key, random);
    let mut id = text.digest().to_string();
    id.truncate(16);
    let key = ApiKey {
        id: id.clone(),
        digest: text.digest(),
        partner: None,
        right: Right::Operator,
        label: Label::try_from("operator".to_owned())
            .map_err(|error| store::Error::Unavailable(error.to_string()))?,
        created: now,
        expires: None,
        revoked: None,
        last_used_day: None,
        parent: None,
        root: Some(id.clone()),
        expires_at: None,
    };
    let after = Some(json!({"id": id, "right": "operator"}));
    let mut tx = Tx::new(&audit("key.created", &id, now, None, after));
    if first {
        tx.mark_bootstrapped();
    }
    tx.create_api_key(&key);
    tx.commit(store).await?;
    Ok(text)
}
