//! The sample events in `events/`: each is taken by the function whose folder it lies in, and answered as it should be.
//!
//! A name says what is expected: `get_image.json` succeeds, `get_image.404.json` is answered with 404,
//! `no_key.denied.json` is denied by the authorizer, `….failed.json` fails, and of `….partial.json` some messages do.
//! The world that they are made for is [`world`].

mod coverage;
mod envelope;
mod world;

use std::path::{Path, PathBuf};

use serde_json::Value;
use tests::api::Api;
use tests::functions::{Functions, Invoked};

/// What a sample event is answered with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Expected {
    /// Success: a status below 300, an authorizer's word for a good key, or all work done.
    Success,
    /// This status.
    Status(u16),
    /// The authorizer's word for a key that is not good.
    Denied,
    /// An error of the function.
    Failed,
    /// Some messages of a batch, which come again.
    Partial,
}

/// A sample event.
#[derive(Debug, Clone)]
pub struct Sample {
    /// The function that it is for: the folder's name.
    pub function: String,
    /// The file's name without `.json`.
    pub name: String,
    /// What it is answered with.
    pub expected: Expected,
    /// The event.
    pub event: Value,
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../events")
}

/// Every sample, by function and name; whatever else lies in the folder fails the test.
pub fn samples() -> Vec<Sample> {
    let mut all = Vec::new();
    for function in std::fs::read_dir(folder()).unwrap() {
        let function = function.unwrap().path();
        for file in std::fs::read_dir(&function).unwrap() {
            let path = file.unwrap().path();
            let text = std::fs::read_to_string(&path).unwrap();
            let event =
                serde_json::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
            let name = path.file_name().unwrap().to_str().unwrap();
            let name = name.strip_suffix(".json").unwrap_or_else(|| panic!("{} is no event", path.display()));
            all.push(Sample {
                function: function.file_name().unwrap().to_str().unwrap().to_owned(),
                name: name.to_owned(),
                expected: expected(name),
                event,
            });
        }
    }
    all.sort_by(|a, b| (&a.function, &a.name).cmp(&(&b.function, &b.name)));
    all
}

fn expected(name: &str) -> Expected {
    match name.rsplit_once('.').map(|(_, word)| word) {
        None => Expected::Success,
        Some("denied") => Expected::Denied,
        Some("failed") => Expected::Failed,
        Some("partial") => Expected::Partial,
        Some(status) => Expected::Status(status.parse().unwrap_or_else(|_| panic!("{name} says nothing"))),
    }
}

impl Sample {
    /// `types/list_types`.
    pub fn title(&self) -> String {
        format!("{}/{}", self.function, self.name)
    }

    /// Whether it is asked behind the CDN, which signs what it asks of a function's own address.
    pub fn is_signed(&self) -> bool {
        let path = self.event["rawPath"].as_str().unwrap_or_default();
        self.function == "feeds" || (self.function == "eligibility" && path.ends_with("/eligibility"))
    }

    /// The method of a request; empty for what is none.
    pub fn method(&self) -> &str {
        self.event["requestContext"]["http"]["method"].as_str().unwrap_or_default()
    }

    /// Reads go first and deletions last, so that all samples of a function find what they need in one world.
    fn turn(&self) -> usize {
        let order = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"];
        order.iter().position(|method| *method == self.method()).unwrap_or_default()
    }

    /// What is wrong with an answer, if anything.
    fn fault(&self, invoked: &Result<Invoked, String>) -> Option<String> {
        let Invoked { status, answer } = match invoked {
            Ok(invoked) => invoked,
            Err(why) => return Some(format!("{} does not parse: {why}", self.title())),
        };
        let answered = match status {
            Some(200..=205 | 207..=299) => Expected::Success,
            Some(status) => Expected::Status(*status),
            None if answer["context"]["denied"].is_string() => Expected::Denied,
            None if answer["errorMessage"].is_string() => Expected::Failed,
            None if answer["batchItemFailures"].as_array().is_some_and(|all| !all.is_empty()) => {
                Expected::Partial
            }
            None => Expected::Success,
        };
        let right = answered == self.expected;
        let said = answer["body"].as_str().map_or_else(|| answer.to_string(), str::to_owned);
        (!right).then(|| format!("{} is answered {status:?} {said:.200}", self.title()))
    }
}

/// Feeds every sample of a function to it; fails the test if one is not answered as it should be.
async fn feed(function: &str) {
    let mut samples: Vec<_> = samples().into_iter().filter(|sample| sample.function == function).collect();
    samples.sort_by_key(Sample::turn);
    assert!(!samples.is_empty(), "{function} has no sample");
    let api = Api::start().await;
    Box::pin(world::make(&api)).await;
    let functions = Functions::of(&api).await;
    let mut faults = Vec::new();
    for sample in &samples {
        let answer = Box::pin(functions.invoke(function, &sample.event)).await;
        faults.extend(sample.fault(&answer));
    }
    assert!(faults.is_empty(), "{faults:#?}");
}

#[tokio::test]
async fn the_authorizer_takes_its_samples() {
    feed("authorizer").await;
}

#[tokio::test]
async fn admin_takes_its_samples() {
    feed("admin").await;
}

#[tokio::test]
async fn types_takes_its_samples() {
    feed("types").await;
}

#[tokio::test]
async fn images_takes_its_samples() {
    feed("images").await;
}

#[tokio::test]
async fn uploads_takes_its_samples() {
    feed("uploads").await;
}

#[tokio::test]
async fn associations_takes_its_samples() {
    feed("associations").await;
}

#[tokio::test]
async fn devices_takes_its_samples() {
    feed("devices").await;
}

#[tokio::test]
async fn eligibility_takes_its_samples() {
    feed("eligibility").await;
}

#[tokio::test]
async fn feeds_takes_its_samples() {
    feed("feeds").await;
}

#[tokio::test]
async fn the_reconciler_takes_its_samples() {
    feed("reconciler").await;
}

fn sample(function: &str, name: &str, event: Value) -> Sample {
    Sample { function: function.to_owned(), name: name.to_owned(), expected: expected(name), event }
}

#[tokio::test]
async fn a_sample_that_is_answered_otherwise_than_its_name_says_is_a_fault() {
    let api = Api::start().await;
    let functions = Functions::of(&api).await;
    let known = samples();
    let event = |title: &str| known.iter().find(|sample| sample.title() == title).unwrap().event.clone();
    let list = event("types/list_types");
    for (function, name, event, is_fault) in [
        ("types", "list_types", list.clone(), false),
        // By the fallback, since the function has no such route.
        ("images", "list_types", list.clone(), true),
        ("images", "list_types.404", list.clone(), false),
        ("types", "list_types.404", list.clone(), true),
        ("types", "list_types.denied", list, true),
        ("reconciler", "unknown_chore", event("reconciler/unknown_chore.failed"), true),
        ("reconciler", "some", event("reconciler/purge_again_with_nonsense.partial"), true),
        ("types", "nonsense", serde_json::json!({"Records": []}), true),
        ("authorizer", "no_key", event("authorizer/no_key.denied"), true),
        ("nobody", "anything", serde_json::json!({}), true),
    ] {
        let fault = sample(function, name, event.clone()).fault(&functions.invoke(function, &event).await);
        assert_eq!(fault.is_some(), is_fault, "{function}/{name}: {fault:?}");
    }
}
