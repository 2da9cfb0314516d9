//! What only takes away never waits.

use serde_json::{Value, json};

use super::Guarded;

#[tokio::test]
async fn brakes_do_not_wait() {
    let this = Guarded::start().await;
    let record = this.approved("1.0").await;
    this.it.set_rollout(&record, json!({"percent": 10})).await.expect(204);
    this.it.set_rollout(&record, json!({"percent": 0})).await.expect(204);
    this.it.post_rollout(&record, "pause").await.expect(204);
    this.it.post_rollout(&record, "withdraw").await.expect(204);
    let other = this.approved("2.0").await;
    this.it.remove(&other, "release").await.expect(204);
    for rest in ["/deviceTypes/kettle/stop", "/stop"] {
        let path = this.it.acme.path(rest);
        assert!(this.it.api.call("POST", &path, &this.it.acme.write, Value::Null).await.status < 300);
    }
    let waiting = this.it.acme.path("/approvals?state=pending");
    assert_eq!(this.it.api.get(&waiting, &this.it.acme.read).await.json()["approvals"], json!([]));
}

#[tokio::test]
async fn feeds_that_ask_for_nothing_are_as_ever() {
    let this = Guarded::start().await;
    let record = this.it.image_in("1.0", &["beta"]).await;
    let path = this.it.rollout_path(&record, "", "beta");
    for percent in [5, 50] {
        let body = json!({"percent": percent});
        this.it.api.call("PUT", &path, &this.it.acme.release, body).await.expect(204);
    }
}

#[tokio::test]
async fn what_is_refused_anyway_is_refused_and_not_proposed() {
    let this = Guarded::start().await;
    let bare = this.it.api.register(&this.it.acme, 105, "bare", "1").await;
    this.associate(&bare, "release").await.expect_problem(422, "no_binary");
    let record = this.approved("1.0").await;
    this.associate(&record, "release").await.expect_problem(409, "already_associated");
    this.it.post_rollout(&record, "withdraw").await.expect(204);
    let more = this.it.set_rollout(&record, json!({"percent": 50})).await;
    more.expect_problem(409, "rollout_withdrawn");
    let all = this.it.api.get(&this.it.acme.path("/approvals"), &this.it.acme.read).await.json();
    assert_eq!(all["approvals"].as_array().unwrap().len(), 1, "{all}");
}
