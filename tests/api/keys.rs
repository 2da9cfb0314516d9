//! `GET|POST|DELETE /v1/ota/partners/{p}/keys`: a partner's own keys.

use serde_json::{Value, json};
use tests::api::{Api, Tenant};

async fn make(api: &Api, tenant: &Tenant, right: &str) -> Value {
    let body = json!({"rights": [right], "label": right});
    api.call("POST", &tenant.path("/keys"), &tenant.release, body).await.expect(201).json()
}

#[tokio::test]
async fn a_release_key_makes_lists_and_revokes_keys_of_its_partner() {
    let api = Api::start().await;
    let (acme, bolt) = (api.tenant("acme").await, api.tenant("bolt").await);
    for right in ["read", "write", "release"] {
        let made = make(&api, &acme, right).await;
        let text = made["key"].as_str().unwrap();
        let who = api.get("/v1/ota/whoami", text).await.expect(200).json();
        assert_eq!((&who["partnerId"], &who["rights"]), (&json!("acme"), &made["rights"]));
        api.get(&bolt.path("/types"), text).await.expect_problem(404, "not_found");

        let listed = api.get(&acme.path("/keys"), &acme.release).await.expect(200);
        assert!(!String::from_utf8_lossy(&listed.bytes).contains(text));
        let keys = listed.json();
        let row = keys.as_array().unwrap().iter().find(|key| key["keyId"] == made["keyId"]).unwrap();
        assert_eq!((&row["label"], &row["rights"]), (&json!(right), &made["rights"]));

        let path = acme.path(&format!("/keys/{}", made["keyId"].as_str().unwrap()));
        for _ in 0..2 {
            api.call("DELETE", &path, &acme.release, Value::Null).await.expect(204);
            api.get("/v1/ota/whoami", text).await.expect_problem(401, "key_revoked");
        }
    }
    assert_eq!(api.get(&acme.path("/keys"), &acme.release).await.json().as_array().unwrap().len(), 6);
    assert_eq!(api.get(&bolt.path("/keys"), &bolt.release).await.json().as_array().unwrap().len(), 3);
}

#[tokio::test]
async fn weaker_keys_and_other_partners_neither_see_nor_touch_keys() {
    let api = Api::start().await;
    let (acme, bolt) = (api.tenant("acme").await, api.tenant("bolt").await);
    let before = api.get(&acme.path("/keys"), &acme.release).await.expect(200).json();
    let one = acme.path(&format!("/keys/{}", before[0]["keyId"].as_str().unwrap()));
    for (method, path) in [("GET", acme.path("/keys")), ("POST", acme.path("/keys")), ("DELETE", one)] {
        let body = if method == "POST" { json!({"rights": ["read"], "label": "x"}) } else { Value::Null };
        for key in [&acme.read, &acme.write] {
            api.call(method, &path, key, body.clone()).await.expect_problem(403, "right_missing");
        }
        for key in [&bolt.release, api.server.operator_key()] {
            api.call(method, &path, key, body.clone()).await.expect_problem(404, "not_found");
        }
        api.call(method, &path, "", body).await.expect_problem(401, "key_missing");
    }
    let of_bolt = api.get(&bolt.path("/keys"), &bolt.release).await.json()[0]["keyId"].clone();
    let crossed = acme.path(&format!("/keys/{}", of_bolt.as_str().unwrap()));
    api.call("DELETE", &crossed, &acme.release, Value::Null).await.expect_problem(404, "not_found");
    let nothing = acme.path("/keys/0000000000000000");
    api.call("DELETE", &nothing, &acme.release, Value::Null).await.expect_problem(404, "not_found");
    // Used in between, but neither more nor fewer.
    let ids =
        |keys: &Value| keys.as_array().unwrap().iter().map(|key| key["keyId"].clone()).collect::<Vec<_>>();
    let after = api.get(&acme.path("/keys"), &acme.release).await.json();
    assert_eq!(ids(&after), ids(&before));
    assert!(after.as_array().unwrap().iter().all(|key| key.get("revokedTimestamp").is_none()), "{after}");
    api.get("/v1/ota/whoami", &bolt.read).await.expect(200);
}

#[tokio::test]
async fn nobody_gives_a_right_that_he_lacks() {
    let api = Api::start().await;
    let acme = api.tenant("acme").await;
    for rights in [json!(["operator"]), json!(["release", "operator"]), json!([]), json!(["all"])] {
        let body = json!({"rights": rights, "label": "x"});
        let refused = api.call("POST", &acme.path("/keys"), &acme.release, body).await;
        refused.expect_problem(422, "invalid_field");
    }
    let path = acme.path("/keys");
    api.call("POST", &path, &acme.release, json!([])).await.expect_problem(400, "malformed_json");
    assert_eq!(api.get(&path, &acme.release).await.json().as_array().unwrap().len(), 3);
}

#[tokio::test]
async fn a_key_can_end_itself() {
    let api = Api::start().await;
    let acme = api.tenant("acme").await;
    let who = api.get("/v1/ota/whoami", &acme.release).await.json();
    let path = acme.path(&format!("/keys/{}", who["keyId"].as_str().unwrap()));
    api.call("DELETE", &path, &acme.release, Value::Null).await.expect(204);
    api.call("DELETE", &path, &acme.release, Value::Null).await.expect_problem(401, "key_revoked");
    api.get("/v1/ota/whoami", &acme.write).await.expect(200);
}

#[tokio::test]
async fn the_day_of_last_use_is_noted_once_a_day() {
    const DAY: i64 = 86_400_000;
    let api = Api::start().await;
    let acme = api.tenant("acme").await;
    let last_used = async || {
        let keys = api.get(&acme.path("/keys"), &acme.release).await.expect(200).json();
        keys[0].get("lastUsedTimestamp").and_then(Value::as_i64)
    };
    assert_eq!(last_used().await, None);
    let mut seen = Vec::new();
    for _ in 0..3 {
        api.get(&acme.path("/types"), &acme.read).await.expect(200);
        api.wire.take_calls();
        api.get(&acme.path("/types"), &acme.read).await.expect(200);
        assert!(!api.wire.take_calls().contains(&"UpdateItem".to_owned()), "noted twice on one day");
        seen.push(last_used().await.unwrap());
        api.server.clock().shift(DAY);
    }
    assert_eq!(seen[0] % DAY, 0);
    assert_eq!(seen, [seen[0], seen[0] + DAY, seen[0] + 2 * DAY]);
}
