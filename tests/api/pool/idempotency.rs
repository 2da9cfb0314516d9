//! `POST /pool` with an `Idempotency-Key`.

use futures::future::join_all;
use serde_json::{Value, json};
use tests::api::{Answer, Tenant};

use super::{Pool, image, numbers, with};
use crate::kettle::snapshot;

const MINUTE: i64 = 60_000;
const DAY: i64 = 24 * 60 * MINUTE;

async fn post_as(pool: &Pool, tenant: &Tenant, key: &str, body: &Value) -> Answer {
    let request = pool.api.request("POST", &tenant.path("/pool")).bearer_auth(&tenant.write);
    pool.api.send(request.header("Idempotency-Key", key).json(body)).await
}

async fn post(pool: &Pool, key: &str, body: &Value) -> Answer {
    post_as(pool, &pool.acme, key, body).await
}

#[tokio::test]
async fn the_same_key_and_body_answer_the_same_record() {
    let pool = Pool::start().await;
    let first = post(&pool, "build 7", &image("1")).await.expect(201);
    assert_eq!(first.header("idempotency-replayed"), "");
    for _ in 0..3 {
        let again = post(&pool, "build 7", &image("1")).await.expect(201);
        assert_eq!(again.header("idempotency-replayed"), "true");
        assert_eq!(again.json(), first.json());
    }
    assert_eq!(pool.all().await, [first.json()]);
    // Not even a number was used up.
    assert_eq!(numbers(&[post(&pool, "build 8", &image("2")).await.expect(201).json()]), [2]);
}

#[tokio::test]
async fn another_body_with_the_key_is_a_mismatch() {
    let pool = Pool::start().await;
    let first = post(&pool, "k", &image("1")).await.expect(201).json();
    for body in [image("2"), with(image("1"), "description", "x"), with(image("2"), "type", 3)] {
        let refused = post(&pool, "k", &body).await.expect_problem(422, "idempotency_mismatch");
        assert_eq!(refused.header("idempotency-replayed"), "");
    }
    snapshot!(post(&pool, "k", &image("2")).await.json());
    assert_eq!(pool.all().await, [first]);
}

#[tokio::test]
async fn sixty_four_requests_at_once_with_one_key_make_one_record() {
    let pool = Pool::start().await;
    let body = image("1");
    let answers = join_all((0..64).map(|_| post(&pool, "k", &body))).await;
    let first = answers.iter().filter(|each| each.header("idempotency-replayed").is_empty()).count();
    assert_eq!(first, 1);
    let made = pool.all().await;
    assert_eq!(made.len(), 1);
    for answer in answers {
        assert_eq!(answer.expect(201).json(), made[0]);
    }
}

#[tokio::test]
async fn two_bodies_at_once_with_one_key_make_one_record() {
    let pool = Pool::start().await;
    let bodies = [image("1"), image("2")];
    let answers = join_all((0..32).map(|each| post(&pool, "k", &bodies[each % 2]))).await;
    let made = pool.all().await;
    assert_eq!(made.len(), 1);
    for (each, answer) in answers.into_iter().enumerate() {
        if made[0]["version"] == bodies[each % 2]["version"] {
            assert_eq!(answer.expect(201).json(), made[0]);
        } else {
            answer.expect_problem(422, "idempotency_mismatch");
        }
    }
}

#[tokio::test]
async fn a_key_is_forgotten_after_24_hours() {
    let pool = Pool::start().await;
    let first = post(&pool, "k", &image("1")).await.expect(201).json();
    pool.api.server.clock().shift(DAY - MINUTE);
    let again = post(&pool, "k", &image("1")).await.expect(201);
    assert_eq!((again.header("idempotency-replayed"), again.json()), ("true", first.clone()));
    post(&pool, "k", &image("2")).await.expect_problem(422, "idempotency_mismatch");

    pool.api.server.clock().shift(2 * MINUTE);
    // The table still holds the row: only the code compares the time.
    post(&pool, "k", &image("1")).await.expect_problem(409, "image_exists");
    let second = post(&pool, "k", &image("2")).await.expect(201);
    assert_eq!(second.header("idempotency-replayed"), "");
    let again = post(&pool, "k", &image("2")).await.expect(201);
    assert_eq!((again.header("idempotency-replayed"), again.json()), ("true", second.json()));
    assert_eq!(pool.all().await, [first, second.json()]);
}

#[tokio::test]
async fn a_key_is_the_partners_own() {
    let pool = Pool::start().await;
    let other = pool.api.tenant("other").await;
    pool.api.create_type(&other, 105).await;
    let ours = post(&pool, "k", &image("1")).await.expect(201).json();
    let theirs = post_as(&pool, &other, "k", &image("1")).await.expect(201);
    assert_eq!(theirs.header("idempotency-replayed"), "");
    assert_ne!(theirs.json()["id"], ours["id"]);
    post_as(&pool, &other, "k2", &image("2")).await.expect(201);
    post(&pool, "k2", &image("3")).await.expect(201);
}

#[tokio::test]
async fn a_refused_request_does_not_use_its_key() {
    let pool = Pool::start().await;
    pool.post(image("1")).await.expect(201);
    post(&pool, "k", &with(image("2"), "type", 106)).await.expect_problem(422, "type_unknown");
    post(&pool, "k", &with(image("2"), "name", "")).await.expect_problem(422, "invalid_field");
    post(&pool, "k", &image("1")).await.expect_problem(409, "image_exists");
    let made = post(&pool, "k", &image("2")).await.expect(201);
    assert_eq!(made.header("idempotency-replayed"), "");
}

#[tokio::test]
async fn the_record_is_answered_as_it_is_now() {
    let pool = Pool::start().await;
    let first = post(&pool, "k", &image("1")).await.expect(201).json();
    pool.put(&first, with(first.clone(), "description", "edited")).await.expect(204);
    let again = post(&pool, "k", &image("1")).await.expect(201);
    assert_eq!(again.header("idempotency-replayed"), "true");
    assert_eq!(again.json()["description"], "edited");
}

#[tokio::test]
async fn a_key_never_registers_again_what_was_deleted() {
    let pool = Pool::start().await;
    let first = post(&pool, "k", &image("1")).await.expect(201).json();
    pool.api.call("DELETE", &pool.path(&first), &pool.acme.write, Value::Null).await.expect(204);
    post(&pool, "k", &image("1")).await.expect_problem(404, "not_found");
    assert_eq!(pool.all().await, [Value::Null; 0]);
}

#[tokio::test]
async fn a_key_is_1_to_255_printable_characters() {
    let pool = Pool::start().await;
    for (version, key) in
        [("1", "k".repeat(255)), ("2", "#/%?&\\ \"'{}".to_owned()), ("3", "../..".to_owned())]
    {
        post(&pool, &key, &image(version)).await.expect(201);
        assert_eq!(post(&pool, &key, &image(version)).await.header("idempotency-replayed"), "true");
    }
    for key in [String::new(), "k".repeat(256), "ключ".to_owned()] {
        post(&pool, &key, &image("4")).await.expect_problem(400, "invalid_parameter");
    }
    assert_eq!(pool.all().await.len(), 3);
    assert_eq!(json!(numbers(&pool.all().await)), json!([1, 2, 3]));
}
