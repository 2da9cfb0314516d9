//! `DELETE …/devices/{deviceId}`.

use serde_json::{Value, json};

use tests::wire::Fault;

use super::Fleet;

impl Fleet {
    /// The rows of devices and their lists, and counts of them that are not 0.
    async fn traces(&self) -> Vec<String> {
        let rows = self.api.dump().await;
        let traces = rows.0.iter().filter(|((pk, _), row)| {
            let counted =
                pk.starts_with("COUNT#") && row["devices"].as_i64().is_some_and(|devices| devices != 0);
            pk.starts_with("DEV") || counted
        });
        traces.map(|((pk, sk), _)| format!("{pk} / {sk}")).collect()
    }

    async fn forget(&self, device: &str) {
        self.call("DELETE", &format!("/devices/{device}"), Value::Null).await.expect(204);
    }
}

#[tokio::test]
async fn nothing_is_left_of_a_device_that_is_forgotten() {
    let it = Fleet::start().await;
    it.release("1.0", &["release"]).await;
    it.withhold("SN-1").await;
    it.report("SN-1", json!({"2003": "4"})).await;
    assert!(it.traces().await.len() > 10);
    it.forget("SN-1").await;
    assert_eq!(it.traces().await, [""; 0]);
    it.call("GET", "/devices/SN-1", Value::Null).await.expect_problem(404, "not_found");
    it.call("DELETE", "/devices/SN-1", Value::Null).await.expect_problem(404, "not_found");
}

#[tokio::test]
async fn others_stay_and_what_reports_again_is_a_new_device() {
    let it = Fleet::start().await;
    for device in ["SN-1", "SN-2"] {
        it.report(device, json!({"2105": "1"})).await;
    }
    it.call("PATCH", "/devices/SN-1", json!({"blocked": true})).await.expect(204);
    it.forget("SN-1").await;
    assert_eq!(it.ids("").await, ["SN-2"]);
    assert_eq!(it.ids("type=105&versionNumber=1").await, ["SN-2"]);
    it.api.server.clock().shift(1000);
    it.report("SN-1", json!({"2105": "1"})).await;
    let again = it.device("SN-1").await;
    assert_eq!((&again["blocked"], again["history"].as_array().unwrap().len()), (&json!(false), 1));
}

#[tokio::test]
async fn a_device_with_every_type_there_is_and_a_long_history_is_forgotten_whole() {
    let it = Fleet::start().await;
    let all: serde_json::Map<_, _> = (2001..=2200).map(|id| (id.to_string(), json!("1"))).collect();
    it.report("SN-1", all.into()).await;
    for version in 2..40 {
        it.report("SN-1", json!({"2105": version.to_string()})).await;
    }
    assert_eq!(it.device("SN-1").await["versions"].as_object().unwrap().len(), 200);
    it.forget("SN-1").await;
    assert_eq!(it.traces().await, [""; 0]);
    let audit = it.api.audit("acme").await;
    assert_eq!(audit.iter().filter(|row| row.action == "device.forgotten").count(), 1);
}

#[tokio::test]
async fn a_read_key_forgets_nothing() {
    let it = Fleet::start().await;
    it.report("SN-1", json!({"2105": "1"})).await;
    let before = it.api.dump().await;
    let refused = it.call_as(&it.acme.read, "DELETE", "/devices/SN-1", Value::Null).await;
    refused.expect_problem(403, "right_missing");
    assert_eq!(before.difference(&it.api.dump().await), [""; 0]);
}

#[tokio::test]
async fn a_device_that_an_update_has_failed_on_is_not_freed_of_that_by_a_write_key() {
    let it = Fleet::start().await;
    it.release("1.0", &["release"]).await;
    it.report("SN-1", json!({"2105": "0"})).await;
    let failed = json!({"type": 105, "versionNumber": "1", "state": "failed"});
    it.api.status("kettle", "SN-1", &failed).await.expect(204);
    let refused = it.call_as(&it.acme.write, "DELETE", "/devices/SN-1", Value::Null).await;
    refused.expect_problem(403, "right_missing");
    it.forget("SN-1").await;
    assert_eq!(it.traces().await, [""; 0]);
}

#[tokio::test]
async fn a_history_that_cannot_be_removed_is_shown_to_nobody_and_holds_nothing_up() {
    let it = Fleet::start().await;
    it.report("SN-1", json!({"2105": "1"})).await;
    // The SDK tries a call three times.
    it.api.wire.inject(Some("BatchWriteItem"), 0, 3, Fault::ServerError);
    it.forget("SN-1").await;
    assert_eq!(it.api.wire.clear(), 0);
    let [left] = &it.traces().await[..] else { panic!("{:?}", it.traces().await) };
    assert!(left.starts_with("DEV#kettle#SN-1 / EVT#"), "{left}");
    it.call("GET", "/devices/SN-1", Value::Null).await.expect_problem(404, "not_found");
}

#[tokio::test]
async fn what_breaks_off_in_between_leaves_a_device_that_can_be_forgotten_again() {
    let it = Fleet::start().await;
    let all: serde_json::Map<_, _> = (2001..=2100).map(|id| (id.to_string(), json!("1"))).collect();
    it.report("SN-1", all.into()).await;
    for fault in [Fault::Lost, Fault::ServerError] {
        it.api.wire.inject(Some("TransactWriteItems"), 1, 3, fault);
        let broken = it.call("DELETE", "/devices/SN-1", Value::Null).await;
        broken.expect_problem(503, "dependency_unavailable");
        it.api.wire.clear();
        let versions = it.device("SN-1").await["versions"].as_object().unwrap().len();
        assert!(versions > 0 && versions < 100, "{versions} {fault:?}");
    }
    it.forget("SN-1").await;
    assert_eq!(it.traces().await, [""; 0]);
}
