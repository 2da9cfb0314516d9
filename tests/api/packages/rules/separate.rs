//! Packages are delivered by feeds and everything else by checks; never both.

use serde_json::{Value, json};
use shared::domain::Sha256;
use tests::ipk::Ipk;

use super::World;

async fn associate_all(world: &World, records: &[&Value]) {
    for record in records {
        world.put_in("release", record).await.expect(201);
    }
}

#[tokio::test]
async fn a_package_is_in_no_check_and_a_plain_binary_in_no_feed() {
    let world = World::start().await;
    let plain = world.api.image(&world.acme, 3, "1", b"firmware").await;
    let package = world.record(&Ipk::new("base", "1.0")).await;
    let (low, high) = (plain["versionNumber"].clone(), package["versionNumber"].clone());
    assert!(low.as_str() < high.as_str());
    associate_all(&world, &[&plain, &package]).await;
    assert_eq!(world.api.offers("dev1", "2003=0").await, [(3, low.as_str().unwrap().to_owned())]);
    assert_eq!(world.latest("release").await, ["base 1.0 all"]);
    let index = world.index_in("release").await;
    assert!(!index.0.contains(&Sha256::of(b"firmware").to_string()));
    // Nor does the one show in the time of the other.
    let check = world.api.check("dev1", "2003=0").await.expect(200);
    let more = world.record(&Ipk::new("mail", "1.0")).await;
    world.put_in("release", &more).await.expect(201);
    let after = world.api.check("dev1", "2003=0").await.expect(200);
    assert_eq!((after.bytes, after.headers.get("etag")), (check.bytes, check.headers.get("etag")));
    let index = world.index_in("release").await;
    let second = world.api.image(&world.acme, 3, "2", b"firmware 2").await;
    world.put_in("release", &second).await.expect(201);
    world.remove("release", &plain).await.expect(204);
    assert_eq!(world.index_in("release").await, index);
}

#[tokio::test]
async fn a_device_type_with_plain_binaries_alone_is_listed_in_no_feed() {
    let world = World::start().await;
    let plain = world.api.image(&world.acme, 3, "1", b"firmware").await;
    associate_all(&world, &[&plain]).await;
    assert_eq!(world.get("/release").await.expect(200).bytes, b"");
    let index = world.get("/release/dev1").await.expect(200);
    assert_eq!((index.bytes.len(), index.header("content-length")), (0, "0"));
    world.place("release", &Ipk::new("base", "1.0")).await;
    assert_eq!(world.get("/release").await.expect(200).bytes, b"dev1\n");
}

#[tokio::test]
async fn a_package_moved_as_a_binary_is_delivered_by_checks() {
    let world = World::start().await;
    let bytes = Ipk::new("base", "1.0").build();
    let sha256 = Sha256::of(&bytes).to_string();
    let body = json!({"sha256": sha256, "size": bytes.len()});
    let path = world.acme.path("/binaries");
    let announced = world.api.call("POST", &path, &world.acme.write, body).await.expect(201).json();
    world.api.put_presigned(&announced["upload"], bytes).await.expect(200);
    let body = json!({"value": sha256, "as": "binary"});
    let path = world.acme.path("/binaries/moveToRepository");
    let url =
        world.api.call("POST", &path, &world.acme.write, body).await.expect(200).json()["value"].clone();
    let body = json!({"name": "raw", "type": 3, "version": "1", "url": url});
    let path = world.acme.path("/pool");
    let record = world.api.call("POST", &path, &world.acme.write, body).await.expect(201).json();
    associate_all(&world, &[&record]).await;
    assert_eq!(world.api.offers("dev1", "2003=0").await.len(), 1);
    assert_eq!(world.index_in("release").await.0, "");
    assert_eq!(world.get("/release").await.expect(200).bytes, b"");
    // The same bytes are a package to a partner who has moved them as one.
    let bolt = world.api.tenant("bolt").await;
    world.api.create_device_type(&bolt, "bolt1").await;
    let theirs = world.api.image(&bolt, 3, "1", &Ipk::new("base", "1.0").build()).await;
    assert_eq!(theirs["package"], true);
    world.api.associate(&bolt, "bolt1", &theirs, "release").await.expect(201);
    assert_eq!(world.get("/release").await.expect(200).bytes, b"bolt1\n");
    assert_eq!(world.api.offers("bolt1", "2003=0").await, []);
    assert_eq!(world.index_in("release").await.0, "");
}

#[tokio::test]
async fn a_package_is_no_device_description() {
    let world = World::start().await;
    let url = world.api.upload(&world.acme, &Ipk::new("base", "1.0").build()).await;
    let body = json!({"name": "profile", "type": 4, "version": "1", "url": url});
    let post = world.api.call("POST", &world.acme.path("/pool"), &world.acme.write, body.clone()).await;
    post.expect_problem(422, "description_not_pooled");
    let path = world.acme.path("/deviceTypes/dev1/firmwareImages");
    let refused = world.api.call("POST", &path, &world.acme.release, body.clone()).await;
    refused.expect_problem(422, "invalid_field");
    assert_eq!(world.index_in("release").await.0, "");
    // A real one is offered by the check, and in no feed.
    let mut body = body;
    body["url"] = world.api.upload(&world.acme, b"{}").await.into();
    world.api.call("POST", &path, &world.acme.release, body).await.expect(201);
    assert_eq!(world.api.offers("dev1", "2004=0").await.len(), 1);
    assert_eq!(world.index_in("release").await.0, "");
    assert_eq!(world.get("/release").await.expect(200).bytes, b"");
}
