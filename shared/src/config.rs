//! Configuration: read once from the environment at the edge, passed on as values.

/// Where the service lives and what it allows.
#[derive(Debug, Clone)]
pub struct Config {
    /// Public base URL without a trailing slash, for example `https://ota.example.com`.
    pub base_url: String,
    /// Base URLs that records may still name because this service once answered there.
    pub former_base_urls: Vec<String>,
    /// The DynamoDB table.
    pub table: String,
    /// The bucket of binaries.
    pub bucket: String,
    /// Largest binary in bytes; at most 5 GiB, S3's limit for one PUT and one copy.
    pub max_binary_bytes: u64,
    /// What devices are told to wait between checks, in seconds.
    pub poll_seconds: u32,
    /// By how much devices spread that wait, in seconds.
    pub poll_jitter_seconds: u32,
}

/// A setting that is missing or cannot be read; names the variable.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{0}")]
pub struct ConfigError(String);

impl Config {
    /// 2 GiB.
    pub const DEFAULT_MAX_BINARY_BYTES: u64 = 2 << 30;

    /// The settings of a deployment at `base_url`, everything else at its default.
    pub fn at(base_url: impl Into<String>, table: impl Into<String>, bucket: impl Into<String>) -> Self {
        Self {
            base_url: base_url.into().trim_end_matches('/').to_owned(),
            former_base_urls: Vec::new(),
            table: table.into(),
            bucket: bucket.into(),
            max_binary_bytes: Self::DEFAULT_MAX_BINARY_BYTES,
            poll_seconds: 6 * 3600,
            poll_jitter_seconds: 36 * 60,
        }
    }

    /// Reads the settings through `lookup`, which is the environment except in tests.
    ///
    /// `OTA_BASE_URL`, `OTA_TABLE` and `OTA_BUCKET` are required; `OTA_FORMER_BASE_URLS` (separated by commas),
    /// `OTA_MAX_BINARY_BYTES`, `OTA_POLL_SECONDS` and `OTA_POLL_JITTER_SECONDS` are not.
    pub fn from_lookup(lookup: impl Fn(&str) -> Option<String>) -> Result<Self, ConfigError> {
        let required = |name: &str| {
            lookup(name).filter(|v| !v.is_empty()).ok_or_else(|| ConfigError(format!("{name} is not set")))
        };
        let mut config = Self::at(required("OTA_BASE_URL")?, required("OTA_TABLE")?, required("OTA_BUCKET")?);
        if let Some(former) = lookup("OTA_FORMER_BASE_URLS") {
            config.former_base_urls = former
                .split(',')
                .map(|url| url.trim().trim_end_matches('/').to_owned())
                .filter(|u| !u.is_empty())
                .collect();
        }
        config.max_binary_bytes = number(&lookup, "OTA_MAX_BINARY_BYTES", config.max_binary_bytes)?;
        if config.max_binary_bytes > 5 << 30 {
            return Err(ConfigError(
                "OTA_MAX_BINARY_BYTES is over 5 GiB, which S3 takes in no single PUT".into(),
            ));
        }
        config.poll_seconds = number(&lookup, "OTA_POLL_SECONDS", config.poll_seconds)?;
        config.poll_jitter_seconds = number(&lookup, "OTA_POLL_JITTER_SECONDS", config.poll_jitter_seconds)?;
        Ok(config)
    }

    /// The bare repository URL of a binary, which opens nothing by itself.
    pub fn repository_url(&self, sha256: &crate::domain::Sha256) -> String {
        format!("{}/repository/{sha256}", self.base_url)
    }

    /// The digest in a repository URL of this service: `<any former or present base>/repository/<sha256>[/…]`.
    pub fn repository_digest(&self, url: &str) -> Option<crate::domain::Sha256> {
        let path = std::iter::once(&self.base_url)
            .chain(&self.former_base_urls)
            .find_map(|base| url.strip_prefix(base.as_str())?.strip_prefix("/repository/"))?;
        path.split('/').next()?.parse().ok()
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

    fn lookup(name: &str) -> Option<String> {
        match name {
            "OTA_BASE_URL" => Some("https://new.example/".into()),
            "OTA_FORMER_BASE_URLS" => Some("https://old.example/, https://older.example".into()),
            "OTA_TABLE" | "OTA_BUCKET" => Some("ota".into()),
            _ => None,
        }
    }

    #[test]
    fn repository_urls_of_any_base_that_ever_was_are_read() {
        let config = Config::from_lookup(lookup).unwrap();
        let sha = crate::domain::Sha256::of(b"x");
        let url = config.repository_url(&sha);
        assert_eq!(config.repository_digest(&url), Some(sha));
        assert_eq!(
            config.repository_digest(&format!("https://old.example/repository/{sha}/k.0.m/f.bin")),
            Some(sha)
        );
        for bad in [
            format!("https://evil.example/repository/{sha}"),
            format!("https://new.example.evil/repository/{sha}"),
            format!("https://new.example/repository/{}", &sha.to_string()[1..]),
            "https://new.example/repository/".into(),
            String::new(),
        ] {
            assert_eq!(config.repository_digest(&bad), None, "{bad}");
        }
    }

    #[test]
    fn a_missing_setting_is_named() {
        let error = Config::from_lookup(|_| None).unwrap_err();
        assert!(error.to_string().contains("OTA_BASE_URL"));
    }
}
