//! The wall: whoever has no key to a door cannot tell what is behind it, nor whether anything is.

use serde_json::Value;

use super::shapes::{self, MALFORMED};
use super::{HASH, Lab, WRONG, basic, expect_wall, said};

/// What does not open `dev` of acme.
fn useless() -> Vec<Option<String>> {
    let texts = ["", "x", "Basic", "Basic !!!", "Bearer otak1_x", &HASH[1..], WRONG];
    let mut all: Vec<_> = texts.iter().map(|text| Some((*text).to_owned())).collect();
    all.extend([None, Some(basic(&format!("user:{WRONG}"))), Some(basic(":")), Some(basic("user:secret"))]);
    all
}

#[tokio::test]
async fn every_url_answers_the_same_bytes_whatever_is_behind_it() {
    let lab = Lab::start().await;
    lab.grant_at_acme("dev", HASH).await;
    let wall = said(&expect_wall(lab.ask("/dev/dev1", None).await, "first"));
    let mut paths: Vec<String> =
        ["/dev", "/dev/", "/dev-lab", "/dev-nowhere", "/dev-"].map(String::from).to_vec();
    for (feed, device_type) in [
        ("dev", "dev1"),
        ("dev", "bare1"),
        ("dev", "gone1"),
        ("dev", "nothing"),
        ("dev-lab", "dev1"),
        ("dev-nowhere", "dev1"),
        ("dev-nowhere", "nothing"),
    ] {
        paths.extend(shapes::of(feed, device_type));
    }
    paths.extend(shapes::of(&shapes::too_long(), "dev1"));
    for path in &paths {
        for credential in [None, Some("x"), Some(WRONG)] {
            let answer = lab.ask(path, credential).await;
            assert_eq!(said(&answer), wall, "{path} {credential:?}");
        }
    }
    for credential in useless() {
        for path in ["/dev", "/dev/dev1", "/dev/nothing/base/1.0/Version", "/dev-nowhere/dev1/Packages.gz"] {
            let answer = lab.ask(path, credential.as_deref()).await;
            assert_eq!(said(&answer), wall, "{path} {credential:?}");
        }
    }
}

#[tokio::test]
async fn a_good_credential_meets_the_same_wall_where_it_opens_nothing() {
    let lab = Lab::start().await;
    lab.grant_at_acme("dev", HASH).await;
    let wall = said(&expect_wall(lab.ask("/dev/dev1", None).await, "first"));
    for (feed, device_type) in [
        ("dev", "bolt1"),
        ("dev", "gone1"),
        ("dev", "nothing"),
        ("dev-lab", "dev1"),
        ("dev-lab", "bolt1"),
        ("dev-nowhere", "dev1"),
        ("dev-nowhere", "nothing"),
    ] {
        for path in shapes::of(feed, device_type) {
            assert_eq!(said(&lab.ask(&path, Some(HASH)).await), wall, "{path}");
        }
    }
    for device_type in MALFORMED {
        for credential in [None, Some(HASH), Some(WRONG)] {
            for path in shapes::few("dev", device_type) {
                assert_eq!(said(&lab.ask(&path, credential).await), wall, "{path} {credential:?}");
            }
        }
    }
    for feed in ["dev-lab", "dev-nowhere", "dev-", &shapes::too_long()] {
        let path = format!("/{feed}");
        assert_eq!(said(&lab.ask(&path, Some(HASH)).await), wall, "{path}");
    }
    lab.ask("/dev/dev1", Some(HASH)).await.expect(200);
}

