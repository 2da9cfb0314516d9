//! Parameters in SSM, as the operator's chores write them and functions load them, against a moto server.
//!
//! `OTA_TEST_MOTO` names its address, as `cargo xtask test` does; without it nothing is proved here, and each test says
//! so.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test reports a fault by failing")]
#![allow(clippy::disallowed_methods, reason = "the test command names its servers in the environment")]
#![allow(clippy::print_stderr, reason = "what was not tried must be said")]

mod bootstrapping;
mod loading;
mod rotating;
mod world;
