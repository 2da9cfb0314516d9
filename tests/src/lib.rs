//! What the tests and benchmarks that cross crates share: a service to talk to, and a wire that can break.
//!
//! The database is the embedded one, or DynamoDB Local where `OTA_TEST_DYNAMODB` says so; the functions are
//! routers of the same process, or run as Lambda runs them where [`lambda`] says so.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a harness reports a fault by failing")]
#![allow(clippy::disallowed_methods, reason = "tests stand at the edge, where environment and time come in")]

pub mod api;
pub mod devices;
pub mod functions;
pub mod ipk;
pub mod lambda;
pub mod raw;
pub mod sent;
pub mod table;
pub mod whole;
pub mod wire;
