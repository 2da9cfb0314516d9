//! `/:feed`: HEAD and GET.

use serde_json::{Value, json};
use tests::ipk::Ipk;

use super::super::World;
use super::{Story, date, modified, text};

const JSON: (&str, &str) = ("accept", "application/json");

/// A second device type, with a package in that feed.
async fn add(world: &World, device_type: &str, feed: &str) -> Value {
    world.api.create_device_type(&world.acme, device_type).await;
    let record = world.record(&Ipk::new("base", "1.0").line(&format!("Section: {device_type}"))).await;
    // Not in the second in which the device type was made, after which its first change would be dated.
    world.wait();
    world.api.associate(&world.acme, device_type, &record, feed).await.expect(201);
    record
}

async fn take(world: &World, device_type: &str, record: &Value) {
    let number = record["versionNumber"].as_str().unwrap();
    let path = format!("/deviceTypes/{device_type}/firmwareImages/types/3/versionNumbers/{number}");
    world.api.call("DELETE", &world.acme.path(&path), &world.acme.release, Value::Null).await.expect(204);
}

#[tokio::test]
async fn head_of_a_feed_says_that_it_exists_and_when_it_last_changed() {
    let story = Story::told().await;
    let head = story.world.ask("HEAD", "/release", &[]).await.expect(200);
    assert_eq!(modified(&head), story.came[2]);
    assert_eq!((head.header("content-length"), head.bytes.len()), ("5", 0));
    for feed in ["/alpha", "/beta", "/beta/"] {
        let head = story.world.ask("HEAD", feed, &[]).await.expect(200);
        assert_eq!(head.header("content-length"), "0", "{feed}");
        assert!(modified(&head) < story.came[0], "{feed}");
    }
    story.world.ask("HEAD", "/nosuch", &[]).await.expect(404);
}

#[tokio::test]
async fn get_of_a_feed_lists_all_devices_that_have_packages_in_it() {
    let story = Story::told().await;
    let world = &story.world;
    add(world, "another", "release").await;
    add(world, "third", "beta").await;
    let list = world.both("/release", &[]).await.expect(200);
    assert_eq!((text(&list), list.header("content-type")), ("another\ndev1\n", "text/plain; charset=utf-8"));
    assert_eq!(list.header("vary"), "accept");
    let beta = world.both("/beta/", &[]).await.expect(200);
    assert_eq!(text(&beta), "third\n");
    let empty = world.both("/alpha", &[]).await.expect(200);
    assert_eq!(text(&empty), "");
}

#[tokio::test]
async fn get_of_a_feed_lists_devices_of_every_partner() {
    let story = Story::told().await;
    let world = &story.world;
    let other = world.api.tenant("zeta").await;
    world.api.create_device_type(&other, "another").await;
    let bytes = Ipk::new("base", "3.0").build();
    let mut record = world.api.register(&other, 3, "base", "3.0").await;
    record["url"] = world.api.upload(&other, &bytes).await.into();
    let path = world.api.record_path(&other, &record);
    world.api.call("PUT", &path, &other.release, record.clone()).await.expect(204);
    world.api.associate(&other, "another", &record, "release").await.expect(201);
    assert_eq!(text(&world.get("/release").await), "another\ndev1\n");
}

#[tokio::test]
async fn a_list_of_devices_is_json_for_those_who_accept_it() {
    let story = Story::told().await;
    let world = &story.world;
    add(world, "another", "release").await;
    let list = world.both("/release", &[JSON]).await.expect(200);
    assert_eq!(list.header("content-type"), "application/json");
    assert_eq!(list.header("vary"), "accept");
    assert_eq!(list.json(), json!(["another", "dev1"]));
    let plain = world.both("/release", &[]).await.expect(200);
    assert_ne!(list.header("etag"), plain.header("etag"), "they are two representations");
    assert_eq!(list.header("last-modified"), plain.header("last-modified"));
    assert_eq!(world.ask("GET", "/alpha", &[JSON]).await.expect(200).json(), json!([]));
    let other = world.ask("GET", "/release", &[("accept", "text/html,*/*;q=0.8")]).await.expect(200);
    assert_eq!(text(&other), text(&plain));
}

