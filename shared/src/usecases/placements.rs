//! Where an image is, as far as its reader may know.

use super::{Context, Result, images};
use crate::domain::{DeviceType, DeviceTypeId, FeedName, ImageId, PartnerId, Refusal};
use crate::store::partners::Partner;

/// One device type that an image is associated with, and the feeds.
#[derive(Debug, Clone)]
pub struct ImageAssociation {
    /// The caller.
    pub partner: Partner,
    /// The device type.
    pub device_type: DeviceType,
    /// The feeds, by name.
    pub feeds: Vec<FeedName>,
}

/// Where an image is among the caller's own device types; other partners' associations are theirs alone.
pub async fn of_image(cx: &Context<'_>, partner: &PartnerId, id: ImageId) -> Result<Vec<ImageAssociation>> {
    images::get(cx, partner, id).await?;
    let mut places = cx.store.placements(id).await?;
    places.retain(|place| place.partner == *partner);
    let mut ids: Vec<DeviceTypeId> = places.iter().map(|place| place.device_type.clone()).collect();
    ids.dedup();
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let who = cx.store.partner(partner).await?.ok_or(Refusal::NotFound)?;
    let device_types = cx.store.device_types(&ids).await?;
    Ok(device_types
        .into_iter()
        .map(|this| ImageAssociation {
            feeds: places.iter().filter(|p| p.device_type == this.id).map(|p| p.feed.clone()).collect(),
            partner: who.clone(),
            device_type: this,
        })
        .collect())
}
