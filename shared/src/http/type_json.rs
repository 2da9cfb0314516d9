//! Firmware types as partners and operators see them.

use serde_json::{Value, json};

use crate::domain::{FirmwareType, PartnerId};

/// A `FirmwareType`; platform types name the reader as their partner, as the published API does.
pub fn firmware_type(reader: Option<&PartnerId>, this: &FirmwareType) -> Value {
    let mut body = json!({
        "id": this.id.to_string(),
        "name": this.name.as_str(),
        "type": this.number.get(),
        "createdTimestamp": this.created.millis(),
        "updatedTimestamp": this.updated.millis(),
        "versionAttributeId": this.number.version_attribute_id(),
    });
    if let Some(partner) = this.partner.as_ref().or(reader) {
        body["partnerId"] = partner.as_str().into();
    }
    if let Some(description) = &this.description {
        body["description"] = description.as_str().into();
    }
    body
}
