//! Firmware images: the record, its binary, and what may change when.

use serde::{Deserialize, Serialize};

use super::{
    Description, DeviceProfileId, DeviceTypeId, ImageId, Md5, Name, PartnerId, Refusal, Sha256, Tag,
    Timestamp, Version,
};

/// Largest number of images a partner may have.
pub const MAX_IMAGES: u64 = 10_000;
/// Largest number of tags on a record.
pub const MAX_TAGS: usize = 20;
/// Largest number of associations that a registration may ask for.
pub const MAX_INTENTS: usize = 10;

/// What a binary is to this service. Packages are delivered by feeds, every other image by checks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum BinaryKind {
    /// Bytes whose inside is nobody's business here.
    Binary,
    /// An `.ipk`.
    Package,
}

impl BinaryKind {
    /// The kind in a word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Binary => "binary",
            Self::Package => "package",
        }
    }
}

/// The bytes of an image, named by their digest and never by a URL.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Binary {
    /// SHA-256 of the bytes.
    pub sha256: Sha256,
    /// MD5 of the bytes.
    pub md5: Md5,
    /// How many bytes, at least 1.
    pub size: u64,
    /// What they are.
    pub kind: BinaryKind,
}

/// Which image of whom.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ImageRef {
    /// The partner whose record it is.
    pub owner: PartnerId,
    /// The device type under which a description lies; none for an image in its owner's pool.
    pub device_type: Option<DeviceTypeId>,
    /// Its type and number.
    pub id: ImageId,
}

impl ImageRef {
    /// An image in its owner's pool.
    pub fn pooled(owner: PartnerId, id: ImageId) -> Self {
        Self { owner, device_type: None, id }
    }

    /// The image `id` as it is associated with `device_type`: a description (type 4) lies under the device type
    /// itself, any other image in its owner's pool.
    pub fn associated(owner: PartnerId, device_type: &DeviceTypeId, id: ImageId) -> Self {
        Self { owner, device_type: id.r#type.is_description().then(|| device_type.clone()), id }
    }
}

/// An association asked for at registration, which takes effect once the record has its binary.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Intent {
    /// With one of the registering partner's own device types, in feed `release`.
    Associate(DeviceTypeId),
    /// Offer the image to another partner.
    Offer(PartnerId),
}

/// What people may write on a record at any time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Words {
    /// The image's name.
    pub name: Name,
    /// The version for people.
    pub version: Version,
    /// What the image is.
    pub description: Option<Description>,
    /// Tags, in the order given, without repeats.
    pub tags: Vec<Tag>,
}

/// The binaries of a record: the image, and the second slot of an A/B image.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Slots {
    /// What `url` names.
    pub first: Option<Binary>,
    /// What `url2` names.
    pub second: Option<Binary>,
}

impl Slots {
    /// A second slot needs a first, and a package never goes with one.
    pub fn check(&self) -> Result<(), Refusal> {
        let fault = match (&self.first, &self.second) {
            (None, Some(_)) => "needs url to be set too",
            (Some(first), Some(second)) if [first.kind, second.kind].contains(&BinaryKind::Package) => {
                "a package has no second slot"
            }
            _ => return Ok(()),
        };
        Err(Refusal::InvalidFields(vec![super::Fault::at("/url2", fault)]))
    }
}

/// A firmware image: the record and what it knows of its bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Image {
    /// Whose it is.
    pub owner: PartnerId,
    /// The device type under which a description (type 4) lies; none for an image in its owner's pool.
    pub device_type: Option<DeviceTypeId>,
    /// What a description describes, in the client's words.
    pub device_profile: Option<DeviceProfileId>,
    /// Its type and number, fixed for life.
    pub id: ImageId,
    /// Name, version, description and tags.
    pub words: Words,
    /// Its binaries; none until uploaded.
    pub slots: Slots,
    /// True from its first association on, for good.
    pub sealed: bool,
    /// What was dropped or repaired in its package.
    pub warnings: Vec<String>,
    /// Associations asked for at registration that have not yet taken effect.
    pub intents: Vec<Intent>,
    /// When it was registered.
    pub created: Timestamp,
    /// When it was last changed.
    pub updated: Timestamp,
    /// Counts changes, so that two of them cannot pass each other unseen.
    pub revision: u64,
    /// Where the partner's quota counts it.
    pub quota_shard: u8,
}

impl Image {
    /// Which image of whom this is.
    pub fn reference(&self) -> ImageRef {
        ImageRef { owner: self.owner.clone(), device_type: self.device_type.clone(), id: self.id }
    }

    /// The binary that an association needs.
    pub fn binary(&self) -> Result<&Binary, Refusal> {
        self.slots.first.as_ref().ok_or(Refusal::NoBinary)
    }

    /// True if this image is delivered by feeds instead of checks.
    pub fn is_package(&self) -> bool {
        self.slots.first.as_ref().is_some_and(|binary| binary.kind == BinaryKind::Package)
    }

    /// The record after an edit, or why it may not happen.
    ///
    /// A sealed record keeps its binaries for ever; words may always change. Type and number have no way in.
    pub fn edited(&self, words: Words, slots: Slots, now: Timestamp) -> Result<Self, Refusal> {
        if self.sealed && slots != self.slots {
            return Err(Refusal::ImageSealed);
        }
        slots.check()?;
        Ok(Self { words, slots, updated: now.max(self.updated), revision: self.revision + 1, ..self.clone() })
    }

    /// Whether the record may be deleted: only if it was never associated.
    pub fn check_deletable(&self) -> Result<(), Refusal> {
        if self.sealed { Err(Refusal::ImageSealed) } else { Ok(()) }
    }
}
