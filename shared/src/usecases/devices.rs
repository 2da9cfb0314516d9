//! Devices as their partner sees them: what they show themselves with, what is known of them, and what it decides on them.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::context::{Change, deciding};
use super::device_types::living;
use super::{Context, Error, Result, feeds};
use crate::domain::device::Device;
use crate::domain::device_token::{DeviceToken, DeviceTypeSecret, Epoch};
use crate::domain::progress::Progress;
use crate::domain::{
    DeviceId, DeviceType, DeviceTypeId, FeedName, PartnerId, Refusal, Right, Tag, TypeNumber,
};
use crate::store::device_history::EventRow;
use crate::store::device_lists::Which;

/// The most moments of a device's history that are told.
pub const MOST_EVENTS: u16 = 100;
/// The most types of a device that are forgotten in one transaction: it takes 100 items, and two for each.
const MOST_TYPES_AT_ONCE: usize = 40;
/// The most items of counts that change when a device is put on another feed; the rest follows with its next report.
const MOST_COUNTS: usize = 80;
/// The most batches in which a history is removed before the rest is left to expire.
const MOST_BATCHES: u32 = 200;

/// What the tokens of a device type are made with.
#[derive(Debug, Clone)]
pub struct Secret {
    /// How often it was changed, from 1.
    pub epoch: Epoch,
    /// The secret.
    pub secret: DeviceTypeSecret,
}

/// A page of devices.
#[derive(Debug, Clone)]
pub struct Listed {
    /// The devices, by id.
    pub devices: Vec<Device>,
    /// After which id the next page begins; none if this is the last one.
    pub next: Option<DeviceId>,
}

/// What is to become of a device; what is none stays as it is.
#[derive(Debug, Clone, Default)]
pub struct Edit {
    /// The feed that it is put on whatever it asks for, or that it gets what it asks for again.
    pub feed: Option<Option<FeedName>>,
    /// What it is called.
    pub tags: Option<BTreeSet<Tag>>,
    /// Whether it is left alone.
    pub blocked: Option<bool>,
    /// Whether what is withheld from it is offered again.
    pub reset_withheld: bool,
}

fn subject(device_type: &DeviceTypeId, id: &DeviceId) -> String {
    format!("device/{device_type}/{id}")
}

