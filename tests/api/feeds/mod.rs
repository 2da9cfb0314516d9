//! `/feeds` and what lies under it.

mod create;
mod delete;
mod grants;
mod list;
