//! Access to restricted feeds: which devices may read them, known by a pseudonym alone.

use serde_json::json;

use super::context::Change;
use super::{Context, Error, Result, feeds};
use crate::domain::{DeviceCredential, FeedName, Label, PartnerId, Refusal, Sha256};
use crate::store::access::Grant;
use crate::store::{self, Guard};

/// Lets the device with this credential read a restricted feed of the partner. Doing it twice answers the first grant.
pub async fn grant(
    cx: &Context<'_>,
    partner: &PartnerId,
    feed: &FeedName,
    credential: &DeviceCredential,
    label: Option<Label>,
) -> Result<Grant> {
    expect_restricted(cx, partner, feed).await?;
    let pseudonym = credential.pseudonym(cx.secrets.pepper()?.current().1);
    // One grant per device: taking it back must close the feed.
    let mut id = Sha256::of(format!("{partner}#{feed}#{pseudonym}").as_bytes()).to_string();
    id.truncate(20);
    let grant = Grant { id, feed: feed.clone(), pseudonym, label, created: cx.now };
    let subject = format!("access/{feed}/{}", grant.id);
    let mut tx = cx.tx(Some(partner), "access.granted", subject, Change::made(json!({"label": grant.label})));
    tx.create_grant(partner, &grant);
    match tx.commit(cx.store).await {
        Err(store::Error::Guard(Guard::AlreadyThere)) => {
            Ok(cx.store.grant(partner, feed, &grant.id).await?.ok_or(store::Error::Busy)?)
        }
        Err(store::Error::Guard(Guard::Gone)) => Err(Refusal::NotFound.into()),
        other => Ok(other.map(|()| grant)?),
    }
}

async fn expect_restricted(cx: &Context<'_>, partner: &PartnerId, feed: &FeedName) -> Result<()> {
    if !feeds::exists(cx, partner, feed).await? {
        return Err(Refusal::NotFound.into());
    }
    if !feed.is_restricted() {
        return Err(Error::field("/feed", "is open to all; only dev and dev-… are restricted"));
    }
    Ok(())
}

/// The partner's grants in a feed.
pub async fn list(cx: &Context<'_>, partner: &PartnerId, feed: &FeedName) -> Result<Vec<Grant>> {
    if !feeds::exists(cx, partner, feed).await? {
        return Err(Refusal::NotFound.into());
    }
    Ok(cx.store.grants(partner, feed).await?)
}

/// Takes a grant back.
pub async fn revoke(cx: &Context<'_>, partner: &PartnerId, feed: &FeedName, id: &str) -> Result<()> {
    let grant = cx.store.grant(partner, feed, id).await?.ok_or(Refusal::NotFound)?;
    let subject = format!("access/{feed}/{id}");
    let mut tx = cx.tx(Some(partner), "access.revoked", subject, Change::gone(json!({"label": grant.label})));
    tx.delete_grant(partner, &grant, cx.now);
    match tx.commit(cx.store).await {
        Err(store::Error::Guard(Guard::Gone)) => Err(Refusal::NotFound.into()),
        other => Ok(other?),
    }
}
