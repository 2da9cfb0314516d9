//! What every function of the update service shares: the rules, how they are stored, and how they are spoken.
//!
//! `domain` is pure and always there. Everything that talks to the outside is behind a feature: `store`
//! (DynamoDB and the use cases over it), `blobs` (S3), `http` (the wire) and `ssm` (parameters in the cloud).

#![warn(missing_docs)]

pub mod config;
pub mod domain;
pub mod needs;
pub mod secrets;

#[cfg(feature = "blobs")]
pub mod blobs;
#[cfg(feature = "http")]
pub mod http;
pub mod ipkg;
pub mod metrics;
#[cfg(feature = "ssm")]
pub mod parameters;
#[cfg(feature = "store")]
pub mod store;
#[cfg(feature = "http")]
pub mod telemetry;
#[cfg(feature = "store")]
pub mod usecases;
