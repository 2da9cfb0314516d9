//! `PATCH …/devices/{deviceId}`.

use serde_json::{Value, json};

use super::Fleet;

impl Fleet {
    async fn patch(&self, device: &str, body: Value) -> tests::api::Answer {
        self.call("PATCH", &format!("/devices/{device}"), body).await
    }

    async fn patch_by_write(&self, device: &str, body: Value) -> tests::api::Answer {
        self.call_as(&self.acme.write, "PATCH", &format!("/devices/{device}"), body).await
    }
}

#[tokio::test]
async fn only_members_that_are_there_change() {
    let it = Fleet::start().await;
    it.report("SN-1", json!({"2105": "1"})).await;
    it.patch("SN-1", json!({"tags": ["bench", "lab"], "blocked": true, "feed": "beta"})).await.expect(204);
    it.patch("SN-1", json!({"tags": null, "blocked": null, "unknown": 1})).await.expect(204);
    let kept = it.device("SN-1").await;
    assert_eq!((&kept["tags"], &kept["blocked"]), (&json!(["bench", "lab"]), &json!(true)));
    assert_eq!(kept["pinnedFeed"], "beta");
    it.patch("SN-1", json!({"tags": [], "blocked": false})).await.expect(204);
    let changed = it.device("SN-1").await;
    assert_eq!((&changed["tags"], &changed["blocked"]), (&json!([]), &json!(false)));
    assert_eq!(changed["pinnedFeed"], "beta");
    it.patch("SN-1", json!({"feed": null})).await.expect(204);
    assert!(it.device("SN-1").await["pinnedFeed"].is_null());
    assert_eq!(
        it.device("SN-1").await["history"].as_array().unwrap().len(),
        1,
        "it is no word of the device"
    );
}

#[tokio::test]
async fn a_change_that_changes_nothing_writes_nothing() {
    let it = Fleet::start().await;
    it.report("SN-1", json!({"2105": "1"})).await;
    it.patch("SN-1", json!({"tags": ["a"], "feed": "beta"})).await.expect(204);
    let before = it.api.dump().await;
    for body in [
        json!({}),
        json!({"tags": ["a", "a"], "feed": "beta", "blocked": false}),
        json!({"resetWithheld": true}),
    ] {
        it.patch("SN-1", body).await.expect(204);
    }
    assert_eq!(before.difference(&it.api.dump().await), [""; 0]);
}

#[tokio::test]
async fn what_is_not_valid_is_refused_all_at_once() {
    let it = Fleet::start().await;
    it.report("SN-1", json!({"2105": "1"})).await;
    let before = it.api.dump().await;
    let body = json!({"feed": "v1", "tags": ["", 7], "blocked": "yes", "resetWithheld": 1});
    let refused = it.patch("SN-1", body).await.expect_problem(422, "invalid_field").json();
    assert_eq!(refused["errors"].as_array().unwrap().len(), 5, "{refused}");
    let unknown =
        it.patch("SN-1", json!({"feed": "field"})).await.expect_problem(422, "invalid_field").json();
    assert_eq!(unknown["errors"][0]["pointer"], "/feed");
    it.patch("SN-2", json!({"blocked": true})).await.expect_problem(404, "not_found");
    assert_eq!(before.difference(&it.api.dump().await), [""; 0]);
}

#[tokio::test]
async fn a_device_that_was_put_on_a_feed_is_answered_from_it_and_a_blocked_one_is_left_alone() {
    let it = Fleet::start().await;
    it.release("1.0", &["beta"]).await;
    assert_eq!(it.report("SN-1", json!({"2105": "0"})).await["updates"], json!([]));
    it.patch("SN-1", json!({"feed": "beta"})).await.expect(204);
    let offered = it.report("SN-1", json!({"2105": "0"})).await;
    assert_eq!(offered["updates"][0]["versionNumber"], "1");
    it.patch("SN-1", json!({"blocked": true})).await.expect(204);
    assert_eq!(it.report("SN-1", json!({"2105": "0"})).await["updates"], json!([]));
}

#[tokio::test]
async fn a_write_key_moves_devices_between_open_feeds_alone() {
    let it = Fleet::start().await;
    it.call("GET", "", Value::Null).await.expect(200);
    it.api.call("PUT", &it.acme.path("/feeds/lab"), &it.acme.write, Value::Null).await.expect(204);
    it.report("SN-1", json!({"2105": "0"})).await;
    // It is on release, by its own wish.
    it.patch_by_write("SN-1", json!({"feed": "beta"})).await.expect_problem(403, "right_missing");
    it.patch("SN-1", json!({"feed": "beta"})).await.expect(204);
    it.patch_by_write("SN-1", json!({"feed": "beta", "tags": ["moved"]})).await.expect(204);
    it.patch_by_write("SN-1", json!({"feed": "lab"})).await.expect(204);
    for feed in [json!("release"), json!("dev"), Value::Null] {
        it.patch_by_write("SN-1", json!({"feed": feed})).await.expect_problem(403, "right_missing");
    }
    it.patch("SN-1", json!({"feed": "dev"})).await.expect(204);
    it.patch_by_write("SN-1", json!({"feed": "beta"})).await.expect_problem(403, "right_missing");
    let refused = it.call_as(&it.acme.read, "PATCH", "/devices/SN-1", json!({"blocked": true})).await;
    refused.expect_problem(403, "right_missing");
}

