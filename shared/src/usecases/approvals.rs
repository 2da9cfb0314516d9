//! Approvals: what a feed's devices would get more of waits, where the feed asks for it, until somebody else says yes.
//!
//! A change is tried as ever. Where everything about it is in order, and just before it would be written, [`admit`] either
//! lets it through, or says that it must wait ([`Error::Waits`]); [`or_propose`] then writes it down. Nobody can forget to
//! ask: the same transaction expects that the feed asks for nothing. What only takes away is never asked about.

#[cfg(feature = "blobs")]
mod carrying;
#[cfg(feature = "blobs")]
mod intents;
mod proposing;
mod rules;
mod settling;

#[cfg(feature = "blobs")]
pub use carrying::approve;
#[cfg(feature = "blobs")]
pub(super) use intents::propose_intents;
pub use proposing::{Outcome, or_propose};
pub(super) use rules::ask;
pub use rules::{asked_for, asking, set};
pub use settling::{Listed, get, list, reject};
pub(super) use settling::{outdate, settle};

use super::{Context, Error, Result, feeds};
use crate::domain::image::Slots;
use crate::domain::{Approval, FeedName, PartnerId, Refusal, Sha256};
use crate::store::Tx;

/// What a change is decided upon, and brings: what must be the same when it is carried out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Basis {
    /// Digest of what it is decided upon.
    pub digest: Sha256,
    /// SHA-256 of the binaries that it brings.
    pub bytes: Vec<Sha256>,
}

impl Basis {
    /// Out of the binaries that a change brings, and a text of everything else that must stay as it is.
    pub fn of(slots: Option<&Slots>, rest: &str) -> Self {
        let slots = slots.into_iter().flat_map(|slots| [&slots.first, &slots.second]);
        let bytes: Vec<Sha256> = slots.flatten().map(|binary| binary.sha256).collect();
        let names: Vec<String> = bytes.iter().map(Sha256::to_string).collect();
        Self { digest: Sha256::of(format!("{}\n{rest}", names.join(" ")).as_bytes()), bytes }
    }
}

/// A change that is in order, and that somebody else has to approve.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Needed {
    /// The feed that asks for it.
    pub feed: FeedName,
    /// What the change was decided upon.
    pub basis: Basis,
}

/// Lets a change of what `feed` gives through, or says that it must wait. Whatever gives devices of a feed more passes here,
/// after all else has been decided.
///
/// Where a proposal is carried out, `tx` also says that it has been; it must be about this feed, and decided upon the same.
pub(super) async fn admit(
    cx: &Context<'_>,
    tx: &mut Tx,
    partner: &PartnerId,
    feed: &FeedName,
    basis: Basis,
) -> Result<()> {
    if let Some(approval) = cx.standing.carrying {
        if approval.feed != *feed {
            return Err(Refusal::ProposalOutdated.into());
        }
        return carried(cx, tx, partner, approval, &basis).await;
    }
    if asked_for(cx, partner, feed).await? {
        return Err(Error::Waits(Box::new(Needed { feed: feed.clone(), basis })));
    }
    tx.expect_no_approvals(partner, feed);
    Ok(())
}

/// The same for a change that gives devices of every feed more: it waits if one of the partner's feeds asks for it. `upon` is
/// what it is decided upon.
pub(super) async fn admit_anywhere(
    cx: &Context<'_>,
    tx: &mut Tx,
    partner: &PartnerId,
    upon: &str,
) -> Result<()> {
    let basis = Basis::of(None, upon);
    if let Some(approval) = cx.standing.carrying {
        return carried(cx, tx, partner, approval, &basis).await;
    }
    let asking = asking(cx, partner).await?;
    match feeds::list(cx, partner).await?.into_iter().rev().find(|feed| asking.contains(feed)) {
        Some(feed) => Err(Error::Waits(Box::new(Needed { feed, basis }))),
        None => Ok(()),
    }
}

/// Adds to `tx`, which carries out a proposal, that it does; refused if it is decided upon something else by now.
async fn carried(
    cx: &Context<'_>,
    tx: &mut Tx,
    partner: &PartnerId,
    approval: &Approval,
    basis: &Basis,
) -> Result<()> {
    if approval.basis != basis.digest {
        return Err(Refusal::ProposalOutdated.into());
    }
    settle(cx, tx, partner, approval, settling::approved(cx)).await
}
