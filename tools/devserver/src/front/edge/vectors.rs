//! What the edge function is tested against: requests, and what this mirror makes of them.

mod cases;
mod patterns;

use std::path::PathBuf;

use axum::body::to_bytes;
use http::{HeaderMap, HeaderName, HeaderValue};
use serde_json::{Value, json};
use shared::domain::Timestamp;
use shared::secrets::Secret;

use super::{Asked, decide};

/// The time at the edge.
const NOW: Timestamp = Timestamp::from_millis(1_800_000_000_000);
/// The id of every request.
const REQUEST_ID: &str = "E1";
/// Set to write the file anew.
const WRITE: &str = "OTA_WRITE_VECTORS";

/// A request of which the vectors tell.
#[derive(Debug, Clone)]
struct Case {
    method: &'static str,
    path: String,
    query: String,
    headers: Vec<(String, String)>,
    https: bool,
}

impl Case {
    fn get(path: impl Into<String>) -> Self {
        Self { method: "GET", path: path.into(), query: String::new(), headers: Vec::new(), https: true }
    }

    fn method(mut self, method: &'static str) -> Self {
        self.method = method;
        self
    }

    fn query(mut self, query: impl Into<String>) -> Self {
        self.query = query.into();
        self
    }

    fn header(mut self, name: &str, value: impl Into<String>) -> Self {
        self.headers.push((name.to_owned(), value.into()));
        self
    }

    fn over_http(mut self) -> Self {
        self.https = false;
        self
    }
}

/// The keys of download paths: one in use, one of before, one to follow.
fn keys() -> Secret {
    let key = |id, byte| Secret::new(id, vec![byte; 32]);
    key("d0", 0x10).rotated("d1", vec![0x11; 32]).begun(key("d2", 0x12)).unwrap()
}

fn header_map(headers: &[(String, String)]) -> HeaderMap {
    let pairs = headers.iter().map(|(name, value)| {
        (HeaderName::from_bytes(name.as_bytes()).unwrap(), HeaderValue::from_bytes(value.as_bytes()).unwrap())
    });
    pairs.collect()
}

fn pairs(headers: &HeaderMap) -> Vec<(String, String)> {
    let text = |value: &HeaderValue| String::from_utf8(value.as_bytes().to_vec()).unwrap();
    let mut all: Vec<_> = headers.iter().map(|(name, value)| (name.to_string(), text(value))).collect();
    all.sort();
    all
}

async fn vector(case: &Case) -> Value {
    let (method, headers) = (case.method.parse().unwrap(), header_map(&case.headers));
    let asked = Asked {
        method: &method,
        path: &case.path,
        query: &case.query,
        headers: &headers,
        https: case.https,
        now: NOW,
    };
    let request = json!({
        "method": case.method, "path": case.path, "query": case.query, "headers": case.headers, "https": case.https,
    });
    match decide(&asked, Some(&keys())) {
        Ok(forward) => {
            let (path, query) = (forward.path, forward.query);
            let forward = json!({"path": path, "query": query, "headers": pairs(&forward.headers)});
            json!({"request": request, "forward": forward})
        }
        Err(refused) => {
            let (parts, body) = refused.into_response(REQUEST_ID, NOW).into_parts();
            let body = to_bytes(body, usize::MAX).await.unwrap();
            let body: Value = serde_json::from_slice(&body).unwrap();
            let headers: Vec<_> =
                pairs(&parts.headers).into_iter().filter(|(name, _)| name != "content-length").collect();
            let answer = json!({"status": parts.status.as_u16(), "headers": headers, "body": body});
            json!({"request": request, "answer": answer})
        }
    }
}

/// The file's text: a case a line, so that a change shows as the cases that it changes.
async fn text() -> String {
    let keys: serde_json::Map<String, Value> =
        keys().values().map(|(id, key)| (id.to_owned(), hex::encode(key).into())).collect();
    let mut lines = Vec::new();
    for case in cases::all() {
        lines.push(format!("    {}", vector(&case).await));
    }
    let (keys, now, cases) = (Value::from(keys), NOW.millis(), lines.join(",\n"));
    format!(
        "{{\n  \"requestId\": \"{REQUEST_ID}\",\n  \"now\": {now},\n  \"keys\": {keys},\n  \"cases\": [\n{cases}\n  ]\n}}\n"
    )
}

#[tokio::test]
#[expect(clippy::disallowed_methods, reason = "who runs a test says whether it writes")]
async fn the_edge_function_is_tested_against_what_this_mirror_does() {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../infra/edge/vectors.json");
    let text = text().await;
    if std::env::var_os(WRITE).is_some() {
        std::fs::write(&path, &text).unwrap();
    }
    let kept = std::fs::read_to_string(&path).unwrap_or_default();
    let differing = text.lines().zip(kept.lines()).find(|(now, then)| now != then);
    assert!(
        text == kept,
        "infra/edge/vectors.json is not what the mirror does; first at {differing:#?}. If that is meant, run this test \
         again with {WRITE}=1, and then `node --test infra/edge/test.mjs`"
    );
}
