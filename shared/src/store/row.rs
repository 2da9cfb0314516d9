//! Rows: how a struct becomes an item and an item a struct.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::Error;
use super::keys::Key;

/// An item as the SDK has it.
pub(super) type Item = HashMap<String, AttributeValue>;

/// The version that every row of today carries.
const VERSION: &str = "1";

/// A row of which nothing matters.
#[derive(serde::Deserialize)]
pub(super) struct Anything {}

/// The item of a row.
pub(super) fn encode<T: Serialize>(key: &Key, row: &T) -> Result<Item, Error> {
    let mut item: Item = serde_dynamo::to_item(row)
        .map_err(|error| Error::Corrupt { key: key.to_string(), reason: error.to_string() })?;
    // Absent is never written as NULL: a condition on a missing attribute would not see it.
    item.retain(|_, value| !matches!(value, AttributeValue::Null(_)));
    item.extend(key_attributes(key));
    item.insert("rowVersion".into(), AttributeValue::N(VERSION.into()));
    Ok(item)
}

/// The row in an item. An unknown row version or a field that does not parse is an error that names the key.
pub(super) fn decode<T: DeserializeOwned>(item: Item) -> Result<T, Error> {
    let text = |name: &str| item.get(name).and_then(|v| v.as_s().ok()).cloned().unwrap_or_default();
    let key = Key { pk: text("PK"), sk: text("SK") };
    let corrupt = |reason: String| Error::Corrupt { key: key.to_string(), reason };
    match item.get("rowVersion").map(|v| v.as_n().map(String::as_str)) {
        Some(Ok(VERSION)) => {}
        other => return Err(corrupt(format!("unknown row version {other:?}"))),
    }
    serde_dynamo::from_item(item).map_err(|error| corrupt(error.to_string()))
}

/// The attributes that name an item.
pub(super) fn key_attributes(key: &Key) -> Item {
    HashMap::from([
        ("PK".to_owned(), AttributeValue::S(key.pk.clone())),
        ("SK".to_owned(), AttributeValue::S(key.sk.clone())),
    ])
}
