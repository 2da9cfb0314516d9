//! The rules of the service: what firmware types, version numbers, pools, associations and eligibility mean.
//!
//! Pure: no I/O, no clock, no environment, no randomness and no word of HTTP or AWS. Time and random bits come
//! in as arguments, so every rule can be tested by calling it.

pub mod approval;
pub mod association;
pub mod audited;
pub mod catalogue;
pub mod credential;
pub mod decision;
pub mod device;
pub mod device_id;
pub mod device_token;
pub mod device_type;
pub mod digest;
pub mod download;
pub mod explanation;
pub mod feed;
pub mod firmware_type;
pub mod image;
pub mod index_pointer;
pub mod invalid;
pub mod key;
pub mod manifest;
pub(crate) mod newtype;
pub mod number;
pub mod page;
pub mod plan;
pub mod poll;
pub mod progress;
pub mod reach;
pub mod refusal;
pub mod rights;
pub mod rollout;
pub mod slug;
pub mod text;
pub mod time;

pub use approval::{Approval, ApprovalId};
pub use catalogue::Catalogue;
pub use credential::DeviceCredential;
pub use device::Device;
pub use device_id::DeviceId;
pub use device_type::DeviceType;
pub use digest::{Md5, Sha256};
pub use feed::FeedName;
pub use firmware_type::FirmwareType;
pub use image::{Binary, BinaryKind, Image, ImageRef};
pub use index_pointer::{IndexPointer, KeyIds};
pub use invalid::{Fault, Invalid};
pub use manifest::{Entry, Manifest};
pub use number::{ImageId, TypeNumber, VersionNumber};
pub use plan::Plan;
pub use refusal::Refusal;
pub use rights::{Actor, Right};
pub use slug::{DeviceTypeId, PartnerId};
pub use text::{Architecture, Description, DeviceProfileId, Label, Name, Tag, Version};
pub use time::Timestamp;
