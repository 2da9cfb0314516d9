//! `POST …/binaries/moveToRepository`, announcements of what is there already, and the owner's download.

use http::{Method, StatusCode as Status};
use serde_json::{Value, json};
use shared::blobs::keys;
use shared::domain::{Sha256, download};

use crate::world::{Answer, BUCKET, CONTROL, World, acme, md5_of, package, package_with};

const BYTES: &str = "application/octet-stream";
const FIRMWARE: &[u8] = b"firmware of the kettle";

fn code(answer: &Answer) -> (u16, &str) {
    (answer.0.as_u16(), answer.1["code"].as_str().unwrap_or_default())
}

#[tokio::test]
async fn a_moved_upload_lies_in_the_repository_with_its_checksum_and_nothing_else() {
    let world = World::new().await;
    assert_eq!(code(&world.moved(FIRMWARE).await), (404, "upload_missing"));
    assert_eq!(world.direct(BYTES, FIRMWARE).await.0, 201);
    let url = format!("https://ota.example/repository/{}", Sha256::of(FIRMWARE));
    for _ in 0..2 {
        assert_eq!(world.moved(FIRMWARE).await, (Status::OK, json!({"value": url})));
    }
    assert_eq!(world.in_repository(FIRMWARE).await.unwrap(), FIRMWARE);
    assert_eq!(world.staged(FIRMWARE).await, None);
    let stored = world.blobs.in_repository(&Sha256::of(FIRMWARE)).await.unwrap().unwrap();
    assert!(stored.is(&Sha256::of(FIRMWARE)));
    assert_eq!(stored.md5.unwrap().to_string(), md5_of(FIRMWARE));
}

#[tokio::test]
async fn metadata_of_the_upload_does_not_reach_the_repository() {
    let world = World::new().await;
    let put = world.s3.put_object().bucket(BUCKET).key(keys::staging(&acme(), &Sha256::of(FIRMWARE)));
    let checksum =
        base64::Engine::encode(&base64::engine::general_purpose::STANDARD, Sha256::of(FIRMWARE).as_bytes());
    put.content_type("text/html")
        .content_encoding("gzip")
        .cache_control("no-cache")
        .metadata("a", "b")
        .checksum_sha256(checksum)
        .body(FIRMWARE.to_vec().into())
        .send()
        .await
        .unwrap();
    assert_eq!(world.moved(FIRMWARE).await.0, 200);
    let key = keys::repository(&Sha256::of(FIRMWARE));
    let head = world.s3.head_object().bucket(BUCKET).key(key).send().await.unwrap();
    assert_eq!(head.content_type(), Some("application/octet-stream"));
    assert_eq!(head.content_encoding(), None);
    assert_eq!(head.cache_control(), Some("public, max-age=31536000, immutable"));
    assert!(head.metadata().is_none_or(std::collections::HashMap::is_empty));
}

#[tokio::test]
async fn bytes_without_the_checksum_are_never_moved_and_can_be_uploaded_again() {
    let world = World::new().await;
    world.plant(&keys::staging(&acme(), &Sha256::of(FIRMWARE)), b"planted").await;
    assert_eq!(code(&world.moved(FIRMWARE).await), (422, "upload_mismatch"));
    assert_eq!(world.in_repository(FIRMWARE).await, None);
    assert_eq!(code(&world.moved(FIRMWARE).await), (404, "upload_missing"));
    world.plant(&keys::staging(&acme(), &Sha256::of(FIRMWARE)), b"planted").await;
    assert_eq!(world.direct(BYTES, FIRMWARE).await.0, 201);
    assert_eq!(world.moved(FIRMWARE).await.0, 200);
    assert_eq!(world.in_repository(FIRMWARE).await.unwrap(), FIRMWARE);
}

