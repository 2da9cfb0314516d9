//! Rule 3: no way through the API changes number, type or binary of a record once it has been associated.

use serde_json::{Value, json};
use shared::domain::Sha256;

use crate::kettle::Kettle;

/// What is sealed, as a partner reads it, and what the bytes are.
const FACTS: [&str; 12] = [
    "id",
    "type",
    "versionNumber",
    "url",
    "url2",
    "sha256",
    "md5",
    "size",
    "state",
    "sealed",
    "partnerId",
    "versionAttributeId",
];

fn facts(record: &Value) -> Vec<Value> {
    FACTS.iter().map(|name| record[*name].clone()).collect()
}

/// Tries every way there is to change what `record` stands for; each must leave it as it is.
async fn attack(it: &Kettle, record: &Value) {
    let sealed = facts(record);
    let path = it.api.record_path(&it.acme, record);
    let other_url = it.api.upload(&it.acme, b"other bytes").await;
    let first = record["url"].as_str().unwrap();

    // The binary, taken away or exchanged, in either slot.
    for (url, url2) in [
        (json!(""), Value::Null),
        (json!(other_url), Value::Null),
        (json!(first), json!(other_url)),
        (json!(other_url), json!(first)),
        (json!(first), json!(first)),
    ] {
        let mut body = record.clone();
        body["url"] = url.clone();
        body["url2"] = url2.clone();
        let refused = it.api.call("PUT", &path, &it.acme.release, body).await;
        refused.expect_problem(409, "image_sealed");
        assert_eq!(facts(&it.record(record).await), sealed, "{url} {url2}");
    }

    // Number and type have no way in: they are read-only members that may be sent back.
    let mut body = record.clone();
    for (name, value) in [
        ("type", json!(106)),
        ("versionNumber", json!("77")),
        ("id", json!("77106")),
        ("sha256", json!(Sha256::of(b"other bytes").to_string())),
        ("md5", json!("0".repeat(32))),
        ("size", json!(1)),
        ("sealed", json!(false)),
        ("state", json!("registered")),
        ("partnerId", json!("other")),
        ("versionAttributeId", json!(2106)),
    ] {
        body[name] = value;
    }
    body["description"] = "words may change".into();
    it.api.call("PUT", &path, &it.acme.release, body).await.expect(204);
    let edited = it.record(record).await;
    assert_eq!((facts(&edited), &edited["description"]), (sealed.clone(), &json!("words may change")));

    // The record itself, gone and made anew under the same name.
    it.api.call("DELETE", &path, &it.acme.release, Value::Null).await.expect_problem(409, "image_sealed");
    let again = json!({
        "name": record["name"], "type": record["type"], "version": record["version"], "url": other_url,
        "versionNumber": record["versionNumber"], "id": record["id"],
    });
    let refused = it.api.call("POST", &it.acme.path("/pool"), &it.acme.release, again).await;
    refused.expect_problem(409, "image_exists");
    // A name that has become free gives a new number.
    let renamed = json!({
        "name": "renamed", "type": record["type"], "version": record["version"], "url": record["url"],
        "versionNumber": record["versionNumber"], "id": record["id"],
    });
    let fresh =
        it.api.call("POST", &it.acme.path("/pool"), &it.acme.release, renamed).await.expect(201).json();
    assert_ne!(fresh["versionNumber"], record["versionNumber"]);
    it.api
        .call("DELETE", &it.api.record_path(&it.acme, &fresh), &it.acme.release, Value::Null)
        .await
        .expect(204);

    // The bytes under it: announced, moved, posted again, or as something else.
    let sha256 = record["sha256"].as_str().unwrap();
    it.api.move_to_repository(&it.acme, sha256).await.expect(200);
    let body = json!({"value": sha256, "as": "binary"});
    it.api.call("POST", &it.acme.path("/binaries/moveToRepository"), &it.acme.write, body).await.expect(200);
    let body = json!({"sha256": sha256, "size": 1});
    it.api
        .call("POST", &it.acme.path("/binaries"), &it.acme.write, body)
        .await
        .expect_problem(422, "upload_mismatch");

    // Another type of that number, and another partner of that record.
    for type_path in ["106", "3"] {
        let path = it.acme.path(&format!("/pool/types/{type_path}/versionNumbers/999"));
        it.api.call("PUT", &path, &it.acme.release, record.clone()).await.expect_problem(404, "not_found");
    }
    assert_eq!(facts(&it.record(record).await), sealed);
    let url = format!("/binaries/{sha256}");
    let download = it.api.get(&it.acme.path(&url), &it.acme.read).await.expect(200).json();
    let bytes = it.api.get(download["value"].as_str().unwrap(), "").await.expect(200).bytes;
    assert_eq!(Sha256::of(&bytes).to_string(), sha256);
    // The name as it was, for the next attack.
    it.api.call("PUT", &path, &it.acme.release, record.clone()).await.expect(204);
}

