//! The check: one read, one decision.

use super::Result;
use crate::domain::{DeviceCredential, DeviceType, DeviceTypeId, FeedName, Manifest, Refusal};
use crate::secrets::Keyring;
use crate::store::Store;

/// What a check found.
#[derive(Debug)]
pub enum Found {
    /// The manifest to decide upon.
    Manifest(Manifest),
    /// The feed is restricted, and no credential was shown that opens it here. Says nothing of what exists.
    Closed,
}

/// The manifest of an open feed: one eventually consistent read.
///
/// Only a feed that a partner made after its device types, and that has never had an association, costs two more.
pub async fn open(store: &Store, device_type: &DeviceTypeId, feed: &FeedName) -> Result<Manifest> {
    if let Some(manifest) = store.manifest_for_check(device_type, feed).await? {
        return Ok(manifest);
    }
    let this = store.device_type(device_type).await?.filter(|this| !this.deleted).ok_or(Refusal::NotFound)?;
    never_written(store, &this, feed).await
}

/// The manifest of a restricted feed, if the credential opens it: one read, the same whatever exists.
pub async fn restricted(
    store: &Store,
    secrets: &Keyring,
    device_type: &DeviceTypeId,
    feed: &FeedName,
    credential: Option<&DeviceCredential>,
) -> Result<Found> {
    let Some(credential) = credential else { return Ok(Found::Closed) };
    let pseudonym = credential.pseudonym(secrets.pepper()?.current().1);
    let read = store.restricted_check(device_type, feed, &pseudonym).await?;
    let this = read.device_type.filter(|this| !this.deleted && read.access.opens(&this.partner));
    let Some(this) = this else { return Ok(Found::Closed) };
    if let Some(manifest) = read.manifest {
        return Ok(Found::Manifest(manifest));
    }
    // Behind a grant that opens it: from here on the truth may be told.
    Ok(Found::Manifest(never_written(store, &this, feed).await?))
}

/// The manifest of a feed in which nothing ever was, if there is that feed: one read more for one that a partner made.
pub(super) async fn never_written(store: &Store, this: &DeviceType, feed: &FeedName) -> Result<Manifest> {
    if !feed.is_standard() {
        store.feed(&this.partner, feed).await?.ok_or(Refusal::NotFound)?;
    }
    let mut empty = Manifest::empty(this.id.clone(), feed.clone(), this.partner.clone(), String::new());
    empty.revision = 0;
    empty.polling = this.polling;
    Ok(empty)
}
