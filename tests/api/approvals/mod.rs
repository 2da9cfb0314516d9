//! `/approvals`, and feeds that ask for them.

mod approve;
mod brakes;
mod changed;
mod kinds;
mod lines;
mod list;
mod reject;
mod rules;

use serde_json::{Value, json};
use tests::api::Answer;

use crate::kettle::Kettle;

/// A kettle whose `release` feed asks for approvals, and the key of a second person.
pub(crate) struct Guarded {
    pub(crate) it: Kettle,
    pub(crate) second: String,
}

impl Guarded {
    pub(crate) async fn start() -> Self {
        let it = Kettle::start().await;
        let second = it.api.server.partner_key("acme", "release").await.unwrap();
        let this = Self { it, second };
        this.rule("release", true, &this.it.acme.release).await.expect(204);
        this
    }

    /// Says whether a feed asks for approvals.
    pub(crate) async fn rule(&self, feed: &str, approvals: bool, key: &str) -> Answer {
        let path = self.it.acme.path(&format!("/feeds/{feed}"));
        self.it.api.call("PUT", &path, key, json!({"approvals": approvals})).await
    }

    /// What a proposal answers: its id.
    #[track_caller]
    pub(crate) fn proposed(answer: Answer) -> String {
        let answer = answer.expect(202);
        let body = answer.json();
        let id = body["id"].as_str().unwrap().to_owned();
        assert_eq!(answer.header("location"), format!("/v1/ota/partners/acme/approvals/{id}"));
        assert_eq!(body["state"], "pending", "{body}");
        id
    }

    /// Asks that a record comes into a feed of the kettle.
    pub(crate) async fn associate(&self, record: &Value, feed: &str) -> Answer {
        self.it.api.associate(&self.it.acme, "kettle", record, feed).await
    }

    /// An image in `release` that the second person has approved.
    pub(crate) async fn approved(&self, version: &str) -> Value {
        let record = self.it.image(version).await;
        let id = Self::proposed(self.associate(&record, "release").await);
        self.approve(&id).await.expect(204);
        record
    }

    pub(crate) async fn approve_as(&self, id: &str, key: &str) -> Answer {
        let path = self.it.acme.path(&format!("/approvals/{id}/approve"));
        self.it.api.call("POST", &path, key, Value::Null).await
    }

    /// The second person says yes.
    pub(crate) async fn approve(&self, id: &str) -> Answer {
        self.approve_as(id, &self.second).await
    }

    pub(crate) async fn reject_as(&self, id: &str, key: &str) -> Answer {
        let path = self.it.acme.path(&format!("/approvals/{id}/reject"));
        self.it.api.call("POST", &path, key, Value::Null).await
    }

    /// A proposal as it is now.
    pub(crate) async fn read(&self, id: &str) -> Value {
        let path = self.it.acme.path(&format!("/approvals/{id}"));
        self.it.api.get(&path, &self.it.acme.read).await.expect(200).json()
    }

    /// Fails the test unless approving is answered with that code, and the proposal has failed; answers the reason.
    pub(crate) async fn expect_failed(&self, id: &str) -> String {
        self.approve(id).await.expect_problem(409, "approval_failed");
        let read = self.read(id).await;
        assert_eq!(read["state"], "failed", "{read}");
        self.approve(id).await.expect_problem(409, "approval_failed");
        read["reason"].as_str().unwrap().to_owned()
    }

    pub(crate) async fn key_id(&self, key: &str) -> String {
        let who = self.it.api.get("/v1/ota/whoami", key).await.expect(200).json();
        who["keyId"].as_str().unwrap().to_owned()
    }
}
