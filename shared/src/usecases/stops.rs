//! Emergency stops: nothing is offered to anyone, in one step, until somebody with the right to release starts it again.
//!
//! A device type is stopped in one transaction with its manifests and index pointers. A partner is stopped by one item, which
//! whoever makes a device type looks at, and by stopping its device types one after the other; that can break off, and is
//! gone on with by the next call or the reconciler.

use serde_json::json;

use super::approvals::{admit_anywhere, outdate};
use super::context::{Change, deciding};
use super::device_types::{feeds_of, living, subject};
use super::{Context, Error, Result, repairs};
use crate::domain::approval::Proposed;
use crate::domain::{Approval, DeviceType, DeviceTypeId, Manifest, PartnerId, Refusal, Right, Timestamp};
use crate::store::repairs::{Repair, Subject};

/// How far stopping, or starting, a partner has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// Device types that the partner has.
    pub device_types: usize,
    /// Those of them that the partner's stop has reached, and that are stopped by it.
    pub stopped: usize,
}

/// Whether what is about to be written of a device type shows nothing.
///
/// A partner's stop holds before it has reached the device type. A device type that is stopped a moment later is no matter:
/// its stop rewrites what was written here, since both guard the same revisions, and whoever writes the first manifest or
/// pointer of a feed expects that the device type is still stopped or not, as it was.
pub(super) async fn holds(cx: &Context<'_>, partner: &PartnerId, id: &DeviceTypeId) -> Result<bool> {
    if cx.store.partner_stop(partner).await?.is_some() {
        return Ok(true);
    }
    Ok(cx.store.device_type(id).await?.is_some_and(|this| this.is_stopped()))
}

/// Stops a device type. Stopping what is stopped changes nothing, but for proposals to start it: they were made before
/// whatever made somebody stop it again.
pub async fn stop(cx: &Context<'_>, partner: &PartnerId, id: &DeviceTypeId) -> Result<()> {
    cx.require(Right::Write)?;
    let on = |this: &DeviceType| Ok(DeviceType { stopped: this.stopped.or(Some(cx.now)), ..this.clone() });
    // First, so that one that is carried out meanwhile is undone by what follows, which does not depend on this.
    let outdated = outdate(cx, partner, |it| is_start_of(it, Some(id))).await;
    change(cx, partner, id, false, on).await?;
    outdated
}

/// Starts a device type again. If its partner is stopped, it stays stopped by that. [`Refusal::HaltedSince`] if somebody
/// stopped it after this was asked for.
pub async fn start(cx: &Context<'_>, partner: &PartnerId, id: &DeviceTypeId) -> Result<()> {
    cx.require(Right::Release)?;
    change(cx, partner, id, true, |this| {
        not_since(cx, this.stopped)?;
        Ok(DeviceType { stopped: None, ..this.clone() })
    })
    .await
}

fn is_start_of(this: &Approval, id: Option<&DeviceTypeId>) -> bool {
    matches!(&this.change, Proposed::Start { device_type } if device_type.as_ref() == id)
}

/// Refuses to undo a brake that was pulled after what undoes it was asked for: that was about another one, or about none.
pub(super) fn not_since(cx: &Context<'_>, halted: Option<Timestamp>) -> Result<()> {
    if halted.is_some_and(|at| at > cx.now) { Err(Refusal::HaltedSince.into()) } else { Ok(()) }
}

/// Changes the stops of a device type, and whatever answers its devices, in one transaction; `asks` where somebody asks for
/// more than a stop that is there already says, which may need an approval.
async fn change(
    cx: &Context<'_>,
    partner: &PartnerId,
    id: &DeviceTypeId,
    asks: bool,
    decide: impl Fn(&DeviceType) -> Result<DeviceType>,
) -> Result<()> {
    Box::pin(deciding(|| async {
        let before = living(cx, partner, id).await?;
        // The partner's stop is read with each attempt and expected below: an older call of it that is still on its way
        // must not undo a newer one, nor may the start of one device type let it out of its partner's stop.
        let since = cx.store.partner_stop(partner).await?;
        let mut after = decide(&before)?;
        after.stopped_with_partner = since.map(|since| before.stopped_with_partner.unwrap_or(since));
        let stopped = after.is_stopped();
        let (manifests, pointers) = (cx.store.manifests(id).await?, cx.store.indexes(id).await?);
        // Some were written stopped while the partner's stop was on its way here.
        let differ = manifests.iter().any(|each| each.stopped != stopped)
            || pointers.iter().any(|each| each.stopped != stopped);
        if after == before && !differ {
            return Ok(());
        }
        after.revision = before.revision + 1;
        after.updated = cx.now.max(before.updated);
        let action = if stopped { "deviceType.stopped" } else { "deviceType.started" };
        let said = |this: &DeviceType| json!({"stopped": this.is_stopped(), "own": this.stopped.is_some()});
        let mut was = said(&before);
        was["feeds"] = feeds_of(&manifests, &pointers).into();
        let mut tx = cx.tx(Some(partner), action, subject(id), Change::from_to(was, said(&after)));
        tx.replace_device_type(&after, before.revision);
        tx.expect_partner_stop(partner, since);
        for manifest in manifests.into_iter().filter(|each| each.stopped != stopped) {
            let revision = manifest.revision;
            let made = Manifest { stopped, revision: revision + 1, ..manifest };
            tx.put_manifest(&made, Some(revision));
        }
        for pointer in pointers.into_iter().filter(|each| each.stopped != stopped) {
            let revision = pointer.revision;
            let made = pointer.stopped_or_started(stopped, cx.now.seconds());
            tx.put_index(&made, Some(revision));
            if made.packages > 0 {
                tx.list_in_feed(&made);
            }
        }
        if asks && after.stopped != before.stopped {
            let since = before.stopped.map(Timestamp::millis);
            admit_anywhere(cx, &mut tx, partner, &format!("{}/{since:?}", subject(id))).await?;
        }
        Ok(tx.commit(cx.store).await?)
    }))
    .await
}

