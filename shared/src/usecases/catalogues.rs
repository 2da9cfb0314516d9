//! Package indexes as they change: the catalogue is written first, under its own digest, and the pointer to it is
//! flipped in the transaction of whatever changed it.

use super::{Context, Result, binaries, stops};
use crate::blobs::{self, Blobs};
use crate::domain::association::Association;
use crate::domain::catalogue::{self, Catalogue, MAX_BYTES, NewRelease, Outcome};
use crate::domain::time::Seconds;
use crate::domain::{
    BinaryKind, DeviceType, DeviceTypeId, FeedName, Image, ImageId, ImageRef, IndexPointer, PartnerId, Plan,
    Refusal,
};
use crate::store::Tx;
use crate::store::binaries::Package;

/// A pointer as it was read, and the catalogue that it names.
///
/// The pointer is read first: if it is still at that revision when it is written, nothing has changed in between.
#[derive(Debug)]
pub(super) struct Loaded {
    /// The pointer; none for a feed in which nothing ever was.
    pub(super) pointer: Option<IndexPointer>,
    /// What it points to.
    pub(super) catalogue: Catalogue,
    /// When a change made now happens.
    pub(super) at: Seconds,
    /// True if the catalogue was lost, and is made again from the associations.
    pub(super) lost: bool,
}

/// Reads what a change of the packages of `device_type` in `feed` is decided upon.
pub(super) async fn load(
    cx: &Context<'_>,
    blobs: &Blobs,
    device_type: &DeviceTypeId,
    feed: &FeedName,
) -> Result<Loaded> {
    let pointer = cx.store.index(device_type, feed).await?;
    let now = cx.now.seconds();
    // Without a pointer, later than whatever this second has seen, as a pointer that is made now.
    let at = pointer.as_ref().map_or(now + 1, |pointer| pointer.next_change(now));
    let mut empty = Catalogue::empty(device_type.clone(), feed.clone(), at);
    let Some(sha256) = pointer.as_ref().and_then(|pointer| pointer.catalogue) else {
        match &pointer {
            Some(pointer) => empty.modified = pointer.modified,
            // Packages may have been associated before there were pointers.
            None => drop(mend(cx, blobs, &mut empty, at).await?),
        }
        return Ok(Loaded { pointer, catalogue: empty, at, lost: false });
    };
    if let Some(catalogue) = kept(blobs, &sha256).await? {
        return Ok(Loaded { pointer, catalogue, at, lost: false });
    }
    tracing::error!(%sha256, %device_type, %feed, "a catalogue is lost and made again from the associations");
    empty.shrunk = at;
    mend(cx, blobs, &mut empty, at).await?;
    Ok(Loaded { pointer, catalogue: empty, at, lost: true })
}

async fn kept(blobs: &Blobs, sha256: &crate::domain::Sha256) -> Result<Option<Catalogue>> {
    let bytes = match blobs.catalogue(sha256).await {
        Err(blobs::Error::Corrupt { .. }) => None,
        other => other?,
    };
    Ok(bytes.and_then(|bytes| Catalogue::from_text(&bytes).ok()))
}

/// Adds to `tx` what puts a package into the index of a feed, if its plan says so; refuses what no client would install.
pub(super) async fn place(
    cx: &Context<'_>,
    blobs: &Blobs,
    tx: &mut Tx,
    device_type: &DeviceType,
    feed: &FeedName,
    image: &Image,
    plan: &Plan,
) -> Result<()> {
    let binary = image.binary()?;
    let package = binaries::package(cx, blobs, &image.owner, &binary.sha256).await?;
    let new = NewRelease::new(image.id, binary, &package.stanza)?;
    fits(device_type, &new)?;
    let mut loaded = load(cx, blobs, &device_type.id, feed).await?;
    let outcome = loaded.catalogue.add(&new, loaded.at)?;
    if !plan.is_everyones() {
        return Ok(());
    }
    write(cx, blobs, tx, &device_type.partner, loaded, outcome, limit(cx.download_key()?)).await
}

/// Adds to `tx` what puts a package back into the index of a feed that it was held out of; an older one than the feed has
/// by now becomes an older version there.
pub(super) async fn restore(
    cx: &Context<'_>,
    blobs: &Blobs,
    tx: &mut Tx,
    device_type: &DeviceType,
    held: &Association,
) -> Result<()> {
    let image = cx.store.image(&held.image).await?.ok_or(Refusal::NotFound)?;
    let binary = image.binary()?;
    let package = binaries::package(cx, blobs, &image.owner, &binary.sha256).await?;
    let new = NewRelease::new(image.id, binary, &package.stanza)?;
    fits(device_type, &new)?;
    let mut loaded = load(cx, blobs, &device_type.id, &held.feed).await?;
    let outcome = if loaded.catalogue.has_version(&new) {
        // Another image took its place: told in the same words as when it was to be associated.
        loaded.catalogue.add(&new, loaded.at)?
    } else {
        loaded.catalogue.put_in(&new, loaded.at)
    };
    write(cx, blobs, tx, &device_type.partner, loaded, outcome, limit(cx.download_key()?)).await
}

/// Refuses a catalogue that cannot be answered, or kept.
fn limit(key_id: &str) -> impl Fn(&Catalogue, &str) -> Result<()> {
    move |catalogue, text| {
        if !catalogue.can_be_answered(key_id) {
            return Err(Refusal::IndexTooLarge("the feed's package index would exceed 5 MiB").into());
        }
        if text.len() > MAX_BYTES {
            let why =
                "the feed's packages, older versions included, would exceed 16 MiB; remove old versions";
            return Err(Refusal::IndexTooLarge(why).into());
        }
        Ok(())
    }
}

