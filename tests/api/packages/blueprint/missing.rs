//! What is not there is 404, for GET and HEAD alike.

use super::super::World;
use super::Story;

async fn not_found(world: &World, paths: &[&str]) {
    for path in paths {
        let answer = world.both(path, &[]).await;
        assert_eq!(answer.status, 404, "{path}");
        answer.expect_problem(404, "not_found");
        // A condition that would hold does not hide it.
        world.both(path, &[("if-none-match", "\"x\"")]).await.expect(404);
    }
}

#[tokio::test]
async fn an_unknown_feed_is_not_found() {
    let story = Story::told().await;
    let paths = [
        "/nosuch",
        "/nosuch/",
        "/nosuch/dev1",
        "/nosuch/dev1/Packages.gz",
        "/nosuch/dev1/base",
        "/nosuch/dev1/base/1.0/Section",
    ];
    not_found(&story.world, &paths).await;
}

#[tokio::test]
async fn an_unknown_device_is_not_found() {
    let story = Story::told().await;
    let paths = [
        "/release/nosuch",
        "/release/nosuch/Packages",
        "/release/DEV1",
        "/release/dev1%00",
        "/release/-",
        "/release/Packages",
    ];
    not_found(&story.world, &paths).await;
}

#[tokio::test]
async fn an_unknown_package_is_not_found() {
    let story = Story::told().await;
    let paths = [
        "/release/dev1/nosuch",
        "/release/dev1/Base",
        "/release/dev1/base%20",
        "/release/dev1/bas",
        "/release/dev1/latest",
        "/release/dev1/by-hash",
        "/release/dev1/nosuch/Packages.asc",
        "/release/dev1/%2b",
    ];
    not_found(&story.world, &paths).await;
}

#[tokio::test]
async fn an_unknown_version_is_not_found() {
    let story = Story::told().await;
    let paths = [
        "/release/dev1/base/1.2",
        "/release/dev1/base/1.0-0",
        "/release/dev1/base/0:1.0",
        "/release/dev1/base/1",
        "/release/dev1/base/1.2/Packages",
        "/release/dev1/base/by-hash",
        "/release/dev1/mail/1.0",
    ];
    not_found(&story.world, &paths).await;
}

#[tokio::test]
async fn an_unknown_field_is_not_found() {
    let story = Story::told().await;
    let paths = [
        "/release/dev1/base/1.0/nosuch",
        "/release/dev1/base/1.0/Section:",
        "/release/dev1/base/1.0/%20and",
        "/release/dev1/base/1.2/Section",
        "/release/dev1/base/1.0/Section/x",
        "/release/dev1/base/1.0/Section/Packages",
    ];
    not_found(&story.world, &paths).await;
}

#[tokio::test]
async fn a_file_that_opkg_does_not_fetch_is_not_found() {
    let story = Story::told().await;
    let paths = [
        "/release/dev1/Packages.xz",
        "/release/dev1/packages",
        "/release/dev1/Packages.gz/Packages.gz",
        "/release/dev1/Packages/1.0",
        "/release/dev1/Release",
        "/release/dev1/Packages.manifest",
    ];
    not_found(&story.world, &paths).await;
}

#[tokio::test]
async fn a_device_type_that_was_deleted_is_not_found() {
    let world = World::start().await;
    world.api.create_device_type(&world.acme, "gone").await;
    world.get("/release/gone").await.expect(200);
    let path = world.acme.path("/deviceTypes/gone");
    world.api.call("DELETE", &path, &world.acme.write, serde_json::Value::Null).await.expect(204);
    not_found(&world, &["/release/gone", "/beta/gone/Packages.gz", "/nosuch/gone"]).await;
}
