//! The dev server itself: its doors, its object store, and what it keeps.

#![allow(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

mod doors;
mod downloads;
mod kept;
mod objects;
mod raw;
mod restricted;
