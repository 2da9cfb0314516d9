//! Images: a slim row for lists, a row of details, and a guard on the name.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;
use serde::{Deserialize, Serialize};

use super::keys::Key;
use super::read::Consistency;
use super::tx::{Change, Tx, When};
use super::{Error, Guard, Store, keys};
use crate::domain::image::{Image, Intent, Slots, Words};
use crate::domain::page::Listed;
use crate::domain::{
    Binary, BinaryKind, Description, DeviceProfileId, DeviceTypeId, ImageId, ImageRef, Md5, Name, PartnerId,
    Sha256, Tag, Timestamp, TypeNumber, Version, VersionNumber,
};

/// What a list is sorted and filtered by; attribute names are short because lists read thousands of these.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ImageRow {
    #[serde(rename = "o")]
    owner: PartnerId,
    #[serde(rename = "d", default, skip_serializing_if = "Option::is_none")]
    device_type: Option<DeviceTypeId>,
    #[serde(rename = "k")]
    number: TypeNumber,
    #[serde(rename = "i")]
    version_number: VersionNumber,
    #[serde(rename = "n")]
    name: Name,
    #[serde(rename = "v")]
    version: Version,
    #[serde(rename = "c")]
    created: Timestamp,
    #[serde(rename = "u")]
    updated: Timestamp,
    #[serde(rename = "t", default, skip_serializing_if = "Vec::is_empty")]
    tags: Vec<Tag>,
}

impl ImageRow {
    /// Which image of whom the row lists.
    pub fn reference(&self) -> ImageRef {
        ImageRef { owner: self.owner.clone(), device_type: self.device_type.clone(), id: self.id() }
    }
}

impl Listed for ImageRow {
    fn id(&self) -> ImageId {
        ImageId { r#type: self.number, number: self.version_number }
    }
    fn name(&self) -> &Name {
        &self.name
    }
    fn version(&self) -> &Version {
        &self.version
    }
    fn created(&self) -> Timestamp {
        self.created
    }
    fn updated(&self) -> Timestamp {
        self.updated
    }
    fn tags(&self) -> &[Tag] {
        &self.tags
    }
}

impl From<&Image> for ImageRow {
    fn from(image: &Image) -> Self {
        Self {
            owner: image.owner.clone(),
            device_type: image.device_type.clone(),
            number: image.id.r#type,
            version_number: image.id.number,
            name: image.words.name.clone(),
            version: image.words.version.clone(),
            created: image.created,
            updated: image.updated,
            tags: image.words.tags.clone(),
        }
    }
}

#[derive(Debug, Serialize, Deserialize)]
pub(super) struct BinaryRow {
    sha256: Sha256,
    md5: Md5,
    size: u64,
    kind: BinaryKind,
}

impl From<&Binary> for BinaryRow {
    fn from(binary: &Binary) -> Self {
        Self { sha256: binary.sha256, md5: binary.md5, size: binary.size, kind: binary.kind }
    }
}

impl From<BinaryRow> for Binary {
    fn from(row: BinaryRow) -> Self {
        Self { sha256: row.sha256, md5: row.md5, size: row.size, kind: row.kind }
    }
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
enum IntentRow {
    DeviceType(DeviceTypeId),
    Partner(PartnerId),
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct DetailRow {
    owner: PartnerId,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    device_type: Option<DeviceTypeId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    device_profile: Option<DeviceProfileId>,
    number: TypeNumber,
    version_number: VersionNumber,
    name: Name,
    version: Version,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    description: Option<Description>,
    #[serde(default)]
    tags: Vec<Tag>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    binary: Option<BinaryRow>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    binary2: Option<BinaryRow>,
    sealed: bool,
    #[serde(default)]
    warnings: Vec<String>,
    #[serde(default)]
    intents: Vec<IntentRow>,
    created: Timestamp,
    updated: Timestamp,
    revision: u64,
    quota_shard: u8,
}

impl From<&Image> for DetailRow {
    fn from(image: &Image) -> Self {
        Self {
            owner: image.owner.clone(),
            device_type: image.device_type.clone(),
            device_profile: image.device_profile.clone(),
            number: image.id.r#type,
            version_number: image.id.number,
            name: image.words.name.clone(),
            version: image.words.version.clone(),
            description: image.words.description.clone(),
            tags: image.words.tags.clone(),
            binary: image.slots.first.as_ref().map(BinaryRow::from),
            binary2: image.slots.second.as_ref().map(BinaryRow::from),
            sealed: image.sealed,
            warnings: image.warnings.clone(),
            intents: image.intents.iter().map(IntentRow::from).collect(),
            created: image.created,
            updated: image.updated,
            revision: image.revision,
            quota_shard: image.quota_shard,
        }
    }
}

impl From<DetailRow> for Image {
    fn from(row: DetailRow) -> Self {
        Self {
            owner: row.owner,
            device_type: row.device_type,
            device_profile: row.device_profile,
            id: ImageId { r#type: row.number, number: row.version_number },
            words: Words {
                name: row.name,
                version: row.version,
                description: row.description,
                tags: row.tags,
            },
            slots: Slots { first: row.binary.map(Binary::from), second: row.binary2.map(Binary::from) },
            sealed: row.sealed,
            warnings: row.warnings,
            intents: row.intents.into_iter().map(Intent::from).collect(),
            created: row.created,
            updated: row.updated,
            revision: row.revision,
            quota_shard: row.quota_shard,
        }
    }
}

impl From<&Intent> for IntentRow {
    fn from(intent: &Intent) -> Self {
        match intent {
            Intent::Associate(device_type) => Self::DeviceType(device_type.clone()),
            Intent::Offer(partner) => Self::Partner(partner.clone()),
        }
    }
}

impl From<IntentRow> for Intent {
    fn from(row: IntentRow) -> Self {
        match row {
            IntentRow::DeviceType(device_type) => Self::Associate(device_type),
            IntentRow::Partner(partner) => Self::Offer(partner),
        }
    }
}

#[derive(Serialize, Deserialize)]
struct NameRow {
    number: VersionNumber,
}

impl Store {
    /// One image's record.
    pub async fn image(&self, image: &ImageRef) -> Result<Option<Image>, Error> {
        let row: Option<DetailRow> = self.read(&keys::image(image), Consistency::Strong).await?;
        Ok(row.map(Image::from))
    }

