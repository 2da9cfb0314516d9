//! Package indexes looked after: made again where they say something else than the associations, and catalogues that
//! nothing points to swept away.

use std::collections::HashSet;

use serde_json::json;

use super::context::{Change, deciding};
use super::{Context, Result, catalogues, stops};
use crate::blobs::Blobs;
use crate::domain::catalogue::Outcome;
use crate::domain::{DeviceType, DeviceTypeId, FeedName, IndexPointer, PartnerId, Sha256};
use crate::store::Tx;
use crate::store::indexes::Listed;

/// How long a catalogue is left alone after it was written, in seconds: whoever wrote it may be about to point to it.
const GRACE_SECONDS: i64 = 24 * 3600;

/// Makes an index again if its associations or the keys say something else by now, and makes one that is missing.
/// Answers whether it was written.
pub async fn remake(
    cx: &Context<'_>,
    blobs: &Blobs,
    partner: &PartnerId,
    device_type: &DeviceTypeId,
    feed: &FeedName,
) -> Result<bool> {
    deciding(|| async {
        let this = cx.store.device_type(device_type).await?.filter(|this| !this.deleted);
        let Some(this) = this else { return Ok(false) };
        let mut loaded = catalogues::load(cx, blobs, device_type, feed).await?;
        let changed = catalogues::mend(cx, blobs, &mut loaded.catalogue, loaded.at).await?;
        let keys = cx.index_keys()?;
        let old = loaded.pointer.clone();
        let rows = u64::try_from(loaded.catalogue.rows()).unwrap_or(u64::MAX);
        let stopped = stops::holds(cx, partner, device_type).await?;
        let same = old
            .as_ref()
            .is_some_and(|old| old.keys == keys && old.packages == rows && old.stopped == stopped);
        let listed = match &old {
            Some(old) => agrees(cx.store.listed(device_type, feed).await?.as_ref(), old),
            None => true,
        };
        if same && listed && !changed && !loaded.lost {
            return Ok(false);
        }
        let before = old.as_ref().map_or(json!(null), shown);
        let mut after = catalogues::summary(&loaded.catalogue);
        // Only then may it have given what it must not: the CDN must forget that.
        after["mended"] = (changed || loaded.lost).into();
        let change = Change::from_to(before, after);
        let mut tx = cx.tx(Some(partner), "index.remade", format!("{device_type}/{feed}"), change);
        if !feed.is_standard() {
            tx.expect_feed(partner, feed);
        }
        tx.touch_device_type(&this);
        match &old {
            // Nothing has ever been in it: it needs no catalogue.
            _ if loaded.catalogue.packages.is_empty()
                && old.as_ref().is_none_or(|old| old.catalogue.is_none()) =>
            {
                let pointer = empty(cx, &mut tx, &this, feed, old.as_ref(), stopped)?;
                if !listed {
                    tx.list_in_feed(&pointer);
                }
            }
            _ => {
                let outcome = if changed || !listed { Outcome::Index } else { Outcome::OlderOnly };
                catalogues::write(cx, blobs, &mut tx, partner, loaded, outcome, |_, _| Ok(())).await?;
            }
        }
        tx.commit(cx.store).await?;
        Ok(true)
    })
    .await
}

/// Whether a feed lists a device type as its pointer has it. Without packages, when that was is the list's own affair:
/// it stays listed after its deletion, and is not listed before its first package.
fn agrees(listed: Option<&Listed>, pointer: &IndexPointer) -> bool {
    match listed {
        Some(listed) if listed.packages == 0 && pointer.shown() == 0 => true,
        Some(listed) => (listed.packages, listed.modified) == (pointer.shown(), pointer.modified),
        None => pointer.shown() == 0,
    }
}

/// A pointer in a few words, for the audit.
pub(super) fn shown(pointer: &IndexPointer) -> serde_json::Value {
    json!({"revision": pointer.revision, "packages": pointer.packages})
}

/// Adds to `tx` a pointer to nothing, in place of `old`, and answers it.
fn empty(
    cx: &Context<'_>,
    tx: &mut Tx,
    this: &DeviceType,
    feed: &FeedName,
    old: Option<&IndexPointer>,
    stopped: bool,
) -> Result<IndexPointer> {
    let now = cx.now.seconds();
    let mut pointer =
        IndexPointer::empty(this.id.clone(), feed.clone(), this.partner.clone(), now, cx.index_keys()?);
    if let Some(old) = old {
        pointer.revision = old.revision + 1;
        pointer.changed = old.next_change(now);
        pointer.modified = old.modified;
    }
    pointer.stopped = stopped;
    tx.put_index(&pointer, old.map(|old| old.revision));
    Ok(pointer)
}

/// The catalogues that any pointer names; none if `enough` said so before all were read.
pub(super) async fn referenced(
    cx: &Context<'_>,
    enough: &impl Fn() -> bool,
) -> Result<Option<HashSet<Sha256>>> {
    let mut referenced = HashSet::new();
    for partner in cx.store.partners().await? {
        for device_type in cx.store.device_type_ids(&partner.id).await? {
            if enough() {
                return Ok(None);
            }
            let pointers = cx.store.indexes(&device_type).await?;
            referenced.extend(pointers.into_iter().filter_map(|pointer| pointer.catalogue));
        }
    }
    Ok(Some(referenced))
}

/// Removes the catalogues that are not among `referenced` and are a day old; answers how many, and whether that was
/// all before `enough` said so.
///
/// `referenced` may be minutes old: a catalogue that a pointer has been flipped to since was written since. It must be
/// older than the list of what there is, or one that was written again in between would seem to be old.
pub(super) async fn sweep(
    cx: &Context<'_>,
    blobs: &Blobs,
    referenced: &HashSet<Sha256>,
    enough: &impl Fn() -> bool,
) -> Result<(usize, bool)> {
    let mut swept = 0;
    for kept in blobs.catalogues().await? {
        if !referenced.contains(&kept.sha256) && kept.written + GRACE_SECONDS < cx.now.seconds() {
            if enough() {
                return Ok((swept, false));
            }
            blobs.discard_catalogue(&kept.sha256).await?;
            swept += 1;
        }
    }
    Ok((swept, true))
}