#[tokio::test]
async fn a_damaged_copy_in_the_repository_is_replaced_and_a_good_one_is_not() {
    let world = World::new().await;
    let key = keys::repository(&Sha256::of(FIRMWARE));
    world.plant(&key, &FIRMWARE[..3]).await;
    world.direct(BYTES, FIRMWARE).await;
    assert_eq!(world.moved(FIRMWARE).await.0, 200);
    assert_eq!(world.in_repository(FIRMWARE).await.unwrap(), FIRMWARE);
    let written = |head: aws_sdk_s3::operation::head_object::HeadObjectOutput| head.last_modified().copied();
    let before = written(world.s3.head_object().bucket(BUCKET).key(&key).send().await.unwrap());
    tokio::time::sleep(std::time::Duration::from_millis(1100)).await;
    let other = world.send("bolt", Method::POST, "/binaries", BYTES, FIRMWARE.to_vec()).await;
    assert_eq!(other.0, 201);
    let body = json!({"value": Sha256::of(FIRMWARE)}).to_string().into_bytes();
    let moved =
        world.send("bolt", Method::POST, "/binaries/moveToRepository", "application/json", body).await;
    assert_eq!(moved.0, 200);
    let after = written(world.s3.head_object().bucket(BUCKET).key(&key).send().await.unwrap());
    assert_eq!(before, after);
}

#[tokio::test]
async fn a_partner_cannot_own_what_only_another_has_uploaded() {
    let world = World::new().await;
    world.direct(BYTES, FIRMWARE).await;
    world.moved(FIRMWARE).await;
    let body = json!({"value": Sha256::of(FIRMWARE)}).to_string().into_bytes();
    let moved =
        world.send("bolt", Method::POST, "/binaries/moveToRepository", "application/json", body).await;
    assert_eq!(code(&moved), (404, "upload_missing"));
    let body = json!({"sha256": Sha256::of(FIRMWARE), "size": FIRMWARE.len()}).to_string().into_bytes();
    assert_eq!(world.send("bolt", Method::POST, "/binaries", "application/json", body).await.0, 201);
    assert_eq!(code(&world.get("bolt", FIRMWARE).await), (404, "not_found"));
}

#[tokio::test]
async fn a_package_is_recognised_however_far_down_it_tells() {
    let world = World::new().await;
    for before in [10, 70_000, 1_500_000] {
        let bytes = package(before);
        assert_eq!(world.direct(BYTES, &bytes).await.0, 201);
        assert_eq!(world.moved(&bytes).await.0, 200);
        assert_eq!(world.get("acme", &bytes).await.1["kind"], "package");
    }
}

#[tokio::test]
async fn what_a_package_says_of_itself_is_kept_with_it() {
    let world = World::new().await;
    let odd: &[u8] = include_bytes!("../../../../shared/testdata/ipkg/control-with-warnings.tar.gz");
    for (control, warnings) in [(CONTROL, 0), (odd, 1)] {
        let bytes = package_with(control, 10);
        world.direct(BYTES, &bytes).await;
        assert_eq!(world.moved(&bytes).await.0, 200);
        let package = world.app.store.package(&acme(), &Sha256::of(&bytes)).await.unwrap().unwrap();
        assert_eq!(package.stanza.get("Package").unwrap().value, "tea");
        assert_eq!(package.stanza.get("Package-Type"), None);
        assert_eq!(package.warnings.len(), warnings, "{:?}", package.warnings);
    }
    world.direct(BYTES, FIRMWARE).await;
    world.moved(FIRMWARE).await;
    assert_eq!(world.app.store.package(&acme(), &Sha256::of(FIRMWARE)).await.unwrap(), None);
}

#[tokio::test]
async fn a_damaged_package_is_not_moved_unless_as_a_binary() {
    let world = World::new().await;
    let bytes = package_with(&CONTROL[..CONTROL.len() - 1], 70_000);
    world.direct(BYTES, &bytes).await;
    for _ in 0..2 {
        let refused = world.moved(&bytes).await;
        assert_eq!(code(&refused), (422, "package_malformed"));
        assert!(refused.1["detail"].as_str().unwrap().contains("cut off"), "{}", refused.1);
        assert_eq!(world.in_repository(&bytes).await, None);
        assert_eq!(code(&world.get("acme", &bytes).await), (404, "not_found"));
    }
    let body = json!({"value": Sha256::of(&bytes), "as": "binary"});
    assert_eq!(world.post("/binaries/moveToRepository", &body).await.0, 200);
    assert_eq!(world.get("acme", &bytes).await.1["kind"], "binary");
    assert_eq!(world.in_repository(&bytes).await.unwrap(), bytes);
}

