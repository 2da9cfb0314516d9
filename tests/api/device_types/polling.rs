//! How often devices of a device type are told to ask: `nextPollSeconds` and `rolloutPollSeconds` of `PUT /deviceTypes/{dt}`.

use aws_sdk_dynamodb::types::AttributeValue;
use serde_json::{Value, json};

use crate::kettle::{Kettle, pointers};

impl Kettle {
    /// PUT of the kettle with these fields.
    async fn tell_to_ask(&self, mut fields: Value) {
        fields["name"] = "Kettle".into();
        let path = self.acme.path("/deviceTypes/kettle");
        self.api.call("PUT", &path, &self.acme.write, fields).await.expect(204);
    }

    /// When a check of a feed that tells only versions says to ask again, and over how many seconds that is spread.
    async fn poll_of_a_stranger(&self, feed: &str) -> (u64, u64) {
        let body = self.api.check("kettle", &format!("feed={feed}&2105=0")).await.expect(200).json();
        (body["nextPollSeconds"].as_u64().unwrap(), body["pollJitterSeconds"].as_u64().unwrap())
    }

    /// When a device that says who it is, and what of type 105 it runs, is told to ask again.
    async fn poll_of(&self, device: &str, running: u32) -> u64 {
        let body = json!({"attributes": {"2105": running}});
        let body = self.api.attributes("kettle", device, &body).await.expect(200).json();
        assert_eq!(body["pollJitterSeconds"], 0);
        body["nextPollSeconds"].as_u64().unwrap()
    }
}

#[tokio::test]
async fn what_is_set_is_shown_stays_and_is_taken_back_by_null() {
    let it = Kettle::start().await;
    let path = it.acme.path("/deviceTypes/kettle");
    let shown = async || {
        let body = it.api.get(&path, &it.acme.read).await.expect(200).json();
        (body.get("nextPollSeconds").cloned(), body.get("rolloutPollSeconds").cloned())
    };
    assert_eq!(shown().await, (None, None));
    it.tell_to_ask(json!({"nextPollSeconds": 3600, "rolloutPollSeconds": "600"})).await;
    assert_eq!(shown().await, (Some(json!(3600)), Some(json!(600))));
    it.tell_to_ask(json!({})).await;
    assert_eq!(shown().await, (Some(json!(3600)), Some(json!(600))), "what is not named stays");
    it.tell_to_ask(json!({"nextPollSeconds": null})).await;
    assert_eq!(shown().await, (None, Some(json!(600))));
    let audit = it.api.audit("acme").await;
    let last = audit.iter().rfind(|row| row.action == "deviceType.updated").unwrap();
    let said = |it: &Option<Value>| it.as_ref().unwrap().get("nextPollSeconds").cloned();
    assert_eq!((said(&last.before), said(&last.after)), (Some(json!(3600)), None));
}

#[tokio::test]
async fn a_fleet_can_be_made_neither_to_hammer_nor_to_fall_silent() {
    let it = Kettle::start().await;
    let path = it.acme.path("/deviceTypes/kettle");
    let before = it.api.dump().await;
    for wrong in [json!(59), json!(604_801), json!(0), json!(-1), json!(60.5), json!("soon"), json!(true)] {
        let body = json!({"name": "Kettle", "nextPollSeconds": wrong, "rolloutPollSeconds": wrong});
        let answer = it.api.call("PUT", &path, &it.acme.write, body).await;
        let answer = answer.expect_problem(422, "invalid_field");
        assert_eq!(pointers(&answer), ["/nextPollSeconds", "/rolloutPollSeconds"], "{wrong}");
        let body = json!({"deviceTypeId": "lamp", "name": "Lamp", "nextPollSeconds": wrong});
        let answer = it.api.call("POST", &it.acme.path("/deviceTypes"), &it.acme.write, body).await;
        answer.expect_problem(422, "invalid_field");
    }
    assert_eq!(it.api.dump().await.difference(&before), [""; 0]);
    // Nor if the table says something that nobody was let to write.
    for (stored, told) in [("0", 60), ("4000000000", 604_800)] {
        let value = Some(AttributeValue::N(stored.to_owned()));
        it.api.alter("DT#kettle", "MANIFEST#release", "nextPollSeconds", value).await;
        assert_eq!(it.poll_of_a_stranger("release").await.0, told);
    }
}

