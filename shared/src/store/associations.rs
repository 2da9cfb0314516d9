//! Associations, by device type; and the placements that say where an image is.

use aws_sdk_dynamodb::types::AttributeValue;
use serde::{Deserialize, Serialize};

use super::plans::PlanRow;
use super::read::Consistency;
use super::tx::{Tx, When};
use super::{Error, Guard, Store, keys};
use crate::domain::association::Association;
use crate::domain::{
    BinaryKind, DeviceTypeId, FeedName, ImageId, ImageRef, PartnerId, Plan, Timestamp, TypeNumber,
    VersionNumber,
};

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct AssociationRow {
    device_type: DeviceTypeId,
    feed: FeedName,
    owner: PartnerId,
    number: TypeNumber,
    version_number: VersionNumber,
    kind: BinaryKind,
    created: Timestamp,
    #[serde(default, skip_serializing_if = "PlanRow::is_default")]
    plan: PlanRow,
}

impl AssociationRow {
    pub(super) fn read(self) -> Result<Association, Error> {
        let id = ImageId { r#type: self.number, number: self.version_number };
        let key = || keys::association(&self.device_type, &self.feed, id).to_string();
        let plan = self.plan.read(key)?;
        Ok(Association {
            image: ImageRef::associated(self.owner, &self.device_type, id),
            device_type: self.device_type,
            feed: self.feed,
            kind: self.kind,
            created: self.created,
            plan,
        })
    }
}

impl From<&Association> for AssociationRow {
    fn from(this: &Association) -> Self {
        Self {
            device_type: this.device_type.clone(),
            feed: this.feed.clone(),
            owner: this.image.owner.clone(),
            number: this.image.id.r#type,
            version_number: this.image.id.number,
            kind: this.kind,
            created: this.created,
            plan: (&this.plan).into(),
        }
    }
}

/// One feed of one device type in which an image is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Placement {
    /// Whose device type it is; not the image's owner if the image was offered.
    pub partner: PartnerId,
    /// The device type.
    pub device_type: DeviceTypeId,
    /// The feed.
    pub feed: FeedName,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct PlacementRow {
    #[serde(flatten)]
    placement: Placement,
    /// It was taken back there for good, and has been taken away since: a row that says no more than that.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    withdrawn: bool,
    /// It was paused there, and has been taken away since: a row that says no more than that.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    halted: bool,
}

/// What is left of an association that has been taken away.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mark {
    /// It was taken back for good.
    Withdrawn,
    /// It was paused.
    Halted,
}

impl PlacementRow {
    fn of(this: &Association, partner: &PartnerId) -> Self {
        let (device_type, feed) = (this.device_type.clone(), this.feed.clone());
        let placement = Placement { partner: partner.clone(), device_type, feed };
        Self { placement, withdrawn: false, halted: false }
    }

    fn mark(&self) -> Option<Mark> {
        let halted = self.halted.then_some(Mark::Halted);
        if self.withdrawn { Some(Mark::Withdrawn) } else { halted }
    }
}

/// A plan in the form in which the table keeps it, for the audit.
pub fn plan_as_kept(plan: &Plan) -> Result<serde_json::Value, serde_json::Error> {
    serde_json::to_value(PlanRow::from(plan))
}

/// The plan in what [`plan_as_kept`] made; none if it is something else.
pub fn plan_from_kept(kept: &serde_json::Value) -> Option<Plan> {
    let row: PlanRow = serde_json::from_value(kept.clone()).ok()?;
    row.read(String::new).ok()
}

impl Store {
    /// The associations of a device type; in one feed, or in all.
    pub async fn associations(
        &self,
        device_type: &DeviceTypeId,
        feed: Option<&FeedName>,
    ) -> Result<Vec<Association>, Error> {
        let pk = keys::device_type_partition(device_type);
        let rows: Vec<AssociationRow> = self.read_range(&pk, &keys::association_prefix(feed)).await?;
        rows.into_iter().map(AssociationRow::read).collect()
    }

    /// One association.
    pub async fn association(
        &self,
        device_type: &DeviceTypeId,
        feed: &FeedName,
        id: ImageId,
    ) -> Result<Option<Association>, Error> {
        let key = keys::association(device_type, feed, id);
        let row: Option<AssociationRow> = self.read(&key, Consistency::Strong).await?;
        row.map(AssociationRow::read).transpose()
    }

