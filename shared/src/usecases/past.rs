//! What has changed since a moment: out of what is kept beside a device type, and for older times out of its partner's audit.

use super::{Context, Result};
use crate::domain::{DeviceTypeId, PartnerId, Refusal, Timestamp};
use crate::store::audit::{AuditRow, Order};

/// The most items that are read to tell the past.
const MOST_ITEMS: usize = 2000;
/// How many items of the audit are read at once.
const PAGE: u16 = 500;

/// Every change after `at` of what a device type gives, in any order; [`Refusal::PastOutOfReach`] if that takes more than
/// 2,000 items.
pub(super) async fn changes_after(
    cx: &Context<'_>,
    partner: &PartnerId,
    device_type: &DeviceTypeId,
    at: Timestamp,
) -> Result<Vec<AuditRow>> {
    let from = Timestamp::from_millis(at.millis().saturating_add(1));
    let (mut rows, mut place) = (Vec::new(), None);
    loop {
        let (page, next) = cx.store.changes_since(device_type, from, place).await?;
        rows.extend(page);
        if rows.len() > MOST_ITEMS {
            return Err(Refusal::PastOutOfReach.into());
        }
        place = next;
        if place.is_none() {
            break;
        }
    }
    let kept = cx.store.first_change(device_type).await?.map(|row| row.at);
    if kept.is_none_or(|kept| from < kept) {
        let until = kept.unwrap_or(Timestamp::from_millis(cx.now.millis().saturating_add(1)));
        rows.extend(audited(cx, partner, from, until, MOST_ITEMS - rows.len()).await?);
    }
    Ok(rows)
}

/// The audit of a partner from a moment until another, at most `most` items of it.
async fn audited(
    cx: &Context<'_>,
    partner: &PartnerId,
    from: Timestamp,
    until: Timestamp,
    most: usize,
) -> Result<Vec<AuditRow>> {
    let mut rows = Vec::new();
    let mut month = from;
    loop {
        let mut after = None;
        loop {
            let page =
                cx.store.audit_page(partner, month, (from, until), after.as_ref(), Order::OldestFirst, PAGE);
            let page = page.await?;
            after = page.rows.last().map(|(place, _)| place.clone());
            rows.extend(page.rows.into_iter().map(|(_, row)| row));
            if rows.len() > most {
                return Err(Refusal::PastOutOfReach.into());
            }
            if !page.more {
                break;
            }
        }
        if month.month() >= until.month() {
            return Ok(rows);
        }
        month = month.next_month();
    }
}
