//! What a key must be, on every path that needs one.

use aws_sdk_dynamodb::types::AttributeValue;
use serde_json::json;
use shared::domain::key::{KeyKind, KeyText};
use tests::api::{Answer, Api};
use tests::wire::Fault;

async fn with_header(api: &Api, value: &str) -> Answer {
    api.send(api.request("GET", "/v1/ota/whoami").header("authorization", value)).await
}

#[tokio::test]
async fn no_key_is_told_from_a_bad_one() {
    let api = Api::start().await;
    let acme = api.tenant("acme").await;
    let good = &acme.read;
    let unknown = KeyText::new(KeyKind::Key, [7; 32]).reveal().to_owned();
    let unknown_bearer = KeyText::new(KeyKind::Bearer, [7; 32]).reveal().to_owned();
    for (header, code) in [
        (String::new(), "key_missing"),
        ("   ".into(), "key_missing"),
        ("Bearer".into(), "key_malformed"),
        ("Bearer ".into(), "key_malformed"),
        (good.clone(), "key_malformed"),
        (format!("Basic {good}"), "key_malformed"),
        (format!("Bearer {}", &good[1..]), "key_malformed"),
        (format!("Bearer {good}0"), "key_malformed"),
        (format!("Bearer {good} x"), "key_malformed"),
        (format!("Bearer {}", good.to_lowercase()), "key_malformed"),
        (format!("Bearer {}", good.replace("otak1_", "otab1_")), "key_malformed"),
        (format!("Bearer {unknown}"), "key_revoked"),
        (format!("Bearer {unknown_bearer}"), "key_revoked"),
    ] {
        let answer = with_header(&api, &header).await.expect_problem(401, code);
        assert_eq!(answer.header("www-authenticate"), "Bearer", "{header:?}");
        assert!(!String::from_utf8_lossy(&answer.bytes).contains(&good[6..]), "the key is repeated");
    }
    let binary = reqwest::header::HeaderValue::from_bytes(b"Bearer \xff\xfe").unwrap();
    let request = api.request("GET", "/v1/ota/whoami").header("authorization", binary);
    api.send(request).await.expect_problem(401, "key_malformed");
    for good in [format!("Bearer {good}"), format!("bearer {good}"), format!("BEARER  {good} ")] {
        with_header(&api, &good).await.expect(200);
    }
}

#[tokio::test]
async fn one_wrong_character_anywhere_makes_a_key_malformed() {
    let api = Api::start().await;
    let acme = api.tenant("acme").await;
    let key = &acme.release;
    for at in 0..key.len() {
        let wrong = if key[at..].starts_with('x') { "y" } else { "x" };
        let mut typo = key.clone();
        typo.replace_range(at..=at, wrong);
        api.wire.take_calls();
        let problem = api.get("/v1/ota/whoami", &typo).await.expect_problem(401, "key_malformed");
        assert_eq!(
            api.wire.take_calls(),
            Vec::<String>::new(),
            "a typing error at {at} is seen without a read"
        );
        assert!(!String::from_utf8_lossy(&problem.bytes).contains(&typo));
    }
    api.get("/v1/ota/whoami", key).await.expect(200);
}

#[tokio::test]
async fn a_key_ends_when_it_says() {
    let api = Api::start().await;
    let acme = api.tenant("acme").await;
    let expires = api.server.clock().now().plus_seconds(60).millis();
    let body = json!({"rights": ["write"], "label": "short", "expiresTimestamp": expires});
    let made = api.call("POST", &acme.path("/keys"), &acme.release, body).await.expect(201).json();
    let key = made["key"].as_str().unwrap();
    let kind = json!({"name": "T", "type": 105});
    api.get(&acme.path("/types"), key).await.expect(200);
    api.server.clock().shift(60_000);
    api.get(&acme.path("/types"), key).await.expect_problem(401, "key_expired");
    api.call("POST", &acme.path("/types"), key, kind).await.expect_problem(401, "key_expired");
    api.get(&acme.path("/types/105"), &acme.read).await.expect_problem(404, "not_found");
}

