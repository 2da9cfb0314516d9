//! What only reads, broken everywhere: it says that it could not, guesses nothing, and writes nothing.

use serde_json::{Value, json};
use tests::api::Answer;
use tests::wire::Fault;

use super::driver::{Bench, Request};

/// More calls than an operation makes.
const ALL: usize = 1000;

/// What is answered, but for when that was.
#[track_caller]
fn told(answer: &Answer) -> Value {
    assert_eq!(answer.status, 200, "{}", String::from_utf8_lossy(&answer.bytes));
    let mut body = answer.json();
    body.as_object_mut().unwrap().remove("atTimestamp");
    body
}

/// Breaks `path` of a device type with one device, one image and some past, from each call on.
async fn break_read(method: &'static str, body: Value, path: impl Fn(&Bench, &str) -> String) {
    let bench = Bench::new().await;
    let (path_of_type, image) = bench.known().await;
    let at = format!("/firmwareImages/types/105/versionNumbers/{}", image["versionNumber"].as_str().unwrap());
    let key = &bench.acme.read;
    let path = path(&bench, &path_of_type).replace("{image}", &at);
    let request = Request::new(method, path, key, body);
    bench.api.wire.take_calls();
    let whole = told(&request.send(&bench.api).await);
    let calls = bench.api.wire.take_calls();
    let before = bench.api.dump().await;
    for index in 0..calls.len() {
        for fault in [Fault::Lost, Fault::Throttled, Fault::ServerError] {
            bench.api.wire.inject(None, index, 1, fault);
            let answer = request.send(&bench.api).await;
            bench.api.wire.clear();
            assert_eq!(told(&answer), whole, "{fault:?} once at {index} of {calls:?}");
        }
        bench.api.wire.inject(None, index, ALL, Fault::ServerError);
        let answer = request.send(&bench.api).await;
        bench.api.wire.clear();
        answer.expect_problem(503, "dependency_unavailable");
    }
    assert_eq!(before.difference(&bench.api.dump().await), [""; 0]);
}

#[tokio::test]
async fn explaining_a_device() {
    break_read("GET", Value::Null, |_, kettle| format!("{kettle}/devices/SN-1/explain")).await;
}

#[tokio::test]
async fn explaining_a_device_as_it_was() {
    break_read("GET", Value::Null, |bench, kettle| {
        let at = bench.api.server.clock().now().millis();
        format!("{kettle}/devices/SN-1/explain?at={at}")
    })
    .await;
}

#[tokio::test]
async fn explaining_a_device_that_could_be() {
    let body = json!({"attributes": {"2105": "0"}});
    break_read("POST", body, |_, kettle| format!("{kettle}/explain")).await;
}

#[tokio::test]
async fn reading_and_listing_devices() {
    break_read("GET", Value::Null, |_, kettle| format!("{kettle}/devices/SN-1")).await;
    break_read("GET", Value::Null, |_, kettle| format!("{kettle}/devices?type=105&versionNumber=0")).await;
}

#[tokio::test]
async fn asking_how_far_an_image_reaches() {
    break_read("GET", Value::Null, |_, kettle| format!("{kettle}{{image}}/reach")).await;
}

#[tokio::test]
async fn asking_what_ran() {
    break_read("GET", Value::Null, |_, kettle| format!("{kettle}/devices/SN-1/versions")).await;
    break_read("GET", Value::Null, |bench, kettle| {
        format!("{kettle}/versions?at={}", bench.api.server.clock().now().millis())
    })
    .await;
}

#[tokio::test]
async fn reading_the_audit_and_what_waits() {
    break_read("GET", Value::Null, |bench, _| bench.acme.path("/audit?order=asc&limit=3")).await;
    break_read("GET", Value::Null, |bench, _| bench.acme.path("/approvals")).await;
}
