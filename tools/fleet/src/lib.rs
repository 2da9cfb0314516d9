//! A simulated fleet: many devices with faults of their own, which speak HTTP to a dev server on loopback, and what a
//! partner does to them. It shows what a rollout does when an image is bad, and how long a withdrawal takes.
//!
//! Devices know nothing of the service but what it answers. The service's clock is turned by hand, so that days go by in
//! minutes; everything else is as in any run of the dev server.

mod chart;
mod clock;
mod device;
mod factory;
mod fates;
mod fleet;
mod line;
mod package;
mod partner;
mod story;
mod summary;
mod svg;
mod tally;
mod tokens;
mod withdrawal;

pub use fates::{Fate, Traits};
pub use story::{Wanted, tell};
pub use summary::Summary;
pub use withdrawal::{Drill, Withdrawn};
