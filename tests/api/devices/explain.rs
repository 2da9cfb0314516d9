//! Why a device is or is not offered each image: now, if it were another, and at a moment that has gone by.

use aws_sdk_dynamodb::types::AttributeValue;
use serde_json::{Value, json};

use super::Fleet;
use crate::kettle::Kettle;

impl Kettle {
    async fn explained(&self, device: &str, query: &str) -> Value {
        let path = self.acme.path(&format!("/deviceTypes/kettle/devices/{device}/explain{query}"));
        self.api.get(&path, &self.acme.read).await.expect(200).json()
    }

    async fn dry_run(&self, body: Value) -> Value {
        let path = self.acme.path("/deviceTypes/kettle/explain");
        self.api.call("POST", &path, &self.acme.read, body).await.expect(200).json()
    }
}

/// The rows of an explanation as `feed number code`.
fn codes(explanation: &Value) -> Vec<String> {
    let rows = explanation["images"].as_array().unwrap().iter();
    rows.map(|row| {
        let [feed, number, code] = ["feed", "versionNumber", "code"].map(|name| row[name].as_str().unwrap());
        assert_eq!(row["included"], code == "eligible");
        assert!(!row["reason"].as_str().unwrap().is_empty());
        format!("{feed} {number} {code}")
    })
    .collect()
}

#[tokio::test]
async fn every_associated_image_has_a_row_and_what_is_included_is_what_is_offered() {
    let it = Kettle::start().await;
    it.image_in("1.0", &["release", "beta"]).await;
    let second = it.image_in("2.0", &["release"]).await;
    it.image_in("3.0", &["beta"]).await;
    it.api.device_offers("kettle", "SN-1", &[(105, 0)]).await;
    let found = it.explained("SN-1", "").await;
    let rows = ["release 1 superseded", "release 2 eligible", "beta 1 other_feed", "beta 3 other_feed"];
    assert_eq!(codes(&found), rows);
    assert_eq!((&found["feed"], &found["versions"]), (&json!("release"), &json!({"2105": "0"})));
    it.post_rollout(&second, "pause").await.expect(204);
    assert_eq!(codes(&it.explained("SN-1", "").await)[..2], ["release 1 superseded", "release 2 paused"]);
    it.post_rollout(&second, "resume").await.expect(204);
    it.set_rollout(&second, json!({"percent": 0})).await.expect(204);
    assert_eq!(
        codes(&it.explained("SN-1", "").await)[..2],
        ["release 1 eligible", "release 2 not_in_cohort"]
    );
    it.post_rollout(&second, "withdraw").await.expect(204);
    assert_eq!(codes(&it.explained("SN-1", "").await)[..2], ["release 1 eligible", "release 2 withdrawn"]);
}

#[tokio::test]
async fn a_device_that_could_be_is_told_what_it_would_get_and_nothing_is_written() {
    let it = Kettle::start().await;
    it.image_in("1.0", &["release"]).await;
    let second = it.image_in("2.0", &["release"]).await;
    it.set_rollout(&second, json!({"percent": 0, "allow": {"devices": ["SN-9"]}})).await.expect(204);
    let before = it.api.dump().await;
    let rows = |found: &Value| codes(found);
    let stranger = it.dry_run(json!({"attributes": {"2105": 0}})).await;
    assert_eq!(rows(&stranger), ["release 1 eligible", "release 2 not_everyones"]);
    let named = it.dry_run(json!({"attributes": {"2105": 0}, "deviceId": "SN-9"})).await;
    assert_eq!(rows(&named), ["release 1 superseded", "release 2 eligible"]);
    assert_eq!(named["known"], false);
    let silent = it.dry_run(json!({})).await;
    assert_eq!(rows(&silent), ["release 1 not_reported", "release 2 not_reported"]);
    let elsewhere = it.dry_run(json!({"attributes": {"2105": 0}, "feed": "beta"})).await;
    assert_eq!(rows(&elsewhere), ["release 1 other_feed", "release 2 other_feed"]);
    assert_eq!(it.api.dump().await.difference(&before), [""; 0]);
}

