//! A package that one partner offers and another puts into its own feeds.

use serde_json::{Value, json};
use tests::api::Tenant;
use tests::ipk::Ipk;

use super::{World, listed};

/// Acme offers packages to bolt, which has the device type `bolt1`.
struct Sharing {
    world: World,
    bolt: Tenant,
}

impl Sharing {
    async fn start() -> Self {
        let world = World::start().await;
        let bolt = world.api.tenant("bolt").await;
        let body = json!({"deviceTypeId": "bolt1", "name": "Tablet", "architecture": "tuna"});
        world.api.call("POST", &bolt.path("/deviceTypes"), &bolt.write, body).await.expect(201);
        Self { world, bolt }
    }

    /// A package of acme's that is offered to bolt.
    async fn offered(&self, ipk: &Ipk) -> Value {
        let record = self.world.record(ipk).await;
        let path = self.offer(&record);
        self.world.api.call("PUT", &path, &self.world.acme.release, Value::Null).await.expect(204);
        record
    }

    fn offer(&self, record: &Value) -> String {
        format!("{}/offers/bolt", self.world.api.record_path(&self.world.acme, record))
    }

    async fn latest(&self, feed: &str) -> Vec<String> {
        let index = self.world.get(&format!("/{feed}/bolt1/Packages")).await.expect(200).bytes;
        listed(std::str::from_utf8(&index).unwrap())
    }
}

#[tokio::test]
async fn the_receivers_feed_has_the_package_and_serves_its_bytes() {
    let sharing = Sharing::start().await;
    let (world, bolt) = (&sharing.world, &sharing.bolt);
    let ipk = Ipk::new("radio", "1.0").line("Package-Type: x");
    let record = sharing.offered(&ipk).await;
    assert_eq!(record["warnings"].as_array().unwrap().len(), 1);
    let made = world.api.associate(bolt, "bolt1", &record, "beta").await.expect(201).json();
    assert_eq!(sharing.latest("beta").await, ["radio 1.0 all"]);
    assert_eq!(world.get("/beta").await.expect(200).bytes, b"bolt1\n");
    let file = world.get("/beta/bolt1/radio/latest/Filename").await.expect(200).bytes;
    let file = String::from_utf8(file).unwrap();
    let file = file.trim_end().strip_prefix("Filename: ").unwrap();
    for at in ["", "/radio", "/radio/1.0"] {
        let bytes = world.get(&format!("/beta/bolt1{at}/{file}")).await.expect(200).bytes;
        assert_eq!(bytes, ipk.build());
    }
    // The owner's device types have it not, and its warnings are its own.
    assert_eq!(world.latest("beta").await, [""; 0]);
    assert!(made.get("warnings").is_none(), "{made}");
    assert_eq!(made["sharedBy"], "acme");
    world.api.expect_whole("after all of it").await;
}

#[tokio::test]
async fn the_receiver_sees_nothing_else_of_the_owner() {
    let sharing = Sharing::start().await;
    let (world, bolt) = (&sharing.world, &sharing.bolt);
    let record = sharing.offered(&Ipk::new("radio", "1.0")).await;
    let secret = world.record(&Ipk::new("secret", "1.0")).await;
    world.place("beta", &Ipk::new("other", "1.0")).await;
    world.api.associate(bolt, "bolt1", &record, "beta").await.expect(201);
    let api = &world.api;
    let pool = api.get(&bolt.path("/pool"), &bolt.read).await.expect(200).json();
    assert_eq!(pool["totalElements"], 1);
    assert_eq!(pool["content"][0]["versionNumber"], record["versionNumber"]);
    api.get(&api.record_path(bolt, &secret), &bolt.read).await.expect_problem(404, "not_found");
    api.associate(bolt, "bolt1", &secret, "beta").await.expect_problem(422, "invalid_field");
    for of in [&record, &secret] {
        let binary = format!("/binaries/{}", of["sha256"].as_str().unwrap());
        api.get(&bolt.path(&binary), &bolt.read).await.expect_problem(404, "not_found");
        let body = json!({"name": "mine", "type": 3, "version": "1", "url": of["url"]});
        let post = api.call("POST", &bolt.path("/pool"), &bolt.write, body).await;
        post.expect_problem(422, "not_your_binary");
    }
    for path in ["/deviceTypes/dev1", "/deviceTypes/dev1/firmwareImages"] {
        api.get(&bolt.path(path), &bolt.read).await.expect_problem(404, "not_found");
        api.get(&world.acme.path(path), &bolt.read).await.expect_problem(404, "not_found");
    }
    // Nor the owner what the receiver does with it.
    let places = format!("{}/associations", api.record_path(&world.acme, &record));
    assert_eq!(api.get(&places, &world.acme.read).await.expect(200).json(), json!([]));
    let audit = api.audit("acme").await;
    assert!(!format!("{audit:?}").contains("bolt1"));
}

