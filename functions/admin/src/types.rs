//! `/v1/ota/admin/types`: the platform types that the operator adds (9 to 100).

use axum::extract::State;
use axum::response::Response;
use shared::domain::{Description, Name, TypeNumber};
use shared::http::type_json::firmware_type;
use shared::http::{App, ByOperator, JsonBody, Path, Problem, created, no_content};
use shared::usecases::types;

pub(crate) async fn create_platform_type(
    State(app): State<App>,
    ByOperator(call): ByOperator,
    JsonBody { mut fields, .. }: JsonBody,
) -> Result<Response, Problem> {
    let description = fields.optional::<Description>("description");
    let given = (fields.required::<TypeNumber>("type"), fields.required::<Name>("name"));
    let (number, name) = fields.finish(given)?;
    let made = types::create_platform(&call.context(&app), number, name, description).await?;
    created(&firmware_type(None, &made))
}

pub(crate) async fn update_platform_type(
    State(app): State<App>,
    ByOperator(call): ByOperator,
    Path((number,)): Path<(TypeNumber,)>,
    JsonBody { mut fields, .. }: JsonBody,
) -> Result<Response, Problem> {
    let description = fields.optional::<Description>("description");
    let name = fields.required::<Name>("name");
    let (name,) = fields.finish((name,))?;
    types::update_platform(&call.context(&app), number, name, description).await?;
    Ok(no_content())
}
