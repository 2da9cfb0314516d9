//! Which feeds ask for approvals.

use std::collections::BTreeSet;

use serde_json::json;

use super::{Basis, Needed, carried};
use crate::domain::{FeedName, PartnerId, Refusal, Right};
use crate::store::Tx;
use crate::store::feed_rules::FeedRule;
use crate::usecases::context::{Change, deciding};
use crate::usecases::{Context, Error, Result, feeds};

/// Whether a feed asks for approvals.
pub async fn asked_for(cx: &Context<'_>, partner: &PartnerId, feed: &FeedName) -> Result<bool> {
    Ok(cx.store.feed_rule(partner, feed).await?.is_some_and(|rule| rule.approvals))
}

/// The feeds that ask for approvals, those that are gone included.
pub async fn asking(cx: &Context<'_>, partner: &PartnerId) -> Result<BTreeSet<FeedName>> {
    let all = cx.store.feed_rules(partner).await?;
    Ok(all.into_iter().filter(|rule| rule.approvals).map(|rule| rule.feed).collect())
}

/// Adds to `tx`, which makes a feed, that it asks for approvals.
pub(in crate::usecases) async fn ask(
    cx: &Context<'_>,
    tx: &mut Tx,
    partner: &PartnerId,
    feed: &FeedName,
) -> Result<()> {
    let before = cx.store.feed_rule(partner, feed).await?;
    let revision = before.as_ref().map_or(0, |before| before.revision);
    let rule = FeedRule { feed: feed.clone(), approvals: true, revision: revision + 1 };
    tx.put_feed_rule(partner, &rule, before.as_ref());
    Ok(())
}

/// Says whether a feed asks for approvals. From then on it counts, also if the feed is deleted and made again; that it does
/// no more is itself for somebody else to approve.
pub async fn set(cx: &Context<'_>, partner: &PartnerId, feed: &FeedName, approvals: bool) -> Result<()> {
    cx.require(Right::Release)?;
    deciding(|| async {
        let before = cx.store.feed_rule(partner, feed).await?;
        if before.as_ref().is_some_and(|before| before.approvals) == approvals {
            return Ok(());
        }
        if !feeds::exists(cx, partner, feed).await? {
            return Err(Refusal::NotFound.into());
        }
        let shown = |approvals: bool| json!({"approvals": approvals});
        let change = Change::from_to(shown(!approvals), shown(approvals));
        let mut tx = cx.tx(Some(partner), "feed.updated", format!("feed/{feed}"), change);
        let revision = before.as_ref().map_or(0, |before| before.revision);
        if !approvals {
            let basis = Basis::of(None, &format!("feed/{feed}/{revision}"));
            let Some(approval) = cx.standing.carrying else {
                return Err(Error::Waits(Box::new(Needed { feed: feed.clone(), basis })));
            };
            carried(cx, &mut tx, partner, approval, &basis).await?;
        }
        let rule = FeedRule { feed: feed.clone(), approvals, revision: revision + 1 };
        tx.put_feed_rule(partner, &rule, before.as_ref());
        Ok(tx.commit(cx.store).await?)
    })
    .await
}
