//! `CloudFront`, as far as it is told to forget answers: one signed request
//! ([ADR 30](../../../docs/adr/0030-one-signed-request.md)).

use std::fmt;
use std::time::{Duration, SystemTime};

use aws_config::SdkConfig;
use aws_credential_types::provider::{ProvideCredentials as _, SharedCredentialsProvider};
use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningSettings, sign};
use aws_sigv4::sign::v4;
use aws_smithy_http_client::default_connector;
use aws_smithy_runtime_api::client::http::{HttpConnector as _, HttpConnectorSettings, SharedHttpConnector};
use aws_smithy_runtime_api::client::identity::Identity;
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::error::display::DisplayErrorContext;
use aws_types::service_config::ServiceConfigKey;
use shared::domain::Timestamp;
use shared::http::Clock;

/// Where `CloudFront` takes orders for every region; it is signed as for this one.
const ENDPOINT: &str = "https://cloudfront.amazonaws.com";
const REGION: &str = "us-east-1";
const XMLNS: &str = "http://cloudfront.amazonaws.com/doc/2020-05-31/";

/// How long one request may take.
const CONNECT: Duration = Duration::from_secs(2);
const ANSWER: Duration = Duration::from_secs(10);

/// How long is waited before each further attempt: together a minute, in which other purges come to their end.
const PAUSES: [Duration; 6] = [
    Duration::from_secs(1),
    Duration::from_secs(2),
    Duration::from_secs(4),
    Duration::from_secs(8),
    Duration::from_secs(15),
    Duration::from_secs(30),
];

/// Why the CDN was not told to forget something.
#[derive(Debug, thiserror::Error)]
pub enum Fault {
    /// It could not be asked, and trying again would not help: the set-up is wrong.
    #[error("the CDN cannot be asked: {0}")]
    Setup(String),
    /// It refused, or did not answer, and went on doing so.
    #[error("the CDN does not purge: {0}")]
    Refused(String),
}

fn setup(error: impl fmt::Display) -> Fault {
    Fault::Setup(error.to_string())
}

/// A distribution.
#[derive(Debug)]
pub struct Cdn {
    url: String,
    credentials: SharedCredentialsProvider,
    connector: SharedHttpConnector,
    clock: Clock,
    pauses: Vec<Duration>,
}

/// How an attempt failed.
enum Failure {
    /// It may succeed if it is tried again.
    Now(String),
    ForGood(Fault),
}

impl Cdn {
    /// The distribution called `id`, reached with the process's AWS settings. `AWS_ENDPOINT_URL_CLOUDFRONT` leads
    /// elsewhere, as it does for Amazon's own clients.
    pub fn connect(aws: &SdkConfig, id: &str, clock: Clock) -> Result<Self, Fault> {
        let key = ServiceConfigKey::builder()
            .service_id("CloudFront")
            .env("AWS_ENDPOINT_URL")
            .profile("endpoint_url");
        let key = key.build().map_err(setup)?;
        let own = aws.service_config().and_then(|settings| settings.load_config(key));
        let endpoint =
            own.or_else(|| aws.endpoint_url().map(str::to_owned)).unwrap_or_else(|| ENDPOINT.to_owned());
        if id.is_empty() || !id.bytes().all(|b| b.is_ascii_alphanumeric()) {
            return Err(setup("the id of the distribution is none"));
        }
        let settings = HttpConnectorSettings::builder().connect_timeout(CONNECT).read_timeout(ANSWER).build();
        Ok(Self {
            url: format!("{}/2020-05-31/distribution/{id}/invalidation", endpoint.trim_end_matches('/')),
            credentials: aws.credentials_provider().ok_or_else(|| setup("there are no credentials"))?,
            connector: default_connector(&settings, aws.sleep_impl())
                .ok_or_else(|| setup("there is no HTTP client"))?,
            clock,
            pauses: PAUSES.to_vec(),
        })
    }

    /// This handle, waiting `pauses` between attempts.
    #[must_use]
    pub fn with_pauses(self, pauses: Vec<Duration>) -> Self {
        Self { pauses, ..self }
    }