fn shown(this: &Device) -> Value {
    let withheld = this.withheld().map(|id| format!("{}/{}", id.r#type, id.number));
    json!({
        "feed": this.pinned.as_ref().map(FeedName::as_str),
        "tags": this.tags.iter().map(Tag::as_str).collect::<Vec<_>>(),
        "blocked": this.blocked,
        "withheld": withheld.collect::<Vec<_>>(),
    })
}

fn secret_of(cx: &Context<'_>, this: &DeviceType) -> Result<Secret> {
    let (_, master) = cx.secrets.devices()?.current();
    Ok(Secret { epoch: this.epoch, secret: DeviceTypeSecret::derive(master, &this.id, this.epoch) })
}

/// The token of a device, whether or not it has been heard of.
pub async fn token(
    cx: &Context<'_>,
    partner: &PartnerId,
    device_type: &DeviceTypeId,
    id: &DeviceId,
) -> Result<DeviceToken> {
    let this = living(cx, partner, device_type).await?;
    let Secret { epoch, secret } = secret_of(cx, &this)?;
    Ok(DeviceToken::write(&secret, this.id, epoch, id))
}

/// The secret with which a factory makes tokens.
pub async fn secret(cx: &Context<'_>, partner: &PartnerId, device_type: &DeviceTypeId) -> Result<Secret> {
    cx.require(Right::Release)?;
    secret_of(cx, &living(cx, partner, device_type).await?)
}

/// Begins the next epoch of a device type and answers its secret; tokens of the epoch before the present one end.
///
/// Doing it twice ends two epochs: an answer that was lost is asked for with [`secret`].
pub async fn rotate(cx: &Context<'_>, partner: &PartnerId, device_type: &DeviceTypeId) -> Result<Secret> {
    cx.require(Right::Release)?;
    deciding(|| async {
        let before = living(cx, partner, device_type).await?;
        let after = DeviceType {
            epoch: before.epoch.saturating_add(1),
            updated: cx.now.max(before.updated),
            revision: before.revision + 1,
            ..before.clone()
        };
        let change = Change::from_to(json!({"epoch": before.epoch}), json!({"epoch": after.epoch}));
        let secret = secret_of(cx, &after)?;
        let subject = format!("deviceType/{device_type}");
        let mut tx = cx.tx(Some(partner), "deviceSecret.rotated", subject, change);
        tx.replace_device_type(&after, before.revision);
        tx.commit(cx.store).await?;
        Ok(secret)
    })
    .await
}

/// At most `most` devices after `after`, by id. The list may be a moment behind; what is said of each device is not.
pub async fn list(
    cx: &Context<'_>,
    partner: &PartnerId,
    device_type: &DeviceTypeId,
    which: &Which,
    after: Option<&DeviceId>,
    most: u16,
) -> Result<Listed> {
    living(cx, partner, device_type).await?;
    let mut ids = cx.store.device_ids(device_type, which, after, most.saturating_add(1)).await?;
    let more = ids.len() > usize::from(most);
    ids.truncate(most.into());
    let next = ids.last().filter(|_| more).cloned();
    let devices = if ids.is_empty() { Vec::new() } else { cx.store.devices(device_type, &ids).await? };
    Ok(Listed { devices, next })
}

async fn known(cx: &Context<'_>, device_type: &DeviceTypeId, id: &DeviceId) -> Result<Device> {
    Ok(cx.store.device(device_type, id).await?.ok_or(Refusal::NotFound)?)
}

/// A device, and the latest [`MOST_EVENTS`] moments of its history, newest first.
pub async fn get(
    cx: &Context<'_>,
    partner: &PartnerId,
    device_type: &DeviceTypeId,
    id: &DeviceId,
) -> Result<(Device, Vec<EventRow>)> {
    living(cx, partner, device_type).await?;
    let device = known(cx, device_type, id).await?;
    Ok((device, cx.store.latest_events(device_type, id, MOST_EVENTS).await?))
}

/// Changes what its partner decides on a device; what changes nothing leaves nothing.
pub async fn update(
    cx: &Context<'_>,
    partner: &PartnerId,
    device_type: &DeviceTypeId,
    id: &DeviceId,
    edit: &Edit,
) -> Result<()> {
    deciding(|| async {
        living(cx, partner, device_type).await?;
        let before = known(cx, device_type, id).await?;
        let mut after = edited(&before, edit);
        if after == before {
            return Ok(());
        }
        if after.pinned != before.pinned {
            check_move(cx, partner, &before, after.pinned.as_ref()).await?;
        }
        if gives_more(&before, &after) {
            cx.require(Right::to_move(before.pinned.as_ref()))?;
            cx.require(Right::to_move(after.pinned.as_ref()))?;
        }
        after.updated = cx.now.max(before.updated);
        after.revision += 1;
        // A block is not to collide with what others count.
        let moved = after.pinned != before.pinned;
        let counts = if moved { after.settle(MOST_COUNTS) } else { Vec::new() };
        let change = Change::from_to(shown(&before), shown(&after));
        let mut tx = cx.tx(Some(partner), "device.updated", subject(device_type, id), change);
        if moved {
            let made = after.pinned.as_ref().filter(|feed| !feed.is_standard());
            after.pin_counted = made.is_some();
            if let Some(feed) = made {
                tx.pin_feed(partner, feed, 1);
            }
            let left = before.pinned.as_ref().filter(|_| before.pin_counted);
            if let Some(feed) = left {
                tx.pin_feed(partner, feed, -1);
            }
        }
        tx.put_device(&after, Some(&before));
        tx.count_device(&after, &counts);
        Ok(tx.commit(cx.store).await?)
    })
    .await
}

fn edited(before: &Device, edit: &Edit) -> Device {
    let mut after = before.clone();
    if let Some(feed) = &edit.feed {
        after.put_on(feed.clone());
    }
    if let Some(tags) = &edit.tags {
        after.tags.clone_from(tags);
    }
    if let Some(blocked) = edit.blocked {
        after.blocked = blocked;
    }
    if edit.reset_withheld {
        after.reset(|_| true);
    }
    after
}

/// Whether a device may be given what it was not given before: tags take it into rollouts, and a block, or what is
/// withheld, out of them. Blocking a device is a brake, and gives nothing.
fn gives_more(before: &Device, after: &Device) -> bool {
    let freed = before.blocked && !after.blocked;
    before.tags != after.tags || freed || before.progress != after.progress
}

/// Refuses to put a device on a feed that is not there, and whoever may not move it.
async fn check_move(
    cx: &Context<'_>,
    partner: &PartnerId,
    device: &Device,
    to: Option<&FeedName>,
) -> Result<()> {
    cx.require(Right::to_move(device.pinned.as_ref()))?;
    cx.require(Right::to_move(to))?;
    match to {
        Some(feed) if !feeds::exists(cx, partner, feed).await? => {
            Err(Error::field("/feed", "is no feed of yours"))
        }
        _ => Ok(()),
    }
}

/// Forgets a device: what is known of it, the lists and counts that it is in, and then its history. What of that breaks off
/// expires. A device that reports again is a new one: blocked, put on a feed, withheld from or left alone no more, which is why
/// forgetting one that was, or that has failed with an update, needs the right to free it.
pub async fn forget(
    cx: &Context<'_>,
    partner: &PartnerId,
    device_type: &DeviceTypeId,
    id: &DeviceId,
) -> Result<()> {
    deciding(|| async {
        living(cx, partner, device_type).await?;
        let mut this = known(cx, device_type, id).await?;
        if this.blocked || this.pinned.is_some() || this.progress.values().any(Progress::is_in_doubt) {
            cx.require(Right::Release)?;
        }
        // What does not fit into one transaction goes first, which leaves a device that reports less.
        while this.counted().len().max(this.reported.len()) > MOST_TYPES_AT_ONCE {
            this = lessened(cx, partner, &this).await?;
        }
        let gone = Change::gone(shown(&this));
        let mut tx = cx.tx(Some(partner), "device.forgotten", subject(device_type, id), gone);
        tx.forget_device(&this);
        Ok(tx.commit(cx.store).await?)
    })
    .await?;
    let removed = cx.store.remove_history(device_type, id, cx.now, MOST_BATCHES).await;
    // The device is forgotten by now, and nobody is shown what is left, which expires.
    if let Err(cause) = removed {
        tracing::warn!(%device_type, %cause, "a forgotten device's history is left to expire");
    }
    Ok(())
}

/// Takes as many types from a device as fit into one transaction.
async fn lessened(cx: &Context<'_>, partner: &PartnerId, this: &Device) -> Result<Device> {
    let all: BTreeSet<TypeNumber> = this.counted().into_keys().chain(this.reported.keys().copied()).collect();
    let gone: Vec<TypeNumber> = all.into_iter().take(MOST_TYPES_AT_ONCE).collect();
    let mut less = this.clone();
    less.reported.retain(|number, _| !gone.contains(number));
    less.lagging.retain(|number, _| !gone.contains(number));
    less.updated = cx.now.max(this.updated);
    less.revision += 1;
    let count = |device: &Device| json!({"types": device.reported.len()});
    let change = Change::from_to(count(this), count(&less));
    let mut tx = cx.tx(Some(partner), "device.updated", subject(&this.device_type, &this.id), change);
    tx.put_device(&less, Some(this));
    tx.count_device(&less, &this.no_longer_runs(gone));
    tx.commit(cx.store).await?;
    Ok(less)
}
