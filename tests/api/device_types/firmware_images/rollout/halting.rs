//! `pause` and `resume`.

use serde_json::{Value, json};
use tests::wire::Fault;

use super::percent;
use crate::kettle::Kettle;

#[tokio::test]
async fn a_paused_image_is_offered_to_nobody_and_nothing_older_takes_its_place() {
    let it = Kettle::start().await;
    it.image_in("1.0", &["release"]).await;
    let second = it.image_in("2.0", &["release"]).await;
    it.post_rollout(&second, "pause").await.expect(204);
    let answer = it.api.check("kettle", "2105=0").await.expect(200).json();
    assert_eq!(answer["updates"], json!([]));
    assert_eq!(answer["notes"], json!([{"type": 105, "reason": "paused"}]));
    let rollout = it.rollout(&second).await;
    assert_eq!((&rollout["state"], &rollout["paused"]["automatic"]), (&json!("paused"), &json!(false)));
    it.post_rollout(&second, "resume").await.expect(204);
    assert_eq!(it.offered_to(0).await, ["2"]);
    assert_eq!(it.rollout(&second).await["paused"], Value::Null);
}

#[tokio::test]
async fn what_is_on_its_way_and_paused_leaves_everyone_what_they_had() {
    let it = Kettle::start().await;
    it.image_in("1.0", &["release"]).await;
    let second = it.image_in("2.0", &["release"]).await;
    it.set_rollout(&second, percent(50)).await.expect(204);
    it.post_rollout(&second, "pause").await.expect(204);
    assert_eq!(it.offered_to(0).await, ["1"]);
    it.set_rollout(&second, percent(100)).await.expect(204);
    assert_eq!(it.rollout(&second).await["state"], "paused", "a new plan does not resume it");
    it.post_rollout(&second, "resume").await.expect(204);
    assert_eq!(it.offered_to(0).await, ["2"]);
}

#[tokio::test]
async fn pausing_and_resuming_again_changes_nothing() {
    let it = Kettle::start().await;
    let record = it.image_in("1.0", &["release"]).await;
    let items = it.api.audit("acme").await.len();
    it.post_rollout(&record, "resume").await.expect(204);
    assert_eq!(it.api.audit("acme").await.len(), items);
    it.post_rollout(&record, "pause").await.expect(204);
    let since = it.rollout(&record).await["paused"]["sinceTimestamp"].clone();
    it.post_rollout(&record, "pause").await.expect(204);
    assert_eq!(it.rollout(&record).await["paused"]["sinceTimestamp"], since);
    assert_eq!(it.api.audit("acme").await.len(), items + 1);
}

#[tokio::test]
async fn a_rollout_that_was_halted_goes_on_where_it_stood() {
    let it = Kettle::start().await;
    let record = it.image_in("1.0", &["release"]).await;
    let now = it.api.server.clock().now().millis();
    let hour = 3_600_000;
    let steps = json!([{"atTimestamp": now + hour, "percent": 50}]);
    it.set_rollout(&record, json!({"percent": 10, "steps": steps})).await.expect(204);
    it.post_rollout(&record, "pause").await.expect(204);
    it.api.server.clock().shift(5 * hour);
    assert_eq!(it.rollout(&record).await["currentPercent"], 10, "nothing goes on while it is halted");
    it.post_rollout(&record, "resume").await.expect(204);
    let rollout = it.rollout(&record).await;
    assert_eq!(rollout["currentPercent"], 10);
    let moved = rollout["steps"][0]["atTimestamp"].as_i64().unwrap() - now;
    assert!((6 * hour..6 * hour + 60_000).contains(&moved), "{moved}");
    it.api.server.clock().shift(hour);
    assert_eq!(it.rollout(&record).await["currentPercent"], 50);
}

#[tokio::test]
async fn what_was_paused_when_it_was_removed_comes_back_paused() {
    let it = Kettle::start().await;
    let mut record = it.image_in("1.0", &["alpha", "beta"]).await;
    (record["feed"], record["rollout"]) = ("alpha".into(), percent(100));
    let removal = format!("{}?feed=alpha", it.image_path(&record));
    let (pause, resume) =
        (it.rollout_path(&record, "/pause", "alpha"), it.rollout_path(&record, "/resume", "alpha"));
    let write = &it.acme.write;
    for promoted in [false, true] {
        it.api.call("POST", &pause, &it.acme.release, Value::Null).await.expect(204);
        it.api.call("DELETE", &removal, write, Value::Null).await.expect(204);
        assert_eq!(it.feeds_of(&record).await, ["beta"], "a mark is no association");
        let back = if promoted {
            it.promote(&record, write, "beta", "alpha").await
        } else {
            it.api.call("POST", &it.images(), write, record.clone()).await
        };
        back.expect(201);
        assert_eq!(it.api.offers("kettle", "feed=alpha&2105=0").await, []);
        it.api.call("POST", &resume, write, Value::Null).await.expect_problem(403, "right_missing");
        it.api.expect_whole("back, and paused").await;
        it.api.call("POST", &resume, &it.acme.release, Value::Null).await.expect(204);
        assert_eq!(it.api.offers("kettle", "feed=alpha&2105=0").await.len(), 1);
    }
    it.api.call("DELETE", &removal, write, Value::Null).await.expect(204);
    it.promote(&record, write, "beta", "alpha").await.expect(201);
    assert_eq!(it.api.offers("kettle", "feed=alpha&2105=0").await.len(), 1, "it was not paused any more");
}

#[tokio::test]
async fn a_halt_that_overtakes_a_resume_on_its_way_is_not_undone_by_it() {
    let it = Kettle::start().await;
    let record = it.image_in("1.0", &["release"]).await;
    it.post_rollout(&record, "pause").await.expect(204);
    it.api.wire.inject(Some("TransactWriteItems"), 0, 1, Fault::Held);
    let overtaking = async {
        it.api.wire.held().await;
        it.post_rollout(&record, "resume").await.expect(204);
        it.api.server.clock().shift(1000);
        it.post_rollout(&record, "pause").await.expect(204);
        it.api.wire.release();
    };
    let (resumed, ()) = tokio::join!(it.post_rollout(&record, "resume"), overtaking);
    resumed.expect_problem(409, "halted_since");
    assert_eq!(it.api.offers("kettle", "2105=0").await.len(), 0);
    it.post_rollout(&record, "resume").await.expect(204);
    assert_eq!(it.api.offers("kettle", "2105=0").await.len(), 1);
}
