//! Manifests: what a check can offer in one feed of one device type, decided when something changes.

use super::association::Association;
use super::{
    Binary, BinaryKind, DeviceTypeId, FeedName, Image, ImageId, ImageRef, Name, PartnerId, Refusal,
    TypeNumber, Version,
};

/// Largest stored form of a manifest, in bytes.
pub const MAX_BYTES: usize = 150_000;

/// One image that a check can offer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Type and number.
    pub id: ImageId,
    /// The type's name.
    pub type_name: Name,
    /// The image's name.
    pub name: Name,
    /// The version for people.
    pub version: Version,
    /// The bytes.
    pub binary: Binary,
    /// The bytes of the second slot.
    pub second: Option<Binary>,
}

/// What a check can offer: per type the highest fully released image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Manifest {
    /// The device type.
    pub device_type: DeviceTypeId,
    /// The feed.
    pub feed: FeedName,
    /// Whose device type it is.
    pub partner: PartnerId,
    /// Rises with every rewrite; guards against two at once.
    pub revision: u64,
    /// The id of the key that signs the download paths.
    pub download_key: String,
    /// In install order: ascending type number.
    pub entries: Vec<Entry>,
}

impl Manifest {
    /// A manifest with nothing to offer, at revision 1.
    pub fn empty(
        device_type: DeviceTypeId,
        feed: FeedName,
        partner: PartnerId,
        download_key: String,
    ) -> Self {
        Self { device_type, feed, partner, revision: 1, download_key, entries: Vec::new() }
    }
}

/// The images whose details a manifest needs: of each type the association with the highest number, packages apart.
///
/// The answer is in install order. That order (`BOOTLOADER` first, `SOFT_DEVICE` directly before `APPLICATION`, then
/// by type) is the order of the type numbers 1, 2, 3, ….
pub fn chosen(associations: &[Association]) -> Vec<ImageRef> {
    let mut best = std::collections::BTreeMap::<TypeNumber, &Association>::new();
    for each in associations.iter().filter(|each| each.kind == BinaryKind::Binary) {
        let slot = best.entry(each.image.id.r#type).or_insert(each);
        if each.image.id.number > slot.image.id.number {
            *slot = each;
        }
    }
    best.into_values().map(|association| association.image.clone()).collect()
}

/// The manifest entry of an image whose type is called `type_name`.
pub fn entry(image: &Image, type_name: Name) -> Result<Entry, Refusal> {
    Ok(Entry {
        id: image.id,
        type_name,
        name: image.words.name.clone(),
        version: image.words.version.clone(),
        binary: image.binary()?.clone(),
        second: image.slots.second.clone(),
    })
}
