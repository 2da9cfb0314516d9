//! What schedules ask for.

use serde_json::{Value, json};
use shared::store::repairs::{Repair, Subject};
use tests::wire::Fault;

use super::Bench;
use crate::kettle::Kettle;

async fn scene() -> (Kettle, Bench) {
    let it = Kettle::start().await;
    let bench = Bench::beside(&it.api).await;
    it.api.wire.take_calls();
    (it, bench)
}

#[tokio::test]
async fn where_nothing_has_broken_off_looking_for_it_is_two_queries_and_not_a_line() {
    let (it, bench) = scene().await;
    assert_eq!(bench.chore("repairs").await, json!({"finished": 0, "completed": 0, "failed": 0}));
    assert_eq!(it.api.wire.take_calls(), ["Query", "Query"]);
    assert!(bench.metrics().is_empty() && bench.cdn.take().is_empty());
}

#[tokio::test]
async fn an_edit_that_broke_off_is_finished_and_counted() {
    let (it, bench) = scene().await;
    let mut record = it.image_in("1.0", &["release", "beta"]).await;
    record["name"] = "renamed".into();
    let path = it.api.record_path(&it.acme, &record);
    it.api.wire.take_calls();
    it.api.call("PUT", &path, &it.acme.release, record.clone()).await.expect(204);
    let calls = it.api.wire.take_calls();
    record["name"] = "again".into();
    it.api.wire.inject(None, calls.len() - 4, 100, Fault::Lost);
    it.api.call("PUT", &path, &it.acme.release, record).await.expect(503);
    it.api.wire.clear();
    assert_eq!(it.api.dump().await.under("REPAIR").count(), 1);
    assert_eq!(bench.chore("repairs").await, json!({"finished": 1, "completed": 0, "failed": 0}));
    assert_eq!(it.api.dump().await.under("REPAIR").count(), 0);
    for feed in ["release", "beta"] {
        let body = it.api.check("kettle", &format!("feed={feed}&2105=0")).await.expect(200).json();
        assert_eq!(body["updates"][0]["name"], "again");
    }
    let metrics = bench.metrics();
    assert_eq!((metrics["RepairsFinished"], metrics["ReconcileFailures"]), (1, 0));
    assert!(!metrics.contains_key("Drift"), "nothing was compared");
    it.api.expect_whole("repaired").await;
}

#[tokio::test]
async fn a_repair_that_fails_keeps_no_other_from_being_finished_and_is_counted() {
    let (it, bench) = scene().await;
    let record = it.image_in("1.0", &["release"]).await;
    let app = it.api.server.app();
    let number: i64 = record["versionNumber"].as_str().unwrap().parse().unwrap();
    let image = format!("{number}105").parse().unwrap();
    for (subject, revision) in [
        (Subject::Image(image), 9),
        (Subject::DeletedFeed("acme".parse().unwrap(), "gone".parse().unwrap()), 1),
    ] {
        let audit = shared::store::Audit {
            partner: None,
            actor: "test",
            request_id: "test",
            at: app.clock.now(),
            action: "type.updated",
            subject: subject.text(),
            before: None,
            after: None,
        };
        let mut tx = shared::store::Tx::new(&audit);
        tx.begin_repair(&Repair { subject, revision }, app.clock.now());
        tx.commit(&app.store).await.unwrap();
    }
    let broken = Some(aws_sdk_dynamodb::types::AttributeValue::S("broken".into()));
    it.api.alter("DT#kettle", "MANIFEST#release", "entries", broken).await;
    assert_eq!(bench.chore("repairs").await, json!({"finished": 1, "completed": 0, "failed": 1}));
    let metrics = bench.metrics();
    assert_eq!((metrics["RepairsFinished"], metrics["ReconcileFailures"]), (1, 1));
    assert_eq!(it.api.dump().await.under("REPAIR").count(), 1, "it is tried again in a minute");
}

#[tokio::test]
async fn reconciling_mends_and_prints_what_it_found() {
    let (it, bench) = scene().await;
    it.image_in("1.0", &["release"]).await;
    let empty = Some(aws_sdk_dynamodb::types::AttributeValue::L(Vec::new()));
    it.api.alter("DT#kettle", "MANIFEST#release", "entries", empty).await;
    assert_eq!(bench.chore("reconcile").await, json!({"complete": true, "drift": 1, "failed": 0}));
    let metrics = bench.metrics();
    let printed: Vec<_> = metrics.iter().map(|(name, value)| (name.as_str(), *value)).collect();
    assert_eq!(
        printed,
        [("Drift", 1), ("ReconcileFailures", 0), ("RepairsFinished", 0), ("StagingAgeSeconds", 0)]
    );
    assert_eq!(it.api.offers("kettle", "2105=0").await, [(105, "1".to_owned())]);
    bench.chore("reconcile").await;
    assert_eq!(bench.metrics()["Drift"], 0);
    it.api.expect_whole("reconciled").await;
}

#[tokio::test]
async fn the_age_of_the_oldest_upload_that_nobody_moved_is_printed() {
    let (it, bench) = scene().await;
    let bytes = b"never moved".to_vec();
    let body = json!({"sha256": shared::domain::Sha256::of(&bytes).to_string(), "size": bytes.len()});
    let announced = it.api.call("POST", &it.acme.path("/binaries"), &it.acme.write, body).await.expect(201);
    it.api.put_presigned(&announced.json()["upload"], bytes).await.expect(200);
    it.api.server.clock().shift(100_000 * 1000);
    bench.chore("reconcile").await;
    let age = bench.metrics()["StagingAgeSeconds"];
    assert!((99_990..110_000).contains(&age), "{age}");
}

#[tokio::test]
async fn what_cannot_be_reconciled_is_counted_and_the_run_is_no_failure() {
    let (it, bench) = scene().await;
    let broken = Some(aws_sdk_dynamodb::types::AttributeValue::S("broken".into()));
    it.api.alter("DT#kettle", "INDEX#beta", "modified", broken).await;
    assert_eq!(bench.chore("reconcile").await["failed"], 1);
    assert_eq!(bench.metrics()["ReconcileFailures"], 1);
}

#[tokio::test]
async fn a_table_that_does_not_answer_fails_the_run() {
    let (it, bench) = scene().await;
    for chore in ["repairs", "reconcile"] {
        it.api.wire.inject(None, 0, 1000, Fault::Lost);
        assert!(bench.call(json!({"chore": chore})).await.is_err(), "{chore}");
        it.api.wire.clear();
    }
    assert!(bench.metrics().is_empty());
}

#[tokio::test]
async fn an_event_of_someone_else_is_an_error_and_does_nothing() {
    let (it, bench) = scene().await;
    for event in [json!({"chore": "sweep"}), json!({"source": "aws.s3", "detail-type": "x"}), Value::Null] {
        let error = bench.call(event).await.unwrap_err().to_string();
        assert!(error.starts_with("the reconciler has nothing to do for"), "{error}");
    }
    assert_eq!(it.api.wire.take_calls(), [""; 0]);
}
