//! Every operation that changes a package index, broken everywhere: at the database, and at the bucket.

use serde_json::{Value, json};
use tests::ipk::Ipk;

use super::driver::{Bench, Expected, Request, break_bucket_everywhere, break_everywhere};

const NONE: Value = Value::Null;
const GONE: (u16, &str) = (404, "not_found");
const ASSOCIATED: (u16, &str) = (409, "already_associated");

fn always(status: u16) -> Expected {
    Expected { status, honest: None }
}

fn or(status: u16, honest: (u16, &'static str)) -> Expected {
    Expected { status, honest: Some(honest) }
}

/// A package of this run.
async fn package(bench: &Bench, name: &str) -> Value {
    let bytes = Ipk::new(name, &format!("1.{}", bench.run)).build();
    bench.api.image(&bench.acme, 105, &format!("{name} {}", bench.run), &bytes).await
}

/// A device type of this run, with another package in each of the feeds, and a package that is in them as well.
async fn placed(bench: &Bench, feeds: &[&str]) -> (String, Value) {
    let id = bench.device_type("phone").await;
    let (other, this) = (package(bench, "other").await, package(bench, "this").await);
    for feed in feeds {
        for record in [&other, &this] {
            bench.api.associate(&bench.acme, &id, record, feed).await.expect(201);
        }
    }
    (id, this)
}

async fn association(bench: &Bench) -> Request {
    let (id, _) = placed(bench, &["release"]).await;
    let record = package(bench, "third").await;
    bench.by_acme("POST", &format!("/deviceTypes/{id}/firmwareImages"), record)
}

#[tokio::test]
async fn associating_a_package() {
    break_everywhere(or(201, ASSOCIATED), association).await;
}

#[tokio::test]
async fn associating_a_package_while_the_bucket_breaks() {
    break_bucket_everywhere(201, association).await;
}

/// Into a feed that was made after the device type, and so has no index yet.
async fn first_association(bench: &Bench) -> Request {
    if let Some(last) = bench.run.checked_sub(1) {
        let list = bench.acme.path(&format!("/deviceTypes/phone-{last}/firmwareImages"));
        let page = bench.api.get(&list, &bench.acme.read).await.expect(200).json();
        for image in page["content"].as_array().unwrap() {
            let path = bench.placed(&format!("phone-{last}"), image);
            bench.api.call("DELETE", &path, &bench.acme.release, NONE).await.expect(204);
        }
        bench.api.call("DELETE", &bench.acme.path("/feeds/field"), &bench.acme.write, NONE).await.expect(204);
    }
    let id = bench.device_type("phone").await;
    bench.custom_feed().await;
    let mut record = package(bench, "first").await;
    record["feed"] = "field".into();
    bench.by_acme("POST", &format!("/deviceTypes/{id}/firmwareImages"), record)
}

#[tokio::test]
async fn associating_the_first_package_of_a_feed() {
    break_everywhere(or(201, ASSOCIATED), first_association).await;
}

async fn promotion(bench: &Bench) -> Request {
    let (id, record) = placed(bench, &["beta"]).await;
    let path = format!("{}/promote", bench.placed(&id, &record));
    Request::new("POST", path, &bench.acme.release, json!({"from": "beta", "to": "release"}))
}

#[tokio::test]
async fn promoting_a_package() {
    break_everywhere(or(201, ASSOCIATED), promotion).await;
}

#[tokio::test]
async fn promoting_a_package_while_the_bucket_breaks() {
    break_bucket_everywhere(201, promotion).await;
}

#[tokio::test]
async fn removing_a_package_from_one_feed() {
    break_everywhere(or(204, GONE), async |bench| {
        let (id, record) = placed(bench, &["beta", "release"]).await;
        let path = format!("{}?feed=release", bench.placed(&id, &record));
        Request::new("DELETE", path, &bench.acme.release, NONE)
    })
    .await;
}

async fn removal(bench: &Bench) -> Request {
    bench.custom_feed().await;
    let (id, record) = placed(bench, &["beta", "release", "field"]).await;
    Request::new("DELETE", bench.placed(&id, &record), &bench.acme.release, NONE)
}

#[tokio::test]
async fn removing_a_package_from_all_feeds() {
    break_everywhere(or(204, GONE), removal).await;
}

#[tokio::test]
async fn removing_a_package_from_all_feeds_while_the_bucket_breaks() {
    break_bucket_everywhere(204, removal).await;
}

/// A record that is to be associated with two device types as soon as it has its package.
async fn intended(bench: &Bench) -> Request {
    let (a, b) = (bench.device_type("phone").await, bench.device_type("tablet").await);
    let body = json!({"name": "new", "type": 3, "version": format!("v{}", bench.run), "url": "",
        "associations": {"acme": [a, b], "globex": []}});
    let made = bench.api.call("POST", &bench.acme.path("/pool"), &bench.acme.release, body).await;
    let mut record = made.expect(201).json();
    let bytes = Ipk::new("new", &format!("1.{}", bench.run)).build();
    record["url"] = bench.api.upload(&bench.acme, &bytes).await.into();
    Request::new("PUT", bench.api.record_path(&bench.acme, &record), &bench.acme.release, record)
}

#[tokio::test]
async fn giving_a_record_its_package_and_with_it_its_associations() {
    break_everywhere(always(204), intended).await;
}

#[tokio::test]
async fn giving_a_record_its_package_while_the_bucket_breaks() {
    break_bucket_everywhere(204, intended).await;
}

#[tokio::test]
async fn deleting_a_device_type_that_had_packages() {
    break_everywhere(or(204, GONE), async |bench| {
        let (id, record) = placed(bench, &["release"]).await;
        let rest = bench.placed(&id, &record);
        bench.api.call("DELETE", &rest, &bench.acme.release, NONE).await.expect(204);
        let list = bench.acme.path(&format!("/deviceTypes/{id}/firmwareImages"));
        let left = bench.api.get(&list, &bench.acme.read).await.json()["content"][0].clone();
        bench.api.call("DELETE", &bench.placed(&id, &left), &bench.acme.release, NONE).await.expect(204);
        bench.by_acme("DELETE", &format!("/deviceTypes/{id}"), NONE)
    })
    .await;
}

/// A package of this run in staging, about to be moved.
async fn moving(bench: &Bench) -> Request {
    let bytes = Ipk::new("moved", &format!("1.{}", bench.run)).build();
    let request = bench.api.request("POST", &bench.acme.path("/binaries")).bearer_auth(&bench.acme.write);
    let request = request.header("content-type", "application/octet-stream").body(bytes);
    let sha256 = bench.api.send(request).await.expect(201).json()["value"].clone();
    bench.by_acme("POST", "/binaries/moveToRepository", json!({"value": sha256}))
}

#[tokio::test]
async fn moving_a_package_to_the_repository() {
    break_everywhere(always(200), moving).await;
}

#[tokio::test]
async fn moving_a_package_to_the_repository_while_the_bucket_breaks() {
    break_bucket_everywhere(200, moving).await;
}
