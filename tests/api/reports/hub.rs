//! `POST …/checks`: a hub asks for the devices behind it.

use serde_json::{Value, json};
use shared::http::cbor;
use tests::api::Answer;
use tests::wire::Fault;

use crate::kettle::{Kettle, pointers};

const HASH: &str = "da39a3ee5e6b4b0d3255bfef95601890afd80709";

impl Kettle {
    /// A device as a hub names it, with its own token.
    fn behind(&self, device_type: &str, device: &str, running: u32) -> Value {
        let token = self.api.device_token(device_type, device);
        let attributes = json!({"2105": running});
        json!({"deviceType": device_type, "deviceId": device, "token": token, "attributes": attributes})
    }

    /// What the hub `HUB`, a kettle itself, is answered for these devices.
    async fn hub(&self, devices: impl Into<Value>) -> Answer {
        let body = json!({"devices": devices.into()});
        self.api
            .device_call("kettle/devices/HUB/checks", &self.api.device_token("kettle", "HUB"), &body)
            .await
    }
}

/// Of each device in an answer its id and status.
fn statuses(answer: &Answer) -> Vec<(String, u64)> {
    let body = answer.json();
    let each =
        |it: &Value| (it["deviceId"].as_str().unwrap_or_default().to_owned(), it["status"].as_u64().unwrap());
    body["devices"].as_array().unwrap().iter().map(each).collect()
}

#[tokio::test]
async fn each_device_is_answered_as_if_it_had_asked_by_itself_in_the_order_asked() {
    let it = Kettle::start().await;
    it.image_in("1.0", &["release"]).await;
    it.api.create_device_type(&it.acme, "lamp").await;
    let ids = [("kettle", "Z"), ("lamp", "A"), ("kettle", "B"), ("kettle", "HUB")];
    let devices: Vec<_> = ids.iter().map(|(kind, id)| it.behind(kind, id, 0)).collect();
    let answer = it.hub(devices.clone()).await.expect(200);
    assert_eq!(answer.header("cache-control"), "no-store");
    for (place, (kind, id)) in ids.iter().enumerate() {
        let told = &answer.json()["devices"][place];
        assert_eq!(
            (&told["deviceType"], &told["deviceId"], &told["status"]),
            (&json!(kind), &json!(id), &json!(200))
        );
        let alone = it.api.attributes(kind, id, &json!({"attributes": {"2105": 0}})).await.expect(200).json();
        assert_eq!(told["check"], alone, "{id}");
        assert_eq!(
            it.api.dump().await.row(&format!("DEV#{kind}#{id}"), "META")["reported"],
            json!({"2105": 0})
        );
    }
    assert_eq!(it.counted(1, "offered").await, 3);
    it.api.expect_whole("behind a hub").await;
}

#[tokio::test]
async fn an_idle_hub_is_one_read_and_no_write_and_doing_it_twice_harms_nothing() {
    let it = Kettle::start().await;
    it.image_in("1.0", &["release"]).await;
    let devices: Vec<_> = (0..50).map(|n| it.behind("kettle", &format!("SN-{n}"), 1)).collect();
    it.api.wire.take_calls();
    let first = it.hub(devices.clone()).await.expect(200);
    let calls = it.api.wire.take_calls();
    assert_eq!(calls.iter().filter(|call| *call == "BatchGetItem").count(), 1, "{calls:?}");
    let before = it.api.dump().await;
    it.api.wire.take_calls();
    for _ in 0..2 {
        assert_eq!(it.hub(devices.clone()).await.expect(200).bytes, first.bytes);
        assert_eq!(it.api.wire.take_calls(), ["BatchGetItem"]);
    }
    assert_eq!(it.api.dump().await.difference(&before), [""; 0]);
    // Only what is new is written.
    let mut devices = devices;
    devices[7]["attributes"] = json!({"2105": null});
    it.hub(devices).await.expect(200);
    assert_eq!(it.api.wire.take_calls(), ["BatchGetItem", "TransactWriteItems"]);
}

#[tokio::test]
async fn those_whom_their_partner_put_on_other_feeds_cost_one_read_more_together() {
    let it = Kettle::start().await;
    it.image_in("1.0", &["beta"]).await;
    let devices: Vec<_> = (0..3).map(|n| it.behind("kettle", &format!("SN-{n}"), 0)).collect();
    it.hub(devices.clone()).await.expect(200);
    for (device, feed) in [("SN-0", "beta"), ("SN-2", "alpha")] {
        let path = it.acme.path(&format!("/deviceTypes/kettle/devices/{device}"));
        it.api.call("PATCH", &path, &it.acme.release, json!({"feed": feed})).await.expect(204);
    }
    it.hub(devices.clone()).await.expect(200);
    it.api.wire.take_calls();
    let body = it.hub(devices).await.expect(200).json();
    assert_eq!(it.api.wire.take_calls(), ["BatchGetItem", "BatchGetItem"]);
    for (place, feed, updates) in [(0, "beta", 1), (1, "release", 0), (2, "alpha", 0)] {
        let check = &body["devices"][place]["check"];
        assert_eq!((&check["feed"], check["updates"].as_array().unwrap().len()), (&json!(feed), updates));
    }
}

