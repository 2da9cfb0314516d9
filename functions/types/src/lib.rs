//! `/v1/ota/partners/{partnerId}/types`: firmware types.

use axum::Router;
use axum::extract::State;
use axum::response::Response;
use axum::routing::get;
use serde_json::Value;
use shared::domain::{Description, Name, TypeNumber};
use shared::http::type_json::firmware_type;
use shared::http::{
    App, JsonBody, Partner, Path, Problem, Read, Write, created, finish, no_content, ok, random,
};
use shared::usecases::types;

/// Operations 1 to 4.
pub fn routes(app: App) -> Router {
    let clock = app.clock.clone();
    let router = Router::new()
        .route("/v1/ota/partners/{partnerId}/types", get(list_types).post(create_type))
        .route("/v1/ota/partners/{partnerId}/types/{type}", get(get_type).put(update_type))
        .with_state(app);
    finish(router, clock)
}

async fn create_type(
    State(app): State<App>,
    caller: Partner<Write>,
    JsonBody { mut fields, .. }: JsonBody,
) -> Result<Response, Problem> {
    let description: Option<Description> = fields.optional("description");
    let (name, number) = (fields.required::<Name>("name"), fields.required::<TypeNumber>("type"));
    let (name, number) = fields.finish((name, number))?;
    let cx = caller.call.context(&app);
    let made = types::create(&cx, &caller.partner, number, name, description, random::number()).await?;
    created(&firmware_type(Some(&caller.partner), &made))
}

async fn list_types(State(app): State<App>, caller: Partner<Read>) -> Result<Response, Problem> {
    let all = types::list(&caller.call.context(&app), &caller.partner).await?;
    ok(&all.iter().map(|each| firmware_type(Some(&caller.partner), each)).collect::<Vec<Value>>())
}

/// The published API answers an array of one.
async fn get_type(
    State(app): State<App>,
    caller: Partner<Read>,
    Path((number,)): Path<(TypeNumber,)>,
) -> Result<Response, Problem> {
    let found = types::get(&caller.call.context(&app), &caller.partner, number).await?;
    ok(&[firmware_type(Some(&caller.partner), &found)])
}

async fn update_type(
    State(app): State<App>,
    caller: Partner<Write>,
    Path((number,)): Path<(TypeNumber,)>,
    JsonBody { mut fields, .. }: JsonBody,
) -> Result<Response, Problem> {
    let description: Option<Description> = fields.optional("description");
    let name = fields.required::<Name>("name");
    let (name,) = fields.finish((name,))?;
    types::update(&caller.call.context(&app), &caller.partner, number, name, description).await?;
    Ok(no_content())
}
