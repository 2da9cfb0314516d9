//! Rights: a `write` key cannot reach the release feed by any detour, and a `read` key changes nothing anywhere.

use serde_json::{Value, json};
use tests::api::{Answer, Tenant};

use crate::kettle::Kettle;

impl Kettle {
    async fn write(&self, method: &str, path: &str, body: Value) -> Answer {
        self.api.call(method, path, &self.acme.write, body).await
    }

    async fn denied(&self, method: &str, path: &str, body: Value) {
        let before = self.answers().await;
        self.write(method, path, body).await.expect_problem(403, "right_missing");
        assert_eq!(self.answers().await, before, "{method} {path}");
    }

    async fn pool_size(&self) -> Value {
        self.api.get(&self.acme.path("/pool"), &self.acme.read).await.expect(200).json()["totalElements"]
            .clone()
    }
}

fn with_intents(url: &str) -> Value {
    json!({"name": "n", "type": 105, "version": "9", "url": url, "associations": {"acme": ["kettle"]}})
}

#[tokio::test]
async fn a_write_key_cannot_associate_with_or_promote_to_release() {
    let it = Kettle::start().await;
    let record = it.image_in("1.0", &["beta"]).await;
    it.denied("POST", &it.images(), record.clone()).await;
    let promote = format!("{}/promote", it.image_path(&record));
    it.denied("POST", &promote, json!({"from": "beta", "to": "release"})).await;
    assert_eq!(it.feeds_of(&record).await, ["beta"]);
}

#[tokio::test]
async fn a_write_key_cannot_remove_from_release_nor_without_a_feed() {
    let it = Kettle::start().await;
    let record = it.image_in("1.0", &["beta", "release"]).await;
    for query in ["", "?feed=release"] {
        it.denied("DELETE", &format!("{}{query}", it.image_path(&record)), Value::Null).await;
    }
    assert_eq!(it.feeds_of(&record).await, ["beta", "release"]);
}

#[tokio::test]
async fn a_write_key_cannot_register_with_intents() {
    let it = Kettle::start().await;
    let other = it.api.tenant("other").await;
    let url = it.api.upload(&it.acme, b"bytes").await;
    for body in [
        with_intents(""),
        with_intents(&url),
        json!({"name": "n", "type": 6, "version": "9", "url": url, "associations": {other.id: []}}),
    ] {
        it.denied("POST", &it.acme.path("/pool"), body).await;
    }
    assert_eq!(it.pool_size().await, 0);
    // Without any it may.
    let body = json!({"name": "n", "type": 105, "version": "9", "url": url, "associations": {}});
    it.write("POST", &it.acme.path("/pool"), body).await.expect(201);
    assert_eq!(it.api.offers("kettle", "2105=0").await, []);
}

#[tokio::test]
async fn a_write_key_cannot_fire_the_intents_of_another_key() {
    let it = Kettle::start().await;
    let pool = it.acme.path("/pool");
    let record = it.api.call("POST", &pool, &it.acme.release, with_intents("")).await.expect(201).json();
    let path = it.api.record_path(&it.acme, &record);
    let mut body = record.clone();
    body["url"] = it.api.upload(&it.acme, b"bytes").await.into();
    it.denied("PUT", &path, body.clone()).await;
    assert_eq!(it.record(&record).await, record);
    // Words alone fire nothing, and the intents stay.
    let mut words = record.clone();
    words["description"] = "words".into();
    it.write("PUT", &path, words).await.expect(204);
    assert_eq!(it.api.offers("kettle", "2105=0").await, []);
    it.denied("PUT", &path, body.clone()).await;
    it.api.call("PUT", &path, &it.acme.release, body).await.expect(204);
    assert_eq!(it.api.offers("kettle", "2105=0").await.len(), 1);
}

#[tokio::test]
async fn a_write_key_cannot_replay_its_way_into_release() {
    let it = Kettle::start().await;
    let body = with_intents(&it.api.upload(&it.acme, b"bytes").await);
    let post = async |key: &str| {
        let request = it.api.request("POST", &it.acme.path("/pool")).bearer_auth(key);
        it.api.send(request.header("idempotency-key", "k").json(&body)).await
    };
    post(&it.acme.write).await.expect_problem(403, "right_missing");
    post(&it.acme.release).await.expect(201);
    post(&it.acme.write).await.expect_problem(403, "right_missing");
    assert_eq!((it.pool_size().await, it.api.offers("kettle", "2105=0").await.len()), (json!(1), 1));
}

