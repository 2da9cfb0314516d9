//! Floors: what is above one waits for it, whatever has become of it.

use serde_json::{Value, json};

use super::percent;
use crate::kettle::Kettle;

/// Three images in the release feed; the second is a floor.
async fn floored() -> (Kettle, [Value; 3]) {
    let it = Kettle::start().await;
    let mut records = Vec::new();
    for version in ["1", "2", "3"] {
        records.push(it.image_in(version, &["release"]).await);
    }
    it.set_rollout(&records[1], json!({"floor": true})).await.expect(204);
    assert_eq!(it.offered_to(0).await, ["2"]);
    (it, records.try_into().unwrap())
}

impl Kettle {
    /// `type/number code` of all that is explained to a device that runs nothing.
    async fn why_at_zero(&self) -> Vec<String> {
        let path = self.acme.path("/deviceTypes/kettle/explain");
        let body = json!({"attributes": {"2105": "0"}});
        let body = self.api.call("POST", &path, &self.acme.read, body).await.expect(200).json();
        let said = |image: &Value| {
            format!("{} {}", image["versionNumber"].as_str().unwrap(), image["code"].as_str().unwrap())
        };
        body["images"].as_array().unwrap().iter().map(said).collect()
    }
}

#[tokio::test]
async fn what_is_above_a_floor_waits_while_that_is_on_its_way_or_paused() {
    let (it, [_, floor, _]) = floored().await;
    it.set_rollout(&floor, percent(50)).await.expect(204);
    assert_eq!(it.rollout(&floor).await["floor"], true);
    assert_eq!(it.offered_to(0).await, [""; 0]);
    assert_eq!(it.offered_to(2).await, ["3"], "who has passed it goes on");
    assert_eq!(it.why_at_zero().await, ["1 superseded", "2 not_everyones", "3 floor"]);
    it.set_rollout(&floor, percent(100)).await.expect(204);
    it.post_rollout(&floor, "pause").await.expect(204);
    assert_eq!(it.offered_to(0).await, [""; 0]);
    assert_eq!(it.why_at_zero().await, ["1 superseded", "2 paused", "3 floor"]);
    it.post_rollout(&floor, "resume").await.expect(204);
    assert_eq!(it.offered_to(0).await, ["2"]);
}

#[tokio::test]
async fn a_floor_that_is_withdrawn_holds_what_is_above_it_until_it_is_none() {
    let (it, [_, floor, last]) = floored().await;
    it.api.device_offers("kettle", "d", &[(105, 0)]).await;
    it.post_rollout(&floor, "withdraw").await.expect(204);
    assert_eq!(it.offered_to(0).await, [""; 0]);
    assert_eq!(it.api.device_offers("kettle", "d", &[(105, 0)]).await, []);
    assert_eq!(it.why_at_zero().await, ["1 superseded", "2 withdrawn", "3 floor"]);
    it.remove(&floor, "release").await.expect_problem(409, "is_floor");
    for body in [percent(0), json!({"percent": 0, "floor": false}), json!({"floor": true}), json!({})] {
        it.set_rollout(&floor, body).await.expect_problem(409, "rollout_withdrawn");
    }
    for _ in 0..2 {
        it.set_rollout(&floor, json!({"floor": false})).await.expect(204);
    }
    assert_eq!(it.offered_to(0).await, ["3"]);
    assert_eq!(it.why_at_zero().await, ["1 superseded", "2 withdrawn", "3 eligible"]);
    it.remove(&floor, "release").await.expect(204);
    it.api.expect_whole("the floor is gone").await;
    assert_eq!(it.rollout(&last).await["state"], "released");
}

#[tokio::test]
async fn a_floor_is_not_taken_away_while_it_is_one() {
    let (it, [_, floor, _]) = floored().await;
    let everywhere = it.image_path(&floor);
    it.remove(&floor, "release").await.expect_problem(409, "is_floor");
    it.api.call("DELETE", &everywhere, &it.acme.release, Value::Null).await.expect_problem(409, "is_floor");
    assert_eq!(it.offered_to(0).await, ["2"]);
    it.set_rollout(&floor, json!({"floor": null})).await.expect(204);
    assert_eq!(it.offered_to(0).await, ["3"]);
    it.remove(&floor, "release").await.expect(204);
}