#[tokio::test]
async fn one_bad_entry_spoils_no_other() {
    let it = Kettle::start().await;
    it.image_in("1.0", &["release"]).await;
    let globex = it.api.tenant("globex").await;
    it.api.create_device_type(&globex, "toaster").await;
    let with = |device: &str, name: &str, value: Value| {
        let mut entry = it.behind("kettle", device, 0);
        entry[name] = value;
        entry
    };
    let devices = json!([
        it.behind("kettle", "good-1", 0),
        with("wrong", "token", "otad1.kettle.1.x".into()),
        with("anothers", "token", it.api.device_token("kettle", "good-1").into()),
        with("tokenless", "token", Value::Null),
        it.behind("toaster", "theirs", 0),
        it.behind("nothing", "nowhere", 0),
        with("odd", "attributes", json!({"1": 2, "2105": "x"})),
        with("mute", "attributes", Value::Null),
        with("nameless", "deviceId", "no/id".into()),
        with("closed", "feed", "dev".into()),
        with("lost", "feed", "unknown".into()),
        with("imei", "feedCredential", "356938035643809".into()),
        7,
        {},
        it.behind("kettle", "twice", 0),
        it.behind("kettle", "twice", 1),
        it.behind("kettle", "good-2", 0),
    ]);
    let answer = it.hub(devices).await.expect(200);
    let expected = [
        ("good-1", 200),
        ("wrong", 401),
        ("anothers", 401),
        ("tokenless", 401),
        ("theirs", 404),
        ("nowhere", 404),
        ("odd", 422),
        ("mute", 422),
        ("", 422),
        ("closed", 401),
        ("lost", 404),
        ("imei", 400),
        ("", 422),
        ("", 422),
        ("twice", 422),
        ("twice", 422),
        ("good-2", 200),
    ];
    let expected: Vec<_> = expected.iter().map(|(id, status)| ((*id).to_owned(), *status)).collect();
    assert_eq!(statuses(&answer), expected);
    let body = answer.json();
    let problem = |place: usize| &body["devices"][place]["problem"];
    assert_eq!(problem(1)["code"], "device_token_invalid");
    assert_eq!(problem(4)["code"], problem(5)["code"], "whether it is there is not said");
    assert_eq!(problem(6)["errors"].as_array().unwrap().len(), 2);
    assert_eq!(problem(14)["detail"], "/deviceId is given more than once");
    for member in ["type", "title", "requestId", "timestamp", "trace"] {
        assert!(!problem(9)[member].is_null(), "{member}");
    }
    assert!(!String::from_utf8_lossy(&answer.bytes).contains("356938035643809"));
    let dump = it.api.dump().await;
    let known: Vec<_> = dump.under("DEV#").filter(|(_, sk, _)| *sk == "META").map(|(pk, ..)| pk).collect();
    assert_eq!(known, ["DEV#kettle#good-1", "DEV#kettle#good-2"]);
}

#[tokio::test]
async fn a_hub_shows_who_it_is() {
    let it = Kettle::start().await;
    let lamp = json!({"deviceTypeId": "lamp", "name": "Lamp", "anonymousReports": true});
    it.api.call("POST", &it.acme.path("/deviceTypes"), &it.acme.write, lamp).await.expect(201);
    let body = json!({"devices": [it.behind("kettle", "SN-1", 0)]});
    let before = it.api.dump().await;
    for (path, token) in [
        ("kettle/devices/HUB/checks", String::new()),
        ("kettle/devices/HUB/checks", "nonsense".to_owned()),
        ("kettle/devices/HUB/checks", it.api.device_token("kettle", "SN-1")),
        ("kettle/devices/HUB/checks", it.api.device_token("lamp", "HUB")),
        ("nothing/devices/HUB/checks", it.api.device_token("nothing", "HUB")),
    ] {
        it.api.wire.take_calls();
        it.api.device_call(path, &token, &body).await.expect_problem(401, "device_token_invalid");
        let calls = it.api.wire.take_calls();
        assert!(!calls.iter().any(|call| call == "BatchGetItem") || path.starts_with("nothing"), "{calls:?}");
    }
    assert_eq!(it.api.dump().await.difference(&before), [""; 0]);
}

#[tokio::test]
async fn a_hub_asks_for_one_to_fifty_devices() {
    let it = Kettle::start().await;
    let many: Vec<_> = (0..51).map(|n| it.behind("kettle", &format!("SN-{n}"), 0)).collect();
    for devices in [json!([]), json!(many), json!({}), json!("SN-1"), Value::Null] {
        let answer = it.hub(devices).await.expect_problem(422, "invalid_field");
        assert_eq!(pointers(&answer), ["/devices"]);
    }
    assert_eq!(it.api.dump().await.under("DEV#").count(), 0);
}

