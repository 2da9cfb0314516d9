//! The hash goes in and never comes out: not in an answer, not in the table, not in the bucket.
//! (That no log has it is shown where the log is made: in the tests of the dev server.)

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use shared::domain::DeviceCredential;
use tests::api::Answer;
use tests::ipk::Ipk;

use super::{HASH, IMEI, Lab, WRONG, basic};

/// A secret in every form in which it could be kept.
fn forms(secret: &str) -> Vec<String> {
    let mut texts = vec![secret.to_lowercase(), secret.to_uppercase()];
    for pair in [secret.to_owned(), format!("user:{secret}"), format!("{secret}:"), format!(":{secret}")] {
        texts.push(STANDARD_NO_PAD.encode(&pair));
        texts.push(STANDARD.encode(pair.to_uppercase()));
    }
    if let Ok(bytes) = hex::decode(secret) {
        texts.push(STANDARD_NO_PAD.encode(&bytes));
        texts.push(URL_SAFE_NO_PAD.encode(&bytes));
        texts.push(format!("{bytes:?}").trim_matches(['[', ']']).to_owned());
    }
    texts
}

#[track_caller]
fn expect_none_of(text: &str, secrets: &[&str], at: &str) {
    for secret in secrets {
        for form in forms(secret) {
            assert!(!text.contains(&form), "{at} holds {form}");
        }
    }
}

/// Asks in every way, and answers what was said.
async fn ask_in_every_way(lab: &Lab) -> Vec<Answer> {
    let mut answers = Vec::new();
    for hash in [HASH, WRONG, IMEI] {
        for credential in [
            hash.to_owned(),
            hash.to_uppercase(),
            basic(&format!("user:{hash}")),
            basic(&format!("{hash}:")),
            format!("Bearer {hash}"),
            format!("{hash}{hash}"),
        ] {
            for path in [
                "/dev",
                "/dev/dev1",
                "/dev/dev1/Packages.gz",
                "/dev/dev1/base/latest/Version",
                "/dev/dev1/nothing",
                "/dev/nothing",
                "/dev/%ff",
                "/dev/../dev",
                "/%64ev/dev1",
                "/release/dev1",
                "/release/nothing",
                "/v1/ota/deviceTypes/dev1/eligibility?feed=dev",
                "/v1/ota/deviceTypes/dev1/eligibility?feed=dev&2105=x",
                "/v1/ota/partners/acme/types",
                "/nowhere",
            ] {
                answers.push(lab.ask(path, Some(&credential)).await);
                answers.push(lab.ask_with(path, None, &[("x-device-authorization", &credential)]).await);
            }
            let post = lab.world.api.raw("POST", "/dev/dev1", &[("authorization", &credential)]).await;
            answers.push(post);
        }
    }
    answers
}

#[tokio::test]
async fn the_hash_is_in_no_answer_and_nowhere_in_table_and_bucket() {
    let lab = Lab::start().await;
    lab.grant_at_acme("dev", &HASH.to_uppercase()).await;
    lab.grant(&lab.bolt, "dev-lab", HASH).await;
    let revoked = lab.grant_at_acme("dev", WRONG).await;
    lab.revoke(&lab.world.acme, "dev", &revoked).await;
    let answers = ask_in_every_way(&lab).await;
    assert!([200, 400, 401, 404, 501].iter().all(|status| answers.iter().any(|each| each.status == *status)));
    for answer in &answers {
        let text = format!("{:?}{}", answer.headers, String::from_utf8_lossy(&answer.bytes));
        expect_none_of(&text, &[HASH, WRONG, IMEI], "an answer");
    }
    lab.world.place("dev", &Ipk::new("base", "2.0")).await;

    let dump = lab.world.api.dump().await;
    let rows: Vec<String> = dump.0.iter().map(|((pk, sk), row)| format!("{pk} {sk} {row}")).collect();
    let rows = rows.join("\n");
    let pseudonym = DeviceCredential::parse(HASH).unwrap();
    let pepper = lab.world.api.server.app().secrets.pepper().unwrap().current().1;
    let pseudonym = pseudonym.pseudonym(pepper);
    assert!(rows.contains(&format!("ACCESS#dev#{pseudonym}")), "the dump sees the grant");
    expect_none_of(&rows, &[HASH, WRONG, IMEI], "the table");

    let (s3, bucket) = (lab.world.api.server.s3_client(), lab.world.api.server.bucket());
    let list = s3.list_objects_v2().bucket(bucket).send().await.unwrap();
    assert!(list.contents().len() > 4, "{list:?}");
    for object in list.contents() {
        let key = object.key().unwrap();
        let body =
            s3.get_object().bucket(bucket).key(key).send().await.unwrap().body.collect().await.unwrap();
        let text = format!("{key}{}", String::from_utf8_lossy(&body.to_vec()));
        expect_none_of(&text, &[HASH, WRONG, IMEI], key);
        expect_none_of(&text, &[&pseudonym], key);
    }
}

#[tokio::test]
async fn what_holds_a_credential_does_not_show_it() {
    for text in [HASH.to_owned(), HASH.to_uppercase()] {
        let credential = DeviceCredential::parse(&text).unwrap();
        let shown = format!("{credential:?} {credential:#?} {:?}", Some(&credential));
        expect_none_of(&shown, &[HASH], "Debug");
    }
    let fault = DeviceCredential::parse(IMEI).unwrap_err();
    expect_none_of(&format!("{fault:?}"), &[IMEI], "Debug");
}

#[tokio::test]
async fn a_pseudonym_says_nothing_without_the_pepper() {
    let lab = Lab::start().await;
    lab.grant_at_acme("dev", HASH).await;
    // Guessing hashes against the table needs the secret, which the table does not have.
    let credential = DeviceCredential::parse(HASH).unwrap();
    let dump = lab.world.api.dump().await;
    let keys: Vec<&str> = dump.under("ACCESS#dev#").map(|(pk, ..)| pk).collect();
    assert_eq!(keys.len(), 1);
    for pepper in [&b""[..], b"pepper", HASH.as_bytes()] {
        assert_ne!(keys[0], format!("ACCESS#dev#{}", credential.pseudonym(pepper)));
    }
    let plain = shared::domain::Sha256::of(HASH.as_bytes()).to_string();
    assert!(!keys[0].contains(&plain));
}