#[tokio::test]
async fn a_write_key_cannot_edit_a_record_that_is_released() {
    let it = Kettle::start().await;
    let record = it.image_in("1.0", &["beta", "release"]).await;
    let path = it.api.record_path(&it.acme, &record);
    for (field, value) in [
        ("name", json!("x")),
        ("version", json!("x")),
        ("description", json!("x")),
        ("tags", json!(["x"])),
        ("url", json!("")),
    ] {
        let mut body = record.clone();
        body[field] = value;
        it.denied("PUT", &path, body).await;
        assert_eq!(it.record(&record).await, record, "{field}");
    }
    // Out of release, its words are the write key's again.
    it.remove(&record, "release").await.expect(204);
    let mut body = record.clone();
    body["name"] = "renamed".into();
    it.write("PUT", &path, body).await.expect(204);
    let beta = it.api.check("kettle", "feed=beta&2105=0").await.expect(200).json();
    assert_eq!(beta["updates"][0]["name"], "renamed");
}

#[tokio::test]
async fn a_write_key_cannot_rename_a_type_that_the_release_feed_shows() {
    let it = Kettle::start().await;
    let record = it.image_in("1.0", &["beta", "release"]).await;
    let path = it.acme.path("/types/105");
    it.denied("PUT", &path, json!({"name": "renamed"})).await;
    let name = async |feed: &str| {
        let answer = it.api.check("kettle", &format!("feed={feed}&2105=0")).await.expect(200).json();
        answer["updates"][0]["typeName"].clone()
    };
    assert_ne!(name("release").await, "renamed");
    // Its description shows in no offer.
    let same = json!({"name": name("release").await, "description": "words"});
    it.write("PUT", &path, same).await.expect(204);
    it.remove(&record, "release").await.expect(204);
    it.write("PUT", &path, json!({"name": "renamed"})).await.expect(204);
    assert_eq!(name("beta").await, "renamed");
}

#[tokio::test]
async fn a_write_key_of_the_owner_cannot_edit_what_a_receiver_released() {
    let it = Kettle::start().await;
    let other = it.api.tenant("other").await;
    let radio = it.api.image(&other, 6, "1", b"radio").await;
    let path = it.api.record_path(&other, &radio);
    it.api.call("PUT", &format!("{path}/offers/acme"), &other.write, Value::Null).await.expect(204);
    it.api.associate(&it.acme, "kettle", &radio, "release").await.expect(201);
    let before = it.api.check("kettle", "2006=0").await.expect(200).bytes;
    let mut body = it.api.get(&path, &other.read).await.expect(200).json();
    body["name"] = "x".into();
    it.api.call("PUT", &path, &other.write, body).await.expect_problem(403, "right_missing");
    assert_eq!(it.api.check("kettle", "2006=0").await.expect(200).bytes, before);
}

#[tokio::test]
async fn a_write_key_cannot_make_a_stronger_one() {
    let it = Kettle::start().await;
    let keys = it.acme.path("/keys");
    it.denied("POST", &keys, json!({"rights": ["release"], "label": "x"})).await;
    it.denied("POST", &keys, json!({"rights": ["write"], "label": "x"})).await;
    it.write("GET", &keys, Value::Null).await.expect_problem(403, "right_missing");
    // The bearer it may have is no stronger than itself.
    let id = it.api.get("/v1/ota/whoami", &it.acme.write).await.expect(200).json()["keyId"].clone();
    let form = format!(
        "grant_type=client_credentials&client_id={}&client_secret={}&scope=release&rights=release",
        id.as_str().unwrap(),
        it.acme.write
    );
    let request = it.api.request("POST", "/oauth/token").body(form);
    let request = request.header("content-type", "application/x-www-form-urlencoded");
    let token = it.api.send(request).await.expect(200).json();
    let bearer = token["access_token"].as_str().unwrap();
    let record = it.image("1.0").await;
    it.api.call("POST", &it.images(), bearer, record).await.expect_problem(403, "right_missing");
    assert_eq!(it.api.offers("kettle", "2105=0").await, []);
}

