//! Proposals: each in an item of its own, and one item a partner that says which of them wait.

mod changes;

use aws_sdk_dynamodb::types::AttributeValue;
use serde::{Deserialize, Serialize};

use self::changes::ChangeRow;
use super::audit::ByApproval;
use super::read::Consistency;
use super::row::decode;
use super::tx::{Tx, When};
use super::{Error, Guard, Store, keys};
use crate::domain::approval::{Proposed, Proposer, Settled, State};
use crate::domain::{Approval, ApprovalId, FeedName, Invalid, PartnerId, Sha256, Timestamp};

/// How long a proposal is kept after it could last be approved, in seconds; the audit keeps what became of it.
const KEPT_SECONDS: i64 = 90 * 86_400;

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct ApprovalRow {
    id: ApprovalId,
    change: ChangeRow,
    feed: FeedName,
    basis: Sha256,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    bytes: Vec<Sha256>,
    by: String,
    root: String,
    created: Timestamp,
    expires: Timestamp,
    state: StateRow,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    settled_by: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    settled: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
    /// TTL, in seconds since the epoch.
    expires_at: i64,
}

#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
enum StateRow {
    Pending,
    Approved,
    Rejected,
    Failed,
}

impl From<&Approval> for ApprovalRow {
    fn from(this: &Approval) -> Self {
        let (state, settled, reason) = match &this.state {
            State::Pending => (StateRow::Pending, None, None),
            State::Approved(settled) => (StateRow::Approved, Some(settled), None),
            State::Rejected(settled) => (StateRow::Rejected, Some(settled), None),
            State::Failed(settled, why) => (StateRow::Failed, Some(settled), Some(why.clone())),
        };
        Self {
            id: this.id.clone(),
            change: (&this.change).into(),
            feed: this.feed.clone(),
            basis: this.basis,
            bytes: this.bytes.clone(),
            by: this.by.key.clone(),
            root: this.by.root.clone(),
            created: this.created,
            expires: this.expires,
            state,
            settled_by: settled.map(|settled| settled.by.clone()),
            settled: settled.map(|settled| settled.at),
            reason,
            expires_at: this.expires.plus_seconds(KEPT_SECONDS).seconds(),
        }
    }
}

impl ApprovalRow {
    fn read(self, partner: &PartnerId) -> Result<Approval, Error> {
        let key = keys::approval(partner, &self.id).to_string();
        let corrupt =
            |why: Invalid| Error::Corrupt { key: key.clone(), reason: format!("the proposal {why}") };
        let by = self.settled_by.zip(self.settled).map(|(by, at)| Settled { by, at });
        let by = || by.clone().ok_or_else(|| corrupt(Invalid::because("does not say who ended it")));
        let state = match self.state {
            StateRow::Pending => State::Pending,
            StateRow::Approved => State::Approved(by()?),
            StateRow::Rejected => State::Rejected(by()?),
            StateRow::Failed => State::Failed(by()?, self.reason.unwrap_or_default()),
        };
        Ok(Approval {
            id: self.id,
            change: self.change.try_into().map_err(corrupt)?,
            feed: self.feed,
            basis: self.basis,
            bytes: self.bytes,
            by: Proposer { key: self.by, root: self.root },
            created: self.created,
            expires: self.expires,
            state,
        })
    }
}

/// One that waits, as far as it takes to tell a repetition and to count.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Waiting {
    /// Its id.
    pub id: ApprovalId,
    /// What it is made of, see [`content`].
    pub content: Sha256,
    /// Until when it waits.
    pub expires: Timestamp,
}

/// Which of a partner's proposals wait.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pending {
    /// Each of them; some may have ended by themselves since this was written.
    pub waiting: Vec<Waiting>,
    /// Rises with each change; 0 if there never was one.
    pub revision: u64,
}

/// Digest of all that makes a request the same one: who asks, for what, and upon what.
pub fn content(change: &Proposed, feed: &FeedName, basis: &Sha256, root: &str) -> Sha256 {
    let change = serde_json::to_string(&ChangeRow::from(change)).unwrap_or_default();
    Sha256::of(format!("{root}\n{feed}\n{basis}\n{change}").as_bytes())
}

impl Store {
    /// A proposal.
    pub async fn approval(&self, partner: &PartnerId, id: &ApprovalId) -> Result<Option<Approval>, Error> {
        let row: Option<ApprovalRow> = self.read(&keys::approval(partner, id), Consistency::Strong).await?;
        row.map(|row| row.read(partner)).transpose()
    }

    /// Which of a partner's proposals wait.
    pub async fn approvals_pending(&self, partner: &PartnerId) -> Result<Pending, Error> {
        let row = self.read(&keys::approvals_pending(partner), Consistency::Strong).await?;
        Ok(row.unwrap_or_default())
    }

    /// At most `most` proposals, newest first, of those that are older than `before`; and whether there may be more. There may
    /// also be more if there are none: a read ends where it has become large.
    pub async fn approvals(
        &self,
        partner: &PartnerId,
        before: Option<&ApprovalId>,
        most: u16,
    ) -> Result<(Vec<Approval>, bool), Error> {
        let low = keys::APPROVAL.to_owned();
        // `~` comes after every digit; both ends of BETWEEN are in it.
        let high = before.map_or_else(|| format!("{low}~"), |id| format!("{low}{id}"));
        let answer = self
            .client
            .query()
            .table_name(&self.table)
            .key_condition_expression("PK = :pk AND SK BETWEEN :low AND :high")
            .expression_attribute_values(":pk", AttributeValue::S(keys::partner_partition(partner)))
            .expression_attribute_values(":low", AttributeValue::S(low))
            .expression_attribute_values(":high", AttributeValue::S(high))
            .scan_index_forward(false)
            .consistent_read(true)
            .limit(most.into())
            .send()
            .await
            .map_err(|error| Error::unavailable("Query", &error))?;
        let more = answer.last_evaluated_key.is_some();
        let rows = answer.items.unwrap_or_default().into_iter();
        let all: Result<Vec<_>, _> = rows.map(|item| decode::<ApprovalRow>(item)?.read(partner)).collect();
        let older = |each: &Approval| before.is_none_or(|before| each.id < *before);
        Ok((all?.into_iter().filter(older).collect(), more))
    }
}

impl Tx {
    /// Makes a proposal; [`Guard::Changed`] if there is one of this id.
    pub fn create_approval(&mut self, partner: &PartnerId, this: &Approval) {
        let key = keys::approval(partner, &this.id);
        self.put(&key, &ApprovalRow::from(this), &When::Absent, Guard::Changed);
    }

    /// Ends a proposal, `this` being what became of it; [`Guard::Settled`] if it does not wait any more.
    pub fn settle_approval(&mut self, partner: &PartnerId, this: &Approval) {
        let waits =
            When::Expression("#state = :pending", vec![(":pending", AttributeValue::S("pending".into()))]);
        let key = keys::approval(partner, &this.id);
        self.put(&key, &ApprovalRow::from(this), &waits, Guard::Settled);
        self.note_approval(ByApproval { id: this.id.to_string(), proposed_by: this.by.key.clone() });
    }

    /// Says which proposals wait, in place of what was read as `before`; [`Guard::Changed`] if that is not so any more.
    pub fn put_approvals_pending(&mut self, partner: &PartnerId, before: &Pending, waiting: Vec<Waiting>) {
        let when = if before.revision == 0 { When::Absent } else { When::Revision(before.revision) };
        let row = Pending { waiting, revision: before.revision + 1 };
        self.put(&keys::approvals_pending(partner), &row, &when, Guard::Changed);
    }
}
