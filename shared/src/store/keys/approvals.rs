//! The keys of proposals, and of what feeds ask of changes: all in the partner's own partition.

use super::{Key, key, partner_partition};
use crate::domain::{ApprovalId, FeedName, PartnerId};

/// What a partner's feed asks of changes, whether the feed is there or not.
pub fn feed_rule(partner: &PartnerId, feed: &FeedName) -> Key {
    key(partner_partition(partner), format!("{FEED_RULE}{feed}"))
}

/// The sort-key prefix of what a partner's feeds ask of changes.
pub const FEED_RULE: &str = "FEEDRULE#";

/// The sort-key prefix of a partner's proposals.
pub const APPROVAL: &str = "APPROVAL#";

/// A proposal.
pub fn approval(partner: &PartnerId, id: &ApprovalId) -> Key {
    key(partner_partition(partner), format!("{APPROVAL}{id}"))
}

/// Which of a partner's proposals wait.
pub fn approvals_pending(partner: &PartnerId) -> Key {
    key(partner_partition(partner), "APPROVALS")
}
