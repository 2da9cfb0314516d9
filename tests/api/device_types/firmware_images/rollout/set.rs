//! `PUT` and `GET`.

use serde_json::{Value, json};

use super::percent;
use crate::kettle::{Kettle, pointers, snapshot};

/// 2030-01-01T00:00:00Z.
const LATER: i64 = 1_893_456_000_000;

#[tokio::test]
async fn an_associated_image_is_everyones_if_nothing_else_is_asked_for() {
    let it = Kettle::start().await;
    let record = it.image_in("1.0", &["release"]).await;
    snapshot!(it.rollout(&record).await);
}

#[tokio::test]
async fn all_that_can_be_asked_for_is_answered_as_it_was_asked() {
    let it = Kettle::start().await;
    it.image_in("1.0", &["release"]).await;
    let record = it.image_in("2.0", &["release"]).await;
    let body = json!({
        "percent": 2.5,
        "startTimestamp": LATER,
        "steps": [
            {"atTimestamp": LATER + 86_400_000, "percent": 25},
            {"atTimestamp": LATER + 172_800_000, "percent": 100},
        ],
        "window": {"from": "22:30", "to": "05:00", "timeZone": "Europe/Berlin"},
        "allow": {"devices": ["SN-1"], "tags": ["lab"]},
        "autoPause": {"failurePercent": 2, "minReports": 50},
        "requires": [{"type": 105, "minVersionNumber": "1"}],
        "bundle": {"name": "radio", "types": [3, 105]},
        "floor": true,
    });
    it.set_rollout(&record, body.clone()).await.expect(204);
    let answer = it.rollout(&record).await;
    for (name, value) in body.as_object().unwrap() {
        assert_eq!(answer[name], *value, "{name}");
    }
    snapshot!(answer);
}

#[tokio::test]
async fn a_part_of_a_fleet_is_not_what_everyone_gets() {
    let it = Kettle::start().await;
    let first = it.image_in("1.0", &["release"]).await;
    let second = it.image_in("2.0", &["release"]).await;
    assert_eq!(it.offered_to(0).await, ["2"]);
    it.set_rollout(&second, percent(50)).await.expect(204);
    assert_eq!(it.offered_to(0).await, ["1"], "a check that does not say who asks gets what is everyone's");
    it.set_rollout(&second, percent(100)).await.expect(204);
    assert_eq!(it.offered_to(0).await, ["2"]);
    assert_eq!(it.rollout(&second).await["state"], "released");
    assert_eq!(it.rollout(&first).await["state"], "released");
}

#[tokio::test]
async fn an_image_may_begin_as_a_rollout_where_it_is_associated_or_promoted() {
    let it = Kettle::start().await;
    let record = it.image("1.0").await;
    let mut body = record.clone();
    (body["feed"], body["rollout"]) = ("beta".into(), json!({"percent": 0, "floor": true}));
    it.api.call("POST", &it.images(), &it.acme.write, body).await.expect(201);
    assert!(it.api.offers("kettle", "feed=beta&2105=0").await.is_empty());
    let path = format!("{}/promote", it.image_path(&record));
    let body = json!({"from": "beta", "to": "release", "rollout": {"percent": 10}});
    it.api.call("POST", &path, &it.acme.release, body).await.expect(201);
    assert!(it.offered_to(0).await.is_empty());
    let rollout = it.rollout(&record).await;
    assert_eq!((&rollout["percent"], &rollout["floor"]), (&json!(10), &json!(true)), "{rollout}");
}

#[tokio::test]
async fn what_is_promoted_is_everyones_there_and_takes_its_needs_along() {
    let it = Kettle::start().await;
    let record = it.image_in("1.0", &["beta"]).await;
    let path = it.rollout_path(&record, "", "beta");
    let body = json!({"percent": 1, "floor": true, "requires": [{"type": 3, "minVersionNumber": 7}]});
    it.api.call("PUT", &path, &it.acme.release, body).await.expect(204);
    it.promote(&record, &it.acme.release, "beta", "release").await.expect(201);
    let rollout = it.rollout(&record).await;
    assert_eq!((&rollout["state"], &rollout["percent"]), (&json!("released"), &json!(100)));
    assert_eq!(rollout["requires"], json!([{"type": 3, "minVersionNumber": "7"}]));
    assert_eq!(rollout["floor"], true);
}

