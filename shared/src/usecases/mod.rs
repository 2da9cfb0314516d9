//! What people can do with the service: each use case loads, decides by the pure rules, and saves.
//!
//! Knows the table and the bucket by what they can do, and nothing of HTTP.

pub mod access;
pub mod approvals;
#[cfg(feature = "blobs")]
pub mod associations;
pub mod audit;
mod auto_pause;
#[cfg(feature = "blobs")]
pub mod binaries;
pub mod bootstrap;
#[cfg(feature = "blobs")]
mod catalogues;
mod context;
pub mod counters;
#[cfg(feature = "blobs")]
pub mod descriptions;
mod device_past;
pub mod device_types;
pub mod devices;
pub mod eligibility;
mod error;
pub mod explain;
pub mod feed_reads;
pub mod feeds;
pub mod hub;
#[cfg(feature = "blobs")]
pub mod images;
#[cfg(feature = "blobs")]
pub mod indexes;
pub mod keys;
pub mod manifests;
pub mod offers;
pub mod partners;
mod past;
#[cfg(feature = "blobs")]
pub mod placements;
pub mod purge;
pub mod pushes;
#[cfg(feature = "blobs")]
pub mod reach;
#[cfg(feature = "blobs")]
pub mod reconcile;
#[cfg(feature = "blobs")]
pub mod registration;
pub mod repairs;
pub mod replay;
pub mod reports;
#[cfg(feature = "blobs")]
pub mod rollouts;
mod saving;
mod showing;
pub mod stops;
pub mod types;
pub mod versions;

pub use context::{Context, Standing};
pub use error::{Error, Result};
