//! Logs in the cloud: one JSON object a line.

use tracing_subscriber::EnvFilter;

/// The filter when none is set: our own lines, and only warnings of libraries.
const DEFAULT: &str = "warn,shared=info";

/// Starts logging as JSON; `filter` is the value of `OTA_LOG`, if set. Call once.
pub fn init_json(filter: Option<&str>) {
    let filter = EnvFilter::new(filter.unwrap_or(DEFAULT));
    // The runtime adds the time of each line.
    let _ = tracing_subscriber::fmt().json().without_time().with_env_filter(filter).try_init();
}