#[tokio::test]
async fn every_fault_of_a_body_is_told_and_nothing_changes() {
    let it = Kettle::start().await;
    let record = it.image_in("1.0", &["release"]).await;
    let before = it.rollout(&record).await;
    for (body, expected) in [
        (
            json!({"percent": 101, "startTimestamp": "x", "ratePerHour": 0}),
            vec!["/percent", "/startTimestamp", "/ratePerHour"],
        ),
        (json!({"percent": 1.234}), vec!["/percent"]),
        (json!({"percent": "5"}), vec!["/percent"]),
        (json!({"percent": 5, "steps": [{"atTimestamp": 1, "percent": 50}]}), vec!["/steps"]),
        (json!({"percent": 5, "steps": [{"atTimestamp": LATER, "percent": 5}]}), vec!["/steps"]),
        (json!({"percent": 5, "steps": [{"percent": 50}, 7]}), vec!["/steps/0", "/steps/1"]),
        (
            json!({"percent": 5, "window": {"from": "24:00", "to": "05:00", "timeZone": "UTC"}}),
            vec!["/window"],
        ),
        (
            json!({"percent": 5, "window": {"from": "05:00", "to": "05:00", "timeZone": "UTC"}}),
            vec!["/window"],
        ),
        (
            json!({"percent": 5, "window": {"from": "22:00", "to": "05:00", "timeZone": "Mars"}}),
            vec!["/window/timeZone"],
        ),
        (json!({"percent": 5, "allow": {"devices": ["a b"]}}), vec!["/allow"]),
        (json!({"percent": 5, "autoPause": {"failurePercent": 100, "minReports": 1}}), vec!["/autoPause"]),
        (json!({"percent": 5, "autoPause": {"failurePercent": 5}}), vec!["/autoPause"]),
        (json!({"percent": 5, "requires": [{"type": 0, "minVersionNumber": 1}]}), vec!["/requires/0"]),
        (json!({"percent": 5, "bundle": "radio", "floor": 1}), vec!["/bundle", "/floor"]),
    ] {
        let refused = it.set_rollout(&record, body.clone()).await.expect_problem(422, "invalid_field");
        assert_eq!(pointers(&refused), expected, "{body}");
    }
    let mut body = record.clone();
    (body["feed"], body["rollout"]) = ("beta".into(), json!({"percent": 101, "floor": 7}));
    let refused = it.api.call("POST", &it.images(), &it.acme.release, body).await;
    assert_eq!(
        pointers(&refused.expect_problem(422, "invalid_field")),
        ["/rollout/percent", "/rollout/floor"]
    );
    for body in [json!({}), json!({"percent": null, "floor": true})] {
        let mut forgotten = record.clone();
        (forgotten["feed"], forgotten["rollout"]) = ("beta".into(), body);
        let refused = it.api.call("POST", &it.images(), &it.acme.release, forgotten).await;
        assert_eq!(pointers(&refused.expect_problem(422, "invalid_field")), ["/rollout/percent"]);
    }
    assert_eq!(it.rollout(&record).await, before);
}

#[tokio::test]
async fn what_is_left_out_stays_and_null_takes_it_away() {
    let it = Kettle::start().await;
    let record = it.image_in("1.0", &["release"]).await;
    let all = json!({
        "percent": 2.5,
        "startTimestamp": LATER,
        "steps": [{"atTimestamp": LATER + 86_400_000, "percent": 25}],
        "window": {"from": "22:30", "to": "05:00", "timeZone": "Europe/Berlin"},
        "allow": {"devices": ["SN-1"]},
        "autoPause": {"failurePercent": 2, "minReports": 50},
        "requires": [{"type": 3, "minVersionNumber": "1"}],
        "bundle": {"name": "radio", "types": [3, 105]},
        "floor": true,
    });
    it.set_rollout(&record, all.clone()).await.expect(204);
    let asked = it.rollout(&record).await;
    let before = it.api.dump().await;
    for body in [json!({}), all.clone(), json!({"percent": 2.5, "floor": true}), json!({"percent": null})] {
        it.set_rollout(&record, body).await.expect(204);
    }
    assert_eq!(before.difference(&it.api.dump().await), [""; 0], "a repetition writes nothing");
    it.set_rollout(&record, json!({"percent": 5})).await.expect(204);
    let mut raised = asked.clone();
    raised["percent"] = 5.into();
    assert_eq!(it.rollout(&record).await, raised);
    for name in ["allow", "autoPause", "requires", "bundle", "floor", "window", "steps"] {
        it.set_rollout(&record, json!({name: null})).await.expect(204);
    }
    let left = it.rollout(&record).await;
    assert_eq!((&left["percent"], &left["startTimestamp"]), (&json!(5), &json!(LATER)));
    assert_eq!((&left["requires"], &left["floor"]), (&json!([]), &json!(false)));
    for name in ["allow", "autoPause", "bundle", "window", "steps"] {
        assert_eq!(left[name], Value::Null, "{name}");
    }
    it.set_rollout(&record, json!({"percent": 100, "startTimestamp": null})).await.expect(204);
    assert_eq!(it.rollout(&record).await["state"], "released");
}

