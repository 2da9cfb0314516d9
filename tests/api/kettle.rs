//! The smallest catalogue worth testing: partner `acme`, its MCU type 105 and its device type `kettle`.

use serde_json::{Value, json};
use tests::api::{Answer, Api, Tenant};

/// A service with that catalogue.
pub(crate) struct Kettle {
    pub(crate) api: Api,
    pub(crate) acme: Tenant,
}

impl Kettle {
    pub(crate) async fn start() -> Self {
        let api = Api::start().await;
        let acme = api.tenant("acme").await;
        api.create_type(&acme, 105).await;
        api.create_device_type(&acme, "kettle").await;
        Self { api, acme }
    }

    /// An uploaded image of type 105 whose bytes are those of its version string.
    pub(crate) async fn image(&self, version: &str) -> Value {
        self.api.image(&self.acme, 105, version, version.as_bytes()).await
    }

    /// An image that is in these feeds of the kettle, as the pool then shows it.
    pub(crate) async fn image_in(&self, version: &str, feeds: &[&str]) -> Value {
        let record = self.image(version).await;
        for feed in feeds {
            self.api.associate(&self.acme, "kettle", &record, feed).await.expect(201);
        }
        self.record(&record).await
    }

    /// The pool record as it is now.
    pub(crate) async fn record(&self, record: &Value) -> Value {
        self.api.get(&self.api.record_path(&self.acme, record), &self.acme.read).await.expect(200).json()
    }

    /// `…/deviceTypes/kettle/firmwareImages`.
    pub(crate) fn images(&self) -> String {
        self.acme.path("/deviceTypes/kettle/firmwareImages")
    }

    /// The path of a record below [`Self::images`].
    pub(crate) fn image_path(&self, record: &Value) -> String {
        let number = record["versionNumber"].as_str().unwrap();
        format!("{}/types/{}/versionNumbers/{number}", self.images(), record["type"])
    }

    /// DELETE of an association in one feed.
    pub(crate) async fn remove(&self, record: &Value, feed: &str) -> Answer {
        let path = format!("{}?feed={feed}", self.image_path(record));
        self.api.call("DELETE", &path, &self.acme.release, Value::Null).await
    }

    /// Promotion with a key.
    pub(crate) async fn promote(&self, record: &Value, key: &str, from: &str, to: &str) -> Answer {
        let path = format!("{}/promote", self.image_path(record));
        self.api.call("POST", &path, key, json!({"from": from, "to": to})).await
    }

    /// The feeds of the kettle that a record is in; none if it is in none.
    pub(crate) async fn feeds_of(&self, record: &Value) -> Vec<String> {
        let answer = self.api.get(&self.image_path(record), &self.acme.read).await;
        if answer.status == 404 {
            return Vec::new();
        }
        let feeds = answer.expect(200).json()["feeds"].clone();
        serde_json::from_value(feeds).unwrap()
    }

    /// Makes a feed of acme's.
    pub(crate) async fn create_feed(&self, feed: &str) {
        let path = self.acme.path(&format!("/feeds/{feed}"));
        self.api.call("PUT", &path, &self.acme.release, Value::Null).await.expect(204);
    }

    /// Lets a device into a restricted feed of acme's and answers the grant's id.
    pub(crate) async fn grant(&self, feed: &str, hash: &str) -> String {
        let path = self.acme.path(&format!("/feeds/{feed}/devices"));
        let answer = self.api.call("POST", &path, &self.acme.release, json!({"hexSha1": hash})).await;
        answer.expect(201).json()["id"].as_str().unwrap().to_owned()
    }

    /// What checks of the open feeds answer, as bytes, to see that nothing changed.
    pub(crate) async fn answers(&self) -> Vec<Vec<u8>> {
        let mut all = Vec::new();
        for feed in ["alpha", "beta", "release"] {
            all.push(self.api.check("kettle", &format!("feed={feed}&2105=0")).await.expect(200).bytes);
        }
        all
    }
}

/// The pointers of a problem's faults, in order.
pub(crate) fn pointers(answer: &Answer) -> Vec<String> {
    let body = answer.json();
    let faults = body["errors"].as_array().cloned().unwrap_or_default();
    faults.iter().map(|fault| fault["pointer"].as_str().unwrap().to_owned()).collect()
}

/// A JSON snapshot of a body without what differs from run to run.
macro_rules! snapshot {
    ($body:expr) => {
        insta::assert_json_snapshot!($body, {
            ".**.createdTimestamp" => "[timestamp]",
            ".**.updatedTimestamp" => "[timestamp]",
            ".**.url" => "[url]",
            ".**.url2" => "[url]",
            ".**.md5" => "[md5]",
            ".**.sha256" => "[sha256]",
            ".**.requestId" => "[request id]",
            ".**.timestamp" => "[timestamp]",
            ".**.trace" => "[trace]",
        })
    };
}
pub(crate) use snapshot;
