//! `…/offers`: sharing an image of a platform type with another partner.

use axum::extract::State;
use axum::response::Response;
use serde_json::{Value, json};
use shared::domain::{ImageId, PartnerId, TypeNumber, VersionNumber};
use shared::http::{App, Partner, Path, Problem, Read, Write, no_content, ok};
use shared::usecases::offers;

use crate::records::{Record, id};

/// The three segments that name an offer.
type OfferPath = Path<(TypeNumber, VersionNumber, PartnerId)>;

pub(crate) async fn create_offer(
    State(app): State<App>,
    caller: Partner<Write>,
    Path((number, version, receiver)): OfferPath,
) -> Result<Response, Problem> {
    let image = ImageId { r#type: number, number: version };
    offers::make(&caller.call.context(&app), &caller.partner, image, &receiver).await?;
    Ok(no_content())
}

pub(crate) async fn delete_offer(
    State(app): State<App>,
    caller: Partner<Write>,
    Path((number, version, receiver)): OfferPath,
) -> Result<Response, Problem> {
    let image = ImageId { r#type: number, number: version };
    offers::withdraw(&caller.call.context(&app), &caller.partner, image, &receiver).await?;
    Ok(no_content())
}

pub(crate) async fn list_offers(
    State(app): State<App>,
    caller: Partner<Read>,
    path: Record,
) -> Result<Response, Problem> {
    let all = offers::list(&caller.call.context(&app), &caller.partner, id(&path)).await?;
    let each = |offer: &shared::store::offers::Offer| json!({"partnerId": offer.receiver.as_str(), "createdTimestamp": offer.created.millis()});
    ok(&all.iter().map(each).collect::<Vec<Value>>())
}
