//! An object store, a database and the router, each test's own, and a way to make single calls fail.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, AtomicUsize, Ordering};

use aws_sdk_s3::config::interceptors::{
    BeforeDeserializationInterceptorContextMut, BeforeTransmitInterceptorContextMut,
};
use aws_sdk_s3::config::{BehaviorVersion, ConfigBag, Credentials, Intercept, Region, RuntimeComponents};
use axum::body::Body;
use http::{Method, Request, StatusCode};
use lambda_http::request::RequestContext;
use md5::{Digest as _, Md5};
use s3s::auth::SimpleAuth;
use s3s::service::S3ServiceBuilder;
use serde_json::{Value, json};
use shared::blobs::Blobs;
use shared::config::{BaseUrl, Config};
use shared::domain::{Actor, PartnerId, Right, Sha256};
use shared::http::app::Clock;
use shared::http::{App, caller};
use shared::secrets::Secrets;
use shared::store::Store;
use tower::ServiceExt as _;

pub(crate) const BUCKET: &str = "binaries";
type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// How a call fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Fault {
    /// It is never sent.
    NotSent = 1,
    /// It is carried out, and its answer is lost.
    ReplyLost = 2,
}

/// Counts the calls to both stores, and makes one of them fail.
#[derive(Debug, Clone, Default)]
pub(crate) struct Faults {
    calls: Arc<AtomicUsize>,
    at: Arc<AtomicUsize>,
    fault: Arc<AtomicU8>,
}

impl Faults {
    /// From now on, the call number `at` (from 1) fails.
    pub(crate) fn inject(&self, at: usize, fault: Fault) {
        self.calls.store(0, Ordering::SeqCst);
        self.at.store(at, Ordering::SeqCst);
        self.fault.store(fault as u8, Ordering::SeqCst);
    }

    /// Nothing fails any more; answers how many calls there were since the last fault was set.
    pub(crate) fn clear(&self) -> usize {
        self.at.store(0, Ordering::SeqCst);
        self.calls.swap(0, Ordering::SeqCst)
    }

    fn fails(&self, fault: Fault) -> Result<(), BoxError> {
        let here = self.calls.load(Ordering::SeqCst) == self.at.load(Ordering::SeqCst);
        if here && self.fault.load(Ordering::SeqCst) == fault as u8 { Err("injected".into()) } else { Ok(()) }
    }
}

impl Intercept for Faults {
    fn name(&self) -> &'static str {
        "faults"
    }

    fn modify_before_transmit(
        &self,
        _: &mut BeforeTransmitInterceptorContextMut<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        self.calls.fetch_add(1, Ordering::SeqCst);
        self.fails(Fault::NotSent)
    }

    fn modify_before_deserialization(
        &self,
        _: &mut BeforeDeserializationInterceptorContextMut<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        self.fails(Fault::ReplyLost)
    }
}

pub(crate) struct World {
    pub(crate) app: App,
    pub(crate) blobs: Blobs,
    pub(crate) s3: aws_sdk_s3::Client,
    pub(crate) endpoint: String,
    pub(crate) faults: Faults,
    _files: tempfile::TempDir,
}

/// An answer: its status, and its body as JSON (null if it is none).
pub(crate) type Answer = (StatusCode, Value);

async fn object_store(files: &std::path::Path) -> String {
    let mut builder = S3ServiceBuilder::new(s3s_fs::FileSystem::new(files).unwrap());
    builder.set_auth(SimpleAuth::from_single("AKID", "secret"));
    let service = builder.build();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        while let Ok((socket, _)) = listener.accept().await {
            let io = hyper_util::rt::TokioIo::new(socket);
            let service = service.clone();
            tokio::spawn(async move {
                hyper::server::conn::http1::Builder::new().serve_connection(io, service).await
            });
        }
    });
    endpoint
}

async fn database() -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    let database = dynoxide::Database::memory().unwrap();
    tokio::spawn(dynoxide::server::serve_on(listener, database));
    endpoint
}

fn s3_client(endpoint: &str, faults: Faults) -> aws_sdk_s3::Client {
    let config = aws_sdk_s3::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("eu-central-1"))
        .credentials_provider(Credentials::new("AKID", "secret", None, None, "test"))
        .endpoint_url(endpoint)
        .force_path_style(true)
        .retry_config(aws_sdk_s3::config::retry::RetryConfig::disabled())
        .interceptor(faults);
    aws_sdk_s3::Client::from_conf(config.build())
}

fn table_client(endpoint: &str, faults: Faults) -> aws_sdk_dynamodb::Client {
    let config = aws_sdk_dynamodb::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("eu-central-1"))
        .credentials_provider(Credentials::new("AKID", "secret", None, None, "test"))
        .endpoint_url(endpoint)
        .retry_config(aws_sdk_dynamodb::config::retry::RetryConfig::disabled())
        .interceptor(faults);
    aws_sdk_dynamodb::Client::from_conf(config.build())
}

impl World {
    pub(crate) async fn new() -> Self {
        Self::with(|_| {}).await
    }

