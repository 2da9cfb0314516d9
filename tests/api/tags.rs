//! `GET /tags`.

use serde_json::{Value, json};
use tests::api::{Api, Tenant};

use crate::kettle::snapshot;

async fn tags(api: &Api, tenant: &Tenant) -> Value {
    api.get(&tenant.path("/tags"), &tenant.read).await.expect(200).json()
}

async fn tagged(api: &Api, tenant: &Tenant, version: &str, tags: Value) -> Value {
    let body = json!({"name": "image", "type": 3, "version": version, "url": "", "tags": tags});
    api.call("POST", &tenant.path("/pool"), &tenant.write, body).await.expect(201).json()
}

#[tokio::test]
async fn every_tag_of_the_pool_is_listed_once_and_sorted() {
    let api = Api::start().await;
    let acme = api.tenant("acme").await;
    assert_eq!(tags(&api, &acme).await, json!([]));
    tagged(&api, &acme, "1", json!(["stable", "b", "Ä"])).await;
    tagged(&api, &acme, "2", json!(["b", "a", "B", "10", "9", "two words"])).await;
    tagged(&api, &acme, "3", json!([])).await;
    snapshot!(tags(&api, &acme).await);
}

#[tokio::test]
async fn a_tag_goes_with_the_last_record_that_has_it() {
    let api = Api::start().await;
    let acme = api.tenant("acme").await;
    let one = tagged(&api, &acme, "1", json!(["a", "b"])).await;
    let two = tagged(&api, &acme, "2", json!(["b", "c"])).await;
    let mut edited = one.clone();
    edited["tags"] = json!(["d"]);
    api.call("PUT", &api.record_path(&acme, &one), &acme.write, edited).await.expect(204);
    assert_eq!(tags(&api, &acme).await, json!(["b", "c", "d"]));
    api.call("DELETE", &api.record_path(&acme, &two), &acme.write, Value::Null).await.expect(204);
    assert_eq!(tags(&api, &acme).await, json!(["d"]));
}

#[tokio::test]
async fn tags_are_the_partners_own() {
    let api = Api::start().await;
    let (acme, other) = (api.tenant("acme").await, api.tenant("other").await);
    tagged(&api, &acme, "1", json!(["secret plan"])).await;
    assert_eq!(tags(&api, &other).await, json!([]));
}

#[tokio::test]
async fn other_methods_are_not_allowed() {
    let api = Api::start().await;
    let acme = api.tenant("acme").await;
    for method in ["POST", "PUT", "DELETE"] {
        let answer = api.call(method, &acme.path("/tags"), &acme.write, json!({})).await;
        answer.expect_problem(405, "method_not_allowed");
    }
}
