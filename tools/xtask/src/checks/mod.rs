//! The checks that `cargo xtask test` runs, one file for each kind. A check returns how it ended; an error means that
//! it failed.

pub(crate) mod cloud;
pub(crate) mod deny;
pub(crate) mod emulator;
pub(crate) mod needs;
pub(crate) mod rules;
pub(crate) mod rust;
pub(crate) mod sources;
pub(crate) mod suites;
pub(crate) mod tree;
