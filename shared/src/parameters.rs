//! Parameters in SSM: loaded once at start, each function only its own; written by the operator's chores.
//!
//! No error quotes a value. Nothing here decides what the values mean.

use std::collections::BTreeMap;
use std::time::Duration;

use aws_config::SdkConfig;
use aws_config::retry::RetryConfig;
use aws_sdk_ssm::Client;
use aws_sdk_ssm::config::timeout::TimeoutConfig;
use aws_sdk_ssm::error::SdkError;
use aws_sdk_ssm::operation::put_parameter::PutParameterError;
use aws_sdk_ssm::types::{ParameterTier, ParameterType};

use crate::config::BaseUrl;
use crate::domain::KeyIds;
use crate::needs::{Function, Needs};
use crate::secrets::{Keyring, Secrets, key_ids_from_json};

/// Parameters could not be read or written; names the parameter, never its value.
#[derive(Debug, Clone, thiserror::Error)]
pub enum ParameterError {
    /// The path is none.
    #[error("OTA_PARAMETERS must be a path of SSM, as /ota/prod")]
    Path,
    /// One is not there that must be.
    #[error("the parameter {name} is missing: {remedy}")]
    Missing {
        /// Its whole name.
        name: String,
        /// How it comes to be there.
        remedy: &'static str,
    },
    /// One is there and cannot be read.
    #[error("the parameter {name} is damaged: {why}")]
    Damaged {
        /// Its whole name.
        name: String,
        /// What is wrong with it.
        why: String,
    },
    /// SSM refused, or did not answer.
    #[error("{call} failed: {cause}")]
    Failed {
        /// What was called.
        call: &'static str,
        /// What it said.
        cause: String,
    },
}

/// What a function is given of its parameters.
#[derive(Debug, Clone, Default)]
pub struct Given {
    /// Secrets and key ids.
    pub keyring: Keyring,
    /// The public address.
    pub base_url: Option<BaseUrl>,
    /// The CDN.
    pub distribution_id: Option<String>,
}

/// The parameters of a deployment.
#[derive(Debug, Clone)]
pub struct Parameters {
    client: Client,
    path: String,
}

/// Texts of parameters, by their names below the path.
type Texts = BTreeMap<&'static str, String>;

impl Parameters {
    /// The parameters below `path`, as `/ota/prod`. Each attempt has 2 s, six attempts have 8 s in all: many processes
    /// that start at once meet SSM's throttle, and Lambda gives a start 10 s.
    pub fn new(aws: &SdkConfig, path: &str) -> Result<Self, ParameterError> {
        let path = path.trim_end_matches('/');
        if path.len() < 2 || !path.starts_with('/') || path.contains(char::is_whitespace) {
            return Err(ParameterError::Path);
        }
        let timeouts = TimeoutConfig::builder()
            .connect_timeout(Duration::from_secs(1))
            .operation_attempt_timeout(Duration::from_secs(2))
            .operation_timeout(Duration::from_secs(8))
            .build();
        let retries =
            RetryConfig::standard().with_max_attempts(6).with_initial_backoff(Duration::from_millis(100));
        let config =
            aws_sdk_ssm::config::Builder::from(aws).retry_config(retries).timeout_config(timeouts).build();
        Ok(Self { client: Client::from_conf(config), path: path.to_owned() })
    }

    /// The path, without a slash at its end.
    pub fn path(&self) -> &str {
        &self.path
    }

    fn whole(&self, name: &str) -> String {
        format!("{}/{name}", self.path)
    }

    fn missing(&self, name: &str) -> ParameterError {
        let remedy = match name {
            "base-url" | "distribution-id" => {
                "the stack writes it once its CDN exists, and the next start reads it"
            }
            _ => "cargo xtask bootstrap writes it, and the next start reads it",
        };
        ParameterError::Missing { name: self.whole(name), remedy }
    }

    fn damaged(&self, name: &str, why: &dyn std::fmt::Display) -> ParameterError {
        ParameterError::Damaged { name: self.whole(name), why: why.to_string() }
    }

