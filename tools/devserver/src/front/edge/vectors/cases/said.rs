//! What a request says beside its path: the query of a check, credentials, other headers.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::super::Case;
use super::{AUTHORIZATION, CREDENTIAL, DATE, HASH, IF_MODIFIED_SINCE, IMEI, SINCE, basic};

pub(super) fn checks() -> Vec<Case> {
    let path = "/v1/ota/deviceTypes/kettle/eligibility";
    let queries = [
        "",
        "2105=4&2003=17",
        "2003=17&2105=4",
        "feed=beta&2105=0",
        "2105=0&feed=beta",
        "2105=1&2105=2",
        "feed=beta&feed=release",
        "feed",
        "feed&feed",
        "feed=",
        "2105",
        "2105=",
        "=5",
        "&",
        "&&2105=0&&",
        "0=1&9999=1&02105=1&99999999999999999999=1",
        "utm=x&x2105=9&2105x=9&2105.0=3&deviceId=abc",
        "%66eed=bet%61&21%305=%30",
        "feed=bet%2561",
        "feed=%zz&2105=%",
        "feed=%c3%28",
        "feed=%ED%A0%80",
        "2105=+1",
        "2105=%2B1",
        "2105=a b",
        "2105=1;2003=2",
        "2105=\u{fc}",
        "2105=%C3%BC!'()*~-._",
        "2105=%00%0a",
        "21%0A=1",
        "%=1",
        "2105=1=2",
        "21=1&210=1&2105=1",
        "feed=DEV",
        "feed=%20dev",
        "feed=dev%00",
        "__proto__=1&constructor=2",
        "feed=devel",
        "Feed=dev",
        "feeds=dev",
        "%2566eed=dev",
    ];
    let restricted = [
        "feed=dev&2105=0",
        "2105=0&feed=dev-lab",
        "feed=dev-",
        "feed=%64ev",
        "%66eed=dev",
        "feed=dev&feed=release",
        "feed=release&feed=dev",
        "feed=release&%66eed=dev",
        "feed=dev-%zz",
        "feed=dev&2000=1",
        "feed=dev-a+b%26c",
    ];
    let mut all: Vec<_> = queries.into_iter().map(|query| Case::get(path).query(query)).collect();
    for query in restricted {
        let asked = Case::get(path).query(query);
        all.extend([asked.clone(), asked.clone().header(AUTHORIZATION, HASH)]);
        all.extend([
            asked.clone().header(AUTHORIZATION, IMEI),
            asked.header(AUTHORIZATION, HASH).over_http(),
        ]);
    }
    let open = Case::get(path).query("feed=beta&2105=0");
    all.extend([
        open.clone().over_http(),
        open.clone().method("HEAD"),
        open.clone().header(AUTHORIZATION, HASH),
    ]);
    all.push(open.clone().header(CREDENTIAL, HASH).header(SINCE, DATE).header(IF_MODIFIED_SINCE, DATE));
    all.push(open.header("accept", "application/json").header("if-none-match", "\"x\""));
    let dev = Case::get(path).query("feed=dev");
    all.extend([dev.clone().header(CREDENTIAL, HASH), dev.clone().over_http()]);
    all.push(dev.header(CREDENTIAL, IMEI).header(AUTHORIZATION, HASH));
    for other in [
        "/v1/ota/deviceTypes/a/b/eligibility",
        "/v1/ota/deviceTypes//eligibility",
        "/v1//ota/deviceTypes/kettle/eligibility",
        "/v1/ota/deviceTypes/kettle/%65ligibility",
        "/v1/ota/deviceTypes/%ff/eligibility",
        "/v1/ota/deviceTypes/%6bet%74le/eligibility",
        "/v1/ota/deviceTypes/ket%2Ftle/eligibility",
        "/v1/ota/deviceTypes/%4bettle/eligibility",
        "/v1/ota/deviceTypes/ket%2574le/eligibility",
        "/v1/ota/deviceTypes/No-Slug/eligibility",
    ] {
        all.push(Case::get(other).query("feed=dev"));
    }
    all
}

/// What a client may send as `Authorization`.
pub(super) fn credentials() -> Vec<Case> {
    let (upper, pair) = (HASH.to_uppercase(), basic(format!("user:{HASH}").as_bytes()));
    let padded = pair.trim_end_matches('=');
    let mut texts: Vec<String> = [
        "",
        "x",
        "Basic",
        "Basic ",
        "Basic !!!",
        "Bearer otak1_x",
        "  ",
        HASH,
        &upper,
        &HASH[1..],
        IMEI,
        &IMEI[..14],
        &IMEI[..13],
        &pair,
        padded,
    ]
    .map(str::to_owned)
    .to_vec();
    for text in [
        format!("{HASH}0"),
        format!("  {HASH} "),
        format!("{HASH}, {HASH}"),
        format!("Bearer {HASH}"),
        format!("Basic {HASH}"),
        format!("user:{HASH}"),
        format!("{IMEI}1"),
        format!("{IMEI}12"),
        format!("{HASH}\u{e9}"),
        pair.replace("Basic", "bAsIc"),
        pair.replace("Basic ", "Basic   "),
        pair.replace("Basic ", "Basic\t"),
        format!("{padded} "),
        format!("{pair}="),
        format!("{pair}!"),
        pair.replace('N', "-"),
    ] {
        texts.push(text);
    }
    for pair in [
        format!("{HASH}:"),
        format!(":{HASH}"),
        format!("{upper}:x"),
        format!("{HASH}:{HASH}"),
        HASH.to_owned(),
        format!("user:{HASH}:x"),
        format!("{HASH}0"),
        format!("0{HASH}"),
        format!("user: {HASH}"),
        format!("user:{HASH}\n"),
        format!("\u{fc}:{HASH}"),
        format!("\u{feff}{HASH}"),
        String::new(),
        ":".to_owned(),
        "3:4".to_owned(),
        format!("user:{IMEI}"),
        format!("user:{IMEI}\n"),
        format!("{IMEI}:{HASH}"),
        format!("{HASH}:{IMEI}"),
    ] {
        texts.push(basic(pair.as_bytes()));
    }
    // No text: what is not UTF-8, what is base64 only for the lenient.
    texts.push(basic(&[&[0xFC, b':'], HASH.as_bytes()].concat()));
    texts.push(format!("Basic {}", STANDARD.encode(format!("us:{HASH}")).replace("==", "=")));
    let mut all: Vec<Case> =
        texts.into_iter().map(|text| Case::get("/dev/dev1/Packages").header(AUTHORIZATION, text)).collect();
    let twice = |first: &str, second: &str| {
        Case::get("/dev/dev1").header(AUTHORIZATION, first).header(AUTHORIZATION, second)
    };
    all.extend([twice(HASH, HASH), twice("x", HASH), twice(IMEI, IMEI)]);
    all
}

