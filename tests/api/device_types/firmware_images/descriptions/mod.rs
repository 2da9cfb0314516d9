//! Device descriptions: type 4, registered and associated by operation 13 alone.

mod create;
mod feeds;
mod idempotency;
mod pool;
mod races;
mod refusals;
mod tenancy;

use serde_json::{Value, json};
use tests::api::Answer;

use crate::kettle::Kettle;

/// The least that registers a description.
pub(super) fn description(version: &str, url: &str) -> Value {
    json!({"name": "profile", "type": 4, "version": version, "url": url})
}

/// `body` with one more field.
fn with(mut body: Value, field: &str, value: impl Into<Value>) -> Value {
    body[field] = value.into();
    body
}

/// The version number of a record.
fn number(record: &Value) -> u64 {
    record["versionNumber"].as_str().unwrap().parse().unwrap()
}

impl Kettle {
    /// Operation 13 on the kettle with the `release` key.
    pub(super) async fn describe(&self, body: Value) -> Answer {
        self.api.call("POST", &self.images(), &self.acme.release, body).await
    }

    /// A description of the kettle in one feed, with bytes of its own.
    async fn description_in(&self, version: &str, feed: &str) -> Value {
        let url = self.api.upload(&self.acme, version.as_bytes()).await;
        self.describe(with(description(version, &url), "feed", feed)).await.expect(201).json()
    }

    /// What a check offers that runs no description yet.
    async fn offers_in(&self, feed: &str) -> Vec<(u64, String)> {
        self.api.offers("kettle", &format!("feed={feed}&2004=0")).await
    }

    /// How many records of descriptions there are under the kettle.
    async fn described(&self) -> usize {
        let dump = self.api.dump().await;
        tests::whole::expect_whole(&dump, "afterwards");
        dump.under("DT#kettle").filter(|(_, sk, _)| sk.starts_with("DETAIL#004#")).count()
    }
}
