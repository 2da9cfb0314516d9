//! `/:feed/:devicename/:package`: HEAD and GET.

use tests::ipk::Ipk;

use super::{Story, modified, names};

#[tokio::test]
async fn head_of_a_package_says_when_that_package_was_last_updated() {
    let story = Story::told().await;
    let world = &story.world;
    let times = async |path: &str| modified(&world.ask("HEAD", path, &[]).await.expect(200));
    assert_eq!(times("/release/dev1/base").await, story.came[2]);
    assert_eq!(times("/release/dev1/mail").await, story.came[1], "not when the index was");
    assert_eq!(times("/release/dev1/mail/Packages.gz").await, story.came[1]);
    world.place("release", &Ipk::new("other", "1.0")).await;
    assert_eq!(times("/release/dev1/base").await, story.came[2]);
    assert!(times("/release/dev1").await > story.came[2]);
}

#[tokio::test]
async fn get_of_a_package_is_an_index_of_its_latest_version_alone() {
    let story = Story::told().await;
    let whole = story.world.get("/release/dev1").await;
    let mut parts = Vec::new();
    for (path, expected) in
        [("/release/dev1/base", "base 1.1 all"), ("/release/dev1/mail", "mail 2.0 maguro")]
    {
        let index = story.world.both(path, &[]).await.expect(200);
        assert_eq!(names(&index), [expected]);
        parts.extend(index.bytes);
    }
    assert_eq!(parts, whole.bytes, "stanza by stanza what stands in the device's own");
}

#[tokio::test]
async fn get_of_a_package_for_several_architectures_has_a_stanza_for_each() {
    let story = Story::told().await;
    let world = &story.world;
    world.place("release", &Ipk::new("base", "0.9").architecture("maguro")).await;
    assert_eq!(names(&world.get("/release/dev1/base").await), ["base 1.1 all", "base 0.9 maguro"]);
    let own = modified(&world.get("/release/dev1/base").await);
    assert!(own > story.came[2]);
}

#[tokio::test]
async fn head_of_a_package_that_went_back_to_an_older_version_says_when() {
    let story = Story::told().await;
    let world = &story.world;
    world.remove("release", &story.records[2]).await.expect(204);
    let index = world.both("/release/dev1/base", &[]).await.expect(200);
    assert_eq!(names(&index), ["base 1.0 all"]);
    assert!(modified(&index) > story.came[2]);
    assert_eq!(modified(&world.get("/release/dev1/mail").await), story.came[1]);
}

#[tokio::test]
async fn a_package_that_left_and_came_back_is_newer_than_before() {
    let story = Story::told().await;
    let world = &story.world;
    world.remove("release", &story.records[1]).await.expect(204);
    world.ask("HEAD", "/release/dev1/mail", &[]).await.expect(404);
    world.wait();
    world.api.associate(&world.acme, "dev1", &story.records[1], "release").await.expect(201);
    let index = world.both("/release/dev1/mail", &[]).await.expect(200);
    assert_eq!(names(&index), ["mail 2.0 maguro"]);
    assert!(modified(&index) > story.came[2]);
}
