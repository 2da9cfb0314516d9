use serde_json::json;

use super::{Strange, api, url};

#[tokio::test]
#[ignore = "needs functions as Lambda runs them: run by cargo xtask test"]
async fn a_path_is_decoded_at_the_api_and_raw_at_a_functions_url() {
    let strange = Strange::start().await;
    let said = strange.api.raw("GET", "/v1/ota/partners/a%20b%2Bc+d/types", &[]).await.expect(200).json();
    assert_eq!(said["path"], "/v1/ota/partners/a b+c+d/types");
    assert_eq!(said["variables"], json!([["partnerId", "a b+c+d"]]));
    let said = strange.api.raw("GET", "/release//a%20b%2Bc+d/%2b?x=y", &[]).await.expect(200).json();
    // The edge has taken the query and the second slash away.
    assert_eq!((&said["path"], &said["variables"]), (&json!("/release/a%20b%2Bc+d/%2b"), &json!([])));
    assert!(said["uri"].as_str().unwrap().ends_with("/release/a%20b%2Bc+d/%2b"), "{said}");
}

#[tokio::test]
#[ignore = "needs functions as Lambda runs them: run by cargo xtask test"]
async fn a_function_behind_the_cdn_is_told_what_the_cdn_passes_on() {
    let strange = Strange::start().await;
    let hash = "da39a3ee5e6b4b0d3255bfef95601890afd80709";
    let sent = [
        ("authorization", hash),
        ("x-device-authorization", "forged"),
        ("cookie", "a=b"),
        ("x-amzn-request-context", "{}"),
        ("if-none-match", "\"x\""),
        ("range", "bytes=0-1"),
        ("accept-language", "tlh"),
    ];
    let said = strange.api.raw("GET", "/dev/dev1", &sent).await.expect(200).json();
    let headers = said["headers"].as_object().unwrap();
    assert_eq!(headers["x-device-authorization"], hash);
    assert_eq!((&headers["if-none-match"], &headers["range"]), (&json!("\"x\""), &json!("bytes=0-1")));
    for gone in ["authorization", "cookie", "x-amzn-request-context", "accept-language"] {
        assert!(!headers.contains_key(gone), "{gone}: {said}");
    }
    let caller = &said["context"]["authorizer"];
    assert!(caller.get("iam").is_some() && caller.get("lambda").is_none(), "{said}");
}

#[tokio::test]
#[ignore = "needs functions as Lambda runs them: run by cargo xtask test"]
async fn what_the_authorizer_says_is_what_the_function_is_told() {
    let strange = Strange::start().await;
    let get = async |path: &str, key: &str| strange.api.raw("GET", path, &[("authorization", key)]).await;
    let said = get("/v1/ota/whoami", "anything").await.expect(200).json();
    assert_eq!(said["context"]["authorizer"]["lambda"], json!({"who": "me", "count": 3}));
    let asked = get("/v1/ota/partners/acme/types?a=1&a=2", "echo").await.expect(200).json();
    let asked = &asked["context"]["authorizer"]["lambda"]["asked"];
    assert_eq!((&asked["version"], &asked["type"]), (&json!("2.0"), &json!("REQUEST")));
    assert_eq!(asked["routeKey"], "ANY /v1/ota/partners/{partnerId}/types");
    assert_eq!(asked["queryStringParameters"], json!({"a": "1,2"}));
    assert!(asked.get("body").is_none());
    // Nobody is asked where the templates say so.
    for open in ["/oauth/token", "/v1/nowhere"] {
        let said = get(open, "deny").await.expect(200).json();
        assert!(said["context"].get("authorizer").is_none_or(serde_json::Value::is_null), "{said}");
    }
}

#[tokio::test]
#[ignore = "needs functions as Lambda runs them: run by cargo xtask test"]
async fn cookies_come_out_one_by_one_and_of_other_headers_one_value() {
    let strange = Strange::start().await;
    for path in [api("cookies"), url("cookies")] {
        let answer = strange.api.get(&path, "").await.expect(200);
        let cookies: Vec<_> = answer.headers.get_all("set-cookie").iter().collect();
        assert_eq!(cookies, ["a=1; Path=/", "b=2"], "{path}");
        // Nothing of ours sends a header twice, and had better not.
        assert_eq!(answer.headers.get_all("x-two").iter().collect::<Vec<_>>(), ["1"], "{path}");
    }
}

#[tokio::test]
#[ignore = "needs functions as Lambda runs them: run by cargo xtask test"]
async fn a_challenge_is_renamed_at_a_functions_url_alone() {
    let strange = Strange::start().await;
    let challenge = "Basic realm=\"mine\"";
    let answer = strange.api.get(&api("challenge"), "").await.expect(401);
    assert_eq!(answer.header("www-authenticate"), challenge);
    let answer = strange.api.get(&url("challenge"), "").await.expect(401);
    assert_eq!(answer.header("www-authenticate"), "");
    assert_eq!(answer.header("x-amzn-remapped-www-authenticate"), challenge);
}

#[tokio::test]
#[ignore = "needs functions as Lambda runs them: run by cargo xtask test"]
async fn every_byte_comes_through_in_both_directions() {
    let strange = Strange::start().await;
    let all: Vec<u8> = (0..=255).collect();
    for path in [api("bytes"), url("bytes")] {
        assert_eq!(strange.api.get(&path, "").await.expect(200).bytes, all, "{path}");
    }
    let request =
        strange.api.request("POST", &api("echo")).header("content-type", "application/octet-stream");
    let said = strange.api.send(request.body(all.clone())).await.expect(200).json();
    assert_eq!(said["body"], json!(all));
}

#[tokio::test]
#[ignore = "needs functions as Lambda runs them: run by cargo xtask test"]
async fn five_mebibytes_come_through_unless_each_byte_takes_two() {
    let strange = Strange::start().await;
    for (path, failed) in [(api as fn(&str) -> String, 500), (url, 502)] {
        let answer = strange.api.get(&path("five-mebibytes"), "").await.expect(200);
        assert_eq!((answer.bytes.len(), answer.header("content-length")), (5 << 20, "5242880"));
        strange.api.get(&path("seven-mebibytes"), "").await.expect(failed);
        // The limit is on the JSON, in which a quote is two bytes.
        strange.api.get(&path("five-mebibytes-of-quotes"), "").await.expect(failed);
    }
}
