//! Checks of restricted feeds: open to a device with a grant, and one and the same wall to everyone else.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use shared::domain::Sha256;
use tests::api::{Answer, Api};

use crate::kettle::{Kettle, snapshot};

const HASH: &str = "2fd4e1c67a2d28fced849ee1bb76e7391b93eb12";
const WRONG: &str = "de9f2c7fd25e1b3afad3e85a0bd17d9b100db4b3";
const IMEI: &str = "356938035643809";
const DAY: i64 = 86_400_000;

async fn ask(api: &Api, device_type: &str, query: &str, credential: Option<&str>) -> Answer {
    let path = format!("/v1/ota/deviceTypes/{device_type}/eligibility?{query}");
    let mut request = api.request("GET", &path);
    if let Some(credential) = credential {
        request = request.header("authorization", credential);
    }
    api.send(request).await
}

fn basic(pair: &str) -> String {
    format!("Basic {}", STANDARD.encode(pair))
}

/// What an answer says, but for what differs from request to request by nature.
fn said(answer: &Answer) -> (u16, Vec<(String, String)>, Vec<u8>) {
    let volatile = ["date", "x-request-id", "x-amzn-requestid"];
    let mut headers: Vec<(String, String)> = answer
        .headers
        .iter()
        .filter(|(name, _)| !volatile.contains(&name.as_str()))
        .map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned()))
        .collect();
    headers.sort();
    let body = String::from_utf8(answer.bytes.clone()).unwrap();
    let body = body.replace(answer.header("x-request-id"), "ID");
    let at = answer.json()["timestamp"].to_string();
    (answer.status, headers, body.replace(&at, "NOW").into_bytes())
}

#[tokio::test]
async fn a_granted_device_is_offered_what_the_feed_has() {
    let it = Kettle::start().await;
    it.image_in("1.0", &["dev"]).await;
    it.grant("dev", HASH).await;
    let answer = ask(&it.api, "kettle", "feed=dev&2105=0", Some(HASH)).await.expect(200);
    assert_eq!(answer.header("cache-control"), "private, no-store");
    snapshot!(answer.json());
    let up_to_date = ask(&it.api, "kettle", "feed=dev&2105=1", Some(HASH)).await.expect(200);
    assert_eq!(up_to_date.json()["updates"], json!([]));
}

#[tokio::test]
async fn the_hash_is_taken_bare_and_on_either_side_of_basic_in_either_case() {
    let it = Kettle::start().await;
    it.image_in("1.0", &["dev"]).await;
    it.grant("dev", HASH).await;
    let plain = ask(&it.api, "kettle", "feed=dev&2105=0", Some(HASH)).await.expect(200);
    let upper = HASH.to_uppercase();
    for credential in [
        upper.clone(),
        basic(&format!("user:{HASH}")),
        basic(&format!("{HASH}:")),
        basic(&format!("{HASH}:x")),
        basic(&format!(":{upper}")),
        basic(&format!("user:{HASH}")).replace("Basic", "bAsIc"),
    ] {
        let answer = ask(&it.api, "kettle", "feed=dev&2105=0", Some(&credential)).await.expect(200);
        assert_eq!(answer.bytes, plain.bytes, "{credential}");
    }
}

