//! If-Modified-Since on the blueprint's index URLs: only the packages that have changed since.

use tests::ipk::Ipk;

use super::super::World;
use super::{Story, date, modified, names, text};

#[tokio::test]
async fn only_packages_that_have_changed_since_are_returned_and_nobody_may_keep_that() {
    let story = Story::told().await;
    for path in ["/release/dev1", "/release/dev1/"] {
        for since in [story.came[1], story.came[1] + 1, story.came[2] - 1] {
            let header = date(since);
            let part = story.world.both(path, &[("if-modified-since", &header)]).await.expect(200);
            assert_eq!(names(&part), ["base 1.1 all"]);
            assert_eq!(part.header("cache-control"), "no-store");
            assert_eq!(part.header("etag"), "", "it is not what the URL stands for");
            assert_eq!(modified(&part), story.came[2]);
        }
    }
}

#[tokio::test]
async fn if_every_package_has_changed_since_all_are_returned() {
    let story = Story::told().await;
    let whole = story.world.get("/release/dev1").await;
    for since in [0, story.came[0] - 1, story.came[0], story.came[1] - 1] {
        let all = story.world.since("/release/dev1", since).await.expect(200);
        assert_eq!(all.bytes, whole.bytes, "{since}");
    }
}

#[tokio::test]
async fn if_nothing_has_changed_since_there_is_no_body() {
    let story = Story::told().await;
    let whole = story.world.get("/release/dev1").await;
    for path in ["/release/dev1", "/release/dev1/base", "/release/dev1/base/latest", "/release/dev1/base/1.1"]
    {
        for since in [story.came[2], story.came[2] + 1, story.world.now()] {
            let header = date(since);
            let same = story.world.both(path, &[("if-modified-since", &header)]).await.expect(304);
            assert!(same.bytes.is_empty());
            assert_eq!(modified(&same), story.came[2]);
            assert_eq!(same.header("etag").len(), 42);
            assert_eq!(same.header("cache-control"), whole.header("cache-control"));
        }
    }
    let empty = story.world.get("/beta/dev1").await.expect(200);
    story.world.since("/beta/dev1", modified(&empty)).await.expect(304);
}

#[tokio::test]
async fn the_whole_index_is_returned_after_a_package_was_removed() {
    let story = Story::told().await;
    let world = &story.world;
    world.place("release", &Ipk::new("other", "1.0")).await;
    world.wait();
    world.remove("release", &story.records[1]).await.expect(204);
    let expected = ["base 1.1 all", "other 1.0 all"];
    let whole = world.get("/release/dev1").await;
    for since in [story.came[1], story.came[2], modified(&whole) - 1] {
        let answer = world.since("/release/dev1", since).await.expect(200);
        assert_eq!(names(&answer), expected);
        assert_eq!(super::lasting(&answer), super::lasting(&whole));
    }
    let removed = modified(&whole);
    world.since("/release/dev1", removed).await.expect(304);
    // What comes after the removal can be said in a part again.
    world.wait();
    world.place("release", &Ipk::new("other", "1.1")).await;
    assert_eq!(names(&world.since("/release/dev1", removed).await.expect(200)), ["other 1.1 all"]);
    assert_eq!(
        names(&world.since("/release/dev1", removed - 1).await.expect(200)),
        ["base 1.1 all", "other 1.1 all"]
    );
}

#[tokio::test]
async fn an_empty_index_is_returned_after_the_last_package_was_removed() {
    let world = World::start().await;
    let record = world.place("beta", &Ipk::new("base", "1.0")).await;
    let before = modified(&world.get("/beta/dev1").await);
    world.wait();
    world.remove("beta", &record).await.expect(204);
    let empty = world.since("/beta/dev1", before).await.expect(200);
    assert_eq!((text(&empty), empty.header("content-length")), ("", "0"));
    world.since("/beta/dev1", modified(&empty)).await.expect(304);
}

