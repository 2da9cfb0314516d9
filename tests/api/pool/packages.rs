//! Images whose binary is a package: recognised, marked, and never with a second slot.

use std::io::Write as _;

use serde_json::{Value, json};

use super::{Pool, image, with};
use crate::kettle::{pointers, snapshot};

/// An `.ipk` called `tea` with some content, around one of two control archives.
fn ipk(control: &[u8], content: &str) -> Vec<u8> {
    let mut out = b"!<arch>\n".to_vec();
    let members = [
        ("debian-binary", b"2.0\n".as_slice()),
        ("control.tar.gz", control),
        ("data.tar.gz", content.as_bytes()),
    ];
    for (name, body) in members {
        writeln!(out, "{name:<16}{:<12}{:<6}{:<6}{:<8}{:<10}`", 0, 0, 0, 100_644, body.len()).unwrap();
        out.extend_from_slice(body);
        out.resize(out.len().next_multiple_of(2), b'\n');
    }
    out
}

pub(crate) fn package(content: &str) -> Vec<u8> {
    ipk(include_bytes!("../../../shared/testdata/ipkg/control.tar.gz"), content)
}

/// A package in which something is dropped.
fn odd_package(content: &str) -> Vec<u8> {
    ipk(include_bytes!("../../../shared/testdata/ipkg/control-with-warnings.tar.gz"), content)
}

#[tokio::test]
async fn a_record_shows_that_its_binary_is_a_package() {
    let pool = Pool::start().await;
    let record = pool.api.image(&pool.acme, 105, "1", &package("hello")).await;
    assert_eq!((&record["package"], &record["state"]), (&json!(true), &json!("uploaded")));
    snapshot!(record);
    assert_eq!(pool.all().await, [record]);
    // Nothing else says so.
    let plain = pool.api.image(&pool.acme, 105, "2", b"hello").await;
    assert!(plain.get("package").is_none());
}

#[tokio::test]
async fn a_package_never_goes_with_a_second_slot() {
    let pool = Pool::start().await;
    let (ipk, plain) =
        (pool.api.upload(&pool.acme, &package("a")).await, pool.api.upload(&pool.acme, b"plain").await);
    let other_ipk = pool.api.upload(&pool.acme, &package("b")).await;
    let record = pool.post(with(image("1"), "url", plain.clone())).await.expect(201).json();
    for (url, url2) in [(&ipk, &plain), (&plain, &ipk), (&ipk, &other_ipk), (&ipk, &ipk)] {
        let wish = |version: &str| with(with(image(version), "url", url.clone()), "url2", url2.clone());
        for answer in [pool.post(wish("2")).await, pool.put(&record, wish("1")).await] {
            assert_eq!(pointers(&answer.expect_problem(422, "invalid_field")), ["/url2"]);
        }
    }
    assert_eq!(pool.all().await, [record]);
}

#[tokio::test]
async fn bytes_moved_as_a_binary_are_no_package() {
    let pool = Pool::start().await;
    let sha256 = shared::domain::Sha256::of(&package("as binary")).to_string();
    let body = json!({"sha256": sha256, "size": package("as binary").len()});
    let answer =
        pool.api.call("POST", &pool.acme.path("/binaries"), &pool.acme.write, body).await.expect(201);
    pool.api.put_presigned(&answer.json()["upload"], package("as binary")).await.expect(200);
    let body = json!({"value": sha256, "as": "binary"});
    let path = pool.acme.path("/binaries/moveToRepository");
    let moved = pool.api.call("POST", &path, &pool.acme.write, body).await.expect(200).json();
    let url = moved["value"].as_str().unwrap();
    let body = with(with(image("1"), "url", url), "url2", url);
    let record = pool.post(body).await.expect(201).json();
    assert!(record.get("package").is_none());
}