#[tokio::test]
async fn the_future_of_a_rollout_can_be_asked_about() {
    let it = Kettle::start().await;
    let record = it.image_in("1.0", &["release"]).await;
    let later = it.api.server.clock().now().millis() + 3_600_000;
    it.set_rollout(&record, json!({"percent": 100, "startTimestamp": later})).await.expect(204);
    let ask = async |at: i64| {
        let body = json!({"attributes": {"2105": 0}, "deviceId": "SN-1", "at": at});
        codes(&it.dry_run(body).await)
    };
    assert_eq!(ask(later - 1).await, ["release 1 not_started"]);
    assert_eq!(ask(later).await, ["release 1 eligible"]);
}

#[tokio::test]
async fn the_decision_for_a_device_at_a_past_moment_is_told_again() {
    let it = Kettle::start().await;
    let first = it.image_in("1.0", &["release"]).await;
    let mut moments = Vec::new();
    let mut mark = async |it: &Kettle| {
        it.api.server.clock().shift(1000);
        moments.push(it.api.server.clock().now().millis());
        it.api.server.clock().shift(1000);
    };
    it.api.device_offers("kettle", "SN-1", &[(105, 0)]).await;
    mark(&it).await;
    let second = it.image_in("2.0", &["release"]).await;
    it.api.device_offers("kettle", "SN-1", &[(105, 1)]).await;
    mark(&it).await;
    it.post_rollout(&second, "pause").await.expect(204);
    mark(&it).await;
    it.remove(&second, "release").await.expect(204);
    it.post_rollout(&first, "withdraw").await.expect(204);
    it.api.device_offers("kettle", "SN-1", &[(105, 2)]).await;
    let mut told = Vec::new();
    for at in &moments {
        told.push(codes(&it.explained("SN-1", &format!("?at={at}")).await));
    }
    let expected = [
        vec!["release 1 eligible"],
        vec!["release 1 up_to_date", "release 2 eligible"],
        vec!["release 1 up_to_date", "release 2 paused"],
    ];
    assert_eq!(told, expected);
    assert_eq!(codes(&it.explained("SN-1", "").await), ["release 1 up_to_date"]);
}

#[tokio::test]
async fn what_is_not_there_or_not_yours_is_not_explained() {
    let it = Kettle::start().await;
    let other = it.api.tenant("other").await;
    it.api.device_offers("kettle", "SN-1", &[(105, 0)]).await;
    let path = it.acme.path("/deviceTypes/kettle/devices/SN-2/explain");
    it.api.get(&path, &it.acme.read).await.expect_problem(404, "not_found");
    let theirs = other.path("/deviceTypes/kettle/devices/SN-1/explain");
    it.api.get(&theirs, &other.read).await.expect_problem(404, "not_found");
    let path = it.acme.path("/deviceTypes/kettle/devices/SN-1/explain?at=yesterday");
    it.api.get(&path, &it.acme.read).await.expect_problem(400, "invalid_parameter");
    let path = it.acme.path("/deviceTypes/kettle/explain");
    for body in
        [json!({"feed": "nowhere"}), json!({"at": "x"}), json!({"at": 1}), json!({"attributes": {"1": 1}})]
    {
        it.api.call("POST", &path, &it.acme.read, body).await.expect_problem(422, "invalid_field");
    }
}

#[tokio::test]
async fn what_was_pushed_is_explained_as_the_check_sees_it() {
    let it = Kettle::start().await;
    let first = it.image_in("1.0", &["release"]).await;
    it.image_in("2.0", &["release"]).await;
    it.api.device_offers("kettle", "SN-1", &[(105, 0)]).await;
    let push = format!("{}/{}/push", it.images(), first["id"].as_str().unwrap());
    it.api.call("PUT", &push, &it.acme.release, json!({"value": "SN-1"})).await.expect(202);
    let codes_now = async || codes(&it.explained("SN-1", "").await);
    assert_eq!(codes_now().await, ["release 1 eligible", "release 2 pushed_other"]);
    it.post_rollout(&first, "pause").await.expect(204);
    assert_eq!(codes_now().await, ["release 1 paused", "release 2 eligible"]);
    it.post_rollout(&first, "withdraw").await.expect(204);
    assert_eq!(codes_now().await, ["release 1 withdrawn", "release 2 eligible"]);
}

