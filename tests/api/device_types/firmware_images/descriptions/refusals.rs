//! Descriptions that are refused: nothing is registered, and nothing associated.

use aws_sdk_dynamodb::types::AttributeValue;
use serde_json::{Value, json};
use shared::domain::Sha256;

use super::{description, with};
use crate::kettle::{Kettle, pointers, snapshot};
use crate::pool::packages::package;

#[tokio::test]
async fn all_faults_of_a_body_are_told_at_once() {
    let it = Kettle::start().await;
    let body = json!({
        "name": "n".repeat(36), "type": 4, "version": "a/b", "url": 1, "url2": 2, "description": ["d"],
        "tags": ["a,b", "ok"], "deviceProfileId": "", "feed": "Beta",
    });
    snapshot!(it.describe(body).await.expect_problem(422, "invalid_field").json()["errors"]);
    let url = it.api.upload(&it.acme, b"profile").await;
    for (field, value) in [
        ("name", Value::Null),
        ("version", Value::Null),
        ("url", json!(["x"])),
        ("deviceProfileId", json!("p".repeat(101))),
        ("deviceProfileId", json!("a\nb")),
        ("deviceProfileId", json!(7)),
        ("feed", json!("v1")),
        ("tags", json!((0..21).map(|n| n.to_string()).collect::<Vec<_>>())),
    ] {
        let refused = it.describe(with(description("1", &url), field, value.clone())).await;
        assert_eq!(pointers(&refused.expect_problem(422, "invalid_field")), [format!("/{field}")], "{value}");
    }
    // A version number that is there and cannot be one is a fault, never a new record.
    for number in [json!(""), json!(0), json!("x"), json!({})] {
        let refused = it.describe(with(description("1", &url), "versionNumber", number)).await;
        assert_eq!(pointers(&refused.expect_problem(422, "invalid_field")), ["/versionNumber"]);
    }
    assert_eq!((it.described().await, it.offers_in("release").await), (0, vec![]));
}

#[tokio::test]
async fn a_description_has_its_binary_from_the_start() {
    let it = Kettle::start().await;
    let url = it.api.upload(&it.acme, b"profile").await;
    for none in [json!(""), Value::Null] {
        it.describe(with(description("1", ""), "url", none.clone())).await.expect_problem(422, "no_binary");
        let body = with(with(description("1", ""), "url", none), "url2", url.clone());
        it.describe(body).await.expect_problem(422, "no_binary");
    }
    let missing = json!({"name": "n", "type": 4, "version": "1"});
    it.describe(missing).await.expect_problem(422, "no_binary");
    assert_eq!(it.described().await, 0);
}

#[tokio::test]
async fn only_a_binary_of_the_partners_own_will_do() {
    let it = Kettle::start().await;
    let other = it.api.tenant("other").await;
    let (ours, theirs) = (it.api.upload(&it.acme, b"ours").await, it.api.upload(&other, b"theirs").await);
    let never = ours.replace(&Sha256::of(b"ours").to_string(), &Sha256::of(b"never").to_string());
    for bad in [theirs.as_str(), &never, "http://example.com/x", "x"] {
        let refused = it.describe(description("1", bad)).await.expect_problem(422, "not_your_binary");
        assert_eq!(pointers(&refused), ["/url"], "{bad}");
        let refused = it.describe(with(description("1", &ours), "url2", bad)).await;
        assert_eq!(pointers(&refused.expect_problem(422, "not_your_binary")), ["/url2"], "{bad}");
    }
    assert_eq!(it.described().await, 0);
}

#[tokio::test]
async fn a_package_is_no_description() {
    let it = Kettle::start().await;
    let ipk = it.api.upload(&it.acme, &package("hello")).await;
    let plain = it.api.upload(&it.acme, b"plain").await;
    let refused = it.describe(description("1", &ipk)).await.expect_problem(422, "invalid_field");
    assert_eq!(pointers(&refused), ["/url"]);
    let refused = it.describe(with(description("1", &plain), "url2", ipk)).await;
    assert_eq!(pointers(&refused.expect_problem(422, "invalid_field")), ["/url2"]);
    assert_eq!(it.described().await, 0);
}

#[tokio::test]
async fn a_feed_that_is_not_yours_is_refused() {
    let it = Kettle::start().await;
    let other = it.api.tenant("other").await;
    it.api.call("PUT", &other.path("/feeds/theirs"), &other.write, Value::Null).await.expect(204);
    let url = it.api.upload(&it.acme, b"profile").await;
    for feed in ["theirs", "nowhere"] {
        let refused = it.describe(with(description("1", &url), "feed", feed)).await;
        assert_eq!(pointers(&refused.expect_problem(422, "invalid_field")), ["/feed"]);
    }
    assert_eq!(it.described().await, 0);
}

#[tokio::test]
async fn a_name_and_version_are_taken_for_good_under_their_device_type() {
    let it = Kettle::start().await;
    it.api.create_device_type(&it.acme, "oven").await;
    let first = it.description_in("1.0", "beta").await;
    let url = first["url"].as_str().unwrap();
    let refused = it.describe(description("1.0", url)).await.expect_problem(409, "image_exists");
    assert!(refused.json()["detail"].as_str().unwrap().ends_with("version number 1"), "{:?}", refused.json());
    it.remove(&first, "beta").await.expect(204);
    it.describe(description("1.0", url)).await.expect_problem(409, "image_exists");
    // Another name, another version, and another device type are free.
    it.describe(with(description("1.0", url), "name", "other")).await.expect(201);
    it.describe(description("1.1", url)).await.expect(201);
    let oven = it.acme.path("/deviceTypes/oven/firmwareImages");
    it.api.call("POST", &oven, &it.acme.release, description("1.0", url)).await.expect(201);
    assert_eq!(it.described().await, 3);
}

#[tokio::test]
async fn descriptions_count_among_the_partners_10_000_images() {
    let it = Kettle::start().await;
    let url = it.api.upload(&it.acme, b"profile").await;
    // Room for one, in another shard than the one that the first number falls on.
    for shard in 0..16 {
        let used = if shard == 9 { 624 } else { 625 };
        let put = it.api.server.dynamodb_client().put_item().table_name(it.api.server.table());
        let put = put.item("PK", AttributeValue::S("PARTNER#acme".into()));
        let put = put.item("SK", AttributeValue::S(format!("QUOTA#IMAGES#{shard:02}")));
        let put = put.item("used", AttributeValue::N(used.to_string()));
        put.item("rowVersion", AttributeValue::N("1".into())).send().await.unwrap();
    }
    it.describe(description("1", &url)).await.expect(201);
    it.describe(description("2", &url)).await.expect_problem(409, "limit_reached");
    let body = json!({"name": "n", "type": 105, "version": "1", "url": ""});
    let pool = it.acme.path("/pool");
    it.api.call("POST", &pool, &it.acme.write, body).await.expect_problem(409, "limit_reached");
    assert_eq!(it.offers_in("release").await, [(4, "1".to_owned())]);
}

#[tokio::test]
async fn what_is_refused_leaves_at_most_a_gap() {
    let it = Kettle::start().await;
    let first = it.description_in("1.0", "release").await;
    let before = it.api.dump().await;
    it.describe(description("1.0", first["url"].as_str().unwrap())).await.expect_problem(409, "image_exists");
    assert_eq!(before.difference(&it.api.dump().await), ["COUNTER#004 / VERSION"]);
    let second = it.description_in("2.0", "release").await;
    assert_eq!(second["versionNumber"], "3");
}
