//! `GET /deviceTypes/{dt}`.

use serde_json::json;
use tests::api::Api;

#[tokio::test]
async fn a_device_type_is_read_by_its_partner_alone() {
    let api = Api::start().await;
    let (acme, other) = (api.tenant("acme").await, api.tenant("other").await);
    api.create_device_type(&acme, "kettle").await;
    let body = api.get(&acme.path("/deviceTypes/kettle"), &acme.read).await.expect(200).json();
    assert_eq!((&body["deviceTypeId"], &body["partnerId"]), (&json!("kettle"), &json!("acme")));
    let theirs =
        api.get(&other.path("/deviceTypes/kettle"), &other.read).await.expect_problem(404, "not_found");
    let nowhere =
        api.get(&other.path("/deviceTypes/nothing"), &other.read).await.expect_problem(404, "not_found");
    assert_eq!(theirs.json()["detail"], nowhere.json()["detail"]);
    api.get(&acme.path("/deviceTypes/kettle"), &other.release).await.expect_problem(404, "not_found");
}

#[tokio::test]
async fn a_path_that_holds_no_slug_cannot_be_parsed() {
    let api = Api::start().await;
    let acme = api.tenant("acme").await;
    for id in ["Kettle", "-a", "a_b", "a%20b", "%C3%A9", "a%2525", &"a".repeat(64)] {
        let path = acme.path(&format!("/deviceTypes/{id}"));
        api.get(&path, &acme.read).await.expect_problem(400, "invalid_parameter");
    }
}

#[tokio::test]
async fn other_methods_are_not_allowed() {
    let api = Api::start().await;
    let acme = api.tenant("acme").await;
    for (method, path) in
        [("PATCH", "/deviceTypes/kettle"), ("POST", "/deviceTypes/kettle"), ("PUT", "/deviceTypes")]
    {
        let answer = api.call(method, &acme.path(path), &acme.release, json!({})).await;
        let answer = answer.expect_problem(405, "method_not_allowed");
        assert!(answer.header("allow").contains("GET"), "{:?}", answer.headers);
    }
}
