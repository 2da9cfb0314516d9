//! `GET /pool/types/{type}/versionNumbers/{versionNumber}`, and paths under it that can name nothing.

use serde_json::{Value, json};

use super::{NO_NUMBERS, NO_TYPES, Pool, image};
use crate::kettle::snapshot;

#[tokio::test]
async fn a_record_with_its_binary_shows_what_it_knows_of_the_bytes() {
    let pool = Pool::start().await;
    let record = pool.api.image(&pool.acme, 105, "1", b"hello").await;
    assert_eq!(record["sha256"], "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824");
    assert_eq!(record["md5"], "5d41402abc4b2a76b9719d911017c592");
    let url = record["url"].as_str().unwrap();
    assert_eq!(
        url,
        format!("{}/repository/{}", pool.api.server.base_url(), record["sha256"].as_str().unwrap())
    );
    snapshot!(record);
    // The bare form opens nothing by itself.
    assert!([401, 403, 404].contains(&pool.api.get(url, "").await.status));
}

#[tokio::test]
async fn what_is_not_there_or_not_yours_is_not_found() {
    let pool = Pool::start().await;
    let other = pool.api.tenant("other").await;
    pool.api.create_type(&other, 105).await;
    let record = pool.post(image("1")).await.expect(201).json();
    let theirs = pool.api.record_path(&other, &record);
    let missing = pool.api.get(&theirs, &other.read).await.expect_problem(404, "not_found");
    snapshot!(missing.json());
    for rest in [
        "105/versionNumbers/2",
        "3/versionNumbers/1",
        "106/versionNumbers/1",
        "4/versionNumbers/1",
        "105/versionNumbers/9223372036854775807",
    ] {
        let path = pool.acme.path(&format!("/pool/types/{rest}"));
        for (method, path, body) in every(&path) {
            pool.api.call(method, &path, &pool.acme.release, body).await.expect_problem(404, "not_found");
        }
    }
    assert_eq!(pool.all().await, [record]);
}

#[tokio::test]
async fn numbers_that_can_be_none_are_invalid_parameters() {
    let pool = Pool::start().await;
    let types = NO_TYPES.map(|number| format!("/pool/types/{number}/versionNumbers/1"));
    let versions = NO_NUMBERS.map(|number| format!("/pool/types/105/versionNumbers/{number}"));
    for path in types.into_iter().chain(versions) {
        for (method, path, body) in every(&pool.acme.path(&path)) {
            let answer = pool.api.call(method, &path, &pool.acme.release, body).await;
            answer.expect_problem(400, "invalid_parameter");
        }
    }
}

/// Every operation on a record and under it.
fn every(record: &str) -> Vec<(&'static str, String, Value)> {
    vec![
        ("GET", record.to_owned(), Value::Null),
        ("PUT", record.to_owned(), image("1")),
        ("DELETE", record.to_owned(), Value::Null),
        ("GET", format!("{record}/associations"), Value::Null),
        ("GET", format!("{record}/offers"), Value::Null),
        ("PUT", format!("{record}/offers/other"), Value::Null),
        ("DELETE", format!("{record}/offers/other"), Value::Null),
    ]
}

#[tokio::test]
async fn other_methods_are_not_allowed() {
    let pool = Pool::start().await;
    pool.post(image("1")).await.expect(201);
    let record = "/pool/types/105/versionNumbers/1";
    for (method, path) in [
        ("PUT", "/pool".to_owned()),
        ("DELETE", "/pool".to_owned()),
        ("POST", "/pool/types/105".to_owned()),
        ("DELETE", "/pool/types/105".to_owned()),
        ("POST", "/pool/types/105/names/image/versions/1/exists".to_owned()),
        ("POST", record.to_owned()),
        ("PATCH", record.to_owned()),
        ("POST", format!("{record}/associations")),
        ("DELETE", format!("{record}/associations")),
        ("POST", format!("{record}/offers")),
        ("GET", format!("{record}/offers/other")),
        ("POST", format!("{record}/offers/other")),
    ] {
        let answer = pool.api.call(method, &pool.acme.path(&path), &pool.acme.release, json!({})).await;
        let answer = answer.expect_problem(405, "method_not_allowed");
        assert!(
            !answer.header("allow").is_empty() && !answer.header("allow").contains(method),
            "{method} {path}"
        );
    }
    assert_eq!(pool.all().await.len(), 1);
}
