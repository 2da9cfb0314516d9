//! Associations: making, removing, promoting and listing them; each rewrites its manifest in the same transaction.

use serde_json::json;

use super::approvals::{Basis, admit, asked_for, propose_intents};
use super::context::{Change, deciding};
use super::device_types::living;
use super::manifests::{Loaded, built, check_size, load};
use super::{Context, Error, Result, catalogues, descriptions, feeds, images, rollouts};
use crate::blobs::Blobs;
use crate::domain::association::Association;
use crate::domain::image::{Image, Intent};
use crate::domain::page::{Page, PageRequest, page};
use crate::domain::plan::Wanted;
use crate::domain::{
    BinaryKind, DeviceType, DeviceTypeId, FeedName, ImageId, ImageRef, PartnerId, Plan, Refusal, Right,
    TypeNumber,
};
use crate::store::{self, Guard, Tx};

/// An image and the feeds of one device type that it is in.
#[derive(Debug, Clone)]
pub struct Associated {
    /// The device type.
    pub device_type: DeviceTypeId,
    /// The image.
    pub image: Image,
    /// The feeds, by name.
    pub feeds: Vec<FeedName>,
}

/// Something that the transaction relied on was gone by the time it was written.
pub(super) fn vanished() -> Error {
    Refusal::NotFound.into()
}

