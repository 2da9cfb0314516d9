use aws_sdk_s3::primitives::ByteStream;
use devserver::{Options, Server};
use shared::domain::{Sha256, download};

use crate::raw::send;

const BYTES: &[u8] = b"0123456789";

/// A server with one binary in its repository, and the signed path to it.
async fn with_binary() -> (Server, String) {
    let server = Server::start(Options::default()).await.unwrap();
    let sha256 = Sha256::of(BYTES);
    let put = server.s3_client().put_object().bucket(server.bucket()).key(format!("repository/{sha256}"));
    put.body(ByteStream::from_static(BYTES)).send().await.unwrap();
    let secret = server.app().secrets.download().unwrap();
    let path = download::path(secret, secret.current().0, &sha256, None, "105-7.bin");
    (server, path)
}

#[tokio::test]
async fn a_binary_comes_whole_in_parts_or_not_at_all() {
    let (server, path) = with_binary().await;
    let get = |extra: &str| format!("GET {path} HTTP/1.1{extra}");
    let whole = send(server.base_url(), &get(""), b"").await;
    assert_eq!((whole.status, whole.body.as_slice()), (200, BYTES));
    let etag = whole.headers["etag"].clone();
    assert!(etag.starts_with('"') && etag.ends_with('"'), "{etag}");
    for (name, value) in [
        ("accept-ranges", "bytes"),
        ("cache-control", "public, max-age=31536000, immutable"),
        ("content-disposition", "attachment"),
        ("content-length", "10"),
        ("content-security-policy", "sandbox"),
        ("content-type", "application/octet-stream"),
        ("x-content-type-options", "nosniff"),
    ] {
        assert_eq!(whole.headers[name], value);
    }
    for (extra, status, body) in [
        ("\r\nrange: bytes=2-4".to_owned(), 206, "234"),
        (format!("\r\nrange: bytes=-2\r\nif-range: {etag}"), 206, "89"),
        ("\r\nrange: bytes=2-4\r\nif-range: \"other\"".to_owned(), 200, "0123456789"),
        ("\r\nrange: bytes=0-1,4-5".to_owned(), 200, "0123456789"),
        (format!("\r\nif-none-match: {etag}"), 304, ""),
        (format!("\r\nif-modified-since: {}", whole.headers["last-modified"]), 304, ""),
    ] {
        let answer = send(server.base_url(), &get(&extra), b"").await;
        assert_eq!((answer.status, answer.text().as_str()), (status, body), "{extra}");
        assert_eq!(answer.headers["etag"], etag, "{extra}");
    }
    let part = send(server.base_url(), &get("\r\nrange: bytes=2-4"), b"").await;
    assert_eq!(part.headers["content-range"], "bytes 2-4/10");
    let beyond = send(server.base_url(), &get("\r\nrange: bytes=10-"), b"").await;
    assert_eq!((beyond.status, beyond.headers["content-range"].as_str()), (416, "bytes */10"));
    let posted = send(server.base_url(), &format!("POST {path} HTTP/1.1\r\ncontent-length: 0"), b"").await;
    assert_eq!((posted.status, posted.headers["allow"].as_str()), (405, "GET, HEAD"));
    server.stop().await.unwrap();
}

#[tokio::test]
async fn a_path_that_does_not_verify_is_always_the_same_refusal() {
    let (server, path) = with_binary().await;
    let sha256 = Sha256::of(BYTES);
    let secret = server.app().secrets.download().unwrap();
    let expiry = server.clock().now().plus_seconds(10);
    let expiring = download::path(secret, secret.current().0, &sha256, Some(expiry), "f");
    assert_eq!(send(server.base_url(), &format!("GET {expiring} HTTP/1.1"), b"").await.status, 200);
    server.clock().shift(11_000);
    let other = path.replace(&sha256.to_string(), &Sha256::of(b"other").to_string());
    let bare = format!("/repository/{sha256}");
    let encoded = path.replace("/d1.", "/%641.");
    let mut bodies = Vec::new();
    for wrong in [&expiring, &other, &bare, &encoded, &format!("{path}/more")] {
        let answer = send(server.base_url(), &format!("GET {wrong} HTTP/1.1"), b"").await;
        assert_eq!(answer.status, 403, "{wrong}");
        bodies.push(answer.body);
    }
    bodies.dedup();
    assert_eq!(bodies.len(), 1);
    let missing = download::path(secret, secret.current().0, &Sha256::of(b"never uploaded"), None, "f");
    assert_eq!(send(server.base_url(), &format!("GET {missing} HTTP/1.1"), b"").await.status, 404);
    server.stop().await.unwrap();
}
