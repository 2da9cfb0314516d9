//! `POST /binaries` with the bytes themselves, in the forms that clients of the published API send.

use reqwest::multipart::{Form, Part};
use serde_json::json;
use shared::domain::Sha256;
use tests::api::{Api, Tenant};

use super::{BYTES, FIRMWARE, fetch, objects, post};

const LIMIT: usize = 4_194_304;
const FORM: &str = "multipart/form-data; boundary=b0und";

/// A file in an envelope, as browsers and curl make it.
fn envelope(file: &[u8]) -> Vec<u8> {
    let field = b"--b0und\r\nContent-Disposition: form-data; name=\"note\"\r\n\r\nfrom the build\r\n";
    let head = b"--b0und\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.bin\"\r\n\
                 Content-Type: application/octet-stream\r\n\r\n";
    [field.as_slice(), head, file, b"\r\n--b0und--\r\n"].concat()
}

/// Moves what was posted and fetches it again.
async fn round_trip(api: &Api, tenant: &Tenant, file: &[u8]) {
    assert_eq!(objects(api).await, [format!("staging/{}/{}", tenant.id, Sha256::of(file))]);
    api.move_to_repository(tenant, &Sha256::of(file).to_string()).await.expect(200);
    assert_eq!(fetch(api, tenant, file).await, file);
    assert_eq!(objects(api).await, [format!("repository/{}", Sha256::of(file))]);
}

#[tokio::test]
async fn every_form_stores_the_file_and_never_its_envelope() {
    let file = b"\x7fELF\r\n--b0un\r\n\0\xff firmware\r\n";
    for (media, body) in [
        (BYTES, file.to_vec()),
        (FORM, envelope(file)),
        ("Multipart/Form-Data; charset=utf-8; boundary=\"b0und\"", envelope(file)),
        // What a known client sends: an envelope under the name of bytes.
        (BYTES, envelope(file)),
    ] {
        let api = Api::start().await;
        let acme = api.tenant("acme").await;
        let first = post(&api, &acme, media, &body).await.expect(201);
        assert_eq!(first.json(), json!({"value": Sha256::of(file)}), "{media}");
        let second = post(&api, &acme, media, &body).await.expect(200);
        assert_eq!(second.json(), first.json());
        round_trip(&api, &acme, file).await;
        let third = post(&api, &acme, media, &body).await.expect(200);
        assert_eq!(third.json(), first.json());
        assert_eq!(objects(&api).await.len(), 1);
    }
}

#[tokio::test]
async fn a_form_of_a_real_client_is_taken() {
    let api = Api::start().await;
    let acme = api.tenant("acme").await;
    let part = Part::bytes(FIRMWARE).file_name("ключ \"1\".bin").mime_str(BYTES).unwrap();
    let form = Form::new().text("type", "105").part("firmware", part);
    let request = api.request("POST", &acme.path("/binaries")).bearer_auth(&acme.write);
    let answer = api.send(request.multipart(form)).await.expect(201);
    assert_eq!(answer.json(), json!({"value": Sha256::of(FIRMWARE)}));
    round_trip(&api, &acme, FIRMWARE).await;
}

#[tokio::test]
async fn four_mebibytes_are_taken_and_one_byte_more_is_not() {
    let api = Api::start().await;
    let acme = api.tenant("acme").await;
    let (most, more) = (vec![7; LIMIT], vec![7; LIMIT + 1]);
    for (media, body) in [(BYTES, more.clone()), (BYTES, envelope(&more)), (FORM, envelope(&more))] {
        post(&api, &acme, media, &body).await.expect_problem(413, "use_presigned_upload");
    }
    assert!(objects(&api).await.is_empty());
    post(&api, &acme, FORM, &envelope(&most)).await.expect(201);
    post(&api, &acme, BYTES, &envelope(&most)).await.expect(200);
    post(&api, &acme, BYTES, &most).await.expect(200);
    round_trip(&api, &acme, &most).await;
}

#[tokio::test]
async fn what_no_event_can_carry_is_refused_by_the_gateway_itself() {
    let api = Api::start().await;
    let acme = api.tenant("acme").await;
    for size in [5 << 20, 7 << 20] {
        let answer = post(&api, &acme, BYTES, &vec![7; size]).await.expect(413);
        assert_eq!(answer.json(), json!({"message": "Request Entity Too Large"}));
        assert_eq!(answer.header("content-type"), "application/json");
    }
    assert!(objects(&api).await.is_empty());
}

#[tokio::test]
async fn what_holds_no_file_is_refused() {
    let api = Api::start().await;
    let acme = api.tenant("acme").await;
    let whole = envelope(FIRMWARE);
    let cut = &whole[..whole.len() - 6];
    let twice = envelope(b"a\r\n--b0und--\r\nb");
    let fieldless = b"--b0und\r\nContent-Disposition: form-data; name=\"note\"\r\n\r\nx\r\n--b0und--\r\n";
    let cases: [(&str, &[u8], u16, &str); 10] = [
        (BYTES, b"", 422, "invalid_field"),
        (FORM, &envelope(b""), 422, "invalid_field"),
        (BYTES, &envelope(b""), 422, "invalid_field"),
        (FORM, cut, 400, "malformed_json"),
        (BYTES, cut, 400, "malformed_json"),
        (BYTES, &twice, 400, "malformed_json"),
        (FORM, FIRMWARE, 400, "malformed_json"),
        (FORM, b"", 400, "malformed_json"),
        (BYTES, fieldless, 400, "malformed_json"),
        ("multipart/form-data", &whole, 400, "malformed_json"),
    ];
    for (media, body, status, code) in cases {
        post(&api, &acme, media, body).await.expect_problem(status, code);
    }
    assert!(objects(&api).await.is_empty());
}
