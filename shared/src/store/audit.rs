//! The audit: every change by anyone, with actor, request id, before and after.

use std::sync::atomic::{AtomicU64, Ordering};

use serde::{Deserialize, Serialize};

use super::Error;
use super::Store;
use super::keys::{self, Key};
use crate::domain::{PartnerId, Timestamp};

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
        };
        (key, row)
    }
}

impl Store {
    /// A partner's audit (the operator's own for none) of the month that holds `at`, oldest first.
    pub async fn audit(&self, partner: Option<&PartnerId>, at: Timestamp) -> Result<Vec<AuditRow>, Error> {
        self.read_range::<AuditRow>(&keys::audit_partition(partner, at), "").await
    }
}
