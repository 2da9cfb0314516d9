//! The wire to the database breaks while devices report: nothing is counted twice, and nothing is lost.

use serde_json::json;
use tests::wire::Fault;

use super::state;
use crate::kettle::Kettle;

#[tokio::test]
async fn a_report_whose_answer_is_lost_counts_once_when_it_is_sent_again() {
    for fault in [Fault::Lost, Fault::ReplyLost, Fault::ServerError] {
        let it = Kettle::start().await;
        it.image_in("1.0", &["release"]).await;
        let attributes = json!({"attributes": {"2105": 0}});
        // The SDK tries a call three times.
        it.api.wire.inject(Some("TransactWriteItems"), 0, 3, fault);
        it.api.attributes("kettle", "SN-1", &attributes).await.expect_problem(503, "dependency_unavailable");
        it.api.wire.clear();
        it.api.attributes("kettle", "SN-1", &attributes).await.expect(200);
        for word in ["downloading", "failed"] {
            it.api.wire.inject(Some("TransactWriteItems"), 0, 3, fault);
            let broken = it.api.status("kettle", "SN-1", &state(1, word)).await;
            broken.expect_problem(503, "dependency_unavailable");
            it.api.wire.clear();
            it.api.status("kettle", "SN-1", &state(1, word)).await.expect(204);
        }
        for what in ["offered", "downloading", "failed"] {
            assert_eq!(it.counted(1, what).await, 1, "{what} {fault:?}");
        }
        let devices: u64 = it
            .api
            .dump()
            .await
            .under("COUNT#kettle#")
            .filter(|(_, sk, _)| *sk == "DEVICES")
            .map(|(_, _, row)| row["devices"].as_u64().unwrap())
            .sum();
        assert_eq!(devices, 1);
    }
}

#[tokio::test]
async fn two_reports_at_once_are_both_answered_and_counted_once() {
    let it = Kettle::start().await;
    it.image_in("1.0", &["release"]).await;
    let body = json!({"attributes": {"2105": 0}});
    let ask = || it.api.attributes("kettle", "SN-1", &body);
    let (a, b, c) = tokio::join!(ask(), ask(), ask());
    for answer in [a, b, c] {
        assert_eq!(answer.expect(200).json()["updates"].as_array().unwrap().len(), 1);
    }
    assert_eq!(it.counted(1, "offered").await, 1);
}

#[tokio::test]
async fn counts_that_many_change_at_once_hold_no_device_up_and_are_made_good() {
    let it = Kettle::start().await;
    it.image_in("1.0", &["release"]).await;
    assert_eq!(it.told(0).await, ["1"]);
    for word in ["downloading", "failed"] {
        // One transaction more than is tried.
        it.api.wire.inject(Some("TransactWriteItems"), 0, 8, Fault::Conflict);
        it.api.status("kettle", "SN-1", &state(1, word)).await.expect(204);
        assert_eq!(it.counted(1, word).await, 0, "not yet");
    }
    assert_eq!(it.device_row("SN-1").await["progress"][0]["due"], json!({"release": "df"}));
    assert!(it.told(0).await.is_empty(), "it failed a moment ago");
    for _ in 0..3 {
        it.told(0).await;
    }
    for what in ["offered", "downloading", "failed"] {
        assert_eq!(it.counted(1, what).await, 1, "{what}");
    }
}

#[tokio::test]
async fn a_fleet_that_collides_all_the_time_is_counted_to_the_last_device() {
    let it = Kettle::start().await;
    it.image_in("1.0", &["release"]).await;
    for device in 0..30 {
        let device = format!("SN-{device}");
        for (skip, times) in [(0, 1), (1, 2), (0, 3)] {
            it.api.wire.inject(Some("TransactWriteItems"), skip, times, Fault::Conflict);
        }
        it.api.device_offers("kettle", &device, &[(105, 0)]).await;
        it.api.status("kettle", &device, &state(1, "downloading")).await.expect(204);
        it.api.device_offers("kettle", &device, &[(105, 1)]).await;
        it.api.wire.clear();
    }
    for what in ["offered", "downloading", "installed"] {
        assert_eq!(it.counted(1, what).await, 30, "{what}");
    }
    let dump = it.api.dump().await;
    let runs = |sk: &str| -> i64 {
        let rows = dump.under("COUNT#kettle#").filter(|(_, at, _)| *at == sk);
        rows.map(|(_, _, row)| row["devices"].as_i64().unwrap()).sum()
    };
    assert_eq!((runs("DEVICES"), runs(&format!("RUNS#release#105#{:019}", 1))), (30, 30));
    assert_eq!(runs(&format!("RUNS#release#105#{:019}", 0)), 0);
}
