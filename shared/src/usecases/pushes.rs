//! Pushes: one device is told to install one image, whatever its rollout says.
//!
//! The next check of the device offers it. That it is no downgrade, and neither stopped nor withdrawn nor behind a floor, is
//! for the decision to say each time; here is refused what could never come about.

use serde_json::json;

use super::approvals::{Basis, admit};
use super::context::{Change, deciding};
use super::device_types::living;
use super::{Context, Error, Result};
use crate::domain::association::Association;
use crate::domain::device::Pushed;
use crate::domain::{
    BinaryKind, Device, DeviceId, DeviceTypeId, ImageId, PartnerId, Refusal, Right, Timestamp, manifest,
};

/// How long a push counts, in seconds: a week, in which most devices are switched on.
pub const COUNTS_SECONDS: i64 = 7 * 86_400;

/// How long a push may count, in seconds.
const MOST_SECONDS: i64 = 90 * 86_400;

/// Tells a device to install an image that is associated in its feed; until `until`, or for a week. Pushing it again begins
/// the week anew.
pub async fn push(
    cx: &Context<'_>,
    partner: &PartnerId,
    device_type: &DeviceTypeId,
    id: ImageId,
    device: &DeviceId,
    until: Option<Timestamp>,
) -> Result<Device> {
    cx.require(Right::Release)?;
    let until = until.unwrap_or(cx.now.plus_seconds(COUNTS_SECONDS));
    if until <= cx.now || until > cx.now.plus_seconds(MOST_SECONDS) {
        return Err(Error::field("/expiresTimestamp", "must be in the future, and at most 90 days away"));
    }
    deciding(|| async {
        living(cx, partner, device_type).await?;
        let before = cx.store.device(device_type, device).await?;
        let before = before.ok_or_else(|| Error::field("/value", "is no device that has reported"))?;
        let feed = before.pinned.clone().unwrap_or_else(|| before.feed.clone());
        let found = cx.store.association(device_type, &feed, id).await?.ok_or(Refusal::NotFound)?;
        check(&before, &found)?;
        let image = cx.store.image(&found.image).await?.ok_or(Refusal::NotFound)?;
        let kind = cx.store.firmware_type(partner, id.r#type).await?.ok_or(Refusal::NotFound)?;
        let entry = manifest::entry(&image, &found.plan, kind.name)?;
        let mut after = before.clone();
        after.pushes.insert(id.r#type, Pushed { entry, feed: feed.clone(), at: cx.now, until });
        // It was told to, so that it was offered in vain so far, or has failed, is no reason against it; but against others it
        // still is, when this one is halted or the push expires.
        after.reset(|each| each == id);
        after.updated = cx.now;
        after.revision += 1;
        let subject = format!("{device_type}/{feed}/{}/{}", id.r#type, id.number);
        let change = Change::made(json!({"device": device.as_str(), "expiresTimestamp": until.millis()}));
        let mut tx = cx.tx(Some(partner), "association.pushed", subject, change);
        tx.put_device(&after, Some(&before));
        let basis = Basis::of(Some(&image.slots), feed.as_str());
        admit(cx, &mut tx, partner, &feed, basis).await?;
        tx.commit(cx.store).await?;
        Ok(after)
    })
    .await
}

fn check(device: &Device, found: &Association) -> Result<()> {
    let id = found.image.id;
    if found.kind == BinaryKind::Package {
        return Err(Error::field("/value", "cannot be given packages by a push: feeds deliver them"));
    }
    if found.plan.is_withdrawn() {
        return Err(Refusal::RolloutWithdrawn.into());
    }
    if device.blocked {
        return Err(Error::field("/value", "is blocked"));
    }
    match device.reported.get(&id.r#type) {
        None => Err(Error::field("/value", format!("does not report what it runs of type {}", id.r#type))),
        Some(runs) if runs.get() >= id.number.get() => Err(Error::field(
            "/value",
            format!("runs number {} of type {}, and there is no downgrade", runs.get(), id.r#type),
        )),
        Some(_) => Ok(()),
    }
}