#[tokio::test]
async fn a_device_is_not_moved_by_whoever_asks_for_another_feed_in_its_name() {
    let it = Fleet::start().await;
    it.report("SN-1", json!({"2105": "0"})).await;
    // A write key makes any device's token, by which anything can be said in its name.
    let elsewhere = json!({"attributes": {}, "feed": "beta"});
    it.api.attributes("kettle", "SN-1", &elsewhere).await.expect(200);
    for body in
        [json!({"feed": "alpha"}), json!({"tags": ["canary"]}), json!({"resetWithheld": true, "tags": ["a"]})]
    {
        it.patch_by_write("SN-1", body).await.expect_problem(403, "right_missing");
    }
}

#[tokio::test]
async fn what_gives_a_device_of_release_more_needs_the_release_right_and_blocking_it_does_not() {
    let it = Fleet::start().await;
    it.release("1.0", &["release"]).await;
    it.withhold("SN-1").await;
    for body in [json!({"tags": ["canary"]}), json!({"resetWithheld": true})] {
        it.patch_by_write("SN-1", body).await.expect_problem(403, "right_missing");
    }
    it.patch_by_write("SN-1", json!({"blocked": true})).await.expect(204);
    it.patch_by_write("SN-1", json!({"tags": [], "resetWithheld": false})).await.expect(204);
    let refused = it.patch_by_write("SN-1", json!({"blocked": false})).await;
    refused.expect_problem(403, "right_missing");
    let refused = it.call_as(&it.acme.write, "DELETE", "/devices/SN-1", Value::Null).await;
    refused.expect_problem(403, "right_missing");
    let kept = it.device("SN-1").await;
    assert_eq!((&kept["blocked"], &kept["tags"]), (&json!(true), &json!([])));
    it.patch("SN-1", json!({"blocked": false, "resetWithheld": true, "tags": ["canary"]})).await.expect(204);
    it.call_as(&it.acme.write, "DELETE", "/devices/SN-1", Value::Null).await.expect(204);
}

#[tokio::test]
async fn a_device_of_an_open_feed_is_tagged_and_freed_by_a_write_key_and_one_of_a_restricted_feed_is_not() {
    let it = Fleet::start().await;
    it.report("SN-1", json!({"2105": "0"})).await;
    it.patch("SN-1", json!({"feed": "beta"})).await.expect(204);
    for body in [json!({"tags": ["a"]}), json!({"blocked": true}), json!({"blocked": false})] {
        it.patch_by_write("SN-1", body).await.expect(204);
    }
    it.patch("SN-1", json!({"feed": "dev"})).await.expect(204);
    it.patch_by_write("SN-1", json!({"tags": ["b"]})).await.expect_problem(403, "right_missing");
    it.patch_by_write("SN-1", json!({"blocked": true})).await.expect(204);
    it.patch_by_write("SN-1", json!({"blocked": false})).await.expect_problem(403, "right_missing");
}

#[tokio::test]
async fn what_was_withheld_is_offered_again_after_a_reset() {
    let it = Fleet::start().await;
    it.release("1.0", &["release"]).await;
    it.withhold("SN-1").await;
    assert_eq!(it.report("SN-1", json!({"2105": "0"})).await["updates"], json!([]));
    it.patch("SN-1", json!({"resetWithheld": false})).await.expect(204);
    assert_eq!(it.ids("flag=withheld").await, ["SN-1"]);
    it.patch("SN-1", json!({"resetWithheld": true})).await.expect(204);
    assert_eq!(it.ids("flag=withheld").await, [""; 0]);
    assert!(it.device("SN-1").await["withheld"].is_null());
    assert_eq!(it.report("SN-1", json!({"2105": "0"})).await["updates"][0]["versionNumber"], "1");
}

#[tokio::test]
async fn changes_at_once_are_all_made() {
    let it = Fleet::start().await;
    it.report("SN-1", json!({"2105": "0"})).await;
    let (tags, blocked, feed, report) = tokio::join!(
        it.patch("SN-1", json!({"tags": ["a"]})),
        it.patch("SN-1", json!({"blocked": true})),
        it.patch("SN-1", json!({"feed": "beta"})),
        it.report("SN-1", json!({"2105": "9"})),
    );
    for answer in [tags, blocked, feed] {
        answer.expect(204);
    }
    assert!(report["updates"].is_array());
    let device = it.device("SN-1").await;
    assert_eq!((&device["tags"], &device["blocked"]), (&json!(["a"]), &json!(true)));
    assert_eq!((&device["pinnedFeed"], &device["versions"]), (&json!("beta"), &json!({"2105": "9"})));
}

#[tokio::test]
async fn the_audit_says_who_changed_what() {
    let it = Fleet::start().await;
    it.report("SN-1", json!({"2105": "0"})).await;
    it.patch("SN-1", json!({"blocked": true})).await.expect(204);
    let audit = it.api.audit("acme").await;
    let row = audit.iter().find(|row| row.action == "device.updated").unwrap();
    assert_eq!(row.subject, "device/kettle/SN-1");
    let (before, after) = (row.before.as_ref().unwrap(), row.after.as_ref().unwrap());
    assert_eq!((&before["blocked"], &after["blocked"]), (&json!(false), &json!(true)));
}
