//! Registration of an image: one read, one number, one transaction.

use super::context::Change;
use super::images::{Wish, resolve_slots, shown};
use super::{Context, Result, associations, descriptions};
use crate::blobs::Blobs;
use crate::domain::image::{Image, Intent, MAX_INTENTS, Slots, Words};
use crate::domain::{
    DeviceTypeId, Fault, FeedName, ImageId, PartnerId, Refusal, Right, Sha256, TypeNumber, VersionNumber,
};
use crate::store::idempotency::Idempotency;
use crate::store::{self, Guard, Tx, quota};

/// How often a registration is tried while others change what it depends on.
const ATTEMPTS: u32 = 8;

/// What an image is to be.
#[derive(Debug, Clone)]
pub struct NewImage {
    /// Its type.
    pub number: TypeNumber,
    /// Name, version, description, tags.
    pub words: Words,
    /// Its binaries, if they are uploaded already.
    pub wish: Wish,
    /// Associations and offers to make once it has its binary.
    pub associations: Vec<(PartnerId, Vec<DeviceTypeId>)>,
}

/// The client's idempotency key, and the digest of the body that came with it.
#[derive(Debug, Clone)]
pub struct Repeatable {
    /// What the client sent.
    pub key: String,
    /// SHA-256 of the body.
    pub body: Sha256,
}

/// A registered record.
#[derive(Debug)]
pub struct Registered {
    /// The record.
    pub image: Image,
    /// True if an earlier request with the same idempotency key made it.
    pub replayed: bool,
}

/// Registers an image and gives it the next version number of its type.
///
/// The number is allocated before the transaction, so a failure leaves a gap and never a repeat.
pub async fn register(
    cx: &Context<'_>,
    blobs: &Blobs,
    partner: &PartnerId,
    new: NewImage,
    repeatable: Option<Repeatable>,
) -> Result<Registered> {
    if new.number.is_description() {
        return Err(Refusal::DescriptionNotPooled.into());
    }
    if !new.associations.is_empty() {
        cx.require(Right::Release)?;
    }
    let key = repeatable.as_ref().map(|given| given.key.as_str());
    let (known, replay) = cx.store.registration(partner, new.number, key, cx.now).await?;
    if let Some(earlier) = replay {
        return replayed(cx, partner, None, &earlier, repeatable.as_ref()).await;
    }
    known.ok_or(Refusal::TypeUnknown(new.number.get()))?;
    let (slots, warnings) = resolve_slots(cx, partner, &new.wish).await?;
    let intents = intents(cx, partner, new.number, &new.associations).await?;

    let number = cx.store.next_version_number(new.number).await?;
    let image = Image { warnings, ..fresh(cx, partner, &new, number, slots, intents) };
    Box::pin(save(cx, blobs, image, None, repeatable.as_ref())).await
}

