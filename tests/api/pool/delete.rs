//! `DELETE /pool/types/{type}/versionNumbers/{versionNumber}`.

use serde_json::{Value, json};
use tests::api::Answer;

use super::{Pool, image, with};
use crate::kettle::Kettle;

async fn delete(pool: &Pool, record: &Value) -> Answer {
    pool.api.call("DELETE", &pool.path(record), &pool.acme.write, Value::Null).await
}

#[tokio::test]
async fn a_record_that_was_never_associated_can_be_deleted() {
    let pool = Pool::start().await;
    let bare = pool.post(with(image("1"), "tags", json!(["t"]))).await.expect(201).json();
    let uploaded = pool.api.image(&pool.acme, 105, "2", b"bytes").await;
    let kept = pool.post(image("3")).await.expect(201).json();
    for record in [&bare, &uploaded] {
        let answer = delete(&pool, record).await.expect(204);
        assert!(answer.bytes.is_empty());
        pool.api.get(&pool.path(record), &pool.acme.read).await.expect_problem(404, "not_found");
        delete(&pool, record).await.expect_problem(404, "not_found");
        pool.put(record, image("9")).await.expect_problem(404, "not_found");
    }
    assert_eq!(pool.all().await, [kept]);
    assert_eq!(pool.api.get(&pool.acme.path("/tags"), &pool.acme.read).await.json(), json!([]));
    // Name and version are free, the number is not; the bytes stay the partner's.
    let again = pool.post(with(image("1"), "url", uploaded["url"].clone())).await.expect(201).json();
    assert_eq!((&again["versionNumber"], &again["sha256"]), (&json!("4"), &uploaded["sha256"]));
}

#[tokio::test]
async fn a_record_that_was_ever_associated_stays() {
    let kettle = Kettle::start().await;
    let record = kettle.image_in("1", &["beta"]).await;
    let path = kettle.api.record_path(&kettle.acme, &record);
    let delete = || kettle.api.call("DELETE", &path, &kettle.acme.release, Value::Null);
    delete().await.expect_problem(409, "image_sealed");
    assert_eq!(kettle.record(&record).await, record);
    assert_eq!(kettle.feeds_of(&record).await, ["beta"]);
    // Not even when the last association is gone.
    kettle.remove(&record, "beta").await.expect(204);
    delete().await.expect_problem(409, "image_sealed");
    assert_eq!(kettle.record(&record).await["sealed"], true);
}

#[tokio::test]
async fn an_offered_record_stays_until_the_offer_is_withdrawn() {
    let pool = Pool::start().await;
    pool.api.tenant("other").await;
    let record = pool.post(with(image("1"), "type", 3)).await.expect(201).json();
    let offer = format!("{}/offers/other", pool.path(&record));
    pool.api.call("PUT", &offer, &pool.acme.write, Value::Null).await.expect(204);
    delete(&pool, &record).await.expect_problem(409, "image_offered");
    assert_eq!(pool.read(&record).await, record);
    pool.api.call("DELETE", &offer, &pool.acme.write, Value::Null).await.expect(204);
    delete(&pool, &record).await.expect(204);
}

#[tokio::test]
async fn another_partners_record_is_not_found() {
    let pool = Pool::start().await;
    let other = pool.api.tenant("other").await;
    pool.api.create_type(&other, 105).await;
    let record = pool.post(image("1")).await.expect(201).json();
    let path = pool.api.record_path(&other, &record);
    pool.api.call("DELETE", &path, &other.release, Value::Null).await.expect_problem(404, "not_found");
    assert_eq!(pool.all().await, [record]);
}

#[tokio::test]
async fn a_record_with_intents_can_be_deleted_and_nothing_of_them_is_left() {
    let kettle = Kettle::start().await;
    let body = with(image("1"), "associations", json!({"acme": ["kettle"]}));
    let post = kettle.api.call("POST", &kettle.acme.path("/pool"), &kettle.acme.release, body).await;
    let record = post.expect(201).json();
    let path = kettle.api.record_path(&kettle.acme, &record);
    kettle.api.call("DELETE", &path, &kettle.acme.write, Value::Null).await.expect(204);
    let device_type = kettle.acme.path("/deviceTypes/kettle");
    kettle.api.call("DELETE", &device_type, &kettle.acme.write, Value::Null).await.expect(204);
}
