//! Rollouts whose end is known: what the reconciler looks at each minute, so that it need not look at all associations.

use aws_sdk_dynamodb::types::AttributeValue;
use serde::{Deserialize, Serialize};

use super::tx::{Tx, When};
use super::{Error, Guard, Store, keys};
use crate::domain::association::Association;
use crate::domain::decision::Stage;
use crate::domain::{DeviceTypeId, FeedName, ImageId, PartnerId, Timestamp, TypeNumber, VersionNumber};

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct DueRow {
    partner: PartnerId,
    device_type: DeviceTypeId,
    feed: FeedName,
    number: TypeNumber,
    version_number: VersionNumber,
    at: Timestamp,
}

/// A rollout that will have taken everyone in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Due {
    /// Whose device type it is.
    pub partner: PartnerId,
    /// The device type.
    pub device_type: DeviceTypeId,
    /// The feed.
    pub feed: FeedName,
    /// The image.
    pub id: ImageId,
    /// When.
    pub at: Timestamp,
}

impl From<DueRow> for Due {
    fn from(row: DueRow) -> Self {
        Self {
            partner: row.partner,
            device_type: row.device_type,
            feed: row.feed,
            id: ImageId { r#type: row.number, number: row.version_number },
            at: row.at,
        }
    }
}

impl Store {
    /// Every rollout whose end is known: one query, of as many items as there are such rollouts.
    pub async fn due(&self) -> Result<Vec<Due>, Error> {
        let rows: Vec<DueRow> = self.read_range(keys::DUE, "").await?;
        Ok(rows.into_iter().map(Due::from).collect())
    }
}

impl Tx {
    /// Says when the rollout of an association will have taken everyone in, or that this is not known.
    pub fn note_due(&mut self, partner: &PartnerId, this: &Association) {
        let key = keys::due(&this.device_type, &this.feed, this.image.id);
        let whole = match &this.plan.stage {
            Stage::Rolling(rollout) => rollout.whole_at(),
            Stage::Released | Stage::Withdrawn => None,
        };
        let Some(at) = whole.filter(|_| this.plan.paused.is_none()) else {
            self.delete(&key, &When::Always, Guard::Changed);
            return;
        };
        let row = DueRow {
            partner: partner.clone(),
            device_type: this.device_type.clone(),
            feed: this.feed.clone(),
            number: this.image.id.r#type,
            version_number: this.image.id.number,
            at,
        };
        self.put(&key, &row, &When::Always, Guard::Changed);
    }

    /// Forgets a rollout whose image is no longer there, or will not take everyone in by itself any more; [`Guard::Changed`] if
    /// it ends at another moment by now.
    pub fn forget_due(&mut self, due: &Due) {
        let at = AttributeValue::N(due.at.millis().to_string());
        let same = When::Expression("#at = :at", vec![(":at", at)]);
        self.delete(&keys::due(&due.device_type, &due.feed, due.id), &same, Guard::Changed);
    }
}
