//! What must be approved, of each function that would do it.

use serde_json::{Value, json};
use shared::domain::progress::MOST_OFFERS;

use super::drive::Drive;

/// Proposes a push to a device that something is withheld from, and an association at registration; approves both, and lets
/// the feed ask for nothing again.
pub async fn run(drive: &Drive) {
    let Drive { api, acme, .. } = drive;
    api.create_device_type(acme, "oven-2").await;
    let hub = api.image(acme, 5, "never run", b"never run").await;
    api.associate(acme, "oven-2", &hub, "release").await.expect(201);
    let poll = i64::from(api.server.app().config.poll_seconds) * 1000;
    for _ in 0..MOST_OFFERS {
        api.device_offers("oven-2", "O-1", &[(5, 0)]).await;
        api.server.clock().shift(poll);
    }
    api.server.clock().shift(-poll * i64::from(MOST_OFFERS));
    drive.call("PUT", "/feeds/release", json!({"approvals": true})).await.expect(204);
    let id = hub["id"].as_str().unwrap();
    let push = format!("/deviceTypes/oven-2/firmwareImages/{id}/push");
    drive.call("PUT", &push, json!({"value": "O-1"})).await.expect(202);
    drive.intended(5, b"intended and approved").await.expect(204);
    drive.call("PUT", "/feeds/release", json!({"approvals": false})).await.expect(202);
    let second = api.server.partner_key("acme", "release").await.unwrap();
    let waiting = drive.call("GET", "/approvals?state=pending", Value::Null).await.expect(200).json();
    let mut approved = 0;
    for each in waiting["approvals"].as_array().unwrap() {
        let path = acme.path(&format!("/approvals/{}/approve", each["id"].as_str().unwrap()));
        approved += usize::from(api.call("POST", &path, &second, Value::Null).await.status == 204);
    }
    assert!(approved >= 3, "{waiting}");
}
