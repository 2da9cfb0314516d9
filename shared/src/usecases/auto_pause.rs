//! Rollouts that halt themselves: when too many attempts fail, the image is offered to nobody until somebody looks.

use serde_json::json;

use super::context::{Change, deciding};
use super::{Context, Result};
use crate::domain::device::Device;
use crate::domain::plan::{Pause, Plan};
use crate::domain::{FeedName, ImageId};
use crate::store::associations::plan_as_kept;

/// Who halts, in the audit.
const ACTOR: &str = "auto-pause";

/// Halts an image in a feed, if that was asked for and too many attempts have failed by now.
///
/// Counts are read after the failure was written, so that of two that fail at once at least one sees both. If this breaks
/// off, the next failure does it.
pub(super) async fn after_a_failure(
    cx: &Context<'_>,
    device: &Device,
    feed: &FeedName,
    id: ImageId,
) -> Result<()> {
    deciding(|| async {
        let device_type = &device.device_type;
        let Some(manifest) = cx.store.manifest(device_type, feed).await? else { return Ok(()) };
        let Some(mut this) = cx.store.association(device_type, feed, id).await? else { return Ok(()) };
        let Some(limit) = this.plan.auto_pause else { return Ok(()) };
        if this.plan.paused.is_some() || this.plan.is_withdrawn() {
            return Ok(());
        }
        let tally = cx.store.image_counts(device_type, feed, id).await?.tally();
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
        let mut tx = by.tx(Some(&device.partner), "rollout.paused", subject, change);
        tx.replace_association(&this);
        tx.note_due(&device.partner, &this);
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
