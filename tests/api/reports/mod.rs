//! `/v1/ota/deviceTypes/{deviceTypeId}/devices/{deviceId}/…`: devices that say who they are.

mod attributes;
mod broken;
mod forms;
mod hub;
mod pausing;
mod rollouts;
mod status;
mod tokens;

use serde_json::{Value, json};

use crate::kettle::Kettle;

impl Kettle {
    /// What the device `SN-1` is offered of type 105 when it runs `running`.
    async fn told(&self, running: u32) -> Vec<String> {
        let offers = self.api.device_offers("kettle", "SN-1", &[(105, running)]).await;
        offers.into_iter().map(|(_, number)| number).collect()
    }

    /// The item of a device in the table.
    async fn device_row(&self, device: &str) -> Value {
        self.api.dump().await.row(&format!("DEV#kettle#{device}"), "META").clone()
    }

    /// How many devices are counted with an image of type 105 in the release feed, over all shards.
    async fn counted(&self, number: u32, what: &str) -> u64 {
        let dump = self.api.dump().await;
        let sk = format!("IMAGE#release#105#{number:019}");
        let rows = dump.under("COUNT#kettle#").filter(|(_, at, _)| *at == sk);
        rows.map(|(_, _, row)| row[what].as_u64().unwrap_or_default()).sum()
    }
}

/// A status of the image `number` of type 105.
fn state(number: u32, state: &str) -> Value {
    json!({"type": 105, "versionNumber": number, "state": state})
}
