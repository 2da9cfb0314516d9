//! Device types: found by their id, listed by their partner.

use serde::{Deserialize, Serialize};

use super::read::Consistency;
use super::tx::{Change, Tx, When};
use super::{Error, Guard, Store, keys};
use crate::domain::device_token::Epoch;
use crate::domain::poll::{PollSeconds, Polling};
use crate::domain::{Architecture, Description, DeviceType, DeviceTypeId, Name, PartnerId, Timestamp};
use aws_sdk_dynamodb::types::AttributeValue;

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct DeviceTypeRow {
    id: DeviceTypeId,
    partner: PartnerId,
    name: Name,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    description: Option<Description>,
    architecture: Architecture,
    #[serde(default = "first_epoch", skip_serializing_if = "is_first")]
    epoch: Epoch,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    anonymous_reports: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    stopped: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    stopped_with_partner: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    next_poll_seconds: Option<PollSeconds>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    rollout_poll_seconds: Option<PollSeconds>,
    created: Timestamp,
    updated: Timestamp,
    revision: u64,
    associations: u64,
    deleted: bool,
}

/// The epoch of a device type whose secret was never changed.
const fn first_epoch() -> Epoch {
    1
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
const fn is_first(epoch: &Epoch) -> bool {
    *epoch == first_epoch()
}

impl From<DeviceTypeRow> for DeviceType {
    fn from(row: DeviceTypeRow) -> Self {
        Self {
            id: row.id,
            partner: row.partner,
            name: row.name,
            description: row.description,
            architecture: row.architecture,
            epoch: row.epoch,
            anonymous_reports: row.anonymous_reports,
            stopped: row.stopped,
            stopped_with_partner: row.stopped_with_partner,
            polling: Polling { seconds: row.next_poll_seconds, rollout_seconds: row.rollout_poll_seconds },
            created: row.created,
            updated: row.updated,
            revision: row.revision,
            associations: row.associations,
            deleted: row.deleted,
        }
    }
}

impl From<&DeviceType> for DeviceTypeRow {
    fn from(this: &DeviceType) -> Self {
        Self {
            id: this.id.clone(),
            partner: this.partner.clone(),
            name: this.name.clone(),
            description: this.description.clone(),
            architecture: this.architecture.clone(),
            epoch: this.epoch,
            anonymous_reports: this.anonymous_reports,
            stopped: this.stopped,
            stopped_with_partner: this.stopped_with_partner,
            next_poll_seconds: this.polling.seconds,
            rollout_poll_seconds: this.polling.rollout_seconds,
            created: this.created,
            updated: this.updated,
            revision: this.revision,
            associations: this.associations,
            deleted: this.deleted,
        }
    }
}

#[derive(Serialize, Deserialize)]
struct ListedRow {
    id: DeviceTypeId,
}

impl Store {
    /// A device type, tombstones included.
    pub async fn device_type(&self, id: &DeviceTypeId) -> Result<Option<DeviceType>, Error> {
        let row: Option<DeviceTypeRow> = self.read(&keys::device_type(id), Consistency::Strong).await?;
        Ok(row.map(DeviceType::from))
    }

    /// The ids of a partner's device types, in order.
    pub async fn device_type_ids(&self, partner: &PartnerId) -> Result<Vec<DeviceTypeId>, Error> {
        let rows: Vec<ListedRow> =
            self.read_range(&keys::partner_partition(partner), keys::DEVICE_TYPE_LISTED).await?;
        Ok(rows.into_iter().map(|row| row.id).collect())
    }

    /// Many device types, in the order asked for; those that are gone are left out.
    pub async fn device_types(&self, ids: &[DeviceTypeId]) -> Result<Vec<DeviceType>, Error> {
        let keys: Vec<_> = ids.iter().map(keys::device_type).collect();
        let mut found = self.read_many(&keys, Consistency::Strong).await?;
        let mut all = Vec::with_capacity(keys.len());
        for key in &keys {
            all.extend(found.take::<DeviceTypeRow>(key)?.map(DeviceType::from).filter(|this| !this.deleted));
        }
        Ok(all)
    }
}

impl Tx {
    /// Creates a device type, or revives the tombstone `over`; [`Guard::AlreadyThere`] if its id is taken.
    pub fn create_device_type(&mut self, this: &DeviceType, over: Option<&DeviceType>) {
        let when = over.map_or(When::Absent, |old| When::Revision(old.revision));
        self.put(&keys::device_type(&this.id), &DeviceTypeRow::from(this), &when, Guard::AlreadyThere);
        let row = ListedRow { id: this.id.clone() };
        self.put(&keys::device_type_listed(&this.partner, &this.id), &row, &When::Always, Guard::Changed);
    }

    /// Replaces a device type that was read at `revision`.
    pub fn replace_device_type(&mut self, this: &DeviceType, revision: u64) {
        let when = When::Revision(revision);
        self.put(&keys::device_type(&this.id), &DeviceTypeRow::from(this), &when, Guard::Changed);
    }

    /// Makes a deletion of a device type that was read as `this` start again, and any change of it.
    pub fn touch_device_type(&mut self, this: &DeviceType) {
        let change = Change::default().add("revision", 1);
        let unchanged = When::Revision(this.revision);
        self.update(&keys::device_type(&this.id), change, &unchanged, Guard::Changed);
    }

    /// Leaves a tombstone of a device type that was read as `this` and has no associations.
    pub fn bury_device_type(&mut self, this: &DeviceType) {
        let when = When::Expression(
            "#revision = :revision AND #associations = :zero",
            vec![
                (":revision", AttributeValue::N(this.revision.to_string())),
                (":zero", AttributeValue::N("0".into())),
            ],
        );
        let tombstone = DeviceType { deleted: true, revision: this.revision + 1, ..this.clone() };
        self.put(&keys::device_type(&this.id), &DeviceTypeRow::from(&tombstone), &when, Guard::Changed);
        self.delete(&keys::device_type_listed(&this.partner, &this.id), &When::Always, Guard::Changed);
    }

    /// Counts `by` associations more or less on a living device type of `partner`; [`Guard::Gone`] if there is none.
    ///
    /// The count also makes a deletion that is being decided start again.
    pub fn count_associations(&mut self, id: &DeviceTypeId, partner: &PartnerId, by: i64) {
        let alive = When::Expression(
            "#partner = :partner AND #deleted = :no",
            vec![(":partner", AttributeValue::S(partner.to_string())), (":no", AttributeValue::Bool(false))],
        );
        let change = Change::default().add("associations", by).add("revision", 1);
        self.update(&keys::device_type(id), change, &alive, Guard::Gone);
    }

    /// Counts one association more on a device type that was read as `this`, still takes the same packages, and is still
    /// stopped, or not, as it was.
    pub fn count_association(&mut self, this: &DeviceType) {
        let same = When::Expression(
            if this.is_stopped() {
                "#architecture = :architecture AND #deleted = :no \
                 AND (attribute_exists(#stopped) OR attribute_exists(#stoppedWithPartner))"
            } else {
                "#architecture = :architecture AND #deleted = :no \
                 AND attribute_not_exists(#stopped) AND attribute_not_exists(#stoppedWithPartner)"
            },
            vec![
                (":architecture", AttributeValue::S(this.architecture.to_string())),
                (":no", AttributeValue::Bool(false)),
            ],
        );
        let change = Change::default().add("associations", 1).add("revision", 1);
        self.update(&keys::device_type(&this.id), change, &same, Guard::Changed);
    }
}