#[tokio::test]
async fn who_failed_is_told_until_when_it_is_left_alone_now_and_afterwards() {
    let it = Kettle::start().await;
    it.image_in("1.0", &["release"]).await;
    it.api.device_offers("kettle", "SN-1", &[(105, 0)]).await;
    let failed = json!({"type": 105, "versionNumber": 1, "state": "failed", "code": "no_space"});
    it.api.status("kettle", "SN-1", &failed).await.expect(204);
    it.api.server.clock().shift(60_000);
    let then = it.api.server.clock().now().millis();
    let told = it.explained("SN-1", "").await;
    assert_eq!(codes(&told), ["release 1 backing_off"]);
    assert!(told["images"][0]["reason"].as_str().unwrap().contains("is offered again at 20"), "{told}");
    it.api.server.clock().shift(2 * 3_600_000);
    assert_eq!(codes(&it.explained("SN-1", "").await), ["release 1 eligible"]);
    it.api.device_offers("kettle", "SN-1", &[(105, 1)]).await;
    assert_eq!(codes(&it.explained("SN-1", &format!("?at={then}")).await), ["release 1 backing_off"]);
}

#[tokio::test]
async fn what_did_not_start_was_withheld_at_every_moment_since() {
    let it = Kettle::start().await;
    it.image_in("1.0", &["release"]).await;
    it.api.device_offers("kettle", "SN-1", &[(105, 0)]).await;
    let failed = json!({"type": 105, "versionNumber": 1, "state": "failed", "code": "boot_failed"});
    it.api.status("kettle", "SN-1", &failed).await.expect(204);
    it.api.server.clock().shift(2 * 3_600_000);
    let then = it.api.server.clock().now().millis();
    assert_eq!(codes(&it.explained("SN-1", "").await), ["release 1 withheld"]);
    it.api.server.clock().shift(1000);
    assert_eq!(codes(&it.explained("SN-1", &format!("?at={then}")).await), ["release 1 withheld"]);
}

#[tokio::test]
async fn an_offer_of_one_image_does_not_free_another_that_is_withheld() {
    let it = Fleet::start().await;
    it.release("1.0", &["release"]).await;
    let second = it.api.image(&it.acme, 105, "2.0", b"2.0").await;
    it.withhold("SN-1").await;
    it.api.associate(&it.acme, "kettle", &second, "release").await.expect(201);
    it.report("SN-1", json!({"2105": "0"})).await;
    let path = it.acme.path("/deviceTypes/kettle/devices/SN-1/explain");
    let explained =
        async |query: &str| it.api.get(&format!("{path}{query}"), &it.acme.read).await.expect(200).json();
    let withdraw = "/firmwareImages/types/105/versionNumbers/2/rollout/withdraw";
    it.call("POST", withdraw, Value::Null).await.expect(204);
    let now = explained("").await;
    assert_eq!(codes(&now), ["release 1 withheld", "release 2 withdrawn"]);
    it.api.server.clock().shift(1000);
    let then = it.api.server.clock().now().millis();
    it.api.server.clock().shift(1000);
    assert_eq!(codes(&explained(&format!("?at={then}")).await), codes(&now));
}

#[tokio::test]
async fn a_device_whose_feed_has_been_deleted_is_explained_all_the_same() {
    let it = Kettle::start().await;
    it.create_feed("lab").await;
    let image = it.image_in("1.0", &["lab"]).await;
    let asks = async || {
        let body = json!({"attributes": {"2105": "0"}, "feed": "lab"});
        it.api.attributes("kettle", "SN-1", &body).await
    };
    asks().await.expect(200);
    it.api.server.clock().shift(1000);
    let then = it.api.server.clock().now().millis();
    it.api.server.clock().shift(1000);
    assert_eq!(it.explained("SN-1", "").await["feedGone"], Value::Null);
    it.remove(&image, "lab").await.expect(204);
    it.image_in("2.0", &["release"]).await;
    it.api.call("DELETE", &it.acme.path("/feeds/lab"), &it.acme.release, Value::Null).await.expect(204);
    asks().await.expect_problem(404, "not_found");
    let now = it.explained("SN-1", "").await;
    assert_eq!((&now["feed"], &now["feedGone"]), (&json!("lab"), &json!(true)));
    assert_eq!(codes(&now), ["release 2 other_feed"]);
    let past = it.explained("SN-1", &format!("?at={then}")).await;
    assert_eq!((&past["feed"], &past["feedGone"]), (&json!("lab"), &json!(true)));
    assert_eq!(codes(&past), ["lab 1 eligible"]);
    let path = it.acme.path("/deviceTypes/kettle/explain");
    let named = json!({"deviceId": "SN-1", "feed": "lab"});
    it.api.call("POST", &path, &it.acme.read, named).await.expect_problem(422, "invalid_field");
}

