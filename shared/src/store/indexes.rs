//! Index pointers: one item per device type and feed, read by every feed request; and the device types in a feed.

use serde::{Deserialize, Serialize};

use super::access::Access;
use super::device_types::DeviceTypeRow;
use super::read::Consistency;
use super::tx::{Tx, When};
use super::{Error, Guard, Store, keys};
use crate::domain::time::Seconds;
use crate::domain::{DeviceType, DeviceTypeId, FeedName, IndexPointer, KeyIds, PartnerId, Sha256};

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct IndexRow {
    device_type: DeviceTypeId,
    feed: FeedName,
    partner: PartnerId,
    revision: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    catalogue: Option<Sha256>,
    packages: u64,
    changed: Seconds,
    modified: Seconds,
    rekeyed: Seconds,
    written: Seconds,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    stopped: bool,
    download_key: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    openpgp_key: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    usign_key: Option<String>,
}

impl From<IndexRow> for IndexPointer {
    fn from(row: IndexRow) -> Self {
        Self {
            device_type: row.device_type,
            feed: row.feed,
            partner: row.partner,
            revision: row.revision,
            catalogue: row.catalogue,
            packages: row.packages,
            changed: row.changed,
            modified: row.modified,
            rekeyed: row.rekeyed,
            written: row.written,
            stopped: row.stopped,
            keys: KeyIds { download: row.download_key, openpgp: row.openpgp_key, usign: row.usign_key },
        }
    }
}

impl From<&IndexPointer> for IndexRow {
    fn from(this: &IndexPointer) -> Self {
        Self {
            device_type: this.device_type.clone(),
            feed: this.feed.clone(),
            partner: this.partner.clone(),
            revision: this.revision,
            catalogue: this.catalogue,
            packages: this.packages,
            changed: this.changed,
            modified: this.modified,
            rekeyed: this.rekeyed,
            written: this.written,
            stopped: this.stopped,
            download_key: this.keys.download.clone(),
            openpgp_key: this.keys.openpgp.clone(),
            usign_key: this.keys.usign.clone(),
        }
    }
}

/// A device type as a feed lists it. It stays listed, with no packages, after its last package has gone, and after it
/// has been deleted: who saw it before can only so be told that it is not there any more.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Listed {
    /// The device type; none in the row that says that a partner has made the feed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub device_type: Option<DeviceTypeId>,
    /// Whose device type, or whose feed, it is.
    pub partner: PartnerId,
    /// How many stanzas its index has.
    pub packages: u64,
    /// When that index last changed.
    pub modified: Seconds,
}

/// What a request of a restricted feed reads, in one call.
#[derive(Debug)]
pub struct RestrictedIndex {
    /// What the credential opens; nothing if it is unknown.
    pub access: Access,
    /// The pointer, if there is one.
    pub pointer: Option<IndexPointer>,
    /// The device type, if there is one.
    pub device_type: Option<DeviceType>,
}

impl Store {
    /// The pointer that a feed request is answered from; eventually consistent.
    pub async fn index_for_feed(
        &self,
        device_type: &DeviceTypeId,
        feed: &FeedName,
    ) -> Result<Option<IndexPointer>, Error> {
        let row: Option<IndexRow> = self.read(&keys::index(device_type, feed), Consistency::Eventual).await?;
        Ok(row.map(IndexPointer::from))
    }

    /// The pointer that a change is decided upon; strongly consistent.
    pub async fn index(
        &self,
        device_type: &DeviceTypeId,
        feed: &FeedName,
    ) -> Result<Option<IndexPointer>, Error> {
        let row: Option<IndexRow> = self.read(&keys::index(device_type, feed), Consistency::Strong).await?;
        Ok(row.map(IndexPointer::from))
    }

    /// All pointers of a device type.
    pub async fn indexes(&self, device_type: &DeviceTypeId) -> Result<Vec<IndexPointer>, Error> {
        let rows: Vec<IndexRow> =
            self.read_range(&keys::device_type_partition(device_type), keys::INDEX).await?;
        Ok(rows.into_iter().map(IndexPointer::from).collect())
    }

