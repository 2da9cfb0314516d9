//! Offers: sharing an image of a platform type with another partner, who alone decides what its devices get.

use serde_json::json;

use super::context::{Change, deciding};
use super::{Context, Error, Result};
use crate::domain::{ImageId, ImageRef, PartnerId, Refusal};
use crate::store::offers::Offer;
use crate::store::{self, Guard};

fn subject(id: ImageId, receiver: &PartnerId) -> String {
    format!("{}/{}/{receiver}", id.r#type, id.number)
}

/// Offers one of the partner's images to another partner. Doing it twice changes nothing.
pub async fn make(cx: &Context<'_>, partner: &PartnerId, id: ImageId, receiver: &PartnerId) -> Result<()> {
    deciding(|| async {
        let reference = ImageRef::pooled(partner.clone(), id);
        let image = cx.store.image(&reference).await?.ok_or(Refusal::NotFound)?;
        if !id.r#type.is_platform() {
            return Err(Error::field(
                "/type",
                "only images of platform types can be offered to another partner",
            ));
        }
        if receiver == partner {
            return Err(Error::field("/partnerId", "is yourself"));
        }
        if cx.store.offer_received(receiver, id).await?.is_some() {
            return Ok(());
        }
        let after = Change::made(json!({"receiver": receiver.as_str()}));
        let mut tx = cx.tx(Some(partner), "image.offered", subject(id, receiver), after);
        tx.offer_image(&reference, receiver, cx.now);
        tx.touch_image(&image);
        gone_is_not_found(tx.commit(cx.store).await)
    })
    .await
}

/// Takes an offer back. Associations already made stay; no new ones can be made.
pub async fn withdraw(
    cx: &Context<'_>,
    partner: &PartnerId,
    id: ImageId,
    receiver: &PartnerId,
) -> Result<()> {
    let offered = cx.store.offer_received(receiver, id).await?;
    offered.filter(|image| image.owner == *partner).ok_or(Refusal::NotFound)?;
    let before = Change::gone(json!({"receiver": receiver.as_str()}));
    let mut tx = cx.tx(Some(partner), "image.offer_withdrawn", subject(id, receiver), before);
    tx.withdraw_offer(id, receiver);
    gone_is_not_found(tx.commit(cx.store).await)
}

fn gone_is_not_found(committed: std::result::Result<(), store::Error>) -> Result<()> {
    match committed {
        Err(store::Error::Guard(Guard::Gone)) => Err(Refusal::NotFound.into()),
        other => Ok(other?),
    }
}

/// To whom one of the partner's images is offered.
pub async fn list(cx: &Context<'_>, partner: &PartnerId, id: ImageId) -> Result<Vec<Offer>> {
    let reference = ImageRef::pooled(partner.clone(), id);
    cx.store.image(&reference).await?.ok_or(Refusal::NotFound)?;
    Ok(cx.store.offers_made(id).await?)
}
