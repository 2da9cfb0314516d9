//! The audit: every change by anyone, with actor, request id, before and after.

use std::sync::atomic::{AtomicU64, Ordering};

use aws_sdk_dynamodb::types::AttributeValue;
use serde::{Deserialize, Serialize};

use super::keys::{self, Key};
use super::row::{Item, decode};
use super::{Error, Store};
use crate::domain::{Invalid, PartnerId, Timestamp};

/// Tells the items of one process apart; those of two are told apart by their requests' ids.
static TURN: AtomicU64 = AtomicU64::new(0);

/// What a transaction does, for the record.
#[derive(Debug, Clone)]
pub struct Audit<'a> {
    /// Under whose audit it is filed; none for what belongs to the operator alone.
    pub partner: Option<&'a PartnerId>,
    /// The id of the key it was done with, or the name of the chore that did it.
    pub actor: &'a str,
    /// The request it belongs to.
    pub request_id: &'a str,
    /// When.
    pub at: Timestamp,
    /// What was done, as `image.registered`.
    pub action: &'static str,
    /// To what, as `105/7`.
    pub subject: String,
    /// How it was; none if it was not there.
    pub before: Option<serde_json::Value>,
    /// How it is; none if it is gone.
    pub after: Option<serde_json::Value>,
}

/// One audit item as stored.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AuditRow {
    /// When.
    pub at: Timestamp,
    /// Key id or chore.
    pub actor: String,
    /// Request id.
    pub request_id: String,
    /// What was done.
    pub action: String,
    /// To what.
    pub subject: String,
    /// How it was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<serde_json::Value>,
    /// How it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<serde_json::Value>,
    /// The proposal that it carries out, if it does; then `actor` is who approved it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub approval: Option<ByApproval>,
}

/// What was proposed before it was done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ByApproval {
    /// The proposal's id.
    pub id: String,
    /// The id of the key that proposed it.
    pub proposed_by: String,
}

impl Audit<'_> {
    pub(super) fn row(&self) -> (Key, AuditRow) {
        // One request may do the same to the same thing twice in a millisecond; each is an item of its own.
        let turn = TURN.fetch_add(1, Ordering::Relaxed);
        let sk = format!("{:013}#{}#{turn:08}", self.at.millis(), self.request_id);
        let key = Key { pk: keys::audit_partition(self.partner, self.at), sk };
        let row = AuditRow {
            at: self.at,
            actor: self.actor.to_owned(),
            request_id: self.request_id.to_owned(),
            action: self.action.to_owned(),
            subject: self.subject.clone(),
            before: self.before.clone(),
            after: self.after.clone(),
            approval: None,
        };
        (key, row)
    }
}

/// In which order items are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    /// What happened last comes first.
    NewestFirst,
    /// What happened first comes first.
    OldestFirst,
}

/// A place in an audit: that of an item, or between two.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place(String);

impl Place {
    /// The place before all items of `at` and later.
    pub fn before(at: Timestamp) -> Self {
        Self(keys::audit_from(at))
    }

    /// The moment that it lies at.
    pub fn at(&self) -> Timestamp {
        keys::audit_moment(&self.0).unwrap_or(Timestamp::from_millis(0))
    }

    /// It as a text, which [`str::parse`] reads.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The lowest text above it, and above nothing that comes after it.
    fn above(&self) -> String {
        format!("{}!", self.0)
    }

    /// The highest text below it, and below nothing that comes before it.
    fn below(&self) -> String {
        let mut bytes = self.0.clone().into_bytes();
        let last = bytes.pop().unwrap_or(b'1').saturating_sub(1);
        bytes.extend([last, b'~']);
        String::from_utf8_lossy(&bytes).into_owned()
    }
}

impl std::str::FromStr for Place {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        let plain = text.len() <= 200 && text.bytes().all(|byte| byte.is_ascii_graphic());
        let ends = text.bytes().last().is_some_and(|byte| byte.is_ascii_digit());
        if plain && ends && keys::audit_moment(text).is_some() {
            Ok(Self(text.to_owned()))
        } else {
            Err(Invalid::because("must be a place in an audit"))
        }
    }
}

