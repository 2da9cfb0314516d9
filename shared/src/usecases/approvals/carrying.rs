//! Carrying out what somebody else has approved.

use super::settling::{approved, by, end};
use super::{get, rules};
use crate::blobs::Blobs;
use crate::domain::approval::{NewDescription, Proposed, State};
use crate::domain::{Approval, ApprovalId, PartnerId, Refusal, Right};
use crate::store::{self, Guard};
use crate::usecases::associations::{Promotion, associate, promote};
use crate::usecases::context::{Standing, deciding};
use crate::usecases::images::Wish;
use crate::usecases::registration::Repeatable;
use crate::usecases::{Context, Error, Result, descriptions, pushes, rollouts, stops};

/// Carries out a proposal, in the transaction that says so. Everything is decided anew; what is not possible any more, or
/// would be something else than what was proposed, is not done, and the proposal has failed. Doing it twice changes nothing.
///
/// Refused to every key that descends from the same key of an operator's as the one that proposed it.
pub async fn approve(cx: &Context<'_>, blobs: &Blobs, partner: &PartnerId, id: &ApprovalId) -> Result<()> {
    cx.require(Right::Release)?;
    let this = get(cx, partner, id).await?;
    if this.by.root == cx.standing.root {
        return Err(Refusal::OwnProposal.into());
    }
    if !this.is_pending(cx.now) {
        return ended(cx, &this);
    }
    let carrying = Context { standing: Standing { carrying: Some(&this), ..cx.standing }, ..*cx };
    let done = if this.is_overtaken(cx.now) {
        Err(Refusal::ProposalOvertaken.into())
    } else {
        // It is as long as all that it can be put together.
        Box::pin(carry_out(&carrying, blobs, partner, &this)).await
    };
    let (action, state) = match done {
        // Where there was nothing left to do, nothing has said yet that it was done.
        Ok(()) => ("approval.approved", approved(cx)),
        Err(Error::Refused(why)) => ("approval.failed", State::Failed(by(cx), why.to_string())),
        Err(Error::Store(store::Error::Guard(Guard::Settled))) => {
            return ended(cx, &get(cx, partner, id).await?);
        }
        Err(other) => return Err(other),
    };
    deciding(|| async {
        let this = get(cx, partner, id).await?;
        if !this.is_pending(cx.now) {
            return ended(cx, &this);
        }
        end(cx, partner, &this, action, state.clone()).await?;
        ended(cx, &Approval { state: state.clone(), ..this })
    })
    .await
}

/// What to answer to whoever approves a proposal that waits no more.
fn ended(cx: &Context<'_>, this: &Approval) -> Result<()> {
    match &this.state {
        State::Approved(_) => Ok(()),
        State::Failed(_, why) => Err(Refusal::ApprovalFailed(why.clone()).into()),
        State::Pending | State::Rejected(_) => Err(Refusal::ApprovalClosed(this.word(cx.now)).into()),
    }
}

async fn carry_out(cx: &Context<'_>, blobs: &Blobs, partner: &PartnerId, this: &Approval) -> Result<()> {
    let feed = &this.feed;
    match &this.change {
        Proposed::Associate { device_type, image, wanted } => {
            associate(cx, blobs, partner, device_type, feed, *image, wanted.as_ref()).await.map(drop)
        }
        Proposed::Describe { device_type, new } => {
            let NewDescription { words, url, url2, profile, repeatable } = (**new).clone();
            let wish = Wish { url, url2 };
            let new = descriptions::NewDescription { words, wish, profile };
            let repeatable = repeatable.map(|(key, body)| Repeatable { key, body });
            let registered = descriptions::register(cx, blobs, partner, device_type, feed, new, repeatable);
            Box::pin(registered).await.map(drop)
        }
        Proposed::Promote { device_type, image, from, wanted } => {
            let promotion = Promotion { from: from.clone(), to: feed.clone(), wanted: wanted.clone() };
            promote(cx, blobs, partner, device_type, *image, &promotion).await.map(drop)
        }
        Proposed::SetRollout { device_type, image, wanted } => {
            rollouts::set(cx, blobs, partner, device_type, feed, *image, wanted.clone()).await
        }
        Proposed::Resume { device_type, image } => {
            rollouts::resume(cx, blobs, partner, device_type, feed, *image).await
        }
        Proposed::Push { device_type, image, device, until } => {
            pushes::push(cx, partner, device_type, *image, device, *until).await.map(drop)
        }
        Proposed::Start { device_type: Some(id) } => stops::start(cx, partner, id).await,
        // Its device types follow, within a minute.
        Proposed::Start { device_type: None } => stops::start_partner(cx, partner, &|| true).await.map(drop),
        Proposed::EndApprovals => rules::set(cx, partner, feed, false).await,
    }
}
