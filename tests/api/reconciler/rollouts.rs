//! Rollouts that have taken everyone in become everyone's within a minute.

use serde_json::{Value, json};

use super::Bench;
use crate::kettle::Kettle;

const HOUR: i64 = 3_600_000;

/// A kettle with an image that is everyone's, and one that will be in an hour.
async fn scene() -> (Kettle, Bench, Value) {
    let it = Kettle::start().await;
    it.image_in("1.0", &["release"]).await;
    let record = it.image_in("2.0", &["release"]).await;
    let whole = it.api.server.clock().now().millis() + HOUR;
    let steps = json!([{"atTimestamp": whole, "percent": 100}]);
    it.set_rollout(&record, json!({"percent": 10, "steps": steps})).await.expect(204);
    let bench = Bench::beside(&it.api).await;
    (it, bench, record)
}

#[tokio::test]
async fn an_image_that_has_reached_everyone_is_in_everyones_check() {
    let (it, bench, record) = scene().await;
    bench.chore("repairs").await;
    assert_eq!(it.offered_to(0).await, ["1"]);
    it.api.server.clock().shift(HOUR + 1000);
    assert_eq!(it.rollout(&record).await["currentPercent"], 100);
    assert_eq!(it.offered_to(0).await, ["1"], "not before it has been written");
    assert_eq!(bench.chore("repairs").await, json!({"finished": 0, "completed": 1, "failed": 0}));
    assert_eq!(it.offered_to(0).await, ["2"]);
    assert_eq!(it.rollout(&record).await["state"], "released");
    assert_eq!(bench.chore("repairs").await, json!({"finished": 0, "completed": 0, "failed": 0}));
    let last = it.api.audit("acme").await.pop().unwrap();
    assert_eq!((last.action.as_str(), last.actor.as_str()), ("rollout.completed", "reconcile"));
    it.api.expect_whole("completed").await;
}

#[tokio::test]
async fn what_is_halted_is_not_completed_and_what_is_resumed_is_later() {
    let (it, bench, record) = scene().await;
    it.post_rollout(&record, "pause").await.expect(204);
    it.api.server.clock().shift(3 * HOUR);
    assert_eq!(bench.chore("repairs").await["completed"], 0);
    assert_eq!(it.offered_to(0).await, ["1"]);
    it.post_rollout(&record, "resume").await.expect(204);
    assert_eq!(bench.chore("repairs").await["completed"], 0);
    it.api.server.clock().shift(HOUR);
    assert_eq!(bench.chore("repairs").await["completed"], 1);
    assert_eq!(it.offered_to(0).await, ["2"]);
}

#[tokio::test]
async fn a_rollout_whose_image_was_taken_away_is_forgotten() {
    let (it, bench, record) = scene().await;
    it.remove(&record, "release").await.expect(204);
    it.api.server.clock().shift(2 * HOUR);
    assert_eq!(it.api.dump().await.under("DUE").count(), 1);
    assert_eq!(bench.chore("repairs").await, json!({"finished": 0, "completed": 0, "failed": 0}));
    assert_eq!(it.api.dump().await.under("DUE").count(), 0);
    assert_eq!(it.offered_to(0).await, ["1"]);
}
