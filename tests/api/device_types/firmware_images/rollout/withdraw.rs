//! `withdraw`: final.

use serde_json::{Value, json};
use tests::ipk::Ipk;
use tests::wire::Fault;

use super::percent;
use crate::kettle::Kettle;

#[tokio::test]
async fn what_is_withdrawn_makes_way_for_what_was_there_before() {
    let it = Kettle::start().await;
    it.image_in("1.0", &["release", "beta"]).await;
    let second = it.image_in("2.0", &["release", "beta"]).await;
    it.post_rollout(&second, "withdraw").await.expect(204);
    assert_eq!(it.offered_to(0).await, ["1"]);
    assert_eq!(it.api.offers("kettle", "feed=beta&2105=0").await, [(105, "2".to_owned())]);
    assert_eq!(it.rollout(&second).await["state"], "withdrawn");
    assert_eq!(it.feeds_of(&second).await, ["beta", "release"], "it stays where it can be asked about");
}

#[tokio::test]
async fn withdrawing_is_final_and_may_be_repeated() {
    let it = Kettle::start().await;
    let record = it.image_in("1.0", &["release"]).await;
    it.post_rollout(&record, "withdraw").await.expect(204);
    let items = it.api.audit("acme").await.len();
    it.post_rollout(&record, "withdraw").await.expect(204);
    assert_eq!(it.api.audit("acme").await.len(), items);
    for what in ["pause", "resume"] {
        it.post_rollout(&record, what).await.expect_problem(409, "rollout_withdrawn");
    }
    it.set_rollout(&record, percent(100)).await.expect_problem(409, "rollout_withdrawn");
    let promoted = it.promote(&record, &it.acme.release, "release", "beta").await;
    promoted.expect_problem(409, "rollout_withdrawn");
    assert!(it.offered_to(0).await.is_empty());
    it.remove(&record, "release").await.expect(204);
}

#[tokio::test]
async fn what_was_withdrawn_does_not_come_back_after_it_was_taken_away() {
    let it = Kettle::start().await;
    let record = it.image_in("1.0", &["release", "beta"]).await;
    it.post_rollout(&record, "withdraw").await.expect(204);
    for _ in 0..2 {
        if it.feeds_of(&record).await.contains(&"release".to_owned()) {
            it.remove(&record, "release").await.expect(204);
        }
        let again = it.api.associate(&it.acme, "kettle", &record, "release").await;
        again.expect_problem(409, "rollout_withdrawn");
        let promoted = it.promote(&record, &it.acme.release, "beta", "release").await;
        promoted.expect_problem(409, "rollout_withdrawn");
    }
    assert_eq!(it.feeds_of(&record).await, ["beta"]);
    let path = format!("{}/associations", it.api.record_path(&it.acme, &record));
    let listed = it.api.get(&path, &it.acme.read).await.expect(200).json();
    assert_eq!(listed[0]["feeds"], json!(["beta"]), "a mark is no association");
    assert!(it.offered_to(0).await.is_empty());
    it.remove(&record, "beta").await.expect(204);
    it.api.associate(&it.acme, "kettle", &record, "alpha").await.expect(201);
    it.api.expect_whole("withdrawn and gone").await;
}

#[tokio::test]
async fn a_description_that_was_withdrawn_does_not_come_back() {
    let it = Kettle::start().await;
    let url = it.api.upload(&it.acme, b"description").await;
    let body = json!({"name": "d", "type": 4, "version": "1", "url": url});
    let record = it.api.call("POST", &it.images(), &it.acme.release, body).await.expect(201).json();
    it.post_rollout(&record, "withdraw").await.expect(204);
    it.remove(&record, "release").await.expect(204);
    let again = it.api.associate(&it.acme, "kettle", &record, "release").await;
    again.expect_problem(409, "rollout_withdrawn");
}

#[tokio::test]
async fn what_is_halted_while_it_is_promoted_does_not_arrive_as_if_nothing_had_been() {
    for (what, status, package) in
        [("withdraw", 409, false), ("pause", 201, false), ("withdraw", 409, true), ("pause", 201, true)]
    {
        let it = Kettle::start().await;
        it.create_feed("field").await;
        let bytes = if package { Ipk::new("base", "1.0").build() } else { b"firmware".to_vec() };
        let record = it.api.image(&it.acme, 105, "1.0", &bytes).await;
        it.api.associate(&it.acme, "kettle", &record, "field").await.expect(201);
        let path = it.rollout_path(&record, &format!("/{what}"), "field");
        it.api.wire.inject(Some("TransactWriteItems"), 0, 1, Fault::Held);
        let overtaking = async {
            it.api.wire.held().await;
            it.api.call("POST", &path, &it.acme.release, Value::Null).await.expect(204);
            it.api.wire.release();
        };
        let (promoted, ()) =
            tokio::join!(it.promote(&record, &it.acme.release, "field", "release"), overtaking);
        assert_eq!(promoted.status, status, "{what}");
        if status == 201 {
            assert_eq!(it.rollout(&record).await["state"], "paused");
        } else {
            assert_eq!(it.feeds_of(&record).await, ["field"]);
        }
        it.api.expect_whole(what).await;
    }
}

#[tokio::test]
async fn what_is_withdrawn_between_the_reads_of_its_removal_does_not_come_back() {
    let it = Kettle::start().await;
    let (other, record) = (it.image_in("1.0", &["release"]).await, it.image_in("2.0", &["release"]).await);
    it.api.wire.take_calls();
    it.remove(&other, "release").await.expect(204);
    let calls = it.api.wire.take_calls();
    let listed = calls.iter().position(|call| call == "Query").unwrap();
    it.api.wire.inject(None, listed + 1, 1, Fault::Held);
    let overtaking = async {
        it.api.wire.held().await;
        it.post_rollout(&record, "withdraw").await.expect(204);
        it.api.wire.release();
    };
    let (removed, ()) = tokio::join!(it.remove(&record, "release"), overtaking);
    removed.expect(204);
    let again = it.api.associate(&it.acme, "kettle", &record, "release").await;
    again.expect_problem(409, "rollout_withdrawn");
    it.api.expect_whole("withdrawn meanwhile").await;
}

#[tokio::test]
async fn a_paused_package_that_is_withdrawn_while_it_is_removed_does_not_come_back() {
    let it = Kettle::start().await;
    let record = it.api.image(&it.acme, 105, "1.0", &Ipk::new("base", "1.0").build()).await;
    it.api.associate(&it.acme, "kettle", &record, "release").await.expect(201);
    it.post_rollout(&record, "pause").await.expect(204);
    it.api.wire.inject(Some("TransactWriteItems"), 0, 1, Fault::Held);
    let overtaking = async {
        it.api.wire.held().await;
        it.post_rollout(&record, "withdraw").await.expect(204);
        it.api.wire.release();
    };
    let (removed, ()) = tokio::join!(it.remove(&record, "release"), overtaking);
    removed.expect(204);
    let again = it.api.associate(&it.acme, "kettle", &record, "release").await;
    again.expect_problem(409, "rollout_withdrawn");
    it.api.expect_whole("withdrawn meanwhile").await;
}