#[tokio::test]
async fn if_modified_since_lists_the_devices_that_have_changed_and_nobody_may_keep_it() {
    let story = Story::told().await;
    let world = &story.world;
    add(world, "another", "release").await;
    let changed = modified(&world.get("/release/another").await);
    for (since, expected) in [
        (story.came[0] - 1, "another\ndev1\n"),
        (story.came[2] - 1, "another\ndev1\n"),
        (story.came[2], "another\n"),
        (changed - 1, "another\n"),
    ] {
        let header = [("if-modified-since", date(since))];
        let header = header.each_ref().map(|(name, value)| (*name, value.as_str()));
        let part = world.both("/release", &header).await.expect(200);
        assert_eq!(text(&part), expected, "{since}");
        assert_eq!(modified(&part), changed);
        assert_eq!(part.header("vary"), "accept");
        if expected == "another\n" {
            assert_eq!((part.header("cache-control"), part.header("etag")), ("no-store", ""));
            let json = world.ask("GET", "/release", &[header[0], JSON]).await.expect(200);
            assert_eq!((json.json(), json.header("cache-control")), (json!(["another"]), "no-store"));
        }
    }
    world.wait();
    for since in [changed, changed + 1] {
        let same = world.since("/release", since).await.expect(304);
        assert!(same.bytes.is_empty());
        assert_eq!(modified(&same), changed);
    }
}

#[tokio::test]
async fn if_none_match_wins_over_if_modified_since_on_a_feed() {
    let story = Story::told().await;
    let world = &story.world;
    add(world, "another", "release").await;
    let list = world.get("/release").await;
    let since = date(story.came[2]);
    let with = async |tag: &str| {
        world.ask("GET", "/release", &[("if-none-match", tag), ("if-modified-since", &since)]).await
    };
    with(list.header("etag")).await.expect(304);
    let whole = with("\"0123\"").await.expect(200);
    assert_eq!((whole.bytes, whole.headers["etag"].clone()), (list.bytes, list.headers["etag"].clone()));
}

#[tokio::test]
async fn the_whole_list_is_given_after_a_device_has_lost_its_last_package() {
    let story = Story::told().await;
    let world = &story.world;
    let record = add(world, "another", "release").await;
    add(world, "third", "release").await;
    world.wait();
    let before = modified(&world.get("/release").await);
    take(world, "another", &record).await;
    let list = world.since("/release", before).await.expect(200);
    assert_eq!(text(&list), "dev1\nthird\n");
    assert_ne!(list.header("cache-control"), "no-store");
    assert!(modified(&list) > before);
    world.since("/release", modified(&list)).await.expect(304);
}

#[tokio::test]
async fn a_device_type_that_is_deleted_does_not_set_its_feed_back() {
    let story = Story::told().await;
    let world = &story.world;
    let record = add(world, "another", "release").await;
    let before = modified(&world.get("/release").await);
    world.wait();
    take(world, "another", &record).await;
    let gone = modified(&world.get("/release").await);
    assert!(gone > before);
    let path = world.acme.path("/deviceTypes/another");
    world.api.call("DELETE", &path, &world.acme.write, Value::Null).await.expect(204);
    let list = world.since("/release", before).await.expect(200);
    assert_eq!(text(&list), "dev1\n");
    assert_eq!(modified(&list), gone);
    world.get("/release/another").await.expect(404);
}

#[tokio::test]
async fn a_feed_that_a_partner_makes_exists_from_then_on() {
    let world = World::start().await;
    world.get("/nightly").await.expect(404);
    let path = world.acme.path("/feeds/nightly");
    let made = world.api.call("PUT", &path, &world.acme.release, json!({})).await;
    assert!(matches!(made.status, 200 | 201 | 204), "{}", made.status);
    let list = world.both("/nightly", &[]).await.expect(200);
    assert_eq!(text(&list), "");
    assert!((modified(&list) - world.now()).abs() < 100);
    // Out of the second in which it was made: its time runs ahead of the clock, and no answer does.
    world.api.pass(3000).await;
    let index = world.both("/nightly/dev1", &[]).await.expect(200);
    assert_eq!(text(&index), "");
    world.place("nightly", &Ipk::new("base", "1.0")).await;
    assert_eq!(text(&world.get("/nightly").await), "dev1\n");
    assert_eq!(super::names(&world.get("/nightly/dev1").await), ["base 1.0 all"]);
}
