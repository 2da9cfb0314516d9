//! Images as partners see them, in the pool and associated with a device type; and the words that they write.

use serde_json::{Value, json};

use super::body::Fields;
use crate::config::BaseUrl;
use crate::domain::image::{Image, MAX_TAGS, Words};
use crate::domain::{BinaryKind, Description, DeviceProfileId, FeedName, Name, PartnerId, Tag, Version};
use crate::usecases::associations::Associated;

/// The words of a record, which every body that makes or edits one has.
pub fn words(fields: &mut Fields) -> Option<Words> {
    let name = fields.required::<Name>("name");
    let version = fields.required::<Version>("version");
    let description = fields.optional::<Description>("description");
    let tags = fields.list::<Tag>("tags", MAX_TAGS);
    name.zip(version).map(|(name, version)| Words { name, version, description, tags })
}

/// A `PoolImage` as `reader` sees it; one that was offered names its owner in `sharedBy`.
pub fn pool_image(base: &BaseUrl, reader: &PartnerId, image: &Image) -> Value {
    let url = |binary: &crate::domain::Binary| base.repository_url(&binary.sha256);
    let mut body = json!({
        "id": image.id.to_string(),
        "name": image.words.name.as_str(),
        "type": image.id.r#type.get(),
        "versionNumber": image.id.number.to_string(),
        "version": image.words.version.as_str(),
        "url": image.slots.first.as_ref().map(url).unwrap_or_default(),
        "createdTimestamp": image.created.millis(),
        "updatedTimestamp": image.updated.millis(),
        "partnerId": image.owner.as_str(),
        "versionAttributeId": image.id.r#type.version_attribute_id(),
        "state": if image.slots.first.is_some() { "uploaded" } else { "registered" },
        "sealed": image.sealed,
    });
    let mut set = |name: &str, value: Value| body[name] = value;
    if let Some(description) = &image.words.description {
        set("description", description.as_str().into());
    }
    if !image.words.tags.is_empty() {
        set("tags", image.words.tags.iter().map(Tag::as_str).collect());
    }
    if let Some(binary) = &image.slots.first {
        set("size", binary.size.into());
        set("sha256", binary.sha256.to_string().into());
        set("md5", binary.md5.to_string().into());
        if binary.kind == BinaryKind::Package {
            set("package", true.into());
        }
    }
    if let Some(binary) = &image.slots.second {
        set("url2", url(binary).into());
    }
    // The owner's alone: they may name its device types.
    if image.owner == *reader && !image.warnings.is_empty() {
        set("warnings", image.warnings.iter().map(String::as_str).collect());
    }
    if image.owner != *reader {
        set("sharedBy", image.owner.as_str().into());
    }
    body
}

/// A `DeviceTypeImage`: the pool image, its device type and feeds; of a description also what it describes.
pub fn device_type_image(base: &BaseUrl, reader: &PartnerId, associated: &Associated) -> Value {
    let mut body = pool_image(base, reader, &associated.image);
    body["deviceTypeId"] = associated.device_type.as_str().into();
    body["feeds"] = associated.feeds.iter().map(FeedName::as_str).collect();
    if associated.image.device_type.is_some() {
        body["deviceDescriptionId"] = body["id"].clone();
    }
    if let Some(profile) = associated.image.device_profile.as_ref().map(DeviceProfileId::as_str) {
        body["deviceProfileId"] = profile.into();
    }
    body
}
