//! Presigned uploads against the object store, which verifies them: what it refuses, and that it keeps nothing of it.

use std::collections::BTreeMap;

use serde_json::Value;
use shared::domain::Sha256;
use tests::api::{Answer, Api};

use super::{FIRMWARE, announce_bytes, fetch, objects};

type Headers = BTreeMap<String, String>;

/// An upload as the client was told to send it, to be tampered with.
#[derive(Clone)]
struct Sending {
    url: String,
    headers: Headers,
    body: Vec<u8>,
}

impl Sending {
    fn of(upload: &Value) -> Self {
        let headers = upload["headers"].as_object().unwrap().iter();
        let headers =
            headers.map(|(name, value)| (name.clone(), value.as_str().unwrap().to_owned())).collect();
        Self { url: upload["url"].as_str().unwrap().to_owned(), headers, body: FIRMWARE.to_vec() }
    }

    fn with(&self, change: impl FnOnce(&mut Self)) -> Self {
        let mut changed = self.clone();
        change(&mut changed);
        changed
    }

    async fn put(self, api: &Api) -> Answer {
        let mut request = api.request("PUT", &self.url);
        for (name, value) in &self.headers {
            request = request.header(name, value);
        }
        api.send(request.body(self.body)).await
    }
}

#[tokio::test]
async fn exactly_length_checksum_and_condition_are_signed_as_headers() {
    let api = Api::start().await;
    let acme = api.tenant("acme").await;
    let answer = announce_bytes(&api, &acme, FIRMWARE).await.expect(201).json();
    let sending = Sending::of(&answer["upload"]);
    assert_eq!(answer["upload"]["method"], "PUT");
    let url = reqwest::Url::parse(&sending.url).unwrap();
    let query: BTreeMap<_, _> = url.query_pairs().into_owned().collect();
    assert_eq!(query["X-Amz-SignedHeaders"], "content-length;host;if-none-match;x-amz-checksum-sha256");
    assert_eq!(query["X-Amz-Expires"], "900");
    assert!(sending.headers.keys().eq(["content-length", "if-none-match", "x-amz-checksum-sha256"]));
    assert_eq!(sending.headers["if-none-match"], "*");
    assert_eq!(sending.headers["content-length"], FIRMWARE.len().to_string());
    // S3 ignores a checksum in the query: none must be there to be relied upon.
    assert!(!query.keys().any(|name| name.to_lowercase().contains("checksum")), "{query:?}");
    assert!(url.path().ends_with(&format!("/staging/acme/{}", Sha256::of(FIRMWARE))));
}

#[tokio::test]
async fn whatever_was_not_signed_is_refused_by_the_store_and_leaves_nothing() {
    let api = Api::start().await;
    let acme = api.tenant("acme").await;
    let good = Sending::of(&announce_bytes(&api, &acme, FIRMWARE).await.expect(201).json()["upload"]);
    let digest = Sha256::of(FIRMWARE).to_string();
    let other = Sha256::of(b"other").to_string();
    let length = |body: Vec<u8>| {
        good.with(|it| {
            it.headers.remove("content-length");
            it.body = body;
        })
    };
    for (what, status, tampered) in [
        ("wrong bytes", 400, good.with(|it| it.body[0] ^= 1)),
        ("shorter", 403, length(FIRMWARE[1..].to_vec())),
        ("longer", 403, length([FIRMWARE, b"!"].concat())),
        ("empty", 403, length(Vec::new())),
        ("no checksum", 403, good.with(|it| drop(it.headers.remove("x-amz-checksum-sha256")))),
        ("no condition", 403, good.with(|it| drop(it.headers.remove("if-none-match")))),
        (
            "checksum of the wrong bytes",
            403,
            good.with(|it| {
                it.headers.insert("x-amz-checksum-sha256".into(), "AAAA".repeat(10) + "AAA=");
            }),
        ),
        ("another hash", 403, good.with(|it| it.url = it.url.replace(&digest, &other))),
        ("another partner", 403, good.with(|it| it.url = it.url.replace("/acme/", "/bolt/"))),
        ("the repository", 403, good.with(|it| it.url = it.url.replace("staging/acme", "repository"))),
        ("longer life", 403, good.with(|it| it.url = it.url.replace("Expires=900", "Expires=901"))),
        ("no signature", 403, good.with(|it| it.url = it.url.split('?').next().unwrap().into())),
    ] {
        assert_eq!(tampered.put(&api).await.status, status, "{what}");
        assert!(objects(&api).await.is_empty(), "{what}");
    }
    api.move_to_repository(&acme, &digest).await.expect_problem(404, "upload_missing");

    good.clone().put(&api).await.expect(200);
    assert_eq!(good.clone().put(&api).await.status, 412);
    assert_eq!(good.with(|it| it.body[0] ^= 1).put(&api).await.status, 412);
    api.move_to_repository(&acme, &digest).await.expect(200);
    assert_eq!(fetch(&api, &acme, FIRMWARE).await, FIRMWARE);
    assert_eq!(objects(&api).await, [format!("repository/{digest}")]);
}

#[tokio::test]
async fn a_url_is_for_writing_alone() {
    let api = Api::start().await;
    let acme = api.tenant("acme").await;
    let upload = announce_bytes(&api, &acme, FIRMWARE).await.expect(201).json()["upload"].clone();
    api.put_presigned(&upload, FIRMWARE.to_vec()).await.expect(200);
    for method in ["GET", "HEAD", "DELETE"] {
        let answer = api.send(api.request(method, upload["url"].as_str().unwrap())).await;
        assert_eq!(answer.status, 403, "{method}");
    }
    assert_eq!(objects(&api).await, [format!("staging/acme/{}", Sha256::of(FIRMWARE))]);
}

#[tokio::test]
async fn an_expired_url_is_refused_and_a_fresh_one_works() {
    let api = Api::start().await;
    // The store goes by the real time: what the service signs now has ended a second ago.
    api.server.clock().shift(-901_000);
    let acme = api.tenant("acme").await;
    let upload = announce_bytes(&api, &acme, FIRMWARE).await.expect(201).json()["upload"].clone();
    assert_eq!(api.put_presigned(&upload, FIRMWARE.to_vec()).await.status, 403);
    assert!(objects(&api).await.is_empty());
    api.server.clock().shift(901_000);
    let upload = announce_bytes(&api, &acme, FIRMWARE).await.expect(201).json()["upload"].clone();
    api.put_presigned(&upload, FIRMWARE.to_vec()).await.expect(200);
}

#[tokio::test]
async fn a_header_that_is_not_signed_opens_no_way_to_anothers_bytes() {
    let api = Api::start().await;
    let (acme, other) = (api.tenant("acme").await, api.tenant("other").await);
    api.upload(&acme, FIRMWARE).await;
    let upload = announce_bytes(&api, &other, FIRMWARE).await.expect(201).json()["upload"].clone();
    let mut stolen = upload.clone();
    stolen["headers"]["x-amz-copy-source"] = format!("/ota/repository/{}", Sha256::of(FIRMWARE)).into();
    assert_eq!(api.put_presigned(&stolen, vec![0; FIRMWARE.len()]).await.status, 403);
    api.move_to_repository(&other, &Sha256::of(FIRMWARE).to_string())
        .await
        .expect_problem(404, "upload_missing");
}
