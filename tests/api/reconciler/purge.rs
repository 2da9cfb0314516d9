//! Purges of the CDN: once for a change, once more a little later, and what happens when the CDN does not want to.

use serde_json::{Value, json};
use shared::domain::Timestamp;
use shared::store::audit::AuditRow;
use tests::api::Api;

use super::cdn::connect;
use super::{Bench, batch_of, event_of};

const BUSY: &str = "<ErrorResponse><Error><Type>Sender</Type><Code>TooManyInvalidationsInProgress</Code>\
    <Message>Processing your request will cause you to exceed the maximum</Message></Error></ErrorResponse>";
const DENIED: &str =
    "<ErrorResponse><Error><Code>AccessDenied</Code><Message>not allowed</Message></Error></ErrorResponse>";

fn removed(device_type: &str, feeds: &[&str]) -> AuditRow {
    AuditRow {
        at: Timestamp::from_millis(1_795_305_600_000),
        actor: "key".into(),
        request_id: "r1".into(),
        action: "association.removed".into(),
        subject: format!("{device_type}/*/105/7"),
        before: Some(json!({ "feeds": feeds })),
        after: None,
        approval: None,
    }
}

fn event(device_type: &str, feeds: &[&str]) -> Value {
    event_of(&removed(device_type, feeds))
}

async fn bench() -> (Api, Bench) {
    let api = Api::start().await;
    let bench = Bench::beside(&api).await;
    (api, bench)
}

#[tokio::test]
async fn the_same_event_twice_is_one_purge_and_the_delayed_one_is_a_second() {
    let (_api, bench) = bench().await;
    let event = event("kettle", &["release", "beta", "dev"]);
    for _ in 0..2 {
        assert_eq!(bench.call(event.clone()).await.unwrap(), Value::Null);
    }
    let all = json!({"batchItemFailures": []});
    for _ in 0..2 {
        assert_eq!(bench.call(batch_of(std::slice::from_ref(&event))).await.unwrap(), all);
    }
    let asked = bench.cdn.take();
    let paths = ["/beta/kettle*", "/release/kettle*", "/v1/ota/deviceTypes/kettle/*"];
    assert!(asked.iter().all(|asked| asked.paths == paths), "{asked:?}");
    // The CDN makes one purge of those that have the same reference.
    let references: Vec<_> = asked.iter().map(|asked| asked.reference.as_str()).collect();
    assert_eq!((references[0], references[2]), (references[1], references[3]));
    assert_ne!(references[0], references[2]);
    assert!(bench.metrics().is_empty());
}

#[tokio::test]
async fn two_changes_of_the_same_thing_are_two_purges() {
    let (_api, bench) = bench().await;
    let first = removed("kettle", &["release"]);
    let later = AuditRow { at: first.at.plus_seconds(1), ..first.clone() };
    let other = AuditRow { request_id: "r2".into(), ..first.clone() };
    for row in [&first, &later, &other] {
        bench.call(event_of(row)).await.unwrap();
    }
    let mut references: Vec<_> = bench.cdn.take().into_iter().map(|asked| asked.reference).collect();
    references.sort();
    references.dedup();
    assert_eq!(references.len(), 3);
}

#[tokio::test]
async fn a_burst_in_one_batch_is_one_purge() {
    let (_api, bench) = bench().await;
    let burst: Vec<_> = (0..30)
        .map(|at| {
            let mut row = removed("kettle", &["release"]);
            row.subject = format!("kettle/release/105/{at}");
            event_of(&row)
        })
        .collect();
    bench.call(batch_of(&burst)).await.unwrap();
    let asked = bench.cdn.take();
    assert_eq!(asked.len(), 1);
    assert_eq!(asked[0].paths, ["/release/kettle*", "/v1/ota/deviceTypes/kettle/*"]);
    let wide: Vec<_> = (0..30).map(|at| event(&format!("model-{at}"), &["release"])).collect();
    bench.call(batch_of(&wide)).await.unwrap();
    assert_eq!(bench.cdn.take()[0].paths, ["/release", "/release/*", "/v1/ota/deviceTypes/*"]);
}

