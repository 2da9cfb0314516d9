//! What partners do with devices, broken everywhere. How forgetting one breaks off is in `devices/forget.rs`.

use serde_json::{Value, json};

use super::driver::{Bench, Expected, Request, break_everywhere};

const fn always(status: u16) -> Expected {
    Expected { status, honest: None }
}

impl Bench {
    /// A device type of this run with an image that is given to nobody, and a device of it that runs number 0; the path of
    /// its device types, and the image.
    pub(super) async fn known(&self) -> (String, Value) {
        let id = self.device_type("kettle").await;
        let image = self.api.image(&self.acme, 105, &format!("v{}", self.run), b"firmware").await;
        self.api.associate(&self.acme, &id, &image, "release").await.expect(201);
        let rollout = format!("{}/rollout", self.placed(&id, &image));
        let nobody = Request::new("PUT", rollout, &self.acme.release, json!({"percent": 0}));
        nobody.send(&self.api).await.expect(204);
        self.api.attributes(&id, "SN-1", &json!({"attributes": {"2105": 0, "2003": 0}})).await.expect(200);
        (self.acme.path(&format!("/deviceTypes/{id}")), image)
    }

    fn of_device(&self, method: &'static str, path: String, body: Value) -> Request {
        Request::new(method, path, &self.acme.release, body)
    }
}

#[tokio::test]
async fn pushing() {
    break_everywhere(always(202), async |bench| {
        let (path, image) = bench.known().await;
        let path = format!("{path}/firmwareImages/{}/push", image["id"].as_str().unwrap());
        bench.of_device("PUT", path, json!({"value": "SN-1"}))
    })
    .await;
}

#[tokio::test]
async fn moving_and_blocking_a_device() {
    break_everywhere(always(204), async |bench| {
        let (path, _) = bench.known().await;
        let body = json!({"feed": "beta", "tags": ["lab"], "blocked": true});
        bench.of_device("PATCH", format!("{path}/devices/SN-1"), body)
    })
    .await;
}

#[tokio::test]
async fn rotating_a_secret() {
    break_everywhere(always(200), async |bench| {
        let (path, _) = bench.known().await;
        bench.of_device("POST", format!("{path}/deviceSecret/rotate"), Value::Null)
    })
    .await;
}

#[tokio::test]
async fn saying_how_often_devices_ask() {
    break_everywhere(always(204), async |bench| {
        let (path, _) = bench.known().await;
        bench.of_device("PUT", path, json!({"name": "Kettle", "nextPollSeconds": 3600}))
    })
    .await;
}
