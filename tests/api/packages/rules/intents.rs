//! `associations` at registration: a package enters its indexes with the change that gives the record its binary, or
//! that change is refused whole.

use serde_json::{Value, json};
use tests::api::Answer;
use tests::ipk::Ipk;

use super::{World, listed};

impl World {
    /// Registers a record that is to go to these device types.
    pub(super) async fn intending(&self, name: &str, url: &str, device_types: &[&str]) -> Answer {
        let associations = json!({"acme": device_types});
        let body = json!({"name": name, "type": 3, "version": "1", "url": url, "associations": associations});
        self.api.call("POST", &self.acme.path("/pool"), &self.acme.release, body).await
    }

    /// Gives a record its binary.
    pub(super) async fn give(&self, record: &Value, ipk: &Ipk) -> Answer {
        let mut body = record.clone();
        body["url"] = self.api.upload(&self.acme, &ipk.build()).await.into();
        self.api.call("PUT", &self.api.record_path(&self.acme, record), &self.acme.release, body).await
    }
}

#[tokio::test]
async fn a_package_enters_every_index_that_was_asked_for_at_once() {
    let world = World::start().await;
    for id in ["dev2", "dev3"] {
        world.api.create_device_type(&world.acme, id).await;
    }
    let record = world.intending("base", "", &["dev1", "dev2"]).await.expect(201).json();
    world.give(&record, &Ipk::new("base", "1.0")).await.expect(204);
    for (id, there) in [("dev1", true), ("dev2", true), ("dev3", false)] {
        let index = world.get(&format!("/release/{id}/Packages")).await.expect(200).bytes;
        let expected: &[&str] = if there { &["base 1.0 all"] } else { &[] };
        assert_eq!(listed(std::str::from_utf8(&index).unwrap()), expected, "{id}");
    }
    assert_eq!(world.get("/release").await.expect(200).bytes, b"dev1\ndev2\n");
    assert_eq!(world.latest("beta").await, [""; 0]);
    assert_eq!(world.in_pool(&record).await["sealed"], true);
    // With its binary from the start.
    let url = world.api.upload(&world.acme, &Ipk::new("base", "2.0").build()).await;
    world.intending("base 2", &url, &["dev3"]).await.expect(201);
    assert_eq!(world.get("/release").await.expect(200).bytes, b"dev1\ndev2\ndev3\n");
    world.api.expect_whole("after all of it").await;
}

#[tokio::test]
async fn a_device_type_that_was_named_twice_is_meant_once_or_refused() {
    let world = World::start().await;
    let url = world.api.upload(&world.acme, &Ipk::new("base", "1.0").build()).await;
    let answer = world.intending("base", &url, &["dev1", "dev1"]).await;
    assert!([201, 422].contains(&answer.status), "{answer:?}");
    if answer.status == 201 {
        assert_eq!(world.latest("release").await, ["base 1.0 all"]);
    }
    world.api.expect_whole("after all of it").await;
}

#[tokio::test]
async fn a_package_that_one_index_cannot_take_enters_none_and_the_record_stays_as_it_was() {
    let world = World::start().await;
    world.api.create_device_type(&world.acme, "dev2").await;
    world.place("release", &Ipk::new("base", "2.0")).await;
    let record = world.intending("base", "", &["dev2", "dev1"]).await.expect(201).json();
    for (ipk, status, code) in [
        (Ipk::new("base", "1.0"), 409, "version_not_newer"),
        (Ipk::new("base", "2.0-0"), 409, "version_not_newer"),
        (Ipk::new("base", "3.0").architecture("tuna"), 422, "architecture_mismatch"),
    ] {
        let (before, index) = (world.in_pool(&record).await, world.index_in("release").await);
        world.give(&record, &ipk).await.expect_problem(status, code);
        assert_eq!(world.in_pool(&record).await, before);
        assert_eq!(world.index_in("release").await, index);
        assert_eq!(world.get("/release/dev2").await.expect(200).bytes, b"");
        // Nor is a record made that has its binary from the start.
        let url = world.api.upload(&world.acme, &ipk.build()).await;
        let post = world.intending("another", &url, &["dev2", "dev1"]).await;
        post.expect_problem(status, code);
    }
    assert_eq!((&record["sealed"], &record["state"]), (&json!(false), &json!("registered")));
    world.give(&record, &Ipk::new("base", "2.1")).await.expect(204);
    assert_eq!(world.latest("release").await, ["base 2.1 all"]);
    assert_eq!(world.get("/release").await.expect(200).bytes, b"dev1\ndev2\n");
    world.api.expect_whole("after all of it").await;
}

#[tokio::test]
async fn a_device_type_that_has_been_deleted_since_is_left_out_and_said_so() {
    let world = World::start().await;
    world.api.create_device_type(&world.acme, "dev2").await;
    let record = world.intending("base", "", &["dev2", "dev1"]).await.expect(201).json();
    let path = world.acme.path("/deviceTypes/dev2");
    world.api.call("DELETE", &path, &world.acme.write, Value::Null).await.expect(204);
    world.give(&record, &Ipk::new("base", "1.0").line("Package-Type: x")).await.expect(204);
    assert_eq!(world.latest("release").await, ["base 1.0 all"]);
    let warnings = world.in_pool(&record).await["warnings"].clone();
    assert_eq!(warnings.as_array().unwrap().len(), 2, "{warnings}");
    assert!(warnings[0].as_str().unwrap().contains("Package-Type"));
    assert!(warnings[1].as_str().unwrap().contains("dev2"));
    world.get("/release/dev2").await.expect(404);
}
