//! Small files posted to `/binaries` directly.

use serde_json::json;
use shared::domain::Sha256;

use crate::world::World;

const BYTES: &str = "application/octet-stream";
const FORM: &str = "multipart/form-data; boundary=b0und";
const LIMIT: usize = 4_194_304;

fn envelope(file: &[u8]) -> Vec<u8> {
    let head = b"--b0und\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.bin\"\r\n\r\n";
    [head.as_slice(), file, b"\r\n--b0und--\r\n"].concat()
}

#[tokio::test]
async fn every_form_stores_the_same_file() {
    for (media, enveloped) in [(BYTES, false), (BYTES, true), (FORM, true)] {
        let world = World::new().await;
        let file = b"firmware\r\n\0";
        let body = if enveloped { envelope(file) } else { file.to_vec() };
        let value = json!({"value": Sha256::of(file)});
        assert_eq!(world.direct(media, &body).await, (http::StatusCode::CREATED, value.clone()));
        assert_eq!(world.staged(file).await.unwrap(), file);
        assert_eq!(world.direct(media, &body).await, (http::StatusCode::OK, value.clone()));
        assert_eq!(world.moved(file).await.0, 200);
        assert_eq!(world.direct(media, &body).await, (http::StatusCode::OK, value));
        assert_eq!(world.staged(file).await, None);
    }
}

#[tokio::test]
async fn the_limit_is_that_of_the_file() {
    let world = World::new().await;
    let (most, more) = (vec![7; LIMIT], vec![7; LIMIT + 1]);
    for (media, body) in
        [(FORM, envelope(&more)), (BYTES, envelope(&more)), (BYTES, more), (BYTES, vec![7; LIMIT * 2])]
    {
        let answer = world.direct(media, &body).await;
        assert_eq!((answer.0.as_u16(), &answer.1["code"]), (413, &json!("use_presigned_upload")));
    }
    assert_eq!(world.direct(FORM, &envelope(&most)).await.0, 201);
    assert_eq!(world.direct(BYTES, &most).await.0, 200);
    assert_eq!(world.staged(&most).await.unwrap().len(), LIMIT);
}

#[tokio::test]
async fn what_cannot_be_a_file_is_refused() {
    let world = World::new().await;
    let whole = envelope(b"firmware");
    let cut = &whole[..whole.len() - 6];
    let cases: [(&str, &[u8], u16, &str); 8] = [
        (BYTES, b"", 422, "invalid_field"),
        (FORM, &envelope(b""), 422, "invalid_field"),
        (FORM, cut, 400, "malformed_json"),
        (BYTES, cut, 400, "malformed_json"),
        (FORM, b"firmware", 400, "malformed_json"),
        ("text/plain", b"firmware", 415, "unsupported_media_type"),
        ("application/x-www-form-urlencoded", b"a=b", 415, "unsupported_media_type"),
        ("application/json", b"[]", 400, "malformed_json"),
    ];
    for (media, body, status, code) in cases {
        let answer = world.direct(media, body).await;
        assert_eq!((answer.0.as_u16(), &answer.1["code"]), (status, &json!(code)), "{media}");
    }
    assert!(
        world.s3.list_objects_v2().bucket(crate::world::BUCKET).send().await.unwrap().contents().is_empty()
    );
}
