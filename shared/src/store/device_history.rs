//! The history of devices: what they said, and what came of it, in place of the audit, which a fleet would drown.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::devices::{PROVISIONAL_SECONDS, attributes};
use super::{Error, Store, Tx, keys};
use crate::domain::device::{Checked, Device};
use crate::domain::number::ReportedVersion;
use crate::domain::progress::State;
use crate::domain::{DeviceId, DeviceTypeId, FeedName, ImageId, Timestamp, TypeNumber, VersionNumber};

/// How long a moment of a device's history is kept, in seconds: two years.
const HISTORY_SECONDS: i64 = 2 * 366 * 86_400;

/// A moment in a device's history.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct EventRow {
    /// When.
    pub at: Timestamp,
    /// What.
    #[serde(flatten)]
    pub what: Event,
    /// When the table may forget it, in seconds since the epoch.
    pub expires_at: i64,
}

/// What happened to a device.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "what", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum Event {
    /// It asked, and something was new.
    Checked {
        /// The feed.
        feed: FeedName,
        /// What it runs, all of it, by version attribute.
        reported: BTreeMap<String, ReportedVersion>,
        /// What it was offered anew, as `3/7`.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        offered: Vec<String>,
        /// What it had installed.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        installed: Vec<String>,
        /// What it was offered for the last time.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        given_up: Vec<String>,
    },
    /// It said how far an update had come.
    Stated {
        /// The feed.
        feed: FeedName,
        /// The firmware type.
        number: TypeNumber,
        /// The number.
        version_number: VersionNumber,
        /// How far.
        state: State,
        /// Which attempt it was.
        attempt: u32,
        /// How much of that, in percent.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        percent: Option<u8>,
        /// Why it failed.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        code: Option<String>,
        /// The same for people.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        message: Option<String>,
        /// Until when it is not offered the image again, if it failed.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        held: Option<Timestamp>,
    },
}

impl Event {
    /// A check of a device that had something new to say or to hear.
    pub fn checked(checked: &Checked) -> Self {
        let names = |all: &[ImageId]| all.iter().map(|id| format!("{}/{}", id.r#type, id.number)).collect();
        Self::Checked {
            feed: checked.device.feed.clone(),
            reported: attributes(&checked.device),
            offered: names(&checked.offered),
            installed: names(&checked.installed),
            given_up: names(&checked.given_up),
        }
    }
}

impl Store {
    /// A device's history, oldest first.
    pub async fn device_history(
        &self,
        device_type: &DeviceTypeId,
        id: &DeviceId,
    ) -> Result<Vec<EventRow>, Error> {
        self.read_range(&keys::device_partition(device_type, id), keys::EVENT).await
    }
}

impl Tx {
    /// A transaction by a device, which leaves `what` in its history instead of an item in the audit.
    pub fn of_device(device: &Device, what: Event, now: Timestamp) -> Self {
        let key = keys::device_event(&device.device_type, &device.id, now, device.revision);
        let kept = if device.provisional { PROVISIONAL_SECONDS } else { HISTORY_SECONDS };
        let expires_at = now.seconds() + kept;
        Self::by_device(key, EventRow { at: now, what, expires_at })
    }
}