    /// Pointer, device type and what a credential opens, in one call that is the same whatever exists.
    pub async fn restricted_index(
        &self,
        device_type: &DeviceTypeId,
        feed: &FeedName,
        pseudonym: &str,
    ) -> Result<RestrictedIndex, Error> {
        let wanted =
            [keys::access(feed, pseudonym), keys::index(device_type, feed), keys::device_type(device_type)];
        let mut found = self.read_many(&wanted, Consistency::Eventual).await?;
        Ok(RestrictedIndex {
            access: found.take::<Access>(&wanted[0])?.unwrap_or_default(),
            pointer: found.take::<IndexRow>(&wanted[1])?.map(IndexPointer::from),
            device_type: found.take::<DeviceTypeRow>(&wanted[2])?.map(DeviceType::from),
        })
    }

    /// What a credential opens in a feed; nothing if it is unknown.
    pub async fn access(&self, feed: &FeedName, pseudonym: &str) -> Result<Access, Error> {
        let found = self.read(&keys::access(feed, pseudonym), Consistency::Eventual).await?;
        Ok(found.unwrap_or_default())
    }

    /// Whether a partner's feed stands in the list of that feed.
    pub async fn is_feed_listed(&self, feed: &FeedName, partner: &PartnerId) -> Result<bool, Error> {
        let row: Option<Listed> = self.read(&keys::feed_made(feed, partner), Consistency::Strong).await?;
        Ok(row.is_some())
    }

    /// A device type as a feed lists it.
    pub async fn listed(&self, device_type: &DeviceTypeId, feed: &FeedName) -> Result<Option<Listed>, Error> {
        self.read(&keys::listed_in_feed(feed, device_type), Consistency::Strong).await
    }

    /// Everything that is listed in a feed, over all partners; for a feed that nobody has, nothing.
    pub async fn listed_in_feed(&self, feed: &FeedName) -> Result<Vec<Listed>, Error> {
        self.read_range(&keys::feed_partition(feed), "").await
    }
}

impl Tx {
    /// Writes a pointer that was read at `revision`; none if there was none.
    pub fn put_index(&mut self, pointer: &IndexPointer, revision: Option<u64>) {
        let when = revision.map_or(When::Absent, When::Revision);
        let key = keys::index(&pointer.device_type, &pointer.feed);
        self.put(&key, &IndexRow::from(pointer), &when, Guard::Changed);
    }

    /// Removes a pointer that was read as `pointer`.
    pub fn delete_index(&mut self, pointer: &IndexPointer) {
        let key = keys::index(&pointer.device_type, &pointer.feed);
        self.delete(&key, &When::Revision(pointer.revision), Guard::Changed);
    }

    /// Lists a device type in a feed as its pointer, which the same transaction writes, has it.
    pub fn list_in_feed(&mut self, pointer: &IndexPointer) {
        let row = Listed {
            device_type: Some(pointer.device_type.clone()),
            partner: pointer.partner.clone(),
            packages: pointer.shown(),
            modified: pointer.modified,
        };
        let key = keys::listed_in_feed(&pointer.feed, &pointer.device_type);
        self.put(&key, &row, &When::Always, Guard::Changed);
    }

    /// Says in the list of a feed that `partner` has made it, so that an empty one is found too.
    pub fn list_feed(&mut self, feed: &FeedName, partner: &PartnerId, at: Seconds) {
        let row = Listed { device_type: None, partner: partner.clone(), packages: 0, modified: at };
        self.put(&keys::feed_made(feed, partner), &row, &When::Always, Guard::Changed);
    }

    /// Takes a partner's feed out of the list.
    pub fn unlist_feed(&mut self, feed: &FeedName, partner: &PartnerId) {
        self.delete(&keys::feed_made(feed, partner), &When::Always, Guard::Changed);
    }
}
