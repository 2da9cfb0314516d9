//! The functions as Lambda runs them: each a process of its own behind the Runtime API, which `cargo lambda watch`
//! emulates, with the environment that the templates give it and nothing else.
//!
//! A process is started by the first call that finds none free, as in the cloud, and a call that ends badly is answered
//! as the cloud does. This knows of events and answers only that they are texts.

mod beside;
mod cache;
mod distribution;
mod emulator;
mod function;
mod invocations;
mod listening;
mod logs;
mod parameters;
mod process;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Context as _;
use aws_sdk_dynamodb::config::SharedHttpClient;
use templates::{Infra, Settings};

pub use beside::Beside;
use emulator::Emulator;
pub(crate) use function::{Fault, Function};
use invocations::Invocations;
use logs::Logs;
use shared::secrets::Secrets;

use crate::listen::Deadline;

/// What to run functions from and with.
#[derive(Debug, Clone)]
pub struct LambdaOptions {
    /// Where the functions' binaries lie: as cargo leaves them (`<name>`), or as `sam build` does
    /// (`<logical id>/bootstrap`, below the name of their stack or not).
    pub binaries: PathBuf,
    /// The program `cargo-lambda`.
    pub cargo_lambda: PathBuf,
    /// Where SSM and CloudFront answer, which must take any key: `http://127.0.0.1:5000` of a `moto_server`.
    pub aws_endpoint: String,
    /// The outermost template, `infra/template.yaml`.
    pub template: PathBuf,
    /// The port at which functions can be called past the doors; 0 for any free one.
    pub invoke_port: u16,
}

/// What functions are to find: the places and names that only this run has.
#[derive(Debug, Clone)]
pub(crate) struct Surroundings<'a> {
    pub(crate) dynamodb_endpoint: String,
    pub(crate) table: String,
    pub(crate) s3_endpoint: String,
    pub(crate) bucket: &'static str,
    /// Access key and secret of the object store.
    pub(crate) keys: (&'a str, &'a str),
    pub(crate) base_url: String,
    /// Separated by commas.
    pub(crate) former_base_urls: String,
    pub(crate) max_binary_bytes: u64,
    /// Where logs are written to, and programs are run in.
    pub(crate) folder: PathBuf,
}

/// A running emulator with the functions that the templates have.
#[derive(Debug)]
pub(crate) struct Lambda {
    emulator: Emulator,
    functions: BTreeMap<String, Arc<Function>>,
    /// The templates with this run's parameters.
    pub(crate) infra: Infra,
}

/// The functions for as long as their server runs.
#[derive(Debug)]
pub(crate) struct Running {
    lambda: Arc<Lambda>,
    invocations: Invocations,
    logs: Logs,
}

impl Running {
    /// Writes the parameters and starts the emulator.
    pub(crate) async fn start(
        options: &LambdaOptions,
        around: &Surroundings<'_>,
        secrets: &Secrets,
        http: SharedHttpClient,
    ) -> anyhow::Result<Self> {
        let stage = format!("t{}", &crate::random::name()[..12]);
        let path = format!("/ota/{stage}");
        let distribution = distribution::create(&options.aws_endpoint, &stage).await?;
        parameters::write(&options.aws_endpoint, http, &path, &around.base_url, &distribution, secrets)
            .await
            .context("the parameters cannot be written")?;
        let logs = Logs(around.folder.clone());
        let lambda = Arc::new(Lambda::start(options, around, &stage).await?);
        let invocations = Invocations::start(options.invoke_port, Arc::clone(&lambda)).await?;
        Ok(Self { lambda, invocations, logs })
    }

    /// The functions.
    pub(crate) fn lambda(&self) -> Arc<Lambda> {
        Arc::clone(&self.lambda)
    }

    /// The folder of what they print.
    pub(crate) fn logs(&self) -> &Path {
        &self.logs.0
    }

    /// Where functions can be called past the doors.
    pub(crate) fn invocations(&self) -> SocketAddr {
        self.invocations.address()
    }

    /// Ends every process, once calls past the doors have ended or `deadline` has come.
    pub(crate) async fn stop(self, deadline: Deadline) -> anyhow::Result<()> {
        let invocations = self.invocations.stop(deadline).await;
        self.lambda.stop().and(invocations)
    }
}

