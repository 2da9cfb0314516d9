//! What an audit item is about, out of its action and its subject.
//!
//! Subjects are texts of several shapes, and some were written long ago: what cannot be read is left out, never refused.

use super::{DeviceId, DeviceTypeId, FeedName, ImageId, PartnerId, TypeNumber};

/// What an audit item names.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Audited {
    /// The device type.
    pub device_type: Option<DeviceTypeId>,
    /// The feed; none for all feeds of the device type.
    pub feed: Option<FeedName>,
    /// The firmware type.
    pub r#type: Option<TypeNumber>,
    /// The image, if it is one.
    pub image: Option<ImageId>,
    /// The device.
    pub device: Option<DeviceId>,
    /// The partner that an image is offered to, or that was made.
    pub partner: Option<PartnerId>,
}

impl Audited {
    /// Reads the subject of an action.
    pub fn of(action: &str, subject: &str) -> Self {
        let parts: Vec<&str> = subject.split('/').collect();
        let (what, _) = action.split_once('.').unwrap_or((action, ""));
        let none = Self::default();
        match (what, parts.as_slice()) {
            ("type", ["type", number]) => Self { r#type: number.parse().ok(), ..none },
            ("image", [number, version]) => Self::image(number, version),
            ("image", [number, version, receiver]) => {
                Self { partner: receiver.parse().ok(), ..Self::image(number, version) }
            }
            ("deviceType" | "deviceSecret", ["deviceType", id]) => {
                Self { device_type: id.parse().ok(), ..none }
            }
            ("device", ["device", device_type, id]) => {
                Self { device_type: device_type.parse().ok(), device: id.parse().ok(), ..none }
            }
            ("feed", ["feed", feed]) | ("access", ["access", feed, _]) => {
                Self { feed: feed.parse().ok(), ..none }
            }
            ("partner", ["partner", id]) => Self { partner: id.parse().ok(), ..none },
            ("manifest" | "index", [device_type, feed]) => {
                Self { device_type: device_type.parse().ok(), feed: feed.parse().ok(), ..none }
            }
            (_, [device_type, feed, number, version]) => Self {
                device_type: device_type.parse().ok(),
                feed: feed.parse().ok(),
                ..Self::image(number, version)
            },
            _ => none,
        }
    }

    fn image(number: &str, version: &str) -> Self {
        let r#type: Option<TypeNumber> = number.parse().ok();
        let image = r#type.and_then(|kind| Some(ImageId { r#type: kind, number: version.parse().ok()? }));
        Self { r#type, image, ..Self::default() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_shape_of_subject_says_what_it_names() {
        let shown = |action: &str, subject: &str| {
            let this = Audited::of(action, subject);
            let words = [
                this.device_type.map(|it| format!("device type {it}")),
                this.feed.map(|it| format!("feed {it}")),
                this.r#type.map(|it| format!("type {it}")),
                this.image.map(|it| format!("number {}", it.number)),
                this.device.map(|it| format!("device {it}")),
                this.partner.map(|it| format!("partner {it}")),
            ];
            words.into_iter().flatten().collect::<Vec<_>>().join(", ")
        };
        for (action, subject, expected) in [
            ("type.created", "type/105", "type 105"),
            ("image.registered", "105/7", "type 105, number 7"),
            ("image.offered", "3/7/hooli", "type 3, number 7, partner hooli"),
            ("deviceType.updated", "deviceType/kettle", "device type kettle"),
            ("deviceSecret.rotated", "deviceType/kettle", "device type kettle"),
            ("device.updated", "device/kettle/SN-1", "device type kettle, device SN-1"),
            ("feed.deleted", "feed/lab", "feed lab"),
            ("access.granted", "access/dev/ab12", "feed dev"),
            ("partner.created", "partner/acme", "partner acme"),
            ("manifest.remade", "kettle/beta", "device type kettle, feed beta"),
            ("rollout.paused", "kettle/beta/105/7", "device type kettle, feed beta, type 105, number 7"),
            ("association.removed", "kettle/*/105/7", "device type kettle, type 105, number 7"),
            // A device type may be called like the first word of other subjects.
            ("rollout.set", "device/beta/105/7", "device type device, feed beta, type 105, number 7"),
            ("manifest.remade", "feed/beta", "device type feed, feed beta"),
            ("key.created", "key/0123", ""),
            ("binary.moved", "binary/0123", ""),
            ("image.registered", "999/x", ""),
            ("nothing", "", ""),
        ] {
            assert_eq!(shown(action, subject), expected, "{action} {subject}");
        }
    }
}