    /// Makes the CDN forget what it holds under `paths`; `*` at the end of one stands for anything.
    ///
    /// The same `reference` with the same paths is one purge, however often it is asked for. Where too many purges are
    /// under way, or it does not answer, it is asked again for about a minute.
    pub async fn forget(&self, paths: &[String], reference: &str) -> Result<(), Fault> {
        let body = batch(paths, reference);
        let mut pauses = self.pauses.iter();
        loop {
            match self.ask(&body).await {
                Ok(()) => return Ok(()),
                Err(Failure::ForGood(fault)) => return Err(fault),
                Err(Failure::Now(cause)) => match pauses.next() {
                    Some(pause) => tokio::time::sleep(*pause).await,
                    None => return Err(Fault::Refused(cause)),
                },
            }
        }
    }

    async fn ask(&self, body: &str) -> Result<(), Failure> {
        let credentials = self.credentials.provide_credentials().await;
        let identity: Identity = credentials.map_err(|error| Failure::Now(error.to_string()))?.into();
        let request = signed(&self.url, body, &identity, self.clock.now()).map_err(Failure::ForGood)?;
        let request = HttpRequest::try_from(request).map_err(|error| Failure::ForGood(setup(error)))?;
        let answer = self.connector.call(request).await;
        let answer = answer.map_err(|error| Failure::Now(DisplayErrorContext(error).to_string()))?;
        let status = answer.status();
        if status.is_success() {
            return Ok(());
        }
        let bytes = answer.into_body();
        let text = read(bytes).await;
        let code = element(&text, "Code");
        let cause = format!("{status} {code}: {}", element(&text, "Message"));
        let passes = ["TooManyInvalidationsInProgress", "Throttling", "ThrottlingException"].contains(&code);
        if passes || status.is_server_error() || status.as_u16() == 429 {
            Err(Failure::Now(cause))
        } else {
            Err(Failure::ForGood(Fault::Refused(cause)))
        }
    }
}

/// The start of an answer; it only serves to say why.
async fn read(body: SdkBody) -> String {
    let bytes = aws_smithy_types::byte_stream::ByteStream::new(body).collect().await;
    bytes.map(|bytes| String::from_utf8_lossy(&bytes.into_bytes()).into_owned()).unwrap_or_default()
}

/// What stands in the first element of that name.
fn element<'a>(text: &'a str, name: &str) -> &'a str {
    let inside = text.split_once(&format!("<{name}>")).map_or("", |(_, rest)| rest);
    inside.split_once('<').map_or("", |(inside, _)| inside)
}

/// The body of the request. Paths, of which there is at least one, and references are made of letters, digits and `/`,
/// `-`, `*`: nothing is escaped.
fn batch(paths: &[String], reference: &str) -> String {
    format!(
        "<InvalidationBatch xmlns=\"{XMLNS}\"><Paths><Quantity>{}</Quantity><Items><Path>{}</Path></Items></Paths>\
         <CallerReference>{reference}</CallerReference></InvalidationBatch>",
        paths.len(),
        paths.join("</Path><Path>")
    )
}

fn signed(
    url: &str,
    body: &str,
    identity: &Identity,
    now: Timestamp,
) -> Result<http::Request<SdkBody>, Fault> {
    let content_type = ("content-type", "application/xml");
    let time = SystemTime::UNIX_EPOCH + Duration::from_millis(now.millis().unsigned_abs());
    let params = v4::SigningParams::builder()
        .identity(identity)
        .region(REGION)
        .name("cloudfront")
        .time(time)
        .settings(SigningSettings::default())
        .build()
        .map_err(setup)?;
    let signable =
        SignableRequest::new("POST", url, [content_type].into_iter(), SignableBody::Bytes(body.as_bytes()));
    let (instructions, _) = sign(signable.map_err(setup)?, &params.into()).map_err(setup)?.into_parts();
    let request = http::Request::post(url).header(content_type.0, content_type.1).body(SdkBody::from(body));
    let mut request = request.map_err(setup)?;
    instructions.apply_to_request_http1x(&mut request);
    Ok(request)
}
