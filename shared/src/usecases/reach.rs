//! Reach: how many known devices would be offered an image, asked before anything is released.

use super::device_types::living;
use super::{Context, Result, descriptions, feeds, images};
use crate::domain::device::Flag;
use crate::domain::reach::{Inexact, Reach, reach};
use crate::domain::{BinaryKind, DeviceTypeId, FeedName, ImageId, PartnerId, Refusal};
use crate::store::device_lists::Which;

/// How far an image reaches, and among whom.
#[derive(Debug, Clone)]
pub struct Reached {
    /// Whether the image is in the feed.
    pub associated: bool,
    /// Devices of the device type that are known, on whatever feed.
    pub known: u64,
    /// Those of them that are on this feed and report the image's type.
    pub reporting: u64,
    /// Among these; none for a package, which is given to whoever fetches it.
    pub reach: Option<Reach>,
}

/// The reach of an image in a feed, whether or not it is there; [`Refusal::NotFound`] if there is no such image or feed.
///
/// Counts of devices are read, and no devices.
pub async fn get(
    cx: &Context<'_>,
    partner: &PartnerId,
    device_type: &DeviceTypeId,
    feed: &FeedName,
    id: ImageId,
) -> Result<Reached> {
    let this = living(cx, partner, device_type).await?;
    if !feeds::exists(cx, partner, feed).await? {
        return Err(Refusal::NotFound.into());
    }
    let associations = cx.store.associations(device_type, Some(feed)).await?;
    let own = associations.iter().find(|each| each.image.id == id);
    let package = match own {
        Some(own) => own.kind == BinaryKind::Package,
        None => is_package(cx, partner, device_type, id).await?,
    };
    let known = cx.store.known_devices(device_type).await?;
    let runs = cx.store.running(device_type, feed, id.r#type).await?;
    let reporting = runs.values().sum();
    let mut found = (!package)
        .then(|| reach(id, own.map(|own| &own.plan), &associations, this.is_stopped(), &runs, cx.now));
    if let Some(found) = found.as_mut().filter(|found| found.groups.iter().any(|group| group.released > 0)) {
        for (flag, why) in [
            (Flag::Withheld, Inexact::Withheld),
            (Flag::Blocked, Inexact::Blocked),
            (Flag::Silent, Inexact::Silent),
        ] {
            if !cx.store.device_ids(device_type, &Which::Flagged(flag), None, 1).await?.is_empty() {
                found.inexact.insert(why);
            }
        }
        let counts = cx.store.image_counts(device_type, feed, id).await?;
        if counts.failed + counts.deferred > 0 {
            found.inexact.insert(Inexact::Failed);
        }
    }
    Ok(Reached { associated: own.is_some(), known, reporting, reach: found })
}

async fn is_package(
    cx: &Context<'_>,
    partner: &PartnerId,
    device_type: &DeviceTypeId,
    id: ImageId,
) -> Result<bool> {
    let found = if id.r#type.is_description() {
        descriptions::find(cx, partner, device_type, id).await?
    } else {
        images::find(cx, partner, id).await?
    };
    Ok(found.ok_or(Refusal::NotFound)?.is_package())
}
