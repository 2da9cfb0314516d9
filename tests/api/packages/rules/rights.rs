//! `write` reaches every feed but `release`; `read` reaches none.

use serde_json::{Value, json};
use tests::ipk::Ipk;

use super::World;

impl World {
    async fn put_in_with(&self, key: &str, feed: &str, record: &Value) -> tests::api::Answer {
        let mut body = record.clone();
        body["feed"] = feed.into();
        let path = self.acme.path("/deviceTypes/dev1/firmwareImages");
        self.api.call("POST", &path, key, body).await
    }

    async fn remove_with(&self, key: &str, query: &str, record: &Value) -> tests::api::Answer {
        let number = record["versionNumber"].as_str().unwrap();
        let path = format!("/deviceTypes/dev1/firmwareImages/types/3/versionNumbers/{number}{query}");
        self.api.call("DELETE", &self.acme.path(&path), key, Value::Null).await
    }
}

#[tokio::test]
async fn write_cannot_touch_the_release_feed() {
    let world = World::start().await;
    let (write, release) = (world.acme.write.clone(), world.acme.release.clone());
    let record = world.record(&Ipk::new("base", "1.0")).await;
    let missing = |answer: tests::api::Answer| answer.expect_problem(403, "right_missing");
    missing(world.put_in_with(&write, "release", &record).await);
    // No feed is release.
    let path = world.acme.path("/deviceTypes/dev1/firmwareImages");
    missing(world.api.call("POST", &path, &write, record.clone()).await);
    for feed in ["alpha", "beta", "dev"] {
        world.put_in_with(&write, feed, &record).await.expect(201);
    }
    missing(world.promote_as(&record, &write, "beta", "release").await);
    assert_eq!(world.latest("release").await, [""; 0]);
    assert_eq!(world.get("/release").await.expect(200).bytes, b"");

    world.promote_as(&record, &release, "beta", "release").await.expect(201);
    let index = world.index_in("release").await;
    missing(world.remove_with(&write, "?feed=release", &record).await);
    missing(world.remove_with(&write, "", &record).await);
    assert_eq!(world.index_in("release").await, index);
    world.promote_as(&record, &write, "release", "beta").await.expect_problem(409, "already_associated");
    world.remove_with(&write, "?feed=beta", &record).await.expect(204);
    // From release to another feed is nothing that release gives.
    world.promote_as(&record, &write, "release", "beta").await.expect(201);
    world.remove_with(&release, "", &record).await.expect(204);
    for feed in ["alpha", "beta", "release"] {
        assert_eq!(world.latest(feed).await, [""; 0]);
    }
}

#[tokio::test]
async fn read_and_other_partners_change_no_feed() {
    let world = World::start().await;
    let bolt = world.api.tenant("bolt").await;
    let record = world.place("beta", &Ipk::new("base", "1.0")).await;
    let other = world.record(&Ipk::new("mail", "1.0")).await;
    let (index, table) = (world.index_in("beta").await, world.api.dump().await);
    for (key, status, code) in [
        (world.acme.read.as_str(), 403, "right_missing"),
        (&bolt.release, 404, "not_found"),
        ("", 401, "key_missing"),
    ] {
        world.put_in_with(key, "beta", &other).await.expect_problem(status, code);
        world.promote_as(&record, key, "beta", "alpha").await.expect_problem(status, code);
        world.remove_with(key, "?feed=beta", &record).await.expect_problem(status, code);
    }
    // Nor from its own paths: neither the device type nor the image is bolt's.
    world.api.associate(&bolt, "dev1", &other, "beta").await.expect_problem(404, "not_found");
    world.api.create_device_type(&bolt, "bolt1").await;
    world.api.associate(&bolt, "bolt1", &other, "beta").await.expect_problem(422, "invalid_field");
    assert_eq!(world.index_in("beta").await, index);
    let changed = world.api.dump().await.difference(&table);
    assert!(changed.iter().all(|key| key.contains("bolt")), "{changed:?}");
}

#[tokio::test]
async fn an_intent_for_a_package_needs_the_release_right_when_it_is_made_and_when_it_fires() {
    let world = World::start().await;
    let url = world.api.upload(&world.acme, &Ipk::new("base", "1.0").build()).await;
    let body = |url: &str| json!({"name": "base", "type": 3, "version": "1", "url": url, "associations": {"acme": ["dev1"]}});
    let pool = world.acme.path("/pool");
    for url in ["", &url] {
        let post = world.api.call("POST", &pool, &world.acme.write, body(url)).await;
        post.expect_problem(403, "right_missing");
    }
    let mut record = world.api.call("POST", &pool, &world.acme.release, body("")).await.expect(201).json();
    record["url"] = url.into();
    let path = world.api.record_path(&world.acme, &record);
    world
        .api
        .call("PUT", &path, &world.acme.write, record.clone())
        .await
        .expect_problem(403, "right_missing");
    assert_eq!(world.latest("release").await, [""; 0]);
    world.api.call("PUT", &path, &world.acme.release, record).await.expect(204);
    assert_eq!(world.latest("release").await, ["base 1.0 all"]);
}
