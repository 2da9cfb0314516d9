//! Changes of one index that pass each other: one is held at its write while another goes through, or many run at
//! once.

use std::collections::BTreeSet;
use std::ops::Deref;

use serde_json::{Value, json};
use shared::ipkg::index;
use tests::api::Answer;
use tests::ipk::Ipk;
use tests::wire::Fault;

use super::World;
use crate::manifests::races::associate_at_once;

/// The path of an image of `dev1`.
fn placed(record: &Value) -> String {
    let number = record["versionNumber"].as_str().unwrap();
    format!("/deviceTypes/dev1/firmwareImages/types/3/versionNumbers/{number}")
}

/// A world in which changes are held.
struct Race(World);

impl Deref for Race {
    type Target = World;

    fn deref(&self) -> &World {
        &self.0
    }
}

impl Race {
    async fn start() -> Self {
        Self(World::start().await)
    }

    async fn call(&self, method: &str, path: &str, body: Value) -> Answer {
        self.api.call(method, &self.acme.path(path), &self.acme.release, body).await
    }

    async fn associate(&self, record: &Value, feed: &str) -> Answer {
        self.api.associate(&self.acme, "dev1", record, feed).await
    }

    async fn promote(&self, record: &Value, from: &str, to: &str) -> Answer {
        self.call("POST", &format!("{}/promote", placed(record)), json!({"from": from, "to": to})).await
    }

    /// Holds `first` at its first transaction until `then` is through.
    async fn while_held<T>(
        &self,
        first: impl Future<Output = Answer>,
        then: impl Future<Output = T>,
    ) -> (Answer, T) {
        // Keys that are used for the first time write that down, which is not what is to be held.
        for key in [&self.acme.write, &self.acme.release] {
            self.api.get("/v1/ota/whoami", key).await.expect(200);
        }
        self.api.wire.inject(Some("TransactWriteItems"), 0, 1, Fault::Held);
        let overtaking = async {
            self.api.wire.held().await;
            let done = then.await;
            self.api.wire.release();
            done
        };
        tokio::join!(first, overtaking)
    }

    /// Package and version of every stanza of an index.
    async fn shown(&self, feed: &str) -> Vec<(String, String)> {
        let answer = self.get(&format!("/{feed}/dev1/Packages")).await.expect(200);
        let entries = index::parse(std::str::from_utf8(&answer.bytes).unwrap()).unwrap();
        let values = entries.iter().map(|entry| {
            let value = |at: usize| entry.fields[at].value.clone();
            assert_eq!(
                (entry.fields[0].name.as_str(), entry.fields[1].name.as_str()),
                ("Package", "Version")
            );
            (value(0), value(1))
        });
        values.collect()
    }

    async fn expect_agreement(&self) {
        self.api.expect_whole("afterwards").await;
        let report = self.api.reconcile().await.unwrap();
        let found = (report.repairs, report.drifted, report.indexes_drifted, report.failed);
        assert_eq!(found, (0, 0, 0, 0));
    }
}

fn pair(package: &str, version: &str) -> (String, String) {
    (package.to_owned(), version.to_owned())
}

#[tokio::test(flavor = "multi_thread")]
async fn many_packages_at_once_all_reach_one_index_each_at_a_time_of_its_own() {
    let world = Race::start().await;
    let mut records = Vec::new();
    for index in 0..16 {
        records.push(world.record(&Ipk::new(&format!("package-{index:02}"), "1")).await);
    }
    associate_at_once(&records, async |record| world.associate(record, "release").await).await;
    let wanted: Vec<_> = (0..16).map(|index| pair(&format!("package-{index:02}"), "1")).collect();
    assert_eq!(world.shown("release").await, wanted);
    world.api.server.clock().shift(60_000);
    let mut times = BTreeSet::new();
    for (package, _) in &wanted {
        let answer = world.get(&format!("/release/dev1/{package}")).await.expect(200);
        times.insert(answer.header("last-modified").to_owned());
    }
    assert_eq!(times.len(), 16, "{times:?}");
    world.expect_agreement().await;
}

