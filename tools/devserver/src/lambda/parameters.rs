//! The parameters of a deployment, written as the CDN's stack and the operator write them.

use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_sdk_dynamodb::config::{Credentials, SharedCredentialsProvider, SharedHttpClient};
use shared::parameters::Parameters;
use shared::secrets::{Secrets, key_ids_to_json};

/// Writes every parameter below `path` to the SSM at `endpoint`.
pub(crate) async fn write(
    endpoint: &str,
    http: SharedHttpClient,
    path: &str,
    base_url: &str,
    distribution: &str,
    secrets: &Secrets,
) -> anyhow::Result<()> {
    let credentials = Credentials::new("devserver", "devserver", None, None, "devserver");
    let aws = SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::from_static("us-east-1"))
        .credentials_provider(SharedCredentialsProvider::new(credentials))
        .endpoint_url(endpoint)
        .http_client(http)
        .build();
    let parameters = Parameters::new(&aws, path)?;
    let plain = [
        ("base-url", base_url.to_owned()),
        ("distribution-id", distribution.to_owned()),
        ("key-ids", key_ids_to_json(&secrets.key_ids())),
    ];
    for (name, text) in plain {
        parameters.create(name, text, false).await?;
    }
    let kept = [
        ("download", Some(&secrets.download)),
        ("pepper", Some(&secrets.pepper)),
        ("devices", secrets.devices.as_ref()),
        ("openpgp", secrets.openpgp.as_ref()),
        ("usign", secrets.usign.as_ref()),
    ];
    for (name, secret) in kept {
        if let Some(secret) = secret {
            parameters.create(name, serde_json::to_string(secret)?, true).await?;
        }
    }
    Ok(())
}
