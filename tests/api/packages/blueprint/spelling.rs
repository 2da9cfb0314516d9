//! How a URL may be spelled: slashes repeat, and segments are decoded once.

use tests::ipk::Ipk;

use super::super::World;
use super::{Story, lasting, names};

async fn alike(world: &World, path: &str, spellings: &[&str]) {
    let expected = world.both(path, &[]).await.expect(200);
    for spelling in spellings {
        let same = world.both(spelling, &[]).await;
        assert_eq!(same.status, 200, "{spelling}");
        assert_eq!((&same.bytes, lasting(&same)), (&expected.bytes, lasting(&expected)), "{spelling}");
    }
}

#[tokio::test]
async fn repeated_slashes_are_one() {
    let story = Story::told().await;
    let world = &story.world;
    alike(world, "/release", &["/release/", "/release//", "/release///"]).await;
    alike(world, "/release/dev1", &["/release/dev1/", "/release//dev1", "/release///dev1///"]).await;
    alike(
        world,
        "/release/dev1/Packages.gz",
        &["/release/dev1//Packages.gz", "/release//dev1///Packages.gz/"],
    )
    .await;
    alike(world, "/release/dev1/base/1.0", &["/release/dev1/base//1.0/", "/release//dev1//base//1.0//"])
        .await;
    alike(world, "/release/dev1/base/1.0/Size", &["/release/dev1/base/1.0//Size/"]).await;
}

#[tokio::test]
async fn a_segment_is_decoded_once_and_a_plus_is_a_plus() {
    let world = World::start().await;
    world.place("release", &Ipk::new("lib+x", "2:1.0~rc1+git-r0")).await;
    world.wait();
    alike(
        &world,
        "/release/dev1/lib+x/2:1.0~rc1+git-r0",
        &[
            "/release/dev1/lib%2bx/2%3A1.0%7Erc1%2Bgit-r0",
            "/release/%64ev1/lib%2Bx/2%3a1%2e0%7erc1%2bgit%2dr0",
            "/release/dev1/%6cib+x/latest",
            "/release/dev1/lib+x/%6catest",
        ],
    )
    .await;
    alike(
        &world,
        "/release/dev1/Packages.gz",
        &["/release/dev1/%50ackages.gz", "/release/dev1/Packages%2egz"],
    )
    .await;
    for twice in ["lib%252bx", "lib%20x", "lib x", "lib%2Bx/2%253a1.0~rc1+git-r0", "lib+x/2:1.0~rc1%20git-r0"]
    {
        world.both(&format!("/release/dev1/{twice}"), &[]).await.expect(404);
    }
}

#[tokio::test]
async fn a_slash_that_is_encoded_parts_nothing() {
    let story = Story::told().await;
    for path in [
        "/release/dev1%2fbase",
        "/release%2fdev1",
        "/release/dev1/base%2f1.0",
        "/release/dev1/base/1.0%2FSize",
    ] {
        for method in ["GET", "HEAD"] {
            story.world.ask(method, path, &[]).await.expect(404);
        }
    }
}

#[tokio::test]
async fn what_is_no_text_is_not_found_and_breaks_nothing() {
    let story = Story::told().await;
    for path in [
        "/release/dev1/%ff",
        "/release/%c3%28",
        "/release/dev1/base/%80/Size",
        "/release/dev1/%zz",
        "/release/dev1/base/1.0%",
    ] {
        let answer = story.world.both(path, &[]).await;
        assert!(matches!(answer.status, 400 | 404), "{path}: {}", answer.status);
    }
    assert_eq!(names(&story.world.get("/release/dev1/mail").await), ["mail 2.0 maguro"]);
}

#[tokio::test]
async fn a_query_changes_nothing() {
    let story = Story::told().await;
    alike(&story.world, "/release/dev1", &["/release/dev1?", "/release/dev1?x=%ff&version=1.0"]).await;
    alike(&story.world, "/release/dev1/Packages.gz", &["/release/dev1/Packages.gz?1"]).await;
}

#[tokio::test]
async fn a_package_is_found_by_every_spelling_of_its_file_name() {
    let world = World::start().await;
    let ipk = Ipk::new("lib+x", "2:1.0~rc1+git-r0");
    world.place("release", &ipk).await;
    world.wait();
    let field = world.get("/release/dev1/lib+x/latest/Filename").await.expect(200);
    let file = super::text(&field).trim().strip_prefix("Filename: ").unwrap();
    let (path, name) = file.rsplit_once('/').unwrap();
    let escaped = |from, to| format!("{path}/{}", name.replace(from, to));
    for name in
        [file.to_owned(), escaped('+', "%2b"), escaped('+', "%2B"), escaped('~', "%7e"), escaped('_', "%5F")]
    {
        for base in [
            "/release/dev1/",
            "/release/dev1//",
            "/release/dev1/lib%2bx/",
            "/release/dev1/lib+x/2:1.0~rc1+git-r0/",
        ] {
            let package = world.both(&format!("{base}{name}"), &[]).await;
            assert_eq!((package.status, package.bytes), (200, ipk.build()), "{base}{name}");
        }
    }
}
