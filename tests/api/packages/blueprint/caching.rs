//! How long an answer may be kept, and by whom.

use tests::ipk::Ipk;

use super::super::World;
use super::Story;

const OPEN: &str = "public, max-age=0, s-maxage=30, stale-while-revalidate=30, stale-if-error=570";
const HASH: &str = "da39a3ee5e6b4b0d3255bfef95601890afd80709";

#[tokio::test]
async fn what_an_open_feed_answers_may_be_kept_for_half_a_minute() {
    let story = Story::told().await;
    for path in [
        "/release",
        "/release/dev1",
        "/release/dev1/base",
        "/release/dev1/base/1.0",
        "/release/dev1/base/latest/Section",
        "/beta",
        "/beta/dev1",
    ] {
        assert_eq!(story.world.both(path, &[]).await.expect(200).header("cache-control"), OPEN, "{path}");
    }
}

#[tokio::test]
async fn files_of_a_signed_index_are_kept_shortly_and_never_served_stale_while_asking() {
    let story = Story::told().await;
    for base in ["/release/dev1", "/release/dev1/base", "/release/dev1/base/latest", "/release/dev1/base/1.0"]
    {
        for file in ["Packages", "Packages.gz", "Packages.asc", "Packages.sig"] {
            let answer = story.world.both(&format!("{base}/{file}"), &[]).await.expect(200);
            let cache = answer.header("cache-control");
            assert!(cache.starts_with("public, max-age=0, s-maxage=5"), "{cache}");
            assert!(!cache.contains("stale-while-revalidate"), "{cache}");
        }
    }
}

#[tokio::test]
async fn nobody_may_keep_what_a_restricted_feed_answers() {
    let world = World::start().await;
    world.place("dev", &Ipk::new("base", "1.0")).await;
    world.let_in("dev", HASH).await;
    world.wait();
    for path in [
        "/dev",
        "/dev/dev1",
        "/dev/dev1/base",
        "/dev/dev1/base/latest",
        "/dev/dev1/base/1.0/Size",
        "/dev/dev1/Packages",
        "/dev/dev1/Packages.gz",
        "/dev/dev1/Packages.asc",
        "/dev/dev1/Packages.sig",
    ] {
        let open = [("authorization", HASH)];
        let answer = world.both(path, &open).await.expect(200);
        assert_eq!(answer.header("cache-control"), "private, no-store", "{path}");
        let tag = answer.header("etag").to_owned();
        let same = world.both(path, &[open[0], ("if-none-match", &tag)]).await.expect(304);
        assert_eq!(same.header("cache-control"), "private, no-store", "{path}");
        let closed = world.both(path, &[]).await.expect(401);
        assert_eq!(closed.header("cache-control"), "private, no-store", "{path}");
        assert!(closed.header("www-authenticate").starts_with("Basic realm=\""), "{path}");
    }
}

#[tokio::test]
async fn a_part_of_a_restricted_index_is_private_too() {
    let world = World::start().await;
    world.place("dev", &Ipk::new("base", "1.0")).await;
    world.let_in("dev", HASH).await;
    let open = ("authorization", HASH);
    world.wait();
    let before = super::modified(&world.ask("GET", "/dev/dev1", &[open]).await);
    world.place("dev", &Ipk::new("mail", "1.0")).await;
    let since = super::date(before);
    let part = world.both("/dev/dev1", &[open, ("if-modified-since", &since)]).await.expect(200);
    assert_eq!(super::names(&part), ["mail 1.0 all"]);
    assert_eq!(part.header("cache-control"), "private, no-store");
}

#[tokio::test]
async fn what_is_not_there_is_not_kept() {
    let story = Story::told().await;
    for path in [
        "/nosuch",
        "/release/nosuch",
        "/release/dev1/nosuch",
        "/release/dev1/base/9",
        "/release/dev1/base/latest/nosuch",
    ] {
        assert_eq!(
            story.world.both(path, &[]).await.expect(404).header("cache-control"),
            "no-store",
            "{path}"
        );
    }
}

#[tokio::test]
async fn an_open_package_may_be_kept_for_ever_and_is_never_redirected() {
    let story = Story::told().await;
    let field = story.world.get("/release/dev1/base/latest/Filename").await.expect(200);
    let file = super::text(&field).trim().strip_prefix("Filename: ").unwrap();
    let package = story.world.both(&format!("/release/dev1/{file}"), &[]).await.expect(200);
    assert_eq!(package.header("cache-control"), "public, max-age=31536000, immutable");
    assert_eq!(package.header("content-type"), "application/octet-stream");
}
