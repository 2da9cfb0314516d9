//! The whole service in one process, for laptops and tests: every router behind a front that does what the two
//! cloud doors do, over an embedded database and an embedded object store.
//!
//! The front is made to be as unforgiving as the cloud: requests become real gateway events and come back through
//! `lambda_http`'s own conversion, so that what works here works there. Nothing in here decides anything about
//! firmware; it only carries requests.

pub mod chores;
mod client;
mod data;
pub mod demo;
mod dynamo;
mod environment;
mod front;
mod lambda;
mod listen;
mod objects;
mod options;
mod random;
mod routers;
mod server;
pub mod tour;

pub use lambda::{Beside, LambdaOptions};
pub use options::Options;
pub use server::Server;
