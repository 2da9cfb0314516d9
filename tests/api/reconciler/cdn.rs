//! A CDN's interface for purges on a port of its own: verifies every signature anew, writes down what it is asked, and
//! answers as it is told.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_sdk_dynamodb::config::{Credentials, SharedCredentialsProvider};
use axum::Router;
use axum::body::Bytes;
use http::{HeaderMap, Method, StatusCode, Uri};
use reconciler::Cdn;
use shared::domain::Sha256;
use shared::http::Clock;
use shared::secrets::hmac_sha256;
use tokio::net::TcpListener;

pub(super) const DISTRIBUTION: &str = "E2EXAMPLE";
const PATH: &str = "/2020-05-31/distribution/E2EXAMPLE/invalidation";
const ACCESS_KEY: &str = "AKIDEXAMPLE";
const SECRET: &str = "the purger's secret";

/// A purge that was asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Asked {
    pub(super) reference: String,
    pub(super) paths: Vec<String>,
}

#[derive(Debug, Default)]
struct State {
    asked: Vec<Asked>,
    answers: VecDeque<(u16, &'static str)>,
}

/// The interface.
#[derive(Debug, Clone)]
pub(super) struct FakeCdn {
    endpoint: String,
    state: Arc<Mutex<State>>,
}

impl FakeCdn {
    pub(super) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let endpoint = format!("http://{}", listener.local_addr().unwrap());
        let state: Arc<Mutex<State>> = Arc::default();
        let shared = Arc::clone(&state);
        let routes = Router::new().fallback(move |method, uri, headers, body| async move {
            take(&shared, &method, &uri, &headers, &body)
        });
        tokio::spawn(async move { axum::serve(listener, routes).await });
        Self { endpoint, state }
    }

    /// A handle on the distribution behind it, which tries three times more without losing time.
    pub(super) fn client(&self, clock: Clock) -> Cdn {
        connect(&self.endpoint, DISTRIBUTION, clock)
    }

    /// Answers the next requests with this status and body each; after them, as after a purge that is begun.
    pub(super) fn answer(&self, answers: &[(u16, &'static str)]) {
        self.state.lock().unwrap().answers.extend(answers);
    }

    /// What was asked so far, answered well or not, and forgets it.
    pub(super) fn take(&self) -> Vec<Asked> {
        std::mem::take(&mut self.state.lock().unwrap().asked)
    }
}

/// A handle on a distribution behind an endpoint.
pub(super) fn connect(endpoint: &str, distribution: &str, clock: Clock) -> Cdn {
    let credentials = Credentials::new(ACCESS_KEY, SECRET, None, None, "test");
    let aws = SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("eu-central-1"))
        .endpoint_url(endpoint)
        .credentials_provider(SharedCredentialsProvider::new(credentials))
        .build();
    Cdn::connect(&aws, distribution, clock).unwrap().with_pauses(vec![Duration::from_millis(1); 3])
}

fn take(
    state: &Mutex<State>,
    method: &Method,
    uri: &Uri,
    headers: &HeaderMap,
    body: &Bytes,
) -> (StatusCode, &'static str) {
    let text = std::str::from_utf8(body).unwrap();
    assert_eq!((method.as_str(), uri.path_and_query().unwrap().as_str()), ("POST", PATH));
    if let Err(why) = verify(headers, text) {
        return (StatusCode::FORBIDDEN, why);
    }
    let inside = |name: &str| -> Vec<String> {
        let begin = format!("<{name}>");
        let parts = text.split(begin.as_str()).skip(1);
        parts.map(|rest| rest.split('<').next().unwrap().to_owned()).collect()
    };
    let paths = inside("Path");
    assert_eq!(inside("Quantity"), [paths.len().to_string()], "{text}");
    let [reference] = <[String; 1]>::try_from(inside("CallerReference")).unwrap();
    let mut state = state.lock().unwrap();
    state.asked.push(Asked { reference, paths });
    let (status, body) = state.answers.pop_front().unwrap_or((201, "<Invalidation/>"));
    (StatusCode::from_u16(status).unwrap(), body)
}

/// Signature version 4 as its specification has it, written anew here on purpose.
fn verify(headers: &HeaderMap, body: &str) -> Result<(), &'static str> {
    let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let given = header("authorization").strip_prefix("AWS4-HMAC-SHA256 ").ok_or("no signature")?;
    let parts: BTreeMap<&str, &str> = given.split(", ").filter_map(|part| part.split_once('=')).collect();
    let part = |name: &str| parts.get(name).copied().ok_or("a part is missing");
    let (credential, signed) = (part("Credential")?, part("SignedHeaders")?);
    let time = header("x-amz-date");
    let scope = format!("{}/us-east-1/cloudfront/aws4_request", time.get(..8).ok_or("no date")?);
    if credential != format!("{ACCESS_KEY}/{scope}") {
        return Err("another scope");
    }
    let names: Vec<&str> = signed.split(';').collect();
    if !["content-type", "host", "x-amz-date"].iter().all(|name| names.contains(name)) {
        return Err("a header is not signed");
    }
    let lines: Vec<String> = names.iter().map(|name| format!("{name}:{}", header(name))).collect();
    let lines = lines.join("\n");
    let canonical = format!("POST\n{PATH}\n\n{lines}\n\n{signed}\n{}", Sha256::of(body.as_bytes()));
    let to_sign = format!("AWS4-HMAC-SHA256\n{time}\n{scope}\n{}", Sha256::of(canonical.as_bytes()));
    let mut key = format!("AWS4{SECRET}").into_bytes();
    for step in scope.split('/') {
        key = hmac_sha256(&key, &[step.as_bytes()]).to_vec();
    }
    let signature = hex::encode(hmac_sha256(&key, &[to_sign.as_bytes()]));
    if part("Signature")? == signature { Ok(()) } else { Err("another signature") }
}
