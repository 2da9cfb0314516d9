//! `withdraw`: final, and together with a bundle.

use serde_json::json;

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
async fn a_bundle_is_withdrawn_and_taken_away_as_one() {
    let it = Kettle::start().await;
    it.api.create_type(&it.acme, 106).await;
    let stack = it.image_in("1.0", &["release"]).await;
    let application = it.api.image(&it.acme, 106, "1.0", b"application").await;
    it.api.associate(&it.acme, "kettle", &application, "release").await.expect(201);
    for record in [&stack, &application] {
        it.set_rollout(record, json!({"percent": 100, "bundle": "radio"})).await.expect(204);
    }
    assert_eq!(it.api.offers("kettle", "2105=0&2106=0").await.len(), 2);
    assert!(it.api.offers("kettle", "2105=0").await.is_empty(), "or not at all");
    it.post_rollout(&stack, "pause").await.expect(204);
    assert!(it.api.offers("kettle", "2105=0&2106=0").await.is_empty());
    it.post_rollout(&stack, "resume").await.expect(204);
    it.remove(&stack, "release").await.expect_problem(409, "in_bundle");
    assert_eq!(it.api.offers("kettle", "2105=0&2106=0").await.len(), 2);
    it.post_rollout(&application, "withdraw").await.expect(204);
    assert!(it.api.offers("kettle", "2105=0&2106=0").await.is_empty());
    for record in [&stack, &application] {
        assert_eq!(it.rollout(record).await["state"], "withdrawn");
        it.remove(record, "release").await.expect(204);
    }
}
