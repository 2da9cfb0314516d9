//! Which deployment a chore works on.

use std::collections::HashMap;
use std::path::PathBuf;

use anyhow::{Context as _, Result, bail};
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_sdk_dynamodb::config::{Credentials, SharedCredentialsProvider};
use clap::Args;
use shared::blobs::Blobs;
use shared::config::Config;
use shared::parameters::Parameters;
use shared::store::Store;

use crate::vault::Vault;

/// AWS, through the usual settings of its tools, or a running dev server.
#[derive(Args)]
pub(crate) struct Target {
    /// Work on the dev server that runs in this folder's `.ota`, or in the folder given.
    #[arg(long, num_args = 0..=1, default_missing_value = ".ota", value_name = "FOLDER")]
    dev: Option<PathBuf>,
    /// The table in AWS.
    #[arg(long, env = "OTA_TABLE")]
    table: Option<String>,
    /// The bucket in AWS; only reconciling needs it.
    #[arg(long, env = "OTA_BUCKET")]
    bucket: Option<String>,
    /// The path of the parameters in AWS Parameter Store, for example /ota/prod.
    #[arg(long, env = "OTA_PARAMETERS")]
    parameters: Option<String>,
}

/// An opened deployment.
pub(crate) struct Open {
    /// Its table.
    pub(crate) store: Store,
    /// Its settings, as far as chores need them.
    pub(crate) config: Config,
    /// Where its secrets are.
    pub(crate) vault: Vault,
    blobs: Option<Blobs>,
}

impl Target {
    /// Opens the deployment.
    pub(crate) async fn open(&self) -> Result<Open> {
        match &self.dev {
            Some(folder) => open_dev(folder),
            None => self.open_aws().await,
        }
    }

    /// The secrets of the deployment, for which neither table nor bucket need be named.
    pub(crate) async fn vault(&self) -> Result<Vault> {
        match (&self.dev, &self.parameters) {
            (Some(folder), _) => Ok(open_dev(folder)?.vault),
            (None, Some(path)) => {
                let aws = aws_config::defaults(BehaviorVersion::latest()).load().await;
                Ok(Vault::Parameters(Parameters::new(&aws, path)?))
            }
            (None, None) => {
                bail!("name the deployment: --parameters for AWS, or --dev for a running dev server")
            }
        }
    }

    /// The table of the deployment, for which nothing else need be named.
    pub(crate) async fn store(&self) -> Result<Store> {
        match (&self.dev, &self.table) {
            (Some(folder), _) => Ok(open_dev(folder)?.store),
            (None, Some(table)) => {
                Ok(Store::new(&aws_config::defaults(BehaviorVersion::latest()).load().await, table))
            }
            (None, None) => {
                bail!("name the deployment: --table for AWS, or --dev for a running dev server")
            }
        }
    }

    async fn open_aws(&self) -> Result<Open> {
        let (Some(table), Some(path)) = (&self.table, &self.parameters) else {
            bail!("name the deployment: --table and --parameters for AWS, or --dev for a running dev server");
        };
        let aws = aws_config::defaults(BehaviorVersion::latest()).load().await;
        Ok(Open {
            store: Store::new(&aws, table),
            config: Config::of_table(table),
            vault: Vault::Parameters(Parameters::new(&aws, path)?),
            blobs: self.bucket.as_ref().map(|bucket| Blobs::connect(&aws, bucket)),
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
    let aws = |endpoint: String, access_key: String, secret: String| {
        let credentials = Credentials::new(access_key, secret, None, None, "dev server");
        SdkConfig::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new("us-east-1"))
            .endpoint_url(endpoint)
            .credentials_provider(SharedCredentialsProvider::new(credentials))
            .build()
    };
    let objects = aws(setting("OTA_S3_ENDPOINT")?, setting("OTA_S3_ACCESS_KEY")?, setting("OTA_S3_SECRET")?);
    // A port has no sub-domains to name buckets by.
    let objects = aws_sdk_s3::config::Builder::from(&objects).force_path_style(true).build();
    Ok(Open {
        store: Store::new(&aws(endpoint, "dev".into(), "dev".into()), &table),
        blobs: Some(Blobs::new(aws_sdk_s3::Client::from_conf(objects), setting("OTA_BUCKET")?)),
        config: Config::of_table(table),
        vault: Vault::File(PathBuf::from(setting("OTA_SECRETS_FILE")?)),
    })
}

/// Reads `export NAME='value'` lines.
fn settings(text: &str) -> HashMap<String, String> {
    let lines = text.lines().filter_map(|line| line.trim().trim_start_matches("export ").split_once('='));
    lines.map(|(name, value)| (name.trim().to_owned(), value.trim_matches('\'').to_owned())).collect()
}

impl Open {
    /// The bucket.
    pub(crate) fn blobs(&self) -> Result<&Blobs> {
        self.blobs.as_ref().context("name the bucket as well: --bucket")
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
