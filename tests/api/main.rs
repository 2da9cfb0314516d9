//! Tests through HTTP, against the whole service; the tree mirrors the URLs.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test reports a fault by failing")]
#![allow(unreachable_pub, reason = "everything in a test binary is unreachable from elsewhere")]
#![allow(clippy::disallowed_methods, reason = "tests stand at the edge, where environment and time come in")]

mod admin;
mod approvals;
mod audit;
mod authentication;
mod binaries;
mod cdn;
mod device_types;
mod devices;
mod documents;
mod doors;
mod eligibility;
mod events;
mod faults;
mod feeds;
mod firmware;
mod kettle;
mod keys;
mod lambda;
mod largest;
mod manifests;
mod operations;
mod packages;
mod policies;
mod pool;
mod printed_tour;
mod reconciler;
mod reports;
mod repository;
mod restore;
mod rights;
mod sealing;
mod tags;
mod templates;
mod tenancy;
mod token;
mod tour;
mod types;
mod whoami;
