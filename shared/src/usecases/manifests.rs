//! Manifests: decided when something changes, so that a check needs one read.

use std::collections::HashMap;

use serde_json::json;

use super::context::{Change, deciding};
use super::{Context, Result, stops};
use crate::domain::association::Association;
use crate::domain::manifest::{self, MAX_BYTES};
use crate::domain::poll::Polling;
use crate::domain::{
    BinaryKind, DeviceTypeId, Entry, FeedName, Image, ImageId, Manifest, PartnerId, Refusal,
};
use crate::store::manifests::stored_bytes;

/// A manifest as it was read, with the associations it was made from.
///
/// The manifest is read first: if it is still at that revision when it is written, the associations are those read.
#[derive(Debug)]
pub struct Loaded {
    /// The manifest; none for a feed that never had an association.
    pub manifest: Option<Manifest>,
    /// The associations in that feed.
    pub associations: Vec<Association>,
}

impl Loaded {
    /// The revision that a rewrite expects.
    pub fn revision(&self) -> Option<u64> {
        self.manifest.as_ref().map(|manifest| manifest.revision)
    }
}

/// Reads what a rewrite of the manifest of `device_type` and `feed` is decided upon.
pub async fn load(cx: &Context<'_>, device_type: &DeviceTypeId, feed: &FeedName) -> Result<Loaded> {
    let manifest = cx.store.manifest(device_type, feed).await?;
    let associations = cx.store.associations(device_type, Some(feed)).await?;
    Ok(Loaded { manifest, associations })
}

/// The manifest that `associations` make, from nothing but them, after `old`; a stop stays, and how often devices ask.
///
/// `fresh` is an image as it will be once the transaction is through, in place of its stored record.
pub async fn built(
    cx: &Context<'_>,
    partner: &PartnerId,
    device_type: &DeviceTypeId,
    feed: &FeedName,
    old: Option<&Manifest>,
    associations: &[Association],
    fresh: Option<&Image>,
) -> Result<Manifest> {
    let mut made =
        Manifest::empty(device_type.clone(), feed.clone(), partner.clone(), cx.download_key()?.to_owned());
    made.revision = old.map_or(0, |old| old.revision) + 1;
    made.stopped = stops::holds(cx, partner, device_type).await?;
    made.polling = match old {
        Some(old) => old.polling,
        None => polling(cx, device_type).await?,
    };
    made.entries = entries(cx, partner, associations, fresh).await?;
    Ok(made)
}

/// How often devices of a device type should ask.
async fn polling(cx: &Context<'_>, device_type: &DeviceTypeId) -> Result<Polling> {
    let this = cx.store.device_type(device_type).await?;
    Ok(this.map(|this| this.polling).unwrap_or_default())
}

/// Refuses a manifest that an association would make too large.
///
/// Removals and edits are never refused for it: taking an image away must always be possible, and words that grow
/// in every entry keep a manifest far below what the table takes.
pub fn check_size(manifest: &Manifest) -> Result<()> {
    if stored_bytes(manifest) > MAX_BYTES {
        return Err(Refusal::ManifestTooLarge(MAX_BYTES).into());
    }
    Ok(())
}

async fn entries(
    cx: &Context<'_>,
    partner: &PartnerId,
    associations: &[Association],
    fresh: Option<&Image>,
) -> Result<Vec<Entry>> {
    let chosen = manifest::chosen(associations);
    if chosen.is_empty() {
        return Ok(Vec::new());
    }
    let mut numbers: Vec<_> = chosen.iter().map(|(image, _)| image.id.r#type).collect();
    numbers.dedup();
    let types = cx.store.firmware_types_named(partner, &numbers).await?;
    let stored: Vec<_> = chosen
        .iter()
        .map(|(image, _)| image.clone())
        .filter(|image| fresh.is_none_or(|fresh| fresh.reference() != *image))
        .collect();
    let mut images = if stored.is_empty() { HashMap::new() } else { cx.store.images(&stored).await? };
    images.extend(fresh.map(|image| (image.reference(), image.clone())));
    chosen
        .iter()
        .map(|(reference, plan)| {
            // Sealed records and their types cannot be deleted, so both are there.
            let image = images.get(reference).ok_or(Refusal::NotFound)?;
            let name = types.get(&reference.id.r#type).ok_or(Refusal::NotFound)?.name.clone();
            Ok(manifest::entry(image, plan, name)?)
        })
        .collect()
}

/// Makes a manifest again if its associations, their records, its device type or the download key say something else by
/// now.
///
/// `edited` is an image whose words have changed. Where a higher one hides it, a removal under way may be about to
/// show it with its old words; the manifest is then written again as it is, so that the removal starts anew.
///
/// Answers whether it was written.
pub async fn remake(
    cx: &Context<'_>,
    partner: &PartnerId,
    device_type: &DeviceTypeId,
    feed: &FeedName,
    edited: Option<ImageId>,
) -> Result<bool> {
    deciding(|| async {
        let loaded = load(cx, device_type, feed).await?;
        let old = loaded.manifest.as_ref();
        // One that is lost is none that a stop rewrites.
        let owner = match old {
            None if edited.is_none() => cx.store.device_type(device_type).await?,
            _ => None,
        };
        let mut made = built(cx, partner, device_type, feed, old, &loaded.associations, None).await?;
        // An edit of an image says nothing of the device type, and reaches many.
        if old.is_some() && edited.is_none() {
            made.polling = polling(cx, device_type).await?;
        }
        let said = |it: &Manifest| (it.entries.clone(), it.download_key.clone(), it.polling, it.stopped);
        let same = match &loaded.manifest {
            Some(old) => said(old) == said(&made),
            None => made.entries.is_empty(),
        };
        let hidden = edited.is_some_and(|id| {
            let mut here = loaded.associations.iter();
            here.any(|each| each.image.id == id && each.kind == BinaryKind::Binary)
                && made.entry(id).is_none()
        });
        if same && !hidden {
            return Ok(false);
        }
        let change = Change::from_to(loaded.manifest.as_ref().map_or(json!(null), summary), summary(&made));
        let mut tx = cx.tx(Some(partner), "manifest.remade", format!("{device_type}/{feed}"), change);
        tx.put_manifest(&made, loaded.revision());
        if let Some(owner) = &owner {
            tx.touch_device_type(owner);
        }
        tx.commit(cx.store).await?;
        Ok(true)
    })
    .await
}

/// A manifest in a few words, for the audit.
pub fn summary(manifest: &Manifest) -> serde_json::Value {
    let images: Vec<_> =
        manifest.entries.iter().map(|e| format!("{}/{}", e.id().r#type, e.id().number)).collect();
    json!({"revision": manifest.revision, "images": images})
}
