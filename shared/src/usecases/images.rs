//! The firmware pool: reading, editing and deleting records.

use std::collections::{BTreeSet, HashMap};

use serde_json::json;

use super::context::{Change, deciding};
use super::{Context, Result, associations, repairs};
use crate::blobs::Blobs;
use crate::domain::image::{Image, Slots, Words};
use crate::domain::page::{Page, PageRequest, page};
use crate::domain::{
    Binary, Description, ImageId, ImageRef, Name, PartnerId, Refusal, Right, Sha256, Tag, TypeNumber, Version,
};
use crate::store::images::ImageRow;
use crate::store::repairs::{Repair, Subject};
use crate::store::{self, Guard};

/// The URLs that a client wrote for a record's binaries.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Wish {
    /// `""` for none.
    pub url: String,
    /// The second slot; none or `""` for none.
    pub url2: Option<String>,
}

/// A record for the audit.
pub(super) fn shown(image: &Image) -> serde_json::Value {
    let sha = |binary: &Option<Binary>| binary.as_ref().map(|binary| binary.sha256.to_string());
    json!({
        "name": image.words.name.as_str(),
        "version": image.words.version.as_str(),
        "description": image.words.description.as_ref().map(Description::as_str),
        "tags": image.words.tags.iter().map(Tag::as_str).collect::<Vec<_>>(),
        "sha256": sha(&image.slots.first),
        "sha256Second": sha(&image.slots.second),
        "sealed": image.sealed,
    })
}

/// The binaries that a client's URLs name, and what was dropped or repaired in the package among them; each must be
/// one that the partner owns.
pub(super) async fn resolve_slots(
    cx: &Context<'_>,
    partner: &PartnerId,
    wish: &Wish,
) -> Result<(Slots, Vec<String>)> {
    let digest = |url: &str, field: &'static str| -> Result<Option<Sha256>> {
        if url.is_empty() {
            return Ok(None);
        }
        Ok(Some(cx.config.repository_digest(url)?.ok_or(Refusal::NotYourBinary(field))?))
    };
    let first = digest(&wish.url, "url")?;
    let second = digest(wish.url2.as_deref().unwrap_or_default(), "url2")?;
    let wanted: Vec<Sha256> = [first, second].into_iter().flatten().collect();
    let mut owned = cx.store.binaries(partner, &wanted).await?;
    let binary = |sha256: Option<Sha256>, field| match sha256 {
        None => Ok(None),
        Some(sha256) => {
            owned.get(&sha256).map(|owned| Some(owned.binary.clone())).ok_or(Refusal::NotYourBinary(field))
        }
    };
    let slots = Slots { first: binary(first, "url")?, second: binary(second, "url2")? };
    slots.check()?;
    let warnings = first.and_then(|first| owned.remove(&first)).map(|owned| owned.warnings);
    Ok((slots, warnings.unwrap_or_default()))
}

/// An image that the partner may read: its own, or one offered to it. Anything else is not found.
pub async fn get(cx: &Context<'_>, partner: &PartnerId, id: ImageId) -> Result<Image> {
    Ok(find(cx, partner, id).await?.ok_or(Refusal::NotFound)?)
}

pub(super) async fn find(cx: &Context<'_>, partner: &PartnerId, id: ImageId) -> Result<Option<Image>> {
    if id.r#type.is_description() {
        return Ok(None);
    }
    let own = ImageRef::pooled(partner.clone(), id);
    if let Some(image) = cx.store.image(&own).await? {
        return Ok(Some(image));
    }
    // Only platform types are ever offered, and a number is unique over all partners.
    if !id.r#type.is_platform() {
        return Ok(None);
    }
    match cx.store.offer_received(partner, id).await? {
        Some(offered) => Ok(cx.store.image(&offered).await?),
        None => Ok(None),
    }
}

/// A page of the partner's pool, images offered to it included; of one type, or of all.
pub async fn list(
    cx: &Context<'_>,
    partner: &PartnerId,
    number: Option<TypeNumber>,
    request: &PageRequest,
) -> Result<Page<Image>> {
    let mut rows = cx.store.pool(partner, number).await?;
    let offered = cx.store.offers_received(partner, number).await?;
    if !offered.is_empty() {
        rows.extend(cx.store.image_rows(&offered).await?);
    }
    detailed(cx, page(rows, request)).await
}

/// A page of list rows with the records they stand for; rows whose record has just gone are left out.
pub(super) async fn detailed(cx: &Context<'_>, page: Page<ImageRow>) -> Result<Page<Image>> {
    let wanted: Vec<ImageRef> = page.content.iter().map(ImageRow::reference).collect();
    let mut images = if wanted.is_empty() { HashMap::new() } else { cx.store.images(&wanted).await? };
    let content = wanted.iter().filter_map(|reference| images.remove(reference)).collect();
    Ok(Page { request: page.request, total: page.total, content })
}

