//! The package format (`.ipk`) and its indexes. Pure: works on bytes and texts that are handed in.

pub mod archive;
pub mod control;
pub mod index;
pub mod names;
#[cfg(feature = "signing")]
pub mod openpgp;
pub mod stanza;
#[cfg(feature = "signing")]
pub mod usign;
pub mod version;