#[tokio::test]
async fn a_rollout_with_a_rate_that_is_asked_for_again_goes_on_as_it_was() {
    let it = Kettle::start().await;
    let record = it.image_in("1.0", &["release"]).await;
    for device in ["a", "b", "c", "d"] {
        it.api.device_offers("kettle", device, &[(105, 1)]).await;
    }
    let slow = json!({"percent": 100, "ratePerHour": 1});
    it.set_rollout(&record, slow.clone()).await.expect(204);
    it.api.server.clock().shift(1_800_000);
    let before = it.api.dump().await;
    it.set_rollout(&record, slow).await.expect(204);
    assert_eq!(before.difference(&it.api.dump().await), [""; 0]);
}

#[tokio::test]
async fn only_what_is_in_the_feed_has_a_rollout_there() {
    let it = Kettle::start().await;
    let other = it.api.tenant("other").await;
    let record = it.image_in("1.0", &["beta"]).await;
    let alone = it.image("2.0").await;
    for (record, feed) in [(&record, "release"), (&record, "nowhere"), (&alone, "beta")] {
        let path = it.rollout_path(record, "", feed);
        it.api.get(&path, &it.acme.read).await.expect_problem(404, "not_found");
        for what in ["/pause", "/resume", "/withdraw"] {
            let path = it.rollout_path(record, what, feed);
            let answer = it.api.call("POST", &path, &it.acme.release, Value::Null).await;
            answer.expect_problem(404, "not_found");
        }
        it.api.call("PUT", &path, &it.acme.release, percent(5)).await.expect_problem(404, "not_found");
    }
    let theirs = it.rollout_path(&record, "", "beta");
    it.api.call("PUT", &theirs, &other.release, percent(5)).await.expect_problem(404, "not_found");
    it.api.call("PUT", &theirs, &it.acme.write, percent(5)).await.expect_problem(403, "right_missing");
    it.api.get(&theirs.replace("feed=", "feed=/"), &it.acme.read).await.expect(400);
}

#[tokio::test]
async fn a_rate_counts_known_devices_and_begins_where_the_rollout_stands() {
    let it = Kettle::start().await;
    let record = it.image_in("1.0", &["release"]).await;
    let slow = json!({"percent": 100, "ratePerHour": 1});
    let refused = it.set_rollout(&record, slow.clone()).await.expect_problem(422, "invalid_field");
    assert_eq!(pointers(&refused), ["/ratePerHour"]);
    for device in ["a", "b", "c", "d"] {
        it.api.device_offers("kettle", device, &[(105, 1)]).await;
    }
    it.set_rollout(&record, percent(10)).await.expect(204);
    it.api.server.clock().shift(72 * 3_600_000);
    it.set_rollout(&record, slow).await.expect(204);
    let rollout = it.rollout(&record).await;
    let stands = rollout["currentPercent"].as_f64().unwrap();
    assert!((10.0..11.0).contains(&stands), "{rollout}");
    assert_eq!((&rollout["state"], &rollout["ratePerHour"]), (&json!("rolling"), &json!(1)));
    it.api.server.clock().shift(3_600_000);
    let later = it.rollout(&record).await["currentPercent"].as_f64().unwrap();
    assert!((35.0..36.0).contains(&later), "{later}");
}
