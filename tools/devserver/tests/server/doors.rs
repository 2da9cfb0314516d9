use devserver::{Options, Server};

use crate::raw::send;

async fn server() -> Server {
    Server::start(Options::default()).await.unwrap()
}

#[tokio::test]
async fn a_hostile_host_or_target_is_refused_and_harms_nobody() {
    let server = server().await;
    for head in [
        "GET /v1/ota/whoami HTTP/1.1\r\nhost: a b",
        "GET /v1/ota/whoami HTTP/1.1\r\nhost: x:99999999/[",
        "GET /v1/ota/whoami HTTP/1.1\r\nhost: user@host",
        "GET /v1/ota/whoami HTTP/1.1\r\nhost: one\r\nhost: two",
        "OPTIONS * HTTP/1.1",
    ] {
        assert_eq!(send(server.base_url(), head, b"").await.status, 400, "{head}");
    }
    let forged = "GET /v1/ota/whoami HTTP/1.1\r\nx-forwarded-proto: ::[\r\nx-forwarded-host: [";
    assert_eq!(send(server.base_url(), forged, b"").await.status, 401);
    for (path, status) in [
        ("/%", 404),
        ("/[::", 404),
        ("/%FF%FE", 404),
        ("/%00%0a%0d", 400),
        ("/a%3Fb%23c", 400),
        ("/..%2f..%2fetc", 400),
    ] {
        let answer = send(server.base_url(), &format!("GET /v1{path} HTTP/1.1"), b"").await;
        assert_eq!(answer.status, status, "{path}: {}", answer.text());
        assert!(answer.headers.contains_key("apigw-requestid"), "{path}");
        // Where there is no door but the edge, there is no such path.
        let answer = send(server.base_url(), &format!("GET {path} HTTP/1.1"), b"").await;
        assert_eq!(answer.status, 404, "{path}: {}", answer.text());
        assert!(!answer.headers.contains_key("apigw-requestid"), "{path}");
    }
    server.stop().await.unwrap();
}

#[tokio::test]
async fn an_unknown_path_is_our_problem_and_a_too_large_body_the_gateways() {
    let server = server().await;
    let unknown = send(server.base_url(), "GET /v1/nowhere HTTP/1.1", b"").await;
    assert_eq!((unknown.status, unknown.headers["content-type"].as_str()), (404, "application/problem+json"));
    assert!(unknown.text().contains(&unknown.headers["apigw-requestid"]), "{}", unknown.text());

    // 4.8 MB of bytes pass 6 MB as base64; the same as text do not.
    let body = vec![b'a'; 4_800_000];
    for (kind, expected) in
        [("application/octet-stream", 413), ("application/json", 404), ("text/plain", 404)]
    {
        let head =
            format!("POST /v1/nowhere HTTP/1.1\r\ncontent-type: {kind}\r\ncontent-length: {}", body.len());
        let answer = send(server.base_url(), &head, &body).await;
        assert_eq!(answer.status, expected, "{kind}");
        if expected == 413 {
            assert_eq!(answer.text(), r#"{"message":"Request Entity Too Large"}"#);
        }
    }
    let body = vec![b'a'; 7_000_000];
    let head =
        format!("POST /v1/nowhere HTTP/1.1\r\ncontent-type: text/plain\r\ncontent-length: {}", body.len());
    assert_eq!(send(server.base_url(), &head, &body).await.status, 413);
    server.stop().await.unwrap();
}

#[tokio::test]
async fn head_has_the_length_of_get_and_no_body() {
    let server = server().await;
    for path in ["/v1/ota/whoami", "/v1/ota/deviceTypes/nothing/eligibility", "/nowhere", "/repository/x/y/z"]
    {
        let get = send(server.base_url(), &format!("GET {path} HTTP/1.1"), b"").await;
        let head = send(server.base_url(), &format!("HEAD {path} HTTP/1.1"), b"").await;
        assert_eq!(head.status, get.status, "{path}");
        assert_eq!(head.headers["content-length"], get.headers["content-length"], "{path}");
        assert_eq!(get.headers["content-length"], get.body.len().to_string(), "{path}");
        assert!(head.body.is_empty(), "{path}");
    }
    server.stop().await.unwrap();
}