#[tokio::test]
async fn anonymous_reports_and_restricted_feeds_follow_the_same_rules_as_without_a_hub() {
    let it = Kettle::start().await;
    it.grant("dev", HASH).await;
    it.image_in("1.0", &["dev"]).await;
    let body = json!({"deviceTypeId": "lamp", "name": "Lamp", "anonymousReports": true});
    it.api.call("POST", &it.acme.path("/deviceTypes"), &it.acme.write, body).await.expect(201);
    let mut granted = it.behind("kettle", "granted", 0);
    (granted["feed"], granted["feedCredential"]) = ("dev".into(), HASH.into());
    let mut stranger = granted.clone();
    (stranger["deviceId"], stranger["token"]) =
        ("stranger".into(), it.api.device_token("kettle", "stranger").into());
    stranger["feedCredential"] = HASH.replace('d', "e").into();
    let mut anonymous = it.behind("lamp", "anonymous", 0);
    anonymous["token"] = Value::Null;
    let mut curious = anonymous.clone();
    (curious["deviceId"], curious["feed"], curious["feedCredential"]) =
        ("curious".into(), "dev".into(), HASH.into());
    // A hub that does not say who it is brings only those that do.
    let devices = json!({"devices": [anonymous, it.behind("lamp", "known", 0)]});
    let answer = it.api.device_call("lamp/devices/HUB/checks", "", &devices).await.expect(200);
    assert_eq!(statuses(&answer), [("anonymous".to_owned(), 401), ("known".to_owned(), 200)]);
    let answer = it.hub([granted, stranger, anonymous, curious].to_vec()).await.expect(200);
    let numbers: Vec<_> = statuses(&answer).into_iter().map(|(_, status)| status).collect();
    assert_eq!(numbers, [200, 401, 200, 401]);
    assert_eq!(answer.json()["devices"][0]["check"]["updates"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn what_breaks_for_one_device_is_that_ones_matter_and_can_be_sent_again() {
    let it = Kettle::start().await;
    it.image_in("1.0", &["release"]).await;
    let devices: Vec<_> = (0..3).map(|n| it.behind("kettle", &format!("SN-{n}"), 0)).collect();
    it.api.wire.inject(Some("BatchGetItem"), 0, 3, Fault::ServerError);
    it.hub(devices.clone()).await.expect_problem(503, "dependency_unavailable");
    it.api.wire.clear();
    // The SDK tries a call three times.
    it.api.wire.inject(Some("TransactWriteItems"), 0, 3, Fault::ReplyLost);
    let answer = it.hub(devices.clone()).await.expect(200);
    it.api.wire.clear();
    let numbers: Vec<_> = statuses(&answer).into_iter().map(|(_, status)| status).collect();
    assert_eq!(numbers, [503, 200, 200]);
    let answer = it.hub(devices).await.expect(200);
    assert!(statuses(&answer).iter().all(|(_, status)| *status == 200));
    assert_eq!(it.counted(1, "offered").await, 3);
    it.api.expect_whole("sent again").await;
}

#[tokio::test]
async fn a_hub_is_answered_in_every_form() {
    let it = Kettle::start().await;
    it.image_in("1.0", &["release"]).await;
    let devices = vec![it.behind("kettle", "SN-1", 0), it.behind("nothing", "SN-2", 0), json!(7)];
    let token = it.api.device_token("kettle", "HUB");
    let ask = async |accept: &str, media_type: &str, body: Vec<u8>| {
        let request = it.api.request("POST", "/v1/ota/deviceTypes/kettle/devices/HUB/checks");
        let request = request.bearer_auth(&token).header("content-type", media_type);
        it.api.send(request.header("accept", accept).body(body)).await.expect(200)
    };
    let body = json!({"devices": devices});
    let json = ask("*/*", "application/json", body.to_string().into_bytes()).await.json();
    let mut bytes = Vec::new();
    ciborium::into_writer(&body, &mut bytes).unwrap();
    let binary = cbor::read(&ask("application/cbor", "application/cbor", bytes).await.bytes).unwrap();
    assert_eq!(binary["devices"][0], json["devices"][0]);
    assert_eq!(binary["devices"][1]["problem"]["code"], "not_found");
    let text = ask("text/plain", "application/json", body.to_string().into_bytes()).await;
    let text = String::from_utf8(text.bytes).unwrap();
    let begins: Vec<_> = text.lines().map(|line| line.chars().take(60).collect::<String>()).collect();
    let expected = [
        "checks devices=3",
        "device deviceType=kettle deviceId=SN-1 status=200",
        "check deviceTypeId=kettle feed=release revision=2 nextPollSe",
        "update type=105 typeName=TYPE%20105 versionAttributeId=2105 ",
        "device deviceType=nothing deviceId=SN-2 status=404 code=not_",
        "device status=422 code=invalid_field",
    ];
    assert_eq!(begins, expected);
}
