//! Another partner finds nothing of a description, by whatever path.

use serde_json::{Value, json};

use super::description;
use crate::kettle::Kettle;

#[tokio::test]
async fn another_partner_finds_nothing_and_changes_nothing() {
    let it = Kettle::start().await;
    let other = it.api.tenant("other").await;
    it.api.create_device_type(&other, "lamp").await;
    let made = it.description_in("1.0", "beta").await;
    let theirs = it.api.upload(&other, b"theirs").await;
    for key in [&other.read, &other.write, &other.release] {
        it.api.get(&it.images(), key).await.expect_problem(404, "not_found");
    }
    let before = it.api.dump().await;
    let image = "/firmwareImages/types/4/versionNumbers/1";
    for partner in ["acme", "other"] {
        for (method, rest, body) in [
            ("POST", "/firmwareImages", description("2", &theirs)),
            ("POST", "/firmwareImages", json!({"type": 4, "versionNumber": made["versionNumber"]})),
            ("GET", "/firmwareImages", Value::Null),
            ("GET", "/firmwareImages/types/4", Value::Null),
            ("GET", image, Value::Null),
            ("DELETE", image, Value::Null),
            ("POST", &format!("{image}/promote"), json!({"from": "beta", "to": "alpha"})),
        ] {
            let path = format!("/v1/ota/partners/{partner}/deviceTypes/kettle{rest}");
            let answer = it.api.call(method, &path, &other.release, body).await;
            assert_eq!((answer.status, answer.code().as_str()), (404, "not_found"), "{method} {path}");
        }
    }
    // Nor through a device type of their own.
    let lamp = other.path("/deviceTypes/lamp");
    let body = json!({"type": 4, "versionNumber": made["versionNumber"]});
    let refused = it.api.call("POST", &format!("{lamp}/firmwareImages"), &other.release, body).await;
    refused.expect_problem(422, "invalid_field");
    it.api.get(&format!("{lamp}{image}"), &other.read).await.expect_problem(404, "not_found");
    let body = description("2", made["url"].as_str().unwrap());
    let refused = it.api.call("POST", &format!("{lamp}/firmwareImages"), &other.release, body).await;
    refused.expect_problem(422, "not_your_binary");
    assert_eq!(before.difference(&it.api.dump().await), [""; 0]);
}

#[tokio::test]
async fn idempotency_keys_are_the_partners_own() {
    let it = Kettle::start().await;
    let other = it.api.tenant("other").await;
    it.api.create_device_type(&other, "lamp").await;
    let mut numbers = Vec::new();
    for (tenant, device_type) in [(&it.acme, "kettle"), (&other, "lamp")] {
        let url = it.api.upload(tenant, b"profile").await;
        let path = tenant.path(&format!("/deviceTypes/{device_type}/firmwareImages"));
        let request = it.api.request("POST", &path).bearer_auth(&tenant.release);
        let request = request.header("Idempotency-Key", "k").json(&description("1", &url));
        let made = it.api.send(request).await.expect(201);
        assert_eq!(made.header("idempotency-replayed"), "");
        numbers.push(made.json()["versionNumber"].clone());
    }
    assert_eq!(numbers, ["1", "2"]);
}
