//! What a dev server can be told.

use std::path::PathBuf;

use aws_smithy_runtime_api::client::http::SharedHttpClient;

use crate::lambda::LambdaOptions;

/// How to start a [`crate::Server`]. The default is what a test wants: any free port, nothing kept.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// The port on 127.0.0.1 to answer at; 0 takes any free one.
    pub port: u16,
    /// Where data is kept between runs; none keeps the database in memory and the objects in a folder that goes
    /// away with the server.
    pub data: Option<PathBuf>,
    /// Whether what `data` holds is thrown away first.
    pub fresh: bool,
    /// A DynamoDB to use, under a fresh random table name, instead of the embedded one.
    pub dynamodb_endpoint: Option<String>,
    /// The HTTP client under the service's DynamoDB client, to count calls or to break them.
    pub http_client: Option<SharedHttpClient>,
    /// The HTTP client under the service's S3 client, likewise.
    pub s3_http_client: Option<SharedHttpClient>,
    /// Largest binary in bytes, if not the service's default.
    pub max_binary_bytes: Option<u64>,
    /// Functions that run as Lambda runs them, in place of routers in this process. What is injected by the clients above
    /// and by the clock does not reach them.
    pub lambda: Option<LambdaOptions>,
}
