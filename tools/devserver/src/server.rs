//! The server: starts every part, wires them together, and stops them in order.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_sdk_dynamodb::config::{Credentials, SharedCredentialsProvider, SharedHttpClient};
use http::Method;
use hyper::service::service_fn;
use serde_json::{Value, json};
use shared::blobs::Blobs;
use shared::config::{BaseUrl, Config};
use shared::http::{App, Clock};
use shared::store::Store;
use shared::usecases::bootstrap;

use crate::data::Folder;
use crate::dynamo::Dynamo;
use crate::environment::Environment;
use crate::front::{Cloud, Doors, Front};
use crate::lambda::{Running, Surroundings};
use crate::listen::{self, Deadline, Listening};
use crate::objects::{BUCKET, Objects};
use crate::options::Options;
use crate::routers::routers;
use crate::{client, random};

/// How long open requests get to finish once the server is told to stop.
const DRAIN: Duration = Duration::from_secs(5);
/// The partner that is made at the first start on kept data.
const DEMO_PARTNER: &str = "demo";

/// A running dev server.
#[derive(Debug)]
pub struct Server {
    base_url: String,
    app: App,
    blobs: Blobs,
    s3: aws_sdk_s3::Client,
    dynamodb: aws_sdk_dynamodb::Client,
    dynamodb_endpoint: String,
    operator_key: String,
    demo_key: Option<String>,
    front: Listening,
    lambda: Option<Running>,
    folder: Folder,
    objects: Objects,
    dynamo: Option<Dynamo>,
}

impl Server {
    /// Starts everything and returns once requests are answered.
    ///
    /// Fails if the port is taken, or if the data folder is another server's, not ours, or broken.
    pub async fn start(options: Options) -> anyhow::Result<Self> {
        let listener = listen::bind(options.port).await?;
        let address = listener.local_addr()?;
        let folder = match &options.data {
            Some(root) => Folder::open(root, options.fresh)?,
            None => Folder::temporary()?,
        };
        let http = aws_smithy_http_client::Builder::new().build_http();

        let (dynamo, dynamodb_endpoint, table) = if let Some(endpoint) = options.dynamodb_endpoint {
            (None, endpoint, format!("ota-{}", random::name()))
        } else {
            let dynamo = Dynamo::start(folder.database().as_deref()).await?;
            let endpoint = dynamo.endpoint().to_owned();
            (Some(dynamo), endpoint, "ota".to_owned())
        };
        let plain = dynamodb_config(&dynamodb_endpoint, http.clone());
        let watched = options
            .http_client
            .map_or_else(|| plain.clone(), |http| dynamodb_config(&dynamodb_endpoint, http));
        Store::new(&plain, &table).create_table().await.context("the table cannot be made")?;

        let objects = Objects::start(&folder.objects()).await?;
        let s3 = objects.client(http.clone());
        let reader = objects.reader(http.clone());
        let blobs = Blobs::new(objects.client(options.s3_http_client.unwrap_or(http.clone())), BUCKET);

        let base_url = format!("http://{address}");
        let mut config = Config::at(BaseUrl::parse(&base_url)?, &table, BUCKET);
        config.former_base_urls = vec![format!("http://localhost:{}", address.port())];
        config.max_binary_bytes = options.max_binary_bytes.unwrap_or(config.max_binary_bytes);
        let secrets = folder.secrets()?;
        let app = App {
            store: Store::new(&watched, &table),
            config: Arc::new(config),
            secrets: Arc::new(secrets.clone().into()),
            clock: Clock::default(),
        };
        let lambda = match &options.lambda {
            Some(wanted) => {
                let around = Surroundings {
                    dynamodb_endpoint: dynamodb_endpoint.clone(),
                    table: table.clone(),
                    s3_endpoint: objects.endpoint().to_owned(),
                    bucket: BUCKET,
                    keys: objects.keys(),
                    base_url: base_url.clone(),
                    former_base_urls: app.config.former_base_urls.join(","),
                    max_binary_bytes: app.config.max_binary_bytes,
                    folder: folder.logs()?,
                };
                Some(Running::start(wanted, &around, &secrets, http).await?)
            }
            None => None,
        };
        let doors = match &lambda {
            Some(running) => Doors::Cloud(Box::new(Cloud::new(running.lambda())?)),
            None => Doors::Here(Box::new(routers(&app, &blobs))),
        };
        let front = Arc::new(Front {
            doors,
            app: app.clone(),
            s3: reader,
            bucket: BUCKET.to_owned(),
            domain: address.to_string(),
        });
        let front = listen::serve(listener, move |peer: SocketAddr| {
            let front = Arc::clone(&front);
            service_fn(move |request| Arc::clone(&front).answer(request, peer))
        });

        let mut server = Self {
            base_url,
            app,
            blobs,
            s3,
            dynamodb: aws_sdk_dynamodb::Client::new(&plain),
            dynamodb_endpoint,
            operator_key: String::new(),
            demo_key: None,
            front,
            lambda,
            folder,
            objects,
            dynamo,
        };
        server.find_or_make_keys(&Store::new(&plain, &table)).await?;
        Ok(server)
    }

