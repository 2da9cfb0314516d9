//! `/{feed}`: the device types that have packages in a feed.

use axum::response::Response;
use http::{HeaderMap, HeaderValue, header};
use shared::domain::DeviceTypeId;
use shared::http::Problem;
use shared::store::indexes::Listed;

use crate::answer::{Conditions, Keep, Whole};

/// The list, or those that have changed since the client last saw it. `granted` is when the client's credential last came
/// to open more or less, 0 for an open feed.
pub(crate) fn answer(
    rows: &[Listed],
    granted: i64,
    conditions: Conditions<'_>,
    keep: Keep,
) -> Result<Response, Problem> {
    let json = prefers_json(conditions.headers);
    let modified = modified(rows).max(granted);
    let shrunk = |since: i64| granted > since || rows.iter().any(|row| vanished(row, since));
    let text = |since: Option<i64>| listed(rows, since, json);
    let media_type = if json { "application/json" } else { "text/plain; charset=utf-8" };
    let mut response = match conditions.since() {
        // What has left the list since could not be said in a part of it.
        Some(since) if modified > since && !shrunk(since) => {
            conditions.partial(text(Some(since))?, media_type, modified, keep)
        }
        _ => conditions.answer(Whole { media_type, ..Whole::text(text(None)?, modified) }, keep),
    };
    response.headers_mut().insert(header::VARY, HeaderValue::from_static("accept"));
    Ok(response)
}

/// When the list last changed. An empty one is as old as the feed: as the oldest of its makers has it, since that one
/// alone can go without the time going back.
fn modified(rows: &[Listed]) -> i64 {
    let (devices, makers): (Vec<&Listed>, Vec<&Listed>) =
        rows.iter().partition(|row| row.device_type.is_some());
    let changed = devices.iter().map(|row| row.modified).max().unwrap_or_default();
    let made = makers.iter().map(|row| row.modified).min().unwrap_or_default();
    changed.max(made)
}

fn listed(rows: &[Listed], since: Option<i64>, json: bool) -> Result<String, Problem> {
    let there = rows.iter().filter(|row| row.packages > 0 && since.is_none_or(|since| row.modified > since));
    let names: Vec<&str> =
        there.filter_map(|row| row.device_type.as_ref()).map(DeviceTypeId::as_str).collect();
    if json {
        return serde_json::to_string(&names).map_err(|error| Problem::internal(error.to_string()));
    }
    Ok(names.into_iter().flat_map(|name| [name, "\n"]).collect())
}

fn vanished(row: &Listed, since: i64) -> bool {
    row.device_type.is_some() && row.packages == 0 && row.modified > since
}

/// True if the client would rather have JSON than text. Old clients say nothing, and get text.
fn prefers_json(headers: &HeaderMap) -> bool {
    let ranges = headers.get_all(header::ACCEPT).iter().filter_map(|value| value.to_str().ok());
    let (mut json, mut text) = (0.0_f32, 0.0_f32);
    for range in ranges.flat_map(|value| value.split(',')) {
        let mut parts = range.split(';').map(str::trim);
        let kind = parts.next().unwrap_or_default().to_ascii_lowercase();
        let quality = parts.find_map(|part| part.strip_prefix("q=")?.parse().ok()).unwrap_or(1.0_f32);
        match kind.as_str() {
            "application/json" => json = json.max(quality),
            "text/plain" | "text/*" | "*/*" => text = text.max(quality),
            _ => {}
        }
    }
    json > 0.0 && json >= text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_is_given_to_those_who_ask_for_it() {
        for (accept, json) in [
            ("", false),
            ("*/*", false),
            ("application/json", true),
            ("application/json, */*;q=0.5", true),
            ("text/plain, application/json;q=0.9", false),
            ("application/json;q=0", false),
            ("text/html", false),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(header::ACCEPT, accept.parse().unwrap());
            assert_eq!(prefers_json(&headers), json, "{accept}");
        }
    }
}
