//! What must hold for every input of a package parser, whoever wrote it.
//!
//! Each function panics where it does not. The fuzz targets call them with what libFuzzer invents, and
//! `shared/tests/corpora.rs`, which includes this file, with the corpora: so they use what `shared` makes public, and
//! must not know libFuzzer.

pub mod control;
pub mod index;
pub mod ipk;
pub mod recipe;
pub mod version;

/// How much memory a parser may take for an input of up to 1 MiB, in bytes.
pub const MEMORY: usize = 16 << 20;