#[tokio::test]
async fn of_two_images_with_one_package_and_version_one_is_placed() {
    for versions in [["1.0", "1.0"], ["1.0", "1.0-0"], ["1.1", "1.0"]] {
        let world = Race::start().await;
        let first = world.record(&Ipk::new("base", versions[0])).await;
        let second = world.record(&Ipk::new("base", versions[1]).content(b"other")).await;
        let (late, early) =
            world.while_held(world.associate(&second, "release"), world.associate(&first, "release")).await;
        early.expect(201);
        late.expect_problem(409, "version_not_newer");
        assert_eq!(world.shown("release").await, [pair("base", versions[0])]);
        let page = world.call("GET", "/deviceTypes/dev1/firmwareImages", Value::Null).await.json();
        assert_eq!(page["totalElements"], 1);
        world.expect_agreement().await;
    }
}

#[tokio::test]
async fn one_image_placed_twice_at_once_is_placed_once() {
    let world = Race::start().await;
    let record = world.record(&Ipk::new("base", "1.0")).await;
    let (late, early) =
        world.while_held(world.associate(&record, "release"), world.associate(&record, "release")).await;
    early.expect(201);
    late.expect_problem(409, "already_associated");
    assert_eq!(world.shown("release").await, [pair("base", "1.0")]);
    world.expect_agreement().await;
}

#[tokio::test]
async fn an_association_that_a_removal_overtakes_stands_beside_what_is_left() {
    let world = Race::start().await;
    let old = world.place("release", &Ipk::new("base", "1.0")).await;
    world.place("release", &Ipk::new("mail", "1.0")).await;
    let new = world.record(&Ipk::new("base", "1.1")).await;
    let (placed, removed) =
        world.while_held(world.associate(&new, "release"), world.remove("release", &old)).await;
    removed.expect(204);
    placed.expect(201);
    assert_eq!(world.shown("release").await, [pair("base", "1.1"), pair("mail", "1.0")]);
    world.get("/release/dev1/base/1.0").await.expect_problem(404, "not_found");
    world.expect_agreement().await;
}

#[tokio::test]
async fn a_removal_that_an_association_overtakes_takes_away_only_what_it_was_to() {
    let world = Race::start().await;
    let old = world.place("release", &Ipk::new("base", "1.0")).await;
    let new = world.record(&Ipk::new("base", "1.1")).await;
    let (removed, placed) =
        world.while_held(world.remove("release", &old), world.associate(&new, "release")).await;
    placed.expect(201);
    removed.expect(204);
    assert_eq!(world.shown("release").await, [pair("base", "1.1")]);
    world.get("/release/dev1/base/1.0").await.expect_problem(404, "not_found");
    world.expect_agreement().await;
}

#[tokio::test]
async fn two_removals_at_once_remove_once() {
    let world = Race::start().await;
    let record = world.place("release", &Ipk::new("base", "1.0")).await;
    let (late, early) = world.while_held(world.remove("", &record), world.remove("release", &record)).await;
    early.expect(204);
    late.expect_problem(404, "not_found");
    assert_eq!(world.shown("release").await, []);
    world.expect_agreement().await;
}

#[tokio::test]
async fn a_promotion_and_an_association_of_one_version_place_one() {
    for promotion_first in [true, false] {
        let world = Race::start().await;
        let beta = world.place("beta", &Ipk::new("base", "1.0")).await;
        let other = world.record(&Ipk::new("base", "0:1.0").content(b"other")).await;
        let (late, early) = if promotion_first {
            world
                .while_held(world.associate(&other, "release"), world.promote(&beta, "beta", "release"))
                .await
        } else {
            world
                .while_held(world.promote(&beta, "beta", "release"), world.associate(&other, "release"))
                .await
        };
        early.expect(201);
        late.expect_problem(409, "version_not_newer");
        let version = if promotion_first { "1.0" } else { "0:1.0" };
        assert_eq!(world.shown("release").await, [pair("base", version)]);
        world.expect_agreement().await;
    }
}

#[tokio::test]
async fn what_is_removed_from_its_feed_before_its_promotion_is_through_is_not_promoted() {
    let world = Race::start().await;
    let record = world.place("beta", &Ipk::new("base", "1.0")).await;
    let (promoted, removed) =
        world.while_held(world.promote(&record, "beta", "release"), world.remove("beta", &record)).await;
    removed.expect(204);
    promoted.expect_problem(404, "not_found");
    assert_eq!(world.shown("release").await, []);
    world.expect_agreement().await;
}

