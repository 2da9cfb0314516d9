//! Catalogues that nothing points to are swept after a day; a request that is a moment late still answers.

use serde_json::{Value, json};
use tests::api::Api;
use tests::ipk::Ipk;
use tests::wire::{Fault, Wire};

use super::World;
use super::old::{lose, plant};

/// A day in milliseconds.
const DAY: i64 = 24 * 3600 * 1000;

async fn wired() -> (World, Wire) {
    let (api, bucket) = Api::start_wired().await;
    (World::with(api).await, bucket)
}

#[tokio::test]
async fn catalogues_are_swept_a_day_after_nothing_points_to_them_and_not_before() {
    let world = World::start().await;
    for version in 1..=3 {
        world.place("release", &Ipk::new("base", &version.to_string())).await;
    }
    world.place("beta", &Ipk::new("mail", "1")).await;
    let all = world.api.catalogues().await;
    assert_eq!(all.len(), 4);
    plant(&world.api, "catalogues/README", b"not ours to judge").await;
    let [release, beta] = ["release", "beta"].map(|feed| format!("INDEX#{feed}"));
    let dump = world.api.dump().await;
    let kept = [release, beta].map(|sk| dump.row("DT#dev1", &sk)["catalogue"].as_str().unwrap().to_owned());
    world.api.server.clock().shift(DAY - 60_000);
    assert_eq!(world.api.reconcile().await.unwrap().catalogues_swept, 0);
    assert_eq!(world.api.catalogues().await.len(), 5);
    world.api.server.clock().shift(120_000);
    assert_eq!(world.api.reconcile().await.unwrap().catalogues_swept, 2);
    let mut left = world.api.catalogues().await;
    assert!(left.remove("README"));
    assert_eq!(left, kept.into());
    world.api.server.clock().shift(400 * DAY);
    assert_eq!(world.api.reconcile().await.unwrap().catalogues_swept, 0, "those in use never");
    world.api.expect_whole("swept").await;
    world.get("/release/dev1/base/1").await.expect(200);
}

#[tokio::test]
async fn catalogues_of_deleted_device_types_and_feeds_are_swept() {
    let world = World::start().await;
    let feed = world.acme.path("/feeds/field");
    world.api.call("PUT", &feed, &world.acme.write, Value::Null).await.expect(204);
    for at in ["field", "release"] {
        let record = world.place(at, &Ipk::new("base", "1").line(&format!("Section: {at}"))).await;
        world.remove(at, &record).await.expect(204);
    }
    world.api.call("DELETE", &feed, &world.acme.write, Value::Null).await.expect(204);
    let path = world.acme.path("/deviceTypes/dev1");
    world.api.call("DELETE", &path, &world.acme.write, Value::Null).await.expect(204);
    assert_eq!(world.api.catalogues().await.len(), 4);
    world.api.server.clock().shift(DAY + 60_000);
    let report = world.api.reconcile().await.unwrap();
    assert_eq!((report.catalogues_swept, report.failed), (4, 0));
    assert!(world.api.catalogues().await.is_empty());
}

#[tokio::test]
async fn nothing_is_swept_while_anything_cannot_be_read() {
    use aws_sdk_dynamodb::types::AttributeValue;
    let world = World::start().await;
    for version in ["1", "2"] {
        world.place("release", &Ipk::new("base", version)).await;
    }
    world.api.server.clock().shift(2 * DAY);
    let broken = Some(AttributeValue::S("broken".into()));
    world.api.alter("DT#dev1", "INDEX#release", "modified", broken).await;
    let report = world.api.reconcile().await.unwrap();
    assert_eq!((report.catalogues_swept, report.failed), (0, 1));
    assert_eq!(world.api.catalogues().await.len(), 2, "one of them is in use, and nobody can say which");
}

#[tokio::test]
async fn a_request_whose_catalogue_was_swept_under_it_answers_from_the_next() {
    let (world, bucket) = wired().await;
    world.place("release", &Ipk::new("base", "1")).await;
    let record = world.record(&Ipk::new("mail", "1")).await;
    let stale = world.api.catalogues().await.pop_first().unwrap();
    bucket.inject(None, 0, 1, Fault::Held);
    let overtaking = async {
        bucket.held().await;
        world.api.associate(&world.acme, "dev1", &record, "release").await.expect(201);
        lose(&world.api, &format!("catalogues/{stale}")).await;
        bucket.release();
    };
    let (answer, ()) = tokio::join!(world.get("/release/dev1/Packages"), overtaking);
    let now = world.get("/release/dev1/Packages").await.expect(200);
    assert_eq!(answer.expect(200).bytes, now.bytes);
    assert_eq!(String::from_utf8(now.bytes).unwrap().matches("Package: ").count(), 2);
}

#[tokio::test]
async fn a_request_whose_device_type_was_deleted_under_it_finds_nothing() {
    let (world, bucket) = wired().await;
    let record = world.place("release", &Ipk::new("base", "1")).await;
    bucket.inject(None, 0, 1, Fault::Held);
    let overtaking = async {
        bucket.held().await;
        world.remove("release", &record).await.expect(204);
        let path = world.acme.path("/deviceTypes/dev1");
        world.api.call("DELETE", &path, &world.acme.write, Value::Null).await.expect(204);
        for sha256 in world.api.catalogues().await {
            lose(&world.api, &format!("catalogues/{sha256}")).await;
        }
        bucket.release();
    };
    let (answer, ()) = tokio::join!(world.get("/release/dev1/Packages"), overtaking);
    answer.expect_problem(404, "not_found");
}

#[tokio::test]
async fn a_feed_whose_bucket_does_not_answer_says_so_and_is_there_again_afterwards() {
    let (world, bucket) = wired().await;
    world.place("release", &Ipk::new("base", "1")).await;
    for fault in [Fault::Lost, Fault::ReplyLost, Fault::ServerError] {
        bucket.inject(None, 0, 3, fault);
        let broken = world.get("/release/dev1/Packages.gz").await;
        let broken = broken.expect_problem(503, "dependency_unavailable");
        assert!(!broken.header("retry-after").is_empty() && broken.header("cache-control") == "no-store");
        assert_eq!(bucket.clear(), 0, "{fault:?} is met");
    }
    bucket.inject(None, 0, 1, Fault::Lost);
    world.get("/release/dev1/Packages.gz").await.expect(200);
    bucket.take_calls();
    world.get("/release/dev1/Packages").await.expect(200);
    assert_eq!(bucket.take_calls(), Vec::<String>::new(), "remembered");
    let body = json!({"name": "Renamed", "architecture": "all"});
    let path = world.acme.path("/deviceTypes/dev1");
    world.api.call("PUT", &path, &world.acme.write, body).await.expect(204);
}
