//! `GET /feeds`.

use serde_json::Value;
use tests::api::Api;

use crate::kettle::snapshot;

#[tokio::test]
async fn feeds_are_listed_in_the_order_of_promotion_then_by_name() {
    let api = Api::start().await;
    let acme = api.tenant("acme").await;
    for feed in ["nightly", "dev-lab", "development"] {
        api.call("PUT", &acme.path(&format!("/feeds/{feed}")), &acme.write, Value::Null).await.expect(204);
    }
    snapshot!(api.get(&acme.path("/feeds"), &acme.read).await.expect(200).json());
}

#[tokio::test]
async fn the_feeds_of_another_partner_are_not_found() {
    let api = Api::start().await;
    let (acme, other) = (api.tenant("acme").await, api.tenant("other").await);
    api.get(&acme.path("/feeds"), &other.release).await.expect_problem(404, "not_found");
    let post = api.call("POST", &acme.path("/feeds"), &acme.release, Value::Null).await;
    post.expect_problem(405, "method_not_allowed");
}
