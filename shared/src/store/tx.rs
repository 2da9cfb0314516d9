//! The one way to write: a transaction that carries its own audit item, or its item in a device's history.

use std::borrow::Cow;
use std::collections::HashMap;
use std::time::Duration;

use aws_sdk_dynamodb::error::SdkError;
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::types::{
    AttributeValue, CancellationReason, ConditionCheck, Delete, Put, TransactWriteItem, Update,
};
use serde::Serialize;

use super::audit::{Audit, AuditRow, ByApproval};
use super::device_history::EventRow;
use super::keys::Key;
use super::row::{encode, key_attributes};
use super::{Error, Guard, Store, changes};

/// How often a transaction that collided with another is tried before the caller is told.
const ATTEMPTS: u32 = 8;

/// What must hold of an item for the transaction to happen.
#[derive(Debug, Clone)]
pub enum When {
    /// Anything.
    Always,
    /// No such item.
    Absent,
    /// There is such an item.
    Present,
    /// The item is at this revision (attribute `revision`).
    Revision(u64),
    /// A condition expression over attributes named `#name` and values named `:name`.
    Expression(&'static str, Vec<(&'static str, AttributeValue)>),
}

/// The parts of a condition expression: its text, names and values.
type Parts = (Option<String>, HashMap<String, String>, HashMap<String, AttributeValue>);

impl When {
    fn parts(&self) -> Parts {
        let mut names = HashMap::new();
        let mut values = HashMap::new();
        let text = match self {
            Self::Always => None,
            Self::Absent => Some("attribute_not_exists(PK)".to_owned()),
            Self::Present => Some("attribute_exists(PK)".to_owned()),
            Self::Revision(revision) => {
                names.insert("#revision".to_owned(), "revision".to_owned());
                values.insert(":revision".to_owned(), AttributeValue::N(revision.to_string()));
                Some("#revision = :revision".to_owned())
            }
            Self::Expression(text, given) => {
                for word in text.split(|c: char| !c.is_ascii_alphanumeric() && c != '#') {
                    if let Some(name) = word.strip_prefix('#') {
                        names.insert(word.to_owned(), name.to_owned());
                    }
                }
                values.extend(given.iter().map(|(name, value)| ((*name).to_owned(), value.clone())));
                Some((*text).to_owned())
            }
        };
        (text, names, values)
    }
}

