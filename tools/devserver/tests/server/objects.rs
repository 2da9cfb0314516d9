use std::fmt::Write as _;
use std::time::Duration;

use aws_sdk_s3::presigning::{PresignedRequest, PresigningConfig};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use devserver::{Options, Server};
use sha2::{Digest as _, Sha256};

use crate::raw::{Answer, send};

const BYTES: &[u8] = b"firmware";

async fn presigned(server: &Server, key: &str, seconds: u64) -> PresignedRequest {
    server
        .s3_client()
        .put_object()
        .bucket(server.bucket())
        .key(key)
        .content_length(8)
        .checksum_sha256(STANDARD.encode(Sha256::digest(BYTES)))
        .if_none_match("*")
        .presigned(PresigningConfig::expires_in(Duration::from_secs(seconds)).unwrap())
        .await
        .unwrap()
}

/// PUTs `body` with the signed headers, those named in `without` left out.
async fn put(server: &Server, signed: &PresignedRequest, body: &[u8], without: &str) -> Answer {
    let target = signed.uri().strip_prefix(server.s3_endpoint()).unwrap();
    let mut head = format!("PUT {target} HTTP/1.1\r\ncontent-length: {}", body.len());
    for (name, value) in signed.headers().filter(|(name, _)| *name != "content-length" && *name != without) {
        let _ = write!(head, "\r\n{name}: {value}");
    }
    send(server.s3_endpoint(), &head, body).await
}

async fn is_there(server: &Server, key: &str) -> bool {
    server.s3_client().head_object().bucket(server.bucket()).key(key).send().await.is_ok()
}

#[tokio::test]
async fn a_refused_upload_leaves_nothing_and_blocks_nobody() {
    let server = Server::start(Options::default()).await.unwrap();
    let key = "staging/demo/x";
    let signed = presigned(&server, key, 60).await;
    assert_eq!(put(&server, &signed, b"firmwarf", "").await.status, 400);
    assert_eq!(put(&server, &signed, b"firmware and more", "").await.status, 403);
    assert_eq!(put(&server, &signed, BYTES, "x-amz-checksum-sha256").await.status, 403);
    assert_eq!(put(&server, &signed, BYTES, "if-none-match").await.status, 403);
    assert!(!is_there(&server, key).await);

    assert_eq!(put(&server, &signed, BYTES, "").await.status, 200);
    assert_eq!(put(&server, &signed, BYTES, "").await.status, 412);
    assert!(is_there(&server, key).await);
    server.stop().await.unwrap();
}

#[tokio::test]
async fn an_upload_url_expires() {
    let server = Server::start(Options::default()).await.unwrap();
    let signed = presigned(&server, "staging/demo/x", 1).await;
    tokio::time::sleep(Duration::from_millis(2100)).await;
    assert_eq!(put(&server, &signed, BYTES, "").await.status, 403);
    server.stop().await.unwrap();
}

#[tokio::test]
async fn a_copy_keeps_the_checksum_and_survives_its_source() {
    let server = Server::start(Options::default()).await.unwrap();
    let signed = presigned(&server, "staging/demo/x", 60).await;
    assert_eq!(put(&server, &signed, BYTES, "").await.status, 200);
    let (s3, bucket) = (server.s3_client(), server.bucket());
    let copy =
        s3.copy_object().bucket(bucket).key("repository/x").copy_source(format!("{bucket}/staging/demo/x"));
    copy.send().await.unwrap();
    s3.delete_object().bucket(bucket).key("staging/demo/x").send().await.unwrap();
    assert!(!is_there(&server, "staging/demo/x").await);
    let mode = aws_sdk_s3::types::ChecksumMode::Enabled;
    let found = s3.head_object().bucket(bucket).key("repository/x").checksum_mode(mode).send().await.unwrap();
    assert_eq!(found.content_length(), Some(8));
    assert_eq!(found.checksum_sha256(), Some(STANDARD.encode(Sha256::digest(BYTES)).as_str()));
    server.stop().await.unwrap();
}