#[tokio::test]
async fn what_no_cache_holds_is_not_purged() {
    let (_api, bench) = bench().await;
    bench.call(event("kettle", &["dev", "dev-lab"])).await.unwrap();
    let mut adding = removed("kettle", &[]);
    adding.action = "association.created".into();
    bench.call(event_of(&adding)).await.unwrap();
    bench.call(batch_of(&[event("kettle", &["dev"])])).await.unwrap();
    bench.call(json!({"Records": []})).await.unwrap();
    assert_eq!(bench.cdn.take(), []);
}

#[tokio::test]
async fn a_cdn_that_is_busy_or_broken_is_asked_again() {
    let (_api, bench) = bench().await;
    bench.cdn.answer(&[(400, BUSY), (503, ""), (429, "")]);
    bench.call(event("kettle", &["release"])).await.unwrap();
    let asked = bench.cdn.take();
    assert_eq!(asked.len(), 4);
    assert!(asked.iter().all(|each| *each == asked[0]));
}

#[tokio::test]
async fn a_cdn_that_stays_busy_fails_the_event_so_that_it_comes_again() {
    let (_api, bench) = bench().await;
    bench.cdn.answer(&[(400, BUSY); 4]);
    let error = bench.call(event("kettle", &["release"])).await.unwrap_err().to_string();
    assert!(error.contains("TooManyInvalidationsInProgress: Processing your request"), "{error}");
    assert_eq!(bench.cdn.take().len(), 4);
}

#[tokio::test]
async fn a_refusal_is_not_tried_again_and_says_why() {
    let (_api, bench) = bench().await;
    bench.cdn.answer(&[(403, DENIED)]);
    let error = bench.call(event("kettle", &["release"])).await.unwrap_err().to_string();
    assert!(error.contains("403 AccessDenied: not allowed"), "{error}");
    assert_eq!(bench.cdn.take().len(), 1);
}

#[tokio::test]
async fn a_cdn_that_does_not_answer_fails_the_event() {
    let (api, mut bench) = bench().await;
    let nobody = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    bench.reconciler.cdn = connect(&format!("http://{nobody}"), "E2EXAMPLE", api.server.clock().clone());
    let error = bench.call(event("kettle", &["release"])).await.unwrap_err().to_string();
    assert!(error.starts_with("the CDN does not purge"), "{error}");
}

#[tokio::test]
async fn of_a_batch_only_those_fail_that_cannot_be_purged_for() {
    let (_api, bench) = bench().await;
    let mut unreadable = removed("kettle", &["release"]);
    unreadable.before = None;
    let mut batch = batch_of(&[
        event("kettle", &["release"]),
        event_of(&unreadable),
        json!({"chore": "repairs"}),
        event("oven", &["beta"]),
    ]);
    batch["Records"][2]["body"] = "{".into();
    let failed = bench.call(batch).await.unwrap();
    assert_eq!(failed, json!({"batchItemFailures": [{"itemIdentifier": "1"}, {"itemIdentifier": "2"}]}));
    assert_eq!(bench.cdn.take()[0].paths.len(), 4);
}

#[tokio::test]
async fn of_a_batch_all_fail_if_the_cdn_does_not_purge() {
    let (_api, bench) = bench().await;
    bench.cdn.answer(&[(403, DENIED)]);
    let failed =
        bench.call(batch_of(&[event("kettle", &["release"]), event("oven", &["beta"])])).await.unwrap();
    assert_eq!(failed, json!({"batchItemFailures": [{"itemIdentifier": "0"}, {"itemIdentifier": "1"}]}));
}

#[tokio::test]
async fn an_event_that_does_not_say_what_to_purge_is_an_error() {
    let (_api, bench) = bench().await;
    let mut row = removed("kettle", &["release"]);
    row.before = None;
    let error = bench.call(event_of(&row)).await.unwrap_err().to_string();
    assert_eq!(error, "association.removed of kettle/*/105/7 does not say which answers are stale");
    assert_eq!(bench.cdn.take(), []);
}
