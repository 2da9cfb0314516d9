//! The package format (`.ipk`). Pure: works on bytes that are handed in.

pub mod recognise;
