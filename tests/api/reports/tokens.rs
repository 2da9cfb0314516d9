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
async fn names_that_somebody_makes_up_are_counted_nowhere_and_expire() {
    let it = Kettle::start().await;
    it.image_in("1.0", &["release"]).await;
    let body = json!({"name": "Kettle", "anonymousReports": true});
    it.api.call("PUT", &it.acme.path("/deviceTypes/kettle"), &it.acme.write, body).await.expect(204);
    let before = it.api.dump().await;
    let said = json!({"attributes": {"2105": "0"}});
    let failed = json!({"type": 105, "versionNumber": 1, "state": "failed"});
    for device in ["SN-1", "made-up"] {
        let path = format!("kettle/devices/{device}");
        let answer = it.api.device_call(&format!("{path}/attributes"), "", &said).await.expect(200).json();
        assert_eq!(answer["updates"].as_array().unwrap().len(), 1);
        it.api.device_call(&format!("{path}/status"), "", &failed).await.expect(204);
    }
    for row in it.api.dump().await.difference(&before) {
        assert!(row.contains("DEV#kettle#"), "{row}");
    }
    let row = it.api.dump().await.row("DEV#kettle#made-up", "META").clone();
    let month = 30 * 86_400;
    assert_eq!(row["expiresAt"].as_i64().unwrap(), row["updated"].as_i64().unwrap() / 1000 + month);
    // It comes back, and so is one.
    it.api.server.clock().shift(86_400_000);
    it.api.device_call(PATH, "", &said).await.expect(200);
    let row = it.device_row("SN-1").await;
    assert!(row["expiresAt"].is_null() && row["provisional"].is_null(), "{row}");
    let dump = it.api.dump().await;
    let listed: Vec<_> = dump.under("DEVS#kettle#").map(|(_, sk, _)| sk.to_owned()).collect();
    assert_eq!(listed, ["SN-1"]);
    let devices = dump.under("COUNT#kettle#").filter(|(_, sk, _)| *sk == "DEVICES");
    assert_eq!(devices.map(|(_, _, row)| row["devices"].as_i64().unwrap()).sum::<i64>(), 1);
    // And one that nobody vouches for can be forgotten, or marked, as any other.
    let path = it.acme.path("/deviceTypes/kettle/devices/made-up");
    it.api.call("PATCH", &path, &it.acme.release, json!({"blocked": true})).await.expect(204);
    assert!(it.api.dump().await.row("DEV#kettle#made-up", "META")["expiresAt"].is_null());
    it.api.call("DELETE", &path, &it.acme.release, Value::Null).await.expect(204);
    assert!(it.api.dump().await.under("DEV#kettle#made-up").next().is_none());
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
