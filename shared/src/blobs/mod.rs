//! S3: presigned uploads, staging, and the repository of binaries.
//!
//! And the catalogues that package indexes are rendered from. One code path for AWS and the embedded object store. An upload lands in `staging/` under its partner and digest,
//! and is copied to `repository/` once it has been checked; nothing here ever holds a whole binary, except one that
//! was posted directly. Knows nothing of DynamoDB, HTTP or of who owns what.

mod catalogues;
mod copy;
pub mod error;
pub mod keys;
mod objects;
mod presign;
mod staging;

use std::time::Duration;

use aws_config::SdkConfig;
use aws_sdk_s3::Client;
use aws_sdk_s3::config::AppName;
use aws_sdk_s3::config::retry::RetryConfig;
use aws_sdk_s3::config::timeout::TimeoutConfig;

pub use catalogues::Kept;
pub use copy::Copied;
pub use error::Error;
pub use objects::Stored;
pub use presign::{PRESIGNED_SECONDS, Presigned, Upload};

/// How long a copy to the repository is waited for; the gateway gives up on the whole request at 30 s.
const COPY_LIMIT: Duration = Duration::from_secs(25);

/// A handle on the bucket; cheap to clone.
#[derive(Debug, Clone)]
pub struct Blobs {
    client: Client,
    bucket: String,
    copy_limit: Duration,
}

impl Blobs {
    /// A handle on `bucket` through a client that the caller has configured.
    pub fn new(client: Client, bucket: impl Into<String>) -> Self {
        Self { client, bucket: bucket.into(), copy_limit: COPY_LIMIT }
    }

    /// A handle made from the process's AWS settings, with time-outs that fit a Lambda behind a gateway: each attempt
    /// 5 s, three attempts, 12 s in all; a copy has 25 s.
    pub fn connect(aws: &SdkConfig, bucket: impl Into<String>) -> Self {
        let timeouts = TimeoutConfig::builder()
            .connect_timeout(Duration::from_secs(1))
            .operation_attempt_timeout(Duration::from_secs(5))
            .operation_timeout(Duration::from_secs(12))
            .build();
        let config = aws_sdk_s3::config::Builder::from(aws)
            .retry_config(
                RetryConfig::standard().with_max_attempts(3).with_initial_backoff(Duration::from_millis(50)),
            )
            .timeout_config(timeouts)
            .build();
        Self::new(Client::from_conf(config), bucket)
    }

    /// This handle, whose requests carry a function's name ([`crate::store::Store::named`]).
    #[must_use]
    pub fn named(&self, function: &'static str) -> Self {
        let Ok(name) = AppName::new(function) else { return self.clone() };
        let config = self.client.config().to_builder().app_name(name).build();
        Self { client: Client::from_conf(config), ..self.clone() }
    }

    /// This handle, waiting for a copy at most `limit`.
    #[must_use]
    pub fn with_copy_limit(self, limit: Duration) -> Self {
        Self { copy_limit: limit, ..self }
    }

    /// One cheap read, so that connections are open before the first request.
    pub async fn warm(&self) {
        let _ = self.head(keys::WARM).await;
    }
}
