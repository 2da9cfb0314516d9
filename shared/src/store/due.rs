//! Rollouts whose end is known, by that end: what the reconciler looks at each minute, so that it need not look at all
//! associations.
//!
//! A row is only a hint: at its moment it is seen whether there is anything to be done.

use aws_sdk_dynamodb::types::AttributeValue;
use serde::{Deserialize, Serialize};

use super::row::{Item, decode};
use super::tx::{Tx, When};
use super::{Error, Guard, Store, keys};
use crate::domain::association::Association;
use crate::domain::decision::Stage;
use crate::domain::{DeviceTypeId, FeedName, ImageId, PartnerId, Plan, Timestamp, TypeNumber, VersionNumber};

/// How many are read at once.
const PAGE: i32 = 100;

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct DueRow {
    partner: PartnerId,
    device_type: DeviceTypeId,
    feed: FeedName,
    number: TypeNumber,
    version_number: VersionNumber,
    at: Timestamp,
    /// Tells it from what another change notes for the same moment.
    #[serde(default)]
    by: Option<String>,
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
    /// The sort key under which it is noted.
    sk: String,
    /// The change that noted it.
    by: Option<String>,
}

/// Where a page of them ended.
#[derive(Debug, Clone)]
pub struct DuePlace(Item);

impl Store {
    /// Some of the rollouts that have taken everyone in by `now`, those first whose end has come first, and where to go on
    /// from: one query of at most 100 items.
    pub async fn due(
        &self,
        now: Timestamp,
        from: Option<DuePlace>,
    ) -> Result<(Vec<Due>, Option<DuePlace>), Error> {
        let answer = self
            .client
            .query()
            .table_name(&self.table)
            .key_condition_expression("PK = :pk AND SK BETWEEN :low AND :high")
            .expression_attribute_values(":pk", AttributeValue::S(keys::DUE.to_owned()))
            .expression_attribute_values(":low", AttributeValue::S(keys::DUE_FIRST.to_owned()))
            .expression_attribute_values(":high", AttributeValue::S(keys::due_until(now)))
            .consistent_read(true)
            .limit(PAGE)
            .set_exclusive_start_key(from.map(|place| place.0))
            .send()
            .await
            .map_err(|error| Error::unavailable("Query", &error))?;
        let read = |item: Item| {
            let sk = item.get("SK").and_then(|sk| sk.as_s().ok()).cloned().unwrap_or_default();
            let row: DueRow = decode(item)?;
            Ok(Due {
                partner: row.partner,
                device_type: row.device_type,
                feed: row.feed,
                id: ImageId { r#type: row.number, number: row.version_number },
                at: row.at,
                sk,
                by: row.by,
            })
        };
        let rows = answer.items.unwrap_or_default().into_iter().map(read);
        let rows = rows.filter(|due| !matches!(due, Ok(due) if due.at > now));
        Ok((rows.collect::<Result<_, Error>>()?, answer.last_evaluated_key.map(DuePlace)))
    }
}

/// When a plan will have taken everyone in by itself.
fn end_of(plan: &Plan) -> Option<Timestamp> {
    let whole = match &plan.stage {
        Stage::Rolling(rollout) => rollout.whole_at(),
        Stage::Released | Stage::Withdrawn => None,
    };
    whole.filter(|_| plan.paused.is_none())
}

impl Tx {
    /// Says when the rollout of an association will have taken everyone in, if that is known, in place of what was said of its
    /// plan `before`.
    pub fn note_due(&mut self, partner: &PartnerId, before: Option<&Plan>, this: &Association) {
        let key = |at| keys::due(at, &this.device_type, &this.feed, this.image.id);
        let (known, at) = (before.and_then(end_of), end_of(&this.plan));
        if let Some(known) = known.filter(|known| Some(*known) != at) {
            self.delete(&key(known), &When::Always, Guard::Changed);
        }
        let Some(at) = at else { return };
        let row = DueRow {
            partner: partner.clone(),
            device_type: this.device_type.clone(),
            feed: this.feed.clone(),
            number: this.image.id.r#type,
            version_number: this.image.id.number,
            at,
            by: Some(self.turn().to_owned()),
        };
        self.put(&key(at), &row, &When::Always, Guard::Changed);
    }

    /// Forgets a moment at which there is nothing left to be done; [`Guard::Changed`] if it has been noted anew meanwhile.
    pub fn forget_due(&mut self, due: &Due) {
        let same = if let Some(by) = &due.by {
            When::Expression("#by = :by", vec![(":by", AttributeValue::S(by.clone()))])
        } else {
            let at = AttributeValue::N(due.at.millis().to_string());
            When::Expression("#at = :at", vec![(":at", at)])
        };
        let key = keys::Key { pk: keys::DUE.to_owned(), sk: due.sk.clone() };
        self.delete(&key, &same, Guard::Changed);
    }
}
