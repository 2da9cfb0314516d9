//! Devices that report and are answered in CBOR or text.

use serde_json::{Value, json};
use shared::http::cbor;
use tests::api::Answer;

use crate::kettle::{Kettle, pointers};

impl Kettle {
    /// POST of a body to a path of the device `SN-1`, as bytes of a media type, for an answer in a form.
    async fn says(&self, path: &str, media_type: &str, body: Vec<u8>, accept: &str) -> Answer {
        let request = self.api.request("POST", &format!("/v1/ota/deviceTypes/kettle/devices/SN-1/{path}"));
        let token = self.api.device_token("kettle", "SN-1");
        let request = request.bearer_auth(token).header("content-type", media_type);
        self.api.send(request.header("accept", accept).body(body)).await
    }
}

fn in_cbor(json: &Value) -> Vec<u8> {
    let mut bytes = Vec::new();
    ciborium::into_writer(json, &mut bytes).unwrap();
    bytes
}

#[tokio::test]
async fn a_device_that_knows_no_json_can_report_and_be_answered() {
    let it = Kettle::start().await;
    it.image_in("1.0", &["release"]).await;
    let report = json!({"attributes": {"2105": 0}});
    let told = it.api.attributes("kettle", "SN-1", &report).await.expect(200).json();
    let answer = it.says("attributes", "application/cbor", in_cbor(&report), "application/cbor").await;
    let answer = answer.expect(200);
    assert_eq!(answer.header("content-type"), "application/cbor");
    assert_eq!(answer.header("cache-control"), "no-store");
    assert_eq!(cbor::read(&answer.bytes).unwrap(), told);
    let status = json!({"type": 105, "versionNumber": 1, "state": "downloading"});
    it.says("status", "application/cbor; v=1", in_cbor(&status), "*/*").await.expect(204);
    assert_eq!(it.counted(1, "downloading").await, 1);
    // Numbers may be keys: {"attributes": {2105: 1}}.
    let mut bytes = vec![0xa1, 0x6a];
    bytes.extend(b"attributes");
    bytes.extend([0xa1, 0x19, 0x08, 0x39, 0x01]);
    let answer = it.says("attributes", "application/cbor", bytes, "text/plain").await.expect(200);
    assert_eq!(answer.header("content-type"), "text/plain; charset=utf-8");
    let text = String::from_utf8(answer.bytes).unwrap();
    assert!(text.starts_with("check deviceTypeId=kettle feed=release revision=2 "), "{text}");
    assert!(text.ends_with(" updates=0 notes=0\n"), "{text}");
    assert_eq!(it.device_row("SN-1").await["reported"], json!({"2105": 1}));
}

#[tokio::test]
async fn what_cannot_be_read_changes_nothing_and_is_said() {
    let it = Kettle::start().await;
    let before = it.api.dump().await;
    let fault = in_cbor(&json!({"attributes": {"2105": "x", "1": 0}}));
    let answer = it.says("attributes", "application/cbor", fault, "application/cbor").await;
    let answer = answer.expect_problem(422, "invalid_field");
    assert_eq!(pointers(&answer), ["/attributes/1", "/attributes/2105"]);
    for bytes in [&b""[..], b"\xa1", b"\xa0\xa0", b"\x80", b"{}", b"\xa2\x61a\x00\x61a\x00"] {
        let answer = it.says("attributes", "application/cbor", bytes.to_vec(), "*/*").await;
        answer.expect_problem(400, "malformed_json");
    }
    let large = in_cbor(&json!({"attributes": {}, "more": "x".repeat(300_000)}));
    it.says("attributes", "application/cbor", large, "*/*").await.expect_problem(413, "body_too_large");
    for media_type in ["text/plain", "application/cbor-seq", "application/octet-stream"] {
        let answer = it.says("status", media_type, b"\xa0".to_vec(), "*/*").await;
        answer.expect_problem(415, "unsupported_media_type");
    }
    assert_eq!(it.api.dump().await.difference(&before), [""; 0]);
}
