//! Version numbers: one counter item per type number, shared by all partners.

use std::collections::BTreeMap;

use aws_sdk_dynamodb::types::{AttributeValue, ReturnValue};

use super::read::Consistency;
use super::row::key_attributes;
use super::tx::{Change, Tx, When};
use super::{Error, Guard, Store, keys, numbers};
use crate::domain::{TypeNumber, VersionNumber};

/// A number that no counter has given out: 1,000 a second, the most that one item takes, come to it in 285,000 years.
/// A device may report anything.
pub const IMPLAUSIBLE: i64 = 1 << 53;

/// The version numbers that a table tells of.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Told {
    /// How many items it has.
    pub items: usize,
    /// The last number that each counter gave out.
    pub counters: BTreeMap<TypeNumber, i64>,
    /// The highest number of each type that anything tells of, counters included.
    pub highest: BTreeMap<TypeNumber, i64>,
    /// The highest number of which the item does not say the type.
    pub untyped: i64,
    /// The keys of items that tell of numbers of [`IMPLAUSIBLE`] and more, which count for nothing.
    pub implausible: Vec<String>,
}

impl Told {
    /// The highest number that may have been given out for a type; 0 if nothing tells of one.
    pub fn highest_of(&self, number: TypeNumber) -> i64 {
        self.highest.get(&number).copied().unwrap_or_default().max(self.untyped)
    }

    fn hear(&mut self, key: &keys::Key, item: &super::row::Item) {
        self.items += 1;
        for (kind, number) in numbers::told(item) {
            let counter = kind.filter(|kind| *key == keys::counter(*kind));
            if let Some(kind) = counter {
                self.counters.insert(kind, number);
            } else if number >= IMPLAUSIBLE {
                self.implausible.push(key.to_string());
                continue;
            }
            let highest = kind.map_or(&mut self.untyped, |kind| self.highest.entry(kind).or_default());
            *highest = number.max(*highest);
        }
    }
}

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

    /// The last number that the counter of a type gave out; 0 if there is no counter yet.
    pub async fn last_version_number(&self, number: TypeNumber) -> Result<i64, Error> {
        let key = keys::counter(number);
        let answer = self
            .client
            .get_item()
            .table_name(&self.table)
            .set_key(Some(key_attributes(&key)))
            .consistent_read(true)
            .send()
            .await
            .map_err(|error| Error::unavailable("GetItem", &error))?;
        answer.item.map_or(Ok(0), |item| last(&key, &item))
    }

    /// The same of several types, at most 100, which may be a moment behind: one `BatchGetItem`.
    pub async fn last_version_numbers(
        &self,
        numbers: &[TypeNumber],
    ) -> Result<BTreeMap<TypeNumber, i64>, Error> {
        let wanted: Vec<_> = numbers.iter().map(|number| keys::counter(*number)).collect();
        let mut found = self.read_many(&wanted, Consistency::Eventual).await?;
        let mut all = BTreeMap::new();
        for (number, key) in numbers.iter().zip(&wanted) {
            let item = found.take_item(key);
            all.insert(*number, item.map_or(Ok(0), |item| last(key, &item))?);
        }
        Ok(all)
    }

    /// The version numbers that this whole table tells of, whatever its items are for. For chores: it reads everything.
    pub async fn version_numbers(&self) -> Result<Told, Error> {
        let mut told = Told::default();
        let mut from = None;
        loop {
            let scan = self.client.scan().table_name(&self.table).consistent_read(true);
            let answer = scan
                .set_exclusive_start_key(from)
                .send()
                .await
                .map_err(|error| Error::unavailable("Scan", &error))?;
            for item in answer.items() {
                let text = |name: &str| item.get(name).and_then(|value| value.as_s().ok()).cloned();
                let (pk, sk) = (text("PK").unwrap_or_default(), text("SK").unwrap_or_default());
                told.hear(&keys::Key { pk, sk }, item);
            }
            from = answer.last_evaluated_key;
            if from.is_none() {
                return Ok(told);
            }
        }
    }
}

/// What the item of a counter says.
fn last(key: &keys::Key, item: &super::row::Item) -> Result<i64, Error> {
    let last = item.get("number").and_then(|value| value.as_n().ok()).and_then(|text| text.parse().ok());
    last.ok_or_else(|| Error::Corrupt { key: key.to_string(), reason: "the counter has no number".into() })
}

impl Tx {
    /// Makes the counter of a type say that `last` was given out; [`Guard::AlreadyThere`] if it has come that far.
    pub fn raise_counter(&mut self, number: TypeNumber, last: i64) {
        let last = AttributeValue::N(last.to_string());
        let below = When::Expression(
            "attribute_not_exists(#number) OR #number < :last",
            vec![(":last", last.clone())],
        );
        let change = Change::default().set("number", last);
        self.update(&keys::counter(number), change, &below, Guard::AlreadyThere);
    }
}
