//! Index pointers: which catalogue a feed of a device type shows, since when, and which keys sign it.

use super::time::Seconds;
use super::{DeviceTypeId, FeedName, PartnerId, Sha256};

/// What a feed request reads first, and all that changes when a package comes or goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IndexPointer {
    /// The device type.
    pub device_type: DeviceTypeId,
    /// The feed.
    pub feed: FeedName,
    /// Whose device type it is.
    pub partner: PartnerId,
    /// Rises with every rewrite; guards against two at once.
    pub revision: u64,
    /// The catalogue; none as long as there has never been a package.
    pub catalogue: Option<Sha256>,
    /// How many stanzas the index of the latest versions has.
    pub packages: u64,
    /// When anything last changed, older versions included. No two changes share a second.
    pub changed: Seconds,
    /// When the index of the latest versions last changed.
    pub modified: Seconds,
    /// When the key that signs download paths last changed, and with it every `Filename`; 0 for never.
    pub rekeyed: Seconds,
    /// The time of day at which this revision was written, for signatures; `changed` may run ahead of it.
    pub written: Seconds,
    /// Whether it shows nothing, whatever it points to, until its device type is started again.
    pub stopped: bool,
    /// The keys that it is rendered and signed with, so that every process gives the same bytes.
    pub keys: KeyIds,
}

/// Ids of the keys that an index is rendered and signed with.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct KeyIds {
    /// Signs download paths.
    pub download: String,
    /// Signs `Packages.asc`; none if the service has no such key.
    pub openpgp: Option<String>,
    /// Signs `Packages.sig`; none if the service has no such key.
    pub usign: Option<String>,
}

impl IndexPointer {
    /// A pointer to nothing yet, at revision 1, made at `at`.
    ///
    /// Its times are a second later: there may have been another before it, of the same feed or device type, which a
    /// client may have read in this very second.
    pub fn empty(
        device_type: DeviceTypeId,
        feed: FeedName,
        partner: PartnerId,
        at: Seconds,
        keys: KeyIds,
    ) -> Self {
        Self {
            device_type,
            feed,
            partner,
            revision: 1,
            catalogue: None,
            packages: 0,
            changed: at + 1,
            modified: at + 1,
            rekeyed: 0,
            written: at,
            stopped: false,
            keys,
        }
    }

    /// How many stanzas it shows.
    pub const fn shown(&self) -> u64 {
        if self.stopped { 0 } else { self.packages }
    }

    /// The next revision, which shows nothing, or everything again: to whoever saw an index before, all of it has changed.
    #[must_use]
    pub fn stopped_or_started(self, stopped: bool, now: Seconds) -> Self {
        let at = self.next_change(now);
        let rekeyed = if stopped { self.rekeyed } else { at };
        let revision = self.revision + 1;
        Self { stopped, revision, changed: at, modified: at, rekeyed, written: now, ..self }
    }

    /// The time of the next change made at `now`: later than every one before, even in a burst.
    pub fn next_change(&self, now: Seconds) -> Seconds {
        now.max(self.changed + 1)
    }
}
