//! What every use case is given: handles, settings, who acts, and when.

use std::future::Future;

use super::{Error, Result};
use crate::config::Config;
use crate::domain::{Approval, KeyIds, PartnerId, Refusal, Right, Timestamp};
use crate::secrets::Keyring;
use crate::store::{self, Audit, Guard, Store, Tx};

/// How often a decision is made again because what it was made upon has changed.
const ATTEMPTS: u32 = 8;

/// What every use case is given.
#[derive(Debug, Clone, Copy)]
pub struct Context<'a> {
    /// The table.
    pub store: &'a Store,
    /// Where the service lives and what it allows.
    pub config: &'a Config,
    /// The secrets and key ids that this process was given.
    pub secrets: &'a Keyring,
    /// The id of the key, or the name of the chore, that acts.
    pub actor: &'a str,
    /// What the actor may do.
    pub right: Right,
    /// The request this belongs to.
    pub request_id: &'a str,
    /// The time at which it came.
    pub now: Timestamp,
    /// Where the actor's key comes from, and what it carries out.
    pub standing: Standing<'a>,
}

/// Where an actor's key comes from, and whether it carries out what somebody else has proposed.
#[derive(Debug, Clone, Copy, Default)]
pub struct Standing<'a> {
    /// The id of the key that an operator made and that the actor's descends from; empty for chores, and for keys that were
    /// made before this was kept.
    pub root: &'a str,
    /// The proposal that is carried out.
    pub carrying: Option<&'a Approval>,
}

impl Context<'_> {
    /// Refuses unless the actor may do what needs `right`.
    pub fn require(&self, right: Right) -> Result<()> {
        if self.right.allows(right) { Ok(()) } else { Err(Refusal::RightMissing(right).into()) }
    }

    /// The id of the key that signs the download paths of new manifests.
    pub fn download_key(&self) -> Result<&str> {
        Ok(&self.secrets.key_ids()?.download)
    }

    /// The ids of the keys that new package indexes are rendered and signed with.
    pub fn index_keys(&self) -> Result<KeyIds> {
        Ok(self.secrets.key_ids()?.clone())
    }

    /// Begins a transaction with its audit item; `before` and `after` are what the subject was and becomes.
    pub fn tx(
        &self,
        partner: Option<&PartnerId>,
        action: &'static str,
        subject: String,
        change: Change,
    ) -> Tx {
        Tx::new(&Audit {
            partner,
            actor: self.actor,
            request_id: self.request_id,
            at: self.now,
            action,
            subject,
            before: change.before,
            after: change.after,
        })
    }
}

/// What the subject of a transaction was and becomes, for the audit.
#[derive(Debug, Clone, Default)]
pub struct Change {
    before: Option<serde_json::Value>,
    after: Option<serde_json::Value>,
}

impl Change {
    /// Something that may have been there before and may be there after.
    pub fn of(before: Option<serde_json::Value>, after: Option<serde_json::Value>) -> Self {
        Self { before, after }
    }

    /// Something new.
    pub fn made(after: serde_json::Value) -> Self {
        Self { before: None, after: Some(after) }
    }

    /// Something changed.
    pub fn from_to(before: serde_json::Value, after: serde_json::Value) -> Self {
        Self { before: Some(before), after: Some(after) }
    }

    /// Something gone.
    pub fn gone(before: serde_json::Value) -> Self {
        Self { before: Some(before), after: None }
    }
}

/// Loads, decides and saves again and again while what was loaded changes in between; bounded, with jitter.
///
/// Only [`Guard::Changed`] starts again; every other error is the attempt's answer. After the last attempt the
/// error is [`store::Error::Busy`].
pub(super) async fn deciding<T, F: Future<Output = Result<T>>>(mut attempt: impl FnMut() -> F) -> Result<T> {
    for number in 0..ATTEMPTS {
        match attempt().await {
            Err(error) if error.guard() == Some(Guard::Changed) => store::tx::backoff(number).await,
            other => return other,
        }
    }
    Err(Error::Store(store::Error::Busy))
}
