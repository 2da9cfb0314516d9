//! `/deviceTypes/{dt}/devices`, `/deviceTokens` and `/deviceSecret`: devices as their partner sees them.

mod explain;
mod forget;
mod get;
mod list;
mod push;
mod secrets;
mod update;
mod versions;

use serde_json::{Value, json};
use shared::domain::progress::MOST_OFFERS;
use tests::api::{Answer, Api, Tenant};

use crate::kettle::Kettle;

/// The kettle, another partner, and devices that report.
pub(crate) struct Fleet {
    pub(crate) api: Api,
    pub(crate) acme: Tenant,
    pub(crate) globex: Tenant,
}

impl Fleet {
    pub(crate) async fn start() -> Self {
        let Kettle { api, acme } = Kettle::start().await;
        let globex = api.tenant("globex").await;
        Self { api, acme, globex }
    }

    /// A device reports these versions.
    pub(crate) async fn report(&self, device: &str, versions: Value) -> Value {
        self.api.attributes("kettle", device, &json!({"attributes": versions})).await.expect(200).json()
    }

    /// What whoever shows `token` is answered that reports as a device.
    pub(crate) async fn report_with(&self, token: &str, device: &str) -> Answer {
        let path = format!("kettle/devices/{device}/attributes");
        self.api.device_call(&path, token, &json!({"attributes": {"2105": "1"}})).await
    }

    /// The token of a device, as its partner is given it.
    pub(crate) async fn token_of(&self, device: &str) -> String {
        let made = self.call("POST", "/deviceTokens", json!({"deviceId": device})).await.expect(200);
        made.json()["token"].as_str().unwrap().to_owned()
    }

    /// An image of type 105 that is in these feeds of the kettle.
    pub(crate) async fn release(&self, version: &str, feeds: &[&str]) {
        let record = self.api.image(&self.acme, 105, version, version.as_bytes()).await;
        for feed in feeds {
            self.api.associate(&self.acme, "kettle", &record, feed).await.expect(201);
        }
    }

    /// A device is offered image 105/1 again and again, and never runs it.
    pub(crate) async fn withhold(&self, device: &str) {
        for _ in 0..MOST_OFFERS {
            self.report(device, json!({"2105": "0"})).await;
            let seconds = i64::from(self.api.server.app().config.poll_seconds);
            self.api.server.clock().shift(seconds * 1000);
        }
    }

    /// A request below the kettle with acme's strongest key.
    pub(crate) async fn call(&self, method: &str, rest: &str, body: Value) -> Answer {
        self.call_as(&self.acme.release, method, rest, body).await
    }

    pub(crate) async fn call_as(&self, key: &str, method: &str, rest: &str, body: Value) -> Answer {
        self.api.call(method, &self.acme.path(&format!("/deviceTypes/kettle{rest}")), key, body).await
    }

    pub(crate) async fn device(&self, device: &str) -> Value {
        self.call("GET", &format!("/devices/{device}"), Value::Null).await.expect(200).json()
    }

    /// The ids in a page of the list.
    pub(crate) async fn ids(&self, query: &str) -> Vec<String> {
        let page = self.call("GET", &format!("/devices?{query}"), Value::Null).await.expect(200).json();
        ids_in(&page)
    }
}

fn ids_in(page: &Value) -> Vec<String> {
    let devices = page["devices"].as_array().unwrap().iter();
    devices.map(|device| device["deviceId"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn another_partners_devices_are_not_found_by_whatever_path() {
    let it = Fleet::start().await;
    it.report("SN-1", json!({"2105": "0"})).await;
    let before = it.api.dump().await;
    for (method, rest, body) in [
        ("POST", "/deviceTokens", json!({"deviceId": "SN-1"})),
        ("POST", "/deviceSecret", Value::Null),
        ("POST", "/deviceSecret/rotate", Value::Null),
        ("GET", "/devices", Value::Null),
        ("GET", "/devices/SN-1", Value::Null),
        ("PATCH", "/devices/SN-1", json!({"blocked": true})),
        ("DELETE", "/devices/SN-1", Value::Null),
    ] {
        let theirs = it.call_as(&it.globex.release, method, rest, body.clone()).await;
        theirs.expect_problem(404, "not_found");
        let path = it.globex.path(&format!("/deviceTypes/kettle{rest}"));
        let own = it.api.call(method, &path, &it.globex.release, body).await;
        own.expect_problem(404, "not_found");
    }
    assert_eq!(before.difference(&it.api.dump().await), [""; 0]);
}

#[tokio::test]
async fn a_device_type_with_devices_is_not_deleted_and_one_without_is() {
    let it = Fleet::start().await;
    it.report("SN-1", json!({"2105": "0"})).await;
    it.call("DELETE", "", Value::Null).await.expect_problem(409, "device_type_in_use");
    it.call("DELETE", "/devices/SN-1", Value::Null).await.expect(204);
    it.call("DELETE", "", Value::Null).await.expect(204);
    it.call("GET", "/devices", Value::Null).await.expect_problem(404, "not_found");
}
