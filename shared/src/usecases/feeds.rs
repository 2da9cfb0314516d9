//! Feeds: the four that every partner has, and those it makes.

use serde_json::json;

use super::context::{Change, deciding};
use super::{Context, Error, Result, approvals, repairs};
use crate::domain::{FeedName, PartnerId, Refusal, Right, feed};
use crate::store::feeds::Feed;
use crate::store::repairs::{Repair, Subject};
use crate::store::{self, Guard};

/// The most feeds a partner has, the standard ones included.
pub const MAX_FEEDS: u64 = 20;

/// Whether the partner has that feed.
pub async fn exists(cx: &Context<'_>, partner: &PartnerId, name: &FeedName) -> Result<bool> {
    Ok(name.is_standard() || cx.store.feed(partner, name).await?.is_some())
}

/// The names of the partner's feeds: the standard ones in the order of promotion, then its own.
pub async fn list(cx: &Context<'_>, partner: &PartnerId) -> Result<Vec<FeedName>> {
    let own = cx.store.feeds(partner).await?.into_iter().map(|feed| feed.name);
    Ok(FeedName::standard().chain(own).collect())
}

/// The feed's name, or why no feed may be called that.
pub fn parse_name(text: &str) -> Result<FeedName> {
    if feed::is_reserved(text) {
        return Err(Refusal::ReservedName(text.to_owned()).into());
    }
    text.parse().map_err(|why| Error::field("/feed", why))
}

/// Makes a feed, and says whether it asks for approvals; for none it stays with that. Refused before anything is made unless
/// the actor may say so.
pub async fn put(
    cx: &Context<'_>,
    partner: &PartnerId,
    name: &FeedName,
    approvals: Option<bool>,
) -> Result<()> {
    if approvals.is_some() {
        cx.require(Right::Release)?;
    }
    create(cx, partner, name, approvals == Some(true)).await?;
    match approvals {
        Some(approvals) => approvals::set(cx, partner, name, approvals).await,
        None => Ok(()),
    }
}

/// Makes a feed, which asks for approvals from its first moment on if it is `asking`. Doing it twice, or making a standard
/// one, changes nothing.
async fn create(cx: &Context<'_>, partner: &PartnerId, name: &FeedName, asking: bool) -> Result<()> {
    deciding(|| async {
        if exists(cx, partner, name).await? {
            return Ok(());
        }
        let made = if asking { json!({"approvals": true}) } else { json!({}) };
        let mut tx = cx.tx(Some(partner), "feed.created", format!("feed/{name}"), Change::made(made));
        tx.list_feed(name, partner, cx.now.seconds());
        tx.create_feed(partner, &Feed { name: name.clone(), created: cx.now, uses: 0 });
        tx.count_feed(partner, MAX_FEEDS - FeedName::standard().count() as u64);
        if asking {
            approvals::ask(cx, &mut tx, partner, name).await?;
        }
        match tx.commit(cx.store).await {
            Err(store::Error::Guard(Guard::AlreadyThere)) => Ok(()),
            Err(store::Error::Guard(Guard::QuotaFull)) => {
                Err(Refusal::LimitReached("a partner may have at most 20 feeds").into())
            }
            other => Ok(other?),
        }
    })
    .await
}

/// Puts the partner's own feeds into the lists by which devices find them, where they are missing.
#[cfg(feature = "blobs")]
pub(super) async fn list_again(cx: &Context<'_>, partner: &PartnerId) -> Result<()> {
    for feed in cx.store.feeds(partner).await? {
        if cx.store.is_feed_listed(&feed.name, partner).await? {
            continue;
        }
        let mut tx = cx.tx(Some(partner), "feed.listed", format!("feed/{}", feed.name), Change::default());
        tx.expect_feed(partner, &feed.name);
        tx.list_feed(&feed.name, partner, feed.created.seconds());
        match tx.commit(cx.store).await {
            // Deleted a moment ago.
            Ok(()) | Err(store::Error::Guard(Guard::Changed)) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}

/// Removes a feed that nothing hangs on.
pub async fn delete(cx: &Context<'_>, partner: &PartnerId, name: &FeedName) -> Result<()> {
    if name.is_standard() {
        return Err(Refusal::FeedInUse("the standard feeds dev, alpha, beta and release stay").into());
    }
    let repair = deciding(|| async {
        let reach = Subject::DeletedFeed(partner.clone(), name.clone());
        let Some(feed) = cx.store.feed(partner, name).await? else {
            // Deleted already, but perhaps not all of its manifests.
            return Ok(cx.store.repair(&reach).await?.ok_or(Refusal::NotFound)?);
        };
        if feed.uses > 0 {
            return Err(Refusal::FeedInUse(
                "the feed still has associations, device grants, or devices that were put on it",
            )
            .into());
        }
        let mut tx = cx.tx(Some(partner), "feed.deleted", format!("feed/{name}"), Change::gone(json!({})));
        tx.delete_feed(partner, name);
        tx.unlist_feed(name, partner);
        tx.uncount_feed(partner);
        let repair = Repair { subject: reach, revision: cx.now.millis().unsigned_abs() };
        tx.begin_repair(&repair, cx.now);
        tx.commit(cx.store).await?;
        Ok(repair)
    })
    .await?;
    repairs::finish(cx, &repair).await
}

/// Removes the empty manifests and indexes of a feed that is gone, so that a check of it is not found.
pub(super) async fn forget_manifests(cx: &Context<'_>, partner: &PartnerId, name: &FeedName) -> Result<()> {
    for device_type in cx.store.device_type_ids(partner).await? {
        deciding(|| async {
            // Made again meanwhile: its manifests are its own.
            if cx.store.feed(partner, name).await?.is_some() {
                return Ok(());
            }
            let manifest = cx.store.manifest(&device_type, name).await?;
            let pointer = cx.store.index(&device_type, name).await?;
            if manifest.is_none() && pointer.is_none() {
                return Ok(());
            }
            let subject = format!("{device_type}/{name}");
            let before = manifest.as_ref().map_or(json!({}), super::manifests::summary);
            let mut tx = cx.tx(Some(partner), "manifest.deleted", subject, Change::gone(before));
            if let Some(manifest) = &manifest {
                tx.delete_manifest(manifest);
            }
            if let Some(pointer) = &pointer {
                tx.delete_index(pointer);
            }
            Ok(tx.commit(cx.store).await?)
        })
        .await?;
    }
    Ok(())
}
