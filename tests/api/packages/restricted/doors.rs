//! Paths that a door might take for something else than the restricted feed they end at.

use super::{HASH, Lab, WRONG, said};

/// A path, and the status without a credential that opens `dev` of acme.
const TRICKS: [(&str, u16); 49] = [
    // What every door knows as restricted.
    ("/dev/dev1", 401),
    ("/dev//dev1", 401),
    ("/dev/./dev1", 400),
    ("/dev/%64ev1", 401),
    ("/dev/dev1?feed=release", 401),
    ("/dev?x=/release/dev1", 401),
    ("/dev/dev1/Packages?x", 401),
    ("/dev/dev1;x", 401),
    ("/dev-/dev1", 401),
    ("/dev-lab/dev1", 401),
    ("/dev-lab/../dev-lab/dev1", 400),
    // What no feed is called.
    ("//dev/dev1", 404),
    ("///dev/dev1/Packages", 404),
    ("/%64ev/dev1", 404),
    ("/d%65v/dev1", 404),
    ("/%64%65%76/dev1/Packages.gz", 404),
    ("/%2564ev/dev1", 404),
    ("/dev%2d%6cab/dev1", 404),
    ("/DEV/dev1", 404),
    ("/Dev/dev1", 404),
    ("/dev-LAB/dev1", 404),
    ("/dev%2f", 404),
    ("/dev%2fdev1", 404),
    ("/dev%2Fdev1/Packages", 404),
    ("/dev%20/dev1", 404),
    ("/dev+/dev1", 404),
    ("/dev;x/dev1", 404),
    ("/dev./dev1", 404),
    ("/.dev/dev1", 404),
    ("/dev_/dev1", 404),
    ("/dev%C0%AFdev1", 404),
    ("/dev%EF%BC%8Fdev1", 404),
    ("/dev%00/dev1", 404),
    ("/dev%0a/dev1", 404),
    ("/dev%5cdev1", 404),
    ("/dev%3f/dev1", 404),
    // Around a corner.
    ("/release/../dev/dev1", 400),
    ("/release/%2e%2e/dev/dev1", 400),
    ("/release/.%2E/dev/dev1/Packages", 400),
    ("/dev/../release/dev1", 400),
    ("/dev/dev1/../../release/dev1", 400),
    ("/v1/../dev/dev1", 400),
    ("/./dev/dev1", 404),
    ("/release//dev/dev1", 404),
    ("/release/..%2fdev/dev1", 404),
    ("/release%2f..%2fdev/dev1", 404),
    ("/release/dev1/by-hash/../../../dev/dev1/Packages", 400),
    ("/repository/../dev/dev1/Packages", 403),
    ("/devel/dev1", 404),
];

#[tokio::test]
async fn no_path_gets_around_the_wall() {
    let lab = Lab::start().await;
    lab.grant_at_acme("dev", HASH).await;
    let sentinel = "Package: base";
    let open = lab.ask("/dev/dev1", Some(HASH)).await.expect(200);
    assert!(String::from_utf8(open.bytes).unwrap().contains(sentinel));
    let lab_feed = |path: &str| path.starts_with("/dev-");
    for (path, status) in TRICKS {
        for credential in [None, Some(WRONG), Some("x")] {
            for file in ["", "/Packages"] {
                let path = if path.contains('?') { path.to_owned() } else { format!("{path}{file}") };
                let answer = lab.ask(&path, credential).await;
                assert_eq!(answer.status, status, "{path} {credential:?}: {answer:?}");
                assert!(!String::from_utf8_lossy(&answer.bytes).contains(sentinel), "{path}");
            }
        }
        // With a credential, only what is the wall without one can be more than a refusal.
        let answer = lab.ask(path, Some(HASH)).await;
        let expected = if status == 401 && !lab_feed(path) { vec![200, 404, 401] } else { vec![status] };
        assert!(expected.contains(&answer.status), "{path}: {answer:?}");
    }
}

#[tokio::test]
async fn a_url_in_the_request_line_goes_through_the_same_door() {
    let lab = Lab::start().await;
    lab.grant_at_acme("dev", HASH).await;
    let base = lab.world.api.server.base_url().to_owned();
    let wall = said(&lab.ask("/dev/dev1", None).await.expect(401));
    for path in ["/dev/dev1", "/dev/nothing", "/dev"] {
        assert_eq!(said(&lab.ask(&format!("{base}{path}"), None).await), wall, "{path}");
    }
    lab.ask(&format!("{base}/dev/dev1"), Some(HASH)).await.expect(200);
    for path in ["//dev/dev1", "/%64ev/dev1", "/DEV/dev1"] {
        lab.ask(&format!("{base}{path}"), Some(HASH)).await.expect(404);
    }
}

#[tokio::test]
async fn a_device_type_called_like_a_feed_opens_none() {
    let lab = Lab::start().await;
    let (api, acme) = (&lab.world.api, &lab.world.acme);
    for id in ["dev", "release", "v1"] {
        api.create_device_type(acme, id).await;
        lab.ask(&format!("/release/{id}"), None).await.expect(200);
        lab.ask(&format!("/dev/{id}"), None).await.expect(401);
    }
    lab.ask("/release/dev/dev1", None).await.expect(404);
    lab.ask("/v1/v1", None).await.expect(404);
}

#[tokio::test]
async fn open_feeds_whose_names_begin_alike_are_open() {
    let lab = Lab::start().await;
    let (api, acme) = (&lab.world.api, &lab.world.acme);
    for feed in ["devel", "dev1", "xdev-lab", "device-dev"] {
        let path = acme.path(&format!("/feeds/{feed}"));
        api.call("PUT", &path, &acme.write, serde_json::Value::Null).await.expect(204);
        let index = lab.ask(&format!("/{feed}/dev1"), None).await.expect(200);
        assert!(index.header("cache-control").starts_with("public"), "{feed}");
        lab.ask(&format!("/{feed}"), None).await.expect(200);
    }
}
