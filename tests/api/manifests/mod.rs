//! Manifests against the associations they are made from: after anything, and after everything at once.

mod broken;
pub mod model;
pub mod races;
mod sequences;
