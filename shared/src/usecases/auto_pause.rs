//! Rollouts that halt themselves: when too many attempts fail, or end in silence, the image is offered to nobody until
//! somebody looks.

use serde_json::Value;

use super::context::{Change, deciding};
use super::{Context, Result};
use crate::domain::association::Association;
use crate::domain::decision::{Bundle, Stage};
use crate::domain::device::Device;
use crate::domain::plan::{Pause, Plan};
use crate::domain::{DeviceTypeId, Entry, FeedName, ImageId, Manifest, PartnerId, Sha256};
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

/// Halts an image in a feed with everything that it goes together with there, if that was asked for and it has failed for
/// too many by now.
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
        let Some(this) = cx.store.association(device_type, feed, id).await? else { return Ok(()) };
        let Some(limit) = this.plan.auto_pause else { return Ok(()) };
        if this.plan.paused.is_some() || this.plan.is_withdrawn() {
            return Ok(());
        }
        let tally = cx.store.image_counts(device_type, feed, id).await?.tally(cx.now);
        if !limit.is_too_much(tally) {
            return Ok(());
        }
        let paused = Some(Pause { at: cx.now, failures: Some(tally) });
        let before = together(cx, &manifest, this).await?;
        let halted = |each: &Association| {
            let plan = Plan { paused, ..each.plan.clone() };
            Association { plan, ..each.clone() }
        };
        let after: Vec<_> = before.iter().map(halted).collect();
        let subject = format!("{device_type}/{feed}/{}/{}", id.r#type, id.number);
        let change = Change::from_to(kept(&before), kept(&after));
        let by = Context { actor: ACTOR, ..*cx };
        let mut tx = by.tx(Some(partner), "rollout.paused", subject, change);
        for (before, after) in before.iter().zip(&after) {
            tx.replace_association(after);
            tx.note_due(partner, Some(&before.plan), after);
        }
        let revision = manifest.revision;
        let halted = |entry: &&mut Entry| after.iter().any(|each| each.image.id == entry.id());
        let mut manifest = manifest;
        manifest.revision += 1;
        manifest.entries.iter_mut().filter(halted).for_each(|entry| entry.candidate.paused = true);
        tx.put_manifest(&manifest, Some(revision));
        Ok(tx.commit(cx.store).await?)
    })
    .await
}

/// An association and those of what it goes together with, as far as that is not halted yet. Everything that is in a bundle is
/// in the manifest, whose revision guards what is read here.
async fn together(cx: &Context<'_>, manifest: &Manifest, this: Association) -> Result<Vec<Association>> {
    let (id, name) = (this.image.id, this.plan.bundle.as_ref().map(Bundle::name).cloned());
    let mut all = vec![this];
    for other in manifest.candidates().filter(|other| other.id != id) {
        if name.is_some() && other.bundle.as_ref().map(Bundle::name) == name.as_ref() {
            all.extend(cx.store.association(&manifest.device_type, &manifest.feed, other.id).await?);
        }
    }
    all.retain(|each| each.plan.paused.is_none() && !each.plan.is_withdrawn());
    Ok(all)
}

fn kept(all: &[Association]) -> Value {
    let shown = |each: &Association| {
        let id = each.image.id;
        (format!("{}/{}", id.r#type, id.number), plan_as_kept(&each.plan).unwrap_or_default())
    };
    all.iter().map(shown).collect()
}
