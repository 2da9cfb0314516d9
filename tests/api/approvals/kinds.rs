//! Everything that gives devices of a feed more waits, and is what was proposed once it is approved.

use serde_json::{Value, json};
use tests::ipk::Ipk;

use super::Guarded;
use crate::kettle::snapshot;

#[tokio::test]
async fn a_promotion_waits() {
    let this = Guarded::start().await;
    let record = this.it.image_in("1.0", &["beta"]).await;
    let id = Guarded::proposed(this.it.promote(&record, &this.it.acme.release, "beta", "release").await);
    assert_eq!(this.it.feeds_of(&record).await, ["beta"]);
    this.approve(&id).await.expect(204);
    assert_eq!(this.it.feeds_of(&record).await, ["beta", "release"]);
    // Into a feed that asks for nothing nothing waits.
    this.it.promote(&record, &this.it.acme.release, "release", "alpha").await.expect(201);
}

#[tokio::test]
async fn a_description_waits_and_its_idempotency_key_with_it() {
    let this = Guarded::start().await;
    let url = this.it.api.upload(&this.it.acme, b"profile").await;
    let body = json!({"name": "profile", "type": 4, "version": "1", "url": url, "tags": ["a"],
        "deviceProfileId": "p-1"});
    let send = async || {
        let request = this.it.api.request("POST", &this.it.images()).bearer_auth(&this.it.acme.release);
        this.it.api.send(request.header("idempotency-key", "once").json(&body)).await
    };
    let id = Guarded::proposed(send().await);
    assert_eq!(Guarded::proposed(send().await), id);
    let read = this.read(&id).await;
    assert_eq!(read["description"]["deviceProfileId"], "p-1", "{read}");
    this.approve(&id).await.expect(204);
    let made = send().await.expect(201);
    assert_eq!(made.header("idempotency-replayed"), "true");
    assert_eq!(made.json()["feeds"], json!(["release"]));
    assert_eq!(this.it.api.offers("kettle", "2004=0").await.len(), 1);
}

#[tokio::test]
async fn a_rollout_that_gives_more_waits_and_resuming_does() {
    let this = Guarded::start().await;
    let record = this.it.image("1.0").await;
    let mut body = record.clone();
    (body["feed"], body["rollout"]) = ("release".into(), json!({"percent": 5}));
    let path = this.it.images();
    let id = Guarded::proposed(this.it.api.call("POST", &path, &this.it.acme.release, body).await);
    this.approve(&id).await.expect(204);
    assert_eq!(this.it.rollout(&record).await["currentPercent"], 5);
    let id = Guarded::proposed(this.it.set_rollout(&record, json!({"percent": 50})).await);
    assert_eq!(this.it.rollout(&record).await["currentPercent"], 5);
    this.approve(&id).await.expect(204);
    assert_eq!(this.it.rollout(&record).await["currentPercent"], 50);
    this.it.post_rollout(&record, "pause").await.expect(204);
    let id = Guarded::proposed(this.it.post_rollout(&record, "resume").await);
    assert_eq!(this.it.rollout(&record).await["state"], "paused");
    this.approve(&id).await.expect(204);
    assert_eq!(this.it.rollout(&record).await["state"], "rolling");
}

#[tokio::test]
async fn a_proposal_shows_all_that_it_asks_for() {
    let this = Guarded::start().await;
    let first = this.approved("1.0").await;
    let wanted = json!({"percent": 0.5, "steps": [{"atTimestamp": 4_102_444_800_000_i64, "percent": 100}],
        "window": {"from": "22:00", "to": "05:00", "timeZone": "Europe/Berlin"},
        "allow": {"devices": ["SN-1"], "tags": ["lab"]}, "autoPause": {"failurePercent": 2, "minReports": 50},
        "requires": [{"type": 3, "minVersionNumber": 7}], "floor": true});
    let id = Guarded::proposed(this.it.set_rollout(&first, wanted).await);
    let mut read = this.read(&id).await;
    for volatile in ["id", "proposedBy", "expiresTimestamp"] {
        read[volatile] = "…".into();
    }
    snapshot!(read);
}

#[tokio::test]
async fn a_push_waits() {
    let this = Guarded::start().await;
    let record = this.approved("1.0").await;
    this.it.set_rollout(&record, json!({"percent": 0})).await.expect(204);
    assert!(this.it.api.device_offers("kettle", "SN-1", &[(105, 0)]).await.is_empty());
    let push = this.it.acme.path("/deviceTypes/kettle/firmwareImages/1105/push");
    let asked = || this.it.api.call("PUT", &push, &this.it.acme.release, json!({"value": "SN-1"}));
    let id = Guarded::proposed(asked().await);
    assert_eq!(this.read(&id).await["deviceId"], "SN-1");
    assert!(this.it.api.device_offers("kettle", "SN-1", &[(105, 0)]).await.is_empty());
    this.approve(&id).await.expect(204);
    assert_eq!(this.it.api.device_offers("kettle", "SN-1", &[(105, 0)]).await.len(), 1);
}

#[tokio::test]
async fn a_package_is_in_no_index_before_it_is_approved() {
    let this = Guarded::start().await;
    let record = this.it.api.image(&this.it.acme, 3, "1", &Ipk::new("base", "1.0").build()).await;
    let id = Guarded::proposed(this.associate(&record, "release").await);
    let index = async || this.it.api.get("/release/kettle/Packages", "").await.expect(200).bytes;
    assert!(index().await.is_empty());
    this.approve(&id).await.expect(204);
    this.it.api.server.clock().shift(60_000);
    assert!(String::from_utf8(index().await).unwrap().contains("Package: base"));
}

#[tokio::test]
async fn associations_that_a_registration_asked_for_wait_once_it_has_its_binary() {
    let this = Guarded::start().await;
    let (api, acme) = (&this.it.api, &this.it.acme);
    let body = json!({"name": "wished", "type": 105, "version": "1", "url": "",
        "associations": {"acme": ["kettle"]}});
    let mut record = api.call("POST", &acme.path("/pool"), &acme.release, body).await.expect(201).json();
    record["url"] = api.upload(acme, b"wished").await.into();
    for _ in 0..2 {
        api.call("PUT", &api.record_path(acme, &record), &acme.release, record.clone()).await.expect(204);
    }
    assert_eq!(this.it.feeds_of(&record).await, [""; 0]);
    let waiting = api.get(&acme.path("/approvals?state=pending"), &acme.read).await.expect(200).json();
    let [only] = waiting["approvals"].as_array().unwrap().as_slice() else { panic!("{waiting}") };
    let id = only["id"].as_str().unwrap();
    let said = this.it.record(&record).await["warnings"][0].as_str().unwrap().to_owned();
    assert!(said.contains("kettle") && said.contains(id), "{said}");
    this.approve(id).await.expect(204);
    assert_eq!(this.it.feeds_of(&record).await, ["release"]);
}

#[tokio::test]
async fn what_was_stopped_starts_again_once_it_is_approved() {
    let this = Guarded::start().await;
    this.approved("1.0").await;
    for (rest, stopped) in [("/deviceTypes/kettle/stop", 204), ("/stop", 202)] {
        let path = this.it.acme.path(rest);
        let call =
            async |method: &str| this.it.api.call(method, &path, &this.it.acme.release, Value::Null).await;
        call("POST").await.expect(stopped);
        let id = Guarded::proposed(call("DELETE").await);
        assert_eq!(this.it.offered_to(0).await, [""; 0]);
        this.approve(&id).await.expect(204);
        this.it.api.reconcile().await.unwrap();
        assert_eq!(this.it.offered_to(0).await, ["1"], "{rest}");
    }
}
