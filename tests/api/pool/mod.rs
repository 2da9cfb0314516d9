//! `/pool` and what lies under it.

mod associations;
mod create;
mod delete;
mod exists;
mod get;
mod idempotency;
mod intents;
mod limits;
mod list;
mod numbers;
mod offers;
mod offers_received;
pub(crate) mod packages;
mod races;
mod update;
mod urls;

use serde_json::{Value, json};
use tests::api::{Answer, Api, Tenant};

/// Paths and numbers that name no record because they can be none.
const NO_TYPES: [&str; 9] = ["0", "201", "-1", "x", "01", "+1", "1.5", "65641", "%FF"];
const NO_NUMBERS: [&str; 8] = ["0", "-1", "9223372036854775808", "x", "01", "+1", "1.0", "1e3"];

/// A service with partner `acme` and its type 105.
struct Pool {
    api: Api,
    acme: Tenant,
}

impl Pool {
    async fn start() -> Self {
        let api = Api::start().await;
        let acme = api.tenant("acme").await;
        api.create_type(&acme, 105).await;
        Self { api, acme }
    }

    /// `POST /pool` with the `write` key.
    async fn post(&self, body: Value) -> Answer {
        self.api.call("POST", &self.acme.path("/pool"), &self.acme.write, body).await
    }

    /// `PUT` of a record with the `release` key.
    async fn put(&self, record: &Value, body: Value) -> Answer {
        self.api.call("PUT", &self.path(record), &self.acme.release, body).await
    }

    /// The path of a record.
    fn path(&self, record: &Value) -> String {
        self.api.record_path(&self.acme, record)
    }

    /// A record as it is now.
    async fn read(&self, record: &Value) -> Value {
        self.api.get(&self.path(record), &self.acme.read).await.expect(200).json()
    }

    /// Everything in the pool.
    async fn all(&self) -> Vec<Value> {
        content(&self.api, &self.acme, "/pool?size=200&sort=versionNumber").await
    }
}

/// The content of a page.
async fn content(api: &Api, tenant: &Tenant, path: &str) -> Vec<Value> {
    let page = api.get(&tenant.path(path), &tenant.read).await.expect(200).json();
    page["content"].as_array().unwrap().clone()
}

/// The least that registers an image of type 105 called `image`.
fn image(version: &str) -> Value {
    json!({"name": "image", "type": 105, "version": version, "url": ""})
}

/// `body` with one more field.
fn with(mut body: Value, field: &str, value: impl Into<Value>) -> Value {
    body[field] = value.into();
    body
}

/// The version numbers of records.
fn numbers(records: &[Value]) -> Vec<u64> {
    records.iter().map(|each| each["versionNumber"].as_str().unwrap().parse().unwrap()).collect()
}
