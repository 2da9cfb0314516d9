//! Tokens, and the secret that they are made with.

use serde_json::{Value, json};
use shared::domain::device_token::{DeviceToken, DeviceTypeSecret};

use super::Fleet;

const SECRET: &str = "/deviceSecret";
const ROTATE: &str = "/deviceSecret/rotate";

#[tokio::test]
async fn a_token_opens_its_device_and_no_other() {
    let it = Fleet::start().await;
    let token = it.token_of("SN-1").await;
    assert_eq!(token, it.token_of("SN-1").await);
    it.report_with(&token, "SN-1").await.expect(200);
    it.report_with(&token, "SN-2").await.expect_problem(401, "device_token_invalid");
}

#[tokio::test]
async fn a_token_is_asked_for_with_a_device_id_and_the_right_to_write() {
    let it = Fleet::start().await;
    for body in [json!({}), json!({"deviceId": "a b"}), json!({"deviceId": 7})] {
        it.call("POST", "/deviceTokens", body).await.expect_problem(422, "invalid_field");
    }
    let wanted = json!({"deviceId": "SN-1"});
    let refused = it.call_as(&it.acme.read, "POST", "/deviceTokens", wanted.clone()).await;
    refused.expect_problem(403, "right_missing");
    let given = it.call_as(&it.acme.write, "POST", "/deviceTokens", wanted).await.expect(200);
    assert_eq!(given.header("cache-control"), "no-store");
}

#[tokio::test]
async fn a_factory_makes_the_same_tokens_with_the_secret() {
    let it = Fleet::start().await;
    let shown = it.call("POST", SECRET, Value::Null).await.expect(200);
    assert_eq!(shown.header("cache-control"), "no-store");
    let shown = shown.json();
    assert_eq!(shown["epoch"], 1);
    let (_, master) = it.api.server.app().secrets.devices().unwrap().current();
    let kettle = "kettle".parse().unwrap();
    let secret = DeviceTypeSecret::derive(master, &kettle, 1);
    assert_eq!(shown["secret"], secret.reveal());
    assert_eq!(shown["secret"].as_str().unwrap().len(), 64);
    let made = DeviceToken::write(&secret, kettle, 1, &"SN-1".parse().unwrap()).reveal();
    assert_eq!(made, it.token_of("SN-1").await);
}

#[tokio::test]
async fn tokens_of_the_epoch_before_last_are_no_longer_good() {
    let it = Fleet::start().await;
    let first = it.token_of("SN-1").await;
    let one = it.call("POST", ROTATE, Value::Null).await.expect(200);
    assert_eq!(one.header("cache-control"), "no-store");
    let one = one.json();
    assert_eq!(one["epoch"], 2);
    assert_eq!(one, it.call("POST", SECRET, Value::Null).await.expect(200).json());
    it.report_with(&first, "SN-1").await.expect(200);
    let second = it.token_of("SN-1").await;
    assert_ne!(first, second);
    let two = it.call("POST", ROTATE, Value::Null).await.expect(200).json();
    assert_eq!(two["epoch"], 3);
    assert_ne!(one["secret"], two["secret"]);
    it.report_with(&second, "SN-1").await.expect(200);
    let ended = it.report_with(&first, "SN-1").await;
    ended.expect_problem(401, "device_token_invalid");
}

#[tokio::test]
async fn the_secret_needs_the_right_to_release_and_is_in_no_audit() {
    let it = Fleet::start().await;
    let before = it.api.dump().await;
    for path in [SECRET, ROTATE] {
        let refused = it.call_as(&it.acme.write, "POST", path, Value::Null).await;
        refused.expect_problem(403, "right_missing");
    }
    assert_eq!(before.difference(&it.api.dump().await), [""; 0]);
    let shown = it.call("POST", ROTATE, Value::Null).await.expect(200).json();
    let audit = it.api.audit("acme").await;
    let rotated = audit.iter().find(|row| row.action == "deviceSecret.rotated").unwrap();
    assert_eq!(rotated.subject, "deviceType/kettle");
    assert_eq!((&rotated.before, &rotated.after), (&Some(json!({"epoch": 1})), &Some(json!({"epoch": 2}))));
    assert!(!format!("{audit:?}").contains(shown["secret"].as_str().unwrap()));
}
