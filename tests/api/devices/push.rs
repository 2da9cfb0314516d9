//! Operation 17: `PUT …/firmwareImages/{firmwareImageId}/push`.

use serde_json::{Value, json};
use tests::api::Answer;

use crate::kettle::{Kettle, pointers};

impl Kettle {
    async fn push(&self, record: &Value, body: Value) -> Answer {
        let path = format!("{}/{}/push", self.images(), record["id"].as_str().unwrap());
        self.api.call("PUT", &path, &self.acme.release, body).await
    }

    /// What was pushed to the device, as its page has it.
    async fn pushes(&self) -> Value {
        let path = self.acme.path("/deviceTypes/kettle/devices/SN-1");
        self.api.get(&path, &self.acme.read).await.expect(200).json()["pushes"].clone()
    }

    async fn asks(&self, running: u32) -> Vec<String> {
        let offers = self.api.device_offers("kettle", "SN-1", &[(105, running)]).await;
        offers.into_iter().map(|(_, number)| number).collect()
    }
}

#[tokio::test]
async fn a_push_offers_an_image_whatever_its_rollout_says_until_the_device_runs_it() {
    let it = Kettle::start().await;
    it.image_in("1.0", &["release"]).await;
    let second = it.image_in("2.0", &["release"]).await;
    it.set_rollout(&second, json!({"percent": 0})).await.expect(204);
    assert_eq!(it.asks(0).await, ["1"]);
    let told = it.push(&second, json!({"value": "SN-1"})).await.expect(202).json();
    assert_eq!((&told["versionNumber"], &told["state"]), (&json!("2"), &json!("pending")));
    assert_eq!(it.asks(0).await, ["2"]);
    assert_eq!(it.pushes().await[0]["state"], "offered");
    let other = it.api.device_offers("kettle", "SN-2", &[(105, 0)]).await;
    assert_eq!(other, [(105, "1".to_owned())], "one device");
    assert!(it.asks(2).await.is_empty());
    assert_eq!(it.asks(0).await, ["1"], "it has been done");
}

#[tokio::test]
async fn an_older_image_than_everyones_can_be_pushed_and_a_push_expires() {
    let it = Kettle::start().await;
    let first = it.image_in("1.0", &["release"]).await;
    it.image_in("2.0", &["release"]).await;
    it.asks(0).await;
    let until = it.api.server.clock().now().millis() + 3_600_000;
    it.push(&first, json!({"value": "SN-1", "expiresTimestamp": until})).await.expect(202);
    assert_eq!(it.asks(0).await, ["1"]);
    let state = async || it.pushes().await[0]["state"].clone();
    assert_eq!(state().await, "offered");
    it.api.server.clock().shift(3_600_000);
    assert_eq!(state().await, "expired", "also before it asks again");
    assert_eq!(it.asks(0).await, ["2"]);
    assert_eq!(it.pushes().await, Value::Null);
}

#[tokio::test]
async fn a_push_that_is_over_before_the_device_asked_again_has_expired_unless_the_device_was_at_it() {
    let it = Kettle::start().await;
    let first = it.image_in("1.0", &["release"]).await;
    it.image_in("2.0", &["release"]).await;
    it.asks(0).await;
    let push = async || {
        let until = it.api.server.clock().now().millis() + 3_600_000;
        it.push(&first, json!({"value": "SN-1", "expiresTimestamp": until})).await.expect(202);
    };
    let state = async || it.pushes().await[0]["state"].clone();
    push().await;
    assert_eq!(state().await, "pending");
    it.api.server.clock().shift(3_600_000);
    assert_eq!(state().await, "expired");
    push().await;
    assert_eq!(it.asks(0).await, ["1"]);
    let busy = json!({"type": 105, "versionNumber": 1, "state": "downloading"});
    it.api.status("kettle", "SN-1", &busy).await.expect(204);
    it.api.server.clock().shift(3_600_000);
    assert_eq!(state().await, "downloading");
}

#[tokio::test]
async fn what_is_paused_withdrawn_or_gone_is_not_offered_by_a_push() {
    let it = Kettle::start().await;
    let first = it.image_in("1.0", &["release"]).await;
    it.image_in("2.0", &["release"]).await;
    it.asks(0).await;
    it.push(&first, json!({"value": "SN-1"})).await.expect(202);
    it.post_rollout(&first, "pause").await.expect(204);
    assert_eq!(it.asks(0).await, ["2"], "a push that is held holds up nothing else");
    it.post_rollout(&first, "resume").await.expect(204);
    assert_eq!(it.asks(0).await, ["1"]);
    it.post_rollout(&first, "withdraw").await.expect(204);
    assert_eq!(it.asks(0).await, ["2"]);
    it.push(&first, json!({"value": "SN-1"})).await.expect_problem(409, "rollout_withdrawn");
    it.remove(&first, "release").await.expect(204);
    assert_eq!(it.asks(0).await, ["2"]);
    it.push(&first, json!({"value": "SN-1"})).await.expect_problem(404, "not_found");
}

#[tokio::test]
async fn a_push_lifts_what_is_held_against_its_own_image_and_no_other() {
    let it = Kettle::start().await;
    it.image_in("1.0", &["release"]).await;
    assert_eq!(it.asks(0).await, ["1"]);
    let failed =
        |number: u32| json!({"type": 105, "versionNumber": number, "state": "failed", "code": "boot_failed"});
    it.api.status("kettle", "SN-1", &failed(1)).await.expect(204);
    let second = it.image_in("2.0", &["release"]).await;
    it.set_rollout(&second, json!({"percent": 0})).await.expect(204);
    assert!(it.asks(0).await.is_empty(), "it does not start with the first one");
    for _ in 0..2 {
        it.push(&second, json!({"value": "SN-1"})).await.expect(202);
        assert_eq!(it.asks(0).await, ["2"], "also after it failed");
        it.api.status("kettle", "SN-1", &failed(2)).await.expect(204);
    }
    it.push(&second, json!({"value": "SN-1"})).await.expect(202);
    it.post_rollout(&second, "pause").await.expect(204);
    assert!(it.asks(0).await.is_empty(), "and still it does not");
}

#[tokio::test]
async fn what_could_never_come_about_is_refused() {
    let it = Kettle::start().await;
    let record = it.image_in("1.0", &["release"]).await;
    let told = async |value: Value| it.push(&record, value).await;
    for (versions, body) in [
        (None, json!({"value": "SN-1"})),
        (Some(json!({})), json!({"value": "SN-1"})),
        (Some(json!({"2105": 1})), json!({"value": "SN-1"})),
        (Some(json!({"2105": 0})), json!({"value": "a b"})),
        (Some(json!({"2105": 0})), json!({})),
    ] {
        if let Some(versions) = versions {
            it.api.attributes("kettle", "SN-1", &json!({"attributes": versions})).await.expect(200);
        }
        let refused = told(body.clone()).await.expect_problem(422, "invalid_field");
        assert_eq!(pointers(&refused), ["/value"], "{body}");
    }
    let past = told(json!({"value": "SN-1", "expiresTimestamp": 1})).await;
    assert_eq!(pointers(&past.expect_problem(422, "invalid_field")), ["/expiresTimestamp"]);
    let path = format!("{}/{}/push", it.images(), record["id"].as_str().unwrap());
    let weaker = it.api.call("PUT", &path, &it.acme.write, json!({"value": "SN-1"})).await;
    weaker.expect_problem(403, "right_missing");
}
