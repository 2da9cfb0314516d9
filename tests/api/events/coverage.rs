//! Every route has a sample and every sample a route, and each URL form of the feeds is there with GET and HEAD.

use std::collections::BTreeSet;

use serde_json::Value;
use shared::needs;
use templates::Infra;

use super::{Expected, Sample, samples};
use crate::operations::mounted_by;
use crate::templates::{doctored, infra};

/// Samples that are to succeed.
fn successes() -> Vec<Sample> {
    samples().into_iter().filter(|sample| sample.expected == Expected::Success).collect()
}

/// `ANY /v1/ota/whoami` without the method; as it is, if it has none.
fn route_of(sample: &Sample) -> &str {
    let key = sample.event["routeKey"].as_str().unwrap_or_default();
    key.strip_prefix("ANY ").unwrap_or(key)
}

#[test]
fn every_function_has_samples_and_every_sample_a_function() {
    let have: BTreeSet<_> = samples().into_iter().map(|sample| sample.function).collect();
    let functions: BTreeSet<_> = needs::ALL.iter().map(|function| function.name.to_owned()).collect();
    assert_eq!(have, functions);
}

#[test]
fn every_operation_has_a_sample_that_succeeds() {
    let api = |(_, _, route): &(String, String, String)| !route.ends_with("/eligibility");
    let wanted: BTreeSet<_> = mounted_by().into_iter().filter(api).collect();
    let have: BTreeSet<_> = successes()
        .iter()
        .filter(|sample| {
            !sample.is_signed() && !["authorizer", "reconciler"].contains(&sample.function.as_str())
        })
        .map(|sample| (sample.function.clone(), sample.method().to_owned(), route_of(sample).to_owned()))
        .collect();
    let without: Vec<_> = wanted.difference(&have).collect();
    assert!(without.is_empty(), "without a sample: {without:#?}");
    let routeless: Vec<_> = have.difference(&wanted).collect();
    assert!(routeless.is_empty(), "samples of no route: {routeless:#?}");
}

/// Whether API Gateway would hand a sample to that function on that route, with those variables.
fn misdirected(infra: &Infra, sample: &Sample) -> Option<String> {
    let api = infra.apis().unwrap().remove(0);
    let functions = infra.functions().unwrap();
    let path = sample.event["rawPath"].as_str().unwrap();
    let (route, variables) = api.route(sample.method(), path)?;
    let function = functions.iter().find(|function| function.id == route.function).unwrap();
    let variables: Value =
        variables.into_iter().map(|(name, value)| (name.to_owned(), Value::from(value))).collect();
    let given = sample.event.get("pathParameters").cloned().unwrap_or_else(|| serde_json::json!({}));
    let right = (function.name == sample.function || sample.function == "authorizer")
        && route.key() == sample.event["routeKey"].as_str().unwrap()
        && variables == given;
    (!right)
        .then(|| format!("{} comes to {} as {} with {variables}", sample.title(), function.name, route.key()))
}

#[test]
fn every_sample_of_the_api_lies_where_the_gateway_would_bring_it() {
    let all = samples();
    let through_the_api: Vec<_> =
        all.iter().filter(|sample| !sample.is_signed() && sample.function != "reconciler").collect();
    let faults = |infra: &Infra| -> Vec<String> {
        through_the_api.iter().filter_map(|sample| misdirected(infra, sample)).collect()
    };
    assert_eq!(faults(&infra()), [""; 0]);
    let moved = doctored("functions.yaml", "Path: /v1/ota/whoami", "Path: /v1/ota/whoareyou");
    assert!(faults(&moved).iter().any(|fault| fault.contains("admin/get_whoami comes to admin as $default")));
    let templates: BTreeSet<_> =
        infra().apis().unwrap().remove(0).routes.iter().map(templates::Route::key).collect();
    let have = through_the_api.iter().map(|sample| sample.event["routeKey"].as_str().unwrap().to_owned());
    let without: Vec<_> = templates.difference(&have.collect()).cloned().collect();
    assert_eq!(without, [""; 0], "routes without a sample");
}

/// What a feed's path asks for: `version`, `latest field`, `Packages.gz of a package` …
fn form(path: &str) -> String {
    let mut segments: Vec<_> = path.split('/').filter(|segment| !segment.is_empty()).collect();
    let file = segments.pop_if(|last| last.starts_with("Packages"));
    let level = ["nothing", "feed", "device", "package", "version", "field"][segments.len()];
    let latest = if segments.get(3) == Some(&"latest") { "latest " } else { "" };
    file.map_or_else(|| format!("{latest}{level}"), |file| format!("{file} of a {latest}{level}"))
}

#[test]
fn every_url_form_of_the_feeds_has_a_sample() {
    let bare = ["feed", "device", "package", "version", "latest version", "field", "latest field"];
    let files = ["Packages", "Packages.gz", "Packages.asc", "Packages.sig"];
    let mut wanted = BTreeSet::new();
    for form in bare {
        for method in ["GET", "HEAD"] {
            wanted.insert(format!("{method} {form}"));
        }
        wanted.insert(format!("GET restricted {form}"));
    }
    for file in files {
        for level in ["device", "package", "version"] {
            for method in ["GET", "HEAD"] {
                wanted.insert(format!("{method} {file} of a {level}"));
            }
        }
    }
    wanted.insert("GET restricted Packages.gz of a device".to_owned());
    let have: BTreeSet<_> = successes()
        .iter()
        .filter(|sample| sample.function == "feeds")
        .map(|sample| {
            let path = sample.event["rawPath"].as_str().unwrap();
            let restricted = if path.starts_with("/dev") { "restricted " } else { "" };
            format!("{} {restricted}{}", sample.method(), form(path))
        })
        .collect();
    assert_eq!(have, wanted);
}

#[test]
fn checks_are_asked_with_get_and_head_in_the_open_and_with_a_credential() {
    let all = successes();
    let checks: Vec<_> =
        all.iter().filter(|sample| sample.function == "eligibility" && sample.is_signed()).collect();
    for (method, feed) in [("GET", ""), ("HEAD", ""), ("GET", "feed=beta"), ("GET", "feed=dev")] {
        let asked = |sample: &&&Sample| {
            let query = sample.event["rawQueryString"].as_str().unwrap();
            sample.method() == method && query.contains(feed)
        };
        assert!(checks.iter().any(|sample| asked(&sample)), "{method} {feed}");
    }
}

#[test]
fn the_reconciler_has_a_sample_of_each_kind_of_work() {
    let kinds: BTreeSet<_> = successes()
        .iter()
        .filter(|sample| sample.function == "reconciler")
        .map(|sample| match reconciler::Work::read(&sample.event).unwrap() {
            reconciler::Work::Repairs => "repairs",
            reconciler::Work::Reconcile => "reconcile",
            reconciler::Work::Purge(_) => "purge",
            reconciler::Work::PurgeAgain(_) => "purge again",
        })
        .collect();
    assert_eq!(kinds, BTreeSet::from(["repairs", "reconcile", "purge", "purge again"]));
}
