//! The SAM templates as a model: which function is behind which path and door, what it is given, what it may do.
//!
//! Read by the tests that compare templates with code, and by the front of `cargo xtask lambda`, which knows routes
//! from nowhere else. Knows what CloudFormation and SAM mean by a template; nothing of the service, and nothing of AWS
//! beyond names: a reference to something that only AWS could make stays a text such as `{Data.Table.Arn}`.

mod api;
mod bucket;
mod cdn;
mod error;
mod evaluate;
mod function;
mod infra;
mod node;
mod parameters;
mod path;
mod policy;
mod property;

pub use api::{Api, Authorizer, Route};
pub use bucket::Bucket;
pub use cdn::{Behaviour, Cdn, Header, Target};
pub use error::Error;
pub use function::{Function, FunctionUrl};
pub use infra::{Infra, Resource, Settings};
pub use node::Node;
pub use parameters::Template;
pub use path::matches_pattern;
pub use policy::{Condition, Effect, Statement};
