//! What each function is given when it starts: its environment variables and its parameters, and nothing else.
//!
//! One table for the code and for the templates: a function is started with its row, so that it cannot read what the
//! row does not hold, and a test compares the rows with what the templates set and allow. Knows names, never values.

/// Something that some functions need and others must not have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Needs {
    /// The bucket of binaries and catalogues.
    Bucket,
    /// The public address, for URLs in answers.
    BaseUrl,
    /// Addresses where the service once answered, for URLs in requests.
    FormerBaseUrls,
    /// How large a binary may be.
    MaxBinaryBytes,
    /// How long devices wait between checks.
    Poll,
    /// Where its metrics are counted, so that two deployments in one account do not mix theirs.
    Metrics,
    /// The ids of the keys that new manifests and index pointers name; no key itself.
    KeyIds,
    /// The CDN that is to forget what has been withdrawn.
    DistributionId,
    /// The key that signs download paths.
    Download,
    /// What turns device credentials into pseudonyms.
    Pepper,
    /// The master from which the secrets of device types are made, under which device tokens are good.
    Devices,
    /// The keys that sign package indexes, as far as there are any.
    FeedSignatures,
}

/// An environment variable.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Variable {
    /// Its name.
    pub name: &'static str,
    /// True if there is no start without it.
    pub required: bool,
}

/// A parameter in SSM, below the path that `OTA_PARAMETERS` names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Parameter {
    /// Its name below the path.
    pub name: &'static str,
    /// True for a `SecureString`, false for a `String`.
    pub secret: bool,
    /// True if there is no start without it.
    pub required: bool,
}

const fn required(name: &'static str) -> Variable {
    Variable { name, required: true }
}

const fn optional(name: &'static str) -> Variable {
    Variable { name, required: false }
}

const fn text(name: &'static str) -> Parameter {
    Parameter { name, secret: false, required: true }
}

const fn secret(name: &'static str, required: bool) -> Parameter {
    Parameter { name, secret: true, required }
}

impl Needs {
    /// The environment variables that this comes in.
    pub const fn variables(self) -> &'static [Variable] {
        const BUCKET: &[Variable] = &[required("OTA_BUCKET")];
        const FORMER: &[Variable] = &[optional("OTA_FORMER_BASE_URLS")];
        const MOST: &[Variable] = &[optional("OTA_MAX_BINARY_BYTES")];
        const POLL: &[Variable] = &[optional("OTA_POLL_SECONDS"), optional("OTA_POLL_JITTER_SECONDS")];
        const METRICS: &[Variable] = &[required("OTA_METRICS")];
        match self {
            Self::Bucket => BUCKET,
            Self::FormerBaseUrls => FORMER,
            Self::MaxBinaryBytes => MOST,
            Self::Poll => POLL,
            Self::Metrics => METRICS,
            Self::BaseUrl
            | Self::KeyIds
            | Self::DistributionId
            | Self::Download
            | Self::Pepper
            | Self::Devices
            | Self::FeedSignatures => &[],
        }
    }

    /// The parameters that this comes in.
    pub const fn parameters(self) -> &'static [Parameter] {
        const BASE_URL: &[Parameter] = &[text("base-url")];
        const KEY_IDS: &[Parameter] = &[text("key-ids")];
        const DISTRIBUTION_ID: &[Parameter] = &[text("distribution-id")];
        const DOWNLOAD: &[Parameter] = &[secret("download", true)];
        const PEPPER: &[Parameter] = &[secret("pepper", true)];
        const DEVICES: &[Parameter] = &[secret("devices", true)];
        const SIGNATURES: &[Parameter] = &[secret("openpgp", false), secret("usign", false)];
        match self {
            Self::BaseUrl => BASE_URL,
            Self::KeyIds => KEY_IDS,
            Self::DistributionId => DISTRIBUTION_ID,
            Self::Download => DOWNLOAD,
            Self::Pepper => PEPPER,
            Self::Devices => DEVICES,
            Self::FeedSignatures => SIGNATURES,
            Self::Bucket | Self::FormerBaseUrls | Self::MaxBinaryBytes | Self::Poll | Self::Metrics => &[],
        }
    }
}

/// A function and what it is given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Function {
    /// Its name, which is that of its crate.
    pub name: &'static str,
    /// What it is given beside the table and the log filter, which every function has.
    pub needs: &'static [Needs],
}