#[tokio::test]
async fn the_rules_of_the_receivers_feed_hold_for_it() {
    let sharing = Sharing::start().await;
    let (world, bolt) = (&sharing.world, &sharing.bolt);
    let wrong = sharing.offered(&Ipk::new("radio", "9.0").architecture("maguro")).await;
    let refused = world.api.associate(bolt, "bolt1", &wrong, "beta").await;
    refused.expect_problem(422, "architecture_mismatch");
    let own = world.api.image(bolt, 3, "1", &Ipk::new("radio", "2.0").content(b"bolt's").build()).await;
    world.api.associate(bolt, "bolt1", &own, "beta").await.expect(201);
    let older = sharing.offered(&Ipk::new("radio", "1.5")).await;
    let refused = world.api.associate(bolt, "bolt1", &older, "beta").await;
    let detail = refused.expect_problem(409, "version_not_newer").json()["detail"].to_string();
    assert!(detail.contains("radio 2.0"), "{detail}");
    let newer = sharing.offered(&Ipk::new("radio", "2.5")).await;
    world.api.associate(bolt, "bolt1", &newer, "beta").await.expect(201);
    assert_eq!(sharing.latest("beta").await, ["radio 2.5 all"]);
}

#[tokio::test]
async fn a_withdrawn_offer_leaves_the_index_and_its_bytes_as_they_are() {
    let sharing = Sharing::start().await;
    let (world, bolt) = (&sharing.world, &sharing.bolt);
    let record = sharing.offered(&Ipk::new("radio", "1.0")).await;
    world.api.associate(bolt, "bolt1", &record, "beta").await.expect(201);
    let before = world.get("/beta/bolt1/Packages").await.expect(200);
    let offer = sharing.offer(&record);
    world.api.call("DELETE", &offer, &world.acme.release, Value::Null).await.expect(204);
    let after = world.get("/beta/bolt1/Packages").await.expect(200);
    assert_eq!((after.bytes, after.headers.get("etag")), (before.bytes, before.headers.get("etag")));
    // No new one, but what is there is promoted and taken out.
    world.api.associate(bolt, "bolt1", &record, "alpha").await.expect_problem(422, "invalid_field");
    let number = record["versionNumber"].as_str().unwrap();
    let image = bolt.path(&format!("/deviceTypes/bolt1/firmwareImages/types/3/versionNumbers/{number}"));
    let body = json!({"from": "beta", "to": "release"});
    world.api.call("POST", &format!("{image}/promote"), &bolt.release, body).await.expect(201);
    assert_eq!(sharing.latest("release").await, ["radio 1.0 all"]);
    world.api.call("DELETE", &image, &bolt.release, Value::Null).await.expect(204);
    for feed in ["beta", "release"] {
        assert_eq!(sharing.latest(feed).await, [""; 0]);
    }
    world.api.expect_whole("after all of it").await;
}

#[tokio::test]
async fn an_offer_at_registration_is_in_no_feed_until_the_receiver_says_so() {
    let sharing = Sharing::start().await;
    let (world, bolt) = (&sharing.world, &sharing.bolt);
    let url = world.api.upload(&world.acme, &Ipk::new("radio", "1.0").build()).await;
    let associations = json!({"acme": ["dev1"], "bolt": ["bolt1"]});
    let body = json!({"name": "radio", "type": 3, "version": "1", "url": url, "associations": associations});
    let post = world.api.call("POST", &world.acme.path("/pool"), &world.acme.release, body).await;
    let record = post.expect(201).json();
    assert_eq!(world.latest("release").await, ["radio 1.0 all"]);
    assert_eq!(sharing.latest("release").await, [""; 0]);
    assert_eq!(world.get("/release").await.expect(200).bytes, b"dev1\n");
    world.api.associate(bolt, "bolt1", &record, "release").await.expect(201);
    assert_eq!(world.get("/release").await.expect(200).bytes, b"bolt1\ndev1\n");
}