#[tokio::test]
async fn a_package_that_went_back_to_an_older_version_has_changed() {
    let story = Story::told().await;
    story.world.remove("release", &story.records[2]).await.expect(204);
    let part = story.world.since("/release/dev1", story.came[2]).await.expect(200);
    assert_eq!(names(&part), ["base 1.0 all"]);
}

#[tokio::test]
async fn of_a_package_only_the_architectures_that_have_changed_are_returned() {
    let story = Story::told().await;
    let world = &story.world;
    let own = world.place("release", &Ipk::new("base", "1.1").architecture("maguro")).await;
    for path in ["/release/dev1/base", "/release/dev1/base/latest", "/release/dev1/base/1.1", "/release/dev1"]
    {
        let part = world.since(path, story.came[2]).await.expect(200);
        assert_eq!(names(&part), ["base 1.1 maguro"], "{path}");
        assert_eq!(part.header("cache-control"), "no-store");
    }
    world.since("/release/dev1/mail", story.came[1]).await.expect(304);
    let before = modified(&world.get("/release/dev1/base").await);
    world.wait();
    world.remove("release", &own).await.expect(204);
    for path in ["/release/dev1/base", "/release/dev1/base/latest", "/release/dev1/base/1.1"] {
        let whole = world.since(path, before).await.expect(200);
        assert_eq!(names(&whole), ["base 1.1 all"], "{path}");
        assert_eq!(whole.header("etag").len(), 42);
    }
}

#[tokio::test]
async fn files_that_opkg_fetches_are_given_whole_or_not_at_all() {
    let story = Story::told().await;
    for base in ["/release/dev1", "/release/dev1/base", "/release/dev1/base/latest"] {
        for file in ["Packages", "Packages.gz", "Packages.asc", "Packages.sig"] {
            let path = format!("{base}/{file}");
            let whole = story.world.get(&path).await.expect(200);
            for since in [story.came[0], story.came[1], story.came[2] - 1] {
                let same = story.world.since(&path, since).await.expect(200);
                assert_eq!(
                    (&same.bytes, super::lasting(&same)),
                    (&whole.bytes, super::lasting(&whole)),
                    "{path}"
                );
            }
            story.world.since(&path, story.came[2]).await.expect(304);
        }
    }
}

#[tokio::test]
async fn if_none_match_wins_over_if_modified_since() {
    let story = Story::told().await;
    let since = date(story.came[1]);
    for path in [
        "/release/dev1",
        "/release/dev1/base",
        "/release/dev1/base/1.1",
        "/release/dev1/Packages.gz",
        "/release/dev1/base/latest/Section",
    ] {
        let whole = story.world.get(path).await.expect(200);
        let with = async |tag: &str, since: &str| {
            story.world.both(path, &[("if-none-match", tag), ("if-modified-since", since)]).await
        };
        let tag = whole.header("etag");
        for same in [tag.to_owned(), format!("W/{tag}"), format!("\"x\", {tag}"), "*".to_owned()] {
            with(&same, &since).await.expect(304);
            with(&same, &date(0)).await.expect(304);
        }
        for other in ["\"0000\"", "nonsense"] {
            for since in [&since, &date(story.came[2])] {
                let answer = with(other, since).await.expect(200);
                assert_eq!(answer.bytes, whole.bytes, "{path} {other}");
                assert_eq!(answer.header("etag"), tag);
            }
        }
    }
}

#[tokio::test]
async fn a_condition_that_fails_wins_over_everything() {
    let story = Story::told().await;
    let since = date(story.came[1]);
    let whole = story.world.get("/release/dev1").await;
    for (name, value) in [("if-match", "\"0000\"".to_owned()), ("if-unmodified-since", date(story.came[1]))] {
        for more in [&[][..], &[("if-modified-since", since.as_str())]] {
            let headers = [&[(name, value.as_str())], more].concat();
            story.world.both("/release/dev1", &headers).await.expect(412);
        }
    }
    let kept =
        story.world.ask("GET", "/release/dev1", &[("if-match", whole.header("etag"))]).await.expect(200);
    assert_eq!(kept.bytes, whole.bytes);
}
