//! `/deviceTypes` and what lies under it.

mod create;
mod delete;
mod firmware_images;
mod get;
mod list;
mod stop;
mod update;
