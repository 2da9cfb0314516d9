//! Associations that a registration asked for, where they must be approved.

use super::proposing::propose_all;
use super::{Basis, Needed};
use crate::domain::approval::Proposed;
use crate::domain::image::{Image, Intent};
use crate::domain::{DeviceTypeId, FeedName};
use crate::store::Tx;
use crate::usecases::{Context, Result};

/// Adds to `tx` the proposals of what a record asked for at registration, in a feed that asks for approvals; the record says
/// so in its warnings. A device type that is gone by the time somebody approves fails the proposal.
pub(in crate::usecases) async fn propose_intents(
    cx: &Context<'_>,
    tx: &mut Tx,
    image: &mut Image,
    intents: &[Intent],
) -> Result<()> {
    let needed = Needed { feed: FeedName::release(), basis: Basis::of(Some(&image.slots), "") };
    let change = |intent: &Intent| match intent {
        Intent::Associate(id) => {
            let device_type = id.clone();
            Some((Proposed::Associate { device_type, image: image.id, wanted: None }, needed.clone()))
        }
        Intent::Offer(_) => None,
    };
    let changes: Vec<_> = intents.iter().filter_map(change).collect();
    let ids = propose_all(cx, tx, &image.owner, &changes).await?;
    for ((change, _), id) in changes.iter().zip(&ids) {
        let device_type = change.device_type().map(DeviceTypeId::as_str).unwrap_or_default();
        image.warnings.push(format!("associating it with {device_type} was proposed as approval {id}"));
    }
    tx.note("proposed", ids.iter().map(ToString::to_string).collect::<Vec<_>>().into());
    Ok(())
}
