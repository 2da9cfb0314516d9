//! `/feeds/{feed}/devices`: who may read a restricted feed. The hash goes in and never comes out.

use std::fmt::Write as _;

use serde_json::{Value, json};
use tests::api::{Answer, Api, Tenant};

use crate::kettle::{Kettle, pointers, snapshot};

const HASH: &str = "2fd4e1c67a2d28fced849ee1bb76e7391b93eb12";
const OTHER_HASH: &str = "de9f2c7fd25e1b3afad3e85a0bd17d9b100db4b3";
const IMEI: &str = "356938035643809";

async fn grant(api: &Api, tenant: &Tenant, feed: &str, body: Value) -> Answer {
    api.call("POST", &tenant.path(&format!("/feeds/{feed}/devices")), &tenant.release, body).await
}

async fn list(api: &Api, tenant: &Tenant, feed: &str) -> Vec<Value> {
    let path = tenant.path(&format!("/feeds/{feed}/devices"));
    api.get(&path, &tenant.read).await.expect(200).json().as_array().unwrap().clone()
}

async fn revoke(api: &Api, tenant: &Tenant, feed: &str, id: &str) -> Answer {
    let path = tenant.path(&format!("/feeds/{feed}/devices/{id}"));
    api.call("DELETE", &path, &tenant.release, Value::Null).await
}

/// The status of a check with a credential.
async fn checked(api: &Api, device_type: &str, feed: &str, hash: &str) -> u16 {
    let path = format!("/v1/ota/deviceTypes/{device_type}/eligibility?feed={feed}");
    api.send(api.request("GET", &path).header("authorization", hash)).await.status
}

/// Every item of the table, as text.
async fn raw_table(api: &Api) -> String {
    let client = api.server.dynamodb_client();
    let mut pages = client.scan().table_name(api.server.table()).into_paginator().send();
    let mut all = String::new();
    while let Some(page) = pages.next().await {
        for item in page.unwrap().items() {
            writeln!(all, "{item:?}").unwrap();
        }
    }
    all
}

#[tokio::test]
async fn a_grant_is_answered_and_listed_without_the_hash() {
    let api = Api::start().await;
    let acme = api.tenant("acme").await;
    let made =
        grant(&api, &acme, "dev", json!({"hexSha1": HASH, "label": "Ada's phone"})).await.expect(201).json();
    let id = made["id"].as_str().unwrap();
    assert!(!id.is_empty() && id.bytes().all(|b| b.is_ascii_alphanumeric()), "{id}");
    snapshot!(
        json!({"label": made["label"], "members": made.as_object().unwrap().keys().collect::<Vec<_>>()})
    );
    assert_eq!(list(&api, &acme, "dev").await, std::slice::from_ref(&made));
    let bare = grant(&api, &acme, "dev", json!({"hexSha1": OTHER_HASH})).await.expect(201).json();
    assert!(bare.get("label").is_none() && bare["id"] != made["id"]);
    assert_eq!(list(&api, &acme, "dev").await, [made, bare]);
}

#[tokio::test]
async fn the_hash_is_in_no_answer_and_nowhere_in_the_table() {
    let it = Kettle::start().await;
    it.create_feed("dev-lab").await;
    let body = json!({"hexSha1": HASH.to_uppercase(), "label": "Ada's phone"});
    let mut answers = vec![
        grant(&it.api, &it.acme, "dev", body.clone()).await.expect(201),
        grant(&it.api, &it.acme, "dev", body).await.expect(201),
        grant(&it.api, &it.acme, "dev-lab", json!({"hexSha1": HASH})).await.expect(201),
        grant(&it.api, &it.acme, "beta", json!({"hexSha1": HASH})).await.expect(422),
        grant(&it.api, &it.acme, "dev", json!({"hexSha1": IMEI, "label": "x"})).await.expect(422),
        grant(&it.api, &it.acme, "dev", json!({"hexSha1": format!("{HASH}0")})).await.expect(422),
    ];
    let id = answers[0].json()["id"].as_str().unwrap().to_owned();
    let path = it.acme.path("/feeds/dev/devices");
    answers.push(it.api.get(&path, &it.acme.read).await.expect(200));
    let request = it.api.request("GET", "/v1/ota/deviceTypes/kettle/eligibility?feed=dev");
    answers.push(it.api.send(request.header("authorization", HASH)).await.expect(200));
    revoke(&it.api, &it.acme, "dev-lab", answers[2].json()["id"].as_str().unwrap()).await.expect(204);

    let table = raw_table(&it.api).await.to_lowercase();
    assert!(table.contains(&id) && table.contains("ada's phone"), "the scan sees the grant");
    let headers = answers.iter().map(|answer| format!("{:?}", answer.headers));
    let said: String = answers
        .iter()
        .map(|answer| String::from_utf8_lossy(&answer.bytes).into_owned())
        .chain(headers)
        .collect();
    for secret in [HASH, IMEI] {
        assert!(!table.contains(secret), "{secret} is in the table");
        assert!(!said.to_lowercase().contains(secret), "{secret} is in an answer");
    }
    // Not as bytes either: neither in base64 nor as the numbers of a binary attribute.
    let bytes = hex::decode(HASH).unwrap();
    let base64 = base64::Engine::encode(&base64::engine::general_purpose::STANDARD, &bytes);
    assert!(!table.contains(base64.trim_end_matches('=').to_lowercase().as_str()));
    assert!(!table.contains(format!("{bytes:?}").trim_matches(['[', ']'])));
}