    /// Many images' records; those that are gone are left out.
    pub async fn images(&self, wanted: &[ImageRef]) -> Result<HashMap<ImageRef, Image>, Error> {
        let keys: Vec<_> = wanted.iter().map(keys::image).collect();
        let mut found = self.read_many(&keys, Consistency::Strong).await?;
        let mut images = HashMap::with_capacity(wanted.len());
        for (reference, key) in wanted.iter().zip(&keys) {
            if let Some(row) = found.take::<DetailRow>(key)? {
                images.insert(reference.clone(), row.into());
            }
        }
        Ok(images)
    }

    /// The list rows of the images in a partner's pool; of one type, or of all.
    pub async fn pool(
        &self,
        partner: &PartnerId,
        number: Option<TypeNumber>,
    ) -> Result<Vec<ImageRow>, Error> {
        self.read_range(&keys::pool_partition(partner), &keys::image_prefix(number)).await
    }

    /// The list rows of certain images; those that are gone are left out.
    pub async fn image_rows(&self, wanted: &[ImageRef]) -> Result<Vec<ImageRow>, Error> {
        let keys: Vec<_> = wanted.iter().map(keys::image_listed).collect();
        let mut found = self.read_many(&keys, Consistency::Strong).await?;
        let mut rows = Vec::with_capacity(keys.len());
        for key in &keys {
            rows.extend(found.take::<ImageRow>(key)?);
        }
        Ok(rows)
    }

    /// The number of the image with that type, name and version in a partner's pool.
    pub async fn image_named(
        &self,
        partner: &PartnerId,
        number: TypeNumber,
        name: &Name,
        version: &Version,
    ) -> Result<Option<VersionNumber>, Error> {
        let key = keys::image_name(partner, None, number, name, version);
        let row: Option<NameRow> = self.read(&key, Consistency::Strong).await?;
        Ok(row.map(|row| row.number))
    }

    /// The number of the image that has the type, name and version of `image` where that one lies or is to lie.
    pub async fn namesake(&self, image: &Image) -> Result<Option<VersionNumber>, Error> {
        let row: Option<NameRow> = self.read(&name_key(image), Consistency::Strong).await?;
        Ok(row.map(|row| row.number))
    }
}

impl Tx {
    /// Creates a record; [`Guard::NameTaken`] if its type, name and version are in use.
    pub fn create_image(&mut self, image: &Image) {
        self.guard_name(image);
        self.put(
            &keys::image(&image.reference()),
            &DetailRow::from(image),
            &When::Absent,
            Guard::AlreadyThere,
        );
        self.put(
            &keys::image_listed(&image.reference()),
            &ImageRow::from(image),
            &When::Absent,
            Guard::AlreadyThere,
        );
    }

    /// Replaces `before` by `after`; [`Guard::Changed`] if it has changed since, [`Guard::NameTaken`] as at creation.
    pub fn replace_image(&mut self, before: &Image, after: &Image) {
        let reference = after.reference();
        if (&before.words.name, &before.words.version) != (&after.words.name, &after.words.version) {
            self.guard_name(after);
            self.release_name(before);
        }
        self.put(
            &keys::image(&reference),
            &DetailRow::from(after),
            &When::Revision(before.revision),
            Guard::Changed,
        );
        self.put(&keys::image_listed(&reference), &ImageRow::from(after), &When::Present, Guard::Changed);
    }

    /// Seals a record that was read as `image`, binary and words as they were.
    pub fn seal_image(&mut self, image: &Image) {
        let change = Change::default().set("sealed", AttributeValue::Bool(true)).add("revision", 1);
        self.update(
            &keys::image(&image.reference()),
            change,
            &When::Revision(image.revision),
            Guard::Changed,
        );
    }

    /// Makes any change to a record that was read as `image` and is still being decided upon start again.
    pub fn touch_image(&mut self, image: &Image) {
        let change = Change::default().add("revision", 1);
        self.update(
            &keys::image(&image.reference()),
            change,
            &When::Revision(image.revision),
            Guard::Changed,
        );
    }

    /// Deletes a record that was read as `image`.
    pub fn delete_image(&mut self, image: &Image) {
        let reference = image.reference();
        self.release_name(image);
        self.delete(&keys::image(&reference), &When::Revision(image.revision), Guard::Changed);
        self.delete(&keys::image_listed(&reference), &When::Present, Guard::Changed);
    }

    fn guard_name(&mut self, image: &Image) {
        self.put(&name_key(image), &NameRow { number: image.id.number }, &When::Absent, Guard::NameTaken);
    }

    fn release_name(&mut self, image: &Image) {
        self.delete(&name_key(image), &When::Present, Guard::Changed);
    }
}

fn name_key(image: &Image) -> Key {
    let Words { name, version, .. } = &image.words;
    keys::image_name(&image.owner, image.device_type.as_ref(), image.id.r#type, name, version)
}
