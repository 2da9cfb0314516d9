//! How many known devices would be offered an image.

use serde_json::{Value, json};
use tests::ipk::Ipk;

use crate::kettle::Kettle;

/// A kettle with devices: 3 run 105/0, 1 runs 105/1, which nobody has made yet, one is silent on it, and one is on beta.
async fn fleet() -> Kettle {
    fleet_of(Kettle::start().await).await
}

async fn fleet_of(it: Kettle) -> Kettle {
    for (device, body) in [
        ("SN-1", json!({"attributes": {"2105": "0"}})),
        ("SN-2", json!({"attributes": {"2105": "0"}})),
        ("SN-3", json!({"attributes": {"2105": "0"}})),
        ("SN-4", json!({"attributes": {"2105": "1"}})),
        ("SN-5", json!({"attributes": {"2003": "1"}})),
        ("SN-6", json!({"feed": "beta", "attributes": {"2105": "0"}})),
    ] {
        it.api.attributes("kettle", device, &body).await.expect(200);
    }
    it
}

impl Kettle {
    async fn reach(&self, record: &Value, query: &str) -> Value {
        let path = format!("{}/reach{query}", self.image_path(record));
        self.api.get(&path, &self.acme.read).await.expect(200).json()
    }
}

/// Now, released, and whether that is exact.
fn told(reach: &Value) -> (u64, u64, bool) {
    let [now, released] = ["now", "released"].map(|name| reach[name].as_u64().unwrap());
    (now, released, reach["exact"].as_bool().unwrap())
}

#[tokio::test]
async fn reach_is_known_before_anything_is_released_and_nothing_is_written_for_it() {
    let it = Kettle::start().await;
    let record = it.image("1.0").await;
    let it = fleet_of(it).await;
    let before = it.api.dump().await;
    let reach = it.reach(&record, "").await;
    assert_eq!(before.difference(&it.api.dump().await), [""; 0]);
    assert_eq!((told(&reach), &reach["associated"]), ((0, 3, true), &json!(false)));
    assert_eq!(reach["devices"], json!({"known": 6, "reporting": 4, "others": 2}));
    let group = |at: usize, name: &str| reach["versions"][at][name].clone();
    assert_eq!([group(0, "versionNumber"), group(1, "versionNumber")], ["0", "1"]);
    assert_eq!([group(0, "devices"), group(0, "released"), group(1, "released")], [3, 3, 0]);
    assert_eq!(group(1, "code"), "up_to_date");
    assert_eq!(told(&it.reach(&record, "?feed=beta").await), (0, 1, true));
}

#[tokio::test]
async fn reach_follows_what_devices_run_and_how_an_image_is_given_out() {
    let it = Kettle::start().await;
    let record = it.image("1.0").await;
    let it = fleet_of(it).await;
    it.api.associate(&it.acme, "kettle", &record, "release").await.expect(201);
    assert_eq!(told(&it.reach(&record, "").await), (3, 3, true));
    it.set_rollout(&record, json!({"percent": 50})).await.expect(204);
    let half = it.reach(&record, "").await;
    assert_eq!((told(&half), &half["inexact"]), ((2, 3, false), &json!(["share"])));
    it.post_rollout(&record, "pause").await.expect(204);
    assert_eq!(told(&it.reach(&record, "").await), (0, 3, true));
    it.post_rollout(&record, "resume").await.expect(204);
    it.set_rollout(&record, json!({"percent": 100})).await.expect(204);
    it.api.attributes("kettle", "SN-1", &json!({"attributes": {"2105": "1"}})).await.expect(200);
    assert_eq!(told(&it.reach(&record, "").await), (2, 2, true));
    let path = it.acme.path("/deviceTypes/kettle/devices/SN-2");
    it.api.call("DELETE", &path, &it.acme.release, Value::Null).await.expect(204);
    assert_eq!(told(&it.reach(&record, "").await), (1, 1, true));
    let stop = it.acme.path("/deviceTypes/kettle/stop");
    it.api.call("POST", &stop, &it.acme.release, Value::Null).await.expect(204);
    assert_eq!(told(&it.reach(&record, "").await), (0, 1, true));
    it.api.call("DELETE", &stop, &it.acme.release, Value::Null).await.expect(204);
    it.post_rollout(&record, "withdraw").await.expect(204);
    assert_eq!(told(&it.reach(&record, "").await), (0, 0, true));
}

