//! Records are renamed, device types deleted and revived, feeds made and deleted: what that does to an index.

use serde_json::{Value, json};
use tests::ipk::Ipk;

use super::World;

#[tokio::test]
async fn editing_a_records_words_changes_no_index() {
    let world = World::start().await;
    let record = world.place("beta", &Ipk::new("base", "1.0")).await;
    world.promote_as(&record, &world.acme.release, "beta", "release").await.expect(201);
    let before = [world.index_in("beta").await, world.index_in("release").await];
    let pointer = world.api.dump().await.row("DT#dev1", "INDEX#beta").clone();
    world.api.server.clock().shift(60_000);
    let mut body = record.clone();
    for (field, value) in [
        ("name", json!("evil")),
        ("version", json!("99.9")),
        ("description", json!("Description: other")),
        ("tags", json!(["a"])),
    ] {
        body[field] = value;
        let path = world.api.record_path(&world.acme, &record);
        world.api.call("PUT", &path, &world.acme.release, body.clone()).await.expect(204);
        assert_eq!([world.index_in("beta").await, world.index_in("release").await], before, "{field}");
    }
    assert_eq!(*world.api.dump().await.row("DT#dev1", "INDEX#beta"), pointer);
    // A device that asks what has changed since hears: nothing.
    let request = world.api.request("GET", "/beta/dev1").header("if-modified-since", &before[0].2);
    world.api.send(request).await.expect(304);
    world.get("/beta/dev1/evil").await.expect(404);
    world.get("/beta/dev1/base/99.9").await.expect(404);
}

#[tokio::test]
async fn a_device_type_with_packages_stays_and_one_that_had_some_goes_with_its_indexes() {
    let world = World::start().await;
    let path = world.acme.path("/deviceTypes/dev1");
    let delete = async || world.api.call("DELETE", &path, &world.acme.write, Value::Null).await;
    let record = world.place("beta", &Ipk::new("base", "1.0")).await;
    delete().await.expect_problem(409, "device_type_in_use");
    assert_eq!(world.latest("beta").await, ["base 1.0 all"]);
    world.remove("beta", &record).await.expect(204);
    assert_eq!(world.get("/beta").await.expect(200).bytes, b"");
    assert_eq!(world.get("/beta/dev1").await.expect(200).bytes, b"");
    delete().await.expect(204);
    for at in ["/beta/dev1", "/beta/dev1/Packages", "/release/dev1/Packages.gz", "/beta/dev1/base"] {
        world.get(at).await.expect(404);
    }
    assert_eq!(world.get("/beta").await.expect(200).bytes, b"");
    world.api.expect_whole("deleted").await;
}

#[tokio::test]
async fn a_revived_device_type_begins_with_empty_feeds_and_fills_again() {
    let world = World::start().await;
    let record = world.place("beta", &Ipk::new("base", "2.0")).await;
    world.remove("beta", &record).await.expect(204);
    let path = world.acme.path("/deviceTypes/dev1");
    world.api.call("DELETE", &path, &world.acme.write, Value::Null).await.expect(204);
    let bolt = world.api.tenant("bolt").await;
    let body = json!({"deviceTypeId": "dev1", "name": "Phone", "architecture": "tuna"});
    let taken = world.api.call("POST", &bolt.path("/deviceTypes"), &bolt.write, body.clone()).await;
    taken.expect_problem(409, "device_type_taken");
    world.get("/beta/dev1").await.expect(404);
    world.api.call("POST", &world.acme.path("/deviceTypes"), &world.acme.write, body).await.expect(201);
    for feed in ["alpha", "beta", "release"] {
        assert_eq!(world.index_in(feed).await.0, "", "{feed}");
    }
    assert_eq!(world.get("/beta").await.expect(200).bytes, b"");
    // What was there counts for nothing, and its new architecture does.
    let older = Ipk::new("base", "1.0");
    world.place("beta", &older).await;
    assert_eq!(world.latest("beta").await, ["base 1.0 all"]);
    world.put_in("beta", &record).await.expect(201);
    let wrong = Ipk::new("kernel", "1.0").architecture("maguro");
    world.expect_kept_out("beta", &wrong, 422, "architecture_mismatch").await;
    assert_eq!(world.get("/beta").await.expect(200).bytes, b"dev1\n");
    world.api.expect_whole("revived").await;
}