/// Headers that the edge reads or writes.
pub(super) fn headers() -> Vec<Case> {
    let index = || Case::get("/release/dev1");
    let mut all = vec![
        index().header(SINCE, DATE),
        index().header(SINCE, DATE).header(SINCE, "x").header(IF_MODIFIED_SINCE, DATE),
        Case::get("/release/dev1/Packages").header(SINCE, DATE),
        index().header(CREDENTIAL, HASH),
        index().header(CREDENTIAL, HASH).header(CREDENTIAL, IMEI),
        index().header(AUTHORIZATION, IMEI),
        index().header(AUTHORIZATION, HASH).over_http(),
        Case::get("/dev").header(CREDENTIAL, HASH),
        Case::get("/dev").header(CREDENTIAL, IMEI).header(CREDENTIAL, "x").header(AUTHORIZATION, HASH),
        Case::get("/dev").header(AUTHORIZATION, HASH).header(IF_MODIFIED_SINCE, DATE),
        index().query("feed=dev&x=1&2105=4"),
        index().header("range", "bytes=0-9").header("user-agent", "opkg").header("accept-encoding", "gzip"),
        index().header(IF_MODIFIED_SINCE, DATE).header("x-device-foo", "kept"),
        index().header(IF_MODIFIED_SINCE, DATE).method("HEAD"),
        index().header(IF_MODIFIED_SINCE, DATE).header(IF_MODIFIED_SINCE, DATE),
    ];
    for other in ["if-none-match", "if-match", "if-unmodified-since"] {
        all.push(index().header(IF_MODIFIED_SINCE, DATE).header(other, "\"x\""));
    }
    let long = "x".repeat(65);
    for date in [
        "",
        "  ",
        "yesterday",
        "Sunday, 06-Nov-94 08:49:37 GMT",
        "Sun Nov  6 08:49:37 1994",
        "\u{e9}",
        &long,
        &long[1..],
    ] {
        all.push(index().header(IF_MODIFIED_SINCE, date));
    }
    let check = || Case::get("/v1/ota/deviceTypes/kettle/eligibility").query("2003=1");
    for accept in [
        "",
        "*/*",
        "application/json",
        "Application/JSON",
        "text/plain",
        "text/html",
        "application/json, */*;q=0.5",
        "*/*;q=0.8, application/json;q=0.7",
        "text/plain, application/json;q=0.9",
        "application/json;q=0",
        "application/json;q=0.000",
        "application/json; charset=utf-8 ; Q=0.3,text/*;q=0.3",
        "application/json;q=2,text/plain;q=1.5",
        "application/json;q=x",
        "application/json;q=0.5;q=0.1,text/plain;q=0.4",
        "application/json;q=.9,text/plain",
        "application/json;q=1.,text/plain",
        "__proto__,constructor",
        "application/json; q=0.2, text/plain; q=0.3",
        "application/json;q=0.9, text/plain",
        ",,;;",
        "application/json-x",
    ] {
        all.push(Case::get("/release").header("accept", accept));
        all.push(check().header("accept", accept));
    }
    for accept in [
        "application/cbor",
        "Application/CBOR;q=0.1",
        "application/*",
        "text/*",
        "application/cbor, */*;q=0.8",
        "application/json, application/cbor",
        "application/json;q=0.5, application/cbor;q=0.50, text/plain;q=0.500",
        "application/json;q=0.2, application/cbor;q=0.25",
        "application/cbor;q=0.5,text/plain;q=0.5",
        "application/cbor;q=0.5,text/plain;q=0.501",
        "application/json;q=0, */*;q=0.1",
        "*/*, application/json;q=0, application/cbor;q=0",
        "*/*, application/*;q=0",
        "application/json;q=0, application/cbor;q=0, text/plain;q=0",
        "application/cbor;q=0.1, application/cbor;q=0.9, application/json;q=0.5",
        "*/*;q=0",
    ] {
        all.push(check().header("accept", accept));
    }
    all.push(check().header("accept", "text/plain;q=0.3").header("accept", "application/cbor;q=0.4"));
    all.push(check().query("feed=dev").header("accept", "application/cbor").header(AUTHORIZATION, HASH));
    all.push(Case::get("/release").header("accept", "text/html").header("accept", "application/json"));
    all.push(
        Case::get("/release/").header("accept", "text/plain").header("accept", "application/json;q=0.9"),
    );
    all.push(index().header("accept", "application/json").header("accept", "text/plain"));
    all.push(Case::get("/dev//").header("accept", "application/json").header(AUTHORIZATION, HASH));
    all
}