#[tokio::test]
async fn devices_that_report_what_nobody_has_made_are_told_apart() {
    let it = fleet().await;
    let record = it.image_in("1.0", &["release"]).await;
    let reach = it.reach(&record, "").await;
    assert_eq!((told(&reach), &reach["inexact"]), ((3, 3, false), &json!(["never_given_out"])));
    assert_eq!(
        (&reach["versions"][1]["versionNumber"], &reach["versions"][1]["devices"]),
        (&json!(null), &json!(1))
    );
    it.api.attributes("kettle", "SN-4", &json!({"attributes": {"2105": "0"}})).await.expect(200);
    assert_eq!(told(&it.reach(&record, "").await), (4, 4, true));
}

#[tokio::test]
async fn reach_follows_a_device_that_is_put_on_another_feed_before_it_asks_again() {
    let it = Kettle::start().await;
    let record = it.image("1.0").await;
    let it = fleet_of(it).await;
    let path = it.acme.path("/deviceTypes/kettle/devices/SN-1");
    it.api.call("PATCH", &path, &it.acme.release, json!({"feed": "beta"})).await.expect(204);
    assert_eq!(told(&it.reach(&record, "?feed=beta").await), (0, 2, true));
    assert_eq!(told(&it.reach(&record, "").await), (0, 2, true));
    it.api.attributes("kettle", "SN-1", &json!({"attributes": {"2105": "0"}})).await.expect(200);
    assert_eq!(told(&it.reach(&record, "?feed=beta").await), (0, 2, true));
    it.api.expect_whole("moved").await;
}

#[tokio::test]
async fn reach_is_an_estimate_once_devices_have_failed_with_the_image() {
    let it = fleet_of(Kettle::start().await).await;
    let record = it.image_in("1.0", &["release"]).await;
    it.api.device_offers("kettle", "SN-1", &[(105, 0)]).await;
    let failed = json!({"type": 105, "versionNumber": "1", "state": "failed", "code": "no_space"});
    it.api.status("kettle", "SN-1", &failed).await.expect(204);
    assert!(it.reach(&record, "").await["inexact"].as_array().unwrap().contains(&json!("failed")));
}

#[tokio::test]
async fn a_packages_reach_is_not_known() {
    let it = fleet().await;
    let record = it.api.image(&it.acme, 105, "mail", &Ipk::new("mail", "1").build()).await;
    let reach = it.reach(&record, "").await;
    assert_eq!((&reach["exact"], &reach["inexact"]), (&json!(false), &json!(["package"])));
    assert!(reach["now"].is_null() && reach["released"].is_null());
}

#[tokio::test]
async fn what_is_not_there_or_not_yours_reaches_nobody() {
    let it = fleet().await;
    let record = it.image_in("1.0", &["release"]).await;
    let other = it.api.tenant("other").await;
    let mut missing = record.clone();
    missing["versionNumber"] = "99".into();
    for path in [
        format!("{}/reach", it.image_path(&missing)),
        format!("{}/reach?feed=nowhere", it.image_path(&record)),
    ] {
        it.api.get(&path, &it.acme.read).await.expect_problem(404, "not_found");
    }
    let theirs = other.path("/deviceTypes/kettle/firmwareImages/types/105/versionNumbers/1/reach");
    it.api.get(&theirs, &other.read).await.expect_problem(404, "not_found");
    let path = format!("{}/reach?feed=A", it.image_path(&record));
    it.api.get(&path, &it.acme.read).await.expect_problem(400, "invalid_parameter");
}
