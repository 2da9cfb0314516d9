//! `/:feed/:devicename/:package/:version`: HEAD and GET.

use tests::ipk::Ipk;

use super::{Story, lasting, modified, names};

#[tokio::test]
async fn latest_is_the_same_request_as_the_package_alone() {
    let story = Story::told().await;
    for file in ["", "/", "/Packages", "/Packages.gz", "/Packages.asc", "/Packages.sig"] {
        let package = story.world.both(&format!("/release/dev1/base{file}"), &[]).await.expect(200);
        let latest = story.world.both(&format!("/release/dev1/base/latest{file}"), &[]).await.expect(200);
        assert_eq!(lasting(&latest), lasting(&package), "{file}");
        assert_eq!(latest.bytes, package.bytes, "{file}");
    }
    story.world.get("/release/dev1/nosuch/latest").await.expect(404);
    story.world.get("/release/dev1/base/Latest").await.expect(404);
}

#[tokio::test]
async fn head_of_a_version_says_when_that_version_came() {
    let story = Story::told().await;
    let times = async |path: &str| modified(&story.world.ask("HEAD", path, &[]).await.expect(200));
    assert_eq!(times("/release/dev1/base/1.0").await, story.came[0]);
    assert_eq!(times("/release/dev1/base/1.1").await, story.came[2]);
    assert_eq!(times("/release/dev1/mail/2.0/Packages").await, story.came[1]);
}

#[tokio::test]
async fn get_of_a_version_is_an_index_of_that_version_older_ones_too() {
    let story = Story::told().await;
    let world = &story.world;
    for (version, expected) in [("1.0", "base 1.0 all"), ("1.1", "base 1.1 all")] {
        let index = world.both(&format!("/release/dev1/base/{version}"), &[]).await.expect(200);
        assert_eq!(names(&index), [expected]);
    }
    assert_eq!(world.get("/release/dev1/base/1.1").await.bytes, world.get("/release/dev1/base").await.bytes);
}

#[tokio::test]
async fn a_version_is_not_found_once_it_is_not_associated_any_more() {
    let story = Story::told().await;
    let world = &story.world;
    world.remove("release", &story.records[0]).await.expect(204);
    for method in ["GET", "HEAD"] {
        world.ask(method, "/release/dev1/base/1.0", &[]).await.expect(404);
        world.ask(method, "/release/dev1/base/1.0/Packages.gz", &[]).await.expect(404);
        world.ask(method, "/release/dev1/base/1.0/Section", &[]).await.expect(404);
        world.ask(method, "/release/dev1/base/1.1", &[]).await.expect(200);
    }
}

#[tokio::test]
async fn a_version_for_several_architectures_has_a_stanza_for_each() {
    let story = Story::told().await;
    let world = &story.world;
    let other = world.place("release", &Ipk::new("base", "1.0").architecture("maguro")).await;
    let index = world.both("/release/dev1/base/1.0", &[]).await.expect(200);
    assert_eq!(names(&index), ["base 1.0 all", "base 1.0 maguro"]);
    let came = modified(&index);
    assert!(came > story.came[2]);
    world.wait();
    world.remove("release", &other).await.expect(204);
    let index = world.both("/release/dev1/base/1.0", &[]).await.expect(200);
    assert_eq!(names(&index), ["base 1.0 all"]);
    assert!(modified(&index) > came, "it never goes back");
}

#[tokio::test]
async fn if_modified_since_on_a_version_gives_the_architectures_that_came_since() {
    let story = Story::told().await;
    let world = &story.world;
    let other = world.place("release", &Ipk::new("base", "1.0").architecture("maguro")).await;
    let part = world.since("/release/dev1/base/1.0", story.came[0]).await.expect(200);
    assert_eq!(names(&part), ["base 1.0 maguro"]);
    assert_eq!((part.header("cache-control"), part.header("etag")), ("no-store", ""));
    world.since("/release/dev1/base/1.1", story.came[2]).await.expect(304);
    let before = modified(&part);
    world.wait();
    world.remove("release", &other).await.expect(204);
    let whole = world.since("/release/dev1/base/1.0", before).await.expect(200);
    assert_eq!(names(&whole), ["base 1.0 all"]);
    assert_ne!(whole.header("cache-control"), "no-store");
}
