//! `GET …/devices/{deviceId}`.

use serde_json::{Value, json};

use super::Fleet;

#[tokio::test]
async fn a_device_is_shown_with_its_progress_and_its_history_newest_first() {
    let it = Fleet::start().await;
    it.release("1.0", &["release"]).await;
    let created = it.api.server.clock().now().millis();
    it.report("SN-1", json!({"2105": "0"})).await;
    let said = json!({"type": 105, "versionNumber": "1", "state": "downloading", "progress": 10});
    it.api.status("kettle", "SN-1", &said).await.expect(204);
    let failed =
        json!({"type": 105, "versionNumber": "1", "state": "failed", "code": "E7", "message": "no room"});
    it.api.status("kettle", "SN-1", &failed).await.expect(204);
    let shown = it.device("SN-1").await;
    assert!(shown["createdTimestamp"].as_i64().unwrap() >= created, "{shown}");
    assert!(shown["updatedTimestamp"].as_i64() >= shown["createdTimestamp"].as_i64(), "{shown}");
    let progress = &shown["progress"][0];
    assert_eq!((&progress["type"], &progress["versionNumber"]), (&json!(105), &json!("1")));
    assert_eq!((&progress["offers"], &progress["attempt"]), (&json!(1), &json!(1)));
    let states: Vec<_> =
        progress["states"].as_array().unwrap().iter().map(|each| each["state"].clone()).collect();
    assert_eq!(states, ["downloading", "failed"]);
    assert!(progress["states"][0]["atTimestamp"].as_i64().unwrap() >= created);
    let history = shown["history"].as_array().unwrap();
    let events: Vec<_> = history.iter().map(|each| (each["event"].clone(), each["state"].clone())).collect();
    let expected = [("stated", json!("failed")), ("stated", json!("downloading")), ("checked", Value::Null)];
    assert_eq!(events, expected.map(|(event, state)| (json!(event), state)));
    assert_eq!((&history[0]["code"], &history[0]["message"]), (&json!("E7"), &json!("no room")));
    assert_eq!(history[1]["progress"], 10);
    assert_eq!(history[2]["offered"], json!([{"type": 105, "versionNumber": "1"}]));
    assert_eq!(history[2]["versions"], json!({"2105": "0"}));
}

#[tokio::test]
async fn of_a_long_history_the_latest_hundred_are_told() {
    let it = Fleet::start().await;
    for version in 0..105 {
        it.report("SN-1", json!({"2105": version.to_string()})).await;
    }
    let history = it.device("SN-1").await["history"].as_array().unwrap().clone();
    assert_eq!(history.len(), 100);
    assert_eq!(history[0]["versions"], json!({"2105": "104"}));
    assert_eq!(history[99]["versions"], json!({"2105": "5"}));
}

#[tokio::test]
async fn a_device_that_was_never_heard_of_is_not_found() {
    let it = Fleet::start().await;
    it.token_of("SN-1").await;
    for id in ["SN-1", "a%20b", "a%23META"] {
        let answer = it.call("GET", &format!("/devices/{id}"), Value::Null).await;
        assert!([400, 404].contains(&answer.status), "{id}: {}", answer.status);
    }
    it.call("GET", "/devices/SN-1", Value::Null).await.expect_problem(404, "not_found");
}
