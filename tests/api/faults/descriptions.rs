//! Every operation that writes a description or its associations, broken everywhere.

use serde_json::{Value, json};

use super::driver::{Bench, Expected, Request, break_everywhere};

const ASSOCIATED: (u16, &str) = (409, "already_associated");

fn or(status: u16, honest: (u16, &'static str)) -> Expected {
    Expected { status, honest: Some(honest) }
}

/// A registration in `feed` under a device type of this run.
async fn registration(bench: &Bench, feed: &str) -> (String, Request) {
    let id = bench.device_type("kettle").await;
    let url = bench.api.upload(&bench.acme, b"profile").await;
    let body = json!({"name": "profile", "type": 4, "version": "1", "url": url, "feed": feed});
    let request = bench.by_acme("POST", &format!("/deviceTypes/{id}/firmwareImages"), body);
    (id, request)
}

/// A description in `beta` of a device type of this run.
async fn described(bench: &Bench) -> (String, Value) {
    let (id, request) = registration(bench, "beta").await;
    let made = bench.api.call(request.method, &request.path, &request.key, request.body).await;
    (id, made.expect(201).json())
}

#[tokio::test]
async fn registering_a_description() {
    break_everywhere(or(201, (409, "image_exists")), async |bench| registration(bench, "release").await.1)
        .await;
}

#[tokio::test]
async fn registering_a_description_with_an_idempotency_key_in_a_feed_of_ones_own() {
    break_everywhere(Expected { status: 201, honest: None }, async |bench| {
        bench.custom_feed().await;
        let request = registration(bench, "field").await.1;
        Request { idempotency: format!("run-{}", bench.run), ..request }
    })
    .await;
}

#[tokio::test]
async fn adding_a_description_to_another_feed() {
    break_everywhere(or(201, ASSOCIATED), async |bench| {
        let (id, made) = described(bench).await;
        let body = json!({"type": 4, "versionNumber": made["versionNumber"], "feed": "release"});
        bench.by_acme("POST", &format!("/deviceTypes/{id}/firmwareImages"), body)
    })
    .await;
}

#[tokio::test]
async fn promoting_a_description() {
    break_everywhere(or(201, ASSOCIATED), async |bench| {
        let (id, made) = described(bench).await;
        let path = format!("{}/promote", bench.placed(&id, &made));
        Request::new("POST", path, &bench.acme.release, json!({"from": "beta", "to": "release"}))
    })
    .await;
}

#[tokio::test]
async fn removing_a_description() {
    break_everywhere(or(204, (404, "not_found")), async |bench| {
        let (id, made) = described(bench).await;
        Request::new("DELETE", bench.placed(&id, &made), &bench.acme.release, Value::Null)
    })
    .await;
}
