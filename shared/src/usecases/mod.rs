//! What people can do with the service: each use case loads, decides by the pure rules, and saves.
//!
//! Knows the table and the bucket by what they can do, and nothing of HTTP.

pub mod access;
pub mod associations;
#[cfg(feature = "blobs")]
pub mod binaries;
pub mod bootstrap;
mod context;
pub mod descriptions;
pub mod device_types;
pub mod eligibility;
mod error;
pub mod feeds;
pub mod images;
pub mod keys;
pub mod manifests;
pub mod offers;
pub mod partners;
pub mod reconcile;
pub mod registration;
pub mod repairs;
pub mod types;

pub use context::Context;
pub use error::{Error, Result};
