//! Writing down what must wait.

use serde_json::json;

use super::Needed;
use crate::domain::approval::{LIVES_SECONDS, MOST_MORE_TO_GO_ON, MOST_PENDING, Proposed, Proposer, State};
use crate::domain::{Approval, ApprovalId, PartnerId, Refusal};
use crate::store::Tx;
use crate::store::approvals::{Pending, Waiting, content};
use crate::usecases::context::{Change, deciding};
use crate::usecases::{Context, Error, Result};

/// What became of a change.
#[derive(Debug)]
pub enum Outcome<T> {
    /// It was made.
    Done(T),
    /// It waits.
    Waits(Box<Approval>),
}

/// What a use case answered; where it said that the change must wait, the proposal of it. Proposing the same again with a
/// key of the same line, while it waits and nothing that it is decided upon has changed, is the same proposal.
pub async fn or_propose<T>(
    cx: &Context<'_>,
    partner: &PartnerId,
    answered: Result<T>,
    change: impl FnOnce() -> Proposed,
) -> Result<Outcome<T>> {
    match answered {
        Err(Error::Waits(needed)) => {
            Ok(Outcome::Waits(Box::new(propose(cx, partner, &change(), &needed).await?)))
        }
        other => other.map(Outcome::Done),
    }
}

async fn propose(
    cx: &Context<'_>,
    partner: &PartnerId,
    change: &Proposed,
    needed: &Needed,
) -> Result<Approval> {
    deciding(|| async {
        let pending = cx.store.approvals_pending(partner).await?;
        let made = proposal(cx, change, needed);
        if let Some(earlier) = earlier(cx, &pending, &made)
            && let Some(earlier) = cx.store.approval(partner, &earlier).await?
            && earlier.is_pending(cx.now)
        {
            return Ok(earlier);
        }
        let subject = format!("approval/{}", made.id);
        let mut tx = cx.tx(Some(partner), "approval.proposed", subject, Change::made(shown(&made)));
        add(cx, &mut tx, partner, &pending, std::slice::from_ref(&made))?;
        tx.commit(cx.store).await?;
        Ok(made)
    })
    .await
}

/// Adds to `tx`, which does something else, what must wait of it; answers the proposals, those included that wait already.
#[cfg(feature = "blobs")]
pub(super) async fn propose_all(
    cx: &Context<'_>,
    tx: &mut Tx,
    partner: &PartnerId,
    changes: &[(Proposed, Needed)],
) -> Result<Vec<ApprovalId>> {
    let pending = cx.store.approvals_pending(partner).await?;
    let (mut ids, mut fresh) = (Vec::new(), Vec::new());
    for (change, needed) in changes {
        let made = proposal(cx, change, needed);
        let known = earlier(cx, &pending, &made);
        ids.push(known.clone().unwrap_or_else(|| made.id.clone()));
        if known.is_none() {
            fresh.push(made);
        }
    }
    if !fresh.is_empty() {
        add(cx, tx, partner, &pending, &fresh)?;
    }
    Ok(ids)
}

fn proposal(cx: &Context<'_>, change: &Proposed, Needed { feed, basis }: &Needed) -> Approval {
    let content = content(change, feed, &basis.digest, cx.standing.root);
    Approval {
        id: ApprovalId::of(cx.now, cx.request_id, &content),
        change: change.clone(),
        feed: feed.clone(),
        basis: basis.digest,
        bytes: basis.bytes.clone(),
        by: Proposer { key: cx.actor.to_owned(), root: cx.standing.root.to_owned() },
        created: cx.now,
        expires: cx.now.plus_seconds(LIVES_SECONDS),
        state: State::Pending,
    }
}

fn waiting(of: &Approval) -> Waiting {
    let content = content(&of.change, &of.feed, &of.basis, &of.by.root);
    Waiting { id: of.id.clone(), content, expires: of.expires }
}

/// The same, if it waits.
fn earlier(cx: &Context<'_>, pending: &Pending, made: &Approval) -> Option<ApprovalId> {
    let made = waiting(made);
    let same = |each: &&Waiting| each.content == made.content && each.expires > cx.now;
    pending.waiting.iter().find(same).map(|each| each.id.clone())
}

fn add(
    cx: &Context<'_>,
    tx: &mut Tx,
    partner: &PartnerId,
    pending: &Pending,
    made: &[Approval],
) -> Result<()> {
    let new: Vec<Waiting> = made.iter().map(waiting).collect();
    let keep = |each: &&Waiting| each.expires > cx.now && new.iter().all(|new| new.content != each.content);
    let mut all: Vec<Waiting> = pending.waiting.iter().filter(keep).cloned().collect();
    all.extend(new);
    let more = if made.iter().all(|each| each.change.goes_on()) { MOST_MORE_TO_GO_ON } else { 0 };
    if all.len() > MOST_PENDING + more {
        return Err(Refusal::LimitReached("at most 100 proposals may wait for approval").into());
    }
    for each in made {
        tx.create_approval(partner, each);
    }
    tx.put_approvals_pending(partner, pending, all);
    Ok(())
}

/// A proposal for the audit.
pub(super) fn shown(this: &Approval) -> serde_json::Value {
    let image = this.change.image().map(|id| format!("{}/{}", id.r#type, id.number));
    json!({
        "action": this.change.action(),
        "feed": this.feed.as_str(),
        "deviceType": this.change.device_type().map(crate::domain::DeviceTypeId::as_str),
        "image": image,
        "sha256": this.bytes.iter().map(ToString::to_string).collect::<Vec<_>>(),
        "proposedBy": this.by.key,
        "expiresTimestamp": this.expires.millis(),
    })
}