#[tokio::test]
async fn an_associated_record_is_sealed_against_every_way_in() {
    let it = Kettle::start().await;
    let record = it.image_in("1.0", &["release"]).await;
    let offered = it.api.offers("kettle", "2105=0").await;
    attack(&it, &record).await;
    assert_eq!(it.api.offers("kettle", "2105=0").await, offered);
}

#[tokio::test]
async fn it_stays_sealed_when_the_last_association_is_gone() {
    let it = Kettle::start().await;
    let record = it.image_in("1.0", &["dev", "beta"]).await;
    for feed in ["dev", "beta"] {
        it.remove(&record, feed).await.expect(204);
    }
    attack(&it, &record).await;
}

#[tokio::test]
async fn it_stays_sealed_when_feed_and_device_type_are_gone() {
    let it = Kettle::start().await;
    it.create_feed("nightly").await;
    let record = it.image_in("1.0", &["nightly"]).await;
    it.remove(&record, "nightly").await.expect(204);
    for path in ["/feeds/nightly", "/deviceTypes/kettle"] {
        it.api.call("DELETE", &it.acme.path(path), &it.acme.write, Value::Null).await.expect(204);
    }
    attack(&it, &record).await;
}

#[tokio::test]
async fn an_intent_that_fires_seals_as_an_association_does() {
    let it = Kettle::start().await;
    let url = it.api.upload(&it.acme, b"bytes").await;
    // Once at the PUT that brings the binary, once at registration itself.
    let body =
        json!({"name": "a", "type": 105, "version": "1", "url": "", "associations": {"acme": ["kettle"]}});
    let mut late =
        it.api.call("POST", &it.acme.path("/pool"), &it.acme.release, body).await.expect(201).json();
    assert_eq!(late["sealed"], false);
    late["url"] = url.clone().into();
    let path = it.api.record_path(&it.acme, &late);
    it.api.call("PUT", &path, &it.acme.release, late.clone()).await.expect(204);
    attack(&it, &it.record(&late).await).await;

    let body =
        json!({"name": "b", "type": 105, "version": "1", "url": url, "associations": {"acme": ["kettle"]}});
    let once = it.api.call("POST", &it.acme.path("/pool"), &it.acme.release, body).await.expect(201).json();
    assert_eq!(once["sealed"], true);
    attack(&it, &once).await;
}