impl Lambda {
    /// Starts the emulator; functions are started by their calls. Fails if a program or a template is missing.
    async fn start(options: &LambdaOptions, around: &Surroundings<'_>, stage: &str) -> anyhow::Result<Self> {
        let infra = Infra::read(&options.template, settings(stage, around))
            .map_err(|error| anyhow::anyhow!("{}", error.whole()))?;
        let described = infra.with_values(values(around)).functions()?;
        let names: Vec<_> = described.iter().map(|function| function.name.clone()).collect();
        let emulator = Emulator::start(&options.cargo_lambda, &names, &around.folder).await?;
        let mut functions = BTreeMap::new();
        for described in described {
            let program = program(&options.binaries, &described)?;
            let mut environment = of_lambda(&described, around, &options.aws_endpoint);
            environment.extend(described.environment.clone());
            let function = Function::new(
                &described,
                program,
                environment,
                emulator.places(&described.name),
                &around.folder,
            );
            functions.insert(described.id, Arc::new(function));
        }
        Ok(Self { emulator, functions, infra })
    }

    /// A function by its id in the templates, as `Functions.FeedsFunction`.
    pub(crate) fn function(&self, id: &str) -> anyhow::Result<Arc<Function>> {
        self.functions.get(id).cloned().with_context(|| format!("the templates have no function {id}"))
    }

    /// A function by its name, as `feeds`.
    pub(crate) fn named(&self, name: &str) -> anyhow::Result<Arc<Function>> {
        let named = self.functions.values().find(|function| function.name() == name);
        named.cloned().with_context(|| format!("the templates have no function {name}"))
    }

    /// Ends every process, the functions' first.
    fn stop(&self) -> anyhow::Result<()> {
        for function in self.functions.values() {
            function.end();
        }
        self.emulator.stop()
    }
}

/// The parameters of this run's deployment.
fn settings(stage: &str, around: &Surroundings<'_>) -> Settings {
    let parameters = [
        ("Stage", stage.to_owned()),
        ("FormerBaseUrls", around.former_base_urls.clone()),
        ("MaxBinaryBytes", around.max_binary_bytes.to_string()),
    ];
    Settings { parameters: owned(parameters), ..Settings::default() }
}

/// The names of what is there, for the functions' environment.
fn values(around: &Surroundings<'_>) -> BTreeMap<String, String> {
    owned([("Data.Table", around.table.clone()), ("Storage.BinariesBucket", around.bucket.to_owned())])
}

fn owned<const N: usize>(pairs: [(&str, String); N]) -> BTreeMap<String, String> {
    pairs.map(|(name, value)| (name.to_owned(), value)).into()
}

/// The binary of a function, as cargo or as `sam build` leaves it.
fn program(binaries: &Path, function: &templates::Function) -> anyhow::Result<PathBuf> {
    let below = binaries.join(function.id.replace('.', "/"));
    let candidates = [
        binaries.join(&function.name),
        binaries.join(&function.logical_id).join("bootstrap"),
        below.join("bootstrap"),
    ];
    let found = candidates.into_iter().find(|path| path.is_file());
    let found =
        found.with_context(|| format!("{} holds no binary of {}", binaries.display(), function.name))?;
    found.canonicalize().with_context(|| found.display().to_string())
}

/// What Lambda itself gives every function, and where the services answer that are not AWS here.
fn of_lambda(
    function: &templates::Function,
    around: &Surroundings<'_>,
    aws: &str,
) -> BTreeMap<String, String> {
    let (access_key, secret) = around.keys;
    let log_group = function.resource.text("/LoggingConfig/LogGroup").unwrap_or_default();
    [
        ("AWS_ACCESS_KEY_ID", access_key),
        ("AWS_SECRET_ACCESS_KEY", secret),
        ("AWS_SESSION_TOKEN", "a session of a role"),
        ("AWS_REGION", "us-east-1"),
        ("AWS_DEFAULT_REGION", "us-east-1"),
        ("AWS_LAMBDA_FUNCTION_NAME", &function.function_name),
        ("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST"),
        ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", &function.memory_mb.to_string()),
        ("AWS_LAMBDA_INITIALIZATION_TYPE", "on-demand"),
        ("AWS_LAMBDA_LOG_FORMAT", "JSON"),
        ("AWS_LAMBDA_LOG_GROUP_NAME", log_group),
        ("AWS_LAMBDA_LOG_STREAM_NAME", "here"),
        ("LAMBDA_TASK_ROOT", "/var/task"),
        ("LANG", "en_US.UTF-8"),
        ("PATH", "/usr/local/bin:/usr/bin:/bin"),
        ("TZ", ":UTC"),
        ("_HANDLER", &function.handler),
        ("AWS_ENDPOINT_URL_DYNAMODB", &around.dynamodb_endpoint),
        ("AWS_ENDPOINT_URL_S3", &around.s3_endpoint),
        ("AWS_ENDPOINT_URL_SSM", aws),
        ("AWS_ENDPOINT_URL_CLOUDFRONT", aws),
    ]
    .map(|(name, value)| (name.to_owned(), value.to_owned()))
    .into()
}
