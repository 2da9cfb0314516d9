//! `POST /oauth/token`: a key becomes a bearer of 4 hours.

use reqwest::RequestBuilder;
use serde_json::{Value, json};
use tests::api::{Answer, Api, Tenant};

const HOUR: i64 = 3_600_000;

async fn id_of(api: &Api, key: &str) -> String {
    api.get("/v1/ota/whoami", key).await.expect(200).json()["keyId"].as_str().unwrap().to_owned()
}

fn asking(api: &Api, form: &str) -> RequestBuilder {
    let request = api.request("POST", "/oauth/token").body(form.to_owned());
    request.header("content-type", "application/x-www-form-urlencoded")
}

async fn token(api: &Api, form: &str) -> Answer {
    api.send(asking(api, form)).await
}

async fn bearer(api: &Api, key: &str) -> String {
    let id = id_of(api, key).await;
    let form = format!("grant_type=client_credentials&client_id={id}&client_secret={key}");
    token(api, &form).await.expect(200).json()["access_token"].as_str().unwrap().to_owned()
}

#[track_caller]
fn assert_oauth(answer: Answer, status: u16, code: &str, error: &str) {
    let challenge = if status == 401 { "Basic realm=\"ota\"" } else { "" };
    assert_eq!(answer.header("www-authenticate"), challenge, "{code}");
    let body = answer.expect_problem(status, code).json();
    assert_eq!(body["error"], error, "{body}");
    assert!(body.get("access_token").is_none(), "{body}");
}

