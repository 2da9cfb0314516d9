//! Operation 13: `POST /deviceTypes/{dt}/firmwareImages`.

use serde_json::{Value, json};
use tests::api::Answer;
use tests::wire::Fault;

use crate::kettle::{Kettle, pointers, snapshot};

impl Kettle {
    async fn post(&self, body: Value) -> Answer {
        self.api.call("POST", &self.images(), &self.acme.release, body).await
    }
}

#[tokio::test]
async fn an_associated_image_is_answered_sealed_and_offered() {
    let it = Kettle::start().await;
    let record = it.image("1.0").await;
    assert_eq!(it.api.offers("kettle", "2105=0").await, []);
    let made = it.post(record.clone()).await.expect(201).json();
    snapshot!(made);
    assert_eq!(it.api.get(&it.image_path(&record), &it.acme.read).await.expect(200).json(), made);
    assert_eq!(it.record(&record).await["sealed"], true);
    assert_eq!(it.api.offers("kettle", "2105=0").await, [(105, "1".to_owned())]);
    // The feed is `release` unless it is named.
    assert_eq!(it.api.offers("kettle", "2105=0&feed=beta").await, []);
}

#[tokio::test]
async fn an_image_is_in_a_feed_once_and_in_every_feed_that_is_asked_for() {
    let it = Kettle::start().await;
    let record = it.image_in("1.0", &["release"]).await;
    let before = it.answers().await;
    it.post(record.clone()).await.expect_problem(409, "already_associated");
    assert_eq!(it.answers().await, before);
    it.create_feed("dev-lab").await;
    for feed in ["dev", "beta", "dev-lab"] {
        it.api.associate(&it.acme, "kettle", &record, feed).await.expect(201);
        it.api.associate(&it.acme, "kettle", &record, feed).await.expect_problem(409, "already_associated");
    }
    assert_eq!(it.feeds_of(&record).await, ["beta", "dev", "dev-lab", "release"]);
}

#[tokio::test]
async fn a_version_number_may_be_text_or_a_number_and_other_fields_are_ignored() {
    let it = Kettle::start().await;
    let record = it.image("1.0").await;
    let body = json!({
        "type": "105", "versionNumber": 1, "feed": null, "name": "another", "url": "http://evil/", "partnerId": "other",
        "id": "9999", "sealed": false, "deviceTypeId": "lamp",
    });
    let made = it.post(body).await.expect(201).json();
    assert_eq!((&made["name"], &made["url"]), (&record["name"], &record["url"]));
    assert_eq!((&made["deviceTypeId"], &made["feeds"]), (&json!("kettle"), &json!(["release"])));
}

#[tokio::test]
async fn associating_a_record_without_a_binary_is_refused() {
    let it = Kettle::start().await;
    let record = it.api.register(&it.acme, 105, "bare", "1.0").await;
    it.post(record.clone()).await.expect_problem(422, "no_binary");
    assert_eq!(it.feeds_of(&record).await, [""; 0]);
    assert_eq!(it.record(&record).await, record);
    assert_eq!(it.api.offers("kettle", "2105=0").await, []);
}

#[tokio::test]
async fn faults_of_the_body_are_told_at_once_and_change_nothing() {
    let it = Kettle::start().await;
    let record = it.image("1.0").await;
    let before = it.answers().await;
    for (body, at) in [
        (json!({}), vec!["/type", "/versionNumber"]),
        (json!({"type": 105}), vec!["/versionNumber"]),
        (json!({"type": 105, "versionNumber": null}), vec!["/versionNumber"]),
        (json!({"type": 201, "versionNumber": 0, "feed": "Beta"}), vec!["/feed", "/type", "/versionNumber"]),
        (json!({"type": 0, "versionNumber": "1"}), vec!["/type"]),
        (json!({"type": "x", "versionNumber": "1"}), vec!["/type"]),
        (json!({"type": 105, "versionNumber": -1}), vec!["/versionNumber"]),
        (json!({"type": 105, "versionNumber": "9223372036854775808"}), vec!["/versionNumber"]),
        (json!({"type": 105, "versionNumber": 9_223_372_036_854_775_808_u64}), vec!["/versionNumber"]),
        (json!({"type": 105, "versionNumber": 1.5}), vec!["/versionNumber"]),
        (json!({"type": 105, "versionNumber": "01"}), vec!["/versionNumber"]),
        (json!({"type": 105, "versionNumber": [1]}), vec!["/versionNumber"]),
        (json!({"type": 105, "versionNumber": true}), vec!["/versionNumber"]),
        (json!({"type": 105, "versionNumber": 1, "feed": ""}), vec!["/feed"]),
        (json!({"type": 105, "versionNumber": 1, "feed": "v1"}), vec!["/feed"]),
        (json!({"type": 105, "versionNumber": 1, "feed": 3}), vec!["/feed"]),
    ] {
        let refused = it.post(body.clone()).await.expect_problem(422, "invalid_field");
        assert_eq!(pointers(&refused), at, "{body}");
    }
    let request = it.api.request("POST", &it.images()).bearer_auth(&it.acme.release).body("[1]");
    it.api.send(request).await.expect_problem(400, "malformed_json");
    let request = it.api.request("POST", &it.images()).bearer_auth(&it.acme.release);
    let request = request.header("content-type", "application/x-www-form-urlencoded").body("type=105");
    it.api.send(request).await.expect_problem(415, "unsupported_media_type");
    assert_eq!(it.answers().await, before);
    assert_eq!(it.record(&record).await, record);
}

