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
