//! Proposals, broken everywhere.

use serde_json::{Value, json};

use super::driver::{Bench, Expected, Request, break_everywhere};

impl Bench {
    /// A proposal of this run that an image comes into a feed that asks for approvals.
    async fn proposing(&self) -> Request {
        let feed = self.acme.path("/feeds/beta");
        self.api.call("PUT", &feed, &self.acme.release, json!({"approvals": true})).await.expect(204);
        let id = self.device_type("kettle").await;
        let mut image = self.api.image(&self.acme, 105, &format!("v{}", self.run), b"firmware").await;
        image["feed"] = "beta".into();
        let path = self.acme.path(&format!("/deviceTypes/{id}/firmwareImages"));
        Request::new("POST", path, &self.acme.write, image)
    }

    /// What is said to such a proposal by somebody else.
    async fn answering(&self, word: &str) -> Request {
        let made = self.proposing().await.send(&self.api).await.expect(202).json();
        let path = self.acme.path(&format!("/approvals/{}/{word}", made["id"].as_str().unwrap()));
        Request::new("POST", path, &self.acme.release, Value::Null)
    }
}

#[tokio::test]
async fn proposing() {
    let expected = Expected { status: 202, honest: None };
    break_everywhere(expected, async |bench| bench.proposing().await).await;
}

#[tokio::test]
async fn approving() {
    let expected = Expected { status: 204, honest: None };
    break_everywhere(expected, async |bench| bench.answering("approve").await).await;
}

#[tokio::test]
async fn rejecting() {
    let expected = Expected { status: 204, honest: None };
    break_everywhere(expected, async |bench| bench.answering("reject").await).await;
}
