//! `GET|HEAD /repository/<sha256>/<sig>/<filename>`: the bytes, for whoever has a signed path.

use devserver::Options;
use serde_json::json;
use shared::domain::{Sha256, download};
use shared::secrets::Secrets;
use tests::api::{Answer, Api};

const BYTES: &[u8] = b"0123456789";

/// A service that offers [`BYTES`] in release, and the offered URL.
async fn offering() -> (Api, String) {
    let api = Api::start().await;
    let acme = api.tenant("acme").await;
    api.create_device_type(&acme, "kettle").await;
    let record = api.image(&acme, 3, "1.0", BYTES).await;
    api.associate(&acme, "kettle", &record, "release").await.expect(201);
    let check = api.check("kettle", "2003=0").await.expect(200).json();
    let url = check["updates"][0]["url"].as_str().unwrap().to_owned();
    (api, url)
}

async fn get_with(api: &Api, url: &str, headers: &[(&str, &str)]) -> Answer {
    let request =
        headers.iter().fold(api.request("GET", url), |request, (name, value)| request.header(*name, *value));
    api.send(request).await
}

/// The one refusal of every path that does not verify, which says nothing of why.
#[track_caller]
fn assert_closed(answer: &Answer, what: &str) {
    assert_eq!((answer.status, answer.json()), (403, json!({"message": "Forbidden"})), "{what}");
    assert!(answer.headers.get("etag").is_none(), "{what}");
}

#[tokio::test]
async fn an_offered_url_is_signed_and_its_name_tells_type_and_number() {
    let (api, url) = offering().await;
    let rest =
        url.strip_prefix(&format!("{}/repository/{}/", api.server.base_url(), Sha256::of(BYTES))).unwrap();
    let (signature, name) = rest.split_once('/').unwrap();
    assert_eq!(name, "3-1.bin");
    let fields: Vec<_> = signature.split('.').collect();
    assert_eq!((fields[0], fields[1], fields[2].len(), fields.len()), ("d1", "0", 22, 3), "{signature}");
    // The name is for people.
    assert_eq!(api.get(&url.replace("3-1.bin", "other"), "").await.expect(200).bytes, BYTES);
    assert_eq!(api.get(&format!("{url}?cache=buster"), "").await.expect(200).bytes, BYTES);
    assert_eq!(api.get(&url, "otak1_nonsense").await.expect(200).bytes, BYTES);
}