#[tokio::test]
async fn a_package_never_comes_into_a_device_type_that_goes_meanwhile() {
    let world = Race::start().await;
    let record = world.record(&Ipk::new("base", "1.0")).await;
    let (placed, deleted) = world
        .while_held(
            world.associate(&record, "release"),
            world.call("DELETE", "/deviceTypes/dev1", Value::Null),
        )
        .await;
    deleted.expect(204);
    placed.expect_problem(404, "not_found");
    world.get("/release/dev1").await.expect_problem(404, "not_found");
    world.api.expect_whole("deleted").await;

    world.api.create_device_type(&world.acme, "dev1").await;
    let (deleted, placed) = world
        .while_held(
            world.call("DELETE", "/deviceTypes/dev1", Value::Null),
            world.associate(&record, "release"),
        )
        .await;
    placed.expect(201);
    deleted.expect_problem(409, "device_type_in_use");
    assert_eq!(world.shown("release").await, [pair("base", "1.0")]);
    world.expect_agreement().await;
}

#[tokio::test]
async fn a_package_never_comes_into_a_device_type_that_is_for_something_else_meanwhile() {
    let world = Race::start().await;
    let record = world.record(&Ipk::new("base", "1.0").architecture("maguro")).await;
    let other = json!({"name": "Phone", "architecture": "armv7"});
    let (placed, changed) = world
        .while_held(world.associate(&record, "release"), world.call("PUT", "/deviceTypes/dev1", other))
        .await;
    changed.expect(204);
    placed.expect_problem(422, "architecture_mismatch");
    assert_eq!(world.shown("release").await, []);
    world.expect_agreement().await;
}

#[tokio::test]
async fn a_package_never_comes_into_a_feed_that_goes_meanwhile() {
    let world = Race::start().await;
    world.call("PUT", "/feeds/field", Value::Null).await.expect(204);
    let record = world.record(&Ipk::new("base", "1.0")).await;
    let (placed, deleted) = world
        .while_held(world.associate(&record, "field"), world.call("DELETE", "/feeds/field", Value::Null))
        .await;
    deleted.expect(204);
    assert!((400..500).contains(&placed.status), "{}", placed.json());
    world.get("/field/dev1").await.expect_problem(404, "not_found");
    world.expect_agreement().await;
}

#[tokio::test]
async fn a_wish_for_a_version_that_another_has_meanwhile_is_refused_and_the_record_stays() {
    let world = Race::start().await;
    let body = json!({"name": "wished", "type": 3, "version": "1", "url": "",
        "associations": {"acme": ["dev1"]}});
    let mut wished = world.call("POST", "/pool", body).await.expect(201).json();
    let bytes = Ipk::new("base", "1.0").content(b"wished").build();
    wished["url"] = world.api.upload(&world.acme, &bytes).await.into();
    let other = world.record(&Ipk::new("base", "1.0")).await;
    let path = world.api.record_path(&world.acme, &wished);
    let (given, placed) = world
        .while_held(
            world.api.call("PUT", &path, &world.acme.release, wished.clone()),
            world.associate(&other, "release"),
        )
        .await;
    placed.expect(201);
    given.expect_problem(409, "version_not_newer");
    let read = world.api.get(&path, &world.acme.read).await.expect(200).json();
    assert_eq!((&read["state"], &read["sealed"]), (&json!("registered"), &json!(false)), "{read}");
    world.remove("release", &other).await.expect(204);
    world.api.call("PUT", &path, &world.acme.release, wished).await.expect(204);
    assert_eq!(world.shown("release").await, [pair("base", "1.0")]);
    world.expect_agreement().await;
}

#[tokio::test]
async fn a_reconciler_that_a_change_overtakes_undoes_nothing() {
    let world = Race::start().await;
    let old = world.place("release", &Ipk::new("base", "1.0")).await;
    let new = world.record(&Ipk::new("base", "1.1")).await;
    let change = async || {
        world.associate(&new, "release").await.expect(201);
        world.remove("release", &old).await.expect(204);
    };
    world.api.erase("FEED#release", "DT#dev1").await;
    world.api.wire.inject(Some("TransactWriteItems"), 0, 1, Fault::Held);
    let overtaking = async {
        world.api.wire.held().await;
        change().await;
        world.api.wire.release();
    };
    let (report, ()) = tokio::join!(world.api.reconcile(), overtaking);
    assert_eq!(report.unwrap().failed, 0);
    assert_eq!(world.shown("release").await, [pair("base", "1.1")]);
    world.expect_agreement().await;
}
