//! Device descriptions: images of type 4, which lie under one device type instead of in the pool.
//!
//! A description is registered and associated in one transaction and sealed from the start: no edit and no second
//! device type can ever reach it. Where else it is from then on is `associations`' business.

use serde_json::json;

use super::approvals::{Basis, admit};
use super::associations::{Associated, expect_type_name, feeds_of, place, subject};
use super::context::Change;
use super::device_types::living;
use super::images::{Wish, resolve_slots, shown};
use super::registration::{Registered, Repeatable, claim, replayed, save};
use super::{Context, Error, Result, feeds};
use crate::blobs::Blobs;
use crate::domain::image::{Image, Slots, Words};
use crate::domain::{
    BinaryKind, DeviceProfileId, DeviceTypeId, FeedName, ImageId, ImageRef, PartnerId, Plan, Refusal, Right,
    TypeNumber, VersionNumber,
};
use crate::store::{Tx, quota};

/// What a description is to be.
#[derive(Debug, Clone)]
pub struct NewDescription {
    /// Name, version, description, tags.
    pub words: Words,
    /// Its binaries, uploaded already; a first one is needed.
    pub wish: Wish,
    /// What it describes, in the client's words.
    pub profile: Option<DeviceProfileId>,
}

/// A registered description.
#[derive(Debug)]
pub struct Described {
    /// The description and its feeds.
    pub associated: Associated,
    /// True if an earlier request with the same idempotency key made it.
    pub replayed: bool,
}

/// Registers a description of a device type and associates it with that device type in `feed`, both or neither.
///
/// The number is allocated before the transaction, so a failure leaves a gap and never a repeat. A replay answers the
/// record with the feeds that it is in by now, which may be none.
pub async fn register(
    cx: &Context<'_>,
    blobs: &Blobs,
    partner: &PartnerId,
    device_type_id: &DeviceTypeId,
    feed: &FeedName,
    new: NewDescription,
    repeatable: Option<Repeatable>,
) -> Result<Described> {
    cx.require(Right::to_change(feed))?;
    living(cx, partner, device_type_id).await?;
    let repeatable = repeatable.as_ref();
    if let Some(given) = repeatable
        && let Some(earlier) = cx.store.idempotency(partner, &given.key, cx.now).await?
    {
        let made = replayed(cx, partner, Some(device_type_id), &earlier, repeatable).await?;
        return described(cx, device_type_id, feed, made).await;
    }
    if !feeds::exists(cx, partner, feed).await? {
        return Err(Error::field("/feed", "is no feed of yours"));
    }
    let slots = slots(cx, partner, &new.wish).await?;
    let number = cx.store.next_version_number(TypeNumber::DEVICE_DESCRIPTION).await?;
    let image = fresh(cx, partner, device_type_id, new, number, slots);
    let made = save(cx, blobs, image, Some(feed), repeatable).await?;
    described(cx, device_type_id, feed, made).await
}

/// The binaries of a description, which has one from the start and none that a feed would have to deliver.
async fn slots(cx: &Context<'_>, partner: &PartnerId, wish: &Wish) -> Result<Slots> {
    if wish.url.is_empty() {
        return Err(Refusal::NoBinary.into());
    }
    // A package has warnings, and is refused.
    let (slots, _) = resolve_slots(cx, partner, wish).await?;
    if slots.first.as_ref().is_some_and(|binary| binary.kind == BinaryKind::Package) {
        return Err(Error::field(
            "/url",
            "is a package; descriptions are delivered by checks, never by feeds",
        ));
    }
    Ok(slots)
}

fn fresh(
    cx: &Context<'_>,
    partner: &PartnerId,
    device_type_id: &DeviceTypeId,
    new: NewDescription,
    number: VersionNumber,
    slots: Slots,
) -> Image {
    Image {
        owner: partner.clone(),
        device_type: Some(device_type_id.clone()),
        device_profile: new.profile,
        id: ImageId { r#type: TypeNumber::DEVICE_DESCRIPTION, number },
        words: new.words,
        slots,
        sealed: true,
        warnings: Vec::new(),
        intents: Vec::new(),
        created: cx.now,
        updated: cx.now,
        revision: 1,
        quota_shard: quota::shard_of(number),
    }
}

/// The transaction that writes a description and puts it into `feed`, manifest included.
pub(super) async fn transaction(
    cx: &Context<'_>,
    blobs: &Blobs,
    image: &Image,
    feed: &FeedName,
    repeatable: Option<&Repeatable>,
) -> Result<Tx> {
    let device_type_id = image.device_type.as_ref().ok_or(Refusal::NotFound)?;
    let mut after = shown(image);
    after["deviceProfileId"] = json!(image.device_profile.as_ref().map(DeviceProfileId::as_str));
    let subject = subject(device_type_id, feed, image.id);
    let mut tx = cx.tx(Some(&image.owner), "description.registered", subject, Change::made(after));
    claim(cx, &mut tx, image, repeatable);
    tx.create_image(image);
    tx.count_image(&image.owner, image.quota_shard);
    expect_type_name(cx, &mut tx, &image.owner, image.id.r#type).await?;
    let this = living(cx, &image.owner, device_type_id).await?;
    place(cx, blobs, &mut tx, &this, feed, image, Plan::default()).await?;
    admit(cx, &mut tx, &image.owner, feed, Basis::of(Some(&image.slots), "")).await?;
    Ok(tx)
}

async fn described(
    cx: &Context<'_>,
    device_type_id: &DeviceTypeId,
    feed: &FeedName,
    made: Registered,
) -> Result<Described> {
    let feeds = if made.replayed {
        let all = cx.store.associations(device_type_id, None).await?;
        feeds_of(&all, &made.image.reference())
    } else {
        vec![feed.clone()]
    };
    let associated = Associated { device_type: device_type_id.clone(), image: made.image, feeds };
    Ok(Described { associated, replayed: made.replayed })
}

/// A description of exactly this device type; one of another is not found, whoever owns that.
pub(super) async fn find(
    cx: &Context<'_>,
    partner: &PartnerId,
    device_type_id: &DeviceTypeId,
    id: ImageId,
) -> Result<Option<Image>> {
    Ok(cx.store.image(&ImageRef::associated(partner.clone(), device_type_id, id)).await?)
}