#[tokio::test]
async fn the_headers_are_exactly_these() {
    let (api, url) = offering().await;
    let answer = api.get(&url, "").await.expect(200);
    let mut headers: Vec<_> = answer
        .headers
        .iter()
        .filter(|(name, _)| !["date", "last-modified"].contains(&name.as_str()))
        .map(|(name, value)| format!("{name}: {}", value.to_str().unwrap()))
        .collect();
    headers.sort();
    insta::assert_json_snapshot!(headers, @r#"
    [
      "accept-ranges: bytes",
      "cache-control: public, max-age=31536000, immutable",
      "content-disposition: attachment",
      "content-length: 10",
      "content-security-policy: sandbox",
      "content-type: application/octet-stream",
      "etag: \"781e5e245d69b566979b86e28d23f2c7\"",
      "x-content-type-options: nosniff"
    ]
    "#);
    assert!(answer.header("last-modified").ends_with(" GMT"));
}

#[tokio::test]
async fn head_tells_the_exact_length_and_sends_nothing() {
    let (api, url) = offering().await;
    let head = api.send(api.request("HEAD", &url)).await.expect(200);
    let get = api.get(&url, "").await.expect(200);
    assert!(head.bytes.is_empty());
    for name in ["content-length", "etag", "last-modified", "accept-ranges", "content-type", "cache-control"]
    {
        assert_eq!(head.header(name), get.header(name), "{name}");
    }
    assert_eq!(head.header("content-length"), "10");
    let part = api.send(api.request("HEAD", &url).header("range", "bytes=2-4")).await.expect(206);
    assert_eq!((part.header("content-length"), part.header("content-range")), ("3", "bytes 2-4/10"));
    assert!(part.bytes.is_empty());
}

#[tokio::test]
async fn a_broken_download_is_resumed_where_it_broke_off() {
    let (api, url) = offering().await;
    let etag = api.get(&url, "").await.header("etag").to_owned();
    let mut whole = get_with(&api, &url, &[("range", "bytes=0-3")]).await.expect(206).bytes;
    let rest = get_with(&api, &url, &[("range", "bytes=4-"), ("if-range", &etag)]).await.expect(206);
    whole.extend(rest.bytes);
    assert_eq!(whole, BYTES);
}

#[tokio::test]
async fn ranges_give_exactly_the_part_that_was_asked_for() {
    let (api, url) = offering().await;
    for (range, content_range, body) in [
        ("bytes=0-0", "bytes 0-0/10", "0"),
        ("bytes=2-4", "bytes 2-4/10", "234"),
        ("bytes=7-", "bytes 7-9/10", "789"),
        ("bytes=7-99", "bytes 7-9/10", "789"),
        ("bytes=-3", "bytes 7-9/10", "789"),
        ("bytes=-99", "bytes 0-9/10", "0123456789"),
    ] {
        let answer = get_with(&api, &url, &[("range", range)]).await.expect(206);
        assert_eq!(String::from_utf8_lossy(&answer.bytes), body, "{range}");
        assert_eq!(answer.header("content-range"), content_range, "{range}");
        assert_eq!(answer.header("content-length"), body.len().to_string(), "{range}");
    }
    for range in ["bytes=10-", "bytes=10-12", "bytes=-0"] {
        let answer = get_with(&api, &url, &[("range", range)]).await.expect(416);
        assert_eq!(answer.header("content-range"), "bytes */10", "{range}");
    }
    for range in ["bytes=0-1,4-5", "bytes=4-2", "lines=1-2", "nonsense"] {
        assert_eq!(get_with(&api, &url, &[("range", range)]).await.expect(200).bytes, BYTES, "{range}");
    }
}

/// Headers of a request, the status it gets, and the range of its answer.
type Case<'a> = (&'a [(&'a str, &'a str)], u16, &'a str);

#[tokio::test]
async fn conditions_are_weighed_against_the_strong_tag() {
    let (api, url) = offering().await;
    let whole = api.get(&url, "").await;
    let (etag, modified) = (whole.header("etag").to_owned(), whole.header("last-modified").to_owned());
    let cases: [Case<'_>; 10] = [
        (&[("if-none-match", &etag)], 304, ""),
        (&[("if-none-match", "*")], 304, ""),
        (&[("if-none-match", "\"other\"")], 200, "0123456789"),
        (&[("if-none-match", &etag), ("range", "bytes=1-2")], 304, ""),
        (&[("if-modified-since", &modified)], 304, ""),
        (&[("if-match", &etag)], 200, "0123456789"),
        (&[("range", "bytes=1-2"), ("if-range", &etag)], 206, "12"),
        (&[("range", "bytes=1-2"), ("if-range", &modified)], 206, "12"),
        (&[("range", "bytes=1-2"), ("if-range", "\"other\"")], 200, "0123456789"),
        (
            &[("range", "bytes=1-2"), ("if-range", "W/\"781e5e245d69b566979b86e28d23f2c7\"")],
            200,
            "0123456789",
        ),
    ];
    for (headers, status, body) in cases {
        let answer = get_with(&api, &url, headers).await;
        let got = (answer.status, String::from_utf8_lossy(&answer.bytes).into_owned());
        assert_eq!(got, (status, body.to_owned()), "{headers:?}");
        assert_eq!(answer.header("etag"), etag, "{headers:?}");
    }
    get_with(&api, &url, &[("if-match", "\"other\"")]).await.expect(412);
}

#[tokio::test]
async fn nothing_but_reading_is_allowed() {
    let (api, url) = offering().await;
    for method in ["POST", "PUT", "PATCH", "DELETE", "OPTIONS"] {
        let answer = api.send(api.request(method, &url).body("x")).await.expect(405);
        assert_eq!(answer.header("allow"), "GET, HEAD", "{method}");
    }
    assert_eq!(api.get(&url, "").await.expect(200).bytes, BYTES);
}

#[tokio::test]
async fn a_path_that_was_not_signed_opens_nothing() {
    let (api, url) = offering().await;
    let (digest, other) = (Sha256::of(BYTES).to_string(), Sha256::of(b"other").to_string());
    let acme = api.tenant("acme").await;
    api.upload(&acme, b"other").await;
    let mac = url.rsplit('/').nth(1).unwrap().rsplit('.').next().unwrap();
    let flipped = if mac.starts_with('A') { "B" } else { "A" };
    let base = format!("{}/repository/{digest}", api.server.base_url());
    for (what, forged) in [
        ("a changed signature", url.replace(mac, &format!("{flipped}{}", &mac[1..]))),
        ("a shorter signature", url.replace(mac, &mac[1..])),
        ("no signature", url.replace(mac, "")),
        ("another hash", url.replace(&digest, &other)),
        ("the hash in upper case", url.replace(&digest, &digest.to_uppercase())),
        ("an expiry", url.replace("/d1.0.", "/d1.9999999999.")),
        ("the expiry spelled otherwise", url.replace("/d1.0.", "/d1.00.")),
        ("an unknown key", url.replace("/d1.", "/d2.")),
        ("no key", url.replace("/d1.", "/.")),
        ("the bare hash", base.clone()),
        ("the bare hash and a slash", format!("{base}/")),
        ("the bare hash and a name", format!("{base}/3-1.bin")),
        ("more segments", format!("{url}/more")),
        ("an encoded signature", url.replace("/d1.", "/%641.")),
    ] {
        assert_ne!(forged, url, "{what}");
        assert_closed(&api.get(&forged, "").await, what);
        assert_closed(&api.get(&forged, &acme.release).await, what);
    }
    assert_eq!(api.get(&url, "").await.expect(200).bytes, BYTES);
}

#[tokio::test]
async fn a_signature_is_good_for_its_own_hash_and_time_alone() {
    let (api, url) = offering().await;
    let acme = api.tenant("acme").await;
    api.upload(&acme, b"other").await;
    let path = acme.path(&format!("/binaries/{}", Sha256::of(b"other")));
    let body = api.get(&path, &acme.read).await.expect(200).json();
    let short = body["value"].as_str().unwrap();
    assert_eq!(api.get(short, "").await.expect(200).bytes, b"other");
    let signature = |url: &str| url.rsplit('/').nth(1).unwrap().to_owned();
    let crossed = url.replace(&signature(&url), &signature(short));
    assert_closed(&api.get(&crossed, "").await, "the signature of another hash");
    let expiry = signature(short).split('.').nth(1).unwrap().to_owned();
    let longer = short.replace(&expiry, "9999999999");
    assert_closed(&api.get(&longer, "").await, "a longer life");
    assert_closed(&api.get(&short.replace(&expiry, "0"), "").await, "eternal life");
    api.server.clock().shift(900_000);
    assert_closed(&api.get(short, "").await, "expired");
    api.server.clock().shift(10 * 365 * 86_400_000);
    assert_eq!(api.get(&url, "").await.expect(200).bytes, BYTES);
}

#[tokio::test]
async fn a_signed_path_to_nothing_is_not_found() {
    let (api, _) = offering().await;
    let secret = api.server.app().secrets.download().unwrap();
    let path = download::path(secret, "d1", &Sha256::of(b"never uploaded"), None, "x");
    api.get(&path, "").await.expect(404);
}

#[tokio::test]
async fn a_path_outlives_one_rotation_of_its_key_and_no_more() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join(".ota");
    let kept = || Options { data: Some(data.clone()), ..Options::default() };
    let api = Api::start_with(kept()).await;
    let acme = api.tenant("acme").await;
    let url = api.upload(&acme, BYTES).await;
    let path = acme.path(&format!("/binaries/{}", url.rsplit('/').next().unwrap()));
    api.get(&path, &acme.read).await.expect(200);
    let secret = api.server.app().secrets.download().unwrap();
    let signed = download::path(secret, "d1", &Sha256::of(BYTES), None, "f");
    api.get(&signed, "").await.expect(200);
    api.server.stop().await.unwrap();

    for (id, status) in [("d2", 200), ("d3", 403)] {
        let file = data.join("secrets.json");
        let mut secrets = Secrets::from_json(&std::fs::read_to_string(&file).unwrap()).unwrap();
        secrets.download = secrets.download.rotated(id, vec![id.as_bytes()[1]; 32]);
        std::fs::write(&file, serde_json::to_string(&secrets).unwrap()).unwrap();
        let api = Api::start_with(kept()).await;
        api.get(&signed, "").await.expect(status);
        let fresh = download::path(&secrets.download, id, &Sha256::of(BYTES), None, "f");
        assert_eq!(api.get(&fresh, "").await.expect(200).bytes, BYTES);
        api.server.stop().await.unwrap();
    }
}
