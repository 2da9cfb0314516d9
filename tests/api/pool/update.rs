//! `PUT /pool/types/{type}/versionNumbers/{versionNumber}`.

use futures::future::join_all;
use serde_json::{Value, json};

use super::{Pool, image, with};
use crate::kettle::{Kettle, pointers, snapshot};

#[tokio::test]
async fn words_change_and_the_rest_of_a_record_sent_back_is_ignored() {
    let pool = Pool::start().await;
    let body = with(with(image("1"), "description", "a"), "tags", json!(["x"]));
    let before = pool.post(body).await.expect(201).json();
    pool.api.server.clock().shift(60_000);
    let mut body = before.clone();
    for (field, value) in [
        ("name", json!("renamed")),
        ("version", json!("1.0.1")),
        ("description", json!("b")),
        ("tags", json!(["y", "z", "y"])),
        ("type", json!(3)),
        ("versionNumber", json!("9")),
        ("id", json!("9003")),
        ("partnerId", json!("other")),
        ("sealed", json!(true)),
        ("state", json!("uploaded")),
        ("size", json!(5)),
        ("sha256", json!("f00")),
        ("createdTimestamp", json!(1)),
        ("associations", json!({"acme": ["nowhere"]})),
        ("unknown", json!(null)),
    ] {
        body[field] = value;
    }
    let answer = pool.put(&before, body).await.expect(204);
    assert!(answer.bytes.is_empty());
    let after = pool.read(&before).await;
    assert_eq!(after["createdTimestamp"], before["createdTimestamp"]);
    assert!(after["updatedTimestamp"].as_i64() > before["updatedTimestamp"].as_i64());
    snapshot!(after);
    assert_eq!(pool.all().await, [after]);
}

#[tokio::test]
async fn what_is_left_out_is_gone() {
    let pool = Pool::start().await;
    let url = pool.api.upload(&pool.acme, b"bytes").await;
    let body = json!({
        "name": "image", "type": 105, "version": "1", "url": url, "url2": url, "description": "a", "tags": ["x"],
    });
    let record = pool.post(body).await.expect(201).json();
    pool.put(&record, with(image("1"), "url", url)).await.expect(204);
    let after = pool.read(&record).await;
    for field in ["description", "tags", "url2"] {
        assert!(record.get(field).is_some() && after.get(field).is_none(), "{field}");
    }
}

#[tokio::test]
async fn a_write_that_changes_nothing_leaves_the_record_as_it_was() {
    let pool = Pool::start().await;
    let record = pool.post(with(image("1"), "tags", json!(["x"]))).await.expect(201).json();
    pool.api.server.clock().shift(60_000);
    pool.put(&record, record.clone()).await.expect(204);
    assert_eq!(pool.read(&record).await, record);
}

#[tokio::test]
async fn a_name_and_version_of_another_record_are_refused() {
    let pool = Pool::start().await;
    let one = pool.post(image("1")).await.expect(201).json();
    let two = pool.post(image("2")).await.expect(201).json();
    let refused = pool.put(&two, image("1")).await.expect_problem(409, "image_exists");
    assert!(refused.json()["detail"].as_str().unwrap().ends_with("version number 1"));
    assert_eq!(pool.all().await, [one.clone(), two.clone()]);
    // The old ones are free once it is renamed, and can be taken back.
    pool.put(&one, image("3")).await.expect(204);
    pool.put(&two, image("1")).await.expect(204);
    pool.put(&one, image("1")).await.expect_problem(409, "image_exists");
    pool.put(&one, image("2")).await.expect(204);
    let versions: Vec<_> = pool.all().await.iter().map(|each| each["version"].clone()).collect();
    assert_eq!(versions, ["2", "1"]);
}

#[tokio::test]
async fn a_refused_body_changes_nothing() {
    let pool = Pool::start().await;
    let record = pool.post(with(image("1"), "tags", json!(["x"]))).await.expect(201).json();
    for (field, value, faults) in [
        ("name", json!(null), ["/name"]),
        ("name", json!("n".repeat(36)), ["/name"]),
        ("name", json!("a/b"), ["/name"]),
        ("name", json!(5), ["/name"]),
        ("version", json!(null), ["/version"]),
        ("version", json!("v".repeat(65)), ["/version"]),
        ("version", json!(2), ["/version"]),
        ("url", json!(null), ["/url"]),
        ("url", json!(5), ["/url"]),
        ("url2", json!(false), ["/url2"]),
        ("description", json!("d".repeat(501)), ["/description"]),
        ("tags", json!("x"), ["/tags"]),
        ("tags", json!(["x", "a,b"]), ["/tags/1"]),
    ] {
        let body = with(with(image("2"), "description", "new"), field, value.clone());
        let refused = pool.put(&record, body).await.expect_problem(422, "invalid_field");
        assert_eq!(pointers(&refused), faults, "{field} {value}");
    }
    let all = json!({"name": "", "version": 5, "tags": [""], "description": 1, "url2": 1});
    let mut faults = pointers(&pool.put(&record, all).await.expect_problem(422, "invalid_field"));
    faults.sort();
    assert_eq!(faults, ["/description", "/name", "/tags/0", "/url", "/url2", "/version"]);
    let send = |kind: &str, body: &'static str| {
        let request = pool.api.request("PUT", &pool.path(&record)).bearer_auth(&pool.acme.write);
        pool.api.send(request.header("content-type", kind).body(body))
    };
    send("application/json", "{").await.expect_problem(400, "malformed_json");
    send("application/json", "[]").await.expect_problem(400, "malformed_json");
    let good = r#"{"name":"image","version":"2","url":""}"#;
    send("text/plain", good).await.expect_problem(415, "unsupported_media_type");
    let large = with(image("2"), "x", "x".repeat(256 << 10));
    pool.put(&record, large).await.expect_problem(413, "body_too_large");
    assert_eq!(pool.all().await, [record]);
}

