//! `/v1/ota/admin/*`: what the operator does.

mod keys;
mod partners;
mod types;

use serde_json::{Value, json};
use tests::api::{Answer, Api};

/// Calls `/v1/ota/admin<path>` as the operator.
async fn admin(api: &Api, method: &str, path: &str, body: Value) -> Answer {
    api.call(method, &format!("/v1/ota/admin{path}"), api.server.operator_key(), body).await
}

#[tokio::test]
async fn no_key_but_an_operators_opens_anything_here() {
    let api = Api::start().await;
    let acme = api.tenant("acme").await;
    let keys = admin(&api, "GET", "/partners/acme/keys", Value::Null).await.expect(200).json();
    let some_key = keys[0]["keyId"].as_str().unwrap();
    let partner = json!({"partnerId": "bolt", "name": "Bolt"});
    let key = json!({"rights": ["read"], "label": "x"});
    let named = json!({"name": "RADIO", "type": 9});
    for (method, path, body) in [
        ("GET", "/partners", Value::Null),
        ("POST", "/partners", partner),
        ("GET", "/partners/acme/keys", Value::Null),
        ("POST", "/partners/acme/keys", key),
        ("DELETE", &format!("/partners/acme/keys/{some_key}"), Value::Null),
        ("POST", "/types", named.clone()),
        ("PUT", "/types/9", named),
    ] {
        let path = format!("/v1/ota/admin{path}");
        for key in [&acme.read, &acme.write, &acme.release] {
            api.call(method, &path, key, body.clone()).await.expect_problem(403, "right_missing");
        }
        api.call(method, &path, "", body).await.expect_problem(401, "key_missing");
    }
    let partners = admin(&api, "GET", "/partners", Value::Null).await.expect(200).json();
    assert_eq!(partners.as_array().unwrap().len(), 1);
    let after = admin(&api, "GET", "/partners/acme/keys", Value::Null).await.json();
    let alive = |keys: &Value| {
        let all = keys.as_array().unwrap().iter();
        all.map(|key| (key["keyId"].clone(), key.get("revokedTimestamp").cloned())).collect::<Vec<_>>()
    };
    assert_eq!(alive(&after), alive(&keys));
    api.call("GET", &acme.path("/types/9"), &acme.read, Value::Null).await.expect_problem(404, "not_found");
}

#[tokio::test]
async fn an_operators_key_opens_nothing_of_a_partner() {
    let api = Api::start().await;
    let acme = api.tenant("acme").await;
    for path in ["/types", "/pool", "/keys", "/deviceTypes", "/tags", "/feeds"] {
        let answer = api.get(&acme.path(path), api.server.operator_key()).await;
        answer.expect_problem(404, "not_found");
    }
}
