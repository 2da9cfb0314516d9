//! Answers: JSON, pages, entity tags.

use axum::response::{IntoResponse, Response};
use http::{HeaderMap, HeaderValue, StatusCode, header};
use serde::Serialize;
use serde_json::{Value, json};

use super::problem::Problem;
use crate::domain::Sha256;
use crate::domain::page::Page;

/// A JSON answer that no cache may keep: everything a partner reads.
pub fn json_answer<T: Serialize>(status: StatusCode, body: &T) -> Result<Response, Problem> {
    let text = serde_json::to_vec(body).map_err(|error| Problem::internal(error.to_string()))?;
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static("application/json")),
        (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
    ];
    Ok((status, headers, text).into_response())
}

/// 200 with a JSON body.
pub fn ok<T: Serialize>(body: &T) -> Result<Response, Problem> {
    json_answer(StatusCode::OK, body)
}

/// 201 with a JSON body.
pub fn created<T: Serialize>(body: &T) -> Result<Response, Problem> {
    json_answer(StatusCode::CREATED, body)
}

/// 204.
pub fn no_content() -> Response {
    StatusCode::NO_CONTENT.into_response()
}

/// The answer of an operation marked *page*: `{number, size, totalPages, numberOfElements, totalElements, content, sort}`.
pub fn page_body<T>(page: &Page<T>, each: impl Fn(&T) -> Value) -> Value {
    let request = &page.request;
    let direction = if request.sort.descending { "DESC" } else { "ASC" };
    json!({
        "number": request.number,
        "size": request.size,
        "totalPages": page.total.div_ceil(request.size),
        "numberOfElements": page.content.len(),
        "totalElements": page.total,
        "content": page.content.iter().map(each).collect::<Vec<_>>(),
        "sort": [{"property": request.sort.field.as_str(), "direction": direction}],
    })
}

/// A strong entity tag of 40 hex digits: the length that old opkg clients can hold.
pub fn entity_tag(body: &[u8]) -> String {
    format!("\"{}\"", &Sha256::of(body).to_string()[..40])
}

/// True if `If-None-Match` names this entity tag, or any.
pub fn none_match(headers: &HeaderMap, tag: &str) -> bool {
    let listed = headers.get_all(header::IF_NONE_MATCH).iter().filter_map(|value| value.to_str().ok());
    listed
        .flat_map(|value| value.split(','))
        .map(str::trim)
        .any(|given| given == "*" || given.strip_prefix("W/").unwrap_or(given) == tag)
}