    /// Everywhere an image is, whoever owns the device types.
    pub async fn placements(&self, id: ImageId) -> Result<Vec<Placement>, Error> {
        let rows: Vec<PlacementRow> = self.read_range(&keys::image_partition(id), keys::PLACEMENT).await?;
        Ok(rows.into_iter().filter(|row| row.mark().is_none()).map(|row| row.placement).collect())
    }

    /// What is left of an association that has been taken away; none while it is there, and where there was none.
    pub async fn mark(
        &self,
        device_type: &DeviceTypeId,
        feed: &FeedName,
        id: ImageId,
    ) -> Result<Option<Mark>, Error> {
        let key = keys::placement(id, device_type, feed);
        let row: Option<PlacementRow> = self.read(&key, Consistency::Strong).await?;
        Ok(row.and_then(|row| row.mark()))
    }
}

const NOT_WITHDRAWN: &str =
    "attribute_exists(PK) AND (attribute_not_exists(#plan.#stage) OR #plan.#stage <> :withdrawn)";

const NEITHER_WITHDRAWN_NOR_PAUSED: &str = "attribute_exists(PK) AND attribute_not_exists(#plan.#paused) \
    AND (attribute_not_exists(#plan.#stage) OR #plan.#stage <> :withdrawn)";

/// The stage of what was taken back for good, as rows keep it.
fn withdrawn_stage() -> (&'static str, AttributeValue) {
    (":withdrawn", AttributeValue::S("withdrawn".into()))
}

impl Tx {
    /// Makes an association with a device type of `partner`; [`Guard::AlreadyThere`] if there is one, and
    /// [`Guard::Changed`] if there was one that left a [`Mark`] which forbids it: a halt, unless the new one is halted.
    pub fn create_association(&mut self, this: &Association, partner: &PartnerId) {
        let key = keys::association(&this.device_type, &this.feed, this.image.id);
        self.put(&key, &AssociationRow::from(this), &When::Absent, Guard::AlreadyThere);
        let key = keys::placement(this.image.id, &this.device_type, &this.feed);
        let unmarked = match this.plan.paused {
            Some(_) => "attribute_not_exists(#withdrawn)",
            None => "attribute_not_exists(#withdrawn) AND attribute_not_exists(#halted)",
        };
        let when = When::Expression(unmarked, Vec::new());
        self.put(&key, &PlacementRow::of(this, partner), &when, Guard::Changed);
    }

    /// Replaces an association, whose plan has changed; [`Guard::Changed`] if it is gone.
    pub fn replace_association(&mut self, this: &Association) {
        let key = keys::association(&this.device_type, &this.feed, this.image.id);
        self.put(&key, &AssociationRow::from(this), &When::Present, Guard::Changed);
    }

    /// Removes an association with a device type of `partner`; [`Guard::Changed`] if it is gone already, or has been
    /// withdrawn or paused since it was read as `this`. Of one that was
    /// withdrawn or paused a [`Mark`] stays, so that it does not come back as if nothing had been.
    pub fn delete_association(&mut self, this: &Association, partner: &PartnerId) {
        let key = keys::association(&this.device_type, &this.feed, this.image.id);
        let withdrawn = this.plan.is_withdrawn();
        let halted = !withdrawn && this.plan.paused.is_some();
        // In the row itself: a package that is held back has no other item that a withdrawal would change, and a check of
        // one more in each feed there can be is more than a transaction takes.
        let as_read = match (withdrawn, halted) {
            (true, _) => When::Present,
            (false, true) => When::Expression(NOT_WITHDRAWN, vec![withdrawn_stage()]),
            (false, false) => When::Expression(NEITHER_WITHDRAWN_NOR_PAUSED, vec![withdrawn_stage()]),
        };
        self.delete(&key, &as_read, Guard::Changed);
        let key = keys::placement(this.image.id, &this.device_type, &this.feed);
        if withdrawn || halted {
            let mark = PlacementRow { withdrawn, halted, ..PlacementRow::of(this, partner) };
            self.put(&key, &mark, &When::Always, Guard::Changed);
        } else {
            self.delete(&key, &When::Always, Guard::Changed);
        }
    }

    /// Expects that an association is still there.
    pub fn expect_association(&mut self, this: &Association) {
        let key = keys::association(&this.device_type, &this.feed, this.image.id);
        self.check(&key, &When::Present, Guard::Changed);
    }
}