#[tokio::test]
async fn every_feed_says_it_and_a_check_stays_one_read() {
    let it = Kettle::start().await;
    it.create_feed("late").await;
    let record = it.image_in("1.0", &["release"]).await;
    assert_eq!(it.poll_of_a_stranger("release").await, (21_600, 2160));
    let revision = async || {
        it.api.check("kettle", "").await.json()["revision"].as_str().unwrap().parse::<u64>().unwrap()
    };
    let before = revision().await;
    it.tell_to_ask(json!({"nextPollSeconds": 900})).await;
    assert_eq!(revision().await, before + 1);
    // The feed that was made after the device type has no manifest yet.
    for feed in ["alpha", "beta", "release", "late"] {
        assert_eq!(it.poll_of_a_stranger(feed).await, (900, 90), "{feed}");
    }
    it.api.associate(&it.acme, "kettle", &record, "late").await.expect(201);
    assert_eq!(it.poll_of_a_stranger("late").await, (900, 90));
    it.api.wire.take_calls();
    it.poll_of_a_stranger("release").await;
    assert_eq!(it.api.wire.take_calls(), ["GetItem"]);
    // It outlives what else rewrites the manifest, and is no reason to write it again.
    it.image_in("2.0", &["release"]).await;
    assert_eq!(it.poll_of_a_stranger("release").await, (900, 90));
    let before = revision().await;
    it.tell_to_ask(json!({"nextPollSeconds": 900})).await;
    assert_eq!(revision().await, before);
    it.api.expect_whole("asking more often").await;
}

#[tokio::test]
async fn devices_that_say_who_they_are_are_spread_and_stay_where_they_are() {
    let it = Kettle::start().await;
    it.tell_to_ask(json!({"nextPollSeconds": 3600})).await;
    let mut all = std::collections::BTreeSet::new();
    for number in 0..20 {
        let device = format!("SN-{number}");
        let seconds = it.poll_of(&device, 1).await;
        assert!((3600..=3960).contains(&seconds), "{seconds}");
        assert_eq!(it.poll_of(&device, 1).await, seconds);
        all.insert(seconds);
    }
    assert!(all.len() > 10, "{all:?}");
}

#[tokio::test]
async fn devices_that_a_rollout_may_come_to_ask_sooner_while_it_is_on() {
    let it = Kettle::start().await;
    it.tell_to_ask(json!({"rolloutPollSeconds": 600})).await;
    it.image_in("1.0", &["release"]).await;
    let record = it.image_in("2.0", &["release"]).await;
    let (often, seldom) = (600..=660, 21_600..=23_760);
    assert!(seldom.contains(&it.poll_of("SN-1", 1).await), "what is everyone's is no rollout");
    it.set_rollout(&record, json!({"percent": 1, "allow": {"devices": ["SN-1"]}})).await.expect(204);
    for device in ["SN-1", "SN-2", "SN-3"] {
        assert!(often.contains(&it.poll_of(device, 1).await), "{device}");
    }
    assert!(seldom.contains(&it.poll_of("SN-1", 2).await), "it has it");
    assert_eq!(it.poll_of_a_stranger("release").await, (21_600, 2160), "it would not come to it");
    it.post_rollout(&record, "pause").await.expect(204);
    assert!(seldom.contains(&it.poll_of("SN-2", 1).await), "it is paused");
    it.post_rollout(&record, "resume").await.expect(204);
    assert!(often.contains(&it.poll_of("SN-2", 1).await));
    it.set_rollout(&record, json!({"percent": 0, "allow": {"devices": ["SN-3"]}})).await.expect(204);
    assert!(seldom.contains(&it.poll_of("SN-2", 1).await), "it comes to a named device alone");
    assert!(often.contains(&it.poll_of("SN-3", 1).await));
    // Sooner, never later.
    it.tell_to_ask(json!({"nextPollSeconds": 300})).await;
    assert!((300..=330).contains(&it.poll_of("SN-3", 1).await));
}

#[tokio::test]
async fn a_manifest_that_says_something_else_is_mended() {
    let it = Kettle::start().await;
    it.image_in("1.0", &["release"]).await;
    it.tell_to_ask(json!({"nextPollSeconds": 900})).await;
    it.api.alter("DT#kettle", "MANIFEST#release", "nextPollSeconds", None).await;
    assert_eq!(it.poll_of_a_stranger("release").await, (21_600, 2160));
    assert_eq!(it.api.reconcile().await.unwrap().drifted, 1);
    assert_eq!(it.poll_of_a_stranger("release").await, (900, 90));
    assert_eq!(it.api.reconcile().await.unwrap().drifted, 0);
}