    async fn texts(&self, names: &[&'static str]) -> Result<Texts, ParameterError> {
        if names.is_empty() {
            return Ok(Texts::new());
        }
        let call = self.client.get_parameters().with_decryption(true);
        let call = call.set_names(Some(names.iter().map(|name| self.whole(name)).collect()));
        let answer = call.send().await.map_err(|error| failed("SSM GetParameters", &error))?;
        let found = |name: &str| {
            let whole = self.whole(name);
            let found = answer.parameters().iter().find(|found| found.name() == Some(&whole));
            found.and_then(|found| found.value()).map(str::to_owned)
        };
        Ok(names.iter().filter_map(|&name| found(name).map(|text| (name, text))).collect())
    }

    /// What `function` is given: one call, or none if it needs no parameter.
    ///
    /// An error if one is missing that it needs, or if one cannot be read.
    pub async fn given_to(&self, function: &Function) -> Result<Given, ParameterError> {
        let wanted = function.parameters();
        let texts = self.texts(&wanted.iter().map(|each| each.name).collect::<Vec<_>>()).await?;
        if let Some(gone) = wanted.iter().find(|each| each.required && !texts.contains_key(each.name)) {
            return Err(self.missing(gone.name));
        }
        let text = |name: &str| texts.get(name).map(String::as_str);
        let keyring = Keyring::read(function, text).map_err(|(name, why)| self.damaged(name, &why))?;
        let base_url = text("base-url").map(BaseUrl::parse).transpose();
        let distribution_id = text("distribution-id").map(str::to_owned);
        if distribution_id.as_ref().is_some_and(|id| !is_distribution_id(id)) {
            return Err(self.damaged("distribution-id", &"it is no id of a CloudFront distribution"));
        }
        Ok(Given {
            keyring,
            base_url: base_url.map_err(|why| self.damaged("base-url", &why))?,
            distribution_id,
        })
    }

    /// All secrets of the deployment; an error if one is missing that every deployment has.
    pub async fn secrets(&self) -> Result<Secrets, ParameterError> {
        let needs = &[Needs::Download, Needs::Pepper, Needs::Devices, Needs::FeedSignatures];
        let all = Function { name: "", needs };
        let texts = self.texts(&all.parameters().iter().map(|each| each.name).collect::<Vec<_>>()).await?;
        let text = |name: &str| texts.get(name).map(String::as_str);
        Keyring::read(&all, text)
            .map_err(|(name, why)| self.damaged(name, &why))?
            .whole()
            .map_err(|name| self.missing(name))
    }

    /// The key ids; none if they are not written yet.
    pub async fn key_ids(&self) -> Result<Option<KeyIds>, ParameterError> {
        let texts = self.texts(&["key-ids"]).await?;
        let ids = texts.get("key-ids").map(|text| key_ids_from_json(text)).transpose();
        ids.map_err(|why| self.damaged("key-ids", &why))
    }

    /// Writes a parameter unless there is one; false if there is.
    ///
    /// One that says the same is ours: the answer to a first attempt was lost, and the second one found it.
    pub async fn create(
        &self,
        name: &'static str,
        text: String,
        secret: bool,
    ) -> Result<bool, ParameterError> {
        let Err(error) = self.put(name, text.clone(), secret, false).await else { return Ok(true) };
        match error.as_service_error() {
            Some(PutParameterError::ParameterAlreadyExists(_)) => {
                Ok(self.texts(&[name]).await?.get(name) == Some(&text))
            }
            _ => Err(failed("SSM PutParameter", &error)),
        }
    }

    /// Writes a parameter, over the one that is there; its version from now on. One that is not the next after what was
    /// read ([`Self::version`]) is over somebody else's, who was told that theirs was written.
    pub async fn replace(&self, name: &str, text: String, secret: bool) -> Result<i64, ParameterError> {
        self.put(name, text, secret, true).await.map_err(|error| failed("SSM PutParameter", &error))
    }

    /// The version of a parameter, which counts its writes; 0 if it is not there.
    pub async fn version(&self, name: &str) -> Result<i64, ParameterError> {
        let answer = self.client.get_parameters().names(self.whole(name)).send().await;
        let answer = answer.map_err(|error| failed("SSM GetParameters", &error))?;
        Ok(answer.parameters().first().map_or(0, aws_sdk_ssm::types::Parameter::version))
    }

    async fn put(
        &self,
        name: &str,
        text: String,
        secret: bool,
        overwrite: bool,
    ) -> Result<i64, SdkError<PutParameterError>> {
        let kind = if secret { ParameterType::SecureString } else { ParameterType::String };
        let call = self.client.put_parameter().name(self.whole(name)).value(text).r#type(kind);
        // Over 4 KB, as three RSA keys take, needs the advanced tier, and nothing less does.
        let answer = call.overwrite(overwrite).tier(ParameterTier::IntelligentTiering).send().await?;
        Ok(answer.version())
    }
}

fn is_distribution_id(text: &str) -> bool {
    (1..=32).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_alphanumeric())
}

/// What a call said, without the answer's body, in which values may stand.
fn failed<E: std::error::Error + 'static>(call: &'static str, error: &SdkError<E>) -> ParameterError {
    let mut cause = String::new();
    let mut next: Option<&(dyn std::error::Error + 'static)> = Some(error);
    while let Some(this) = next {
        if !cause.is_empty() {
            cause.push_str(": ");
        }
        cause.push_str(&this.to_string());
        next = this.source();
    }
    ParameterError::Failed { call, cause }
}
