//! Configuration: read once from the environment at the edge, passed on as values.

use std::fmt;

use crate::domain::Sha256;
use crate::needs::{Function, Needs, NotGiven};

/// A public base URL without a trailing slash, for example `https://ota.example.com`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BaseUrl(String);

impl BaseUrl {
    /// Reads `http` or `https` and a host, perhaps with a port; slashes at its end are dropped. The error quotes nothing.
    pub fn parse(text: &str) -> Result<Self, ConfigError> {
        let url = text.trim_end_matches('/');
        let host = url.strip_prefix("https://").or_else(|| url.strip_prefix("http://")).unwrap_or_default();
        let odd = |c: char| !(c.is_ascii_alphanumeric() || ".-:[]".contains(c));
        if host.is_empty() || host.contains(odd) {
            return Err(ConfigError("it must be http:// or https:// and a host".into()));
        }
        Ok(Self(url.to_owned()))
    }

    /// The bare repository URL of a binary, which opens nothing by itself.
    pub fn repository_url(&self, sha256: &Sha256) -> String {
        format!("{self}/repository/{sha256}")
    }
}

impl fmt::Display for BaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Where the service lives and what it allows, as far as a process was given it.
#[derive(Debug, Clone)]
pub struct Config {
    /// The public address.
    pub base_url: Option<BaseUrl>,
    /// Base URLs that records may still name because this service once answered there.
    pub former_base_urls: Vec<String>,
    /// The DynamoDB table.
    pub table: String,
    /// The bucket of binaries.
    pub bucket: Option<String>,
    /// The id of the CloudFront distribution.
    pub distribution_id: Option<String>,
    /// CloudWatch's namespace of metrics.
    pub metrics: Option<String>,
    /// Largest binary in bytes; at most 5 GiB, S3's limit for one PUT and one copy.
    pub max_binary_bytes: u64,
    /// What devices are told to wait between checks, in seconds.
    pub poll_seconds: u32,
    /// By how much devices spread that wait, in seconds.
    pub poll_jitter_seconds: u32,
}

/// A setting that is missing or cannot be read; names the variable, and quotes nothing.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{0}")]
pub struct ConfigError(String);

impl Config {
    /// 2 GiB.
    pub const DEFAULT_MAX_BINARY_BYTES: u64 = 2 << 30;

    /// The settings of a process that knows nothing but its table, everything else at its default.
    pub fn of_table(table: impl Into<String>) -> Self {
        Self {
            base_url: None,
            former_base_urls: Vec::new(),
            table: table.into(),
            bucket: None,
            distribution_id: None,
            metrics: None,
            max_binary_bytes: Self::DEFAULT_MAX_BINARY_BYTES,
            poll_seconds: 6 * 3600,
            poll_jitter_seconds: 36 * 60,
        }
    }

    /// The settings of a deployment at `base_url`, everything else at its default.
    pub fn at(base_url: BaseUrl, table: impl Into<String>, bucket: impl Into<String>) -> Self {
        Self { base_url: Some(base_url), bucket: Some(bucket.into()), ..Self::of_table(table) }
    }

    /// Reads through `lookup`, which is the environment except in tests, those variables that `function` is given.
    pub fn from_lookup(
        function: &Function,
        lookup: impl Fn(&str) -> Option<String>,
    ) -> Result<Self, ConfigError> {
        // A template's parameter that was left out arrives as an empty text.
        let given = |name: &str| {
            let reads = function.variables().iter().any(|variable| variable.name == name);
            reads.then(|| lookup(name)).flatten().filter(|text| !text.trim().is_empty())
        };
        for variable in function.variables().iter().filter(|variable| variable.required) {
            given(variable.name).ok_or_else(|| ConfigError(format!("{} is not set", variable.name)))?;
        }
        let mut config = Self::of_table(given("OTA_TABLE").unwrap_or_default());
        config.bucket = given("OTA_BUCKET");
        config.metrics = given("OTA_METRICS");
        if let Some(former) = given("OTA_FORMER_BASE_URLS") {
            config.former_base_urls = former
                .split(',')
                .map(|url| url.trim().trim_end_matches('/').to_owned())
                .filter(|u| !u.is_empty())
                .collect();
        }
        config.max_binary_bytes = number(&given, "OTA_MAX_BINARY_BYTES", config.max_binary_bytes)?;
        if config.max_binary_bytes > 5 << 30 {
            return Err(ConfigError(
                "OTA_MAX_BINARY_BYTES is over 5 GiB, which S3 takes in no single PUT".into(),
            ));
        }
        config.poll_seconds = number(&given, "OTA_POLL_SECONDS", config.poll_seconds)?;
        config.poll_jitter_seconds = number(&given, "OTA_POLL_JITTER_SECONDS", config.poll_jitter_seconds)?;
        Ok(config)
    }

    /// What `function` is given of this.
    pub fn only(&self, function: &Function) -> Self {
        let mut all = self.clone();
        let none = Self::of_table(&self.table);
        if !function.has(Needs::BaseUrl) {
            all.base_url = None;
        }
        if !function.has(Needs::FormerBaseUrls) {
            all.former_base_urls = Vec::new();
        }
        if !function.has(Needs::Bucket) {
            all.bucket = None;
        }
        if !function.has(Needs::DistributionId) {
            all.distribution_id = None;
        }
        if !function.has(Needs::Metrics) {
            all.metrics = None;
        }
        if !function.has(Needs::MaxBinaryBytes) {
            all.max_binary_bytes = none.max_binary_bytes;
        }
        if !function.has(Needs::Poll) {
            (all.poll_seconds, all.poll_jitter_seconds) = (none.poll_seconds, none.poll_jitter_seconds);
        }
        all
    }