#[tokio::test]
async fn a_bad_key_is_401_on_every_path_whosever_it_is() {
    let api = Api::start().await;
    api.tenant("acme").await;
    let unknown = KeyText::new(KeyKind::Key, [7; 32]);
    for path in ["/v1/ota/partners/acme/types", "/v1/ota/partners/nobody/pool", "/v1/ota/admin/partners"] {
        api.get(path, "").await.expect_problem(401, "key_missing");
        api.get(path, "nonsense").await.expect_problem(401, "key_malformed");
        api.get(path, unknown.reveal()).await.expect_problem(401, "key_revoked");
    }
}

#[tokio::test]
async fn a_key_that_cannot_be_read_is_neither_good_nor_bad() {
    let api = Api::start().await;
    let acme = api.tenant("acme").await;
    api.wire.inject(Some("GetItem"), 0, 20, Fault::ServerError);
    let answer = api.get("/v1/ota/whoami", &acme.read).await.expect_problem(503, "dependency_unavailable");
    assert!(answer.header("retry-after").parse::<u32>().unwrap() > 0);
    assert!(api.wire.clear() > 0);
    api.get("/v1/ota/whoami", &acme.read).await.expect(200);
    // That its use cannot be noted does not make it bad.
    api.wire.inject(Some("UpdateItem"), 0, 20, Fault::ServerError);
    api.get("/v1/ota/whoami", &acme.write).await.expect(200);
    assert!(api.wire.clear() < 20, "nothing was noted");
}

/// Every text in an item, keys of maps included.
fn texts(value: &AttributeValue, into: &mut Vec<String>) {
    match value {
        AttributeValue::S(text) | AttributeValue::N(text) => into.push(text.clone()),
        AttributeValue::B(bytes) => into.push(String::from_utf8_lossy(bytes.as_ref()).into_owned()),
        AttributeValue::Ss(all) => into.extend(all.iter().cloned()),
        AttributeValue::L(list) => {
            for each in list {
                texts(each, into);
            }
        }
        AttributeValue::M(map) => {
            for (name, each) in map {
                into.push(name.clone());
                texts(each, into);
            }
        }
        _ => {}
    }
}

#[tokio::test]
async fn the_text_of_a_key_is_nowhere_in_the_table() {
    let api = Api::start().await;
    let acme = api.tenant("acme").await;
    let id = api.get("/v1/ota/whoami", &acme.release).await.json()["keyId"].as_str().unwrap().to_owned();
    let form = format!("grant_type=client_credentials&client_id={id}&client_secret={}", acme.release);
    let request =
        api.request("POST", "/oauth/token").header("content-type", "application/x-www-form-urlencoded");
    let token = api.send(request.body(form)).await.expect(200).json();
    let token = token["access_token"].as_str().unwrap();
    api.get("/v1/ota/whoami", token).await.expect(200);

    let mut found = Vec::new();
    let mut start = None;
    loop {
        let scan = api.server.dynamodb_client().scan().table_name(api.server.table());
        let page = scan.set_exclusive_start_key(start).send().await.unwrap();
        for item in page.items() {
            for value in item.values() {
                texts(value, &mut found);
            }
        }
        start = page.last_evaluated_key().cloned();
        if start.is_none() {
            break;
        }
    }
    let digest = |key: &str| key.parse::<KeyText>().unwrap().digest().to_string();
    for key in [&acme.read, &acme.write, &acme.release, api.server.operator_key(), token] {
        assert!(found.iter().any(|text| text.contains(&digest(key))), "the scan sees the key");
        // Nor a part of it that would help to guess the rest.
        for part in [&key[..16], &key[6..22], &key[22..38], &key[39..]] {
            assert!(!found.iter().any(|text| text.contains(part)), "a part of a key is stored");
        }
    }
}
