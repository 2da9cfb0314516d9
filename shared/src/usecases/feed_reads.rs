//! What a feed request reads: one call, the same for a restricted feed whatever exists.

use super::Result;
use crate::domain::time::Seconds;
use crate::domain::{DeviceCredential, DeviceType, DeviceTypeId, FeedName, IndexPointer, KeyIds, Refusal};
use crate::secrets::Keyring;
use crate::store::Store;
use crate::store::indexes::Listed;

/// What a request found behind the door of a feed.
#[derive(Debug)]
pub enum Found<T> {
    /// What was asked for.
    Open(T),
    /// The feed is restricted, and no credential was shown that opens it here. Says nothing of what exists.
    Closed,
}

/// The pointer of an open feed: one eventually consistent read.
///
/// Only what has no pointer costs more: a device type that does not exist one read, and a feed that a partner made after
/// its device types, and that has never had a package, two, until the reconciler has made a pointer for it.
pub async fn open(store: &Store, device_type: &DeviceTypeId, feed: &FeedName) -> Result<IndexPointer> {
    if let Some(pointer) = store.index_for_feed(device_type, feed).await? {
        return Ok(pointer);
    }
    let this = store.device_type(device_type).await?.filter(|this| !this.deleted).ok_or(Refusal::NotFound)?;
    never_written(store, &this, feed).await
}

/// The pointer of a restricted feed, if the credential opens it: one read, the same whatever exists.
pub async fn restricted(
    store: &Store,
    secrets: &Keyring,
    device_type: &DeviceTypeId,
    feed: &FeedName,
    credential: &DeviceCredential,
) -> Result<Found<IndexPointer>> {
    let pseudonym = credential.pseudonym(secrets.pepper()?.current().1);
    let read = store.restricted_index(device_type, feed, &pseudonym).await?;
    let this = read.device_type.filter(|this| !this.deleted && read.access.opens(&this.partner));
    let Some(this) = this else { return Ok(Found::Closed) };
    match read.pointer {
        Some(pointer) => Ok(Found::Open(pointer)),
        // Behind a grant that opens it: from here on the truth may be told.
        None => never_written(store, &this, feed).await.map(Found::Open),
    }
}

async fn never_written(store: &Store, this: &DeviceType, feed: &FeedName) -> Result<IndexPointer> {
    let mut since = this.created.seconds();
    if !feed.is_standard() {
        let feed = store.feed(&this.partner, feed).await?.ok_or(Refusal::NotFound)?;
        since = since.max(feed.created.seconds());
    }
    let (id, partner) = (this.id.clone(), this.partner.clone());
    Ok(IndexPointer::empty(id, feed.clone(), partner, since, KeyIds::default()))
}

/// The pointer as it is at this moment, for a request whose catalogue has been swept away under an older one.
pub async fn again(store: &Store, pointer: &IndexPointer) -> Result<IndexPointer> {
    let now = store.index(&pointer.device_type, &pointer.feed).await?;
    Ok(now.ok_or(Refusal::NotFound)?)
}

/// The device types that an open feed lists, those that have lost their last package included: one query.
///
/// A feed that nobody has is not found; the standard ones always exist.
pub async fn listing(store: &Store, feed: &FeedName) -> Result<Vec<Listed>> {
    let rows = store.listed_in_feed(feed).await?;
    if !feed.is_standard() && rows.iter().all(|row| row.device_type.is_some()) {
        return Err(Refusal::NotFound.into());
    }
    Ok(rows)
}

/// The same for a restricted feed: only device types that the credential opens. One read to see whether it opens
/// anything at all, which is the same whatever exists, and behind that the query. The second is when the credential last
/// came to open more or less, which changes the list too.
pub async fn restricted_listing(
    store: &Store,
    secrets: &Keyring,
    feed: &FeedName,
    credential: &DeviceCredential,
) -> Result<Found<(Vec<Listed>, Seconds)>> {
    let pseudonym = credential.pseudonym(secrets.pepper()?.current().1);
    let access = store.access(feed, &pseudonym).await?;
    if access.is_empty() {
        return Ok(Found::Closed);
    }
    let mut rows = store.listed_in_feed(feed).await?;
    rows.retain(|row| access.opens(&row.partner));
    Ok(Found::Open((rows, access.changed())))
}