#[tokio::test]
async fn table_and_bucket_are_asked_the_same_whatever_is_behind_a_url() {
    let lab = Lab::start().await;
    lab.grant_at_acme("dev", HASH).await;
    let nothing = Vec::<String>::new();
    for (device_type, credential) in [
        ("dev1", WRONG),
        ("bare1", WRONG),
        ("gone1", WRONG),
        ("nothing", WRONG),
        ("nothing", HASH),
        ("bolt1", HASH),
    ] {
        for path in shapes::of("dev", device_type) {
            lab.taken();
            expect_wall(lab.ask(&path, Some(credential)).await, &path);
            let (table, bucket) = lab.taken();
            assert_eq!(
                (table, bucket),
                (vec!["BatchGetItem".to_owned()], nothing.clone()),
                "{path} {credential}"
            );
        }
    }
    for (path, credential) in [
        ("/dev", WRONG),
        ("/dev-lab", WRONG),
        ("/dev-lab", HASH),
        ("/dev-nowhere", WRONG),
        ("/dev-nowhere", HASH),
    ] {
        lab.taken();
        expect_wall(lab.ask(path, Some(credential)).await, path);
        assert_eq!(lab.taken(), (vec!["GetItem".to_owned()], nothing.clone()), "{path} {credential}");
    }
    // What no device type can be called is told from the URL alone.
    for device_type in MALFORMED {
        for path in shapes::few("dev", device_type) {
            for credential in [HASH, WRONG] {
                lab.taken();
                expect_wall(lab.ask(&path, Some(credential)).await, &path);
                assert_eq!(lab.taken(), (nothing.clone(), nothing.clone()), "{path} {credential}");
            }
        }
    }
    // Behind the wall it is one call more, to the bucket, and none once the catalogue is known.
    for bucket in [1, 0] {
        lab.taken();
        lab.ask("/dev/dev1/Packages", Some(HASH)).await.expect(200);
        let taken = lab.taken();
        assert_eq!(taken.0, ["BatchGetItem"]);
        assert_eq!(taken.1.len(), bucket, "{taken:?}");
    }
}

#[tokio::test]
async fn conditions_and_ranges_open_nothing() {
    let lab = Lab::start().await;
    lab.grant_at_acme("dev", HASH).await;
    let open = lab.ask("/dev/dev1/Packages", Some(HASH)).await.expect(200);
    let wall = said(&expect_wall(lab.ask("/dev/dev1", None).await, "first"));
    let (etag, modified) = (open.header("etag").to_owned(), open.header("last-modified").to_owned());
    for device_type in ["dev1", "nothing"] {
        for path in ["", "/Packages", "/base/1.0/Version"] {
            let path = format!("/dev/{device_type}{path}");
            for credential in [None, Some(WRONG)] {
                for headers in [
                    [("if-none-match", etag.as_str()), ("accept", "*/*")],
                    [("if-none-match", "*"), ("accept", "*/*")],
                    [("if-match", "\"x\""), ("accept", "application/json")],
                    [("if-modified-since", modified.as_str()), ("accept", "*/*")],
                    [("if-unmodified-since", "Mon, 01 Oct 2012 08:05:00 GMT"), ("accept", "*/*")],
                    [("range", "bytes=0-3"), ("if-range", etag.as_str())],
                    [("range", "bytes=99999999-"), ("accept", "*/*")],
                ] {
                    let answer = lab.ask_with(&path, credential, &headers).await;
                    assert_eq!(said(&answer), wall, "{path} {credential:?} {headers:?}");
                }
            }
        }
    }
}

#[tokio::test]
async fn head_and_methods_that_feeds_do_not_take_tell_nothing_either() {
    let lab = Lab::start().await;
    lab.grant_at_acme("dev", HASH).await;
    let api = &lab.world.api;
    let get = said(&expect_wall(lab.ask("/dev/dev1", None).await, "first"));
    for path in
        ["/dev", "/dev/dev1", "/dev/nothing", "/dev-nowhere/dev1/Packages.gz", "/dev/dev1/base/latest/Size"]
    {
        for headers in [vec![], vec![("authorization", WRONG)]] {
            let head = api.raw("HEAD", path, &headers).await;
            assert_eq!((head.status, said(&head).1), (get.0, get.1.clone()), "{path}");
            assert!(head.bytes.is_empty());
        }
    }
    let refused = api.raw("POST", "/dev/dev1", &[("authorization", HASH)]).await;
    let refused = said(&refused.expect_problem(501, "not_implemented"));
    for method in ["POST", "PUT", "DELETE", "PATCH", "OPTIONS"] {
        for path in ["/dev", "/dev/dev1", "/dev/bolt1", "/dev/nothing/base", "/dev-nowhere"] {
            for headers in [vec![], vec![("authorization", WRONG)], vec![("authorization", HASH)]] {
                lab.taken();
                assert_eq!(said(&api.raw(method, path, &headers).await), refused, "{method} {path}");
                assert_eq!(lab.taken(), (vec![], vec![]), "{method} {path}");
            }
        }
    }
}

