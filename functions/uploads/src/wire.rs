//! The JSON of this function.

use axum::response::Response;
use serde_json::{Map, Value, json};
use shared::blobs::{Presigned, Upload};
use shared::domain::Invalid;
use shared::http::body::FromJson;
use shared::http::{Problem, created, ok};
use shared::usecases::binaries::{Announced, Download, Posted};

/// `"as": "binary"`: the only thing a client may ask an upload to be moved as.
pub(crate) struct AsBinary;

impl FromJson for AsBinary {
    fn from_json(value: &Value) -> Result<Self, Invalid> {
        if value == "binary" { Ok(Self) } else { Err(Invalid::because("must be \"binary\", or left out")) }
    }
}

/// 201 with where and how to send the bytes, or 200 if there is nothing to send.
pub(crate) fn announced(upload: &Upload, announced: Announced) -> Result<Response, Problem> {
    match announced {
        Announced::Known => ok(&json!({"value": upload.sha256})),
        Announced::Upload(presigned) => created(&request(upload, presigned)),
    }
}

fn request(upload: &Upload, presigned: Presigned) -> Value {
    let headers: Map<String, Value> =
        presigned.headers.into_iter().map(|(name, value)| (name, Value::from(value))).collect();
    json!({
        "value": upload.sha256,
        "upload": {
            "method": presigned.method,
            "url": presigned.url,
            "headers": headers,
            "expiresTimestamp": presigned.expires,
        },
    })
}

/// 201 with the digest of what was stored, or 200 if it was there already.
pub(crate) fn posted(posted: &Posted) -> Result<Response, Problem> {
    let body = json!({"value": posted.sha256});
    if posted.new { created(&body) } else { ok(&body) }
}

/// A binary and its short-lived URL.
pub(crate) fn download(download: &Download) -> Value {
    let binary = &download.binary;
    json!({
        "value": download.url,
        "expiresTimestamp": download.expires,
        "size": binary.size,
        "sha256": binary.sha256,
        "md5": binary.md5,
        "kind": binary.kind,
    })
}
