//! `GET /binaries/{sha256}`: a short-lived download URL for the owner.

use shared::domain::Sha256;
use tests::api::Api;

use super::{BYTES, FIRMWARE, describe, post};

#[tokio::test]
async fn the_owner_gets_a_url_that_opens_for_a_quarter_of_an_hour() {
    let api = Api::start().await;
    let acme = api.tenant("acme").await;
    api.upload(&acme, FIRMWARE).await;
    let body = describe(&api, &acme, FIRMWARE).await.expect(200).json();
    insta::assert_json_snapshot!(body, {".value" => "[url]", ".expiresTimestamp" => "[time]"}, @r#"
    {
      "expiresTimestamp": "[time]",
      "kind": "binary",
      "md5": "268f171b3d9cd8c97acdbeacd7fef501",
      "sha256": "a8e256508428f396ab4fcd7a6b53e2ed0cb70dbbe3d37624b8a38fcc8011f36a",
      "size": 22,
      "value": "[url]"
    }
    "#);
    let url = body["value"].as_str().unwrap();
    let start = format!("{}/repository/{}/", api.server.base_url(), Sha256::of(FIRMWARE));
    assert!(url.starts_with(&start), "{url}");
    assert_eq!(api.get(url, "").await.expect(200).bytes, FIRMWARE);
    let left = body["expiresTimestamp"].as_i64().unwrap() - api.server.clock().now().millis();
    assert!((1..=900_000).contains(&left), "{left}");
    api.server.clock().shift(left);
    api.get(url, "").await.expect(403);
    let again = describe(&api, &acme, FIRMWARE).await.expect(200).json();
    api.get(again["value"].as_str().unwrap(), "").await.expect(200);
}

#[tokio::test]
async fn what_is_not_owned_is_not_there() {
    let api = Api::start().await;
    let (acme, bolt) = (api.tenant("acme").await, api.tenant("bolt").await);
    describe(&api, &acme, FIRMWARE).await.expect_problem(404, "not_found");
    post(&api, &acme, BYTES, FIRMWARE).await.expect(201);
    describe(&api, &acme, FIRMWARE).await.expect_problem(404, "not_found");
    api.upload(&acme, FIRMWARE).await;
    describe(&api, &bolt, FIRMWARE).await.expect_problem(404, "not_found");
    let path = acme.path(&format!("/binaries/{}", Sha256::of(FIRMWARE)));
    api.get(&path, &bolt.release).await.expect_problem(404, "not_found");
    api.get(&path, api.server.operator_key()).await.expect_problem(404, "not_found");
    api.get(&path, "").await.expect_problem(401, "key_missing");
    for key in [&acme.read, &acme.write, &acme.release] {
        api.get(&path, key).await.expect(200);
    }
}

#[tokio::test]
async fn a_digest_in_a_path_is_read_in_either_case_and_must_be_whole() {
    let api = Api::start().await;
    let acme = api.tenant("acme").await;
    api.upload(&acme, FIRMWARE).await;
    let digest = Sha256::of(FIRMWARE).to_string();
    let get = async |text: &str| api.get(&acme.path(&format!("/binaries/{text}")), &acme.read).await;
    assert_eq!(get(&digest.to_uppercase()).await.expect(200).json()["sha256"], digest);
    for bad in [&digest[1..], &format!("{digest}0"), &digest.replace('8', "g"), "x"] {
        get(bad).await.expect_problem(400, "invalid_parameter");
    }
}

#[tokio::test]
async fn other_methods_are_refused() {
    let api = Api::start().await;
    let acme = api.tenant("acme").await;
    let digest = Sha256::of(FIRMWARE).to_string();
    for (method, path, allow) in [
        ("DELETE", format!("/binaries/{digest}"), "GET,HEAD"),
        ("POST", format!("/binaries/{digest}"), "GET,HEAD"),
        ("GET", "/binaries".to_owned(), "POST"),
        ("PUT", "/binaries/moveToRepository".to_owned(), "POST"),
        ("GET", "/binaries/moveToRepository".to_owned(), "POST"),
    ] {
        let answer = api.send(api.request(method, &acme.path(&path)).bearer_auth(&acme.release)).await;
        assert_eq!(
            answer.expect_problem(405, "method_not_allowed").header("allow"),
            allow,
            "{method} {path}"
        );
    }
}
