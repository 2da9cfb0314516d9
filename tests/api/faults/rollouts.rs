//! Rollouts, broken everywhere.

use serde_json::{Value, json};
use tests::ipk::Ipk;

use super::driver::{Bench, Expected, Request, break_everywhere};

const ALWAYS: Expected = Expected { status: 204, honest: None };

impl Bench {
    /// An image in the release feed of a device type of this run, and the path of its rollout.
    async fn rolled(&self, bytes: &[u8]) -> (Value, String, String) {
        let id = self.device_type("kettle").await;
        let image = self.api.image(&self.acme, 105, &format!("v{}", self.run), bytes).await;
        self.api.associate(&self.acme, &id, &image, "release").await.expect(201);
        let path = format!("{}/rollout", self.placed(&id, &image));
        (image, id, path)
    }

    fn post(&self, path: &str, what: &str) -> Request {
        Request::new("POST", format!("{path}/{what}"), &self.acme.release, Value::Null)
    }
}

#[tokio::test]
async fn setting_a_rollout() {
    break_everywhere(ALWAYS, async |bench| {
        let (_, _, path) = bench.rolled(b"firmware").await;
        let steps = json!([{"atTimestamp": 4_102_444_800_000_i64, "percent": 100}]);
        Request::new("PUT", path, &bench.acme.release, json!({"percent": 5, "steps": steps}))
    })
    .await;
}

#[tokio::test]
async fn pausing_and_resuming_a_package() {
    let bytes = |run: usize| Ipk::new("base", &format!("1.{run}")).build();
    break_everywhere(ALWAYS, async |bench| {
        let (_, _, path) = bench.rolled(&bytes(bench.run)).await;
        bench.post(&path, "pause")
    })
    .await;
    break_everywhere(ALWAYS, async |bench| {
        let (_, _, path) = bench.rolled(&bytes(bench.run)).await;
        bench.post(&path, "pause").send(&bench.api).await.expect(204);
        bench.post(&path, "resume")
    })
    .await;
}

#[tokio::test]
async fn withdrawing_a_bundle() {
    break_everywhere(ALWAYS, async |bench| {
        let (_, id, path) = bench.rolled(b"firmware").await;
        let other = bench.api.image(&bench.acme, 3, &format!("v{}", bench.run), b"other").await;
        bench.api.associate(&bench.acme, &id, &other, "release").await.expect(201);
        for path in [&path, &format!("{}/rollout", bench.placed(&id, &other))] {
            let set = Request::new(
                "PUT",
                path.clone(),
                &bench.acme.release,
                json!({"percent": 100, "bundle": {"name": "radio", "types": [3, 105]}}),
            );
            set.send(&bench.api).await.expect(204);
        }
        bench.post(&path, "withdraw")
    })
    .await;
}