#[tokio::test]
async fn granting_twice_is_one_grant_and_one_revocation_closes_it() {
    let it = Kettle::start().await;
    let first =
        grant(&it.api, &it.acme, "dev", json!({"hexSha1": HASH, "label": "one"})).await.expect(201).json();
    let upper = json!({"hexSha1": HASH.to_uppercase(), "label": "two"});
    let second = grant(&it.api, &it.acme, "dev", upper).await.expect(201).json();
    assert_eq!(second, first);
    assert_eq!(list(&it.api, &it.acme, "dev").await, std::slice::from_ref(&first));
    assert_eq!(checked(&it.api, "kettle", "dev", HASH).await, 200);

    let id = first["id"].as_str().unwrap();
    let answer = revoke(&it.api, &it.acme, "dev", id).await.expect(204);
    assert!(answer.bytes.is_empty());
    assert_eq!(checked(&it.api, "kettle", "dev", HASH).await, 401);
    assert_eq!(list(&it.api, &it.acme, "dev").await, [json!(null); 0]);
    revoke(&it.api, &it.acme, "dev", id).await.expect_problem(404, "not_found");
    // And granted anew.
    grant(&it.api, &it.acme, "dev", json!({"hexSha1": HASH})).await.expect(201);
    assert_eq!(checked(&it.api, "kettle", "dev", HASH).await, 200);
}

#[tokio::test]
async fn grants_made_at_once_are_one_grant() {
    let it = Kettle::start().await;
    let all = (0..6).map(|_| grant(&it.api, &it.acme, "dev", json!({"hexSha1": HASH})));
    let answers = futures::future::join_all(all).await;
    assert!(
        answers.iter().all(|answer| answer.status == 201 && answer.json()["id"] == answers[0].json()["id"])
    );
    assert_eq!(list(&it.api, &it.acme, "dev").await.len(), 1);
}

#[tokio::test]
async fn a_grant_opens_one_feed_of_one_partner() {
    let it = Kettle::start().await;
    let other = it.api.tenant("other").await;
    it.api.create_device_type(&other, "hairdryer").await;
    for feed in ["dev-lab", "dev-field"] {
        it.create_feed(feed).await;
    }
    let id = it.grant("dev-lab", HASH).await;
    assert_eq!(checked(&it.api, "kettle", "dev-lab", HASH).await, 200);
    assert_eq!(checked(&it.api, "kettle", "dev-field", HASH).await, 401);
    assert_eq!(checked(&it.api, "kettle", "dev", HASH).await, 401);
    assert_eq!(checked(&it.api, "hairdryer", "dev-lab", HASH).await, 401);

    // The same device at both partners: each grant is its own, and so is its end.
    it.grant("dev", HASH).await;
    let theirs = grant(&it.api, &other, "dev", json!({"hexSha1": HASH})).await.expect(201).json();
    let theirs = theirs["id"].as_str().unwrap();
    assert_eq!(checked(&it.api, "hairdryer", "dev", HASH).await, 200);
    revoke(&it.api, &it.acme, "dev", theirs).await.expect_problem(404, "not_found");
    revoke(&it.api, &it.acme, "dev", &id).await.expect_problem(404, "not_found");
    revoke(&it.api, &other, "dev", theirs).await.expect(204);
    assert_eq!(checked(&it.api, "hairdryer", "dev", HASH).await, 401);
    assert_eq!(checked(&it.api, "kettle", "dev", HASH).await, 200);
    assert_eq!(
        (list(&it.api, &it.acme, "dev").await.len(), list(&it.api, &other, "dev").await.len()),
        (1, 0)
    );
}