fn fresh(
    cx: &Context<'_>,
    partner: &PartnerId,
    new: &NewImage,
    number: VersionNumber,
    slots: Slots,
    intents: Vec<Intent>,
) -> Image {
    Image {
        owner: partner.clone(),
        device_type: None,
        device_profile: None,
        id: ImageId { r#type: new.number, number },
        words: new.words.clone(),
        slots,
        sealed: false,
        warnings: Vec::new(),
        intents,
        created: cx.now,
        updated: cx.now,
        revision: 1,
        quota_shard: quota::shard_of(number),
    }
}

/// Writes a record whose number has been allocated; a description with its association in `feed`.
///
/// Tried again with the same number while others change what it depends on.
pub(super) async fn save(
    cx: &Context<'_>,
    blobs: &Blobs,
    mut image: Image,
    feed: Option<&FeedName>,
    repeatable: Option<&Repeatable>,
) -> Result<Registered> {
    for attempt in 0..ATTEMPTS {
        let (tx, stored) = match feed {
            Some(feed) => {
                (descriptions::transaction(cx, blobs, &image, feed, repeatable).await?, image.clone())
            }
            None => transaction(cx, blobs, &image, repeatable).await?,
        };
        match tx.commit(cx.store).await {
            Ok(()) => return Ok(Registered { image: stored, replayed: false }),
            Err(store::Error::Guard(Guard::Changed)) => store::tx::backoff(attempt).await,
            Err(store::Error::Guard(Guard::Replayed)) => {
                let given = repeatable.ok_or(Refusal::IdempotencyMismatch)?;
                let earlier = cx.store.idempotency(&image.owner, &given.key, cx.now).await?;
                let earlier = earlier.ok_or(store::Error::Busy)?;
                return replayed(cx, &image.owner, image.device_type.as_ref(), &earlier, repeatable).await;
            }
            Err(store::Error::Guard(Guard::NameTaken)) => {
                let taken = cx.store.namesake(&image).await?;
                return Err(Refusal::ImageExists(taken.map_or(0, VersionNumber::get)).into());
            }
            Err(store::Error::Guard(Guard::QuotaFull)) => {
                let shard = cx.store.emptiest_quota_shard(&image.owner).await?;
                image.quota_shard =
                    shard.ok_or(Refusal::LimitReached("a partner may have at most 10,000 images"))?;
            }
            Err(store::Error::Guard(Guard::AlreadyThere | Guard::Gone)) => {
                return Err(associations::vanished());
            }
            Err(error) => return Err(error.into()),
        }
    }
    Err(store::Error::Busy.into())
}

async fn transaction(
    cx: &Context<'_>,
    blobs: &Blobs,
    image: &Image,
    repeatable: Option<&Repeatable>,
) -> Result<(Tx, Image)> {
    let subject = format!("{}/{}", image.id.r#type, image.id.number);
    let mut tx = cx.tx(Some(&image.owner), "image.registered", subject, Change::made(shown(image)));
    claim(cx, &mut tx, image, repeatable);
    let stored = match image.slots.first {
        Some(_) => associations::fire_intents(cx, blobs, &mut tx, image.clone()).await?,
        None => image.clone(),
    };
    tx.create_image(&stored);
    tx.count_image(&stored.owner, stored.quota_shard);
    Ok((tx, stored))
}

/// Adds to `tx` that the client's key, if it sent one, makes this record. Before anything else in `tx`: of several
/// guards that fail, the first one tells what happened.
pub(super) fn claim(cx: &Context<'_>, tx: &mut Tx, image: &Image, repeatable: Option<&Repeatable>) {
    if let Some(given) = repeatable {
        let row = Idempotency::new(given.body, image.reference(), cx.now);
        tx.claim_idempotency(&image.owner, &given.key, &row, cx.now);
    }
}

/// The record that an earlier request with the same key made, if it asked for the same thing in the same place:
/// under `device_type`, or in the pool.
pub(super) async fn replayed(
    cx: &Context<'_>,
    partner: &PartnerId,
    device_type: Option<&DeviceTypeId>,
    earlier: &Idempotency,
    repeatable: Option<&Repeatable>,
) -> Result<Registered> {
    let reference = earlier.image(partner);
    let same_body = repeatable.is_some_and(|given| given.body == earlier.body);
    if !same_body || reference.device_type.as_ref() != device_type {
        return Err(Refusal::IdempotencyMismatch.into());
    }
    let image = cx.store.image(&reference).await?.ok_or(Refusal::NotFound)?;
    Ok(Registered { image, replayed: true })
}

/// The associations and offers asked for, checked as far as they can be before the binary is there.
async fn intents(
    cx: &Context<'_>,
    partner: &PartnerId,
    number: TypeNumber,
    wanted: &[(PartnerId, Vec<DeviceTypeId>)],
) -> Result<Vec<Intent>> {
    let mut intents = Vec::new();
    let mut faults = Vec::new();
    for (who, device_types) in wanted {
        let at = format!("/associations/{who}");
        if who == partner {
            let known = cx.store.device_types(device_types).await?;
            for (index, id) in device_types.iter().enumerate() {
                if known.iter().any(|this| this.id == *id && this.partner == *partner) {
                    intents.push(Intent::Associate(id.clone()));
                } else {
                    faults.push(Fault::at(format!("{at}/{index}"), "is no device type of yours"));
                }
            }
        } else if !number.is_platform() {
            faults.push(Fault::at(at, "only images of platform types can be offered to another partner"));
        } else if cx.store.partner(who).await?.is_none() {
            faults.push(Fault::at(at, "is no partner"));
        } else {
            intents.push(Intent::Offer(who.clone()));
        }
    }
    if wanted.iter().map(|(_, list)| list.len().max(1)).sum::<usize>() > MAX_INTENTS {
        faults.push(Fault::at("/associations", format!("may name at most {MAX_INTENTS}")));
    }
    if faults.is_empty() { Ok(intents) } else { Err(Refusal::InvalidFields(faults).into()) }
}
