//! Descriptions are in no pool: not listed there, not readable, not editable, not offered.

use serde_json::{Value, json};

use super::{description, with};
use crate::kettle::Kettle;

#[tokio::test]
async fn no_path_of_the_pool_knows_a_description() {
    let it = Kettle::start().await;
    it.api.tenant("other").await;
    let made = it.description_in("1.0", "release").await;
    let before = it.api.dump().await;
    let record = "/pool/types/4/versionNumbers/1";
    let words = with(made.clone(), "name", "renamed");
    for (method, path, body) in [
        ("GET", "/pool/types/4", Value::Null),
        ("GET", record, Value::Null),
        ("PUT", record, words),
        ("DELETE", record, Value::Null),
        ("GET", &format!("{record}/associations"), Value::Null),
        ("GET", &format!("{record}/offers"), Value::Null),
        ("PUT", &format!("{record}/offers/other"), Value::Null),
        ("DELETE", &format!("{record}/offers/other"), Value::Null),
        ("GET", "/pool/types/4/names/profile/versions/1.0/exists", Value::Null),
    ] {
        let answer = it.api.call(method, &it.acme.path(path), &it.acme.release, body).await;
        assert_eq!((answer.status, answer.code().as_str()), (404, "not_found"), "{method} {path}");
    }
    let body = description("2.0", made["url"].as_str().unwrap());
    let refused = it.api.call("POST", &it.acme.path("/pool"), &it.acme.release, body).await;
    refused.expect_problem(422, "description_not_pooled");
    assert_eq!(before.difference(&it.api.dump().await), [""; 0]);
}

#[tokio::test]
async fn no_list_of_the_pool_holds_a_description_or_its_tags() {
    let it = Kettle::start().await;
    let url = it.api.upload(&it.acme, b"profile").await;
    let body = with(description("1", &url), "tags", json!(["of a description"]));
    it.describe(body).await.expect(201);
    let read = async |path: &str| it.api.get(&it.acme.path(path), &it.acme.read).await.expect(200).json();
    assert_eq!(read("/pool").await["content"], json!([]));
    assert_eq!(read("/pool?tags=of%20a%20description").await["totalElements"], 0);
    assert_eq!(read("/tags").await, json!([]));
    let image = it.image("1.0").await;
    assert_eq!(read("/pool").await["content"], json!([image]));
}