#[tokio::test]
async fn a_write_key_does_what_lies_outside_the_release_feed() {
    let it = Kettle::start().await;
    let record = it.image("1.0").await;
    let mut body = record.clone();
    body["feed"] = "alpha".into();
    it.write("POST", &it.images(), body).await.expect(201);
    let promote = format!("{}/promote", it.image_path(&record));
    it.write("POST", &promote, json!({"from": "alpha", "to": "beta"})).await.expect(201);
    it.write("DELETE", &format!("{}?feed=alpha", it.image_path(&record)), Value::Null).await.expect(204);
    assert_eq!(it.feeds_of(&record).await, ["beta"]);
    it.write("PUT", &it.acme.path("/feeds/nightly"), Value::Null).await.expect(204);
    it.write("DELETE", &it.acme.path("/feeds/nightly"), Value::Null).await.expect(204);
}

/// Every operation that changes something, with a body that a stronger key could send.
fn changes(acme: &Tenant) -> Vec<(&'static str, String, Value)> {
    let kettle = "/deviceTypes/kettle";
    let image = format!("{kettle}/firmwareImages/types/105/versionNumbers/1");
    let record = "/pool/types/105/versionNumbers/1";
    let all: Vec<(&str, String, Value)> = vec![
        ("POST", "/types".into(), json!({"name": "x", "type": 106})),
        ("PUT", "/types/105".into(), json!({"name": "x"})),
        ("POST", "/pool".into(), json!({"name": "x", "type": 105, "version": "x", "url": ""})),
        ("PUT", record.into(), json!({"name": "x", "version": "x", "url": ""})),
        ("DELETE", record.into(), Value::Null),
        ("PUT", format!("{record}/offers/other"), Value::Null),
        ("DELETE", format!("{record}/offers/other"), Value::Null),
        ("POST", "/binaries".into(), json!({"sha256": "0".repeat(64), "size": 1})),
        ("POST", "/binaries/moveToRepository".into(), json!({"value": "0".repeat(64)})),
        ("POST", "/deviceTypes".into(), json!({"deviceTypeId": "lamp", "name": "x"})),
        ("PUT", kettle.into(), json!({"name": "x"})),
        ("DELETE", kettle.into(), Value::Null),
        (
            "POST",
            format!("{kettle}/firmwareImages"),
            json!({"type": 105, "versionNumber": 1, "feed": "alpha"}),
        ),
        ("DELETE", format!("{image}?feed=beta"), Value::Null),
        ("DELETE", image.clone(), Value::Null),
        ("POST", format!("{image}/promote"), json!({"from": "beta", "to": "alpha"})),
        ("PUT", "/feeds/nightly".into(), Value::Null),
        ("DELETE", "/feeds/weekly".into(), Value::Null),
        ("POST", "/feeds/dev/devices".into(), json!({"hexSha1": "0".repeat(40)})),
        ("DELETE", "/feeds/dev/devices/x".into(), Value::Null),
        ("POST", "/keys".into(), json!({"rights": ["read"], "label": "x"})),
        ("DELETE", "/keys/x".into(), Value::Null),
    ];
    all.into_iter().map(|(method, path, body)| (method, acme.path(&path), body)).collect()
}

#[tokio::test]
async fn a_read_key_changes_nothing_anywhere() {
    let it = Kettle::start().await;
    it.create_feed("weekly").await;
    let record = it.image_in("1.0", &["beta", "release"]).await;
    let seen = async || {
        let mut all = it.answers().await;
        for path in [
            "/types",
            "/pool",
            "/deviceTypes",
            "/deviceTypes/kettle/firmwareImages",
            "/feeds",
            "/feeds/dev/devices",
        ] {
            all.push(it.api.get(&it.acme.path(path), &it.acme.read).await.expect(200).bytes);
        }
        all.push(it.api.get(&it.acme.path("/keys"), &it.acme.release).await.expect(200).bytes);
        all
    };
    let before = seen().await;
    for (method, path, body) in changes(&it.acme) {
        let answer = it.api.call(method, &path, &it.acme.read, body).await;
        assert_eq!((answer.status, answer.code().as_str()), (403, "right_missing"), "{method} {path}");
    }
    it.api.get(&it.acme.path("/keys"), &it.acme.read).await.expect_problem(403, "right_missing");
    assert_eq!(seen().await, before);
    assert_eq!(it.record(&record).await, record);
}

#[tokio::test]
async fn the_list_of_changes_is_one_that_a_stronger_key_could_make() {
    let it = Kettle::start().await;
    it.create_feed("weekly").await;
    it.image_in("1.0", &["beta", "release"]).await;
    for (method, path, body) in changes(&it.acme) {
        let answer = it.api.call(method, &path, &it.acme.release, body).await;
        assert!(![401, 403, 405].contains(&answer.status), "{method} {path} {}", answer.status);
    }
}
