//! The cloud templates against the code: what one of them says and the other does not is a fault.
//!
//! A check takes the templates and answers what is wrong with them. Each is tried on the templates as they are, with as
//! little and with as much as an operator can switch on, and on templates with one thing changed, which it must notice.

mod alarms;
mod doors;
mod events;
mod kept;
mod parameters;
mod runs;
mod settings;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use templates::{Infra, Settings};

/// The folder of the templates.
pub fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../infra")
}

/// The templates' files.
fn files() -> Vec<PathBuf> {
    let all = std::fs::read_dir(folder()).unwrap().map(|entry| entry.unwrap().path());
    all.filter(|path| path.extension().is_some_and(|extension| extension == "yaml")).collect()
}

fn read(folder: &Path, parameters: &[(&str, &str)]) -> Infra {
    let parameters = parameters.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    let settings = Settings { parameters: parameters.collect(), values: BTreeMap::new() };
    Infra::read(&folder.join("template.yaml"), settings).unwrap_or_else(|error| panic!("{}", error.whole()))
}

/// The templates as they are, every parameter at its default.
pub fn infra() -> Infra {
    read(&folder(), &[])
}

/// The templates with everything switched on that is off by default.
fn with_everything() -> Infra {
    read(
        &folder(),
        &[
            ("DomainName", "ota.example.com"),
            ("CertificateArn", "arn:aws:acm:us-east-1:000000000000:certificate/c"),
            ("HostedZoneId", "Z0"),
            ("WebAclArn", "arn:aws:wafv2:us-east-1:000000000000:global/webacl/ota/a"),
            ("CdnLogBucket", "logs.s3.amazonaws.com"),
            ("EligibilityConcurrency", "10"),
            ("FeedsConcurrency", "10"),
            ("AlarmEmail", "ota@example.com"),
            ("FleetExpected", "yes"),
            ("WebhookUrl", "https://hooks.example.com"),
            ("WebhookSecret", "arn:aws:secretsmanager:us-east-1:000000000000:secret:s"),
        ],
    )
}

/// The templates with every `from` of `file` replaced by `to`.
pub fn doctored(file: &str, from: &str, to: &str) -> Infra {
    let copy = tempfile::tempdir().unwrap();
    for path in files() {
        let name = path.file_name().unwrap();
        let mut text = std::fs::read_to_string(&path).unwrap();
        if name == file {
            assert!(text.contains(from), "{file} does not say {from:?}");
            text = text.replace(from, to);
        }
        std::fs::write(copy.path().join(name), text).unwrap();
    }
    read(copy.path(), &[])
}

/// A change to a template: the file, what stands there, what is put in its place, and a part of what must be said of it.
type Change = (&'static str, &'static str, &'static str, &'static str);

/// Fails the test unless a check finds nothing wrong, and finds each of some changes wrong.
#[track_caller]
fn expect(check: impl Fn(&Infra) -> Vec<String>, changes: &[Change]) {
    for infra in [infra(), with_everything()] {
        let faults = check(&infra);
        assert!(faults.is_empty(), "{faults:#?}");
    }
    for (file, from, to, what) in changes {
        let faults = check(&doctored(file, from, to));
        assert!(
            faults.iter().any(|fault| fault.contains(what)),
            "{file} with {to:?} for {from:?} should be told of {what:?}: {faults:#?}"
        );
    }
}

/// Tells of what is in only one of two sets.
fn compare<T: Ord + std::fmt::Debug>(
    templates: impl IntoIterator<Item = T>,
    code: impl IntoIterator<Item = T>,
    what: &str,
) -> Vec<String> {
    let templates: std::collections::BTreeSet<T> = templates.into_iter().collect();
    let code: std::collections::BTreeSet<T> = code.into_iter().collect();
    let only = |these: &std::collections::BTreeSet<T>, those, where_: &str| {
        these.difference(those).map(|each| format!("{what}: {each:?} is {where_} only")).collect::<Vec<_>>()
    };
    [only(&templates, &code, "in the templates"), only(&code, &templates, "in the code")].concat()
}
