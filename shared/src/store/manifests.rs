//! Manifests: one item per device type and feed, read whole by every check.

use serde::{Deserialize, Serialize};

use super::access::Access;
use super::device_types::DeviceTypeRow;
use super::images::BinaryRow;
use super::plans::CandidateRow;
use super::read::Consistency;
use super::tx::{Tx, When};
use super::{Error, Guard, Store, keys};
use crate::domain::poll::{PollSeconds, Polling};
use crate::domain::{
    Binary, DeviceType, DeviceTypeId, Entry, FeedName, ImageId, Manifest, Name, PartnerId, TypeNumber,
    Version, VersionNumber,
};

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct EntryRow {
    number: TypeNumber,
    version_number: VersionNumber,
    type_name: Name,
    name: Name,
    version: Version,
    binary: BinaryRow,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    second: Option<BinaryRow>,
    #[serde(default, skip_serializing_if = "CandidateRow::is_default")]
    plan: CandidateRow,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ManifestRow {
    device_type: DeviceTypeId,
    feed: FeedName,
    partner: PartnerId,
    revision: u64,
    download_key: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    next_poll_seconds: Option<PollSeconds>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    rollout_poll_seconds: Option<PollSeconds>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    stopped: bool,
    entries: Vec<EntryRow>,
}

impl EntryRow {
    /// The entry; a row that none makes is [`Error::Corrupt`] under the key that `key` names.
    pub(super) fn read(self, key: impl Fn() -> String) -> Result<Entry, Error> {
        let id = ImageId { r#type: self.number, number: self.version_number };
        Ok(Entry {
            candidate: self.plan.read(id, key)?,
            type_name: self.type_name,
            name: self.name,
            version: self.version,
            binary: self.binary.into(),
            second: self.second.map(Binary::from),
        })
    }
}

impl From<&Entry> for EntryRow {
    fn from(entry: &Entry) -> Self {
        Self {
            number: entry.id().r#type,
            version_number: entry.id().number,
            type_name: entry.type_name.clone(),
            name: entry.name.clone(),
            version: entry.version.clone(),
            binary: (&entry.binary).into(),
            second: entry.second.as_ref().map(BinaryRow::from),
            plan: (&entry.candidate).into(),
        }
    }
}

impl ManifestRow {
    pub(super) fn read(self) -> Result<Manifest, Error> {
        let key = || keys::manifest(&self.device_type, &self.feed).to_string();
        let entries = self.entries.into_iter().map(|row| row.read(key)).collect::<Result<_, Error>>()?;
        Ok(Manifest {
            device_type: self.device_type,
            feed: self.feed,
            partner: self.partner,
            revision: self.revision,
            download_key: self.download_key,
            polling: Polling { seconds: self.next_poll_seconds, rollout_seconds: self.rollout_poll_seconds },
            stopped: self.stopped,
            entries,
        })
    }
}

impl From<&Manifest> for ManifestRow {
    fn from(this: &Manifest) -> Self {
        Self {
            device_type: this.device_type.clone(),
            feed: this.feed.clone(),
            partner: this.partner.clone(),
            revision: this.revision,
            download_key: this.download_key.clone(),
            next_poll_seconds: this.polling.seconds,
            rollout_poll_seconds: this.polling.rollout_seconds,
            stopped: this.stopped,
            entries: this.entries.iter().map(EntryRow::from).collect(),
        }
    }
}

/// Roughly how many bytes a manifest takes in the table.
pub fn stored_bytes(manifest: &Manifest) -> usize {
    serde_json::to_vec(&ManifestRow::from(manifest)).map_or(usize::MAX, |text| text.len())
}

/// What a check of a restricted feed reads, in one call.
#[derive(Debug)]
pub struct Restricted {
    /// What the credential opens; nothing if it is unknown.
    pub access: Access,
    /// The manifest, if there is one.
    pub manifest: Option<Manifest>,
    /// The device type, if there is one.
    pub device_type: Option<DeviceType>,
}

impl Store {
    /// The manifest that a check is answered from; eventually consistent.
    pub async fn manifest_for_check(
        &self,
        device_type: &DeviceTypeId,
        feed: &FeedName,
    ) -> Result<Option<Manifest>, Error> {
        let row: Option<ManifestRow> =
            self.read(&keys::manifest(device_type, feed), Consistency::Eventual).await?;
        row.map(ManifestRow::read).transpose()
    }

    /// Manifest, device type and what a credential opens, in one call that is the same whatever exists.
    pub async fn restricted_check(
        &self,
        device_type: &DeviceTypeId,
        feed: &FeedName,
        pseudonym: &str,
    ) -> Result<Restricted, Error> {
        let wanted = [
            keys::access(feed, pseudonym),
            keys::manifest(device_type, feed),
            keys::device_type(device_type),
        ];
        let mut found = self.read_many(&wanted, Consistency::Eventual).await?;
        Ok(Restricted {
            access: found.take::<Access>(&wanted[0])?.unwrap_or_default(),
            manifest: found.take::<ManifestRow>(&wanted[1])?.map(ManifestRow::read).transpose()?,
            device_type: found.take::<DeviceTypeRow>(&wanted[2])?.map(DeviceType::from),
        })
    }

    /// The manifest that a change is decided upon; strongly consistent.
    pub async fn manifest(
        &self,
        device_type: &DeviceTypeId,
        feed: &FeedName,
    ) -> Result<Option<Manifest>, Error> {
        let row: Option<ManifestRow> =
            self.read(&keys::manifest(device_type, feed), Consistency::Strong).await?;
        row.map(ManifestRow::read).transpose()
    }

    /// All manifests of a device type.
    pub async fn manifests(&self, device_type: &DeviceTypeId) -> Result<Vec<Manifest>, Error> {
        let rows: Vec<ManifestRow> =
            self.read_range(&keys::device_type_partition(device_type), keys::MANIFEST).await?;
        rows.into_iter().map(ManifestRow::read).collect()
    }
}

impl Tx {
    /// Writes a manifest that was read at `revision`; none if there was none.
    pub fn put_manifest(&mut self, manifest: &Manifest, revision: Option<u64>) {
        let when = revision.map_or(When::Absent, When::Revision);
        let key = keys::manifest(&manifest.device_type, &manifest.feed);
        self.put(&key, &ManifestRow::from(manifest), &when, Guard::Changed);
    }

    /// Expects that a manifest is still what was read.
    pub fn expect_manifest(&mut self, manifest: &Manifest) {
        let key = keys::manifest(&manifest.device_type, &manifest.feed);
        self.check(&key, &When::Revision(manifest.revision), Guard::Changed);
    }

    /// Expects that a manifest is still at the revision at which it was read; none if there was none.
    pub fn expect_manifest_at(&mut self, device_type: &DeviceTypeId, feed: &FeedName, revision: Option<u64>) {
        let when = revision.map_or(When::Absent, When::Revision);
        self.check(&keys::manifest(device_type, feed), &when, Guard::Changed);
    }

    /// Removes a manifest that was read as `manifest`.
    pub fn delete_manifest(&mut self, manifest: &Manifest) {
        let key = keys::manifest(&manifest.device_type, &manifest.feed);
        self.delete(&key, &When::Revision(manifest.revision), Guard::Changed);
    }
}
