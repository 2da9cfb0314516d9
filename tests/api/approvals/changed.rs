//! What has changed between proposal and approval: what takes effect is what was proposed, or nothing.

use serde_json::{Value, json};

use super::Guarded;

#[tokio::test]
async fn an_image_that_got_other_bytes_is_not_what_was_proposed() {
    let this = Guarded::start().await;
    let (api, acme) = (&this.it.api, &this.it.acme);
    let mut record = this.it.image("1.0").await;
    let id = Guarded::proposed(this.associate(&record, "release").await);
    record["url"] = api.upload(acme, b"other bytes").await.into();
    api.call("PUT", &api.record_path(acme, &record), &acme.release, record.clone()).await.expect(204);
    let why = this.expect_failed(&id).await;
    assert!(why.contains("changed"), "{why}");
    assert_eq!(this.it.feeds_of(&record).await, [""; 0]);
    let anew = Guarded::proposed(this.associate(&record, "release").await);
    this.approve(&anew).await.expect(204);
}

#[tokio::test]
async fn a_brake_that_was_pulled_meanwhile_is_not_let_go() {
    let this = Guarded::start().await;
    let record = this.approved("1.0").await;
    this.it.set_rollout(&record, json!({"percent": 10})).await.expect(204);
    let more = Guarded::proposed(this.it.set_rollout(&record, json!({"percent": 100})).await);
    this.it.set_rollout(&record, json!({"percent": 1})).await.expect(204);
    this.expect_failed(&more).await;
    assert_eq!(this.it.rollout(&record).await["currentPercent"], 1);

    this.it.post_rollout(&record, "pause").await.expect(204);
    let one = Guarded::proposed(this.it.post_rollout(&record, "resume").await);
    let path = this.it.rollout_path(&record, "/resume", "release");
    let other = Guarded::proposed(this.it.api.call("POST", &path, &this.second, Value::Null).await);
    this.approve(&one).await.expect(204);
    this.it.api.server.clock().shift(1000);
    this.it.post_rollout(&record, "pause").await.expect(204);
    this.approve_as(&other, &this.it.acme.release).await.expect_problem(409, "approval_failed");
    assert_eq!(
        this.it.rollout(&record).await["state"],
        "paused",
        "another halt than the one that was to end"
    );
}

#[tokio::test]
async fn a_promotion_without_what_the_image_needed_is_not_what_was_proposed() {
    let this = Guarded::start().await;
    let record = this.it.image_in("1.0", &["beta"]).await;
    let path = this.it.rollout_path(&record, "", "beta");
    let set = |body: Value| this.it.api.call("PUT", &path, &this.it.acme.release, body);
    set(json!({"percent": 100, "requires": [{"type": 3, "minVersionNumber": 7}]})).await.expect(204);
    let id = Guarded::proposed(this.it.promote(&record, &this.it.acme.release, "beta", "release").await);
    set(json!({"percent": 100, "requires": []})).await.expect(204);
    this.expect_failed(&id).await;
    assert_eq!(this.it.feeds_of(&record).await, ["beta"]);
}

#[tokio::test]
async fn steps_that_went_by_are_not_taken_at_once() {
    let this = Guarded::start().await;
    let record = this.approved("1.0").await;
    this.it.set_rollout(&record, json!({"percent": 0})).await.expect(204);
    let day = 86_400_000;
    let later = this.it.api.server.clock().now().millis() + day;
    let wanted = json!({"percent": 1, "steps": [{"atTimestamp": later, "percent": 100}]});
    let id = Guarded::proposed(this.it.set_rollout(&record, wanted).await);
    this.it.api.server.clock().shift(2 * day);
    this.expect_failed(&id).await;
    assert_eq!(this.it.rollout(&record).await["currentPercent"], 0);
}

#[tokio::test]
async fn what_is_gone_fails_a_proposal() {
    let this = Guarded::start().await;
    this.it.create_feed("weekly").await;
    this.rule("weekly", true, &this.it.acme.release).await.expect(204);
    let record = this.it.image("1.0").await;
    let id = Guarded::proposed(this.associate(&record, "weekly").await);
    let path = this.it.acme.path("/feeds/weekly");
    this.it.api.call("DELETE", &path, &this.it.acme.write, Value::Null).await.expect(204);
    let why = this.expect_failed(&id).await;
    assert!(why.contains("feed"), "{why}");
}

#[tokio::test]
async fn a_device_that_was_moved_is_not_pushed_to() {
    let this = Guarded::start().await;
    let record = this.approved("1.0").await;
    this.rule("beta", true, &this.it.acme.release).await.expect(204);
    let id = Guarded::proposed(this.associate(&record, "beta").await);
    this.approve(&id).await.expect(204);
    this.it.api.device_offers("kettle", "SN-1", &[(105, 0)]).await;
    let push = this.it.acme.path("/deviceTypes/kettle/firmwareImages/1105/push");
    let asked = this.it.api.call("PUT", &push, &this.it.acme.release, json!({"value": "SN-1"})).await;
    let id = Guarded::proposed(asked);
    let device = this.it.acme.path("/deviceTypes/kettle/devices/SN-1");
    this.it.api.call("PATCH", &device, &this.it.acme.release, json!({"feed": "beta"})).await.expect(204);
    this.expect_failed(&id).await;
}

#[tokio::test]
async fn what_is_stopped_or_halted_again_does_not_go_on_by_what_was_proposed_before() {
    let this = Guarded::start().await;
    let record = this.approved("1.0").await;
    let (it, acme) = (&this.it, &this.it.acme);
    for stop in ["/deviceTypes/kettle/stop", "/stop"] {
        let path = acme.path(stop);
        let stopped = it.api.call("POST", &path, &acme.write, Value::Null).await.status;
        let start = Guarded::proposed(it.api.call("DELETE", &path, &acme.release, Value::Null).await);
        it.api.server.clock().shift(1000);
        assert_eq!(it.api.call("POST", &path, &acme.write, Value::Null).await.status, stopped);
        this.expect_failed(&start).await;
        assert_eq!(it.api.offers("kettle", "2105=0").await.len(), 0);
        let start = Guarded::proposed(it.api.call("DELETE", &path, &acme.release, Value::Null).await);
        this.approve(&start).await.expect(204);
        it.api.reconcile().await.unwrap();
        assert_eq!(it.api.offers("kettle", "2105=0").await.len(), 1, "{stop}");
    }
    it.post_rollout(&record, "pause").await.expect(204);
    let resume = Guarded::proposed(it.post_rollout(&record, "resume").await);
    it.post_rollout(&record, "pause").await.expect(204);
    this.expect_failed(&resume).await;
    assert_eq!(it.rollout(&record).await["state"], "paused");
}
