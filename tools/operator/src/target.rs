//! Which deployment a chore works on.

use std::collections::HashMap;
use std::path::PathBuf;

use anyhow::{Context as _, Result, bail};
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_sdk_dynamodb::config::{Credentials, SharedCredentialsProvider};
use clap::Args;
use shared::config::Config;
use shared::http::random;
use shared::secrets::{Secrets, create_in_ssm, load_from_ssm};
use shared::store::Store;

/// AWS, through the usual settings of its tools, or a running dev server.
#[derive(Args)]
pub(crate) struct Target {
    /// Work on the dev server that runs in this folder's `.ota`, or in the folder given.
    #[arg(long, num_args = 0..=1, default_missing_value = ".ota", value_name = "FOLDER")]
    dev: Option<PathBuf>,
    /// The table in AWS.
    #[arg(long, env = "OTA_TABLE")]
    table: Option<String>,
    /// The path of the secrets in AWS Parameter Store, for example /ota/prod.
    #[arg(long, env = "OTA_SECRETS_PREFIX")]
    secrets_prefix: Option<String>,
}

/// An opened deployment.
pub(crate) struct Open {
    /// Its table.
    pub(crate) store: Store,
    /// Its settings, as far as chores need them.
    pub(crate) config: Config,
    secrets: Place,
}

enum Place {
    File(PathBuf),
    Parameters { client: aws_sdk_ssm::Client, prefix: String },
}

impl Target {
    /// Opens the deployment.
    pub(crate) async fn open(&self) -> Result<Open> {
        match &self.dev {
            Some(folder) => open_dev(folder),
            None => self.open_aws().await,
        }
    }

    async fn open_aws(&self) -> Result<Open> {
        let (Some(table), Some(prefix)) = (&self.table, &self.secrets_prefix) else {
            bail!(
                "name the deployment: --table and --secrets-prefix for AWS, or --dev for a running dev server"
            );
        };
        let aws = aws_config::defaults(BehaviorVersion::latest()).load().await;
        let client = aws_sdk_ssm::Client::new(&aws);
        Ok(Open {
            store: Store::new(&aws, table),
            config: Config::at("", table, ""),
            secrets: Place::Parameters { client, prefix: prefix.clone() },
        })
    }
}

fn open_dev(folder: &std::path::Path) -> Result<Open> {
    let file = folder.join("dev.env");
    let text = std::fs::read_to_string(&file).with_context(|| {
        format!("cannot read {}; is the dev server running? start it with cargo dev", file.display())
    })?;
    let settings = settings(&text);
    let setting = |name: &str| {
        settings.get(name).cloned().with_context(|| format!("{} does not set {name}", file.display()))
    };
    let (endpoint, table) = (setting("OTA_DYNAMODB_ENDPOINT")?, setting("OTA_TABLE")?);
    let credentials = Credentials::new("dev", "dev", None, None, "dev server");
    let aws = SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("us-east-1"))
        .endpoint_url(endpoint)
        .credentials_provider(SharedCredentialsProvider::new(credentials))
        .build();
    Ok(Open {
        store: Store::new(&aws, &table),
        config: Config::at("", table, ""),
        secrets: Place::File(PathBuf::from(setting("OTA_SECRETS_FILE")?)),
    })
}

/// Reads `export NAME='value'` lines.
fn settings(text: &str) -> HashMap<String, String> {
    let lines = text.lines().filter_map(|line| line.trim().trim_start_matches("export ").split_once('='));
    lines.map(|(name, value)| (name.trim().to_owned(), value.trim_matches('\'').to_owned())).collect()
}

impl Open {
    /// Makes the secrets that are not there yet; answers their names.
    pub(crate) async fn create_secrets(&self) -> Result<Vec<&'static str>> {
        match &self.secrets {
            // The dev server makes its own before it writes dev.env.
            Place::File(_) => Ok(Vec::new()),
            Place::Parameters { client, prefix } => {
                Ok(create_in_ssm(client, prefix, &Secrets::generate(&random::bytes())).await?)
            }
        }
    }

    /// The secrets.
    pub(crate) async fn secrets(&self) -> Result<Secrets> {
        match &self.secrets {
            Place::File(path) => {
                let text = std::fs::read_to_string(path)
                    .with_context(|| format!("cannot read {}", path.display()))?;
                Ok(Secrets::from_json(&text)?)
            }
            Place::Parameters { client, prefix } => Ok(load_from_ssm(client, prefix).await?),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_dev_servers_settings_are_read() {
        let read = settings("# a comment\nexport OTA_TABLE='ota'\nOTA_URL=http://127.0.0.1:1\n");
        assert_eq!(read["OTA_TABLE"], "ota");
        assert_eq!(read["OTA_URL"], "http://127.0.0.1:1");
    }
}
