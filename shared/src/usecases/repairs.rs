//! Finishing what has been begun: effects that reach many device types, one manifest at a time.

use serde_json::json;

use super::context::Change;
use super::{Context, Error, Result, feeds, manifests, stops};
use crate::domain::{PartnerId, TypeNumber};
use crate::store::repairs::{Repair, Subject};
use crate::store::{self, Guard};

/// What became of the unfinished repairs.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Finished {
    /// How many are finished now.
    pub finished: usize,
    /// How many failed and were passed over; each is logged.
    pub failed: usize,
}

/// Finishes every unfinished repair, until `enough` says so. Where there is none, this is one query.
pub async fn finish_all(cx: &Context<'_>, enough: &impl Fn() -> bool) -> Result<Finished> {
    let mut done = Finished::default();
    for repair in cx.store.repairs().await? {
        if enough() {
            break;
        }
        match finish(cx, &repair).await {
            Ok(()) => done.finished += 1,
            Err(cause) => {
                done.failed += 1;
                tracing::error!(subject = repair.subject.text(), %cause, "a repair could not be finished");
            }
        }
    }
    Ok(done)
}

/// Makes every manifest that a repair reaches say what its records say now, then strikes the repair off.
///
/// Safe to break off anywhere: the repair stays until the last manifest is done, and doing one twice changes nothing.
pub async fn finish(cx: &Context<'_>, repair: &Repair) -> Result<()> {
    match &repair.subject {
        Subject::Image(id) => {
            for place in cx.store.placements(*id).await? {
                manifests::remake(cx, &place.partner, &place.device_type, &place.feed, Some(*id)).await?;
            }
        }
        Subject::PartnerType(partner, number) => of_type(cx, partner, *number).await?,
        Subject::PlatformType(number) => {
            for partner in cx.store.partners().await? {
                of_type(cx, &partner.id, *number).await?;
            }
        }
        Subject::DeletedFeed(partner, feed) => feeds::forget_manifests(cx, partner, feed).await?,
        Subject::PartnerStop(partner) => drop(stops::fan_out(cx, partner, &|| false).await?),
    }
    strike_off(cx, repair).await
}

/// Says that a repair is done.
pub(super) async fn strike_off(cx: &Context<'_>, repair: &Repair) -> Result<()> {
    let subject = repair.subject.text();
    let mut tx = cx.tx(None, "repair.finished", subject, Change::gone(json!({"revision": repair.revision})));
    tx.finish_repair(repair);
    match tx.commit(cx.store).await {
        // A later edit of the same subject has begun, and will finish; or another process finished this one.
        Ok(()) | Err(store::Error::Guard(Guard::Changed)) => Ok(()),
        Err(error) => Err(Error::Store(error)),
    }
}

async fn of_type(cx: &Context<'_>, partner: &PartnerId, number: TypeNumber) -> Result<()> {
    for device_type in cx.store.device_type_ids(partner).await? {
        for manifest in cx.store.manifests(&device_type).await? {
            if manifest.entries.iter().any(|entry| entry.id().r#type == number) {
                manifests::remake(cx, partner, &device_type, &manifest.feed, None).await?;
            }
        }
    }
    Ok(())
}
