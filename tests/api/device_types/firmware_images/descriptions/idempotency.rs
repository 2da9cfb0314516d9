//! A description registered with an `Idempotency-Key`.

use std::collections::BTreeSet;

use futures::future::join_all;
use serde_json::{Value, json};
use tests::api::Answer;

use super::{description, number, with};
use crate::kettle::Kettle;

const DAY: i64 = 24 * 3_600_000;

impl Kettle {
    async fn repeat(&self, device_type: &str, key: &str, body: &Value) -> Answer {
        let path = self.acme.path(&format!("/deviceTypes/{device_type}/firmwareImages"));
        let request = self.api.request("POST", &path).bearer_auth(&self.acme.release);
        self.api.send(request.header("Idempotency-Key", key).json(body)).await
    }
}

#[tokio::test]
async fn the_same_key_and_body_answer_the_same_description() {
    let it = Kettle::start().await;
    let body = description("1", &it.api.upload(&it.acme, b"profile").await);
    let first = it.repeat("kettle", "build 7", &body).await.expect(201);
    assert_eq!(first.header("idempotency-replayed"), "");
    for _ in 0..3 {
        let again = it.repeat("kettle", "build 7", &body).await.expect(201);
        assert_eq!(again.header("idempotency-replayed"), "true");
        assert_eq!(again.json(), first.json());
    }
    assert_eq!(it.described().await, 1);
    // Not even a number was used up.
    assert_eq!(number(&it.description_in("2", "beta").await), 2);
}

#[tokio::test]
async fn another_body_or_another_place_with_the_key_is_a_mismatch() {
    let it = Kettle::start().await;
    it.api.create_device_type(&it.acme, "oven").await;
    let body = description("1", &it.api.upload(&it.acme, b"profile").await);
    it.repeat("kettle", "k", &body).await.expect(201);
    for other in [with(body.clone(), "version", "2"), with(body.clone(), "feed", "beta")] {
        it.repeat("kettle", "k", &other).await.expect_problem(422, "idempotency_mismatch");
    }
    // The same bytes for another device type are another request: the kettle's record must not answer for the oven.
    it.repeat("oven", "k", &body).await.expect_problem(422, "idempotency_mismatch");
    let pool = json!({"name": "n", "type": 105, "version": "1", "url": ""});
    for (key, path, body) in [("k", "/pool", &pool), ("k2", "/pool", &pool)] {
        let request = it.api.request("POST", &it.acme.path(path)).bearer_auth(&it.acme.write);
        let answer = it.api.send(request.header("Idempotency-Key", key).json(body)).await;
        assert_eq!(answer.status, if key == "k" { 422 } else { 201 });
    }
    it.repeat("kettle", "k2", &body).await.expect_problem(422, "idempotency_mismatch");
    assert_eq!((it.described().await, it.api.offers("oven", "2004=0").await), (1, vec![]));
}

#[tokio::test]
async fn a_refused_request_does_not_use_its_key() {
    let it = Kettle::start().await;
    let url = it.api.upload(&it.acme, b"profile").await;
    it.describe(description("1", &url)).await.expect(201);
    it.repeat("kettle", "k", &description("2", "")).await.expect_problem(422, "no_binary");
    it.repeat("kettle", "k", &with(description("2", &url), "feed", "nowhere"))
        .await
        .expect_problem(422, "invalid_field");
    it.repeat("kettle", "k", &description("1", &url)).await.expect_problem(409, "image_exists");
    it.repeat("nothing", "k", &description("2", &url)).await.expect_problem(404, "not_found");
    let made = it.repeat("kettle", "k", &description("2", &url)).await.expect(201);
    assert_eq!(made.header("idempotency-replayed"), "");
}

#[tokio::test]
async fn a_replay_shows_the_feeds_of_now_and_associates_nothing_again() {
    let it = Kettle::start().await;
    let body = description("1", &it.api.upload(&it.acme, b"profile").await);
    let made = it.repeat("kettle", "k", &body).await.expect(201).json();
    it.promote(&made, &it.acme.release, "release", "beta").await.expect(201);
    let again = it.repeat("kettle", "k", &body).await.expect(201).json();
    assert_eq!(again["feeds"], json!(["beta", "release"]));
    it.api.call("DELETE", &it.image_path(&made), &it.acme.release, Value::Null).await.expect(204);
    let again = it.repeat("kettle", "k", &body).await.expect(201);
    assert_eq!((again.header("idempotency-replayed"), &again.json()["feeds"]), ("true", &json!([])));
    assert_eq!(it.offers_in("release").await, []);
    // And nothing at all of a device type that is gone.
    let path = it.acme.path("/deviceTypes/kettle");
    it.api.call("DELETE", &path, &it.acme.write, Value::Null).await.expect(204);
    it.repeat("kettle", "k", &body).await.expect_problem(404, "not_found");
}

#[tokio::test]
async fn a_replay_needs_the_right_that_the_registration_needs() {
    let it = Kettle::start().await;
    let body = description("1", &it.api.upload(&it.acme, b"profile").await);
    it.repeat("kettle", "k", &body).await.expect(201);
    let request = it.api.request("POST", &it.images()).bearer_auth(&it.acme.write).json(&body);
    it.api.send(request.header("Idempotency-Key", "k")).await.expect_problem(403, "right_missing");
}

#[tokio::test]
async fn a_key_is_forgotten_after_a_day_and_a_description_never() {
    let it = Kettle::start().await;
    let body = description("1", &it.api.upload(&it.acme, b"profile").await);
    it.repeat("kettle", "k", &body).await.expect(201);
    it.api.server.clock().shift(DAY + 1_000);
    it.repeat("kettle", "k", &body).await.expect_problem(409, "image_exists");
    let second = with(body, "version", "2");
    let made = it.repeat("kettle", "k", &second).await.expect(201);
    assert_eq!(made.header("idempotency-replayed"), "");
}

#[tokio::test]
async fn a_key_must_be_readable_and_matters_to_new_descriptions_alone() {
    let it = Kettle::start().await;
    let body = description("1", &it.api.upload(&it.acme, b"profile").await);
    for key in ["", &*"k".repeat(256)] {
        it.repeat("kettle", key, &body).await.expect_problem(400, "invalid_parameter");
    }
    let made = it.repeat("kettle", "k", &body).await.expect(201).json();
    let elsewhere = json!({"type": 4, "versionNumber": made["versionNumber"], "feed": "beta"});
    let added = it.repeat("kettle", "k", &elsewhere).await.expect(201);
    assert_eq!(added.header("idempotency-replayed"), "");
    it.repeat("kettle", "k", &elsewhere).await.expect_problem(409, "already_associated");
}

#[tokio::test(flavor = "multi_thread")]
async fn of_many_with_the_same_key_at_once_one_registers_and_all_answer_it() {
    let it = Kettle::start().await;
    let body = description("1", &it.api.upload(&it.acme, b"profile").await);
    let answers = join_all((0..8).map(|_| it.repeat("kettle", "k", &body))).await;
    let first = answers.iter().filter(|answer| answer.header("idempotency-replayed").is_empty()).count();
    let numbers: BTreeSet<u64> =
        answers.into_iter().map(|answer| number(&answer.expect(201).json())).collect();
    assert_eq!((first, numbers.len()), (1, 1));
    assert_eq!(it.described().await, 1);
}
