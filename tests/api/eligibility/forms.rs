//! The same check as JSON, CBOR and text.

use std::io::Write as _;
use std::process::{Command, Stdio};

use serde_json::{Value, json};
use shared::http::cbor;
use tests::api::{Answer, Api};

use crate::kettle::Kettle;

/// The forms, by what `Accept` asks for and what `Content-Type` then says.
const FORMS: [(&str, &str); 3] = [
    ("application/json", "application/json"),
    ("application/cbor", "application/cbor"),
    ("text/plain", "text/plain; charset=utf-8"),
];

async fn check_as(api: &Api, device_type: &str, query: &str, accept: &str) -> Answer {
    let path = format!("/v1/ota/deviceTypes/{device_type}/eligibility?{query}");
    api.send(api.request("GET", &path).header("accept", accept)).await
}

/// An A/B image with a name that needs care in text.
async fn odd_image(it: &Kettle) -> Value {
    let mut record = it.api.register(&it.acme, 105, "My App: 100 = é", "1.0 \"beta\"").await;
    record["url"] = it.api.upload(&it.acme, b"slot a").await.into();
    record["url2"] = it.api.upload(&it.acme, b"slot b").await.into();
    let path = it.api.record_path(&it.acme, &record);
    it.api.call("PUT", &path, &it.acme.write, record.clone()).await.expect(204);
    it.api.associate(&it.acme, "kettle", &record, "release").await.expect(201);
    record
}

/// The lines of a text form, as words and pairs.
pub(crate) fn lines(text: &[u8]) -> Vec<(String, Vec<(String, String)>)> {
    let text = std::str::from_utf8(text).unwrap();
    assert!(text.is_ascii() && text.ends_with('\n'), "{text}");
    let pair = |pair: &str| {
        let (key, value) = pair.split_once('=').unwrap();
        let value = percent_decoded(value);
        (key.to_owned(), value)
    };
    let line = |line: &str| {
        let mut words = line.split(' ');
        (words.next().unwrap().to_owned(), words.map(pair).collect())
    };
    text.lines().map(line).collect()
}

fn percent_decoded(text: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = text.as_bytes();
    while let Some((first, more)) = rest.split_first() {
        if *first == b'%' {
            bytes.extend(hex::decode(&more[..2]).unwrap());
            rest = &more[2..];
        } else {
            bytes.push(*first);
            rest = more;
        }
    }
    String::from_utf8(bytes).unwrap()
}

/// What a text form says, as the JSON form says it.
fn as_json(text: &[u8]) -> Value {
    const NUMBERS: [&str; 6] =
        ["nextPollSeconds", "pollJitterSeconds", "type", "versionAttributeId", "size", "url2Size"];
    let (mut body, mut updates, mut notes) = (Value::Null, Vec::new(), Vec::new());
    for (word, pairs) in lines(text) {
        let member = |(key, value): (String, String)| {
            let number = NUMBERS.contains(&key.as_str());
            let value = if number { value.parse::<u64>().unwrap().into() } else { Value::from(value) };
            (key, value)
        };
        let object: Value = Value::Object(pairs.into_iter().map(member).collect());
        match word.as_str() {
            "check" => body = object,
            "update" => updates.push(object),
            "note" => notes.push(object),
            other => panic!("{other}"),
        }
    }
    assert_eq!(body["updates"], updates.len().to_string());
    assert_eq!(body["notes"], notes.len().to_string());
    body["updates"] = updates.into();
    body.as_object_mut().unwrap().remove("notes");
    if !notes.is_empty() {
        body["notes"] = notes.into();
    }
    body
}

#[tokio::test]
async fn every_form_says_the_same() {
    let it = Kettle::start().await;
    odd_image(&it).await;
    for query in ["2105=0", "2105=99", "2003=1", "feed=beta&2105=0"] {
        let json = check_as(&it.api, "kettle", query, "application/json").await.expect(200).json();
        let binary = check_as(&it.api, "kettle", query, "application/cbor").await.expect(200);
        assert_eq!(cbor::read(&binary.bytes).unwrap(), json, "{query}");
        let text = check_as(&it.api, "kettle", query, "text/plain").await.expect(200);
        assert_eq!(as_json(&text.bytes), json, "{query}");
    }
}

#[tokio::test]
async fn the_text_form_is_as_it_is_documented() {
    let it = Kettle::start().await;
    let record = odd_image(&it).await;
    it.api.associate(&it.acme, "kettle", &record, "beta").await.expect(201);
    let text = check_as(&it.api, "kettle", "2105=0&2003=1", "text/plain").await.expect(200);
    let mut shown = Vec::new();
    for (word, pairs) in lines(&text.bytes) {
        let changing = |key: &str| key.starts_with("url") || key.ends_with("sha256") || key.ends_with("md5");
        let pair = |(key, value): &(String, String)| {
            if changing(key) { format!("{key}=…") } else { format!("{key}={value}") }
        };
        shown.push(format!("{word} {}", pairs.iter().map(pair).collect::<Vec<_>>().join(" ")));
    }
    let expected = [
        "check deviceTypeId=kettle feed=release revision=2 nextPollSeconds=21600 pollJitterSeconds=2160 updates=1 notes=0",
        "update type=105 typeName=TYPE 105 versionAttributeId=2105 versionNumber=1 version=1.0 \"beta\" \
         name=My App: 100 = é size=6 sha256=… md5=… url=… url2=… url2Size=… url2Sha256=… url2Md5=…",
    ];
    assert_eq!(shown, expected);
    let idle = check_as(&it.api, "kettle", "", "text/plain").await.expect(200);
    let note = lines(&idle.bytes).pop().unwrap();
    let pair = |key: &str, value: &str| (key.to_owned(), value.to_owned());
    assert_eq!(note, ("note".to_owned(), vec![pair("type", "105"), pair("reason", "not_reported")]));
}

