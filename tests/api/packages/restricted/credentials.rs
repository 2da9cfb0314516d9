//! The credential: in which forms it is taken, and that a check takes the same ones.

use super::shapes;
use super::{HASH, IMEI, Lab, WRONG, basic, expect_wall, said};

/// Forms that open, in any of which a client can send the hash.
fn good() -> Vec<String> {
    let upper = HASH.to_uppercase();
    vec![
        HASH.to_owned(),
        upper.clone(),
        format!("  {HASH} "),
        basic(&format!("user:{HASH}")),
        basic(&format!("user:{upper}")),
        basic(&format!("{HASH}:")),
        basic(&format!("{upper}:x")),
        basic(&format!("{HASH}:{HASH}")),
        basic(&format!(":{HASH}")),
        basic(HASH),
        basic(&format!("user:{HASH}")).replace("Basic", "bAsIc"),
        basic(&format!("user:{HASH}")).replace("Basic ", "Basic   "),
    ]
}

/// Forms that do not.
fn bad() -> Vec<String> {
    vec![
        WRONG.to_owned(),
        WRONG.to_uppercase(),
        HASH[1..].to_owned(),
        format!("{HASH}0"),
        format!("{HASH}, {HASH}"),
        format!("Bearer {HASH}"),
        format!("Digest {HASH}"),
        format!("Basic {HASH}"),
        format!("user:{HASH}"),
        basic(&format!("user:x{HASH}")),
        basic(&format!("user:{HASH}:x")),
        basic(&format!("user: {HASH}")),
        basic(&format!("{WRONG}:{HASH}x")),
        basic(""),
        basic("3:4"),
        "1234567890123".to_owned(),
        "12345678901234567".to_owned(),
    ]
}

/// The real number, in forms in which a client might send it.
fn real() -> Vec<String> {
    vec![
        IMEI.to_owned(),
        IMEI[..14].to_owned(),
        format!("{IMEI}1"),
        basic(&format!("user:{IMEI}")),
        basic(&format!("{IMEI}:")),
        basic(&format!("{IMEI}:{HASH}")),
    ]
}

const INDEX: &str = "/dev/dev1/Packages";
const CHECK: &str = "/v1/ota/deviceTypes/dev1/eligibility?feed=dev";

#[tokio::test]
async fn feed_list_and_check_take_the_same_credentials() {
    let lab = Lab::start().await;
    lab.grant_at_acme("dev", HASH).await;
    for path in [INDEX, "/dev", CHECK] {
        let first = said(&lab.ask(path, Some(HASH)).await.expect(200));
        for credential in good() {
            assert_eq!(said(&lab.ask(path, Some(&credential)).await), first, "{path} {credential}");
        }
        for credential in bad() {
            expect_wall(lab.ask(path, Some(&credential)).await, &format!("{path} {credential}"));
        }
        for credential in real() {
            let refused = lab.ask(path, Some(&credential)).await.expect_problem(400, "invalid_parameter");
            assert!(!format!("{refused:?}{}", String::from_utf8_lossy(&refused.bytes)).contains(&IMEI[..14]));
            assert!(refused.header("cache-control").contains("no-store"));
        }
    }
}

#[tokio::test]
async fn the_wall_of_a_check_is_the_wall_of_the_feed() {
    let lab = Lab::start().await;
    lab.grant_at_acme("dev", HASH).await;
    let wall = said(&expect_wall(lab.ask(INDEX, None).await, INDEX));
    for device_type in ["dev1", "bolt1", "gone1", "nothing"] {
        let path = format!("/v1/ota/deviceTypes/{device_type}/eligibility?feed=dev");
        for credential in [None, Some(WRONG), Some("x")] {
            assert_eq!(said(&lab.ask(&path, credential).await), wall, "{path} {credential:?}");
        }
    }
    assert_eq!(said(&lab.ask("/v1/ota/deviceTypes/bolt1/eligibility?feed=dev", Some(HASH)).await), wall);
}

#[tokio::test]
async fn the_real_number_is_refused_whatever_it_is_asked_for() {
    let lab = Lab::start().await;
    let mut refusals = Vec::new();
    let mut paths = shapes::forged("dev", "dev1");
    paths.extend(shapes::few("dev", "dev1"));
    paths.extend(["/dev", "/dev/nothing", "/dev/No_Slug/x", "/dev-nowhere", "/dev-/dev1"].map(String::from));
    for path in &paths {
        lab.taken();
        refusals.push(said(&lab.ask(path, Some(IMEI)).await.expect_problem(400, "invalid_parameter")));
        assert_eq!(lab.taken(), (vec![], vec![]), "{path}");
    }
    refusals.dedup();
    assert_eq!(refusals.len(), 1, "{refusals:#?}");
}

#[tokio::test]
async fn an_open_feed_reads_no_credential_not_even_a_real_number() {
    let lab = Lab::start().await;
    let plain = said(&lab.ask("/release/dev1/Packages", None).await.expect(200));
    for credential in good().into_iter().chain(bad()).chain(real()) {
        let answer = lab.ask("/release/dev1/Packages", Some(&credential)).await;
        assert_eq!(said(&answer), plain, "{credential}");
    }
}

#[tokio::test]
async fn what_a_client_writes_into_the_edges_own_header_is_dropped() {
    let lab = Lab::start().await;
    lab.grant_at_acme("dev", HASH).await;
    for name in ["X-Device-Authorization", "x-device-authorization", "X-DEVICE-AUTHORIZATION"] {
        for path in [INDEX, "/dev", CHECK] {
            expect_wall(lab.ask_with(path, None, &[(name, HASH)]).await, path);
            expect_wall(lab.ask_with(path, Some(WRONG), &[(name, HASH)]).await, path);
            expect_wall(lab.ask_with(path, None, &[(name, HASH), (name, HASH)]).await, path);
            lab.ask_with(path, Some(HASH), &[(name, WRONG)]).await.expect(200);
            // Nor does the real number under that name spoil a good credential.
            lab.ask_with(path, Some(HASH), &[(name, IMEI)]).await.expect(200);
        }
    }
}

#[tokio::test]
async fn two_credentials_in_one_request_are_never_more_than_one_of_them() {
    let lab = Lab::start().await;
    lab.grant_at_acme("dev", HASH).await;
    for (first, second) in [(WRONG, WRONG), ("x", "y")] {
        let answer = lab.ask_with(INDEX, Some(second), &[("authorization", first)]).await;
        expect_wall(answer, first);
    }
    let answer = lab.ask_with(INDEX, Some(HASH), &[("authorization", HASH)]).await;
    assert!([200, 401].contains(&answer.status), "{answer:?}");
}

#[tokio::test]
async fn a_hash_in_the_query_opens_nothing() {
    let lab = Lab::start().await;
    lab.grant_at_acme("dev", HASH).await;
    for query in [
        format!("authorization={HASH}"),
        format!("x-device-authorization={HASH}"),
        format!("feedCredential={HASH}"),
    ] {
        expect_wall(lab.ask(&format!("/dev/dev1?{query}"), None).await, &query);
        expect_wall(lab.ask(&format!("/dev?{query}"), None).await, &query);
    }
}