    /// The public address.
    pub fn base_url(&self) -> Result<&BaseUrl, NotGiven> {
        self.base_url.as_ref().ok_or(NotGiven("the base URL"))
    }

    /// The bucket of binaries.
    pub fn bucket(&self) -> Result<&str, NotGiven> {
        self.bucket.as_deref().ok_or(NotGiven("the bucket"))
    }

    /// The id of the CloudFront distribution.
    pub fn distribution_id(&self) -> Result<&str, NotGiven> {
        self.distribution_id.as_deref().ok_or(NotGiven("the id of the distribution"))
    }

    /// CloudWatch's namespace of metrics.
    pub fn metrics(&self) -> Result<&str, NotGiven> {
        self.metrics.as_deref().ok_or(NotGiven("the namespace of metrics"))
    }

    /// The digest in a repository URL of this service: `<any former or present base>/repository/<sha256>[/…]`.
    pub fn repository_digest(&self, url: &str) -> Result<Option<Sha256>, NotGiven> {
        let base = self.base_url()?;
        let mut bases =
            std::iter::once(base.0.as_str()).chain(self.former_base_urls.iter().map(String::as_str));
        let path = bases.find_map(|base| url.strip_prefix(base)?.strip_prefix("/repository/"));
        Ok(path.and_then(|path| path.split('/').next()?.parse().ok()))
    }
}

fn number<T: std::str::FromStr>(
    lookup: &impl Fn(&str) -> Option<String>,
    name: &str,
    default: T,
) -> Result<T, ConfigError> {
    match lookup(name) {
        None => Ok(default),
        Some(text) => text.parse().map_err(|_| ConfigError(format!("{name} is not a number"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::needs;

    fn lookup(name: &str) -> Option<String> {
        match name {
            "OTA_FORMER_BASE_URLS" => Some("https://old.example/, https://older.example".into()),
            "OTA_TABLE" | "OTA_BUCKET" => Some("ota".into()),
            "OTA_PARAMETERS" => Some("/ota/test".into()),
            "OTA_POLL_SECONDS" => Some("100".into()),
            "OTA_METRICS" => Some("ota/test".into()),
            "OTA_MAX_BINARY_BYTES" => Some(String::new()),
            _ => None,
        }
    }

    #[test]
    fn repository_urls_of_any_base_that_ever_was_are_read() {
        let mut config = Config::from_lookup(&needs::IMAGES, lookup).unwrap();
        config.base_url = Some(BaseUrl::parse("https://new.example/").unwrap());
        let sha = Sha256::of(b"x");
        let url = config.base_url().unwrap().repository_url(&sha);
        assert_eq!(config.repository_digest(&url), Ok(Some(sha)));
        assert_eq!(
            config.repository_digest(&format!("https://old.example/repository/{sha}/k.0.m/f.bin")),
            Ok(Some(sha))
        );
        for bad in [
            format!("https://evil.example/repository/{sha}"),
            format!("https://new.example.evil/repository/{sha}"),
            format!("https://new.example/repository/{}", &sha.to_string()[1..]),
            format!("/repository/{sha}"),
            "https://new.example/repository/".into(),
            String::new(),
        ] {
            assert_eq!(config.repository_digest(&bad), Ok(None), "{bad}");
        }
    }

    #[test]
    fn without_its_address_a_process_reads_and_writes_no_url() {
        let config = Config::from_lookup(&needs::IMAGES, lookup).unwrap();
        assert!(config.base_url().is_err());
        assert!(config.repository_digest(&format!("/repository/{}", Sha256::of(b"x"))).is_err());
    }

    #[test]
    fn a_missing_or_bad_setting_is_named_and_not_quoted() {
        for missing in ["OTA_TABLE", "OTA_BUCKET", "OTA_PARAMETERS"] {
            let some = |name: &str| lookup(name).filter(|_| name != missing);
            let error = Config::from_lookup(&needs::IMAGES, some).unwrap_err();
            assert!(error.to_string().contains(missing), "{error}");
        }
        let bad = |name: &str| if name == "OTA_POLL_SECONDS" { Some("hunter2".into()) } else { lookup(name) };
        let error = Config::from_lookup(&needs::ELIGIBILITY, bad).unwrap_err().to_string();
        assert!(error.contains("OTA_POLL_SECONDS") && !error.contains("hunter2"), "{error}");
        for bad in ["", "ftp://hunter2", "https://", "https://hunter2/path", "https://hunter2?x", "hunter2"] {
            assert!(!BaseUrl::parse(bad).unwrap_err().to_string().contains("hunter2"), "{bad}");
        }
        for good in ["https://ota.example.com/", "http://127.0.0.1:8080", "http://[::1]:80"] {
            assert_eq!(BaseUrl::parse(good).unwrap().to_string(), good.trim_end_matches('/'));
        }
    }

    #[test]
    fn a_function_reads_no_variable_that_it_is_not_given() {
        let images = Config::from_lookup(&needs::IMAGES, lookup).unwrap();
        assert_eq!(images.poll_seconds, Config::of_table("").poll_seconds);
        assert_eq!(Config::from_lookup(&needs::ELIGIBILITY, lookup).unwrap().poll_seconds, 100);
        let table = |name: &str| (name == "OTA_TABLE").then(|| "ota".to_owned());
        let authorizer = Config::from_lookup(&needs::AUTHORIZER, table).unwrap();
        assert!(authorizer.bucket().is_err());
        assert!(
            Config::from_lookup(&needs::ADMIN, table).unwrap_err().to_string().contains("OTA_PARAMETERS")
        );
    }
}
