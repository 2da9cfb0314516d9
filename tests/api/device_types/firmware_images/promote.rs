//! `POST …/versionNumbers/{vn}/promote`.

use serde_json::{Value, json};
use tests::api::Answer;

use crate::kettle::{Kettle, pointers, snapshot};

impl Kettle {
    async fn promote_with(&self, record: &Value, body: Value) -> Answer {
        let path = format!("{}/promote", self.image_path(record));
        self.api.call("POST", &path, &self.acme.release, body).await
    }
}

#[tokio::test]
async fn promotion_copies_and_removal_is_a_step_of_its_own() {
    let it = Kettle::start().await;
    let record = it.image_in("1.0", &["beta"]).await;
    let made = it.promote(&record, &it.acme.release, "beta", "release").await.expect(201).json();
    snapshot!(made);
    assert_eq!(it.feeds_of(&record).await, ["beta", "release"]);
    for feed in ["beta", "release"] {
        assert_eq!(it.api.offers("kettle", &format!("feed={feed}&2105=0")).await, [(105, "1".to_owned())]);
    }
    it.remove(&record, "beta").await.expect(204);
    assert_eq!(it.feeds_of(&record).await, ["release"]);
}

#[tokio::test]
async fn an_image_goes_all_the_way_and_may_skip_and_go_back() {
    let it = Kettle::start().await;
    it.create_feed("nightly").await;
    let record = it.image_in("1.0", &["nightly"]).await;
    let steps = [("nightly", "dev"), ("dev", "alpha"), ("alpha", "release"), ("release", "beta")];
    for (from, to) in steps {
        it.promote(&record, &it.acme.release, from, to).await.expect(201);
    }
    assert_eq!(it.feeds_of(&record).await, ["alpha", "beta", "dev", "nightly", "release"]);
}

#[tokio::test]
async fn promoting_to_where_it_is_already_is_refused() {
    let it = Kettle::start().await;
    let record = it.image_in("1.0", &["beta", "release"]).await;
    for (from, to) in [("beta", "release"), ("beta", "beta")] {
        let refused = it.promote(&record, &it.acme.release, from, to).await;
        refused.expect_problem(409, "already_associated");
    }
    assert_eq!(it.feeds_of(&record).await, ["beta", "release"]);
}

#[tokio::test]
async fn only_what_is_in_the_first_feed_can_be_promoted_from_it() {
    let it = Kettle::start().await;
    let other = it.api.tenant("other").await;
    let record = it.image_in("1.0", &["beta"]).await;
    let alone = it.image("2.0").await;
    let before = it.answers().await;
    for (record, from) in [(&record, "alpha"), (&record, "release"), (&record, "nowhere"), (&alone, "beta")] {
        it.promote(record, &it.acme.release, from, "dev").await.expect_problem(404, "not_found");
    }
    let body = json!({"from": "beta", "to": "dev"});
    for (path, key) in [
        (other.path("/deviceTypes/kettle/firmwareImages/types/105/versionNumbers/1/promote"), &other.release),
        (
            it.acme.path("/deviceTypes/nothing/firmwareImages/types/105/versionNumbers/1/promote"),
            &it.acme.release,
        ),
        (
            it.acme.path("/deviceTypes/kettle/firmwareImages/types/4/versionNumbers/1/promote"),
            &it.acme.release,
        ),
        (format!("{}/promote", it.image_path(&record)), &other.release),
    ] {
        it.api.call("POST", &path, key, body.clone()).await.expect_problem(404, "not_found");
    }
    assert_eq!(it.answers().await, before);
    assert_eq!(it.feeds_of(&record).await, ["beta"]);
}

#[tokio::test]
async fn faults_of_the_body_are_told_at_once() {
    let it = Kettle::start().await;
    let record = it.image_in("1.0", &["beta"]).await;
    for (body, at) in [
        (json!({}), vec!["/from", "/to"]),
        (json!({"from": "beta"}), vec!["/to"]),
        (json!({"to": "release"}), vec!["/from"]),
        (json!({"from": "Beta", "to": "v1"}), vec!["/from", "/to"]),
        (json!({"from": 1, "to": null}), vec!["/from", "/to"]),
        (json!({"from": "beta", "to": "nowhere"}), vec!["/to"]),
    ] {
        let refused = it.promote_with(&record, body.clone()).await.expect_problem(422, "invalid_field");
        assert_eq!(pointers(&refused), at, "{body}");
    }
    let path = format!("{}/promote", it.image_path(&record));
    let request = it.api.request("POST", &path).bearer_auth(&it.acme.release).body("from=beta");
    it.api.send(request).await.expect_problem(400, "malformed_json");
    assert_eq!(it.feeds_of(&record).await, ["beta"]);
}

#[tokio::test]
async fn promotion_to_release_needs_the_release_right() {
    let it = Kettle::start().await;
    let record = it.image_in("1.0", &["alpha", "release"]).await;
    it.promote(&record, &it.acme.read, "alpha", "beta").await.expect_problem(403, "right_missing");
    it.promote(&record, &it.acme.write, "release", "beta").await.expect(201);
    it.remove(&record, "release").await.expect(204);
    it.promote(&record, &it.acme.write, "beta", "release").await.expect_problem(403, "right_missing");
    assert_eq!(it.feeds_of(&record).await, ["alpha", "beta"]);
    assert_eq!(it.api.offers("kettle", "2105=0").await, []);
}

#[tokio::test]
async fn an_image_whose_offer_was_withdrawn_is_still_promoted_where_it_is_associated() {
    let it = Kettle::start().await;
    let other = it.api.tenant("other").await;
    let radio = it.api.image(&other, 6, "radio", b"radio").await;
    let offer = format!("{}/offers/acme", it.api.record_path(&other, &radio));
    it.api.call("PUT", &offer, &other.write, Value::Null).await.expect(204);
    it.api.associate(&it.acme, "kettle", &radio, "beta").await.expect(201);
    it.api.call("DELETE", &offer, &other.write, Value::Null).await.expect(204);

    it.api.associate(&it.acme, "kettle", &radio, "alpha").await.expect_problem(422, "invalid_field");
    it.promote(&radio, &it.acme.release, "beta", "release").await.expect(201);
    assert_eq!(it.feeds_of(&radio).await, ["beta", "release"]);
    assert_eq!(it.api.offers("kettle", "2006=0").await, [(6, "1".to_owned())]);
}

#[tokio::test]
async fn a_promotion_and_a_removal_at_once_leave_one_truth() {
    for _ in 0..3 {
        let it = Kettle::start().await;
        let record = it.image_in("1.0", &["beta"]).await;
        let (promoted, removed) = tokio::join!(
            it.promote(&record, &it.acme.release, "beta", "release"),
            it.remove(&record, "beta")
        );
        removed.expect(204);
        let offered = it.api.offers("kettle", "2105=0").await.len();
        match promoted.status {
            201 => assert_eq!((it.feeds_of(&record).await, offered), (vec!["release".to_owned()], 1)),
            404 => assert_eq!((it.feeds_of(&record).await, offered), (vec![], 0)),
            other => panic!("{other}"),
        }
    }
}