    /// Where the service answers, as `http://127.0.0.1:8080`.
    pub fn base_url(&self) -> &str {
        &self.base_url
    }

    /// What the routers were given; its store goes through the injected HTTP client, if there is one.
    pub fn app(&self) -> &App {
        &self.app
    }

    /// What the routers were given for binaries.
    pub fn blobs(&self) -> &Blobs {
        &self.blobs
    }

    /// A client of the object store that nothing is injected into.
    pub fn s3_client(&self) -> &aws_sdk_s3::Client {
        &self.s3
    }

    /// Where the object store answers.
    pub fn s3_endpoint(&self) -> &str {
        self.objects.endpoint()
    }

    /// The bucket of binaries.
    pub fn bucket(&self) -> &'static str {
        BUCKET
    }

    /// A client of the database that nothing is injected into.
    pub fn dynamodb_client(&self) -> &aws_sdk_dynamodb::Client {
        &self.dynamodb
    }

    /// Where the database answers.
    pub fn dynamodb_endpoint(&self) -> &str {
        &self.dynamodb_endpoint
    }

    /// The name of the table.
    pub fn table(&self) -> &str {
        &self.app.config.table
    }

    /// A key with the operator's right.
    pub fn operator_key(&self) -> &str {
        &self.operator_key
    }

    /// The key of the partner `demo`, with the `release` right; only a server that keeps its data has that partner.
    pub fn demo_key(&self) -> Option<&str> {
        self.demo_key.as_deref()
    }

    /// The file that scripts source; only a server that keeps its data has one.
    pub fn environment_file(&self) -> Option<std::path::PathBuf> {
        self.folder.is_kept().then(|| self.folder.environment())
    }

    /// The folder of what functions print, where they run as Lambda runs them.
    pub fn logs(&self) -> Option<&Path> {
        self.lambda.as_ref().map(Running::logs)
    }

    /// The clock of the service, which tests may shift. The object store has its own, which nothing shifts.
    pub fn clock(&self) -> &Clock {
        &self.app.clock
    }

    /// Makes `partner` unless it is there, and a key of it with `right`, through the admin API.
    pub async fn partner_key(&self, partner: &str, right: &str) -> anyhow::Result<String> {
        let admin = format!("{}/v1/ota/admin/partners", self.base_url);
        let body =
            json!({ "partnerId": partner, "name": partner, "email": format!("{partner}@example.com") });
        client::call(Method::POST, &admin, &self.operator_key, &body)
            .await?
            .expect(&[201, 409], "making a partner")?;
        let body = json!({ "rights": [right], "label": "dev server" });
        let keys = format!("{admin}/{partner}/keys");
        let made = client::call(Method::POST, &keys, &self.operator_key, &body)
            .await?
            .expect(&[201], "making a key")?;
        let key = made.json()["key"].as_str().map(str::to_owned);
        key.context("the answer to making a key holds no key")
    }

    /// Whether functions run as Lambda runs them, with clocks of their own.
    pub fn runs_lambda(&self) -> bool {
        self.lambda.is_some()
    }

    /// Where functions can be called past the doors (Lambda's Invoke API), if they run as Lambda runs them.
    pub fn invocations(&self) -> Option<SocketAddr> {
        self.lambda.as_ref().map(Running::invocations)
    }

    /// Calls a function by its name, as `reconciler`, with an event of its own; an error if it fails, or if functions are
    /// routers of this process.
    pub async fn invoke(&self, function: &str, event: &Value) -> anyhow::Result<Value> {
        let running = self.lambda.as_ref().context("the functions are routers of this process")?;
        let answer = running.lambda().named(function)?.invoke(event.to_string()).await?;
        Ok(serde_json::from_slice(&answer)?)
    }

    /// Stops accepting, lets open requests finish for at most five seconds, and closes everything; what was
    /// answered is stored.
    pub async fn stop(self) -> anyhow::Result<()> {
        let deadline = Deadline::after(DRAIN);
        // In this order, since what is open in front may still need what is behind it.
        let front = self.front.stop(deadline.clone()).await;
        let lambda = match self.lambda {
            Some(lambda) => lambda.stop(deadline.clone()).await,
            None => Ok(()),
        };
        let objects = self.objects.stop(deadline).await;
        let dynamo = match self.dynamo {
            Some(dynamo) => dynamo.stop().await,
            None => Ok(()),
        };
        front.and(lambda).and(objects).and(dynamo).and(self.folder.close())
    }

    async fn find_or_make_keys(&mut self, store: &Store) -> anyhow::Result<()> {
        let kept = self.folder.is_kept();
        let mut known =
            if kept { Environment::read(&self.folder.environment()) } else { Environment::default() };
        self.operator_key = match self.still_good(known.get("OTA_OPERATOR_KEY"), None).await? {
            Some(key) => key,
            None => self.new_operator_key(store).await?,
        };
        if !kept {
            return Ok(());
        }
        let demo = match self.still_good(known.get("OTA_KEY"), Some(DEMO_PARTNER)).await? {
            Some(key) => key,
            None => self.partner_key(DEMO_PARTNER, "release").await?,
        };
        known.set("OTA_URL", &self.base_url);
        known.set("OTA_PARTNER", DEMO_PARTNER);
        known.set("OTA_KEY", &demo);
        known.set("OTA_OPERATOR_KEY", &self.operator_key);
        known.set("OTA_DYNAMODB_ENDPOINT", &self.dynamodb_endpoint);
        known.set("OTA_TABLE", self.table());
        let (access_key, secret) = self.objects.keys();
        known.set("OTA_S3_ENDPOINT", self.s3_endpoint());
        known.set("OTA_S3_ACCESS_KEY", access_key);
        known.set("OTA_S3_SECRET", secret);
        known.set("OTA_BUCKET", BUCKET);
        known.set("OTA_SECRETS_FILE", self.folder.secrets_file().display().to_string());
        known.write(&self.folder.environment())?;
        self.demo_key = Some(demo);
        Ok(())
    }

    /// `key`, if the service still takes it for that of `partner` (for none, of the operator).
    async fn still_good(&self, key: Option<&str>, partner: Option<&str>) -> anyhow::Result<Option<String>> {
        let Some(key) = key else { return Ok(None) };
        let url = format!("{}/v1/ota/whoami", self.base_url);
        let answer = client::call(Method::GET, &url, key, &Value::Null).await?;
        let good = answer.status.is_success() && answer.json()["partnerId"].as_str() == partner;
        Ok(good.then(|| key.to_owned()))
    }

    async fn new_operator_key(&self, store: &Store) -> anyhow::Result<String> {
        let now = self.app.clock.now();
        let key = match bootstrap::first_operator_key(store, random::bytes()?, now).await? {
            Some(key) => key,
            None => bootstrap::another_operator_key(store, random::bytes()?, now).await?,
        };
        Ok(key.reveal().to_owned())
    }
}

fn dynamodb_config(endpoint: &str, http: SharedHttpClient) -> SdkConfig {
    let credentials = Credentials::new("devserver", "devserver", None, None, "devserver");
    SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::from_static("us-east-1"))
        .credentials_provider(SharedCredentialsProvider::new(credentials))
        .endpoint_url(endpoint)
        .http_client(http)
        .build()
}
