//! `POST …/attributes`.

use aws_sdk_dynamodb::types::AttributeValue;
use serde_json::{Value, json};

use tests::wire::Fault;

use crate::kettle::{Kettle, pointers, snapshot};

#[tokio::test]
async fn a_device_that_reports_is_answered_its_check() {
    let it = Kettle::start().await;
    it.image_in("1.0", &["release"]).await;
    let body = json!({"attributes": {"2105": "0"}});
    let answer = it.api.attributes("kettle", "SN-1", &body).await.expect(200);
    assert_eq!(answer.header("cache-control"), "no-store");
    snapshot!(answer.json());
    assert!(it.told(1).await.is_empty());
}

#[tokio::test]
async fn an_idle_poll_is_one_read_and_no_write() {
    let it = Kettle::start().await;
    it.image_in("1.0", &["release"]).await;
    assert!(it.told(1).await.is_empty());
    let before = it.api.dump().await;
    it.api.wire.take_calls();
    for _ in 0..3 {
        assert!(it.told(1).await.is_empty());
        assert_eq!(it.api.wire.take_calls(), ["BatchGetItem"]);
    }
    assert_eq!(it.api.dump().await.difference(&before), [""; 0]);
}

#[tokio::test]
async fn what_is_new_is_one_read_and_one_transaction_and_the_day_one_write() {
    let it = Kettle::start().await;
    it.image_in("1.0", &["release"]).await;
    it.told(0).await;
    it.api.wire.take_calls();
    it.told(1).await;
    assert_eq!(it.api.wire.take_calls(), ["BatchGetItem", "TransactWriteItems"]);
    it.api.server.clock().shift(86_400_000);
    for calls in [&["BatchGetItem", "UpdateItem"][..], &["BatchGetItem"]] {
        it.told(1).await;
        assert_eq!(it.api.wire.take_calls(), calls);
    }
}

#[tokio::test]
async fn what_is_not_named_stays_and_null_takes_it_back() {
    let it = Kettle::start().await;
    for (attributes, expected) in [
        (json!({"2105": "4", "2003": 17}), json!({"2003": 17, "2105": 4})),
        (json!({"2105": 5}), json!({"2003": 17, "2105": 5})),
        (json!({"2003": null}), json!({"2105": 5})),
        (json!({}), json!({"2105": 5})),
    ] {
        it.api.attributes("kettle", "SN-1", &json!({"attributes": attributes})).await.expect(200);
        assert_eq!(it.device_row("SN-1").await["reported"], expected, "{attributes}");
    }
}

#[tokio::test]
async fn a_body_that_cannot_be_read_is_refused_and_changes_nothing() {
    let it = Kettle::start().await;
    let before = it.api.dump().await;
    for (body, expected) in [
        (json!({}), vec!["/attributes"]),
        (json!({"attributes": []}), vec!["/attributes"]),
        (
            json!({"attributes": {"2000": 1, "2201": 1, "x": 1}}),
            vec!["/attributes/2000", "/attributes/2201", "/attributes/x"],
        ),
        (json!({"attributes": {"2105": "-1"}}), vec!["/attributes/2105"]),
        (json!({"attributes": {"2105": 1.5}}), vec!["/attributes/2105"]),
        (json!({"attributes": {}, "feed": "a/b"}), vec!["/feed"]),
    ] {
        let refused = it.api.attributes("kettle", "SN-1", &body).await.expect_problem(422, "invalid_field");
        assert_eq!(pointers(&refused), expected, "{body}");
    }
    assert_eq!(it.api.dump().await.difference(&before), [""; 0]);
}

#[tokio::test]
async fn a_device_with_very_many_types_is_stored_piece_by_piece() {
    let it = Kettle::start().await;
    it.image_in("1.0", &["release"]).await;
    let all: serde_json::Map<String, Value> =
        (2001..=2200).map(|attribute| (attribute.to_string(), 0.into())).collect();
    let answer = it.api.attributes("kettle", "SN-1", &json!({"attributes": all})).await.expect(200);
    assert_eq!(answer.json()["updates"].as_array().unwrap().len(), 1);
    let row = it.device_row("SN-1").await;
    assert_eq!(row["reported"].as_object().unwrap().len(), 200);
    let dump = it.api.dump().await;
    assert_eq!(dump.under("DEVV#kettle#").count(), 200);
    assert_eq!(dump.under("DEVS#kettle#").count(), 1);
}

/// How many devices are counted by what they run, in each feed.
async fn running(it: &Kettle) -> std::collections::BTreeMap<String, i64> {
    let mut all = std::collections::BTreeMap::new();
    for (_, sk, row) in it.api.dump().await.under("COUNT#kettle#") {
        if let Some(feed) = sk.strip_prefix("RUNS#").and_then(|rest| rest.split('#').next()) {
            *all.entry(feed.to_owned()).or_default() += row["devices"].as_i64().unwrap();
        }
    }
    all.retain(|_, devices| *devices != 0);
    all
}