#[tokio::test]
async fn sixty_lines_of_c_read_it() {
    let it = Kettle::start().await;
    odd_image(&it).await;
    let folder = tempfile::tempdir().unwrap();
    let program = folder.path().join("check");
    let source = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/examples/check.c");
    let flags = ["-std=c99", "-Wall", "-Wextra", "-Werror", "-o"];
    let built = Command::new("cc").args(flags).arg(&program).arg(source).status().unwrap();
    assert!(built.success());
    let read = |bytes: &[u8]| {
        let mut run = Command::new(&program).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        run.stdin.take().unwrap().write_all(bytes).unwrap();
        let out = run.wait_with_output().unwrap();
        (out.status.success(), String::from_utf8(out.stdout).unwrap())
    };
    let text = check_as(&it.api, "kettle", "2105=0", "text/plain").await.expect(200).bytes;
    let update = &it.api.check("kettle", "2105=0").await.expect(200).json()["updates"][0];
    let words = ["type", "versionNumber", "name", "size", "sha256", "url"].map(|key| match &update[key] {
        Value::String(text) => format!("{text}\n"),
        other => format!("{other}\n"),
    });
    assert_eq!(read(&text), (true, words.concat()));
    // Nothing is made of an answer that was cut off.
    for length in [0, 10, text.len() / 2, text.len() - 1] {
        assert_eq!(read(&text[..length]), (false, String::new()), "{length}");
    }
    let idle = check_as(&it.api, "kettle", "2105=9", "text/plain").await.expect(200).bytes;
    assert_eq!(read(&idle), (true, String::new()));
}

#[tokio::test]
async fn each_form_is_kept_and_renewed_by_itself() {
    let it = Kettle::start().await;
    it.image_in("1.0", &["release"]).await;
    let mut tags = Vec::new();
    for (accept, media_type) in FORMS {
        let first = check_as(&it.api, "kettle", "2105=0", accept).await.expect(200);
        assert_eq!((first.header("content-type"), first.header("vary")), (media_type, "accept"));
        let tag = first.header("etag").to_owned();
        let path = "/v1/ota/deviceTypes/kettle/eligibility?2105=0";
        for (other, _) in FORMS {
            let again = it.api.request("GET", path).header("accept", other).header("if-none-match", &tag);
            let again = it.api.send(again).await;
            assert_eq!(again.status, if other == accept { 304 } else { 200 }, "{accept} then {other}");
            assert_eq!(again.header("vary"), "accept");
        }
        assert!(!tags.contains(&tag));
        tags.push(tag);
    }
}

#[tokio::test]
async fn a_device_is_never_refused_for_what_it_accepts() {
    let it = Kettle::start().await;
    for accept in ["image/png", "application/json;q=0", "*/*;q=0", "nonsense", "application/cbor;q=0"] {
        let answer = check_as(&it.api, "kettle", "2105=0", accept).await.expect(200);
        assert_eq!(answer.header("content-type"), "application/json", "{accept}");
    }
    for (accept, media_type) in
        [("application/cbor, */*;q=0.8", "application/cbor"), ("*/*", "application/json")]
    {
        let answer = check_as(&it.api, "kettle", "2105=0", accept).await.expect(200);
        assert_eq!(answer.header("content-type"), media_type, "{accept}");
    }
}

#[tokio::test]
async fn errors_are_problems_in_every_form() {
    let it = Kettle::start().await;
    for (accept, _) in FORMS {
        check_as(&it.api, "nothing", "", accept).await.expect_problem(404, "not_found");
        check_as(&it.api, "kettle", "2000=1", accept).await.expect_problem(400, "invalid_parameter");
        check_as(&it.api, "kettle", "feed=dev", accept).await.expect_problem(401, "credential_required");
    }
}

#[tokio::test]
async fn no_form_is_larger_than_a_modem_likes() {
    let it = Kettle::start().await;
    let long = "k".repeat(63);
    let body = json!({"deviceTypeId": long, "name": "Long"});
    it.api.call("POST", &it.acme.path("/deviceTypes"), &it.acme.write, body).await.expect(201);
    let mut record = it.api.register(&it.acme, 105, &"n".repeat(35), &"v".repeat(64)).await;
    record["url"] = it.api.upload(&it.acme, b"bytes").await.into();
    let path = it.api.record_path(&it.acme, &record);
    it.api.call("PUT", &path, &it.acme.write, record.clone()).await.expect(204);
    it.api.associate(&it.acme, &long, &record, "release").await.expect(201);
    for (accept, _) in FORMS {
        let idle = check_as(&it.api, &long, "2105=1", accept).await.expect(200);
        assert!(idle.bytes.len() <= 200, "{accept}: {}", idle.bytes.len());
        let one = check_as(&it.api, &long, "2105=0", accept).await.expect(200);
        assert!(one.bytes.len() <= 700, "{accept}: {}", one.bytes.len());
    }
    let sizes = async |query: &'static str| {
        let mut sizes = Vec::new();
        for (accept, _) in FORMS {
            sizes.push(check_as(&it.api, &long, query, accept).await.bytes.len());
        }
        sizes
    };
    // CBOR is the smallest of them.
    for query in ["2105=0", "2105=1"] {
        let sizes = sizes(query).await;
        assert!(sizes[1] < sizes[0], "{query}: {sizes:?}");
    }
}
