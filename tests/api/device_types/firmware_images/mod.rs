//! Operations 13 to 16 and 18, and promotion.

mod create;
mod delete;
mod descriptions;
mod get;
mod limits;
mod list;
mod promote;
mod reach;
mod rollout;