#[tokio::test]
async fn the_kind_is_fixed_by_the_first_move() {
    let world = World::new().await;
    let (one, two) = (package(10), package(12));
    let as_binary = |bytes: &[u8]| json!({"value": Sha256::of(bytes), "as": "binary"});
    for bytes in [&one, &two] {
        world.direct(BYTES, bytes).await;
    }
    world.moved(&one).await;
    let refused = world.post("/binaries/moveToRepository", &as_binary(&one)).await;
    assert_eq!(code(&refused), (409, "binary_kind_fixed"));
    assert_eq!(world.post("/binaries/moveToRepository", &as_binary(&two)).await.0, 200);
    assert_eq!(world.moved(&two).await.0, 200);
    assert_eq!(world.get("acme", &two).await.1["kind"], "binary");
}

#[tokio::test]
async fn an_unknown_way_to_move_is_refused() {
    let world = World::new().await;
    let path = "/binaries/moveToRepository";
    for other in [json!("package"), json!(1), json!("")] {
        let answer = world.post(path, &json!({"value": Sha256::of(b"x"), "as": other})).await;
        assert_eq!(code(&answer), (422, "invalid_field"));
        assert_eq!(answer.1["errors"][0]["pointer"], "/as");
    }
    assert_eq!(code(&world.post(path, &json!({"value": "x"})).await), (422, "invalid_field"));
    assert_eq!(code(&world.post(path, &json!({})).await), (422, "invalid_field"));
}

#[tokio::test]
async fn an_announcement_must_agree_with_what_is_there() {
    let world = World::new().await;
    let said = |size: usize, md5: Option<String>| {
        let mut body = json!({"sha256": Sha256::of(FIRMWARE).to_string().to_uppercase(), "size": size});
        if let Some(md5) = md5 {
            body["md5"] = Value::from(md5);
        }
        body
    };
    world.direct(BYTES, FIRMWARE).await;
    for _ in ["staged", "owned"] {
        assert_eq!(world.post("/binaries", &said(FIRMWARE.len(), Some(md5_of(FIRMWARE)))).await.0, 200);
        for body in [said(7, None), said(FIRMWARE.len(), Some(md5_of(b"")))] {
            assert_eq!(code(&world.post("/binaries", &body).await), (422, "upload_mismatch"));
        }
        world.moved(FIRMWARE).await;
    }
}

#[tokio::test]
async fn sizes_have_limits() {
    let world = World::with(|config| config.max_binary_bytes = 1000).await;
    let said = |size: u64| json!({"sha256": Sha256::of(b"x"), "size": size});
    assert_eq!(code(&world.post("/binaries", &said(0)).await), (422, "invalid_field"));
    assert_eq!(world.post("/binaries", &said(1000)).await.0, 201);
    assert_eq!(code(&world.post("/binaries", &said(1001)).await), (422, "binary_too_large"));
    assert_eq!(code(&world.post("/binaries", &said(u64::MAX)).await), (422, "binary_too_large"));
    assert_eq!(code(&world.direct(BYTES, &[7; 1001]).await), (422, "binary_too_large"));
}

#[tokio::test]
async fn the_owner_gets_a_url_that_opens_for_a_while() {
    let world = World::new().await;
    world.direct(BYTES, FIRMWARE).await;
    assert_eq!(code(&world.get("acme", FIRMWARE).await), (404, "not_found"));
    world.moved(FIRMWARE).await;
    let before = world.app.clock.now();
    let (status, body) = world.get("acme", FIRMWARE).await;
    let now = world.app.clock.now();
    assert_eq!(status, 200);
    let sha256 = Sha256::of(FIRMWARE);
    let known = json!({"size": FIRMWARE.len(), "sha256": sha256, "md5": md5_of(FIRMWARE), "kind": "binary"});
    for (name, value) in known.as_object().unwrap() {
        assert_eq!(&body[name], value);
    }
    let path = body["value"].as_str().unwrap().strip_prefix("https://ota.example").unwrap();
    assert!(path.ends_with(&format!("/{}.bin", &sha256.to_string()[..12])));
    let secret = world.app.secrets.download().unwrap();
    assert_eq!(download::verify(secret, path, now), Ok(sha256));
    let end = body["expiresTimestamp"].as_i64().unwrap();
    // 15 minutes from when the request was answered, rounded down to the second.
    assert!(end > before.millis() + 899_000 && end <= now.millis() + 900_000);
    assert_eq!(download::verify(secret, path, now.plus_seconds(900)), Err(download::PathFault::Expired));
}