#[tokio::test]
async fn a_device_is_not_known_before_its_first_report_nor_what_was_made_of_it_since() {
    let it = Fleet::start().await;
    it.release("1.0", &["release"]).await;
    it.api.server.clock().shift(1000);
    let before = it.api.server.clock().now().millis();
    it.api.server.clock().shift(1000);
    it.report("SN-1", json!({"2105": "0"})).await;
    it.call("PATCH", "/devices/SN-1", json!({"feed": "beta", "blocked": true})).await.expect(204);
    let explained = async |body: Value| it.call("POST", "/explain", body).await.expect(200).json();
    let now = explained(json!({"deviceId": "SN-1"})).await;
    assert_eq!((&now["known"], &now["feed"]), (&json!(true), &json!("beta")));
    let then = explained(json!({"deviceId": "SN-1", "at": before, "attributes": {"2105": "0"}})).await;
    assert_eq!((&then["known"], &then["feed"]), (&json!(false), &json!("release")));
    assert_eq!(codes(&then), ["release 1 eligible"], "it was not blocked then");
}

#[tokio::test]
async fn a_past_answer_names_what_it_tells_as_of_now_unless_nothing_has_changed_since() {
    let it = Fleet::start().await;
    it.release("1.0", &["release"]).await;
    it.release("2.0", &["release"]).await;
    it.report("SN-1", json!({"2105": "0"})).await;
    let moment = || {
        it.api.server.clock().shift(1000);
        let now = it.api.server.clock().now().millis();
        it.api.server.clock().shift(1000);
        now
    };
    let told = async |at: i64| {
        let found = it.call("GET", &format!("/devices/SN-1/explain?at={at}"), Value::Null).await;
        let found = found.expect(200).json();
        (found["asOfNow"].clone(), codes(&found)[0].clone())
    };
    let (free, all) = (moment(), json!(["blocked", "pushes", "tags"]));
    assert_eq!(told(free).await, (Value::Null, "release 1 superseded".to_owned()));
    let first = it.call("GET", "/firmwareImages/types/105/versionNumbers/1", Value::Null).await;
    let push = format!("/firmwareImages/{}/push", first.expect(200).json()["id"].as_str().unwrap());
    it.call("PUT", &push, json!({"value": "SN-1"})).await.expect(202);
    let pushed = moment();
    assert_eq!(told(free).await, (all.clone(), "release 1 superseded".to_owned()), "not pushed yet");
    assert_eq!(told(pushed).await, (Value::Null, "release 1 eligible".to_owned()));
    it.call("PATCH", "/devices/SN-1", json!({"blocked": true})).await.expect(204);
    assert_eq!(told(pushed).await.0, all);
    let now = it.call("GET", "/devices/SN-1/explain", Value::Null).await.expect(200).json();
    assert_eq!(now["asOfNow"], Value::Null);
    it.call("PATCH", "/devices/SN-1", json!({"feed": "beta"})).await.expect(204);
    let put = moment();
    let path = format!("/devices/SN-1/explain?at={put}");
    let found = it.call("GET", &path, Value::Null).await.expect(200).json();
    assert_eq!(
        (&found["feed"], &found["asOfNow"]),
        (&json!("beta"), &Value::Null),
        "it was put there by then"
    );
}

#[tokio::test]
async fn a_device_that_is_turned_away_for_today_is_told_to_be_whatever_is_eligible() {
    let it = Kettle::start().await;
    it.api.device_offers("kettle", "SN-1", &[(105, 0)]).await;
    it.image_in("1.0", &["release"]).await;
    assert_eq!(it.explained("SN-1", "").await["tooManyReports"], Value::Null);
    let most = Some(AttributeValue::N("200".to_owned()));
    it.api.alter("DEV#kettle#SN-1", "META", "changes", most).await;
    let body = json!({"attributes": {"2105": "0"}});
    it.api.attributes("kettle", "SN-1", &body).await.expect_problem(429, "too_many_reports");
    let now = it.explained("SN-1", "").await;
    assert_eq!((&now["tooManyReports"], codes(&now)), (&json!(true), vec!["release 1 eligible".to_owned()]));
    let tomorrow = it.api.server.clock().now().millis() + 86_400_000;
    assert_eq!(it.explained("SN-1", &format!("?at={tomorrow}")).await["tooManyReports"], Value::Null);
}
