//! `Idempotency-Key`: read from a request, and told in the answer.

use axum::response::Response;
use http::{HeaderMap, HeaderName, HeaderValue};

use super::problem::Problem;
use crate::domain::{Invalid, Sha256};
use crate::usecases::registration::Repeatable;

/// Longest idempotency key, in bytes.
const MAX_KEY: usize = 255;

/// The client's key, if it sent one, with the digest of the body that came with it.
pub fn repeatable(headers: &HeaderMap, body: &[u8]) -> Result<Option<Repeatable>, Problem> {
    let Some(given) = headers.get("idempotency-key") else { return Ok(None) };
    let key = given.to_str().ok().filter(|key| (1..=MAX_KEY).contains(&key.len()));
    let why = Invalid::because("must be 1 to 255 printable characters");
    let key = key.ok_or_else(|| Problem::parameter("Idempotency-Key", &why))?.to_owned();
    Ok(Some(Repeatable { key, body: Sha256::of(body) }))
}

/// The answer, saying `Idempotency-Replayed: true` if an earlier request with the same key made what it holds.
pub fn replayable(mut answer: Response, replayed: bool) -> Response {
    if replayed {
        let name = HeaderName::from_static("idempotency-replayed");
        answer.headers_mut().insert(name, HeaderValue::from_static("true"));
    }
    answer
}
