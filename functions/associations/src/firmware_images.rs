//! `/deviceTypes/{deviceTypeId}/firmwareImages`: which images a device type gets, in which feeds.

use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use shared::domain::approval::Proposed;
use shared::domain::{DeviceTypeId, FeedName, ImageId, TypeNumber, VersionNumber};
use shared::http::approval_json::waits;
use shared::http::image_json::device_type_image;
use shared::http::rollout_json::wanted_inside;
use shared::http::{
    App, JsonBody, Partner, Path, Problem, Query, Read, Service, Write, created, no_content, ok, page_body,
    repeatable,
};
use shared::usecases::approvals::{Outcome, or_propose};
use shared::usecases::associations::{Promotion, associate, get, list, promote, remove};

use crate::descriptions::create_description;

/// The three segments that name an image of a device type.
type ImagePath = Path<(DeviceTypeId, TypeNumber, VersionNumber)>;

/// The body is the pool record as read; of it, type and version number count. Type 4 without a number is a new record.
pub(crate) async fn create_association(
    State(service): State<Service>,
    caller: Partner<Write>,
    Path((device_type,)): Path<(DeviceTypeId,)>,
    headers: HeaderMap,
    JsonBody { mut fields, bytes }: JsonBody,
) -> Result<Response, Problem> {
    let feed = fields.optional::<FeedName>("feed").unwrap_or_default();
    let kind = fields.required::<TypeNumber>("type");
    if kind.is_some_and(TypeNumber::is_description) && !fields.has("versionNumber") {
        let key = repeatable(&headers, &bytes)?;
        return Box::pin(create_description(&service, &caller, &device_type, &feed, fields, key)).await;
    }
    let wanted = wanted_inside(&mut fields);
    let id = (kind, fields.required::<VersionNumber>("versionNumber"));
    let (r#type, number) = fields.finish(id)?;
    let Service { app, blobs } = service;
    let cx = caller.call.context(&app);
    let id = ImageId { r#type, number };
    let made = associate(&cx, &blobs, &caller.partner, &device_type, &feed, id, wanted.as_ref()).await;
    let change = || Proposed::Associate { device_type, image: id, wanted };
    match or_propose(&cx, &caller.partner, made, change).await? {
        Outcome::Done(made) => created(&device_type_image(app.config.base_url()?, &caller.partner, &made)),
        Outcome::Waits(approval) => waits(&caller.partner, &approval, cx.now),
    }
}

pub(crate) async fn list_firmware_images(
    State(app): State<App>,
    caller: Partner<Read>,
    Path((device_type,)): Path<(DeviceTypeId,)>,
    query: Query,
) -> Result<Response, Problem> {
    listed(&app, &caller, &device_type, None, &query).await
}

pub(crate) async fn list_firmware_images_of_type(
    State(app): State<App>,
    caller: Partner<Read>,
    Path((device_type, number)): Path<(DeviceTypeId, TypeNumber)>,
    query: Query,
) -> Result<Response, Problem> {
    listed(&app, &caller, &device_type, Some(number), &query).await
}

async fn listed(
    app: &App,
    caller: &Partner<Read>,
    device_type: &DeviceTypeId,
    number: Option<TypeNumber>,
    query: &Query,
) -> Result<Response, Problem> {
    let feed = query.parsed::<FeedName>("feed")?;
    let cx = caller.call.context(app);
    let page = list(&cx, &caller.partner, device_type, feed.as_ref(), number, &query.page()?).await?;
    let base = app.config.base_url()?;
    ok(&page_body(&page, |each| device_type_image(base, &caller.partner, each)))
}

pub(crate) async fn get_firmware_image(
    State(app): State<App>,
    caller: Partner<Read>,
    Path((device_type, r#type, number)): ImagePath,
) -> Result<Response, Problem> {
    let cx = caller.call.context(&app);
    let found = get(&cx, &caller.partner, &device_type, ImageId { r#type, number }).await?;
    ok(&device_type_image(app.config.base_url()?, &caller.partner, &found))
}

pub(crate) async fn delete_association(
    State(Service { app, blobs }): State<Service>,
    caller: Partner<Write>,
    Path((device_type, r#type, number)): ImagePath,
    query: Query,
) -> Result<Response, Problem> {
    let feed = query.parsed::<FeedName>("feed")?;
    let cx = caller.call.context(&app);
    remove(&cx, &blobs, &caller.partner, &device_type, ImageId { r#type, number }, feed.as_ref()).await?;
    Ok(no_content())
}

pub(crate) async fn promote_firmware_image(
    State(Service { app, blobs }): State<Service>,
    caller: Partner<Write>,
    Path((device_type, r#type, number)): ImagePath,
    JsonBody { mut fields, .. }: JsonBody,
) -> Result<Response, Problem> {
    let feeds = (fields.required::<FeedName>("from"), fields.required::<FeedName>("to"));
    let wanted = wanted_inside(&mut fields);
    let (from, to) = fields.finish(feeds)?;
    let cx = caller.call.context(&app);
    let (id, promotion) = (ImageId { r#type, number }, Promotion { from, to, wanted });
    let made = promote(&cx, &blobs, &caller.partner, &device_type, id, &promotion).await;
    let Promotion { from, wanted, .. } = promotion;
    let change = || Proposed::Promote { device_type, image: id, from, wanted };
    match or_propose(&cx, &caller.partner, made, change).await? {
        Outcome::Done(made) => created(&device_type_image(app.config.base_url()?, &caller.partner, &made)),
        Outcome::Waits(approval) => waits(&caller.partner, &approval, cx.now),
    }
}