/// A package must have been built for its device type.
fn fits(device_type: &DeviceType, new: &NewRelease<'_>) -> Result<()> {
    let (package, wanted) = (new.architecture.as_str(), device_type.architecture.as_str());
    if package == "all" || wanted == "all" || package == wanted {
        return Ok(());
    }
    Err(Refusal::ArchitectureMismatch { package: package.to_owned(), device_type: wanted.to_owned() }.into())
}

/// Adds to `tx` what takes a package out of the index of a feed. It is never refused.
pub(super) async fn displace(
    cx: &Context<'_>,
    blobs: &Blobs,
    tx: &mut Tx,
    partner: &PartnerId,
    gone: &Association,
) -> Result<()> {
    let mut loaded = load(cx, blobs, &gone.device_type, &gone.feed).await?;
    let outcome = loaded.catalogue.remove(gone.image.id, loaded.at);
    write(cx, blobs, tx, partner, loaded, outcome, |_, _| Ok(())).await
}

/// Writes the catalogue, and adds the pointer to it to `tx`.
pub(super) async fn write(
    cx: &Context<'_>,
    blobs: &Blobs,
    tx: &mut Tx,
    partner: &PartnerId,
    loaded: Loaded,
    outcome: Outcome,
    limit: impl Fn(&Catalogue, &str) -> Result<()>,
) -> Result<()> {
    let Loaded { pointer: old, mut catalogue, at, lost } = loaded;
    let revision = old.as_ref().map(|old| old.revision);
    catalogue.revision = revision.unwrap_or_default() + 1;
    catalogue.changed = at;
    let text = catalogue.to_text().map_err(|error| crate::store::Error::Unavailable(error.to_string()))?;
    limit(&catalogue, &text)?;
    let keys = cx.index_keys()?;
    let stopped = stops::holds(cx, partner, &catalogue.device_type).await?;
    // To whoever saw an index before, a stop takes away all of it, as other keys change all of it.
    let rekeyed =
        old.as_ref().is_some_and(|old| old.keys.download != keys.download || old.stopped != stopped);
    let again = old.as_ref().map_or(0, |old| old.rekeyed);
    let pointer = IndexPointer {
        device_type: catalogue.device_type.clone(),
        feed: catalogue.feed.clone(),
        partner: partner.clone(),
        revision: catalogue.revision,
        catalogue: Some(blobs.keep_catalogue(text).await?),
        packages: u64::try_from(catalogue.rows()).unwrap_or(u64::MAX),
        changed: at,
        modified: if rekeyed { at } else { catalogue.modified.max(again) },
        rekeyed: if rekeyed { at } else { again },
        written: cx.now.seconds(),
        stopped,
        keys,
    };
    tx.put_index(&pointer, revision);
    if outcome == Outcome::Index || rekeyed || lost || revision.is_none() {
        tx.list_in_feed(&pointer);
    }
    Ok(())
}

/// Makes a catalogue hold exactly the packages that are associated; answers whether it did not.
///
/// What cannot be in an index is left out and logged: a package that is damaged or lost, or one whose version another
/// image already has. None of them could be associated today; they could before packages were read.
pub(super) async fn mend(
    cx: &Context<'_>,
    blobs: &Blobs,
    catalogue: &mut Catalogue,
    at: Seconds,
) -> Result<bool> {
    let all = cx.store.associations(&catalogue.device_type, Some(&catalogue.feed)).await?;
    let wanted: Vec<ImageRef> = all
        .into_iter()
        .filter(|each| each.kind == BinaryKind::Package && each.plan.is_everyones())
        .map(|each| each.image)
        .collect();
    let there: Vec<ImageId> = catalogue.releases().map(|release| release.image).collect();
    let mut changed = false;
    for extra in there.iter().filter(|id| wanted.iter().all(|image| image.id != **id)) {
        changed |= catalogue.remove(*extra, at) != Outcome::Nothing;
    }
    let mut missing: Vec<ImageRef> = wanted.into_iter().filter(|image| !there.contains(&image.id)).collect();
    if missing.is_empty() {
        return Ok(changed);
    }
    missing.sort_by_key(|image| image.id);
    let images = cx.store.images(&missing).await?;
    for image in missing.iter().filter_map(|reference| images.get(reference)) {
        let Some(package) = readable(cx, blobs, image).await? else { continue };
        let new = NewRelease::new(image.id, image.binary()?, &package.stanza)?;
        if catalogue.has_version(&new) {
            tracing::error!(image = %image.id.number, "another image has this version of the package");
            continue;
        }
        changed |= catalogue.put_in(&new, at) != Outcome::Nothing;
    }
    Ok(changed)
}

async fn readable(cx: &Context<'_>, blobs: &Blobs, image: &Image) -> Result<Option<Package>> {
    match binaries::package(cx, blobs, &image.owner, &image.binary()?.sha256).await {
        Ok(package) => Ok(Some(package)),
        // Nobody could fetch one whose bytes are lost, either.
        Err(cause @ (super::Error::Refused(_) | super::Error::Blobs(blobs::Error::Corrupt { .. }))) => {
            tracing::error!(image = %image.id.number, %cause, "a package is in no index");
            Ok(None)
        }
        Err(error) => Err(error),
    }
}

/// A catalogue in a few words, for the audit.
pub(super) fn summary(catalogue: &catalogue::Catalogue) -> serde_json::Value {
    serde_json::json!({"revision": catalogue.revision, "packages": catalogue.rows()})
}