#[tokio::test]
async fn a_package_is_associated_and_sealed_and_in_no_check() {
    let pool = Pool::start().await;
    pool.api.create_device_type(&pool.acme, "kettle").await;
    let plain = pool.api.image(&pool.acme, 105, "1", b"plain").await;
    pool.api.associate(&pool.acme, "kettle", &plain, "release").await.expect(201);
    let record = pool.api.image(&pool.acme, 105, "2", &package("x")).await;
    let made = pool.api.associate(&pool.acme, "kettle", &record, "release").await.expect(201).json();
    assert_eq!((&made["package"], &made["sealed"]), (&json!(true), &json!(true)));
    // The plain image below it is still what a check offers.
    assert_eq!(pool.api.offers("kettle", "2105=0").await, [(105, "1".to_owned())]);
    let sealed = with(image("2"), "url", plain["url"].clone());
    pool.put(&record, with(sealed, "name", "image 105")).await.expect_problem(409, "image_sealed");

    let path = pool.acme.path("/deviceTypes/kettle/firmwareImages/types/105/versionNumbers/2");
    pool.api.call("DELETE", &path, &pool.acme.release, Value::Null).await.expect(204);
    assert_eq!(pool.api.offers("kettle", "2105=0").await, [(105, "1".to_owned())]);
}

#[tokio::test]
async fn intents_fire_for_a_package_too() {
    let pool = Pool::start().await;
    pool.api.create_device_type(&pool.acme, "kettle").await;
    let body = with(image("1"), "associations", json!({"acme": ["kettle"]}));
    let post = pool.api.call("POST", &pool.acme.path("/pool"), &pool.acme.release, body).await;
    let record = post.expect(201).json();
    let url = pool.api.upload(&pool.acme, &package("y")).await;
    pool.put(&record, with(record.clone(), "url", url)).await.expect(204);
    let path = pool.acme.path("/deviceTypes/kettle/firmwareImages/types/105/versionNumbers/1");
    let made = pool.api.get(&path, &pool.acme.read).await.expect(200).json();
    assert_eq!((&made["package"], &made["feeds"]), (&json!(true), &json!(["release"])));
    assert_eq!(pool.api.offers("kettle", "2105=0").await, []);
}

#[tokio::test]
async fn a_record_warns_of_what_was_dropped_in_the_package_it_has_now() {
    let pool = Pool::start().await;
    let mut urls = Vec::new();
    for bytes in [odd_package("a"), odd_package("b"), package("c")] {
        urls.push(pool.api.upload(&pool.acme, &bytes).await);
    }
    let record = pool.post(with(image("1"), "url", urls[0].clone())).await.expect(201).json();
    let warning = record["warnings"][0].as_str().unwrap().to_owned();
    assert!(warning.contains("Package-Type"), "{warning}");
    let wish = |url: &str| with(image("1"), "url", url);
    let mut updated = record["updatedTimestamp"].clone();
    for (url, warnings, changes) in [
        (urls[0].as_str(), json!([warning]), false),
        (&urls[1], json!([warning]), true),
        (&urls[1], json!([warning]), false),
        (&urls[2], Value::Null, true),
        (&urls[0], json!([warning]), true),
        ("", Value::Null, true),
    ] {
        // So that a change would show in the time.
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
        pool.put(&record, wish(url)).await.expect(204);
        let now = pool.read(&record).await;
        assert_eq!(now["warnings"], warnings, "{url}");
        assert_eq!(now["updatedTimestamp"] != updated, changes, "{url}");
        updated = now["updatedTimestamp"].clone();
    }
}

#[tokio::test]
async fn a_warning_about_a_device_type_outlives_the_package() {
    let pool = Pool::start().await;
    pool.api.create_device_type(&pool.acme, "kettle").await;
    let body = with(image("1"), "associations", json!({"acme": ["kettle"]}));
    let post = pool.api.call("POST", &pool.acme.path("/pool"), &pool.acme.release, body).await;
    let record = post.expect(201).json();
    let path = pool.acme.path("/deviceTypes/kettle");
    pool.api.call("DELETE", &path, &pool.acme.write, Value::Null).await.expect(204);
    let url = pool.api.upload(&pool.acme, &odd_package("a")).await;
    pool.put(&record, with(image("1"), "url", url)).await.expect(204);
    let both = pool.read(&record).await["warnings"].as_array().unwrap().clone();
    assert!(both[0].as_str().unwrap().contains("Package-Type"), "{both:?}");
    assert!(both[1].as_str().unwrap().contains("kettle"), "{both:?}");
    let url = pool.api.upload(&pool.acme, b"plain").await;
    pool.put(&record, with(image("1"), "url", url)).await.expect(204);
    assert_eq!(pool.read(&record).await["warnings"], json!([both[1]]));
}
