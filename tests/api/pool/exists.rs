//! `GET /pool/types/{type}/names/{name}/versions/{version}/exists`.

use serde_json::{Value, json};
use tests::api::Tenant;

use super::{NO_TYPES, Pool, image, with};
use crate::kettle::snapshot;

async fn exists_for(pool: &Pool, tenant: &Tenant, rest: &str) -> Value {
    let answer = pool.api.get(&tenant.path(&format!("/pool/types/{rest}")), &tenant.read).await;
    answer.expect(200).json()["value"].clone()
}

async fn exists(pool: &Pool, rest: &str) -> Value {
    exists_for(pool, &pool.acme, rest).await
}

#[tokio::test]
async fn a_name_and_version_exist_once_registered_and_until_deleted() {
    let pool = Pool::start().await;
    let path = "105/names/image/versions/1.0/exists";
    assert_eq!(exists(&pool, path).await, false);
    let record = pool.post(image("1.0")).await.expect(201).json();
    snapshot!(
        pool.api
            .get(&pool.acme.path(&format!("/pool/types/{path}")), &pool.acme.read)
            .await
            .expect(200)
            .json()
    );
    for other in [
        "3/names/image/versions/1.0/exists",
        "106/names/image/versions/1.0/exists",
        "105/names/Image/versions/1.0/exists",
        "105/names/image/versions/1.00/exists",
        "105/names/1.0/versions/image/exists",
    ] {
        assert_eq!(exists(&pool, other).await, false, "{other}");
    }
    pool.api.call("DELETE", &pool.path(&record), &pool.acme.write, Value::Null).await.expect(204);
    assert_eq!(exists(&pool, path).await, false);
}

#[tokio::test]
async fn a_rename_moves_it() {
    let pool = Pool::start().await;
    let record = pool.post(image("1")).await.expect(201).json();
    pool.put(&record, with(image("2"), "name", "new")).await.expect(204);
    assert_eq!(exists(&pool, "105/names/image/versions/1/exists").await, false);
    assert_eq!(exists(&pool, "105/names/new/versions/2/exists").await, true);
}

#[tokio::test]
async fn one_image_can_be_left_out() {
    let pool = Pool::start().await;
    let record = pool.post(image("1")).await.expect(201).json();
    let path = "105/names/image/versions/1/exists";
    let id = record["id"].as_str().unwrap();
    assert_eq!(exists(&pool, &format!("{path}?excludeFirmwareImageId={id}")).await, false);
    for other in ["2105", "1003", "9223372036854775807105"] {
        assert_eq!(exists(&pool, &format!("{path}?excludeFirmwareImageId={other}")).await, true, "{other}");
    }
    for bad in [
        "",
        "x",
        "105",
        "0105",
        "1000",
        "1201",
        "-1105",
        "9223372036854775808105",
        "1105&excludeFirmwareImageId=1105",
    ] {
        let path = pool.acme.path(&format!("/pool/types/{path}?excludeFirmwareImageId={bad}"));
        pool.api.get(&path, &pool.acme.read).await.expect_problem(400, "invalid_parameter");
    }
}

#[tokio::test]
async fn names_and_versions_are_read_from_the_path_as_they_were_registered() {
    let pool = Pool::start().await;
    for (name, segment) in [
        ("MCU firmware", "MCU%20firmware"),
        ("1.0+git", "1.0+git"),
        ("a&b=c;d", "a&b=c;d"),
        ("a,b", "a%2Cb"),
        ("ключ", "%D0%BA%D0%BB%D1%8E%D1%87"),
        ("🫖", "%F0%9F%AB%96"),
        ("<\"x\">", "%3C%22x%22%3E"),
        ("{a|b}^`", "%7Ba%7Cb%7D%5E%60"),
        ("...", "..."),
        ("a:b@c", "a:b@c"),
    ] {
        pool.post(json!({"name": name, "type": 105, "version": name, "url": ""})).await.expect(201);
        assert_eq!(
            exists(&pool, &format!("105/names/{segment}/versions/{segment}/exists")).await,
            true,
            "{name}"
        );
    }
}

#[tokio::test]
async fn what_can_be_no_name_is_refused() {
    let pool = Pool::start().await;
    let long_name = "n".repeat(36);
    let long_version = "v".repeat(65);
    for rest in [
        format!("105/names/{long_name}/versions/1/exists"),
        format!("105/names/image/versions/{long_version}/exists"),
        "105/names/%20/versions/1/exists".into(),
        "105/names/a%07b/versions/1/exists".into(),
        "105/names/image/versions/%00/exists".into(),
    ] {
        let answer = pool.api.get(&pool.acme.path(&format!("/pool/types/{rest}")), &pool.acme.read).await;
        answer.expect_problem(400, "invalid_parameter");
    }
    for number in NO_TYPES {
        let path = pool.acme.path(&format!("/pool/types/{number}/names/image/versions/1/exists"));
        pool.api.get(&path, &pool.acme.read).await.expect_problem(400, "invalid_parameter");
    }
}

#[tokio::test]
async fn what_changes_its_meaning_when_decoded_is_never_a_server_error() {
    let pool = Pool::start().await;
    pool.post(image("1")).await.expect(201);
    for segment in [
        "a%2Fb",
        "a%5Cb",
        "a%09b",
        "%20%20",
        "a%3Fb",
        "a%23b",
        "a%25b",
        "%25",
        "%2525",
        "%25zz",
        "%FF",
        "..%2F..",
        "%2E%2E",
        "im%2561ge",
    ] {
        let path = pool.acme.path(&format!("/pool/types/105/names/{segment}/versions/1/exists"));
        let answer = pool.api.get(&path, &pool.acme.read).await;
        assert!([200, 400, 404].contains(&answer.status), "{segment}: {}", answer.status);
    }
}

#[tokio::test]
async fn nothing_exists_of_device_descriptions_nor_in_another_pool() {
    let pool = Pool::start().await;
    let other = pool.api.tenant("other").await;
    pool.api.create_type(&other, 105).await;
    pool.post(image("1")).await.expect(201);
    assert_eq!(exists_for(&pool, &other, "105/names/image/versions/1/exists").await, false);
    let path = pool.acme.path("/pool/types/4/names/image/versions/1/exists");
    pool.api.get(&path, &pool.acme.read).await.expect_problem(404, "not_found");
}
