//! `/pool/types/{type}/versionNumbers/{versionNumber}`: one record, and where it is.

use axum::extract::State;
use axum::response::Response;
use serde_json::{Value, json};
use shared::domain::{FeedName, ImageId, TypeNumber, VersionNumber};
use shared::http::image_json::pool_image;
use shared::http::{App, JsonBody, Partner, Path, Problem, Read, Service, Write, no_content, ok};
use shared::usecases::images;
use shared::usecases::placements::{ImageAssociation, of_image};

use crate::pool::record;

/// The two segments that name a record.
pub(crate) type Record = Path<(TypeNumber, VersionNumber)>;

/// The image that the two segments name.
pub(crate) fn id(record: &Record) -> ImageId {
    ImageId { r#type: record.0.0, number: record.0.1 }
}

pub(crate) async fn get_image(
    State(app): State<App>,
    caller: Partner<Read>,
    path: Record,
) -> Result<Response, Problem> {
    let image = images::get(&caller.call.context(&app), &caller.partner, id(&path)).await?;
    ok(&pool_image(app.config.base_url()?, &caller.partner, &image))
}

pub(crate) async fn update_image(
    State(Service { app, blobs }): State<Service>,
    caller: Partner<Write>,
    path: Record,
    JsonBody { mut fields, .. }: JsonBody,
) -> Result<Response, Problem> {
    let read = record(&mut fields);
    let (words, wish) = fields.finish(read)?;
    images::edit(&caller.call.context(&app), &blobs, &caller.partner, id(&path), words, &wish).await?;
    Ok(no_content())
}

pub(crate) async fn delete_image(
    State(app): State<App>,
    caller: Partner<Write>,
    path: Record,
) -> Result<Response, Problem> {
    images::delete(&caller.call.context(&app), &caller.partner, id(&path)).await?;
    Ok(no_content())
}

pub(crate) async fn list_image_associations(
    State(app): State<App>,
    caller: Partner<Read>,
    path: Record,
) -> Result<Response, Problem> {
    let all = of_image(&caller.call.context(&app), &caller.partner, id(&path)).await?;
    ok(&all.iter().map(|each| association(id(&path), each)).collect::<Vec<Value>>())
}

fn association(id: ImageId, this: &ImageAssociation) -> Value {
    let mut body = json!({
        "name": this.partner.name.as_str(),
        "partnerId": this.partner.id.as_str(),
        "deviceTypeId": this.device_type.id.as_str(),
        "deviceTypeName": this.device_type.name.as_str(),
        "firmwareImageId": id.to_string(),
        "feeds": this.feeds.iter().map(FeedName::as_str).collect::<Vec<_>>(),
    });
    if let Some(email) = &this.partner.email {
        body["email"] = email.as_str().into();
    }
    body
}
