//! `/v1/ota/admin/partners`: the tenants.

use axum::extract::State;
use axum::response::Response;
use serde_json::{Value, json};
use shared::domain::text::Email;
use shared::domain::{Name, PartnerId};
use shared::http::{App, ByOperator, JsonBody, Problem, created, ok};
use shared::store::partners::Partner;
use shared::usecases::partners;

fn shown(partner: &Partner) -> Value {
    let mut body = json!({
        "partnerId": partner.id.as_str(),
        "name": partner.name.as_str(),
        "createdTimestamp": partner.created.millis(),
    });
    if let Some(email) = &partner.email {
        body["email"] = email.as_str().into();
    }
    body
}

pub(crate) async fn create_partner(
    State(app): State<App>,
    ByOperator(call): ByOperator,
    JsonBody { mut fields, .. }: JsonBody,
) -> Result<Response, Problem> {
    let email = fields.optional::<Email>("email");
    let given = (fields.required::<PartnerId>("partnerId"), fields.required::<Name>("name"));
    let (id, name) = fields.finish(given)?;
    created(&shown(&partners::create(&call.context(&app), id, name, email).await?))
}

pub(crate) async fn list_partners(
    State(app): State<App>,
    ByOperator(call): ByOperator,
) -> Result<Response, Problem> {
    let all = partners::list(&call.context(&app)).await?;
    ok(&all.iter().map(shown).collect::<Vec<_>>())
}
