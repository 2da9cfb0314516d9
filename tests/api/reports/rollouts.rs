//! Rollouts, as devices meet them that say who they are.

use serde_json::json;

use crate::kettle::Kettle;

/// How many of so many devices are offered the image `number`.
async fn reached(it: &Kettle, number: &str) -> Vec<u32> {
    let mut all = Vec::new();
    for device in 0..60 {
        let offers = it.api.device_offers("kettle", &format!("SN-{device}"), &[(105, 0)]).await;
        if offers == [(105, number.to_owned())] {
            all.push(device);
        }
    }
    all
}

#[tokio::test]
async fn a_larger_share_only_adds_devices_and_the_rest_keep_what_is_everyones() {
    let it = Kettle::start().await;
    it.image_in("1.0", &["release"]).await;
    let record = it.image_in("2.0", &["release"]).await;
    it.set_rollout(&record, json!({"percent": 30})).await.expect(204);
    let some = reached(&it, "2").await;
    assert!((5..=32).contains(&some.len()), "{some:?}");
    assert_eq!(reached(&it, "1").await.len(), 60 - some.len());
    it.set_rollout(&record, json!({"percent": 70})).await.expect(204);
    let more = reached(&it, "2").await;
    assert!(more.len() > some.len() && some.iter().all(|device| more.contains(device)));
    it.set_rollout(&record, json!({"percent": 0, "allow": {"devices": ["SN-3"]}})).await.expect(204);
    assert_eq!(reached(&it, "2").await, [3]);
    let rollout = it.rollout(&record).await;
    assert_eq!(rollout["counts"]["offered"], u64::try_from(more.len()).unwrap().max(1), "{rollout}");
}

#[tokio::test]
async fn a_rollout_begins_when_it_says_and_keeps_its_hours() {
    let it = Kettle::start().await;
    let record = it.image_in("1.0", &["release"]).await;
    let now = it.api.server.clock().now();
    let hour = 3_600_000;
    it.set_rollout(&record, json!({"percent": 99.99, "startTimestamp": now.millis() + hour}))
        .await
        .expect(204);
    assert!(it.told(0).await.is_empty());
    it.api.server.clock().shift(hour + 1);
    assert_eq!(it.told(0).await, ["1"]);
    // The hour that has just begun is outside, the next one inside.
    let minute = (it.api.server.clock().now().seconds() / 60 + 61) % 1440;
    let time = |minute: i64| format!("{:02}:{:02}", minute % 1440 / 60, minute % 60);
    let window = json!({"from": time(minute), "to": time(minute + 60), "timeZone": "UTC"});
    it.set_rollout(&record, json!({"percent": 99.99, "window": window})).await.expect(204);
    assert!(it.told(0).await.is_empty());
    it.api.server.clock().shift(2 * hour - 20 * 60_000);
    assert_eq!(it.told(0).await, ["1"]);
}
