//! Version numbers: one counter item per type number, shared by all partners.

use aws_sdk_dynamodb::types::{AttributeValue, ReturnValue};

use super::row::key_attributes;
use super::{Error, Store, keys};
use crate::domain::{TypeNumber, VersionNumber};

impl Store {
    /// Allocates the next version number of a type.
    ///
    /// One `UpdateItem ADD`: free of contention, and a lost reply leaves a gap, never a repeat.
    pub async fn next_version_number(&self, number: TypeNumber) -> Result<VersionNumber, Error> {
        let key = keys::counter(number);
        let answer = self
            .client
            .update_item()
            .table_name(&self.table)
            .set_key(Some(key_attributes(&key)))
            .update_expression("ADD #n :one")
            .expression_attribute_names("#n", "number")
            .expression_attribute_values(":one", AttributeValue::N("1".into()))
            .return_values(ReturnValue::UpdatedNew)
            .send()
            .await
            .map_err(|error| Error::unavailable("UpdateItem", &error))?;
        let corrupt = |reason: &str| Error::Corrupt { key: key.to_string(), reason: reason.to_owned() };
        answer
            .attributes()
            .and_then(|attributes| attributes.get("number"))
            .and_then(|value| value.as_n().ok())
            .ok_or_else(|| corrupt("the counter has no number"))?
            .parse()
            .map_err(|_| corrupt("the counter has left the range of version numbers"))
    }
}
