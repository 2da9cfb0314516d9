//! What the store holds a presigned upload to.

use reqwest::StatusCode as Status;
use serde_json::{Value, json};
use shared::domain::{Sha256, Timestamp};

use crate::world::{Answer, BUCKET, World, acme, md5_of};

const FIRMWARE: &[u8] = b"firmware of the kettle";

fn headers_of(answer: &Answer) -> Vec<(String, String)> {
    let headers = answer.1["upload"]["headers"].as_object().unwrap();
    headers.iter().map(|(name, value)| (name.clone(), value.as_str().unwrap().to_owned())).collect()
}

fn url_of(answer: &Answer) -> String {
    answer.1["upload"]["url"].as_str().unwrap().to_owned()
}

async fn put(url: &str, headers: &[(String, String)], body: &[u8]) -> Status {
    let mut request = reqwest::Client::new().put(url).body(body.to_vec());
    for (name, value) in headers {
        request = request.header(name, value);
    }
    request.send().await.unwrap().status()
}

fn without(headers: &[(String, String)], name: &str) -> Vec<(String, String)> {
    assert!(headers.iter().any(|(given, _)| given == name), "{name}");
    headers.iter().filter(|(given, _)| given != name).cloned().collect()
}

#[tokio::test]
async fn exactly_these_headers_are_signed_and_nothing_hides_in_the_query() {
    let world = World::new().await;
    for md5 in [None, Some(md5_of(FIRMWARE))] {
        let mut body = json!({"sha256": Sha256::of(FIRMWARE), "size": FIRMWARE.len()});
        let mut expected = vec!["content-length", "host", "if-none-match", "x-amz-checksum-sha256"];
        if let Some(md5) = &md5 {
            body["md5"] = Value::from(md5.clone());
            expected.insert(1, "content-md5");
        }
        let answer = world.post("/binaries", &body).await;
        assert_eq!(answer.0, 201);
        let url = reqwest::Url::parse(&url_of(&answer)).unwrap();
        let query: Vec<(String, String)> = url.query_pairs().into_owned().collect();
        let signed = &query.iter().find(|(name, _)| name == "X-Amz-SignedHeaders").unwrap().1;
        assert_eq!(signed.split(';').collect::<Vec<_>>(), expected);
        let mut names: Vec<_> = query.iter().map(|(name, _)| name.as_str()).collect();
        names.sort_unstable();
        let amz = ["Algorithm", "Credential", "Date", "Expires", "Signature", "SignedHeaders"];
        let mut wanted: Vec<_> = amz.iter().map(|name| format!("X-Amz-{name}")).collect();
        wanted.push("x-id".to_owned());
        assert_eq!(names, wanted);
        let mut sent: Vec<_> = headers_of(&answer).into_iter().map(|(name, _)| name).collect();
        sent.push("host".to_owned());
        sent.sort_unstable();
        assert_eq!(sent, expected);
        assert!(query.contains(&("X-Amz-Expires".to_owned(), "900".to_owned())));
        assert!(url.path().ends_with(&format!("/staging/acme/{}", Sha256::of(FIRMWARE))));
    }
}

#[tokio::test]
async fn the_announced_bytes_are_taken_once() {
    let world = World::new().await;
    let answer = world.announce(FIRMWARE).await;
    let (url, headers) = (url_of(&answer), headers_of(&answer));
    assert_eq!(put(&url, &headers, FIRMWARE).await, 200);
    assert_eq!(put(&url, &headers, FIRMWARE).await, 412);
    assert_eq!(world.staged(FIRMWARE).await.unwrap(), FIRMWARE);
    assert_eq!(world.announce(FIRMWARE).await, (Status::OK, json!({"value": Sha256::of(FIRMWARE)})));
}

#[tokio::test]
async fn other_bytes_of_the_same_length_are_refused_and_do_not_stand_in_the_way() {
    let world = World::new().await;
    let answer = world.announce(FIRMWARE).await;
    let mut wrong = FIRMWARE.to_vec();
    wrong[0] ^= 1;
    assert_eq!(put(&url_of(&answer), &headers_of(&answer), &wrong).await, 400);
    assert_eq!(world.in_repository(FIRMWARE).await, None);
    let again = world.announce(FIRMWARE).await;
    assert_eq!(again.0, 201);
    assert_eq!(put(&url_of(&again), &headers_of(&again), FIRMWARE).await, 200);
    assert_eq!(world.moved(FIRMWARE).await.0, 200);
    assert_eq!(world.in_repository(FIRMWARE).await.unwrap(), FIRMWARE);
}

#[tokio::test]
async fn an_md5_that_does_not_fit_is_refused() {
    let world = World::new().await;
    let body = json!({"sha256": Sha256::of(FIRMWARE), "size": FIRMWARE.len(), "md5": md5_of(b"other")});
    let answer = world.post("/binaries", &body).await;
    assert_eq!(put(&url_of(&answer), &headers_of(&answer), FIRMWARE).await, 400);
}

