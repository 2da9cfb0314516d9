//! Devices that say who they are, as tests play them.

use serde_json::{Value, json};
use shared::domain::device_token::{DeviceToken, DeviceTypeSecret};

use crate::api::{Answer, Api};

/// The epoch of a device type whose secret was never changed.
const FIRST: u32 = 1;

impl Api {
    /// The token of a device, as a factory that holds its device type's first secret writes it.
    pub fn device_token(&self, device_type: &str, device: &str) -> String {
        let master = self.server.app().secrets.devices().unwrap().current().1.to_vec();
        let device_type = device_type.parse().unwrap();
        let secret = DeviceTypeSecret::derive(&master, &device_type, FIRST);
        DeviceToken::write(&secret, device_type, FIRST, &device.parse().unwrap()).reveal()
    }

    /// POST of what a device reports, with a token, or none for `""`.
    pub async fn device_call(&self, path: &str, token: &str, body: &Value) -> Answer {
        let mut request = self.request("POST", &format!("/v1/ota/deviceTypes/{path}")).json(body);
        if !token.is_empty() {
            request = request.bearer_auth(token);
        }
        self.send(request).await
    }

    /// What a device says that it runs, with its own token; the answer is its check.
    pub async fn attributes(&self, device_type: &str, device: &str, body: &Value) -> Answer {
        let token = self.device_token(device_type, device);
        self.device_call(&format!("{device_type}/devices/{device}/attributes"), &token, body).await
    }

    /// How far a device says that it has come, with its own token.
    pub async fn status(&self, device_type: &str, device: &str, body: &Value) -> Answer {
        let token = self.device_token(device_type, device);
        self.device_call(&format!("{device_type}/devices/{device}/status"), &token, body).await
    }

    /// What a device that runs these versions is offered in the release feed, as type and number.
    pub async fn device_offers(
        &self,
        device_type: &str,
        device: &str,
        versions: &[(u16, u32)],
    ) -> Vec<(u64, String)> {
        let attributes: serde_json::Map<String, Value> =
            versions.iter().map(|(kind, number)| ((2000 + kind).to_string(), (*number).into())).collect();
        let answer = self.attributes(device_type, device, &json!({"attributes": attributes})).await;
        let updates = answer.expect(200).json()["updates"].as_array().unwrap().clone();
        let each = |update: &Value| {
            (update["type"].as_u64().unwrap(), update["versionNumber"].as_str().unwrap().to_owned())
        };
        updates.iter().map(each).collect()
    }
}
