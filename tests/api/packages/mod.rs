//! `/{feed}/{deviceTypeId}/…`: package feeds, as devices poll them.

mod blueprint;
mod clients;
mod hostile;
mod model;
pub mod old;
mod path;
mod races;
mod reconciler;
mod restricted;
mod rotation;
mod rules;
mod sequences;
mod sweep;
mod times;

use serde_json::{Value, json};
use tests::api::{Answer, Api, Tenant};
use tests::ipk::Ipk;

/// A partner with a device type `dev1` for architecture `maguro`.
struct World {
    api: Api,
    acme: Tenant,
}

impl World {
    async fn start() -> Self {
        Self::with(Api::start().await).await
    }

    async fn with(api: Api) -> Self {
        let acme = api.tenant("acme").await;
        let body = json!({"deviceTypeId": "dev1", "name": "Phone", "architecture": "maguro"});
        api.call("POST", &acme.path("/deviceTypes"), &acme.write, body).await.expect(201);
        // Out of the burst: the times of a new index run ahead of the clock.
        api.pass(3000).await;
        Self { api, acme }
    }

    /// Registers and uploads a package; answers its record.
    async fn record(&self, ipk: &Ipk) -> Value {
        let bytes = ipk.build();
        let name = &shared::domain::Sha256::of(&bytes).to_string()[..30];
        let mut record = self.api.register(&self.acme, 3, name, "1").await;
        record["url"] = self.api.upload(&self.acme, &bytes).await.into();
        let path = self.api.record_path(&self.acme, &record);
        self.api.call("PUT", &path, &self.acme.release, record.clone()).await.expect(204);
        self.api.get(&path, &self.acme.read).await.expect(200).json()
    }

    /// Puts a package into a feed of `dev1`; answers its record.
    async fn place(&self, feed: &str, ipk: &Ipk) -> Value {
        let record = self.record(ipk).await;
        self.api.associate(&self.acme, "dev1", &record, feed).await.expect(201);
        record
    }

    /// Takes an image out of a feed of `dev1`, or out of all for `""`.
    async fn remove(&self, feed: &str, record: &Value) -> Answer {
        let number = record["versionNumber"].as_str().unwrap();
        let query = if feed.is_empty() { String::new() } else { format!("?feed={feed}") };
        let image = format!("/deviceTypes/dev1/firmwareImages/types/3/versionNumbers/{number}{query}");
        self.api.call("DELETE", &self.acme.path(&image), &self.acme.release, Value::Null).await
    }

    /// Lets the device with that hash into a restricted feed.
    async fn let_in(&self, feed: &str, hex_sha1: &str) {
        let path = self.acme.path(&format!("/feeds/{feed}/devices"));
        self.api.call("POST", &path, &self.acme.release, json!({"hexSha1": hex_sha1})).await.expect(201);
    }

    async fn get(&self, path: &str) -> Answer {
        self.api.get(path, "").await
    }
}
