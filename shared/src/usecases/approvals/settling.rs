//! Reading proposals, and ending them.

use super::proposing::shown;
use crate::domain::approval::{Settled, State};
use crate::domain::{Approval, ApprovalId, PartnerId, Refusal, Right};
use crate::store::{self, Guard, Tx};
use crate::usecases::context::{Change, deciding};
use crate::usecases::{Context, Error, Result};

/// How many proposals are looked through for one page, so that one of a rare state ends.
const MOST_READ: usize = 1000;
/// How many of them are read at a time.
const AT_A_TIME: u16 = 200;

/// Some proposals, newest first.
#[derive(Debug)]
pub struct Listed {
    /// The proposals.
    pub approvals: Vec<Approval>,
    /// After which to go on; none if there are no more.
    pub next: Option<ApprovalId>,
}

/// A proposal.
pub async fn get(cx: &Context<'_>, partner: &PartnerId, id: &ApprovalId) -> Result<Approval> {
    Ok(cx.store.approval(partner, id).await?.ok_or(Refusal::NotFound)?)
}

/// At most `most` proposals, newest first, those after `after`; only those in the state that is called `state`, if one is.
/// Where that state is rare a page may hold fewer, and others may follow.
pub async fn list(
    cx: &Context<'_>,
    partner: &PartnerId,
    state: Option<&str>,
    after: Option<&ApprovalId>,
    most: u16,
) -> Result<Listed> {
    let (mut approvals, mut last, mut read) = (Vec::new(), after.cloned(), 0);
    loop {
        let (page, more) = cx.store.approvals(partner, last.as_ref(), AT_A_TIME).await?;
        read += page.len();
        for each in page {
            if approvals.len() == usize::from(most) {
                return Ok(Listed { approvals, next: last });
            }
            last = Some(each.id.clone());
            if state.is_none_or(|state| each.word(cx.now) == state) {
                approvals.push(each);
            }
        }
        if !more {
            return Ok(Listed { approvals, next: None });
        }
        if read >= MOST_READ {
            return Ok(Listed { approvals, next: last });
        }
    }
}

/// That it was approved by whoever acts.
pub(super) fn approved(cx: &Context<'_>) -> State {
    State::Approved(by(cx))
}

/// Who acts, and when.
pub(super) fn by(cx: &Context<'_>) -> Settled {
    Settled { by: cx.actor.to_owned(), at: cx.now }
}

/// Adds to `tx` that a proposal waits no more, and what became of it.
pub(in crate::usecases) async fn settle(
    cx: &Context<'_>,
    tx: &mut Tx,
    partner: &PartnerId,
    this: &Approval,
    state: State,
) -> Result<()> {
    tx.settle_approval(partner, &Approval { state, ..this.clone() });
    let pending = cx.store.approvals_pending(partner).await?;
    let left = pending.waiting.iter().filter(|each| each.id != this.id && each.expires > cx.now).cloned();
    tx.put_approvals_pending(partner, &pending, left.collect());
    Ok(())
}

/// Says no to a proposal, or takes it back: whoever has the right to approve may, and who made it. Doing it twice changes
/// nothing.
pub async fn reject(cx: &Context<'_>, partner: &PartnerId, id: &ApprovalId) -> Result<()> {
    deciding(|| async {
        let this = match cx.store.approval(partner, id).await? {
            Some(this) if this.by.root == cx.standing.root => this,
            found => {
                cx.require(Right::Release)?;
                found.ok_or(Refusal::NotFound)?
            }
        };
        if matches!(this.state, State::Rejected(_)) {
            return Ok(());
        }
        if !this.is_pending(cx.now) {
            return Err(Refusal::ApprovalClosed(this.word(cx.now)).into());
        }
        end(cx, partner, &this, "approval.rejected", State::Rejected(by(cx))).await
    })
    .await
}

/// Ends the proposals that wait to undo what somebody has just asked for again: it is not what they were made upon.
pub(in crate::usecases) async fn outdate(
    cx: &Context<'_>,
    partner: &PartnerId,
    undoes: impl Fn(&Approval) -> bool,
) -> Result<()> {
    for waiting in cx.store.approvals_pending(partner).await?.waiting {
        deciding(|| async {
            let found = match cx.store.approval(partner, &waiting.id).await {
                // Nobody can approve it either.
                Err(cause @ store::Error::Corrupt { .. }) => {
                    tracing::error!(approval = %waiting.id, %cause, "a proposal cannot be read");
                    return Ok(());
                }
                found => found?,
            };
            let Some(this) = found.filter(|this| this.is_pending(cx.now) && undoes(this)) else {
                return Ok(());
            };
            let why = Refusal::ProposalOutdated.to_string();
            end(cx, partner, &this, "approval.failed", State::Failed(by(cx), why)).await
        })
        .await?;
    }
    Ok(())
}

/// Ends a proposal with nothing else; [`Guard::Changed`] if it was ended meanwhile.
pub(super) async fn end(
    cx: &Context<'_>,
    partner: &PartnerId,
    this: &Approval,
    action: &'static str,
    state: State,
) -> Result<()> {
    let subject = format!("approval/{}", this.id);
    let mut before = shown(this);
    before["state"] = this.word(cx.now).into();
    let ended = Approval { state: state.clone(), ..this.clone() };
    let mut after = shown(&ended);
    after["state"] = ended.word(cx.now).into();
    if let State::Failed(_, why) = &state {
        after["reason"] = why.as_str().into();
    }
    let mut tx = cx.tx(Some(partner), action, subject, Change::from_to(before, after));
    settle(cx, &mut tx, partner, this, state).await?;
    match tx.commit(cx.store).await {
        Err(store::Error::Guard(Guard::Settled)) => Err(Error::Store(store::Error::Guard(Guard::Changed))),
        other => Ok(other?),
    }
}