#[tokio::test]
async fn everyone_else_meets_the_same_wall_whatever_stands_behind_it() {
    let it = Kettle::start().await;
    let other = it.api.tenant("other").await;
    it.api.create_device_type(&other, "hairdryer").await;
    it.api.create_device_type(&it.acme, "lamp").await;
    it.api.call("DELETE", &it.acme.path("/deviceTypes/lamp"), &it.acme.write, Value::Null).await.expect(204);
    it.create_feed("dev-lab").await;
    it.image_in("1.0", &["dev"]).await;
    it.grant("dev", HASH).await;

    let first = ask(&it.api, "kettle", "feed=dev&2105=0", None).await;
    let first = first.expect_problem(401, "credential_required");
    assert!(first.header("www-authenticate").starts_with("Basic realm=\""), "{:?}", first.headers);
    assert!(first.header("cache-control").contains("no-store"));
    let wall = said(&first);
    for (device_type, feed, credential) in [
        ("kettle", "dev", Some(WRONG)),
        ("kettle", "dev", Some("")),
        ("kettle", "dev", Some("x")),
        ("kettle", "dev", Some("Basic !!!")),
        ("kettle", "dev", Some("Bearer otak1_x")),
        ("kettle", "dev-lab", Some(HASH)),
        ("kettle", "dev-nowhere", Some(HASH)),
        ("kettle", "dev-nowhere", None),
        ("hairdryer", "dev", Some(HASH)),
        ("hairdryer", "dev", None),
        ("lamp", "dev", Some(HASH)),
        ("nothing", "dev", Some(HASH)),
        ("nothing", "dev", Some(WRONG)),
        ("nothing", "dev", None),
        ("nothing", "dev-nowhere", Some(WRONG)),
        ("No-Slug", "dev", Some(HASH)),
        ("No-Slug", "dev", None),
    ] {
        let query = format!("feed={feed}&2105=0");
        let answer = ask(&it.api, device_type, &query, credential).await;
        assert_eq!(said(&answer), wall, "{device_type} {feed} {credential:?}");
    }
    // A partner's key opens no feed to a device.
    for key in [&it.acme.release, &other.release] {
        let answer = it.api.get("/v1/ota/deviceTypes/kettle/eligibility?feed=dev&2105=0", key).await;
        assert_eq!(said(&answer), wall);
    }
    ask(&it.api, "kettle", "feed=dev&2105=0", Some(HASH)).await.expect(200);
}

#[tokio::test]
async fn the_database_is_asked_the_same_whatever_stands_behind_the_wall() {
    let it = Kettle::start().await;
    it.image_in("1.0", &["dev"]).await;
    it.grant("dev", HASH).await;
    for (device_type, credential) in
        [("kettle", HASH), ("kettle", WRONG), ("nothing", HASH), ("nothing", WRONG)]
    {
        it.api.wire.take_calls();
        ask(&it.api, device_type, "feed=dev&2105=0", Some(credential)).await;
        assert_eq!(it.api.wire.take_calls(), ["BatchGetItem"], "{device_type} {credential}");
    }
}

#[tokio::test]
async fn another_partners_grant_does_not_open_it() {
    let it = Kettle::start().await;
    let other = it.api.tenant("other").await;
    it.api.create_device_type(&other, "hairdryer").await;
    let path = other.path("/feeds/dev/devices");
    it.api.call("POST", &path, &other.release, json!({"hexSha1": HASH})).await.expect(201);
    ask(&it.api, "hairdryer", "feed=dev", Some(HASH)).await.expect(200);
    ask(&it.api, "kettle", "feed=dev", Some(HASH)).await.expect_problem(401, "credential_required");
    it.grant("dev", HASH).await;
    for device_type in ["kettle", "hairdryer"] {
        ask(&it.api, device_type, "feed=dev", Some(HASH)).await.expect(200);
    }
}

#[tokio::test]
async fn the_real_number_is_refused_and_not_repeated() {
    let it = Kettle::start().await;
    for credential in [IMEI.to_owned(), basic(&format!("user:{IMEI}")), basic(&format!("{IMEI}:x"))] {
        for device_type in ["kettle", "nothing"] {
            let refused = ask(&it.api, device_type, "feed=dev", Some(&credential)).await;
            let refused = refused.expect_problem(400, "invalid_parameter");
            assert!(!String::from_utf8_lossy(&refused.bytes).contains(IMEI));
        }
    }
}

#[tokio::test]
async fn what_a_client_writes_into_the_edges_own_header_is_dropped() {
    let it = Kettle::start().await;
    it.grant("dev", HASH).await;
    let path = "/v1/ota/deviceTypes/kettle/eligibility?feed=dev";
    let alone = it.api.request("GET", path).header("X-Device-Authorization", HASH);
    it.api.send(alone).await.expect_problem(401, "credential_required");
    let beside =
        it.api.request("GET", path).header("X-Device-Authorization", HASH).header("authorization", WRONG);
    it.api.send(beside).await.expect_problem(401, "credential_required");
    let good =
        it.api.request("GET", path).header("X-Device-Authorization", WRONG).header("authorization", HASH);
    it.api.send(good).await.expect(200);
}

#[tokio::test]
async fn an_open_feed_needs_and_reads_no_credential() {
    let it = Kettle::start().await;
    it.create_feed("development").await;
    for feed in ["release", "development"] {
        let plain = ask(&it.api, "kettle", &format!("feed={feed}"), None).await.expect(200).bytes;
        for credential in [HASH, IMEI, "x", "Basic !!!"] {
            let answer = ask(&it.api, "kettle", &format!("feed={feed}"), Some(credential)).await.expect(200);
            assert_eq!(answer.bytes, plain);
        }
    }
}

