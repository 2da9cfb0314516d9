//! `/:feed/:devicename`: HEAD and GET.

use tests::ipk::Ipk;

use super::super::World;
use super::{Story, modified, names, text};

#[tokio::test]
async fn head_of_a_device_says_when_its_index_was_last_updated() {
    let story = Story::told().await;
    let world = &story.world;
    let head = world.ask("HEAD", "/release/dev1", &[]).await.expect(200);
    assert_eq!(modified(&head), story.came[2]);
    world.remove("release", &story.records[1]).await.expect(204);
    let later = modified(&world.ask("HEAD", "/release/dev1", &[]).await.expect(200));
    assert!(later > story.came[2], "what goes away is an update too");
}

#[tokio::test]
async fn head_of_a_device_has_the_length_of_its_index() {
    let story = Story::told().await;
    for path in [
        "/release/dev1",
        "/release/dev1/",
        "/release/dev1/Packages",
        "/release/dev1/Packages.gz",
        "/release/dev1/Packages.asc",
        "/release/dev1/Packages.sig",
    ] {
        let index = story.world.both(path, &[]).await.expect(200);
        assert!(!index.bytes.is_empty());
    }
}

#[tokio::test]
async fn get_of_a_device_is_the_index_of_the_latest_versions() {
    let story = Story::told().await;
    let index = story.world.get("/release/dev1").await.expect(200);
    assert_eq!(names(&index), ["base 1.1 all", "mail 2.0 maguro"]);
    let index = text(&index);
    assert!(index.ends_with("\n\n") && !index.contains('\r') && !index.starts_with('\u{feff}'), "{index}");
    for line in ["Description: second", " and", " .", " more"] {
        assert!(index.lines().any(|each| each == line), "{line:?} in {index}");
    }
}

#[tokio::test]
async fn an_index_is_sorted_by_package_and_architecture() {
    let world = World::start().await;
    for (name, architecture) in
        [("b", "maguro"), ("b", "all"), ("a+", "all"), ("a", "maguro"), ("B", "all"), ("a.b", "all")]
    {
        world.place("release", &Ipk::new(name, "1.0").architecture(architecture)).await;
    }
    let expected = ["B 1.0 all", "a 1.0 maguro", "a+ 1.0 all", "a.b 1.0 all", "b 1.0 all", "b 1.0 maguro"];
    assert_eq!(names(&world.get("/release/dev1").await), expected);
}

#[tokio::test]
async fn an_older_version_that_goes_does_not_touch_the_index() {
    let story = Story::told().await;
    let before = story.world.get("/release/dev1").await;
    story.world.remove("release", &story.records[0]).await.expect(204);
    let after = story.world.get("/release/dev1").await.expect(200);
    assert_eq!(super::lasting(&after), super::lasting(&before));
    assert_eq!(after.bytes, before.bytes);
}

#[tokio::test]
async fn feeds_of_a_device_have_nothing_to_do_with_each_other() {
    let story = Story::told().await;
    let world = &story.world;
    let before = world.get("/release/dev1").await;
    world.place("beta", &Ipk::new("base", "9.0")).await;
    let after = world.get("/release/dev1").await;
    assert_eq!(
        (after.bytes, after.headers["last-modified"].clone()),
        (before.bytes, before.headers["last-modified"].clone())
    );
    assert_eq!(names(&world.get("/beta/dev1").await), ["base 9.0 all"]);
}

#[tokio::test]
async fn an_index_in_which_nothing_ever_was_is_an_empty_file_and_an_empty_gzip() {
    let world = World::start().await;
    for path in ["/beta/dev1", "/beta/dev1/Packages"] {
        let empty = world.both(path, &[]).await.expect(200);
        assert_eq!(empty.header("content-length"), "0");
        assert!((modified(&empty) - world.now()).abs() < 100, "as old as the device type");
    }
    let gzip = world.both("/beta/dev1/Packages.gz", &[]).await.expect(200);
    assert_eq!(&gzip.bytes[..3], [0x1F, 0x8B, 8]);
    assert_eq!(gzip.bytes[4..8], [0; 4], "no time in it");
    let mut unpacked = Vec::new();
    std::io::Read::read_to_end(&mut flate2::read::GzDecoder::new(&gzip.bytes[..]), &mut unpacked).unwrap();
    assert!(unpacked.is_empty());
}

#[tokio::test]
async fn an_index_from_which_everything_went_is_empty_too() {
    let story = Story::told().await;
    let world = &story.world;
    for record in &story.records {
        world.remove("release", record).await.expect(204);
    }
    world.wait();
    let empty = world.both("/release/dev1/Packages", &[]).await.expect(200);
    assert_eq!(text(&empty), "");
    assert!(modified(&empty) > story.came[2]);
    let gzip = world.both("/release/dev1/Packages.gz", &[]).await.expect(200);
    assert_eq!(gzip.bytes.len(), 20);
    assert_eq!(text(&world.get("/release").await), "");
}

#[tokio::test]
async fn the_same_index_is_given_in_every_form() {
    let story = Story::told().await;
    let world = &story.world;
    let bare = world.get("/release/dev1").await.expect(200);
    let plain = world.get("/release/dev1/Packages").await.expect(200);
    assert_eq!((&plain.bytes, plain.header("etag")), (&bare.bytes, bare.header("etag")));
    let gzip = world.get("/release/dev1/Packages.gz").await.expect(200);
    assert_eq!(gzip.header("content-type"), "application/gzip");
    assert_eq!(gzip.header("content-encoding"), "");
    assert_eq!(gzip.bytes[4..8], [0; 4], "no time in it");
    let mut unpacked = Vec::new();
    std::io::Read::read_to_end(&mut flate2::read::GzDecoder::new(&gzip.bytes[..]), &mut unpacked).unwrap();
    assert_eq!(unpacked, bare.bytes);
    assert_eq!(gzip.header("last-modified"), bare.header("last-modified"));
}