#[tokio::test]
async fn a_feed_or_an_image_that_is_not_yours_is_refused() {
    let it = Kettle::start().await;
    let other = it.api.tenant("other").await;
    it.api.call("PUT", &other.path("/feeds/theirs"), &other.write, Value::Null).await.expect(204);
    it.api.create_type(&other, 105).await;
    let theirs = it.api.image(&other, 105, "t", b"theirs").await;
    let record = it.image("1.0").await;

    for feed in ["theirs", "nowhere"] {
        let refused = it.api.associate(&it.acme, "kettle", &record, feed).await;
        assert_eq!(pointers(&refused.expect_problem(422, "invalid_field")), ["/feed"]);
    }
    let mut never = record.clone();
    never["versionNumber"] = "999".into();
    for image in [&theirs, &never] {
        let refused = it.api.associate(&it.acme, "kettle", image, "release").await;
        assert_eq!(pointers(&refused.expect_problem(422, "invalid_field")), ["/versionNumber"]);
    }
    assert_eq!(it.record(&record).await["sealed"], false);
    let untouched = it.api.get(&it.api.record_path(&other, &theirs), &other.read).await.expect(200).json();
    assert_eq!(untouched, theirs);
}

#[tokio::test]
async fn a_device_type_that_is_not_yours_is_not_there() {
    let it = Kettle::start().await;
    let other = it.api.tenant("other").await;
    it.api.create_device_type(&other, "hairdryer").await;
    it.api.create_device_type(&it.acme, "lamp").await;
    it.api.call("DELETE", &it.acme.path("/deviceTypes/lamp"), &it.acme.write, Value::Null).await.expect(204);
    let record = it.image("1.0").await;
    for device_type in ["hairdryer", "nothing", "lamp"] {
        it.api.associate(&it.acme, device_type, &record, "release").await.expect_problem(404, "not_found");
    }
    it.api.associate(&it.acme, "No-Slug", &record, "release").await.expect_problem(400, "invalid_parameter");
    assert_eq!(it.api.offers("hairdryer", "2105=0").await, []);
    assert_eq!(it.record(&record).await["sealed"], false);
}

#[tokio::test]
async fn the_release_feed_needs_the_release_right_and_other_feeds_do_not() {
    let it = Kettle::start().await;
    let record = it.image("1.0").await;
    for body in [record.clone(), json!({"type": 105, "versionNumber": 1, "feed": "release"})] {
        let refused = it.api.call("POST", &it.images(), &it.acme.write, body).await;
        refused.expect_problem(403, "right_missing");
    }
    assert_eq!(it.record(&record).await["sealed"], false);
    let body = json!({"type": 105, "versionNumber": 1, "feed": "beta"});
    it.api.call("POST", &it.images(), &it.acme.read, body.clone()).await.expect_problem(403, "right_missing");
    it.api.call("POST", &it.images(), &it.acme.write, body).await.expect(201);
    assert_eq!(it.feeds_of(&record).await, ["beta"]);
}

#[tokio::test]
async fn of_many_that_associate_the_same_image_at_once_one_does_and_the_others_are_told() {
    let it = Kettle::start().await;
    let record = it.image("1.0").await;
    let all = (0..8).map(|_| it.post(record.clone()));
    let statuses: Vec<u16> =
        futures::future::join_all(all).await.iter().map(|answer| answer.status).collect();
    assert_eq!(statuses.iter().filter(|status| **status == 201).count(), 1, "{statuses:?}");
    assert!(statuses.iter().all(|status| [201, 409].contains(status)), "{statuses:?}");
    // The count that keeps the device type alive is right: after one removal it can go.
    it.remove(&record, "release").await.expect(204);
    it.api
        .call("DELETE", &it.acme.path("/deviceTypes/kettle"), &it.acme.write, Value::Null)
        .await
        .expect(204);
}

#[tokio::test]
async fn endless_conflicts_are_told_and_change_nothing() {
    let it = Kettle::start().await;
    let record = it.image("1.0").await;
    it.api.wire.inject(Some("TransactWriteItems"), 0, 100, Fault::Conflict);
    it.post(record.clone()).await.expect_problem(409, "conflict_retry");
    it.api.wire.clear();
    assert_eq!(it.record(&record).await["sealed"], false);
    assert_eq!(it.api.offers("kettle", "2105=0").await, []);
    it.api.wire.inject(Some("TransactWriteItems"), 0, 3, Fault::Conflict);
    it.post(record).await.expect(201);
}

#[tokio::test]
async fn a_database_that_does_not_answer_is_503_with_retry_after() {
    let it = Kettle::start().await;
    let record = it.image("1.0").await;
    it.api.wire.inject(Some("TransactWriteItems"), 0, 100, Fault::ServerError);
    let refused = it.post(record.clone()).await.expect_problem(503, "dependency_unavailable");
    assert!(refused.header("retry-after").parse::<u32>().is_ok());
    it.api.wire.clear();
    assert_eq!(it.feeds_of(&record).await, [""; 0]);
    it.post(record).await.expect(201);
}
