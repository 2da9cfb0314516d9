//! Who a device is: its token, or its word where that will do.

use serde_json::{Value, json};

use crate::kettle::Kettle;

const PATH: &str = "kettle/devices/SN-1/attributes";

#[tokio::test]
async fn only_a_devices_own_token_opens_its_path() {
    let it = Kettle::start().await;
    it.api.create_device_type(&it.acme, "toaster").await;
    let (body, good) = (json!({"attributes": {}}), it.api.device_token("kettle", "SN-1"));
    let before = it.api.dump().await;
    for bad in [
        String::new(),
        it.api.device_token("kettle", "SN-2"),
        it.api.device_token("toaster", "SN-1"),
        good[..good.len() - 1].to_owned(),
        it.acme.release.clone(),
        "x".to_owned(),
    ] {
        let refused = it.api.device_call(PATH, &bad, &body).await;
        refused.expect_problem(401, "device_token_invalid");
        let status = json!({"type": 105, "versionNumber": 1, "state": "failed"});
        let refused = it.api.device_call("kettle/devices/SN-1/status", &bad, &status).await;
        refused.expect_problem(401, "device_token_invalid");
    }
    assert_eq!(it.api.dump().await.difference(&before), [""; 0]);
    it.api.device_call(PATH, &good, &body).await.expect(200);
}

#[tokio::test]
async fn a_device_type_that_is_not_there_is_told_from_nothing() {
    let it = Kettle::start().await;
    let path = "nothing/devices/SN-1/attributes";
    for token in [String::new(), it.api.device_token("nothing", "SN-1")] {
        let refused = it.api.device_call(path, &token, &json!({"attributes": {}})).await;
        refused.expect_problem(401, "device_token_invalid");
    }
}

#[tokio::test]
async fn anonymous_reports_are_taken_where_that_was_asked_for_and_never_from_restricted_feeds() {
    let it = Kettle::start().await;
    it.image_in("1.0", &["release", "dev"]).await;
    let body = json!({"name": "Kettle", "anonymousReports": true});
    it.api.call("PUT", &it.acme.path("/deviceTypes/kettle"), &it.acme.write, body).await.expect(204);
    let shown = it.api.get(&it.acme.path("/deviceTypes/kettle"), &it.acme.read).await.expect(200).json();
    assert_eq!(shown["anonymousReports"], true);
    let asked = async |token: &str, body: Value| it.api.device_call(PATH, token, &body).await;
    let answer = asked("", json!({"attributes": {"2105": 0}})).await.expect(200).json();
    assert_eq!(answer["updates"].as_array().unwrap().len(), 1);
    let wrong = asked("otad1.kettle.1.AAAA", json!({"attributes": {}})).await;
    wrong.expect_problem(401, "device_token_invalid");
    let hash = "0123456789abcdef0123456789abcdef01234567";
    it.grant("dev", hash).await;
    let closed = asked("", json!({"feed": "dev", "feedCredential": hash, "attributes": {}})).await;
    closed.expect_problem(401, "credential_required");
}

#[tokio::test]
async fn other_methods_are_not_allowed_and_other_paths_are_nowhere() {
    let it = Kettle::start().await;
    let path = format!("/v1/ota/deviceTypes/{PATH}");
    it.api.get(&path, "").await.expect_problem(405, "method_not_allowed");
    it.api.get("/v1/ota/deviceTypes/kettle/devices/SN-1", "").await.expect_problem(404, "not_found");
    let token = it.api.device_token("kettle", "SN-1");
    let odd = it.api.device_call("kettle/devices/a%20b/attributes", &token, &json!({"attributes": {}})).await;
    odd.expect_problem(400, "invalid_parameter");
}
