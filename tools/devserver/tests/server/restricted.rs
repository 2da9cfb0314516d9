//! Restricted feeds at the router itself, which believes one header, and in the log, which holds no credential.

use std::io::Write;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Body;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use devserver::{Options, Server};
use http::{Request, Response};
use tower::ServiceExt as _;

use crate::raw::send;

/// SHA-1 of some device's number, which has been granted access.
const HASH: &str = "2fd4e1c67a2d28fced849ee1bb76e7391b93eb12";
/// Of one that has not.
const WRONG: &str = "de9f2c7fd25e1b3afad3e85a0bd17d9b100db4b3";
/// A real number, which no device should send.
const IMEI: &str = "356938035643809";

/// A server with acme's device type `dev1`, whose feed `dev` is open to [`HASH`].
async fn server() -> Server {
    let server = Server::start(Options::default()).await.unwrap();
    let key = server.partner_key("acme", "release").await.unwrap();
    for (path, body) in [
        ("deviceTypes", r#"{"deviceTypeId": "dev1", "name": "Phone"}"#.to_owned()),
        ("feeds/dev/devices", format!(r#"{{"hexSha1": "{HASH}"}}"#)),
        ("feeds/dev/devices", format!(r#"{{"hexSha1": "{}"}}"#, HASH.to_uppercase())),
    ] {
        let head = format!(
            "POST /v1/ota/partners/acme/{path} HTTP/1.1\r\nauthorization: Bearer {key}\r\n\
             content-type: application/json\r\ncontent-length: {}",
            body.len()
        );
        let answer = send(server.base_url(), &head, body.as_bytes()).await;
        assert_eq!(answer.status, 201, "{}", answer.text());
    }
    server
}

fn router(server: &Server) -> Router {
    feeds::routes(server.app().clone(), server.blobs().clone())
}

async fn ask(router: &Router, path: &str, headers: &[(&str, &str)]) -> Response<Body> {
    let mut request = Request::get(path);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    router.clone().oneshot(request.body(Body::empty()).unwrap()).await.unwrap()
}

fn basic(pair: &str) -> String {
    format!("Basic {}", STANDARD.encode(pair))
}

#[tokio::test]
async fn the_router_reads_the_header_of_the_edge_and_no_other() {
    let server = server().await;
    let router = router(&server);
    for path in ["/dev/dev1", "/dev/dev1/Packages", "/dev"] {
        for good in
            [HASH.to_owned(), HASH.to_uppercase(), basic(&format!("user:{HASH}")), basic(&format!("{HASH}:"))]
        {
            let answer = ask(&router, path, &[("x-device-authorization", &good)]).await;
            assert_eq!(answer.status(), 200, "{path} {good}");
            assert_eq!(answer.headers()["cache-control"], "private, no-store");
            // Behind the CDN that header is the CDN's own.
            let answer = ask(&router, path, &[("authorization", &good)]).await;
            assert_eq!(answer.status(), 401, "{path} {good}");
            let both = [("authorization", good.as_str()), ("x-device-authorization", WRONG)];
            assert_eq!(ask(&router, path, &both).await.status(), 401, "{path} {good}");
        }
        for headers in [vec![], vec![("x-device-authorization", WRONG)], vec![("authorization", IMEI)]] {
            let answer = ask(&router, path, &headers).await;
            assert_eq!(answer.status(), 401, "{path} {headers:?}");
            let challenge = answer.headers()["www-authenticate"].to_str().unwrap();
            assert!(challenge.starts_with("Basic realm="), "{challenge}");
        }
        assert_eq!(ask(&router, path, &[("x-device-authorization", IMEI)]).await.status(), 400);
    }
    server.stop().await.unwrap();
}

#[tokio::test]
async fn the_router_takes_no_spelling_of_a_restricted_feed_for_an_open_one() {
    let server = server().await;
    let router = router(&server);
    // The statuses without a credential that opens it, and with the one that opens `dev` of acme.
    for (path, without, with) in [
        ("//dev/dev1", 401, 200),
        ("///dev///dev1/Packages", 401, 200),
        ("/%64ev/dev1", 401, 200),
        ("/d%65v/dev1/Packages.gz", 401, 200),
        ("/%64%65%76", 401, 200),
        ("/dev%2dlab/dev1", 401, 401),
        ("/dev-%4cAB/dev1", 401, 401),
        ("/dev-%2f../release/dev1", 401, 401),
        ("/dev-/dev1", 401, 401),
        ("/dev/%ff", 401, 401),
        ("/dev/%ff/Packages", 401, 401),
        ("/dev/dev1/%ff", 401, 404),
        ("/%2564ev/dev1", 404, 404),
        ("/DEV/dev1", 404, 404),
        ("/dev%2f/dev1", 404, 404),
        ("/dev%2fdev1", 404, 404),
        ("/%2fdev/dev1", 404, 404),
        ("/dev%20/dev1", 404, 404),
        ("/%20dev/dev1", 404, 404),
        ("/dev%00/dev1", 404, 404),
        ("/release%2f..%2fdev/dev1", 404, 404),
        ("/%ff/dev1", 404, 404),
    ] {
        for credential in [None, Some(WRONG), Some("x"), Some(HASH)] {
            let headers: Vec<_> =
                credential.map(|value| ("x-device-authorization", value)).into_iter().collect();
            let status = ask(&router, path, &headers).await.status().as_u16();
            let expected = if credential == Some(HASH) { with } else { without };
            assert_eq!(status, expected, "{path} {credential:?}");
        }
    }
    server.stop().await.unwrap();
}

#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn no_credential_is_in_the_log_however_much_is_logged() {
    let log = Log::default();
    let writer = log.clone();
    tracing_subscriber::fmt()
        .with_env_filter("trace")
        .with_ansi(false)
        .with_writer(move || writer.clone())
        .init();
    let server = server().await;
    let mut statuses = Vec::new();
    for secret in [HASH, WRONG, IMEI] {
        for credential in [
            secret.to_owned(),
            secret.to_uppercase(),
            basic(&format!("user:{secret}")),
            basic(&format!("{secret}:")),
            format!("Bearer {secret}"),
        ] {
            for path in [
                "/dev",
                "/dev/dev1",
                "/dev/dev1/Packages.gz",
                "/dev/nothing",
                "/dev/dev1/nothing",
                "/dev/%ff",
                "/dev/../dev",
                "/%64ev/dev1",
                "/release/dev1",
                "/v1/ota/deviceTypes/dev1/eligibility?feed=dev",
                "/v1/ota/deviceTypes/dev1/eligibility?feed=dev&2105=x",
                "/v1/ota/partners/acme/types",
                "/repository/a/b/c",
                "/nowhere",
            ] {
                for name in ["authorization", "x-device-authorization"] {
                    let head = format!("GET {path} HTTP/1.1\r\n{name}: {credential}");
                    statuses.push(send(server.base_url(), &head, b"").await.status);
                }
            }
            let head = format!("POST /dev/dev1 HTTP/1.1\r\nauthorization: {credential}");
            statuses.push(send(server.base_url(), &head, b"").await.status);
        }
        // A grant that cannot be made, in bodies of several kinds.
        let key = server.partner_key("acme", "release").await.unwrap();
        for body in [
            secret.to_owned(),
            format!(r#"{{"hexSha1": "{secret}0"}}"#),
            format!(r#"{{"hexSha1": ["{secret}"]}}"#),
        ] {
            let head = format!(
                "POST /v1/ota/partners/acme/feeds/dev/devices HTTP/1.1\r\nauthorization: Bearer {key}\r\n\
                 content-type: application/json\r\ncontent-length: {}",
                body.len()
            );
            statuses.push(send(server.base_url(), &head, body.as_bytes()).await.status);
        }
    }
    for status in [200, 400, 401, 404, 422, 501] {
        assert!(statuses.contains(&status), "{status}");
    }
    server.stop().await.unwrap();

    let log = String::from_utf8_lossy(&log.0.lock().unwrap()).into_owned();
    for sign in [" TRACE ", "/dev/dev1/Packages.gz", "credential_required"] {
        assert!(log.contains(sign), "nothing of {sign:?} was logged");
    }
    let log = log.to_lowercase();
    for secret in [HASH, WRONG, IMEI] {
        let encoded =
            [format!("user:{secret}"), format!("{secret}:")].map(|pair| STANDARD.encode(pair).to_lowercase());
        for form in [secret, encoded[0].trim_end_matches('='), encoded[1].trim_end_matches('=')] {
            let place = log.find(form);
            let around =
                place.map(|place| log[place.saturating_sub(300)..(place + 60).min(log.len())].to_owned());
            assert_eq!(around, None, "{form}");
        }
    }
}
