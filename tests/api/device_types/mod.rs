//! `/deviceTypes` and what lies under it.

mod create;
mod delete;
mod firmware_images;
mod get;
mod list;
mod polling;
mod stop;
mod update;
mod versions;