#[tokio::test]
async fn a_download_url_from_behind_the_wall_ends_with_the_next_whole_day() {
    let it = Kettle::start().await;
    it.image_in("1.0", &["dev", "release"]).await;
    it.grant("dev", HASH).await;
    let url = async || {
        let body = ask(&it.api, "kettle", "feed=dev&2105=0", Some(HASH)).await.expect(200).json();
        body["updates"][0]["url"].as_str().unwrap().to_owned()
    };
    let open =
        it.api.check("kettle", "2105=0").await.json()["updates"][0]["url"].as_str().unwrap().to_owned();
    let now = it.api.server.clock().now();
    // To noon of a day, so that the end is one and a half days away.
    it.api.server.clock().shift((now.day() + 1) * DAY + DAY / 2 - now.millis());
    let first = url().await;
    assert_eq!(Sha256::of(&it.api.get(&first, "").await.expect(200).bytes), Sha256::of(b"1.0"));
    let expiry: i64 = first.split('/').nth_back(1).unwrap().split('.').nth(1).unwrap().parse().unwrap();
    assert_eq!(expiry, (now.day() + 3) * DAY / 1000);
    it.api.server.clock().shift(DAY);
    it.api.get(&first, "").await.expect(200);
    let second = url().await;
    assert_ne!(second, first);
    it.api.server.clock().shift(DAY / 2);
    it.api.get(&first, "").await.expect(403);
    it.api.get(&second, "").await.expect(200);
    // That of an open check does not end.
    it.api.server.clock().shift(4000 * DAY);
    it.api.get(&open, "").await.expect(200);
}

#[tokio::test]
async fn an_entity_tag_is_honoured_behind_the_wall_and_not_before_it() {
    let it = Kettle::start().await;
    it.grant("dev", HASH).await;
    let answer = ask(&it.api, "kettle", "feed=dev", Some(HASH)).await.expect(200);
    let path = "/v1/ota/deviceTypes/kettle/eligibility?feed=dev";
    let again = it.api.request("GET", path).header("if-none-match", answer.header("etag"));
    it.api.send(again.try_clone().unwrap()).await.expect_problem(401, "credential_required");
    let not_modified = it.api.send(again.header("authorization", HASH)).await.expect(304);
    assert_eq!(not_modified.header("cache-control"), "private, no-store");
}

#[tokio::test]
async fn a_restricted_feed_made_later_is_empty_to_whom_it_is_open() {
    let it = Kettle::start().await;
    it.create_feed("dev-lab").await;
    it.grant("dev-lab", HASH).await;
    let body = ask(&it.api, "kettle", "feed=dev-lab&2105=0", Some(HASH)).await.expect(200).json();
    assert_eq!((&body["feed"], &body["updates"]), (&json!("dev-lab"), &json!([])));
    it.image_in("1.0", &["dev-lab"]).await;
    let body = ask(&it.api, "kettle", "feed=dev-lab&2105=0", Some(HASH)).await.expect(200).json();
    assert_eq!(body["updates"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn a_question_that_makes_no_sense_is_one_at_the_wall_too() {
    let it = Kettle::start().await;
    for device_type in ["kettle", "nothing"] {
        for query in ["feed=dev&2000=1", "feed=dev&2105=1&2105=2", "feed=dev&feed=dev", "feed=dev&2105=-1"] {
            ask(&it.api, device_type, query, Some(WRONG)).await.expect_problem(400, "invalid_parameter");
            // The edge reads no question.
            ask(&it.api, device_type, query, None).await.expect_problem(401, "credential_required");
        }
    }
}

#[tokio::test]
async fn a_feed_that_is_named_twice_is_restricted_if_one_of_them_is() {
    let it = Kettle::start().await;
    for query in ["feed=release&feed=dev", "feed=dev&feed=release", "feed=release&%66eed=%64ev"] {
        ask(&it.api, "kettle", query, None).await.expect_problem(401, "credential_required");
        ask(&it.api, "kettle", query, Some(IMEI)).await.expect_problem(400, "invalid_parameter");
        ask(&it.api, "kettle", query, Some(WRONG)).await.expect_problem(400, "invalid_parameter");
    }
}