/// Stops everything that a partner has, until `enough` says so; the rest is stopped by the reconciler.
pub async fn stop_partner(
    cx: &Context<'_>,
    partner: &PartnerId,
    enough: &impl Fn() -> bool,
) -> Result<Progress> {
    cx.require(Right::Write)?;
    let outdated = outdate(cx, partner, |it| is_start_of(it, None)).await;
    let progress = turn(cx, partner, true, enough).await?;
    outdated.map(|()| progress)
}

/// Starts everything again that was stopped with a partner; what was stopped by itself stays so.
pub async fn start_partner(
    cx: &Context<'_>,
    partner: &PartnerId,
    enough: &impl Fn() -> bool,
) -> Result<Progress> {
    cx.require(Right::Release)?;
    turn(cx, partner, false, enough).await
}

async fn turn(
    cx: &Context<'_>,
    partner: &PartnerId,
    on: bool,
    enough: &impl Fn() -> bool,
) -> Result<Progress> {
    deciding(|| async {
        let is = cx.store.partner_stop(partner).await?;
        if is.is_some() == on {
            return Ok(());
        }
        not_since(cx, is)?;
        let at = is.unwrap_or(cx.now);
        let told = json!({"atTimestamp": at.millis()});
        let (action, change) = if on {
            ("partner.stopped", Change::made(told))
        } else {
            ("partner.started", Change::gone(told))
        };
        let mut tx = cx.tx(Some(partner), action, format!("partner/{partner}"), change);
        let subject = Subject::PartnerStop(partner.clone());
        tx.begin_repair(&Repair { subject, revision: cx.now.millis().unsigned_abs() }, cx.now);
        if on {
            tx.stop_partner(partner, at);
        } else {
            tx.start_partner(partner, at);
            let since = is.map(Timestamp::millis);
            admit_anywhere(cx, &mut tx, partner, &format!("partner/{since:?}")).await?;
        }
        Ok(tx.commit(cx.store).await?)
    })
    .await?;
    // Also if there is nothing to repair: whoever asks again wants to be sure. If it breaks off, that is told, and asking
    // again is faster than the reconciler.
    let repair = cx.store.repair(&Subject::PartnerStop(partner.clone())).await?;
    if let (true, Some(repair)) = (fan_out(cx, partner, enough).await?, &repair) {
        repairs::strike_off(cx, repair).await?;
    }
    progress(cx, partner).await
}

/// Makes every device type of a partner what the partner's stop says; answers whether that was all before `enough` said so.
pub(super) async fn fan_out(
    cx: &Context<'_>,
    partner: &PartnerId,
    enough: &impl Fn() -> bool,
) -> Result<bool> {
    let mut broken = None;
    for id in cx.store.device_type_ids(partner).await? {
        if enough() {
            return Ok(false);
        }
        match change(cx, partner, &id, false, |this| Ok(this.clone())).await {
            // Deleted meanwhile.
            Ok(()) | Err(Error::Refused(Refusal::NotFound)) => {}
            // One that cannot be read must not keep the others from being stopped.
            Err(cause) => {
                tracing::error!(device_type = %id, %cause, "a partner's stop did not reach a device type");
                broken.get_or_insert(cause);
            }
        }
    }
    broken.map_or(Ok(true), Err)
}

/// Since when a partner is stopped, if it is, and how far that has come.
pub async fn of_partner(cx: &Context<'_>, partner: &PartnerId) -> Result<(Option<Timestamp>, Progress)> {
    cx.require(Right::Read)?;
    Ok((cx.store.partner_stop(partner).await?, progress(cx, partner).await?))
}

async fn progress(cx: &Context<'_>, partner: &PartnerId) -> Result<Progress> {
    let ids = cx.store.device_type_ids(partner).await?;
    let all = if ids.is_empty() { Vec::new() } else { cx.store.device_types(&ids).await? };
    let stopped = all.iter().filter(|this| this.stopped_with_partner.is_some()).count();
    Ok(Progress { device_types: all.len(), stopped })
}
