//! One deployment in moto, with a path and a table of its own.

use std::collections::BTreeMap;
use std::process::Command;

use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_sdk_dynamodb::config::{Credentials, SharedCredentialsProvider};
use aws_sdk_ssm::types::ParameterType;
use shared::parameters::Parameters;
use shared::store::Store;

/// A deployment, and moto behind it.
pub(crate) struct World {
    endpoint: String,
    table: String,
    pub(crate) path: String,
    pub(crate) ssm: aws_sdk_ssm::Client,
    pub(crate) parameters: Parameters,
}

/// What a chore printed.
pub(crate) struct Printed {
    pub(crate) good: bool,
    pub(crate) out: String,
    pub(crate) error: String,
}

impl World {
    /// An empty deployment called `name`; none if no moto server is named. Fails if one is named and does not answer.
    pub(crate) async fn start(name: &str) -> Option<Self> {
        let Ok(endpoint) = std::env::var("OTA_TEST_MOTO") else {
            eprintln!("SKIPPED: parameters are tried only where OTA_TEST_MOTO names a moto server");
            return None;
        };
        let aws = config(&endpoint);
        // Its state outlives a test, and a run.
        let unique = format!("{name}-{:016x}", shared::http::random::number());
        let (table, path) = (format!("ota-{unique}"), format!("/ota/{unique}"));
        Store::new(&aws, &table).create_table().await.expect("moto makes the table");
        let ssm = aws_sdk_ssm::Client::new(&aws);
        let parameters = Parameters::new(&aws, &path).unwrap();
        Some(Self { endpoint, table, path, ssm, parameters })
    }

    /// The same, with everything that a deployment has once it is bootstrapped and its CDN exists.
    pub(crate) async fn started(name: &str) -> Option<Self> {
        let world = Self::start(name).await?;
        world.run(&["bootstrap"]).good();
        world.put("base-url", "https://ota.example", ParameterType::String).await;
        world.put("distribution-id", "E2EXAMPLE", ParameterType::String).await;
        Some(world)
    }

    /// Runs a chore on this deployment.
    pub(crate) fn run(&self, words: &[&str]) -> Printed {
        let output = Command::new(env!("CARGO_BIN_EXE_operator"))
            .args(words)
            .env("OTA_TABLE", &self.table)
            .env("OTA_PARAMETERS", &self.path)
            .envs([
                ("AWS_ENDPOINT_URL", self.endpoint.as_str()),
                ("AWS_REGION", "us-east-1"),
                ("AWS_ACCESS_KEY_ID", "test"),
                ("AWS_SECRET_ACCESS_KEY", "test"),
            ])
            .output()
            .unwrap();
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        Printed { good: output.status.success(), out: text(output.stdout), error: text(output.stderr) }
    }

    /// Every parameter: its text, its type and its version.
    pub(crate) async fn all(&self) -> BTreeMap<String, (String, ParameterType, i64)> {
        let call = self.ssm.get_parameters_by_path().path(&self.path).with_decryption(true);
        let answer = call.send().await.unwrap();
        let each = |parameter: &aws_sdk_ssm::types::Parameter| {
            let name = parameter.name().unwrap().rsplit('/').next().unwrap().to_owned();
            let text = parameter.value().unwrap().to_owned();
            (name, (text, parameter.r#type().unwrap().clone(), parameter.version()))
        };
        answer.parameters().iter().map(each).collect()
    }

    /// The text of a parameter.
    pub(crate) async fn text(&self, name: &str) -> String {
        self.all().await.remove(name).unwrap_or_else(|| panic!("there is no {name}")).0
    }

    /// Writes a parameter as somebody else would.
    pub(crate) async fn put(&self, name: &str, text: &str, kind: ParameterType) {
        let call = self.ssm.put_parameter().name(format!("{}/{name}", self.path)).value(text);
        call.r#type(kind).overwrite(true).send().await.unwrap();
    }

    /// Takes a parameter away.
    pub(crate) async fn delete(&self, name: &str) {
        self.ssm.delete_parameter().name(format!("{}/{name}", self.path)).send().await.unwrap();
    }
}

impl Printed {
    /// What was printed, if the chore succeeded.
    #[track_caller]
    pub(crate) fn good(self) -> String {
        assert!(self.good, "{}{}", self.out, self.error);
        self.out
    }

    /// Why it did not.
    #[track_caller]
    pub(crate) fn refused(self) -> String {
        assert!(!self.good, "{}", self.out);
        self.error
    }
}

/// AWS, all of which answers at `endpoint`.
pub(crate) fn config(endpoint: &str) -> SdkConfig {
    let credentials = Credentials::new("test", "test", None, None, "test");
    SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::from_static("us-east-1"))
        .endpoint_url(endpoint)
        .credentials_provider(SharedCredentialsProvider::new(credentials))
        .build()
}
