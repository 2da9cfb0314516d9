//! `POST|GET|DELETE /v1/ota/admin/partners/{p}/keys`.

use serde_json::{Value, json};
use tests::api::{Api, Tenant};

use super::admin;

const KEYS: &str = "/partners/acme/keys";

async fn acme(api: &Api) {
    admin(api, "POST", "/partners", json!({"partnerId": "acme", "name": "Acme"})).await.expect(201);
}

#[tokio::test]
async fn a_key_is_shown_once_and_listed_without_its_text() {
    let api = Api::start().await;
    acme(&api).await;
    assert_eq!(admin(&api, "GET", KEYS, Value::Null).await.expect(200).json(), json!([]));
    let expires = api.server.clock().now().plus_seconds(3600).millis();
    let body = json!({"rights": ["write", "read"], "label": "build – pipeline", "expiresTimestamp": expires});
    let mut made = admin(&api, "POST", KEYS, body).await.expect(201).json();
    insta::assert_json_snapshot!(made, {
        ".createdTimestamp" => "[time]", ".expiresTimestamp" => "[time]", ".key" => "[key]", ".keyId" => "[id]",
    }, @r#"
    {
      "createdTimestamp": "[time]",
      "expiresTimestamp": "[time]",
      "key": "[key]",
      "keyId": "[id]",
      "label": "build – pipeline",
      "rights": [
        "read",
        "write"
      ]
    }
    "#);
    assert_eq!(made["expiresTimestamp"], expires);
    let (text, id) = (made["key"].as_str().unwrap().to_owned(), made["keyId"].as_str().unwrap().to_owned());
    assert!(text.starts_with("otak1_") && text.len() == 55, "{}", text.len());
    assert!(id.len() == 16 && !text.contains(&id), "{id}");
    made.as_object_mut().unwrap().remove("key");
    assert_eq!(admin(&api, "GET", KEYS, Value::Null).await.json(), json!([made]));
    api.get("/v1/ota/partners/acme/types", &text).await.expect(200);
}

#[tokio::test]
async fn the_strongest_right_counts_and_holds_the_weaker() {
    let api = Api::start().await;
    acme(&api).await;
    for (asked, given) in [
        (json!(["read"]), json!(["read"])),
        (json!(["write"]), json!(["read", "write"])),
        (json!(["release"]), json!(["read", "write", "release"])),
        (json!(["release", "read", "write"]), json!(["read", "write", "release"])),
        (json!(["read", "read"]), json!(["read"])),
    ] {
        let made = admin(&api, "POST", KEYS, json!({"rights": asked, "label": "x"})).await.expect(201).json();
        assert_eq!(made["rights"], given, "{asked}");
        let who = api.get("/v1/ota/whoami", made["key"].as_str().unwrap()).await.expect(200).json();
        assert_eq!(who["rights"], given, "{asked}");
    }
}

#[tokio::test]
async fn what_cannot_be_a_key_is_refused() {
    let api = Api::start().await;
    acme(&api).await;
    let now = api.server.clock().now().millis();
    for (field, value) in [
        ("rights", json!([])),
        ("rights", json!(["operator"])),
        ("rights", json!(["read", "operator"])),
        ("rights", json!(["READ"])),
        ("rights", json!(["read", "write", "release", "read"])),
        ("rights", json!("read")),
        ("rights", json!([7])),
        ("rights", Value::Null),
        ("label", json!("l".repeat(101))),
        ("label", json!("a\nb")),
        ("label", Value::Null),
        ("expiresTimestamp", json!(now - 1)),
        ("expiresTimestamp", json!(0)),
        ("expiresTimestamp", json!(-1)),
        ("expiresTimestamp", json!(1.5)),
        ("expiresTimestamp", json!("tomorrow")),
    ] {
        let mut body =
            json!({"rights": ["read"], "label": "l".repeat(100), "expiresTimestamp": now + 60_000});
        body[field] = value;
        let problem = admin(&api, "POST", KEYS, body.clone()).await;
        let problem = problem.expect_problem(422, "invalid_field").json();
        assert!(
            problem["errors"][0]["pointer"].as_str().unwrap().starts_with(&format!("/{field}")),
            "{problem}"
        );
    }
    let request = api.request("POST", "/v1/ota/admin/partners/acme/keys");
    let broken = request.bearer_auth(api.server.operator_key()).body("{");
    api.send(broken).await.expect_problem(400, "malformed_json");
    assert_eq!(admin(&api, "GET", KEYS, Value::Null).await.json(), json!([]));
}

#[tokio::test]
async fn a_revoked_key_is_dead_at_once_and_stays_listed() {
    let api = Api::start().await;
    let acme = api.tenant("acme").await;
    let id = api.get("/v1/ota/whoami", &acme.write).await.json()["keyId"].as_str().unwrap().to_owned();
    let path = format!("{KEYS}/{id}");
    for _ in 0..2 {
        admin(&api, "DELETE", &path, Value::Null).await.expect(204);
        api.get(&acme.path("/types"), &acme.write).await.expect_problem(401, "key_revoked");
    }
    api.get(&acme.path("/types"), &acme.read).await.expect(200);
    let keys = admin(&api, "GET", KEYS, Value::Null).await.json();
    let revoked: Vec<_> =
        keys.as_array().unwrap().iter().filter(|key| key.get("revokedTimestamp").is_some()).collect();
    assert_eq!((keys.as_array().unwrap().len(), revoked.len()), (3, 1), "{keys}");
    assert_eq!(revoked[0]["keyId"], id);
}

#[tokio::test]
async fn keys_are_those_of_one_partner() {
    let api = Api::start().await;
    let tenants = [api.tenant("acme").await, api.tenant("bolt").await];
    let id = async |tenant: &Tenant| {
        api.get("/v1/ota/whoami", &tenant.read).await.json()["keyId"].as_str().unwrap().to_owned()
    };
    let foreign = id(&tenants[1]).await;
    admin(&api, "DELETE", &format!("{KEYS}/{foreign}"), Value::Null).await.expect_problem(404, "not_found");
    for nothing in ["0000000000000000", "x", "ключ", "a%20b"] {
        admin(&api, "DELETE", &format!("{KEYS}/{nothing}"), Value::Null)
            .await
            .expect_problem(404, "not_found");
    }
    api.get("/v1/ota/whoami", &tenants[1].read).await.expect(200);
    let body = json!({"rights": ["read"], "label": "x"});
    admin(&api, "POST", "/partners/nobody/keys", body.clone()).await.expect_problem(404, "not_found");
    admin(&api, "GET", "/partners/nobody/keys", Value::Null).await.expect_problem(404, "not_found");
    let own = id(&tenants[0]).await;
    let nobodys = format!("/partners/nobody/keys/{own}");
    admin(&api, "DELETE", &nobodys, Value::Null).await.expect_problem(404, "not_found");
    for (method, body) in [("POST", body), ("GET", Value::Null)] {
        admin(&api, method, "/partners/No-Slug/keys", body).await.expect_problem(400, "invalid_parameter");
    }
}
