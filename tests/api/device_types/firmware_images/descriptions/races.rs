//! Descriptions that are registered while others change the same things, or while the database fails.

use std::collections::BTreeSet;

use futures::future::join_all;
use serde_json::Value;
use tests::wire::Fault;

use super::{description, number};
use crate::kettle::Kettle;

#[tokio::test(flavor = "multi_thread")]
async fn several_at_once_get_numbers_of_their_own_and_are_all_associated() {
    let it = Kettle::start().await;
    let url = it.api.upload(&it.acme, b"profile").await;
    let versions = ["1", "2", "3", "4"];
    let made = join_all(versions.map(|version| it.describe(description(version, &url)))).await;
    let numbers: BTreeSet<u64> = made.into_iter().map(|each| number(&each.expect(201).json())).collect();
    assert_eq!(numbers, BTreeSet::from([1, 2, 3, 4]));
    assert_eq!(it.offers_in("release").await, [(4, "4".to_owned())]);
    assert_eq!(it.described().await, 4);
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_with_one_name_at_once_one_is_told() {
    let it = Kettle::start().await;
    let url = it.api.upload(&it.acme, b"profile").await;
    let made = join_all((0..2).map(|_| it.describe(description("1", &url)))).await;
    let mut statuses: Vec<_> = made.iter().map(|answer| (answer.status, answer.code())).collect();
    statuses.sort();
    assert_eq!(statuses, [(201, String::new()), (409, "image_exists".to_owned())]);
    assert_eq!(it.described().await, 1);
}

#[tokio::test]
async fn a_registration_and_the_deletion_of_its_device_type_never_both_happen() {
    for _ in 0..3 {
        let it = Kettle::start().await;
        let url = it.api.upload(&it.acme, b"profile").await;
        let path = it.acme.path("/deviceTypes/kettle");
        let (made, deleted) = tokio::join!(
            it.describe(description("1", &url)),
            it.api.call("DELETE", &path, &it.acme.write, Value::Null),
        );
        match (made.status, deleted.status) {
            (201, 409) => assert_eq!((it.described().await, it.offers_in("release").await.len()), (1, 1)),
            (404, 204) => assert_eq!(it.described().await, 0),
            other => panic!("{other:?}"),
        }
    }
}

/// The deletion goes between what the registration has read and what it writes.
#[tokio::test(flavor = "multi_thread")]
async fn a_device_type_or_feed_that_goes_just_before_the_write_takes_the_description_with_it() {
    for gone in ["/deviceTypes/kettle", "/feeds/field"] {
        let it = Kettle::start().await;
        it.create_feed("field").await;
        let url = it.api.upload(&it.acme, b"profile").await;
        it.api.wire.inject(Some("TransactWriteItems"), 0, 1, Fault::Held);
        let body = super::with(description("1", &url), "feed", "field");
        let (made, ()) = tokio::join!(it.describe(body), async {
            it.api.wire.held().await;
            it.api.call("DELETE", &it.acme.path(gone), &it.acme.release, Value::Null).await.expect(204);
            it.api.wire.release();
        });
        made.expect_problem(404, "not_found");
        assert_eq!(it.described().await, 0, "{gone}");
    }
}

#[tokio::test]
async fn conflicts_are_tried_again_with_the_same_number_and_endless_ones_are_told() {
    let it = Kettle::start().await;
    let url = it.api.upload(&it.acme, b"profile").await;
    it.api.wire.inject(Some("TransactWriteItems"), 0, 100, Fault::Conflict);
    it.describe(description("1", &url)).await.expect_problem(409, "conflict_retry");
    it.api.wire.clear();
    assert_eq!((it.described().await, it.offers_in("release").await), (0, vec![]));
    it.api.wire.inject(Some("TransactWriteItems"), 0, 3, Fault::Conflict);
    let made = it.describe(description("1", &url)).await.expect(201).json();
    assert_eq!(number(&made), 2, "the failure left a gap, the conflicts none");
}

#[tokio::test]
async fn a_database_that_does_not_answer_is_503_and_leaves_nothing() {
    let it = Kettle::start().await;
    let url = it.api.upload(&it.acme, b"profile").await;
    for operation in ["UpdateItem", "TransactWriteItems"] {
        // The day on which the key was first used is noted by an update of its own, before.
        it.api.get(&it.images(), &it.acme.release).await.expect(200);
        it.api.wire.inject(Some(operation), 0, 100, Fault::ServerError);
        let refused = it.describe(description("1", &url)).await.expect_problem(503, "dependency_unavailable");
        assert!(refused.header("retry-after").parse::<u32>().is_ok());
        it.api.wire.clear();
        assert_eq!(it.described().await, 0, "{operation}");
    }
    it.describe(description("1", &url)).await.expect(201);
}