#[tokio::test]
async fn a_package_whose_path_nobody_signed_is_refused_alike_wherever_it_is_said_to_be() {
    let lab = Lab::start().await;
    lab.grant_at_acme("dev", HASH).await;
    let wall = said(&expect_wall(lab.ask("/dev/dev1", None).await, "first"));
    let mut refusals = Vec::new();
    for (feed, device_type) in
        [("dev", "dev1"), ("dev", "bolt1"), ("dev", "nothing"), ("dev", "No_Slug"), ("dev-nowhere", "dev1")]
    {
        for path in shapes::forged(feed, device_type) {
            for credential in [None, Some("x")] {
                assert_eq!(said(&lab.ask(&path, credential).await), wall, "{path}");
            }
            for credential in [HASH, WRONG] {
                lab.taken();
                refusals.push(said(&lab.ask(&path, Some(credential)).await.expect(403)));
                assert_eq!(lab.taken(), (vec![], vec![]), "{path}");
            }
        }
    }
    refusals.dedup();
    assert_eq!(refusals.len(), 1, "{refusals:#?}");
}

#[tokio::test]
async fn behind_the_wall_what_is_not_there_is_not_found() {
    let lab = Lab::start().await;
    lab.grant_at_acme("dev", HASH).await;
    for path in [
        "/dev/dev1/nothing",
        "/dev/dev1/nothing/Packages.gz",
        "/dev/dev1/base/9",
        "/dev/dev1/base/9/Version",
        "/dev/dev1/base/1.0/Nothing",
        "/dev/dev1/base/1.0/Version/x",
        "/dev/dev1/by-hash",
        "/dev/dev1/%ff",
        "/dev/dev1/base/%ff",
        "/dev/bare1/base",
    ] {
        lab.ask(path, Some(HASH)).await.expect_problem(404, "not_found");
        expect_wall(lab.ask(path, Some(WRONG)).await, path);
    }
    let empty = lab.ask("/dev/bare1/Packages", Some(HASH)).await.expect(200);
    assert_eq!((empty.bytes.len(), empty.header("content-length")), (0, "0"));
}

#[tokio::test]
async fn every_answer_behind_the_wall_is_private_and_kept_by_nobody() {
    let lab = Lab::start().await;
    lab.grant_at_acme("dev", HASH).await;
    let first = lab.ask("/dev/dev1", Some(HASH)).await.expect(200);
    let (etag, modified) = (first.header("etag").to_owned(), first.header("last-modified").to_owned());
    let mut answers = Vec::new();
    for path in [
        "/dev",
        "/dev/dev1",
        "/dev/dev1/Packages",
        "/dev/dev1/Packages.gz",
        "/dev/dev1/base/1.0/Version",
        "/dev/bare1",
    ] {
        answers.push(lab.ask(path, Some(HASH)).await.expect(200));
    }
    answers.push(lab.ask_with("/dev/dev1", Some(HASH), &[("if-none-match", &etag)]).await.expect(304));
    answers
        .push(lab.ask_with("/dev/dev1", Some(HASH), &[("if-modified-since", &modified)]).await.expect(304));
    answers.push(lab.ask_with("/dev/dev1/Packages", Some(HASH), &[("range", "bytes=0-3")]).await.expect(206));
    let since = [("if-modified-since", "Mon, 01 Oct 2012 08:05:00 GMT")];
    answers.push(lab.ask_with("/dev/dev1", Some(HASH), &since).await.expect(200));
    answers.push(lab.ask_with("/dev", Some(HASH), &since).await.expect(200));
    for answer in answers {
        assert_eq!(answer.header("cache-control"), "private, no-store", "{answer:?}");
    }
    // Errors are no exception.
    for headers in [vec![], vec![("range", "bytes=99999999-")], vec![("if-match", "\"x\"")]] {
        let path = if headers.is_empty() { "/dev/dev1/nothing" } else { "/dev/dev1/Packages" };
        let answer = lab.ask_with(path, Some(HASH), &headers).await;
        assert!([404, 412, 416].contains(&answer.status), "{answer:?}");
        assert!(answer.header("cache-control").contains("no-store"), "{answer:?}");
    }
}

#[tokio::test]
async fn a_partners_key_opens_no_feed_to_a_device() {
    let lab = Lab::start().await;
    let wall = said(&expect_wall(lab.ask("/dev/dev1", None).await, "first"));
    for key in [&lab.world.acme.release, &lab.bolt.release, &lab.world.api.server.operator_key().to_owned()] {
        for path in ["/dev", "/dev/dev1", "/dev/dev1/Packages.gz"] {
            let answer = lab.world.api.call("GET", path, key, Value::Null).await;
            assert_eq!(said(&answer), wall, "{path}");
        }
    }
}
