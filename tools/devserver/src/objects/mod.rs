//! The embedded object store: `s3s` over a folder, on a port of its own, which checks signatures, checksums and
//! conditions of the AWS SDK and of presigned URLs like the real one.

mod staged;

use std::path::Path;

use anyhow::Context as _;
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_sdk_s3::config::{
    Credentials, ResponseChecksumValidation, SharedCredentialsProvider, SharedHttpClient,
    StalledStreamProtectionConfig,
};
use http::{Request, Response, StatusCode};
use hyper::body::Incoming;
use hyper::service::service_fn;
use s3s::auth::SimpleAuth;
use s3s::service::S3ServiceBuilder;

use crate::listen::{self, Deadline, Listening};
use crate::random;

/// The bucket of binaries.
pub(crate) const BUCKET: &str = "ota";
const ACCESS_KEY: &str = "devserver";

/// A running embedded object store.
#[derive(Debug)]
pub(crate) struct Objects {
    endpoint: String,
    secret: String,
    listening: Listening,
}

impl Objects {
    /// Serves the objects under `root` on a free port. Its secret key is made anew with every start.
    pub(crate) async fn start(root: &Path) -> anyhow::Result<Self> {
        let secret = hex::encode(random::bytes::<20>()?);
        let files = staged::Staged::open(root, BUCKET).context("the embedded object store does not open")?;
        let mut builder = S3ServiceBuilder::new(files);
        builder.set_auth(SimpleAuth::from_single(ACCESS_KEY, secret.clone()));
        let service = builder.build();
        let listener = listen::bind(0).await?;
        let endpoint = format!("http://{}", listener.local_addr()?);
        let listening = listen::serve(listener, move |_| {
            let service = service.clone();
            service_fn(move |request: Request<Incoming>| {
                let service = service.clone();
                async move {
                    if has_unsigned_headers(&request) {
                        return Ok(headers_not_signed());
                    }
                    service.call(request.map(s3s::Body::from)).await
                }
            })
        });
        Ok(Self { endpoint, secret, listening })
    }

    /// Where it answers.
    pub(crate) fn endpoint(&self) -> &str {
        &self.endpoint
    }

    /// What its clients sign with: access key and secret, for as long as it runs.
    pub(crate) fn keys(&self) -> (&'static str, &str) {
        (ACCESS_KEY, &self.secret)
    }

    /// A client for it over `http`.
    pub(crate) fn client(&self, http: SharedHttpClient) -> aws_sdk_s3::Client {
        aws_sdk_s3::Client::from_conf(self.config(http).build())
    }

    /// A client for passing objects on to others, at the pace at which they take them; they check the bytes.
    pub(crate) fn reader(&self, http: SharedHttpClient) -> aws_sdk_s3::Client {
        let config = self
            .config(http)
            .response_checksum_validation(ResponseChecksumValidation::WhenRequired)
            .stalled_stream_protection(StalledStreamProtectionConfig::disabled());
        aws_sdk_s3::Client::from_conf(config.build())
    }

    fn config(&self, http: SharedHttpClient) -> aws_sdk_s3::config::Builder {
        let credentials = Credentials::new(ACCESS_KEY, self.secret.clone(), None, None, "devserver");
        let config = SdkConfig::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::from_static("us-east-1"))
            .credentials_provider(SharedCredentialsProvider::new(credentials))
            .endpoint_url(&self.endpoint)
            .http_client(http)
            .build();
        // A port has no sub-domains to name buckets by.
        aws_sdk_s3::config::Builder::from(&config).force_path_style(true)
    }

    /// Lets open requests finish until `deadline` and stops.
    pub(crate) async fn stop(self, deadline: Deadline) -> anyhow::Result<()> {
        self.listening.stop(deadline).await
    }
}

/// True if a presigned request carries an `x-amz-` header that its signature does not cover, such as
/// `x-amz-copy-source`. S3 refuses those; `s3s` heeds them.
fn has_unsigned_headers<B>(request: &Request<B>) -> bool {
    let query = request.uri().query().unwrap_or_default();
    let signed = form_urlencoded::parse(query.as_bytes())
        .find(|(name, _)| name.eq_ignore_ascii_case("x-amz-signedheaders"))
        .map(|(_, value)| value.to_ascii_lowercase());
    let Some(signed) = signed else { return false };
    let covered = |name: &str| signed.split(';').any(|each| each == name);
    request.headers().keys().any(|name| name.as_str().starts_with("x-amz-") && !covered(name.as_str()))
}

fn headers_not_signed() -> Response<s3s::Body> {
    let text = "<?xml version=\"1.0\" encoding=\"UTF-8\"?><Error><Code>AccessDenied</Code>\
                <Message>There were headers present in the request which were not signed</Message></Error>";
    let mut response = Response::new(s3s::Body::from(text.to_owned()));
    *response.status_mut() = StatusCode::FORBIDDEN;
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unsigned_amz_header_is_told_from_a_signed_one() {
        let request = |header: &str, query: &str| {
            Request::put(format!("/ota/key?{query}")).header(header, "x").body(()).unwrap()
        };
        let query = "X-Amz-SignedHeaders=content-length%3Bhost%3Bx-amz-checksum-sha256";
        assert!(!has_unsigned_headers(&request("x-amz-checksum-sha256", query)));
        assert!(has_unsigned_headers(&request("x-amz-copy-source", query)));
        assert!(has_unsigned_headers(&request("x-amz-meta-a", query)));
        assert!(
            !has_unsigned_headers(&request("x-amz-meta-a", "")),
            "signed in its Authorization header instead"
        );
    }
}