#[tokio::test]
async fn both_slots_of_an_image_are_sealed() {
    let it = Kettle::start().await;
    let (one, two) = (it.api.upload(&it.acme, b"one").await, it.api.upload(&it.acme, b"two").await);
    let body = json!({"name": "ab", "type": 105, "version": "1", "url": one, "url2": two});
    let record = it.api.call("POST", &it.acme.path("/pool"), &it.acme.write, body).await.expect(201).json();
    it.api.associate(&it.acme, "kettle", &record, "beta").await.expect(201);
    let path = it.api.record_path(&it.acme, &record);
    for (url, url2) in [(&one, ""), (&two, one.as_str()), (&one, one.as_str())] {
        let mut body = record.clone();
        body["url"] = url.clone().into();
        body["url2"] = url2.into();
        it.api.call("PUT", &path, &it.acme.release, body).await.expect_problem(409, "image_sealed");
    }
    let mut without = record.clone();
    without.as_object_mut().unwrap().remove("url2");
    it.api.call("PUT", &path, &it.acme.release, without).await.expect_problem(409, "image_sealed");
    assert_eq!(it.record(&record).await["url2"], record["url2"]);
}

#[tokio::test]
async fn an_image_that_a_receiver_associated_is_sealed_for_its_owner() {
    let it = Kettle::start().await;
    let other = it.api.tenant("other").await;
    let radio = it.api.image(&other, 6, "1", b"radio").await;
    let path = it.api.record_path(&other, &radio);
    it.api.call("PUT", &format!("{path}/offers/acme"), &other.write, Value::Null).await.expect(204);
    it.api.associate(&it.acme, "kettle", &radio, "release").await.expect(201);
    let mut body = radio.clone();
    body["url"] = it.api.upload(&other, b"another radio").await.into();
    it.api.call("PUT", &path, &other.release, body.clone()).await.expect_problem(409, "image_sealed");
    it.api.call("DELETE", &format!("{path}/offers/acme"), &other.write, Value::Null).await.expect(204);
    it.api.call("DELETE", &path, &other.release, Value::Null).await.expect_problem(409, "image_sealed");
    it.api.call("PUT", &path, &other.release, body).await.expect_problem(409, "image_sealed");
    // And the receiver has no way to it at all.
    let theirs = it.acme.path("/pool/types/6/versionNumbers/1");
    for method in ["PUT", "DELETE"] {
        it.api.call(method, &theirs, &it.acme.release, radio.clone()).await.expect_problem(404, "not_found");
    }
    let update = it.api.check("kettle", "2006=0").await.expect(200).json()["updates"][0].clone();
    assert_eq!(update["sha256"], radio["sha256"]);
}

#[tokio::test]
async fn a_replayed_registration_answers_the_sealed_record_and_does_not_unseal_it() {
    let it = Kettle::start().await;
    let url = it.api.upload(&it.acme, b"bytes").await;
    let body = json!({"name": "a", "type": 105, "version": "1", "url": url});
    let post = async || {
        let request = it.api.request("POST", &it.acme.path("/pool")).bearer_auth(&it.acme.write);
        it.api.send(request.header("idempotency-key", "k").json(&body)).await.expect(201)
    };
    let record = post().await.json();
    it.api.associate(&it.acme, "kettle", &record, "release").await.expect(201);
    let replayed = post().await;
    assert_eq!((replayed.header("idempotency-replayed"), &replayed.json()["sealed"]), ("true", &json!(true)));
    attack(&it, &it.record(&record).await).await;
}

#[tokio::test]
async fn an_edit_and_an_association_at_once_leave_what_one_after_the_other_would() {
    for _ in 0..3 {
        let it = Kettle::start().await;
        let record = it.image("1.0").await;
        let mut body = record.clone();
        body["url"] = it.api.upload(&it.acme, b"other bytes").await.into();
        let path = it.api.record_path(&it.acme, &record);
        let (edited, associated) = tokio::join!(
            it.api.call("PUT", &path, &it.acme.release, body.clone()),
            it.api.associate(&it.acme, "kettle", &record, "release"),
        );
        associated.expect(201);
        let now = it.record(&record).await;
        match edited.status {
            204 => assert_eq!(now["url"], body["url"]),
            409 => assert_eq!(now["url"], record["url"]),
            other => panic!("{other}"),
        }
        let update = it.api.check("kettle", "2105=0").await.expect(200).json()["updates"][0].clone();
        assert_eq!(update["sha256"], now["sha256"]);
    }
}