#[tokio::test]
async fn a_feed_of_ones_own_is_found_by_devices_from_the_moment_it_is_made() {
    let world = World::start().await;
    for path in ["/nightly", "/nightly/dev1", "/nightly/dev1/Packages"] {
        world.get(path).await.expect_problem(404, "not_found");
    }
    let record = world.record(&Ipk::new("base", "1.0")).await;
    world.put_in("nightly", &record).await.expect_problem(422, "invalid_field");
    world.create_feed(&world.acme, "nightly").await;
    let empty = world.get("/nightly").await.expect(200);
    assert_eq!((empty.bytes.len(), empty.header("content-length")), (0, "0"));
    assert_eq!(world.get("/nightly/dev1/Packages").await.expect(200).bytes, b"");
    world.get("/nightly/nothing").await.expect_problem(404, "not_found");
    world.put_in("nightly", &record).await.expect(201);
    assert_eq!(world.latest("nightly").await, ["base 1.0 all"]);
    assert_eq!(world.get("/nightly").await.expect(200).bytes, b"dev1\n");
    let as_json = world.api.request("GET", "/nightly").header("accept", "application/json");
    assert_eq!(world.api.send(as_json).await.expect(200).json(), json!(["dev1"]));
    assert_eq!(world.latest("beta").await, [""; 0]);
    world.api.expect_whole("a feed of its own").await;
}

#[tokio::test]
async fn a_feed_in_use_stays_and_a_deleted_one_is_found_no_more() {
    let world = World::start().await;
    world.create_feed(&world.acme, "nightly").await;
    let record = world.place("nightly", &Ipk::new("base", "1.0")).await;
    world.delete_feed(&world.acme, "nightly").await.expect_problem(409, "feed_in_use");
    assert_eq!(world.latest("nightly").await, ["base 1.0 all"]);
    world.remove("nightly", &record).await.expect(204);
    assert_eq!(world.get("/nightly").await.expect(200).bytes, b"");
    world.delete_feed(&world.acme, "nightly").await.expect(204);
    for path in ["/nightly", "/nightly/dev1", "/nightly/dev1/Packages", "/nightly/dev1/base"] {
        world.get(path).await.expect_problem(404, "not_found");
    }
    for feed in ["alpha", "beta", "release", "dev"] {
        world.delete_feed(&world.acme, feed).await.expect_problem(409, "feed_in_use");
    }
    world.api.expect_whole("deleted").await;
    // Made again, it is empty, and an older version may come.
    world.create_feed(&world.acme, "nightly").await;
    assert_eq!(world.get("/nightly").await.expect(200).bytes, b"");
    assert_eq!(world.index_in("nightly").await.0, "");
    world.place("nightly", &Ipk::new("base", "0.5")).await;
    assert_eq!(world.get("/nightly").await.expect(200).bytes, b"dev1\n");
    world.api.expect_whole("made again").await;
}

#[tokio::test]
async fn two_partners_feeds_of_one_name_are_listed_together_and_end_apart() {
    let world = World::start().await;
    let bolt = world.api.tenant("bolt").await;
    world.api.create_device_type(&bolt, "bolt1").await;
    world.create_feed(&world.acme, "nightly").await;
    // Bolt has no such feed, so its device types are not found in it.
    world.get("/nightly/dev1").await.expect(200);
    world.get("/nightly/bolt1").await.expect_problem(404, "not_found");
    world.create_feed(&bolt, "nightly").await;
    let record = world.place("nightly", &Ipk::new("base", "1.0")).await;
    let theirs = world.api.image(&bolt, 3, "1", &Ipk::new("base", "0.1").build()).await;
    world.api.associate(&bolt, "bolt1", &theirs, "nightly").await.expect(201);
    assert_eq!(world.get("/nightly").await.expect(200).bytes, b"bolt1\ndev1\n");
    assert_eq!(world.latest("nightly").await, ["base 1.0 all"]);
    world.remove("nightly", &record).await.expect(204);
    world.delete_feed(&world.acme, "nightly").await.expect(204);
    assert_eq!(world.get("/nightly").await.expect(200).bytes, b"bolt1\n");
    world.get("/nightly/dev1").await.expect_problem(404, "not_found");
    world.get("/nightly/bolt1/base").await.expect(200);
    world.api.expect_whole("one of two is gone").await;
}

#[tokio::test]
async fn no_feed_is_called_like_another_url() {
    let world = World::start().await;
    for name in ["v1", "oauth", "repository", "console", "docs", "health", "robots.txt", "favicon.ico"] {
        let path = world.acme.path(&format!("/feeds/{name}"));
        let put = world.api.call("PUT", &path, &world.acme.write, Value::Null).await;
        put.expect_problem(422, "reserved_name");
    }
    for name in ["Nightly", "a_b", "-a", "a.b", "packages.gz"] {
        let path = world.acme.path(&format!("/feeds/{name}"));
        let put = world.api.call("PUT", &path, &world.acme.write, Value::Null).await;
        put.expect_problem(422, "invalid_field");
    }
}