/// Whether the partner's pool has an image of that type, name and version other than `except`.
pub async fn exists(
    cx: &Context<'_>,
    partner: &PartnerId,
    number: TypeNumber,
    name: &Name,
    version: &Version,
    except: Option<ImageId>,
) -> Result<bool> {
    let found = cx.store.image_named(partner, number, name, version).await?;
    Ok(found.is_some_and(|found| except != Some(ImageId { r#type: number, number: found })))
}

/// The tags of all the partner's images, sorted.
pub async fn tags(cx: &Context<'_>, partner: &PartnerId) -> Result<BTreeSet<Tag>> {
    use crate::domain::page::Listed as _;
    let rows = cx.store.pool(partner, None).await?;
    Ok(rows.iter().flat_map(|row| row.tags().iter().cloned()).collect())
}

/// Edits a record. Associations asked for at registration are made in the transaction that gives it its binary.
///
/// Words of a record that is in manifests reach each of them before this answers; if that breaks off, the next call
/// or the reconciler finishes it. A record in the release feed needs the `release` right.
pub async fn edit(
    cx: &Context<'_>,
    blobs: &Blobs,
    partner: &PartnerId,
    id: ImageId,
    words: Words,
    wish: &Wish,
) -> Result<()> {
    let repair = deciding(|| async {
        let before = own(cx, partner, id).await?;
        let (slots, warnings) = resolve_slots(cx, partner, wish).await?;
        require_right(cx, &before, &slots).await?;
        if (&words, &slots) == (&before.words, &before.slots) {
            return Ok(cx.store.repair(&Subject::Image(id)).await?);
        }
        let mut edited = before.edited(words.clone(), slots, cx.now)?;
        if edited.slots.first != before.slots.first {
            edited.warnings = exchanged(cx, &before, warnings).await?;
        }
        let change = Change::from_to(shown(&before), shown(&edited));
        let mut tx = cx.tx(Some(partner), "image.updated", format!("{}/{}", id.r#type, id.number), change);
        let edited = match (&before.slots.first, &edited.slots.first) {
            (None, Some(_)) => associations::fire_intents(cx, blobs, &mut tx, edited).await?,
            _ => edited,
        };
        tx.replace_image(&before, &edited);
        let repair = Repair { subject: Subject::Image(id), revision: edited.revision };
        if before.sealed {
            tx.begin_repair(&repair, cx.now);
        }
        match tx.commit(cx.store).await {
            Ok(()) => Ok(before.sealed.then_some(repair)),
            Err(store::Error::Guard(Guard::NameTaken)) => {
                match cx.store.image_named(partner, id.r#type, &words.name, &words.version).await? {
                    Some(taken) if taken != id.number => Err(Refusal::ImageExists(taken.get()).into()),
                    // Free again, or this record's own since a moment ago.
                    _ => Err(store::Error::Guard(Guard::Changed).into()),
                }
            }
            // A request beside this one fired the intents, or deleted one of their device types.
            Err(store::Error::Guard(Guard::AlreadyThere | Guard::Gone)) => {
                Err(store::Error::Guard(Guard::Changed).into())
            }
            Err(error) => Err(error.into()),
        }
    })
    .await?;
    match repair {
        Some(repair) => repairs::finish(cx, &repair).await,
        None => Ok(()),
    }
}

/// A record's warnings once it has another binary: those of the package it had make room for `fresh`.
async fn exchanged(cx: &Context<'_>, before: &Image, fresh: Vec<String>) -> Result<Vec<String>> {
    let mut kept = before.warnings.clone();
    if before.is_package() && !kept.is_empty() {
        let old = cx.store.package(&before.owner, &before.binary()?.sha256).await?;
        let old = old.map(|package| package.warnings).unwrap_or_default();
        kept.retain(|warning| !old.contains(warning));
    }
    kept.extend(fresh);
    Ok(kept)
}

/// One of the partner's own records; an offered one is not for changing, and so not found.
async fn own(cx: &Context<'_>, partner: &PartnerId, id: ImageId) -> Result<Image> {
    if id.r#type.is_description() {
        return Err(Refusal::NotFound.into());
    }
    Ok(cx.store.image(&ImageRef::pooled(partner.clone(), id)).await?.ok_or(Refusal::NotFound)?)
}

/// An edit needs `release` where it touches the release feed: the record is in it, or is about to enter it.
async fn require_right(cx: &Context<'_>, before: &Image, slots: &Slots) -> Result<()> {
    if cx.right.allows(Right::Release) {
        return Ok(());
    }
    let enters = before.slots.first.is_none() && slots.first.is_some() && !before.intents.is_empty();
    // In which feed another partner has it, the owner is not told: anywhere counts as released.
    let places = if before.sealed { cx.store.placements(before.id).await? } else { Vec::new() };
    let is_in = places.iter().any(|place| place.feed.is_release() || place.partner != before.owner);
    if enters || is_in { cx.require(Right::Release) } else { Ok(()) }
}

/// Deletes a record that was never associated and is offered to no one.
pub async fn delete(cx: &Context<'_>, partner: &PartnerId, id: ImageId) -> Result<()> {
    deciding(|| async {
        let image = own(cx, partner, id).await?;
        image.check_deletable()?;
        if !cx.store.offers_made(id).await?.is_empty() {
            return Err(Refusal::ImageOffered.into());
        }
        let subject = format!("{}/{}", id.r#type, id.number);
        let mut tx = cx.tx(Some(partner), "image.deleted", subject, Change::gone(shown(&image)));
        tx.delete_image(&image);
        tx.uncount_image(partner, image.quota_shard);
        Ok(tx.commit(cx.store).await?)
    })
    .await
}
