//! Every function as Lambda runs it: its own router or handler, fed with events, given what [`shared::needs`] says that
//! it has in the cloud, and nothing else.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_sdk_dynamodb::config::{Credentials, SharedCredentialsProvider};
use axum::Router;
use lambda_http::aws_lambda_events::apigw::ApiGatewayV2CustomAuthorizerV2Request;
use lambda_http::request::LambdaRequest;
use lambda_http::{Adapter, Context, LambdaEvent};
use reconciler::{Cdn, Reconciler};
use serde_json::{Value, json};
use shared::blobs::Blobs;
use shared::config::BaseUrl;
use shared::http::App;
use shared::http::lambda;
use shared::metrics::Metrics;
use shared::needs::{self, Function};
use tokio::net::TcpListener;
use tower::Service as _;

use crate::api::Api;

/// Where the service of the sample events answers.
pub const BASE_URL: &str = "https://ota.example.com";

/// How long a function called here may take, in milliseconds.
const LIMIT: i64 = 900_000;

/// The functions over one table and one bucket, with a CDN that does what it is told.
#[derive(Debug, Clone)]
pub struct Functions {
    app: App,
    blobs: Blobs,
    cdn: String,
    purges: Arc<AtomicUsize>,
}

/// What a function answered.
#[derive(Debug, Clone)]
pub struct Invoked {
    /// The status code; none of what is no HTTP.
    pub status: Option<u16>,
    /// The whole answer, as Lambda hands it on: with `errorMessage` if the function failed.
    pub answer: Value,
}

impl Functions {
    /// The functions of a running service, at the address that the sample events name.
    pub async fn of(api: &Api) -> Self {
        let mut app = api.server.app().clone();
        let mut config = (*app.config).clone();
        config.base_url = Some(BaseUrl::parse(BASE_URL).unwrap());
        app.config = Arc::new(config);
        let purges = Arc::new(AtomicUsize::new(0));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let cdn = format!("http://{}", listener.local_addr().unwrap());
        let counted = Arc::clone(&purges);
        let routes = Router::new().fallback(async move || {
            counted.fetch_add(1, Ordering::Relaxed);
            (http::StatusCode::CREATED, "<Invalidation/>")
        });
        tokio::spawn(async move { axum::serve(listener, routes).await });
        Self { app, blobs: api.server.blobs().clone(), cdn, purges }
    }

    /// How often the CDN was told to forget something.
    pub fn purges(&self) -> usize {
        self.purges.load(Ordering::Relaxed)
    }

    /// Hands an event to the function called `name`; an error if it does not parse.
    pub async fn invoke(&self, name: &str, event: &Value) -> Result<Invoked, String> {
        let given = |function: &Function| self.app.only(function);
        let blobs = self.blobs.clone();
        let context = self.context();
        match name {
            "authorizer" => self.authorize(event).await,
            "admin" => http(given(&needs::ADMIN), event, context, admin::routes).await,
            "types" => http(given(&needs::TYPES), event, context, types::routes).await,
            "images" => http(given(&needs::IMAGES), event, context, |app| images::routes(app, blobs)).await,
            "uploads" => {
                http(given(&needs::UPLOADS), event, context, |app| uploads::routes(app, blobs)).await
            }
            "associations" => {
                http(given(&needs::ASSOCIATIONS), event, context, |app| associations::routes(app, blobs))
                    .await
            }
            "devices" => http(given(&needs::DEVICES), event, context, devices::routes).await,
            "eligibility" => http(given(&needs::ELIGIBILITY), event, context, eligibility::routes).await,
            "feeds" => http(given(&needs::FEEDS), event, context, |app| feeds::routes(app, blobs)).await,
            "reconciler" => self.reconcile(event, context).await,
            other => Err(format!("there is no function {other}")),
        }
    }

    fn context(&self) -> Context {
        let mut context = Context::default();
        "run".clone_into(&mut context.request_id);
        context.deadline = u64::try_from(self.app.clock.now().millis() + LIMIT).unwrap();
        context
    }

    async fn reconcile(&self, event: &Value, context: Context) -> Result<Invoked, String> {
        let credentials = Credentials::new("functions", "functions", None, None, "functions");
        let aws = SdkConfig::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new("eu-central-1"))
            .endpoint_url(&self.cdn)
            .credentials_provider(SharedCredentialsProvider::new(credentials))
            .build();
        let cdn = Cdn::connect(&aws, "E0000000000000", self.app.clock.clone());
        let reconciler = Reconciler {
            app: self.app.only(&needs::RECONCILER),
            blobs: self.blobs.named(needs::RECONCILER.name),
            cdn: cdn.unwrap().with_pauses(vec![Duration::from_millis(1)]),
            metrics: Metrics::to("ota/test", |_| {}),
        };
        let answer = reconciler.handle(LambdaEvent::new(event.clone(), context)).await;
        let answer = answer.unwrap_or_else(|fault| json!({"errorMessage": fault.to_string()}));
        Ok(Invoked { status: None, answer })
    }

    async fn authorize(&self, event: &Value) -> Result<Invoked, String> {
        let request: ApiGatewayV2CustomAuthorizerV2Request =
            serde_json::from_value(event.clone()).map_err(|error| error.to_string())?;
        let answer = authorizer::answer(&self.app.only(&needs::AUTHORIZER), &request).await;
        Ok(Invoked { status: None, answer: serde_json::to_value(answer).unwrap() })
    }
}

/// As `lambda_http` does it: parses the event, calls the router as a function serves it, and makes the answer.
async fn http(
    app: App,
    event: &Value,
    context: Context,
    routes: impl FnOnce(App) -> Router,
) -> Result<Invoked, String> {
    let payload: LambdaRequest = serde_json::from_value(event.clone()).map_err(|error| error.to_string())?;
    let service = lambda::service(&app.clone(), routes(app));
    let mut adapter = Adapter::from(service);
    let Ok(answer) = adapter.call(LambdaEvent::new(payload, context)).await;
    let answer = serde_json::to_value(answer).unwrap();
    let status = answer["statusCode"].as_u64().and_then(|status| u16::try_from(status).ok());
    Ok(Invoked { status, answer })
}