#[tokio::test]
async fn the_real_number_and_whatever_is_no_sha_1_are_refused() {
    let api = Api::start().await;
    let acme = api.tenant("acme").await;
    for value in [
        json!(IMEI),
        json!("35693803564380"),
        json!("3569380356438091"),
        json!(356_938_035_643_809_u64),
        json!(""),
        json!("x".repeat(40)),
        json!(HASH[..39]),
        json!(format!("{HASH}0")),
        json!(format!(" {HASH}")),
        json!([HASH]),
        Value::Null,
    ] {
        let refused = grant(&api, &acme, "dev", json!({"hexSha1": value})).await;
        let refused = refused.expect_problem(422, "invalid_field");
        assert_eq!(pointers(&refused), ["/hexSha1"], "{value}");
        assert!(!String::from_utf8_lossy(&refused.bytes).contains("35693803564380"), "{value}");
    }
    let both = grant(&api, &acme, "dev", json!({"label": "l".repeat(101)})).await;
    assert_eq!(pointers(&both.expect_problem(422, "invalid_field")), ["/label", "/hexSha1"]);
    let label = grant(&api, &acme, "dev", json!({"hexSha1": HASH, "label": "a\nb"})).await;
    assert_eq!(pointers(&label.expect_problem(422, "invalid_field")), ["/label"]);
    let request = api.request("POST", &acme.path("/feeds/dev/devices")).bearer_auth(&acme.release).body(HASH);
    let broken = api.send(request).await.expect_problem(400, "malformed_json");
    assert!(!String::from_utf8_lossy(&broken.bytes).contains(HASH));
    assert_eq!(list(&api, &acme, "dev").await, [json!(null); 0]);
}

#[tokio::test]
async fn only_restricted_feeds_that_are_there_have_grants() {
    let api = Api::start().await;
    let (acme, other) = (api.tenant("acme").await, api.tenant("other").await);
    for feed in ["development", "nightly"] {
        api.call("PUT", &acme.path(&format!("/feeds/{feed}")), &acme.write, Value::Null).await.expect(204);
    }
    api.call("PUT", &other.path("/feeds/dev-theirs"), &other.write, Value::Null).await.expect(204);
    let body = json!({"hexSha1": HASH});
    for feed in ["alpha", "beta", "release", "development", "nightly"] {
        let refused = grant(&api, &acme, feed, body.clone()).await.expect_problem(422, "invalid_field");
        assert_eq!(pointers(&refused), ["/feed"], "{feed}");
        assert_eq!(list(&api, &acme, feed).await, [json!(null); 0]);
    }
    for feed in ["dev-theirs", "dev-nowhere", "weekly"] {
        grant(&api, &acme, feed, body.clone()).await.expect_problem(404, "not_found");
        let path = acme.path(&format!("/feeds/{feed}/devices"));
        api.get(&path, &acme.read).await.expect_problem(404, "not_found");
        revoke(&api, &acme, feed, "x").await.expect_problem(404, "not_found");
    }
    for feed in ["Dev", "v1", "dev_lab"] {
        grant(&api, &acme, feed, body.clone()).await.expect_problem(400, "invalid_parameter");
    }
}

#[tokio::test]
async fn giving_and_taking_access_needs_the_release_right_and_ones_own_key() {
    let api = Api::start().await;
    let (acme, other) = (api.tenant("acme").await, api.tenant("other").await);
    let made = grant(&api, &acme, "dev", json!({"hexSha1": HASH})).await.expect(201).json();
    let (all, one) = (
        acme.path("/feeds/dev/devices"),
        acme.path(&format!("/feeds/dev/devices/{}", made["id"].as_str().unwrap())),
    );
    for (key, status, code) in [
        (&acme.read, 403, "right_missing"),
        (&acme.write, 403, "right_missing"),
        (&other.release, 404, "not_found"),
        (&String::new(), 401, "key_missing"),
    ] {
        let post = api.call("POST", &all, key, json!({"hexSha1": OTHER_HASH})).await;
        post.expect_problem(status, code);
        api.call("DELETE", &one, key, Value::Null).await.expect_problem(status, code);
    }
    api.get(&all, &other.release).await.expect_problem(404, "not_found");
    assert_eq!(list(&api, &acme, "dev").await, [made]);
}