/// A change to some attributes of an item.
#[derive(Debug, Clone, Default)]
pub struct Change {
    sets: Vec<(&'static str, AttributeValue)>,
    adds: Vec<(Cow<'static, str>, AttributeValue)>,
    deletes: Vec<(&'static str, AttributeValue)>,
}

impl Change {
    /// Sets an attribute.
    #[must_use]
    pub fn set(mut self, name: &'static str, value: AttributeValue) -> Self {
        self.sets.push((name, value));
        self
    }

    /// Adds to a number, which counts from 0 if it is not there.
    #[must_use]
    pub fn add(mut self, name: impl Into<Cow<'static, str>>, by: i64) -> Self {
        self.adds.push((name.into(), AttributeValue::N(by.to_string())));
        self
    }

    /// Puts a text into a set of texts.
    #[must_use]
    pub fn add_to_set(mut self, name: &'static str, text: &str) -> Self {
        self.adds.push((name.into(), AttributeValue::Ss(vec![text.to_owned()])));
        self
    }

    /// Takes a text out of a set of texts.
    #[must_use]
    pub fn remove_from_set(mut self, name: &'static str, text: &str) -> Self {
        self.deletes.push((name, AttributeValue::Ss(vec![text.to_owned()])));
        self
    }
}

/// What a transaction leaves of itself, for whoever asks later.
#[derive(Debug, Clone)]
enum Record {
    /// In its partner's audit.
    Audit(AuditRow),
    /// In the history of a device: a fleet would drown the audit.
    Event(EventRow),
}

/// A transaction in the making.
#[must_use]
#[derive(Debug)]
pub struct Tx {
    record: (Key, Record),
    items: Vec<TransactWriteItem>,
    guards: Vec<Guard>,
    fault: Option<Error>,
}

impl Tx {
    /// A transaction whose audit item is `audit`.
    pub fn new(audit: &Audit<'_>) -> Self {
        let (key, row) = audit.row();
        Self { record: (key, Record::Audit(row)), items: Vec::new(), guards: Vec::new(), fault: None }
    }

    /// A transaction by a device, whose item in the device's history is `row`.
    pub(super) fn by_device(key: Key, row: EventRow) -> Self {
        Self { record: (key, Record::Event(row)), items: Vec::new(), guards: Vec::new(), fault: None }
    }

    /// Adds a member to what the audit says the subject becomes; nothing where there is no audit item.
    pub fn note(&mut self, name: &str, value: serde_json::Value) {
        let Record::Audit(row) = &mut self.record.1 else { return };
        let after = row.after.get_or_insert_with(|| serde_json::json!({}));
        if let Some(members) = after.as_object_mut() {
            members.insert(name.to_owned(), value);
        }
    }

    /// What tells it from every other transaction.
    pub(super) fn turn(&self) -> &str {
        &self.record.0.sk
    }

    /// Says in the audit that this was proposed, and by whom; nothing where there is no audit item.
    pub fn note_approval(&mut self, approval: ByApproval) {
        if let Record::Audit(row) = &mut self.record.1 {
            row.approval = Some(approval);
        }
    }

    /// How many items it writes or checks, its own record included; DynamoDB takes 100.
    pub fn len(&self) -> usize {
        self.items.len() + 1 + self.changes().len()
    }

    /// The same as in the audit for each device type whose feeds it changes, by which their past is told.
    fn changes(&self) -> Vec<Key> {
        match &self.record.1 {
            Record::Audit(row) => changes::keys_of(&self.record.0, row),
            Record::Event(_) => Vec::new(),
        }
    }

    /// Never: its own record is always in it.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    fn push(&mut self, item: TransactWriteItem, guard: Guard) {
        self.items.push(item);
        self.guards.push(guard);
    }

    fn built<T, E: ToString>(&mut self, built: Result<T, E>) -> Option<T> {
        built.map_err(|error| self.fault = Some(Error::Unavailable(error.to_string()))).ok()
    }

    /// Writes a whole row.
    pub(super) fn put<T: Serialize>(&mut self, key: &Key, row: &T, when: &When, guard: Guard) {
        let item = match encode(key, row) {
            Ok(item) => item,
            Err(error) => {
                self.fault = Some(error);
                return;
            }
        };
        let (condition, names, values) = when.parts();
        let put = Put::builder()
            .table_name(TABLE)
            .set_item(Some(item))
            .set_condition_expression(condition)
            .set_expression_attribute_names(some(names))
            .set_expression_attribute_values(some(values));
        if let Some(put) = self.built(put.build()) {
            self.push(TransactWriteItem::builder().put(put).build(), guard);
        }
    }

    /// Changes some attributes of a row.
    pub(super) fn update(&mut self, key: &Key, change: Change, when: &When, guard: Guard) {
        let (condition, mut names, mut values) = when.parts();
        let mut clause = |word: &str, separator: &str, list: Vec<(Cow<'static, str>, AttributeValue)>| {
            let parts: Vec<String> = list
                .into_iter()
                .map(|(name, value)| {
                    values.insert(format!(":u_{name}"), value);
                    let text = format!("#u_{name}{separator}:u_{name}");
                    names.insert(format!("#u_{name}"), name.into_owned());
                    text
                })
                .collect();
            (!parts.is_empty()).then(|| format!("{word} {}", parts.join(", ")))
        };
        let clauses: Vec<String> = [
            clause("SET", " = ", named(change.sets)),
            clause("ADD", " ", change.adds),
            clause("DELETE", " ", named(change.deletes)),
        ]
        .into_iter()
        .flatten()
        .collect();
        let update = Update::builder()
            .table_name(TABLE)
            .set_key(Some(key_attributes(key)))
            .update_expression(clauses.join(" "))
            .set_condition_expression(condition)
            .set_expression_attribute_names(some(names))
            .set_expression_attribute_values(some(values));
        if let Some(update) = self.built(update.build()) {
            self.push(TransactWriteItem::builder().update(update).build(), guard);
        }
    }

    /// Removes a row.
    pub(super) fn delete(&mut self, key: &Key, when: &When, guard: Guard) {
        let (condition, names, values) = when.parts();
        let delete = Delete::builder()
            .table_name(TABLE)
            .set_key(Some(key_attributes(key)))
            .set_condition_expression(condition)
            .set_expression_attribute_names(some(names))
            .set_expression_attribute_values(some(values));
        if let Some(delete) = self.built(delete.build()) {
            self.push(TransactWriteItem::builder().delete(delete).build(), guard);
        }
    }

    /// Expects something of a row that is not written.
    pub(super) fn check(&mut self, key: &Key, when: &When, guard: Guard) {
        let (condition, names, values) = when.parts();
        let check = ConditionCheck::builder()
            .table_name(TABLE)
            .set_key(Some(key_attributes(key)))
            .condition_expression(condition.unwrap_or_default())
            .set_expression_attribute_names(some(names))
            .set_expression_attribute_values(some(values));
        if let Some(check) = self.built(check.build()) {
            self.push(TransactWriteItem::builder().condition_check(check).build(), guard);
        }
    }

    /// Writes all of it or nothing.
    ///
    /// A collision with another transaction is tried again with jitter; [`Error::Busy`] if it goes on. A condition
    /// that does not hold is [`Error::Guard`] with the first guard that failed.
    pub async fn commit(mut self, store: &Store) -> Result<(), Error> {
        let changes = self.changes();
        let (key, record) = self.record.clone();
        match &record {
            Record::Audit(row) => {
                for key in changes.iter().chain([&key]) {
                    self.put(key, row, &When::Always, Guard::Changed);
                }
            }
            Record::Event(row) => self.put(&key, row, &When::Always, Guard::Changed),
        }
        if let Some(fault) = self.fault {
            return Err(fault);
        }
        let items: Vec<_> = self.items.into_iter().map(|item| on_table(item, &store.table)).collect();
        let mut token = token();
        for attempt in 0..ATTEMPTS {
            let call = store.client.transact_write_items().set_transact_items(Some(items.clone()));
            let Err(error) = call.client_request_token(&token).send().await else { return Ok(()) };
            match cancelled(&error) {
                Some(reasons) => {
                    let failed = |code: &str| reasons.iter().position(|reason| reason.code() == Some(code));
                    if let Some(at) = failed("ConditionalCheckFailed") {
                        return Err(Error::Guard(self.guards.get(at).copied().unwrap_or(Guard::Changed)));
                    }
                    let transient =
                        ["TransactionConflict", "ThrottlingError", "ProvisionedThroughputExceeded"];
                    if !transient.iter().any(|code| failed(code).is_some()) {
                        return Err(Error::unavailable("TransactWriteItems", &error));
                    }
                    token = self::token();
                }
                // Asked again under its own token, or it might be carried out twice.
                None if in_progress(&error) => {}
                None => return Err(Error::unavailable("TransactWriteItems", &error)),
            }
            backoff(attempt).await;
        }
        Err(Error::Busy)
    }
}

/// Stands for the table's name until the transaction is sent.
const TABLE: &str = "-";

fn named(list: Vec<(&'static str, AttributeValue)>) -> Vec<(Cow<'static, str>, AttributeValue)> {
    list.into_iter().map(|(name, value)| (Cow::Borrowed(name), value)).collect()
}

fn some<K, V>(map: HashMap<K, V>) -> Option<HashMap<K, V>> {
    (!map.is_empty()).then_some(map)
}

fn on_table(mut item: TransactWriteItem, table: &str) -> TransactWriteItem {
    if let Some(put) = &mut item.put {
        table.clone_into(&mut put.table_name);
    }
    if let Some(update) = &mut item.update {
        table.clone_into(&mut update.table_name);
    }
    if let Some(delete) = &mut item.delete {
        table.clone_into(&mut delete.table_name);
    }
    if let Some(check) = &mut item.condition_check {
        table.clone_into(&mut check.table_name);
    }
    item
}

fn cancelled<R>(error: &SdkError<TransactWriteItemsError, R>) -> Option<&[CancellationReason]> {
    match error.as_service_error()? {
        TransactWriteItemsError::TransactionCanceledException(cancelled) => {
            Some(cancelled.cancellation_reasons())
        }
        _ => None,
    }
}

fn in_progress<R>(error: &SdkError<TransactWriteItemsError, R>) -> bool {
    error.as_service_error().is_some_and(TransactWriteItemsError::is_transaction_in_progress_exception)
}

/// What tells the database that a repeated call is the same transaction; it remembers for ten minutes.
fn token() -> String {
    #[expect(clippy::disallowed_methods, reason = "names one call, and is kept nowhere")]
    let random = fastrand::u128(..);
    format!("{random:032x}")
}

/// Waits a random part of 25 ms, 50 ms, 100 ms … 800 ms.
pub async fn backoff(attempt: u32) {
    let longest = 25_u64 << attempt.min(5);
    #[expect(clippy::disallowed_methods, reason = "jitter decides nothing but when to try again")]
    let wait = fastrand::u64(1..=longest);
    tokio::time::sleep(Duration::from_millis(wait)).await;
}
