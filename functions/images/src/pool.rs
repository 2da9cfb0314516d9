//! `/pool`, `/pool/types/{type}` and `/tags`: registering and listing.

use axum::extract::State;
use axum::response::Response;
use http::HeaderMap;
use serde_json::json;
use shared::domain::image::Words;
use shared::domain::{ImageId, Name, PartnerId, Tag, TypeNumber, Version};
use shared::http::image_json::{pool_image, words};
use shared::http::{
    App, Fields, JsonBody, Partner, Path, Problem, Query, Read, Service, Write, created, ok, page_body,
    repeatable, replayable,
};
use shared::usecases::images::{self, Wish};
use shared::usecases::registration::{NewImage, register};

pub(crate) async fn create_image(
    State(Service { app, blobs }): State<Service>,
    caller: Partner<Write>,
    headers: HeaderMap,
    body: JsonBody,
) -> Result<Response, Problem> {
    let repeatable = repeatable(&headers, &body.bytes)?;
    let new = new_image(body.fields)?;
    let made = register(&caller.call.context(&app), &blobs, &caller.partner, new, repeatable).await?;
    let answer = created(&pool_image(app.config.base_url()?, &caller.partner, &made.image))?;
    Ok(replayable(answer, made.replayed))
}

fn new_image(mut fields: Fields) -> Result<NewImage, Problem> {
    let number = fields.required::<TypeNumber>("type");
    let associations = fields.lists::<PartnerId, _>("associations");
    let count: usize = associations.iter().map(|(_, list)| list.len().max(1)).sum();
    if count > shared::domain::image::MAX_INTENTS {
        fields.fault("associations", "may name at most 10 device types and partners");
    }
    let (words, wish) = record(&mut fields);
    let (number, words, wish) = fields.finish((number, words, wish))?;
    Ok(NewImage { number, words, wish, associations })
}

/// The fields that registration and edit have in common.
pub(crate) fn record(fields: &mut Fields) -> (Option<Words>, Option<Wish>) {
    let words = words(fields);
    let url = fields.required::<String>("url");
    let url2 = fields.optional::<String>("url2");
    (words, url.map(|url| Wish { url, url2 }))
}

pub(crate) async fn list_images(
    State(app): State<App>,
    caller: Partner<Read>,
    query: Query,
) -> Result<Response, Problem> {
    let page = images::list(&caller.call.context(&app), &caller.partner, None, &query.page()?).await?;
    let base = app.config.base_url()?;
    ok(&page_body(&page, |image| pool_image(base, &caller.partner, image)))
}

pub(crate) async fn list_images_of_type(
    State(app): State<App>,
    caller: Partner<Read>,
    Path((number,)): Path<(TypeNumber,)>,
    query: Query,
) -> Result<Response, Problem> {
    not_a_description(number)?;
    let page =
        images::list(&caller.call.context(&app), &caller.partner, Some(number), &query.page()?).await?;
    let base = app.config.base_url()?;
    ok(&page_body(&page, |image| pool_image(base, &caller.partner, image)))
}

pub(crate) async fn get_exists(
    State(app): State<App>,
    caller: Partner<Read>,
    Path((number, name, version)): Path<(TypeNumber, Name, Version)>,
    query: Query,
) -> Result<Response, Problem> {
    not_a_description(number)?;
    let except = query.parsed::<ImageId>("excludeFirmwareImageId")?;
    let cx = caller.call.context(&app);
    let value = images::exists(&cx, &caller.partner, number, &name, &version, except).await?;
    ok(&json!({"value": value}))
}

/// Type 4 is in no pool: every path of it there is nowhere.
fn not_a_description(number: TypeNumber) -> Result<(), Problem> {
    if number.is_description() { Err(Problem::not_found()) } else { Ok(()) }
}

pub(crate) async fn list_tags(State(app): State<App>, caller: Partner<Read>) -> Result<Response, Problem> {
    let tags = images::tags(&caller.call.context(&app), &caller.partner).await?;
    ok(&tags.iter().map(Tag::as_str).collect::<Vec<_>>())
}