/// Some items of one month, each with its place.
#[derive(Debug)]
pub struct AuditPage {
    /// The items, in the order asked for.
    pub rows: Vec<(Place, AuditRow)>,
    /// Whether there are more behind them in this month.
    pub more: bool,
}

impl Store {
    /// At most `most` items of a partner's audit, of the month that holds `month`, from `from` on and before `until`, that come
    /// after `after` in that order: one query.
    pub async fn audit_page(
        &self,
        partner: &PartnerId,
        month: Timestamp,
        (from, until): (Timestamp, Timestamp),
        after: Option<&Place>,
        order: Order,
        most: u16,
    ) -> Result<AuditPage, Error> {
        let (mut low, mut high) = (keys::audit_from(from), Place::before(until).below());
        match (after, order) {
            (Some(after), Order::OldestFirst) => low = low.max(after.above()),
            (Some(after), Order::NewestFirst) => high = high.min(after.below()),
            (None, _) => {}
        }
        if low > high {
            return Ok(AuditPage { rows: Vec::new(), more: false });
        }
        let answer = self
            .client
            .query()
            .table_name(&self.table)
            .key_condition_expression("PK = :pk AND SK BETWEEN :low AND :high")
            .expression_attribute_values(
                ":pk",
                AttributeValue::S(keys::audit_partition(Some(partner), month)),
            )
            .expression_attribute_values(":low", AttributeValue::S(low))
            .expression_attribute_values(":high", AttributeValue::S(high))
            .scan_index_forward(order == Order::OldestFirst)
            .consistent_read(true)
            .limit(most.into())
            .send()
            .await
            .map_err(|error| Error::unavailable("Query", &error))?;
        let read = |item: Item| {
            let sk = item.get("SK").and_then(|sk| sk.as_s().ok()).cloned().unwrap_or_default();
            Ok((Place(sk), decode(item)?))
        };
        let rows = answer.items.unwrap_or_default().into_iter().map(read).collect::<Result<_, Error>>()?;
        Ok(AuditPage { rows, more: answer.last_evaluated_key.is_some() })
    }

    /// A partner's audit (the operator's own for none) of the month that holds `at`, oldest first.
    pub async fn audit(&self, partner: Option<&PartnerId>, at: Timestamp) -> Result<Vec<AuditRow>, Error> {
        self.read_range::<AuditRow>(&keys::audit_partition(partner, at), "").await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bounds_of_a_place_leave_it_out_and_nothing_else() {
        let keys: Vec<Place> = [
            "0000000000007#r#00000009",
            "0000000000007#r#00000010",
            "0000000000007#r#00000011",
            "0000000000008#a#00000000",
        ]
        .map(|text| text.parse().unwrap())
        .into();
        for (at, place) in keys.iter().enumerate() {
            let below = keys.iter().filter(|each| each.0 <= place.below()).count();
            let above = keys.iter().filter(|each| each.0 >= place.above()).count();
            assert_eq!((below, above), (at, keys.len() - at - 1), "{place:?}");
        }
        let between = Place::before(Timestamp::from_millis(8));
        assert_eq!(keys.iter().filter(|each| each.0 <= between.below()).count(), 3);
        assert_eq!(keys.iter().filter(|each| each.0 >= between.above()).count(), 1);
        assert_eq!(between.at().millis(), 8);
    }

    #[test]
    fn what_is_no_place_is_refused() {
        for bad in
            ["", "7", "000000000000x#r#1", "0000000000007#r#", "0000000000007#é#1", "0000000000007# #1"]
        {
            assert!(bad.parse::<Place>().is_err(), "{bad}");
        }
        assert!(format!("0000000000007#{}1", "r".repeat(200)).parse::<Place>().is_err());
    }
}