#[tokio::test]
async fn a_device_with_every_type_there_is_moves_to_another_feed_whole() {
    let it = Kettle::start().await;
    let all: serde_json::Map<String, Value> =
        (2001..=2200).map(|attribute| (attribute.to_string(), 0.into())).collect();
    it.api.attributes("kettle", "SN-1", &json!({"attributes": all})).await.expect(200);
    assert_eq!(running(&it).await, [("release".to_owned(), 200)].into());
    let beta = json!({"feed": "beta", "attributes": {}});
    it.api.attributes("kettle", "SN-1", &beta).await.expect(200);
    assert_eq!(running(&it).await, [("beta".to_owned(), 200)].into());
    // A move that breaks off in the middle is made good by the next word.
    let alpha = json!({"feed": "alpha", "attributes": {}});
    it.api.wire.inject(Some("TransactWriteItems"), 2, 3, Fault::Lost);
    it.api.attributes("kettle", "SN-1", &alpha).await.expect_problem(503, "dependency_unavailable");
    it.api.wire.clear();
    assert_eq!(running(&it).await.len(), 2);
    it.api.attributes("kettle", "SN-1", &json!({"feed": "alpha", "attributes": {}})).await.expect(200);
    assert_eq!(running(&it).await, [("alpha".to_owned(), 200)].into());
    assert!(it.device_row("SN-1").await["lagging"].is_null());
    let path = it.acme.path("/deviceTypes/kettle/devices/SN-1");
    it.api.call("PATCH", &path, &it.acme.release, json!({"feed": "beta"})).await.expect(204);
    it.told(0).await;
    assert_eq!(running(&it).await, [("beta".to_owned(), 200)].into());
}

#[tokio::test]
async fn numbers_that_a_device_makes_up_leave_one_count() {
    let it = Kettle::start().await;
    it.image("1.0").await;
    it.image("2.0").await;
    for number in [1, 2, 3, 4_000_000, 5, 2, i64::MAX] {
        let said = json!({"attributes": {"2105": number.to_string()}});
        it.api.attributes("kettle", "SN-1", &said).await.expect(200);
    }
    let dump = it.api.dump().await;
    let counts = dump.under("COUNT#kettle#").filter(|(_, sk, _)| sk.starts_with("RUNS#"));
    let counts: Vec<_> =
        counts.map(|(_, sk, row)| (sk.to_owned(), row["devices"].as_i64().unwrap())).collect();
    let of = |number: i64, devices| (format!("RUNS#release#105#{number:019}"), devices);
    assert_eq!(counts, [of(1, 0), of(2, 0), of(i64::MAX, 1)]);
}

#[tokio::test]
async fn a_device_that_changes_without_end_is_heard_again_tomorrow() {
    let it = Kettle::start().await;
    it.image_in("1.0", &["release"]).await;
    it.told(0).await;
    let row = it.device_row("SN-1").await;
    let text = |text: &str| AttributeValue::S(text.to_owned());
    let update = it.api.server.dynamodb_client().update_item().table_name(it.api.server.table());
    update
        .key("PK", text("DEV#kettle#SN-1"))
        .key("SK", text("META"))
        .update_expression("SET changes = :most")
        .expression_attribute_values(":most", AttributeValue::N("200".to_owned()))
        .send()
        .await
        .unwrap();
    assert_eq!(row["changes"], 1);
    it.told(0).await;
    let before = it.api.dump().await;
    let changed = json!({"attributes": {"2105": 1}});
    let refused = it.api.attributes("kettle", "SN-1", &changed).await;
    assert_eq!(refused.expect_problem(429, "too_many_reports").header("retry-after"), "3600");
    let word = json!({"type": 105, "versionNumber": 1, "state": "failed"});
    it.api.status("kettle", "SN-1", &word).await.expect_problem(429, "too_many_reports");
    assert_eq!(it.api.dump().await.difference(&before), [""; 0]);
    it.api.server.clock().shift(86_400_000);
    it.api.attributes("kettle", "SN-1", &changed).await.expect(200);
    assert_eq!(it.device_row("SN-1").await["changes"], 1);
}

#[tokio::test]
async fn each_device_is_told_another_moment_to_ask_again_and_always_the_same() {
    let it = Kettle::start().await;
    let mut told = std::collections::BTreeSet::new();
    for device in ["a", "b", "c", "d"] {
        let body = json!({"attributes": {}});
        let ask = async || it.api.attributes("kettle", device, &body).await.expect(200).json();
        let (first, again) = (ask().await, ask().await);
        assert_eq!(first["nextPollSeconds"], again["nextPollSeconds"]);
        assert_eq!(first["pollJitterSeconds"], 0);
        told.insert(first["nextPollSeconds"].as_u64().unwrap());
    }
    assert!(told.len() > 1 && told.iter().all(|seconds| (21_600..=21_600 + 36 * 60).contains(seconds)));
}

#[tokio::test]
async fn a_restricted_feed_needs_its_credential_in_the_body() {
    let it = Kettle::start().await;
    let hash = "0123456789abcdef0123456789abcdef01234567";
    it.image_in("1.0", &["dev"]).await;
    it.grant("dev", hash).await;
    let asked = async |body: Value| it.api.attributes("kettle", "SN-1", &body).await;
    let attributes = json!({"2105": 0});
    let refused = asked(json!({"feed": "dev", "attributes": attributes})).await;
    refused.expect_problem(401, "credential_required");
    let other = json!({"feed": "dev", "feedCredential": "f".repeat(40), "attributes": attributes});
    asked(other).await.expect_problem(401, "credential_required");
    let answer = asked(json!({"feed": "dev", "feedCredential": hash, "attributes": attributes})).await;
    assert_eq!(answer.expect(200).json()["updates"].as_array().unwrap().len(), 1);
    let unknown = asked(json!({"feed": "nowhere", "attributes": {}})).await;
    unknown.expect_problem(404, "not_found");
}
