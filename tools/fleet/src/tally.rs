//! What really happened in the fleet, counted where it happened, to hold the service's own counts against.

use std::collections::BTreeMap;

use crate::device::Happened;

/// What an image has made of the fleet.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Made {
    /// Devices that were offered it, as far as they heard.
    pub(crate) offered: u64,
    /// Devices that run it, or did.
    pub(crate) ran: u64,
    /// Attempts that failed.
    pub(crate) failed: u64,
    /// Devices that died of it.
    pub(crate) died: u64,
    /// Devices that stopped when they were told to.
    pub(crate) stopped: u64,
}

/// Everything that happened.
#[derive(Debug, Clone, Default)]
pub(crate) struct Tally {
    images: BTreeMap<u64, Made>,
    /// Requests that were sent.
    pub(crate) asked: u64,
    /// Replies that were lost.
    pub(crate) lost: u64,
    /// Statuses that no device should be answered, with how often that happened.
    pub(crate) refused: BTreeMap<u16, u64>,
}

impl Tally {
    /// What `number` has made of the fleet.
    pub(crate) fn of(&self, number: u64) -> Made {
        self.images.get(&number).copied().unwrap_or_default()
    }

    /// Counts what happened to a device, if anything did.
    pub(crate) fn add(&mut self, happened: Option<Happened>) {
        let Some(happened) = happened else { return };
        let (number, count): (u64, fn(&mut Made) -> &mut u64) = match happened {
            Happened::Offered(number) => (number, |made| &mut made.offered),
            Happened::Runs(number) => (number, |made| &mut made.ran),
            Happened::Failed(number) => (number, |made| &mut made.failed),
            Happened::Died(number) => (number, |made| &mut made.died),
            Happened::Stopped(number) => (number, |made| &mut made.stopped),
        };
        *count(self.images.entry(number).or_default()) += 1;
    }
}
