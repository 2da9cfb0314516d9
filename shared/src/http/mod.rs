//! The wire: problems, extractors, paging, Lambda events. Knows the use cases' errors, never a table or bucket.

pub mod answer;
pub mod app;
pub mod approval_json;
pub mod body;
pub mod caller;
pub mod cbor;
pub mod code;
pub mod conditions;
pub mod device_body;
pub mod device_call;
pub mod device_credential;
pub mod device_json;
pub mod form;
#[cfg(feature = "blobs")]
pub mod history_json;
#[cfg(feature = "blobs")]
pub mod idempotency;
#[cfg(feature = "blobs")]
pub mod image_json;
#[cfg(feature = "lambda")]
pub mod lambda;
pub mod optional_body;
pub mod paging;
pub mod path;
mod plan_json;
pub mod problem;
pub mod query;
pub mod random;
#[cfg(feature = "blobs")]
pub mod rollout_json;
pub mod router;
pub mod type_json;

pub use answer::{created, json_answer, no_content, ok, page_body};
#[cfg(feature = "blobs")]
pub use app::Service;
pub use app::{App, Clock};
pub use body::{Fields, JsonBody};
pub use caller::{ByOperator, Call, Partner, Read, Release, Write};
pub use code::Code;
pub use device_body::DeviceBody;
pub use device_call::{Attribute, DeviceCall};
pub use form::Form;
#[cfg(feature = "blobs")]
pub use idempotency::{repeatable, replayable};
pub use optional_body::OptionalBody;
pub use paging::{DEFAULT_LIMIT, Limit, Moment, PageToken};
pub use path::Path;
pub use problem::Problem;
pub use query::Query;
pub use router::{fallback, finish};
