//! `/types`: firmware types.

mod create;
mod read;
mod update;

use serde_json::{Value, json};
use tests::api::{Answer, Api, Tenant};

/// `POST /types` with the `write` key.
async fn create(api: &Api, tenant: &Tenant, body: Value) -> Answer {
    api.call("POST", &tenant.path("/types"), &tenant.write, body).await
}

/// The partner's own types as the list shows them.
async fn own(api: &Api, tenant: &Tenant) -> Vec<Value> {
    let all = api.get(&tenant.path("/types"), &tenant.read).await.expect(200).json();
    all.as_array().unwrap().iter().filter(|each| each["type"].as_u64() > Some(100)).cloned().collect()
}

/// A body without the random id of a partner's type, after checking that it is one.
fn without_id(mut body: Value) -> Value {
    let id: u64 = body["id"].as_str().unwrap().parse().unwrap();
    assert!(id > 200 && i64::try_from(id).is_ok(), "{id}");
    body["id"] = json!("[id]");
    body
}
