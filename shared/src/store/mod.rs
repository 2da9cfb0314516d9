//! DynamoDB: one table, one code path for AWS, DynamoDB Local and the embedded database.
//!
//! One file per aggregate; keys are made in [`keys`] alone, and every write goes through [`tx`]. Knows nothing of
//! HTTP or S3.

pub mod access;
pub mod api_keys;
pub mod approvals;
pub mod associations;
pub mod audit;
pub mod binaries;
pub mod changes;
pub mod counters;
pub mod device_counts;
pub mod device_history;
pub mod device_lists;
mod device_progress;
pub mod device_types;
pub mod devices;
pub mod due;
pub mod error;
pub mod feed_rules;
pub mod feeds;
pub mod idempotency;
pub mod images;
pub mod indexes;
pub mod keys;
pub mod known;
pub mod manifests;
mod numbers;
pub mod offers;
pub mod partners;
mod plans;
pub mod quota;
mod read;
pub mod reconciliation;
pub mod repairs;
mod row;
pub mod stops;
pub mod table;
pub mod tx;
pub mod types;

use std::time::Duration;

use aws_config::SdkConfig;
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::AppName;
use aws_sdk_dynamodb::config::retry::RetryConfig;
use aws_sdk_dynamodb::config::timeout::TimeoutConfig;

pub use audit::Audit;
pub use error::{Error, Guard};
pub use tx::Tx;

/// A handle on the table; cheap to clone.
#[derive(Debug, Clone)]
pub struct Store {
    client: Client,
    table: String,
}

impl Store {
    /// A handle made from the process's AWS settings, with time-outs that fit a Lambda behind a gateway: each
    /// attempt 2 s, three attempts, 8 s in all.
    pub fn new(aws: &SdkConfig, table: impl Into<String>) -> Self {
        let timeouts = TimeoutConfig::builder()
            .connect_timeout(Duration::from_secs(1))
            .operation_attempt_timeout(Duration::from_secs(2))
            .operation_timeout(Duration::from_secs(8))
            .build();
        let config = aws_sdk_dynamodb::config::Builder::from(aws)
            .retry_config(
                RetryConfig::standard().with_max_attempts(3).with_initial_backoff(Duration::from_millis(50)),
            )
            .timeout_config(timeouts)
            .build();
        Self { client: Client::from_conf(config), table: table.into() }
    }

    /// A handle on `table` through a client that the caller has configured.
    pub fn with_client(client: Client, table: impl Into<String>) -> Self {
        Self { client, table: table.into() }
    }

    /// This handle, whose requests carry a function's name, as AWS's own clients put it behind `app/`: where all functions
    /// live in one process, it tells them apart.
    #[must_use]
    pub fn named(&self, function: &'static str) -> Self {
        let Ok(name) = AppName::new(function) else { return self.clone() };
        let config = self.client.config().to_builder().app_name(name).build();
        Self { client: Client::from_conf(config), table: self.table.clone() }
    }

    /// This handle on another table of the same database.
    #[must_use]
    pub fn at_table(&self, table: impl Into<String>) -> Self {
        Self { client: self.client.clone(), table: table.into() }
    }

    /// One cheap read, so that connections are open before the first request.
    pub async fn warm(&self) {
        let _ = self.read::<row::Anything>(&keys::warm(), read::Consistency::Eventual).await;
    }
}