#[tokio::test]
async fn another_length_is_refused() {
    let world = World::new().await;
    let answer = world.announce(FIRMWARE).await;
    let headers = without(&headers_of(&answer), "content-length");
    for body in [&FIRMWARE[1..], b"", &[FIRMWARE, b"+"].concat()] {
        assert_eq!(put(&url_of(&answer), &headers, body).await, 403);
    }
    assert_eq!(world.staged(FIRMWARE).await, None);
}

#[tokio::test]
async fn an_upload_that_breaks_off_leaves_nothing() {
    use tokio::io::AsyncWriteExt as _;
    let world = World::new().await;
    let answer = world.announce(FIRMWARE).await;
    let url = reqwest::Url::parse(&url_of(&answer)).unwrap();
    let host = world.endpoint.strip_prefix("http://").unwrap();
    let headers: Vec<_> =
        headers_of(&answer).iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
    let headers = headers.concat();
    let request =
        format!("PUT {}?{} HTTP/1.1\r\nhost: {host}\r\n{headers}\r\n", url.path(), url.query().unwrap());
    let mut socket = tokio::net::TcpStream::connect(host).await.unwrap();
    socket.write_all(&[request.as_bytes(), &FIRMWARE[..5]].concat()).await.unwrap();
    socket.flush().await.unwrap();
    drop(socket);
    tokio::time::sleep(std::time::Duration::from_millis(300)).await;
    assert_eq!(world.staged(FIRMWARE).await, None);
    assert_eq!(put(&url_of(&answer), &headers_of(&answer), FIRMWARE).await, 200);
}

#[tokio::test]
async fn a_header_that_was_signed_cannot_be_left_out_or_changed() {
    let world = World::new().await;
    let answer = world.announce(FIRMWARE).await;
    let headers = headers_of(&answer);
    for name in ["x-amz-checksum-sha256", "if-none-match"] {
        assert_eq!(put(&url_of(&answer), &without(&headers, name), FIRMWARE).await, 403, "{name}");
    }
    let other = "RBNvo1WzZ4oRRq0W9+hknpT7T8If536DEMBg9hyq/4o=".to_owned();
    let mut changed = without(&headers, "x-amz-checksum-sha256");
    changed.push(("x-amz-checksum-sha256".to_owned(), other));
    assert_eq!(put(&url_of(&answer), &changed, FIRMWARE).await, 403);
    assert_eq!(world.staged(FIRMWARE).await, None);
}

#[tokio::test]
async fn another_key_or_partner_or_signature_is_refused() {
    let world = World::new().await;
    let answer = world.announce(FIRMWARE).await;
    let (url, headers) = (url_of(&answer), headers_of(&answer));
    let sha256 = Sha256::of(FIRMWARE).to_string();
    for other in [
        url.replace(&sha256, &Sha256::of(b"other").to_string()),
        url.replace("/acme/", "/emca/"),
        url.replace("/staging/acme/", "/repository/"),
        url.replace("X-Amz-Expires=900", "X-Amz-Expires=90000"),
        url.split('?').next().unwrap().to_owned(),
    ] {
        assert_ne!(other, url);
        assert_eq!(put(&other, &headers, FIRMWARE).await, 403, "{other}");
    }
    assert_eq!(world.in_repository(FIRMWARE).await, None);
}

#[tokio::test]
async fn a_url_that_has_expired_is_refused() {
    let world = World::new().await;
    let now = world.app.clock.now();
    let upload =
        shared::blobs::Upload { sha256: Sha256::of(FIRMWARE), size: FIRMWARE.len() as u64, md5: None };
    let past = |seconds: i64| Timestamp::from_millis(now.millis() - seconds * 1000);
    let old = world.blobs.presign(&acme(), &upload, past(902)).await.unwrap();
    assert!(old.expires < now);
    assert_eq!(put(&old.url, &old.headers, FIRMWARE).await, 403);
    let young = world.blobs.presign(&acme(), &upload, past(850)).await.unwrap();
    assert_eq!(young.expires.seconds(), past(850).seconds() + 900);
    assert_eq!(put(&young.url, &young.headers, FIRMWARE).await, 200);
}

#[tokio::test]
async fn the_stored_object_tells_its_checksum_and_md5() {
    let world = World::new().await;
    let answer = world.announce(FIRMWARE).await;
    put(&url_of(&answer), &headers_of(&answer), FIRMWARE).await;
    let stored = world.blobs.staged(&acme(), &Sha256::of(FIRMWARE)).await.unwrap().unwrap();
    assert!(stored.is(&Sha256::of(FIRMWARE)));
    assert!(!stored.is(&Sha256::of(b"other")));
    assert_eq!(stored.size, FIRMWARE.len() as u64);
    assert_eq!(stored.md5.unwrap().to_string(), md5_of(FIRMWARE));
    assert_eq!(world.s3.list_buckets().send().await.unwrap().buckets()[0].name(), Some(BUCKET));
}