#[tokio::test]
async fn another_partners_record_is_not_found() {
    let pool = Pool::start().await;
    let other = pool.api.tenant("other").await;
    pool.api.create_type(&other, 105).await;
    let record = pool.post(image("1")).await.expect(201).json();
    let path = pool.api.record_path(&other, &record);
    pool.api.call("PUT", &path, &other.release, image("2")).await.expect_problem(404, "not_found");
    assert_eq!(pool.all().await, [record]);
}

#[tokio::test]
async fn a_sealed_record_keeps_its_binaries_and_takes_new_words() {
    let kettle = Kettle::start().await;
    let (api, acme) = (&kettle.api, &kettle.acme);
    let before = kettle.image_in("1", &["beta"]).await;
    let second = api.upload(acme, b"other bytes").await;
    let path = api.record_path(acme, &before);
    let put = |body: Value| api.call("PUT", &path, &acme.release, body);
    for (url, url2) in [
        (json!(second), Value::Null),
        (json!(""), Value::Null),
        (before["url"].clone(), json!(second)),
        (before["url"].clone(), before["url"].clone()),
        (json!(second), before["url"].clone()),
    ] {
        let body = with(with(with(before.clone(), "url", url), "url2", url2), "description", "slipped in");
        put(body).await.expect_problem(409, "image_sealed");
    }
    assert_eq!(kettle.record(&before).await, before);
    // The same bytes under another form of their URL are no change.
    let url = format!("{}/sig/file.bin", before["url"].as_str().unwrap());
    put(with(with(before.clone(), "url", url), "description", "new words")).await.expect(204);
    let after = kettle.record(&before).await;
    assert_eq!(after["description"], "new words");
    for field in ["id", "type", "versionNumber", "url", "sha256", "size", "md5", "sealed"] {
        assert_eq!(after[field], before[field], "{field}");
    }
    // Not even when the last association is gone.
    kettle.remove(&before, "beta").await.expect(204);
    put(with(before.clone(), "url", second)).await.expect_problem(409, "image_sealed");
}

#[tokio::test]
async fn new_words_reach_every_check_the_record_is_in() {
    let kettle = Kettle::start().await;
    let (api, acme) = (&kettle.api, &kettle.acme);
    api.create_device_type(acme, "teapot").await;
    let record = kettle.image_in("1", &["beta", "release"]).await;
    api.associate(acme, "teapot", &record, "release").await.expect(201);
    let body = with(with(record.clone(), "name", "renamed"), "version", "1.0.1");
    api.call("PUT", &api.record_path(acme, &record), &acme.release, body).await.expect(204);
    for (device_type, feed) in [("kettle", "beta"), ("kettle", "release"), ("teapot", "release")] {
        let check = api.check(device_type, &format!("feed={feed}&2105=0")).await.expect(200).json();
        let update = &check["updates"][0];
        assert_eq!(
            (&update["name"], &update["version"]),
            (&json!("renamed"), &json!("1.0.1")),
            "{device_type} {feed}"
        );
        assert_eq!(update["versionNumber"], record["versionNumber"]);
    }
}

#[tokio::test]
async fn a_record_in_the_release_feed_needs_the_release_right() {
    let kettle = Kettle::start().await;
    let (api, acme) = (&kettle.api, &kettle.acme);
    let record = kettle.image_in("1", &["beta"]).await;
    let path = api.record_path(acme, &record);
    let put = |key: String, text: &'static str| {
        let path = path.clone();
        let body = with(record.clone(), "description", text);
        async move { api.call("PUT", &path, &key, body).await }
    };
    put(acme.read.clone(), "no").await.expect_problem(403, "right_missing");
    put(acme.write.clone(), "in beta").await.expect(204);
    api.associate(acme, "kettle", &record, "release").await.expect(201);
    let released = kettle.record(&record).await;
    put(acme.write.clone(), "in release").await.expect_problem(403, "right_missing");
    assert_eq!(kettle.record(&record).await, released);
    put(acme.release.clone(), "in release").await.expect(204);
    assert_eq!(kettle.record(&record).await["description"], "in release");
}

#[tokio::test]
async fn of_many_writes_at_once_one_is_the_last_and_none_is_lost_in_part() {
    let pool = Pool::start().await;
    let record = pool.post(image("1")).await.expect(201).json();
    let bodies: Vec<Value> = (0..6)
        .map(|each| {
            with(
                with(image(&format!("v{each}")), "description", format!("d{each}")),
                "tags",
                json!([format!("t{each}")]),
            )
        })
        .collect();
    for answer in join_all(bodies.iter().map(|body| pool.put(&record, body.clone()))).await {
        answer.expect(204);
    }
    let after = pool.read(&record).await;
    let same =
        |body: &&Value| ["version", "description", "tags"].iter().all(|field| body[field] == after[field]);
    assert_eq!(bodies.iter().filter(same).count(), 1, "{after}");
    assert_eq!(pool.all().await, [after]);
    // Every other name is free again.
    let exists = |version: String| {
        let path = pool.acme.path(&format!("/pool/types/105/names/image/versions/{version}/exists"));
        let pool = &pool;
        async move { pool.api.get(&path, &pool.acme.read).await.expect(200).json()["value"] == true }
    };
    let taken = join_all((0..6).map(|each| exists(format!("v{each}")))).await;
    assert_eq!(taken.into_iter().filter(|taken| *taken).count(), 1);
}
