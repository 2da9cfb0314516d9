//! Operations 11 and 12, and the owner's download.

mod announce;
mod direct;
mod download;
mod move_to_repository;
mod presigned;

use md5::{Digest as _, Md5};
use serde_json::{Value, json};
use shared::domain::Sha256;
use tests::api::{Answer, Api, Tenant};

/// What most tests upload.
const FIRMWARE: &[u8] = b"firmware of the kettle";

/// The media type of plain bytes.
const BYTES: &str = "application/octet-stream";

/// Posts an announcement with these fields.
async fn announce(api: &Api, tenant: &Tenant, body: Value) -> Answer {
    api.call("POST", &tenant.path("/binaries"), &tenant.write, body).await
}

/// Announces these bytes.
async fn announce_bytes(api: &Api, tenant: &Tenant, bytes: &[u8]) -> Answer {
    announce(api, tenant, json!({"sha256": Sha256::of(bytes), "size": bytes.len()})).await
}

/// Posts a body of a media type.
async fn post(api: &Api, tenant: &Tenant, media: &str, body: &[u8]) -> Answer {
    let request = api.request("POST", &tenant.path("/binaries")).bearer_auth(&tenant.write);
    api.send(request.header("content-type", media).body(body.to_vec())).await
}

/// What the owner is told of a binary.
async fn describe(api: &Api, tenant: &Tenant, bytes: &[u8]) -> Answer {
    api.get(&tenant.path(&format!("/binaries/{}", Sha256::of(bytes))), &tenant.read).await
}

/// Downloads a binary as its owner.
async fn fetch(api: &Api, tenant: &Tenant, bytes: &[u8]) -> Vec<u8> {
    let url = describe(api, tenant, bytes).await.expect(200).json()["value"].as_str().unwrap().to_owned();
    api.get(&url, "").await.expect(200).bytes
}

/// The keys of all objects.
async fn objects(api: &Api) -> Vec<String> {
    let listed = api.server.s3_client().list_objects_v2().bucket(api.server.bucket()).send().await.unwrap();
    listed.contents().iter().map(|object| object.key().unwrap().to_owned()).collect()
}

fn md5_of(bytes: &[u8]) -> String {
    hex::encode(Md5::digest(bytes))
}

/// The control archive of a package called `tea`.
const CONTROL: &[u8] = include_bytes!("../../../shared/testdata/ipkg/control.tar.gz");

/// An `.ipk` around a control archive.
fn package_with(control: &[u8], content: &[u8]) -> Vec<u8> {
    let mut out = b"!<arch>\n".to_vec();
    for (name, body) in
        [("debian-binary", b"2.0\n".as_slice()), ("control.tar.gz", control), ("data.tar.gz", content)]
    {
        let header = format!("{name:<16}{:<12}{:<6}{:<6}{:<8}{:<10}`\n", 0, 0, 0, 100_644, body.len());
        out.extend_from_slice(header.as_bytes());
        out.extend_from_slice(body);
        out.resize(out.len().next_multiple_of(2), b'\n');
    }
    out
}

/// An `.ipk` called `tea` with some content.
fn package(content: &[u8]) -> Vec<u8> {
    package_with(CONTROL, content)
}
