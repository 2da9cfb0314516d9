//! Functions that fail: what whoever called gets to see, and that the next call is none the worse for it.

use serde_json::json;

use super::{Strange, api, url};

/// What the doors say by themselves.
const OWN_WORDS: &str = "{\"message\":\"Internal Server Error\"}";

#[tokio::test]
#[ignore = "needs functions as Lambda runs them: run by cargo xtask test"]
async fn a_call_that_fails_is_the_doors_error_and_the_next_one_is_answered() {
    let strange = Strange::start().await;
    for command in ["panic", "fail", "exit", "panic"] {
        for (path, status) in [(api as fn(&str) -> String, 500), (url, 502)] {
            let failed = strange.api.get(&path(command), "").await.expect(status);
            assert_eq!(String::from_utf8(failed.bytes).unwrap(), OWN_WORDS, "{command}");
            strange.api.get(&path("nothing"), "").await.expect(200);
        }
    }
}

#[tokio::test]
#[ignore = "needs functions as Lambda runs them: run by cargo xtask test"]
async fn an_authorizer_that_fails_lets_nobody_in() {
    let strange = Strange::start().await;
    for (key, status, message) in [
        ("fail", 500, "Internal Server Error"),
        ("nonsense", 500, "Internal Server Error"),
        ("exit", 500, "Internal Server Error"),
        ("deny", 403, "Forbidden"),
    ] {
        let refused =
            strange.api.raw("GET", "/v1/ota/whoami", &[("authorization", key)]).await.expect(status);
        assert_eq!(refused.json(), json!({ "message": message }), "{key}");
        strange.api.raw("GET", "/v1/ota/whoami", &[("authorization", "let me in")]).await.expect(200);
    }
}

#[tokio::test]
#[ignore = "needs functions as Lambda runs them: run by cargo xtask test"]
async fn a_function_that_cannot_start_is_the_doors_error_every_time() {
    let strange = Strange::with(&[("authorizer", "/bin/false"), ("feeds", "/bin/false")]).await;
    for _ in 0..2 {
        strange.api.get("/v1/ota/whoami", "").await.expect(500);
        strange.api.get("/release/dev1", "").await.expect(502);
        strange.api.get("/oauth/token", "").await.expect(200);
    }
}

#[tokio::test]
#[ignore = "needs functions as Lambda runs them: run by cargo xtask test"]
async fn a_function_that_takes_too_long_is_ended_and_others_are_not_kept_waiting() {
    let strange = Strange::start().await;
    let slow = strange.api.request("GET", &url("sleep"));
    let slow = tokio::spawn(async move { slow.send().await.unwrap().status().as_u16() });
    for _ in 0..3 {
        strange.api.get(&url("nothing"), "").await.expect(200);
    }
    assert!(!slow.is_finished(), "the others were beside it");
    assert_eq!(slow.await.unwrap(), 502);
    strange.api.get(&url("nothing"), "").await.expect(200);
}
