//! `GET /v1/ota/whoami`.

use serde_json::{Value, json};
use tests::api::Api;

#[tokio::test]
async fn a_partners_key_is_told_whose_it_is_and_what_it_may() {
    let api = Api::start().await;
    let acme = api.tenant("acme").await;
    let who = api.get("/v1/ota/whoami", &acme.write).await.expect(200);
    assert_eq!(who.header("cache-control"), "no-store");
    insta::assert_json_snapshot!(who.json(), {".keyId" => "[id]"}, @r#"
    {
      "bearer": false,
      "keyId": "[id]",
      "partnerId": "acme",
      "rights": [
        "read",
        "write"
      ]
    }
    "#);
    let rights = api.get("/v1/ota/whoami", &acme.release).await.json()["rights"].clone();
    assert_eq!(rights, json!(["read", "write", "release"]));
    assert_eq!(api.get("/v1/ota/whoami", &acme.read).await.json()["rights"], json!(["read"]));
}

#[tokio::test]
async fn an_operators_key_belongs_to_no_partner() {
    let api = Api::start().await;
    let who = api.get("/v1/ota/whoami", api.server.operator_key()).await.expect(200).json();
    insta::assert_json_snapshot!(who, {".keyId" => "[id]"}, @r#"
    {
      "bearer": false,
      "keyId": "[id]",
      "rights": [
        "operator"
      ]
    }
    "#);
}

#[tokio::test]
async fn a_key_that_ends_is_told_when() {
    let api = Api::start().await;
    let acme = api.tenant("acme").await;
    let expires = api.server.clock().now().plus_seconds(60).millis();
    let body = json!({"rights": ["read"], "label": "short", "expiresTimestamp": expires});
    let made = api.call("POST", &acme.path("/keys"), &acme.release, body).await.expect(201).json();
    let who = api.get("/v1/ota/whoami", made["key"].as_str().unwrap()).await.expect(200).json();
    assert_eq!((&who["expiresTimestamp"], &who["keyId"]), (&json!(expires), &made["keyId"]));
}

#[tokio::test]
async fn it_says_nothing_without_a_key_and_takes_only_reading() {
    let api = Api::start().await;
    let acme = api.tenant("acme").await;
    api.get("/v1/ota/whoami", "").await.expect_problem(401, "key_missing");
    let answer = api.call("POST", "/v1/ota/whoami", &acme.read, Value::Null).await;
    assert_eq!(answer.expect_problem(405, "method_not_allowed").header("allow"), "GET,HEAD");
}