/// Looks at keys, and at nothing but the table.
pub const AUTHORIZER: Function = Function { name: "authorizer", needs: &[] };
/// A platform type's new name is written into manifests, which name keys.
pub const ADMIN: Function = Function { name: "admin", needs: &[Needs::KeyIds] };
/// As [`ADMIN`], for partners' types.
pub const TYPES: Function = Function { name: "types", needs: &[Needs::KeyIds] };
/// Renders and reads repository URLs; a record that gets its binary is associated, and indexed.
pub const IMAGES: Function = Function {
    name: "images",
    needs: &[Needs::Bucket, Needs::BaseUrl, Needs::FormerBaseUrls, Needs::KeyIds],
};
/// Signs its owner's download URL of a binary.
pub const UPLOADS: Function = Function {
    name: "uploads",
    needs: &[Needs::Bucket, Needs::BaseUrl, Needs::MaxBinaryBytes, Needs::Download],
};
/// Writes manifests and pointers, and grants to devices.
pub const ASSOCIATIONS: Function = Function {
    name: "associations",
    needs: &[Needs::Bucket, Needs::BaseUrl, Needs::FormerBaseUrls, Needs::KeyIds, Needs::Pepper],
};
/// Makes device tokens, and reads and changes what is known of devices.
pub const DEVICES: Function = Function { name: "devices", needs: &[Needs::Devices] };
/// Signs the paths that it offers, and checks device tokens.
pub const ELIGIBILITY: Function = Function {
    name: "eligibility",
    needs: &[Needs::BaseUrl, Needs::Poll, Needs::Metrics, Needs::Download, Needs::Pepper, Needs::Devices],
};
/// Signs paths, relative to the index, and the index.
pub const FEEDS: Function = Function {
    name: "feeds",
    needs: &[Needs::Bucket, Needs::Download, Needs::Pepper, Needs::FeedSignatures],
};
/// Writes manifests and pointers, sweeps the bucket, and purges the CDN.
pub const RECONCILER: Function = Function {
    name: "reconciler",
    needs: &[Needs::Bucket, Needs::KeyIds, Needs::DistributionId, Needs::Metrics],
};

/// Every function.
pub const ALL: [Function; 10] =
    [AUTHORIZER, ADMIN, TYPES, IMAGES, UPLOADS, ASSOCIATIONS, DEVICES, ELIGIBILITY, FEEDS, RECONCILER];

/// The most names that one `GetParameters` takes (SSM's limit).
pub const MOST_PARAMETERS: usize = 10;

impl Function {
    /// Every environment variable that it reads.
    pub fn variables(&self) -> Vec<Variable> {
        let mut all = vec![required("OTA_TABLE"), optional("OTA_LOG")];
        if !self.parameters().is_empty() {
            all.push(required("OTA_PARAMETERS"));
        }
        all.extend(self.needs.iter().flat_map(|need| need.variables()));
        all
    }

    /// Every parameter that it reads.
    pub fn parameters(&self) -> Vec<Parameter> {
        self.needs.iter().flat_map(|need| need.parameters()).copied().collect()
    }

    /// True if it is given `need`.
    pub fn has(&self, need: Needs) -> bool {
        self.needs.contains(&need)
    }
}

/// Something was to be used that this process was not given: a fault of [`ALL`], or of whoever passed it by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("this process was not given {0}")]
pub struct NotGiven(pub &'static str);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_function_loads_fits_into_one_call() {
        for function in ALL {
            assert!(function.parameters().len() <= MOST_PARAMETERS, "{}", function.name);
        }
    }

    #[test]
    fn nothing_is_named_twice() {
        for function in ALL {
            let mut names: Vec<_> = function.variables().iter().map(|each| each.name).collect();
            names.extend(function.parameters().iter().map(|each| each.name));
            let count = names.len();
            names.sort_unstable();
            names.dedup();
            assert_eq!(names.len(), count, "{}", function.name);
        }
    }

    #[test]
    fn who_writes_what_is_signed_holds_no_key_that_signs() {
        for function in ALL.iter().filter(|function| function.has(Needs::KeyIds)) {
            assert!(!function.has(Needs::Download), "{}", function.name);
            assert!(!function.has(Needs::FeedSignatures), "{}", function.name);
        }
    }
}
