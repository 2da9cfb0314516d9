//! Storing devices with what is counted of them: once, whatever breaks off or collides in between.

use std::collections::BTreeSet;

use super::{Context, Result};
use crate::domain::TypeNumber;
use crate::domain::device::{Count, Device, Said};
use crate::domain::number::ReportedVersion;
use crate::store::device_history::Event;
use crate::store::{self, Tx};

/// The most items of one transaction, but for the device, its history and its place in lists of devices.
const MOST_COUNTS: usize = 91;

/// The most keys that one batch asks for.
const MOST_IN_BATCH: usize = 100;

/// Stores a device with what is to be counted of it, in as many transactions as that takes: one, but for a device with very
/// many types that are new or move at once.
///
/// Where others change the same counts too often, the device is stored and what is to be counted stays noted on it, for the
/// next time that it is heard of: a device is not turned away for the sake of a count.
pub(super) async fn save(
    cx: &Context<'_>,
    known: Option<&Device>,
    mut device: Device,
    event: &Event,
) -> Result<Device> {
    let mut known = known.cloned();
    let first = device.revision;
    loop {
        let unsettled = device.clone();
        let mut counts = device.settle(MOST_COUNTS.saturating_sub(2 * moved(known.as_ref(), &device)));
        let new = known.as_ref().is_none_or(|known| known.provisional);
        if new && !device.provisional {
            counts.push(Count::Device);
        }
        let stored = store(cx, known.as_ref(), &device, event, first, &counts).await;
        match stored {
            // A device that is new is counted with its first word, or not taken in.
            Err(store::Error::Busy) if !new && !counts.is_empty() => {
                store(cx, known.as_ref(), &unsettled, event, first, &[]).await?;
                return Ok(unsettled);
            }
            other => other?,
        }
        if device.is_settled() {
            return Ok(device);
        }
        known = Some(device.clone());
        device.revision += 1;
    }
}

/// One transaction of [`save`]. Those after the first leave the same moment in the device's history as that.
async fn store(
    cx: &Context<'_>,
    known: Option<&Device>,
    device: &Device,
    event: &Event,
    first: u64,
    counts: &[Count],
) -> std::result::Result<(), store::Error> {
    let mut tx = Tx::of_device(&Device { revision: first, ..device.clone() }, event.clone(), cx.now);
    tx.put_device(device, known);
    tx.count_device(device, counts);
    tx.commit(cx.store).await
}

/// How many types a device runs otherwise than it was known to, which each change two lists.
fn moved(known: Option<&Device>, device: &Device) -> usize {
    let before = known.filter(|known| !known.provisional).map(|known| &known.reported);
    let gone = before.into_iter().flatten().filter(|(number, _)| !device.reported.contains_key(number));
    let come = |(number, version): &(&TypeNumber, &ReportedVersion)| {
        before.and_then(|before| before.get(number)) != Some(*version)
    };
    gone.count() + device.reported.iter().filter(come).count()
}

/// The types among those in doubt whose number was never given out: a read where there are any, which is so of a type that
/// a device reports before anything of it is associated.
pub(super) async fn beyond(
    cx: &Context<'_>,
    doubtful: Vec<TypeNumber>,
    said: &Said,
) -> Result<BTreeSet<TypeNumber>> {
    let mut all = BTreeSet::new();
    for some in doubtful.chunks(MOST_IN_BATCH) {
        let last = cx.store.last_version_numbers(some).await?;
        let reported = |number: &TypeNumber| said.attributes.get(number).copied().flatten();
        let above =
            |number: &&TypeNumber| reported(number).map(ReportedVersion::get) > last.get(number).copied();
        all.extend(some.iter().filter(above));
    }
    Ok(all)
}