    pub(crate) async fn with(settings: impl FnOnce(&mut Config)) -> Self {
        let files = tempfile::tempdir().unwrap();
        let endpoint = object_store(files.path()).await;
        let faults = Faults::default();
        let s3 = s3_client(&endpoint, faults.clone());
        s3.create_bucket().bucket(BUCKET).send().await.unwrap();
        let store = Store::with_client(table_client(&database().await, faults.clone()), "ota");
        store.create_table().await.unwrap();
        let mut config = Config::at(BaseUrl::parse("https://ota.example").unwrap(), "ota", BUCKET);
        settings(&mut config);
        let secrets = Arc::new(Secrets::generate(&[7; 64]).into());
        let all = App { store, config: Arc::new(config), secrets, clock: Clock::default() };
        let app = all.only(&shared::needs::UPLOADS);
        Self { app, blobs: Blobs::new(s3.clone(), BUCKET), s3, endpoint, faults, _files: files }
    }

    /// Sends a request as a key of `partner` with all of its rights.
    pub(crate) async fn send(
        &self,
        partner: &str,
        method: Method,
        path: &str,
        media: &str,
        body: Vec<u8>,
    ) -> Answer {
        let actor = Actor {
            partner: Some(partner.parse().unwrap()),
            right: Right::Release,
            key: "k".to_owned(),
            bearer: false,
            expires: None,
            root: String::new(),
        };
        let fields: HashMap<String, Value> = caller::authorizer_context(&actor);
        let context = json!({"authorizer": {"lambda": fields}, "requestId": "r", "http": {"method": "POST"}, "timeEpoch": 0});
        let context = serde_json::from_value(context).unwrap();
        let request = Request::builder()
            .method(method)
            .uri(format!("/v1/ota/partners/{partner}{path}"))
            .header("content-type", media)
            .extension(RequestContext::ApiGatewayV2(context))
            .body(Body::from(body))
            .unwrap();
        let response = uploads::routes(self.app.clone(), self.blobs.clone()).oneshot(request).await.unwrap();
        let status = response.status();
        let bytes = axum::body::to_bytes(response.into_body(), usize::MAX).await.unwrap();
        (status, serde_json::from_slice(&bytes).unwrap_or_default())
    }

    pub(crate) async fn post(&self, path: &str, body: &Value) -> Answer {
        self.send("acme", Method::POST, path, "application/json", body.to_string().into_bytes()).await
    }

    pub(crate) async fn announce(&self, bytes: &[u8]) -> Answer {
        self.post("/binaries", &json!({"sha256": Sha256::of(bytes), "size": bytes.len()})).await
    }

    pub(crate) async fn direct(&self, media: &str, bytes: &[u8]) -> Answer {
        self.send("acme", Method::POST, "/binaries", media, bytes.to_vec()).await
    }

    pub(crate) async fn moved(&self, bytes: &[u8]) -> Answer {
        self.post("/binaries/moveToRepository", &json!({"value": Sha256::of(bytes)})).await
    }

    pub(crate) async fn get(&self, partner: &str, bytes: &[u8]) -> Answer {
        let path = format!("/binaries/{}", Sha256::of(bytes));
        self.send(partner, Method::GET, &path, "application/json", Vec::new()).await
    }

    /// Puts bytes where an upload of `named` would lie, past every check.
    pub(crate) async fn plant(&self, key: &str, bytes: &[u8]) {
        let put = self.s3.put_object().bucket(BUCKET).key(key).body(bytes.to_vec().into());
        put.send().await.unwrap();
    }

    /// The bytes of an object.
    pub(crate) async fn object(&self, key: &str) -> Option<Vec<u8>> {
        let answer = self.s3.get_object().bucket(BUCKET).key(key).send().await.ok()?;
        Some(answer.body.collect().await.unwrap().to_vec())
    }

    pub(crate) async fn staged(&self, bytes: &[u8]) -> Option<Vec<u8>> {
        self.object(&shared::blobs::keys::staging(&acme(), &Sha256::of(bytes))).await
    }

    pub(crate) async fn in_repository(&self, bytes: &[u8]) -> Option<Vec<u8>> {
        self.object(&shared::blobs::keys::repository(&Sha256::of(bytes))).await
    }
}

pub(crate) fn acme() -> PartnerId {
    "acme".parse().unwrap()
}

pub(crate) fn md5_of(bytes: &[u8]) -> String {
    hex::encode(Md5::digest(bytes))
}

/// The control archive of a good package, called `tea`.
pub(crate) const CONTROL: &[u8] = include_bytes!("../../../../shared/testdata/ipkg/control.tar.gz");

/// An `.ipk` in its archive form around a control archive, with something large before the members that tell.
pub(crate) fn package_with(control: &[u8], before: usize) -> Vec<u8> {
    let mut out = b"!<arch>\n".to_vec();
    let data = vec![7; before];
    for (name, body) in
        [("data.tar.gz", data.as_slice()), ("control.tar.gz", control), ("debian-binary", b"2.0\n")]
    {
        let size = body.len();
        out.extend(format!("{name:<16}{:<12}{:<6}{:<6}{:<8}{size:<10}`\n", 0, 0, 0, 100_644).into_bytes());
        out.extend(body);
        out.resize(out.len().next_multiple_of(2), b'\n');
    }
    out
}

/// A good `.ipk`, with something large before the members that tell.
pub(crate) fn package(before: usize) -> Vec<u8> {
    package_with(CONTROL, before)
}