pub(super) fn subject(device_type: &DeviceTypeId, feed: &FeedName, id: ImageId) -> String {
    format!("{device_type}/{feed}/{}/{}", id.r#type, id.number)
}

/// Adds to `tx` that the type of an image is still called what its manifest entry will say.
///
/// Once for each transaction, before [`place`] reads the name. A manifest that holds the type already is made again by
/// the renaming; one that is about to get its first image of the type would be missed.
pub(super) async fn expect_type_name(
    cx: &Context<'_>,
    tx: &mut Tx,
    partner: &PartnerId,
    number: TypeNumber,
) -> Result<()> {
    let this = cx.store.firmware_type(partner, number).await?.ok_or(Refusal::NotFound)?;
    tx.expect_firmware_type(&this);
    Ok(())
}

/// Adds to `tx` what puts `image` into a feed of a device type: the association with its manifest, or with its index if
/// it is a package. The image's own row is the caller's.
pub(super) async fn place(
    cx: &Context<'_>,
    blobs: &Blobs,
    tx: &mut Tx,
    device_type: &DeviceType,
    feed: &FeedName,
    image: &Image,
    plan: Plan,
) -> Result<()> {
    let partner = &device_type.partner;
    let made = Association {
        device_type: device_type.id.clone(),
        feed: feed.clone(),
        image: image.reference(),
        kind: image.binary()?.kind,
        created: cx.now,
        plan,
    };
    tx.create_association(&made, partner);
    if made.plan != Plan::default() {
        tx.note_due(partner, None, &made);
    }
    tx.count_feed_uses(partner, feed, 1);
    if image.is_package() {
        // Asked before the catalogue, which would only say that the version is not newer.
        if cx.store.association(&device_type.id, feed, image.id).await?.is_some() {
            return Err(Refusal::AlreadyAssociated(feed.to_string()).into());
        }
        tx.count_association(device_type);
        return catalogues::place(cx, blobs, tx, device_type, feed, image, &made.plan).await;
    }
    tx.count_association(device_type);
    let loaded = load(cx, &device_type.id, feed).await?;
    if loaded.associations.iter().any(|each| each.image.id == image.id) {
        return Err(Refusal::AlreadyAssociated(feed.to_string()).into());
    }
    rollouts::check(&loaded.associations, image.id, &made.plan)?;
    let revision = loaded.revision();
    let (old, mut associations) = (loaded.manifest.as_ref(), loaded.associations);
    associations.push(made);
    let manifest = built(cx, partner, &device_type.id, feed, old, &associations, Some(image)).await?;
    check_size(&manifest)?;
    tx.put_manifest(&manifest, revision);
    Ok(())
}

/// Associates an image with a device type in a feed, for everyone at once if nothing else is wanted; the image is sealed
/// from then on.
pub async fn associate(
    cx: &Context<'_>,
    blobs: &Blobs,
    partner: &PartnerId,
    device_type_id: &DeviceTypeId,
    feed: &FeedName,
    id: ImageId,
    wanted: Option<&Wanted>,
) -> Result<Associated> {
    cx.require(Right::to_change(feed))?;
    deciding(|| async {
        let this = living(cx, partner, device_type_id).await?;
        if !feeds::exists(cx, partner, feed).await? {
            return Err(Error::field("/feed", "is no feed of yours"));
        }
        let found = if id.r#type.is_description() {
            descriptions::find(cx, partner, device_type_id, id).await?
        } else {
            images::find(cx, partner, id).await?
        };
        let image = found.ok_or_else(|| Error::field("/versionNumber", "there is no such image"))?;
        let plan = rollouts::planned(cx, device_type_id, feed, &image, wanted, Plan::default()).await?;
        let change =
            Change::made(json!({"owner": image.owner.as_str(), "rollout": rollouts::summary(&plan)}));
        let mut tx = cx.tx(Some(partner), "association.created", subject(device_type_id, feed, id), change);
        expect_type_name(cx, &mut tx, partner, id.r#type).await?;
        place(cx, blobs, &mut tx, &this, feed, &image, plan).await?;
        seal(&mut tx, partner, &image);
        admit(cx, &mut tx, partner, feed, Basis::of(Some(&image.slots), "")).await?;
        commit(cx, tx, feed).await
    })
    .await?;
    get(cx, partner, device_type_id, id).await
}

/// Seals the image as it was read; an offered one must still be offered.
fn seal(tx: &mut Tx, partner: &PartnerId, image: &Image) {
    tx.seal_image(image);
    if image.owner != *partner {
        tx.expect_offer(image.id, partner);
    }
}

async fn commit(cx: &Context<'_>, tx: Tx, feed: &FeedName) -> Result<()> {
    match tx.commit(cx.store).await {
        Err(store::Error::Guard(Guard::AlreadyThere)) => {
            Err(Refusal::AlreadyAssociated(feed.to_string()).into())
        }
        Err(store::Error::Guard(Guard::Gone)) => Err(vanished()),
        other => Ok(other?),
    }
}

/// Adds to `tx` what a record asked for at registration, now that it has its binary; answers the record as it then is.
///
/// A device type that has been deleted since is left out, with a warning on the record.
pub(super) async fn fire_intents(
    cx: &Context<'_>,
    blobs: &Blobs,
    tx: &mut Tx,
    mut image: Image,
) -> Result<Image> {
    if image.intents.is_empty() {
        return Ok(image);
    }
    cx.require(Right::Release)?;
    let owner = image.owner.clone();
    let (mut associated, mut offered) = (Vec::new(), Vec::new());
    let intents = std::mem::take(&mut image.intents);
    let release = FeedName::release();
    let waits = asked_for(cx, &owner, &release).await?;
    if waits {
        propose_intents(cx, tx, &mut image, &intents).await?;
    } else {
        tx.expect_no_approvals(&owner, &release);
    }
    expect_type_name(cx, tx, &owner, image.id.r#type).await?;
    for intent in intents {
        match intent {
            Intent::Associate(_) if waits => {}
            Intent::Associate(id) => match living(cx, &owner, &id).await {
                Ok(this) => {
                    let plan = Plan::default();
                    let feed = FeedName::release();
                    place(cx, blobs, tx, &this, &feed, &image, plan).await.map_err(fired)?;
                    image.sealed = true;
                    associated.push(id.to_string());
                }
                Err(Error::Refused(Refusal::NotFound)) => {
                    image.warnings.push(format!("not associated with {id}: the device type was deleted"));
                }
                Err(error) => return Err(error),
            },
            Intent::Offer(receiver) => {
                tx.offer_image(&image.reference(), &receiver, cx.now);
                offered.push(receiver.to_string());
            }
        }
    }
    tx.note("sealed", image.sealed.into());
    tx.note("associated", associated.into());
    tx.note("offered", offered.into());
    Ok(image)
}

/// Only a request beside this one can have made what an intent asks for: the record must be read again.
fn fired(error: Error) -> Error {
    match error {
        Error::Refused(Refusal::AlreadyAssociated(_)) => Error::Store(store::Error::Guard(Guard::Changed)),
        other => other,
    }
}

/// From where to where an image is promoted, and how it is given out there.
#[derive(Debug)]
pub struct Promotion {
    /// The feed that it is in.
    pub from: FeedName,
    /// The feed that it is to be in as well.
    pub to: FeedName,
    /// How; none for everyone at once.
    pub wanted: Option<Wanted>,
}

/// Copies an association from one feed to another, with what the image needs; removing it from the first is a step of its
/// own, and how far it has come there says nothing here.
pub async fn promote(
    cx: &Context<'_>,
    blobs: &Blobs,
    partner: &PartnerId,
    device_type_id: &DeviceTypeId,
    id: ImageId,
    Promotion { from, to, wanted }: &Promotion,
) -> Result<Associated> {
    cx.require(Right::to_change(to))?;
    deciding(|| async {
        let this = living(cx, partner, device_type_id).await?;
        // Read first: while it is at that revision, the plan that is read next is the one there.
        let revision = cx.store.manifest(device_type_id, from).await?.map(|manifest| manifest.revision);
        let source = cx.store.association(device_type_id, from, id).await?.ok_or(Refusal::NotFound)?;
        if !feeds::exists(cx, partner, to).await? {
            return Err(Error::field("/to", "is no feed of yours"));
        }
        let image = cx.store.image(&source.image).await?.ok_or(Refusal::NotFound)?;
        if source.plan.is_withdrawn() {
            return Err(Refusal::RolloutWithdrawn.into());
        }
        let kept = source.plan.promoted();
        let basis = Basis::of(Some(&image.slots), &rollouts::summary(&kept).to_string());
        let plan = rollouts::planned(cx, device_type_id, to, &image, wanted.as_ref(), kept).await?;
        let change = Change::made(json!({
            "from": from.as_str(), "owner": image.owner.as_str(), "rollout": rollouts::summary(&plan),
        }));
        let mut tx = cx.tx(Some(partner), "association.promoted", subject(device_type_id, to, id), change);
        expect_type_name(cx, &mut tx, partner, id.r#type).await?;
        place(cx, blobs, &mut tx, &this, to, &image, plan).await?;
        // Withdrawing an offer does not stop associations already made, nor their promotion.
        tx.touch_image(&image);
        tx.expect_association(&source);
        // What is halted or withdrawn there meanwhile must not come here as if nothing had been.
        tx.expect_manifest_at(device_type_id, from, revision);
        admit(cx, &mut tx, partner, to, basis).await?;
        commit(cx, tx, to).await
    })
    .await?;
    get(cx, partner, device_type_id, id).await
}

/// Takes an image out of one feed of a device type, or out of all its feeds.
pub async fn remove(
    cx: &Context<'_>,
    blobs: &Blobs,
    partner: &PartnerId,
    device_type_id: &DeviceTypeId,
    id: ImageId,
    feed: Option<&FeedName>,
) -> Result<()> {
    cx.require(feed.map_or(Right::Release, Right::to_change))?;
    deciding(|| async {
        living(cx, partner, device_type_id).await?;
        let all = cx.store.associations(device_type_id, feed).await?;
        let mut gone = Vec::new();
        for Association { feed, .. } in all.iter().filter(|each| each.image.id == id) {
            // Read again behind its manifest: what is withdrawn or halted meanwhile must leave its mark.
            let loaded = load(cx, device_type_id, feed).await?;
            let this = loaded.associations.iter().find(|each| each.image.id == id).cloned();
            let Some(this) = this else { continue };
            rollouts::check_removal(&loaded.associations, &this)?;
            gone.push((this, loaded));
        }
        if gone.is_empty() {
            return Err(Refusal::NotFound.into());
        }
        let feeds: Vec<_> = gone.iter().map(|(each, _)| each.feed.as_str()).collect();
        let plans: serde_json::Map<_, _> =
            gone.iter().map(|(each, _)| (each.feed.to_string(), rollouts::summary(&each.plan))).collect();
        let mut before = json!({"feeds": feeds, "rollouts": plans});
        if gone.iter().any(|(each, _)| each.kind == BinaryKind::Package) {
            before["package"] = true.into();
        }
        let what = feed.map_or_else(
            || format!("{device_type_id}/*/{}/{}", id.r#type, id.number),
            |feed| subject(device_type_id, feed, id),
        );
        let mut tx = cx.tx(Some(partner), "association.removed", what, Change::gone(before));
        let count = i64::try_from(gone.len()).unwrap_or(i64::MAX);
        for (association, loaded) in gone {
            displace(cx, blobs, &mut tx, partner, &association, loaded).await?;
        }
        tx.count_associations(device_type_id, partner, -count);
        tx.commit(cx.store).await.map_err(Error::from)
    })
    .await
}

/// Adds to `tx` what takes an association away that is among those `loaded`, manifest or index included; the device type's
/// count is the caller's.
async fn displace(
    cx: &Context<'_>,
    blobs: &Blobs,
    tx: &mut Tx,
    partner: &PartnerId,
    gone: &Association,
    loaded: Loaded,
) -> Result<()> {
    tx.delete_association(gone, partner);
    tx.count_feed_uses(partner, &gone.feed, -1);
    if gone.kind == BinaryKind::Package {
        return catalogues::displace(cx, blobs, tx, partner, gone).await;
    }
    let revision = loaded.revision();
    let (old, mut left) = (loaded.manifest.as_ref(), loaded.associations);
    left.retain(|each| each.image.id != gone.image.id);
    let manifest = built(cx, partner, &gone.device_type, &gone.feed, old, &left, None).await?;
    tx.put_manifest(&manifest, revision);
    Ok(())
}

/// The image and its feeds, if it is in any feed of the device type.
pub async fn get(
    cx: &Context<'_>,
    partner: &PartnerId,
    device_type_id: &DeviceTypeId,
    id: ImageId,
) -> Result<Associated> {
    living(cx, partner, device_type_id).await?;
    let all = cx.store.associations(device_type_id, None).await?;
    let found: Vec<_> = all.into_iter().filter(|each| each.image.id == id).collect();
    let reference = found.first().ok_or(Refusal::NotFound)?.image.clone();
    let image = cx.store.image(&reference).await?.ok_or(Refusal::NotFound)?;
    Ok(Associated { device_type: device_type_id.clone(), image, feeds: feeds_of(&found, &reference) })
}

pub(super) fn feeds_of(associations: &[Association], image: &ImageRef) -> Vec<FeedName> {
    associations.iter().filter(|each| each.image == *image).map(|each| each.feed.clone()).collect()
}

/// A page of the images of a device type; of one feed or all, of one firmware type or all.
pub async fn list(
    cx: &Context<'_>,
    partner: &PartnerId,
    device_type_id: &DeviceTypeId,
    feed: Option<&FeedName>,
    number: Option<TypeNumber>,
    request: &PageRequest,
) -> Result<Page<Associated>> {
    living(cx, partner, device_type_id).await?;
    let all = cx.store.associations(device_type_id, None).await?;
    let mut wanted: Vec<ImageRef> = all
        .iter()
        .filter(|each| feed.is_none_or(|feed| each.feed == *feed))
        .filter(|each| number.is_none_or(|number| each.image.id.r#type == number))
        .map(|each| each.image.clone())
        .collect();
    wanted.sort();
    wanted.dedup();
    let rows = if wanted.is_empty() { Vec::new() } else { cx.store.image_rows(&wanted).await? };
    let found = images::detailed(cx, page(rows, request)).await?;
    let content = found
        .content
        .into_iter()
        .map(|image| {
            let feeds = feeds_of(&all, &image.reference());
            Associated { device_type: device_type_id.clone(), image, feeds }
        })
        .collect();
    Ok(Page { request: found.request, total: found.total, content })
}
