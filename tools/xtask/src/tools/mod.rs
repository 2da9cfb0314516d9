//! What the checks need beyond Rust itself, at pinned versions with pinned hashes under `target/tools`. Each getter
//! is idempotent: what is there already is used again once its hash was checked.

pub(crate) mod cargo_tools;
pub(crate) mod debian;
pub(crate) mod dynamodb_local;
pub(crate) mod firmware;
mod firmware_pick;
pub(crate) mod hash;
pub(crate) mod python;

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

/// A tool as a check meets it. A tool that is there but is not the pinned one is an error instead.
pub(crate) enum Tool {
    /// Checked and ready at this path.
    Ready(PathBuf),
    /// Not here and not to be had on this machine; says why.
    Missing(String),
}

/// Empties a folder, or makes it; half of an earlier run never mixes with this one.
fn fresh_folder(folder: &Path) -> Result<()> {
    if folder.exists() {
        std::fs::remove_dir_all(folder)
            .with_context(|| format!("{} could not be removed", folder.display()))?;
    }
    std::fs::create_dir_all(folder).with_context(|| format!("{} could not be made", folder.display()))
}

/// Puts a finished folder in its place at once, instead of what may be there.
fn put_in_place(finished: &Path, place: &Path) -> Result<()> {
    if place.exists() {
        std::fs::remove_dir_all(place)?;
    }
    std::fs::rename(finished, place).with_context(|| format!("{} could not be put in place", place.display()))
}
