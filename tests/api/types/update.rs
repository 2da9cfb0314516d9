//! `PUT /types/{type}`.

use serde_json::{Value, json};
use tests::api::{Answer, Api, Tenant};

use super::{create, own, without_id};
use crate::kettle::{Kettle, pointers, snapshot};

async fn put(api: &Api, tenant: &Tenant, number: u16, body: Value) -> Answer {
    api.call("PUT", &tenant.path(&format!("/types/{number}")), &tenant.write, body).await
}

#[tokio::test]
async fn name_and_description_change_and_nothing_else_does() {
    let api = Api::start().await;
    let acme = api.tenant("acme").await;
    let before =
        create(&api, &acme, json!({"name": "A", "type": 105, "description": "a"})).await.expect(201).json();
    api.server.clock().shift(60_000);
    let mut body = before.clone();
    for (field, value) in
        [("name", json!("B")), ("description", json!("b")), ("type", json!(106)), ("id", json!("1"))]
    {
        body[field] = value;
    }
    body["partnerId"] = json!("other");
    let answer = put(&api, &acme, 105, body).await.expect(204);
    assert!(answer.bytes.is_empty());

    let after = own(&api, &acme).await;
    assert_eq!(after.len(), 1);
    assert_eq!(after[0]["id"], before["id"]);
    assert_eq!(after[0]["createdTimestamp"], before["createdTimestamp"]);
    assert!(after[0]["updatedTimestamp"].as_i64() > before["updatedTimestamp"].as_i64());
    snapshot!(without_id(after[0].clone()));
}

#[tokio::test]
async fn a_description_left_out_is_gone() {
    let api = Api::start().await;
    let acme = api.tenant("acme").await;
    create(&api, &acme, json!({"name": "A", "type": 105, "description": "a"})).await.expect(201);
    put(&api, &acme, 105, json!({"name": "A"})).await.expect(204);
    assert!(own(&api, &acme).await[0].get("description").is_none());
    // The same again is no fault.
    put(&api, &acme, 105, json!({"name": "A"})).await.expect(204);
}

#[tokio::test]
async fn platform_types_are_the_operators() {
    let api = Api::start().await;
    let acme = api.tenant("acme").await;
    let body = json!({"name": "RADIO", "type": 9});
    api.call("POST", "/v1/ota/admin/types", api.server.operator_key(), body).await.expect(201);
    let before = api.get(&acme.path("/types"), &acme.read).await.expect(200).json();
    for number in [1, 3, 4, 8, 9, 100] {
        put(&api, &acme, number, json!({"name": "MINE"})).await.expect_problem(403, "platform_type");
    }
    assert_eq!(api.get(&acme.path("/types"), &acme.read).await.expect(200).json(), before);
}

#[tokio::test]
async fn a_type_that_is_not_there_is_not_made() {
    let api = Api::start().await;
    let (acme, other) = (api.tenant("acme").await, api.tenant("other").await);
    api.create_type(&other, 105).await;
    let before = own(&api, &other).await;
    put(&api, &acme, 105, json!({"name": "A"})).await.expect_problem(404, "not_found");
    assert_eq!(own(&api, &acme).await, [Value::Null; 0]);
    assert_eq!(own(&api, &other).await, before);
}

#[tokio::test]
async fn a_refused_body_changes_nothing() {
    let api = Api::start().await;
    let acme = api.tenant("acme").await;
    api.create_type(&acme, 105).await;
    let before = own(&api, &acme).await;
    for (body, faults) in [
        (json!({}), vec!["/name"]),
        (json!({"name": null}), vec!["/name"]),
        (json!({"name": "n".repeat(36)}), vec!["/name"]),
        (json!({"name": "a/b"}), vec!["/name"]),
        (json!({"name": 1}), vec!["/name"]),
        (json!({"name": "A", "description": "d".repeat(501)}), vec!["/description"]),
        (json!({"name": "", "description": false}), vec!["/description", "/name"]),
    ] {
        let refused = put(&api, &acme, 105, body).await.expect_problem(422, "invalid_field");
        let mut found = pointers(&refused);
        found.sort();
        assert_eq!(found, faults);
    }
    let send = |kind: &str, body: &'static str| {
        let request = api.request("PUT", &acme.path("/types/105")).bearer_auth(&acme.write);
        api.send(request.header("content-type", kind).body(body))
    };
    send("application/json", "{").await.expect_problem(400, "malformed_json");
    send("text/plain", r#"{"name":"A"}"#).await.expect_problem(415, "unsupported_media_type");
    let large = json!({"name": "A", "x": "x".repeat(256 << 10)});
    put(&api, &acme, 105, large).await.expect_problem(413, "body_too_large");
    assert_eq!(own(&api, &acme).await, before);
}

#[tokio::test]
async fn devices_read_the_new_name_in_their_checks() {
    let kettle = Kettle::start().await;
    kettle.image_in("1.0", &["release", "beta"]).await;
    let path = kettle.acme.path("/types/105");
    kettle.api.call("PUT", &path, &kettle.acme.release, json!({"name": "RENAMED"})).await.expect(204);
    for feed in ["release", "beta"] {
        let check = kettle.api.check("kettle", &format!("feed={feed}&2105=0")).await.expect(200).json();
        assert_eq!(check["updates"][0]["typeName"], "RENAMED", "{feed}");
    }
}