#[tokio::test]
async fn every_grant_gives_a_bearer_with_the_rights_of_its_key() {
    let api = Api::start().await;
    let acme = api.tenant("acme").await;
    for key in [&acme.read, &acme.write, &acme.release] {
        let id = id_of(&api, key).await;
        let rights = api.get("/v1/ota/whoami", key).await.json()["rights"].clone();
        let in_form =
            asking(&api, &format!("grant_type=client_credentials&client_id={id}&client_secret={key}"));
        let basic = asking(&api, "grant_type=client_credentials&scope=ignored").basic_auth(&id, Some(key));
        // Afero's scripts send a client of their own beside the user.
        let password = format!("username={id}&password={key}&grant_type=password");
        let password = asking(&api, &password).basic_auth("afero", Some("x"));
        for request in [in_form, basic, password] {
            let answer = api.send(request).await.expect(200);
            assert_eq!(answer.header("cache-control"), "no-store");
            insta::allow_duplicates! {
                insta::assert_json_snapshot!(answer.json(), {".access_token" => "[token]"}, @r#"
                {
                  "access_token": "[token]",
                  "expires_in": 14400,
                  "token_type": "Bearer"
                }
                "#);
            }
            let token = answer.json()["access_token"].as_str().unwrap().to_owned();
            assert!(token.starts_with("otab1_") && token.len() == 55, "{}", token.len());
            let who = api.get("/v1/ota/whoami", &token).await.expect(200).json();
            assert_eq!((&who["bearer"], &who["rights"]), (&json!(true), &rights));
            assert_eq!(who["partnerId"], "acme");
            assert!(who["keyId"].as_str().unwrap().starts_with(&format!("{id}.")), "{who}");
            api.get(&acme.path("/types"), &token).await.expect(200);
        }
    }
    // Bearers are listed nowhere.
    let keys = api.get(&acme.path("/keys"), &acme.release).await.json();
    assert_eq!(keys.as_array().unwrap().len(), 3);
}

#[tokio::test]
async fn an_operators_key_can_be_exchanged_too() {
    let api = Api::start().await;
    let token = bearer(&api, api.server.operator_key()).await;
    let who = api.get("/v1/ota/whoami", &token).await.expect(200).json();
    assert_eq!((&who["rights"], &who["bearer"]), (&json!(["operator"]), &json!(true)));
    api.get("/v1/ota/admin/partners", &token).await.expect(200);
}

#[tokio::test]
async fn a_bearer_ends_by_the_clock() {
    let api = Api::start().await;
    let acme = api.tenant("acme").await;
    let token = bearer(&api, &acme.write).await;
    api.server.clock().shift(4 * HOUR - 60_000);
    api.get("/v1/ota/whoami", &token).await.expect(200);
    api.server.clock().shift(60_000);
    api.get("/v1/ota/whoami", &token).await.expect_problem(401, "key_expired");
    api.get("/v1/ota/whoami", &acme.write).await.expect(200);
}

#[tokio::test]
async fn a_bearer_dies_at_once_with_the_key_it_was_made_from() {
    let api = Api::start().await;
    let acme = api.tenant("acme").await;
    let (dying, living) = (bearer(&api, &acme.write).await, bearer(&api, &acme.read).await);
    api.get("/v1/ota/whoami", &dying).await.expect(200);
    let parent = acme.path(&format!("/keys/{}", id_of(&api, &acme.write).await));
    api.call("DELETE", &parent, &acme.release, Value::Null).await.expect(204);
    api.get("/v1/ota/whoami", &dying).await.expect_problem(401, "key_revoked");
    let body = json!({"name": "T", "type": 105});
    api.call("POST", &acme.path("/types"), &dying, body).await.expect_problem(401, "key_revoked");
    api.get(&acme.path("/types/105"), &acme.read).await.expect_problem(404, "not_found");
    api.get("/v1/ota/whoami", &living).await.expect(200);
}

#[tokio::test]
async fn a_bearer_never_outlives_a_key_that_expires() {
    let api = Api::start().await;
    let acme = api.tenant("acme").await;
    let expires = api.server.clock().now().plus_seconds(3600).millis();
    let body = json!({"rights": ["write"], "label": "short", "expiresTimestamp": expires});
    let made = api.call("POST", &acme.path("/keys"), &acme.release, body).await.expect(201).json();
    let (id, key) = (made["keyId"].as_str().unwrap(), made["key"].as_str().unwrap());
    let form = format!("grant_type=client_credentials&client_id={id}&client_secret={key}");
    let answer = token(&api, &form).await.expect(200).json();
    assert!((1..=3600).contains(&answer["expires_in"].as_i64().unwrap()), "{answer}");
    let token_text = answer["access_token"].as_str().unwrap();
    assert_eq!(api.get("/v1/ota/whoami", token_text).await.expect(200).json()["expiresTimestamp"], expires);
    api.server.clock().shift(HOUR);
    api.get("/v1/ota/whoami", token_text).await.expect_problem(401, "key_expired");
    assert_oauth(token(&api, &form).await, 401, "key_expired", "invalid_client");
}

#[tokio::test]
async fn a_bearer_makes_no_keys_and_no_bearers() {
    let api = Api::start().await;
    let acme = api.tenant("acme").await;
    let token_text = bearer(&api, &acme.release).await;
    let before = api.get(&acme.path("/keys"), &token_text).await.expect(200).json();
    let body = json!({"rights": ["read"], "label": "x"});
    let refused = api.call("POST", &acme.path("/keys"), &token_text, body.clone()).await;
    refused.expect_problem(403, "right_missing");
    let own = id_of(&api, &token_text).await;
    let parent = own.split('.').next().unwrap();
    for id in [own.as_str(), parent, own.split('.').nth(1).unwrap()] {
        let form = format!("grant_type=client_credentials&client_id={id}&client_secret={token_text}");
        assert_oauth(token(&api, &form).await, 401, "key_revoked", "invalid_client");
    }
    let operator = bearer(&api, api.server.operator_key()).await;
    let refused = api.call("POST", "/v1/ota/admin/partners/acme/keys", &operator, body).await;
    refused.expect_problem(403, "right_missing");
    assert_eq!(ids(&api, &acme).await, before.as_array().unwrap().len());
}

async fn ids(api: &Api, tenant: &Tenant) -> usize {
    api.get(&tenant.path("/keys"), &tenant.release).await.json().as_array().unwrap().len()
}

#[tokio::test]
async fn what_is_no_credential_is_refused_in_oauths_words() {
    let api = Api::start().await;
    let (acme, bolt) = (api.tenant("acme").await, api.tenant("bolt").await);
    let (id, key) = (id_of(&api, &acme.read).await, acme.read.clone());
    let foreign = id_of(&api, &bolt.read).await;
    let unknown = shared::domain::key::KeyText::new(shared::domain::key::KeyKind::Key, [7; 32]);
    let unknown = unknown.reveal();
    let typo = format!("{}{}", &key[..54], if key.ends_with('A') { 'B' } else { 'A' });
    for (form, status, code, error) in [
        (String::new(), 400, "invalid_parameter", "invalid_request"),
        (format!("client_id={id}&client_secret={key}"), 400, "invalid_parameter", "invalid_request"),
        ("grant_type=".into(), 400, "invalid_parameter", "unsupported_grant_type"),
        ("grant_type=authorization_code".into(), 400, "invalid_parameter", "unsupported_grant_type"),
        ("grant_type=password&grant_type=password".into(), 400, "invalid_parameter", "invalid_request"),
        ("grant_type=client_credentials".into(), 401, "key_missing", "invalid_client"),
        (format!("grant_type=client_credentials&client_id={id}"), 401, "key_missing", "invalid_client"),
        (
            format!("grant_type=password&client_id={id}&client_secret={key}"),
            401,
            "key_missing",
            "invalid_client",
        ),
        (format!("grant_type=password&username={id}&password=x"), 401, "key_malformed", "invalid_client"),
        (
            format!("grant_type=password&username={id}&password={typo}"),
            401,
            "key_malformed",
            "invalid_client",
        ),
        (
            format!("grant_type=password&username={id}&password={unknown}"),
            401,
            "key_revoked",
            "invalid_client",
        ),
        (
            format!("grant_type=password&username={foreign}&password={key}"),
            401,
            "key_revoked",
            "invalid_client",
        ),
        (format!("grant_type=password&username=&password={key}"), 401, "key_revoked", "invalid_client"),
    ] {
        assert_oauth(token(&api, &form).await, status, code, error);
    }
    let basic = asking(&api, "grant_type=client_credentials").basic_auth(&id, Some("wrong"));
    assert_oauth(api.send(basic).await, 401, "key_malformed", "invalid_client");
    let path = acme.path(&format!("/keys/{id}"));
    api.call("DELETE", &path, &acme.release, Value::Null).await.expect(204);
    let form = format!("grant_type=client_credentials&client_id={id}&client_secret={key}");
    assert_oauth(token(&api, &form).await, 401, "key_revoked", "invalid_client");
}

#[tokio::test]
async fn what_is_no_form_is_refused_in_oauths_words() {
    let api = Api::start().await;
    for kind in ["application/json", "text/plain", "multipart/form-data; boundary=b"] {
        let request = api.request("POST", "/oauth/token").header("content-type", kind);
        let answer = api.send(request.body("{\"grant_type\": \"password\"}")).await;
        assert_oauth(answer, 415, "unsupported_media_type", "invalid_request");
    }
    let untyped = api.request("POST", "/oauth/token").body("grant_type=password");
    assert_oauth(api.send(untyped).await, 415, "unsupported_media_type", "invalid_request");
    let long = format!("grant_type=password&username={}", "x".repeat(256 << 10));
    assert_oauth(token(&api, &long).await, 413, "body_too_large", "invalid_request");
    let read = api.get("/oauth/token", "").await.expect_problem(405, "method_not_allowed");
    assert_eq!(read.header("allow"), "POST");
}
