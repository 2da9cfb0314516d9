//! `POST|GET /v1/ota/admin/partners`.

use serde_json::{Value, json};
use tests::api::Api;

use super::admin;

#[tokio::test]
async fn a_partner_is_made_once_and_listed() {
    let api = Api::start().await;
    assert_eq!(admin(&api, "GET", "/partners", Value::Null).await.expect(200).json(), json!([]));
    let body = json!({"partnerId": "acme", "name": "Acme, инк.", "email": "ota@acme.example", "more": 1});
    let made = admin(&api, "POST", "/partners", body.clone()).await.expect(201).json();
    insta::assert_json_snapshot!(made, {".createdTimestamp" => "[time]"}, @r#"
    {
      "createdTimestamp": "[time]",
      "email": "ota@acme.example",
      "name": "Acme, инк.",
      "partnerId": "acme"
    }
    "#);
    admin(&api, "POST", "/partners", body).await.expect_problem(409, "partner_exists");
    let other = json!({"partnerId": "acme", "name": "Another"});
    admin(&api, "POST", "/partners", other).await.expect_problem(409, "partner_exists");
    let silent = json!({"partnerId": "b".repeat(63), "name": "n".repeat(35), "email": null});
    let silent = admin(&api, "POST", "/partners", silent).await.expect(201).json();
    assert!(silent.get("email").is_none(), "{silent}");
    assert_eq!(admin(&api, "GET", "/partners", Value::Null).await.json(), json!([made, silent]));
}

#[tokio::test]
async fn what_cannot_be_a_partner_is_refused_with_every_fault() {
    let api = Api::start().await;
    for (field, value) in [
        ("partnerId", json!("")),
        ("partnerId", json!("Acme")),
        ("partnerId", json!("-acme")),
        ("partnerId", json!("a_b")),
        ("partnerId", json!("ключ")),
        ("partnerId", json!("b".repeat(64))),
        ("partnerId", json!(7)),
        ("partnerId", Value::Null),
        ("name", json!("")),
        ("name", json!("n".repeat(36))),
        ("name", json!("a/b")),
        ("name", json!("a\u{7}b")),
        ("name", Value::Null),
        ("email", json!("nobody")),
        ("email", json!("a b@c")),
        ("email", json!(format!("{}@c", "a".repeat(253)))),
    ] {
        let mut body = json!({"partnerId": "acme", "name": "Acme", "email": "a@b"});
        body[field] = value;
        let problem = admin(&api, "POST", "/partners", body.clone()).await;
        let problem = problem.expect_problem(422, "invalid_field").json();
        assert_eq!(problem["errors"][0]["pointer"], format!("/{field}"), "{body}");
        assert_eq!(problem["errors"].as_array().unwrap().len(), 1, "{body}");
    }
    let all = admin(&api, "POST", "/partners", json!({"partnerId": "A", "email": ""})).await;
    assert_eq!(all.expect_problem(422, "invalid_field").json()["errors"].as_array().unwrap().len(), 3);
    admin(&api, "POST", "/partners", json!(["acme"])).await.expect_problem(400, "malformed_json");
    let request = api.request("POST", "/v1/ota/admin/partners").bearer_auth(api.server.operator_key());
    let typed = request.header("content-type", "text/plain").body("{}");
    api.send(typed).await.expect_problem(415, "unsupported_media_type");
    assert_eq!(admin(&api, "GET", "/partners", Value::Null).await.json(), json!([]));
}

#[tokio::test]
async fn a_partner_begins_with_nothing_but_the_platform_types() {
    let api = Api::start().await;
    let acme = api.tenant("acme").await;
    for path in ["/tags", "/deviceTypes"] {
        assert_eq!(api.get(&acme.path(path), &acme.read).await.expect(200).json(), json!([]), "{path}");
    }
    assert_eq!(api.get(&acme.path("/pool"), &acme.read).await.expect(200).json()["totalElements"], 0);
    assert_eq!(api.get(&acme.path("/types"), &acme.read).await.json().as_array().unwrap().len(), 8);
}
