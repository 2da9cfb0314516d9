//! A transaction is carried out once, however often its reply gets lost.

use serde_json::{Value, json};
use tests::api::Api;
use tests::whole::expect_whole;
use tests::wire::Fault;

#[tokio::test]
async fn a_lost_reply_of_a_transaction_is_hidden_by_its_token() {
    let api = Api::start().await;
    let acme = api.tenant("acme").await;
    for times in [1, 2] {
        let name = format!("oven-{times}");
        api.wire.inject(Some("TransactWriteItems"), 0, times, Fault::ReplyLost);
        api.create_device_type(&acme, &name).await;
        assert_eq!(api.wire.clear(), 0, "the fault was met");
    }
    let made = api.audit("acme").await.into_iter().filter(|row| row.action == "deviceType.created").count();
    assert_eq!(made, 2);
}

#[tokio::test]
async fn a_lost_reply_that_outlasts_every_attempt_is_503_and_the_write_stands() {
    let api = Api::start().await;
    let acme = api.tenant("acme").await;
    api.wire.inject(Some("TransactWriteItems"), 0, 3, Fault::ReplyLost);
    let body = json!({"deviceTypeId": "kettle", "name": "Kettle"});
    let path = acme.path("/deviceTypes");
    let answer = api.call("POST", &path, &acme.write, body.clone()).await;
    assert_eq!(answer.expect_problem(503, "dependency_unavailable").header("retry-after"), "2");
    assert_eq!(api.wire.clear(), 0);
    api.call("POST", &path, &acme.write, body).await.expect_problem(409, "device_type_taken");
    api.get(&acme.path("/deviceTypes/kettle"), &acme.read).await.expect(200);
    expect_whole(&api.dump().await, "after the retry");
}

#[tokio::test]
async fn a_transaction_that_is_still_in_progress_is_not_begun_a_second_time() {
    let api = Api::start().await;
    let acme = api.tenant("acme").await;
    api.create_type(&acme, 105).await;
    api.create_device_type(&acme, "kettle").await;
    let image = api.image(&acme, 105, "1", b"firmware").await;
    // One more than the SDK's attempts: the store has to ask again by itself, under the token it began with.
    api.wire.inject(Some("TransactWriteItems"), 0, 4, Fault::InProgress);
    let answer = api.associate(&acme, "kettle", &image, "release").await;
    assert_eq!(api.wire.clear(), 0, "the fault was met");
    assert_eq!(answer.code(), "", "it had been made by this very request");
    answer.expect(201);
    let key = json!({"rights": ["read"], "label": "new"});
    api.wire.inject(Some("TransactWriteItems"), 0, 4, Fault::InProgress);
    api.call("POST", &acme.path("/keys"), &acme.release, key).await.expect(201);
    let device_type = api.dump().await.row("DT#kettle", "META").clone();
    assert_eq!(device_type["associations"], 1);
    expect_whole(&api.dump().await, "afterwards");
}

#[tokio::test]
async fn losing_everything_for_a_while_loses_nothing_for_good() {
    let api = Api::start().await;
    let acme = api.tenant("acme").await;
    api.create_type(&acme, 105).await;
    let before = api.dump().await;
    api.wire.inject(None, 0, 1000, Fault::Lost);
    let body = json!({"name": "new", "type": 105, "version": "1", "url": ""});
    let path = acme.path("/pool");
    api.call("POST", &path, &acme.write, body.clone()).await.expect_problem(503, "dependency_unavailable");
    api.get(&path, &acme.read).await.expect_problem(503, "dependency_unavailable");
    api.check("kettle", "").await.expect_problem(503, "dependency_unavailable");
    api.wire.clear();
    assert_eq!(before.difference(&api.dump().await), Vec::<String>::new());
    api.call("POST", &path, &acme.write, body).await.expect(201);
    assert_eq!(api.get(&path, &acme.read).await.expect(200).json()["totalElements"], Value::from(1));
}
