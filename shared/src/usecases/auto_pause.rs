//! Rollouts that halt themselves: when too many attempts fail, or end in silence, the image is offered to nobody until
//! somebody looks.

use serde_json::json;

use super::context::{Change, deciding};
use super::{Context, Result};
use crate::domain::decision::Stage;
use crate::domain::device::Device;
use crate::domain::plan::{Pause, Plan};
use crate::domain::{DeviceTypeId, Entry, FeedName, ImageId, PartnerId, Sha256};
use crate::store::associations::plan_as_kept;

/// Who halts, in the audit.
const ACTOR: &str = "auto-pause";

/// Of how many offers of an image on its way to everyone one is an occasion to look how it goes.
const OFFERS_A_LOOK: u8 = 16;

/// Looks how an image goes that a device was just offered, for some devices: nobody says a word of devices that fall silent,
/// but whoever would be next does not get an image that silences.
pub(super) async fn after_an_offer(
    cx: &Context<'_>,
    device: &Device,
    entry: &Entry,
    feed: &FeedName,
) -> Result<()> {
    let number = entry.id().number.get().to_be_bytes()[7];
    let place = Sha256::of(device.id.as_str().as_bytes()).as_bytes()[8].wrapping_add(number);
    if !matches!(entry.candidate.stage, Stage::Rolling(_)) || !place.is_multiple_of(OFFERS_A_LOOK) {
        return Ok(());
    }
    look(cx, &device.partner, &device.device_type, feed, entry.id()).await
}

/// Halts an image in a feed, if that was asked for and it has failed for too many by now.
///
/// Counts are read after a failure was written, so that of two that fail at once at least one sees both. If this breaks
/// off, the next failure does it.
pub(super) async fn look(
    cx: &Context<'_>,
    partner: &PartnerId,
    device_type: &DeviceTypeId,
    feed: &FeedName,
    id: ImageId,
) -> Result<()> {
    deciding(|| async {
        let Some(manifest) = cx.store.manifest(device_type, feed).await? else { return Ok(()) };
        let Some(mut this) = cx.store.association(device_type, feed, id).await? else { return Ok(()) };
        let Some(limit) = this.plan.auto_pause else { return Ok(()) };
        if this.plan.paused.is_some() || this.plan.is_withdrawn() {
            return Ok(());
        }
        let tally = cx.store.image_counts(device_type, feed, id).await?.tally(cx.now);
        if !limit.is_too_much(tally) {
            return Ok(());
        }
        let paused = Some(Pause { at: cx.now, failures: Some(tally) });
        let after = Plan { paused, ..this.plan.clone() };
        let before = std::mem::replace(&mut this.plan, after);
        let name = format!("{}/{}", id.r#type, id.number);
        let kept = |plan: &Plan| json!({&name: plan_as_kept(plan).unwrap_or_default()});
        let subject = format!("{device_type}/{feed}/{name}");
        let change = Change::from_to(kept(&before), kept(&this.plan));
        let by = Context { actor: ACTOR, ..*cx };
        let mut tx = by.tx(Some(partner), "rollout.paused", subject, change);
        tx.replace_association(&this);
        tx.note_due(partner, Some(&before), &this);
        let revision = manifest.revision;
        let mut after = manifest;
        after.revision += 1;
        for entry in after.entries.iter_mut().filter(|entry| entry.id() == id) {
            entry.candidate.paused = true;
        }
        tx.put_manifest(&after, Some(revision));
        Ok(tx.commit(cx.store).await?)
    })
    .await
}
