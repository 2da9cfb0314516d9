//! The history of devices: what they said, and what came of it, in place of the audit, which a fleet would drown.

use std::collections::BTreeMap;

use aws_sdk_dynamodb::types::AttributeValue;
use serde::{Deserialize, Serialize};

use super::devices::{PROVISIONAL_SECONDS, attributes};
use super::row::decode;
use super::{Error, Store, Tx, keys};
use crate::domain::device::{Checked, Device};
use crate::domain::number::ReportedVersion;
use crate::domain::progress::State;
use crate::domain::{FeedName, ImageId, Timestamp, TypeNumber, VersionNumber};

/// How long a moment of a device's history is kept, in seconds: two years.
const HISTORY_SECONDS: i64 = 2 * 366 * 86_400;
/// The most moments of a device's history that are read to tell its past.
const MOST_MOMENTS: i32 = 1000;

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
    /// The history of a device that is known, up to `at` and since it was first heard of, newest first: at most 1,000 moments,
    /// and whether that is all, the moment at which it was first heard of included.
    pub async fn history_until(
        &self,
        device: &Device,
        at: Timestamp,
    ) -> Result<(Vec<EventRow>, bool), Error> {
        // What was kept of a device before it was forgotten is nobody's any more.
        let low = keys::device_event(&device.device_type, &device.id, device.created, 0);
        let high = keys::device_event(&device.device_type, &device.id, at, u64::MAX);
        if low.sk > high.sk {
            return Ok((Vec::new(), true));
        }
        let (mut rows, mut place) = (Vec::new(), None);
        loop {
            let answer = self
                .client
                .query()
                .table_name(&self.table)
                .key_condition_expression("PK = :pk AND SK BETWEEN :low AND :high")
                .expression_attribute_values(":pk", AttributeValue::S(low.pk.clone()))
                .expression_attribute_values(":low", AttributeValue::S(low.sk.clone()))
                .expression_attribute_values(":high", AttributeValue::S(high.sk.clone()))
                .scan_index_forward(false)
                .consistent_read(true)
                .limit(MOST_MOMENTS - i32::try_from(rows.len()).unwrap_or(MOST_MOMENTS - 1))
                .set_exclusive_start_key(place)
                .send()
                .await
                .map_err(|error| Error::unavailable("Query", &error))?;
            for item in answer.items.unwrap_or_default() {
                rows.push(decode(item)?);
            }
            place = answer.last_evaluated_key;
            let enough = i32::try_from(rows.len()).is_ok_and(|read| read >= MOST_MOMENTS);
            if place.is_none() || enough {
                // The first moments of a device that is older than they are kept are gone without a trace.
                let whole = rows.last().is_some_and(|first: &EventRow| first.at == device.created);
                return Ok((rows, whole));
            }
        }
    }
}

/// How long what a device says is kept from then on, in seconds.
pub fn kept_seconds(device: &Device) -> i64 {
    if device.provisional { PROVISIONAL_SECONDS } else { HISTORY_SECONDS }
}

impl Tx {
    /// A transaction by a device, which leaves `what` in its history instead of an item in the audit.
    pub fn of_device(device: &Device, what: Event, now: Timestamp) -> Self {
        let key = keys::device_event(&device.device_type, &device.id, now, device.revision);
        let expires_at = now.seconds() + kept_seconds(device);
        Self::by_device(key, EventRow { at: now, what, expires_at })
    }
}
