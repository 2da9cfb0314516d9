//! Signed paths, in the repository and below an index.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use shared::domain::{Sha256, Timestamp, download};
use shared::secrets::{Secret, hmac_sha256};

use super::super::{Case, NOW, keys};
use super::{AUTHORIZATION, CREDENTIAL, DATE, HASH, IMEI, SINCE, basic, file, sha256};

fn signed(secret: &Secret, key_id: &str, expires: Option<Timestamp>, name: &str) -> String {
    download::path(secret, key_id, &sha256(), expires, name)
}

pub(super) fn downloads() -> Vec<Case> {
    let keys = keys();
    let mut paths: Vec<String> = ["d0", "d1", "d2"].map(|id| signed(&keys, id, None, "105-7.bin")).to_vec();
    for seconds in [-86_400, -1, 0, 1, 86_400] {
        paths.push(signed(&keys, "d1", Some(NOW.plus_seconds(seconds)), "105-7.bin"));
    }
    for (id, byte) in [("d1", 0x12), ("d9", 0x12), ("constructor", 0x12), ("__proto__", 0x12), ("d1", 0)] {
        paths.push(signed(&Secret::new(id, vec![byte; 32]), id, None, "105-7.bin"));
    }
    // Signed, but in another spelling than the one that counts.
    for (sha256, expiry) in [
        (sha256().to_string(), "00"),
        (sha256().to_string(), "01900000000"),
        (sha256().to_string(), "-0"),
        (sha256().to_string(), "-1"),
        (sha256().to_string(), ""),
        (sha256().to_string().to_uppercase(), "0"),
        (sha256().to_string()[..62].to_owned(), "0"),
    ] {
        let tag = hmac_sha256(keys.current().1, &[b"dl1", sha256.as_bytes(), expiry.as_bytes()]);
        paths.push(format!("/repository/{sha256}/d1.{expiry}.{}/f", URL_SAFE_NO_PAD.encode(&tag[..16])));
    }
    let good = signed(&keys, "d1", None, "f");
    let sha = sha256().to_string();
    let (before, mac) = good.trim_end_matches("/f").rsplit_once('.').unwrap();
    for changed in [
        good.replace(&sha, &Sha256::of(b"other").to_string()),
        good.replace(&sha, &sha.to_uppercase()),
        good.replace(&sha, &sha[1..]),
        good.replace(&sha, &format!("{sha}0")),
        good.replace("/d1.", "/d0."),
        good.replace("/d1.", "/D1."),
        good.replace("/d1.", "/%641."),
        good.replace("/d1.", "/."),
        good.replace(".0.", ".00."),
        good.replace(".0.", ".1."),
        good.replace(".0.", ".-0."),
        good.replace(".0.", ".+0."),
        good.replace(".0.", ".0x0."),
        good.replace(".0.", ".."),
        good.replace(".0.", ".1900000000."),
        good.replace(".0.", ".9223372036854775808."),
        good.replace(".0.", ".0.0."),
        format!("{before}.{}/f", &mac[1..]),
        format!("{before}.{mac}A/f"),
        format!("{before}.{mac}=/f"),
        format!("{before}.{}/f", mac.to_lowercase()),
        format!("{before}./f"),
        format!("{before}/f"),
        good.trim_end_matches("/f").to_owned(),
        format!("{good}/more"),
        format!("{good}/"),
        good.trim_end_matches('f').to_owned(),
        good.replace("/f", "//f"),
        good.replace("/repository/", "/repository//"),
        good.replace("/repository/", "//repository/"),
        good.replace("/repository/", "/repository/./"),
        good.replace("/repository/", "/%72epository/"),
        good.replace("/repository/", "/Repository/"),
        good.replace("/f", "/f%2e%2e%2fx"),
        good.replace("/f", "/.."),
        good.replace("/f", "/%ff"),
        good.replace("/f", "/\u{e9}\u{2615}"),
        format!("/repository/{sha}"),
        format!("/repository/{sha}/x.bin"),
        "/repository/".to_owned(),
        "/repository".to_owned(),
        "/repository/../staging/acme/x".to_owned(),
        "/repository/a/b/c".to_owned(),
    ] {
        paths.push(changed);
    }
    let mut all: Vec<_> = paths.into_iter().map(Case::get).collect();
    all.push(Case::get(&good).over_http());
    all.push(Case::get(&good).method("HEAD").query("versionId=1&response-content-type=text/html"));
    all.push(
        Case::get(&good).header("range", "bytes=2-4").header("if-range", "\"x\"").header(AUTHORIZATION, HASH),
    );
    all.push(Case::get(&good).header(CREDENTIAL, HASH).header(SINCE, DATE).header("accept", "text/html"));
    all.extend(["POST", "PUT", "DELETE", "OPTIONS", "PATCH"].map(|method| Case::get(&good).method(method)));
    all.push(Case::get("/repository/a/b/c").method("POST"));
    all
}

pub(super) fn packages() -> Vec<Case> {
    let file = file("base_1.0%2bgit_all.ipk");
    let forged = file.replace("d1.0.", "d1.1.");
    let mut paths = Vec::new();
    for feed in ["release", "dev", "dev-lab"] {
        for index in ["", "/dev1", "/dev1/base", "/dev1/base/1.0%2bgit", "/dev1/base/1.0/Size"] {
            paths.push(format!("/{feed}{index}/by-hash/{file}"));
        }
        for path in [
            format!("/{feed}//dev1///base/by-hash//{file}"),
            format!("/{feed}/dev1/by-hash/{file}/"),
            format!("/{feed}/dev1/by-hash/{forged}"),
            format!("/{feed}/dev1/by-hash/{file}/more"),
            format!("/{feed}/dev1/by%2dhash/{file}"),
            format!("/{feed}/dev1/b%79-hash/{file}"),
            format!("/{feed}/dev1/By-Hash/{file}"),
            format!("/{feed}/dev1/by-hash%2f{file}"),
            format!("/{feed}/dev1/by-hash"),
            format!("/{feed}/dev1/by-hash/"),
            format!("/{feed}/dev1/by-hash/aa"),
            format!("/{feed}/dev1/base/by-hash/aa/Packages"),
            format!("/{feed}/dev1/by-hash/x/by-hash/{file}"),
            format!("/{feed}/dev1/by-hash/../by-hash/{file}"),
        ] {
            paths.push(path);
        }
    }
    paths.extend([
        format!("/by-hash/{file}"),
        format!("/v2/by-hash/{file}"),
        format!("//dev/dev1/by-hash/{file}"),
    ]);
    let mut all = Vec::new();
    for path in paths {
        if path.starts_with("/dev") {
            all.push(Case::get(&path).header(AUTHORIZATION, basic(format!("u:{HASH}").as_bytes())));
            all.push(Case::get(&path).header(AUTHORIZATION, IMEI));
        }
        all.push(Case::get(path));
    }
    all
}
