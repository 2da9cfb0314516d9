//! Which packages may come into which feed, and what else changes an index or does not.

mod architecture;
mod intents;
mod lives;
mod newer;
mod promotion;
mod rights;
mod rollouts;
mod separate;
mod shared_packages;
mod size;

use serde_json::{Value, json};
use shared::ipkg::index;
use tests::api::{Answer, Tenant};
use tests::ipk::Ipk;

use super::World;

impl World {
    /// Associates a record with `dev1`.
    async fn put_in(&self, feed: &str, record: &Value) -> Answer {
        self.api.associate(&self.acme, "dev1", record, feed).await
    }

    /// Fails the test unless this package is refused in a feed with that status and code, and changes nothing; answers
    /// the reason.
    async fn expect_kept_out(&self, feed: &str, ipk: &Ipk, status: u16, code: &str) -> String {
        let record = self.record(ipk).await;
        let (index, table) = (self.index_in(feed).await, self.api.dump().await);
        let refused = self.put_in(feed, &record).await.expect_problem(status, code);
        assert_eq!(self.api.dump().await.difference(&table), [""; 0], "{ipk:?}");
        assert_eq!(self.index_in(feed).await, index, "{ipk:?}");
        refused.json()["detail"].as_str().unwrap().to_owned()
    }

    /// What promotion from one feed to another answers.
    async fn promote_as(&self, record: &Value, key: &str, from: &str, to: &str) -> Answer {
        let number = record["versionNumber"].as_str().unwrap();
        let path = format!("/deviceTypes/dev1/firmwareImages/types/3/versionNumbers/{number}/promote");
        self.api.call("POST", &self.acme.path(&path), key, json!({"from": from, "to": to})).await
    }

    /// The index of `dev1` in an open feed, with its entity tag and the time at which it changed.
    async fn index_in(&self, feed: &str) -> (String, String, String) {
        // In a burst, the time runs ahead, and is not sent before it has come.
        let clock = self.api.server.clock();
        clock.shift(60_000);
        let answer = self.get(&format!("/{feed}/dev1/Packages")).await.expect(200);
        clock.shift(-60_000);
        let headers = ["etag", "last-modified"].map(|name| answer.header(name).to_owned());
        let [etag, modified] = headers;
        (String::from_utf8(answer.bytes).unwrap(), etag, modified)
    }

    /// The latest versions of `dev1` in an open feed, as `package version architecture`.
    async fn latest(&self, feed: &str) -> Vec<String> {
        listed(&self.index_in(feed).await.0)
    }

    /// What the pool has of a record.
    async fn in_pool(&self, record: &Value) -> Value {
        let path = self.api.record_path(&self.acme, record);
        self.api.get(&path, &self.acme.read).await.expect(200).json()
    }

    /// Changes the architecture of `dev1`.
    async fn rebuild_for(&self, architecture: &str) {
        let body = json!({"name": "Phone", "architecture": architecture});
        let path = self.acme.path("/deviceTypes/dev1");
        self.api.call("PUT", &path, &self.acme.write, body).await.expect(204);
    }

    async fn create_feed(&self, tenant: &Tenant, feed: &str) {
        let path = tenant.path(&format!("/feeds/{feed}"));
        self.api.call("PUT", &path, &tenant.write, Value::Null).await.expect(204);
    }

    async fn delete_feed(&self, tenant: &Tenant, feed: &str) -> Answer {
        let path = tenant.path(&format!("/feeds/{feed}"));
        self.api.call("DELETE", &path, &tenant.write, Value::Null).await
    }
}

/// The stanzas of an index as `package version architecture`.
fn listed(text: &str) -> Vec<String> {
    let entries = index::parse(text).unwrap();
    let said = |entry: &index::Entry, name: &str| {
        entry.fields.iter().find(|field| field.name == name).unwrap().value.clone()
    };
    entries
        .iter()
        .map(|entry| ["Package", "Version", "Architecture"].map(|name| said(entry, name)).join(" "))
        .collect()
}
