//! PUT and POST of every row: not implemented, and so is everything else that does not read.

use super::{Story, date};

const METHODS: [&str; 7] = ["PUT", "POST", "DELETE", "PATCH", "OPTIONS", "TRACE", "PROPFIND"];

async fn are_not_implemented(paths: &[&str]) {
    let story = Story::told().await;
    for path in paths {
        for method in METHODS {
            let answer = story.world.ask(method, path, &[]).await.expect_problem(501, "not_implemented");
            assert_eq!(answer.header("allow"), "GET, HEAD", "{method} {path}");
            assert_eq!(answer.header("cache-control"), "no-store", "{method} {path}");
        }
    }
}

#[tokio::test]
async fn put_and_post_to_a_feed_are_not_implemented() {
    are_not_implemented(&["/release", "/release/", "/nosuch", "/dev"]).await;
}

#[tokio::test]
async fn put_and_post_to_a_device_are_not_implemented() {
    are_not_implemented(&["/release/dev1", "/release/dev1/Packages.gz", "/release/nosuch", "/dev/dev1"])
        .await;
}

#[tokio::test]
async fn put_and_post_to_a_package_are_not_implemented() {
    are_not_implemented(&["/release/dev1/base", "/release/dev1/nosuch", "/release/dev1//base/Packages"])
        .await;
}

#[tokio::test]
async fn put_and_post_to_a_version_are_not_implemented() {
    are_not_implemented(&["/release/dev1/base/1.0", "/release/dev1/base/latest/Packages"]).await;
}

#[tokio::test]
async fn put_and_post_to_a_field_are_not_implemented() {
    are_not_implemented(&["/release/dev1/base/latest/Section", "/release/dev1/base/1.0/nosuch"]).await;
}

#[tokio::test]
async fn put_and_post_to_a_packages_bytes_are_not_implemented() {
    let story = Story::told().await;
    let index = story.world.get("/release/dev1/base/latest/Filename").await.expect(200);
    let file = super::text(&index).trim().strip_prefix("Filename: ").unwrap();
    for base in ["/release/dev1", "/release/dev1/base", "/dev/dev1"] {
        let path = format!("{base}/{file}");
        for method in METHODS {
            let answer = story.world.ask(method, &path, &[]).await.expect_problem(501, "not_implemented");
            assert_eq!(answer.header("allow"), "GET, HEAD", "{method} {path}");
        }
    }
}

#[tokio::test]
async fn a_body_and_conditions_do_not_make_it_implemented() {
    let story = Story::told().await;
    let since = date(story.came[2]);
    for method in ["PUT", "POST"] {
        let request =
            story.world.api.request(method, "/release/dev1/base").header("if-modified-since", &since);
        story.world.api.send(request.body("Package: base\n")).await.expect_problem(501, "not_implemented");
    }
}
