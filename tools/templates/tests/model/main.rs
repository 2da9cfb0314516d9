//! The model: of a small set of templates in which every form stands, and of the service's own.

#![allow(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

mod real;
mod sample;
