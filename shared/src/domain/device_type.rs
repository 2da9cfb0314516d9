//! Device types: models of device, which images are associated with.

use super::device_token::Epoch;
use super::poll::Polling;
use super::{Architecture, Description, DeviceTypeId, Name, PartnerId, Timestamp};

/// A model of device.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeviceType {
    /// Its globally unique id, which is taken for good.
    pub id: DeviceTypeId,
    /// Whose it is.
    pub partner: PartnerId,
    /// Its name.
    pub name: Name,
    /// What it is.
    pub description: Option<Description>,
    /// What its packages must have been built for; `all` takes any.
    pub architecture: Architecture,
    /// Which secret its devices' tokens are made with: rises with every change of it, from 1.
    pub epoch: Epoch,
    /// Whether devices may report without a token.
    pub anonymous_reports: bool,
    /// Since when nothing may be offered to any of its devices; none if something may, as far as this goes.
    pub stopped: Option<Timestamp>,
    /// The same, since its partner was stopped with all that it has.
    pub stopped_with_partner: Option<Timestamp>,
    /// How often its devices should ask.
    pub polling: Polling,
    /// When it was created.
    pub created: Timestamp,
    /// When it was last changed.
    pub updated: Timestamp,
    /// Counts changes, so that two of them cannot pass each other unseen.
    pub revision: u64,
    /// How many associations it has, over all feeds.
    pub associations: u64,
    /// True for a tombstone, which only the same partner may revive.
    pub deleted: bool,
}

impl DeviceType {
    /// Whether nothing may be offered to any of its devices.
    pub fn is_stopped(&self) -> bool {
        self.stopped.is_some() || self.stopped_with_partner.is_some()
    }
}
