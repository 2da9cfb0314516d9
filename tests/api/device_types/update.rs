//! `PUT /deviceTypes/{dt}`.

use serde_json::{Value, json};
use tests::api::Api;

use crate::kettle::{pointers, snapshot};

#[tokio::test]
async fn name_description_and_architecture_change_and_the_id_does_not() {
    let api = Api::start().await;
    let acme = api.tenant("acme").await;
    api.create_device_type(&acme, "kettle").await;
    let path = acme.path("/deviceTypes/kettle");
    let before = api.get(&path, &acme.read).await.expect(200).json();
    api.server.clock().shift(5000);
    let body = json!({
        "deviceTypeId": "lamp", "partnerId": "other", "name": "Kettle II", "description": "new", "architecture": "mips",
        "createdTimestamp": 1, "associations": -5,
    });
    let answer = api.call("PUT", &path, &acme.write, body).await.expect(204);
    assert!(answer.bytes.is_empty());
    let after = api.get(&path, &acme.read).await.expect(200).json();
    snapshot!(after);
    assert_eq!(after["createdTimestamp"], before["createdTimestamp"]);
    assert!(after["updatedTimestamp"].as_i64() >= before["updatedTimestamp"].as_i64().map(|at| at + 5000));
    api.get(&acme.path("/deviceTypes/lamp"), &acme.read).await.expect_problem(404, "not_found");
    // What is left out is as if never written.
    api.call("PUT", &path, &acme.write, json!({"name": "Kettle III"})).await.expect(204);
    let bare = api.get(&path, &acme.read).await.expect(200).json();
    assert_eq!((bare.get("description"), &bare["architecture"]), (None, &json!("all")));
}

#[tokio::test]
async fn an_update_with_faults_changes_nothing() {
    let api = Api::start().await;
    let acme = api.tenant("acme").await;
    api.create_device_type(&acme, "kettle").await;
    let path = acme.path("/deviceTypes/kettle");
    let before = api.get(&path, &acme.read).await.expect(200).json();
    for (body, at) in [
        (json!({}), vec!["/name"]),
        (json!({"name": "n".repeat(36)}), vec!["/name"]),
        (json!({"name": null, "architecture": "X"}), vec!["/name", "/architecture"]),
        (json!({"name": "x", "description": "d".repeat(501)}), vec!["/description"]),
    ] {
        let refused = api.call("PUT", &path, &acme.write, body).await.expect_problem(422, "invalid_field");
        assert_eq!(pointers(&refused), at);
    }
    let request = api.request("PUT", &path).bearer_auth(&acme.write).body("{");
    api.send(request).await.expect_problem(400, "malformed_json");
    assert_eq!(api.get(&path, &acme.read).await.expect(200).json(), before);
}

#[tokio::test]
async fn what_is_not_there_or_not_yours_cannot_be_updated() {
    let api = Api::start().await;
    let (acme, other) = (api.tenant("acme").await, api.tenant("other").await);
    api.create_device_type(&acme, "kettle").await;
    let before = api.get(&acme.path("/deviceTypes/kettle"), &acme.read).await.expect(200).json();
    let body = json!({"name": "stolen"});
    for (path, key) in [
        (other.path("/deviceTypes/kettle"), &other.release),
        (acme.path("/deviceTypes/kettle"), &other.release),
        (acme.path("/deviceTypes/nothing"), &acme.release),
    ] {
        api.call("PUT", &path, key, body.clone()).await.expect_problem(404, "not_found");
    }
    assert_eq!(api.get(&acme.path("/deviceTypes/kettle"), &acme.read).await.expect(200).json(), before);
    api.get(&acme.path("/deviceTypes/nothing"), &acme.read).await.expect_problem(404, "not_found");
    api.call("DELETE", &acme.path("/deviceTypes/kettle"), &acme.write, Value::Null).await.expect(204);
    let dead = api.call("PUT", &acme.path("/deviceTypes/kettle"), &acme.write, body).await;
    dead.expect_problem(404, "not_found");
}
