//! Keys: made, listed, revoked, checked, and exchanged for bearers.

use serde_json::json;

use super::context::Change;
use super::{Context, Error, Result};
use crate::domain::key::{KeyKind, KeyText};
use crate::domain::{Actor, Label, PartnerId, Refusal, Right, Timestamp};
use crate::store::api_keys::ApiKey;
use crate::store::{self, Guard, Store};

/// How long a bearer lives, in seconds.
pub const BEARER_SECONDS: i64 = 4 * 3600;

/// Why a key opens nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Denial {
    /// None was sent.
    #[error("send a key: Authorization: Bearer <key>")]
    Missing,
    /// It is not a key, or was mistyped.
    #[error("the key is not one of this service, or was mistyped")]
    Malformed,
    /// It has ended by itself.
    #[error("the key has expired")]
    Expired,
    /// It was revoked or never made.
    #[error("the key is unknown or was revoked")]
    Revoked,
}

/// What a new key is to be.
#[derive(Debug, Clone)]
pub struct NewKey {
    /// The rights asked for; the strongest counts.
    pub rights: Vec<Right>,
    /// What it is for.
    pub label: Label,
    /// When it is to end.
    pub expires: Option<Timestamp>,
}

fn subject(id: &str) -> String {
    format!("key/{id}")
}

fn shown(key: &ApiKey) -> serde_json::Value {
    json!({"id": key.id, "right": key.right.as_str(), "label": key.label.as_str(), "expires": key.expires})
}

/// A key's public id: 16 hex digits of its digest, which give nothing of its text away.
fn id_of(text: &KeyText) -> String {
    let mut id = text.digest().to_string();
    id.truncate(16);
    id
}

/// Makes a key of `partner` and answers it with its text, which is shown this once.
///
/// Gives no right that the caller lacks, except that an operator (who may do nothing with them) makes any; a bearer
/// makes none.
pub async fn create(
    cx: &Context<'_>,
    partner: &PartnerId,
    actor: &Actor,
    new: NewKey,
    random: [u8; 32],
) -> Result<(ApiKey, KeyText)> {
    let right =
        new.rights.iter().copied().max().ok_or_else(|| Error::field("/rights", "must name at least one"))?;
    if new.rights.contains(&Right::Operator) {
        return Err(Error::field("/rights", "must be read, write or release"));
    }
    if actor.bearer {
        return Err(Refusal::RightMissing(Right::Release).into());
    }
    if actor.right != Right::Operator {
        actor.require(right)?;
    }
    if new.expires.is_some_and(|expires| expires <= cx.now) {
        return Err(Error::field("/expiresTimestamp", "must lie in the future"));
    }
    let text = KeyText::new(KeyKind::Key, random);
    let id = id_of(&text);
    // Whose root is not known has none to hand on.
    let root = if actor.right == Right::Operator { id.clone() } else { actor.root.clone() };
    let key = ApiKey {
        id,
        digest: text.digest(),
        partner: Some(partner.clone()),
        right,
        label: new.label,
        created: cx.now,
        expires: new.expires,
        revoked: None,
        last_used_day: None,
        parent: None,
        root: Some(root).filter(|root| !root.is_empty()),
        expires_at: None,
    };
    let mut tx = cx.tx(Some(partner), "key.created", subject(&key.id), Change::made(shown(&key)));
    tx.create_api_key(&key);
    tx.commit(cx.store).await?;
    Ok((key, text))
}

/// All keys of a partner, bearers apart.
pub async fn list(cx: &Context<'_>, partner: &PartnerId) -> Result<Vec<ApiKey>> {
    Ok(cx.store.api_keys(partner).await?)
}

/// Ends a key at once, and every bearer made from it. Doing it twice changes nothing.
pub async fn revoke(cx: &Context<'_>, partner: &PartnerId, id: &str) -> Result<()> {
    let key = cx.store.api_key_by_id(Some(partner), id).await?.ok_or(Refusal::NotFound)?;
    if key.revoked.is_some() {
        return Ok(());
    }
    let mut tx = cx.tx(Some(partner), "key.revoked", subject(id), Change::gone(shown(&key)));
    tx.revoke_api_key(&key.digest, cx.now);
    Ok(tx.commit(cx.store).await?)
}

/// Who holds the key in an `Authorization` header; notes the day of its use.
///
/// A bearer is only as good as the key it was made from, which is read as well.
pub async fn authenticate(store: &Store, header: Option<&str>, now: Timestamp) -> Result<Actor> {
    let header = header.map(str::trim).filter(|text| !text.is_empty()).ok_or(Denial::Missing)?;
    let (scheme, text) = header.split_once(' ').ok_or(Denial::Malformed)?;
    if !scheme.eq_ignore_ascii_case("bearer") {
        return Err(Denial::Malformed.into());
    }
    let key = valid(store, text.trim(), now).await?;
    Ok(Actor {
        partner: key.partner,
        right: key.right,
        key: key.id,
        bearer: key.parent.is_some(),
        expires: key.expires,
        root: key.root.unwrap_or_default(),
    })
}

async fn valid(store: &Store, text: &str, now: Timestamp) -> Result<ApiKey> {
    let text: KeyText = text.parse().map_err(|_| Denial::Malformed)?;
    let key = store.api_key(&text.digest()).await?.ok_or(Denial::Revoked)?;
    alive(&key, now)?;
    if let Some(parent) = &key.parent {
        let parent = store.api_key(parent).await?.ok_or(Denial::Revoked)?;
        alive(&parent, now)?;
    }
    if key.last_used_day.is_none_or(|day| day < now.day()) {
        // Only a note: a key is good whether or not it can be written.
        let _ = store.note_key_use(&key, now.day()).await;
    }
    Ok(key)
}

fn alive(key: &ApiKey, now: Timestamp) -> std::result::Result<(), Denial> {
    if key.revoked.is_some() {
        Err(Denial::Revoked)
    } else if key.expires.is_some_and(|expires| expires <= now) {
        Err(Denial::Expired)
    } else {
        Ok(())
    }
}

/// Exchanges key id and key for a bearer of 4 hours, or less if the key ends earlier.
///
/// A bearer cannot be exchanged; the id must be the key's own.
pub async fn exchange(cx: &Context<'_>, id: &str, text: &str, random: [u8; 32]) -> Result<(ApiKey, KeyText)> {
    let parent = valid(cx.store, text, cx.now).await?;
    if parent.parent.is_some() || parent.id != id {
        return Err(Denial::Revoked.into());
    }
    let text = KeyText::new(KeyKind::Bearer, random);
    let longest = cx.now.plus_seconds(BEARER_SECONDS);
    let expires = parent.expires.map_or(longest, |end| end.min(longest));
    let bearer = ApiKey {
        id: format!("{}.{}", parent.id, id_of(&text)),
        digest: text.digest(),
        partner: parent.partner.clone(),
        right: parent.right,
        label: parent.label.clone(),
        created: cx.now,
        expires: Some(expires),
        revoked: None,
        last_used_day: Some(cx.now.day()),
        parent: Some(parent.digest),
        root: parent.root,
        expires_at: Some(expires.plus_seconds(60).seconds()),
    };
    let cx = Context { actor: &parent.id, ..*cx };
    let mut tx =
        cx.tx(parent.partner.as_ref(), "key.exchanged", subject(&bearer.id), Change::made(shown(&bearer)));
    tx.create_api_key(&bearer);
    match tx.commit(cx.store).await {
        Err(store::Error::Guard(Guard::AlreadyThere)) => Err(Error::Store(store::Error::Busy)),
        other => Ok(other.map(|()| (bearer, text))?),
    }
}
