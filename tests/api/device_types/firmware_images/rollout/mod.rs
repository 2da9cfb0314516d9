//! `…/versionNumbers/{versionNumber}/rollout`: set, pause, resume, withdraw, and what checks and feeds make of it.

mod bundles;
mod floors;
mod halting;
mod needs;
mod set;
mod withdraw;

use serde_json::{Value, json};
use tests::api::Answer;

use crate::kettle::Kettle;

impl Kettle {
    /// The path of a record's rollout, or of what is done with it.
    pub(crate) fn rollout_path(&self, record: &Value, what: &str, feed: &str) -> String {
        format!("{}/rollout{what}?feed={feed}", self.image_path(record))
    }

    /// PUT of a rollout in the release feed.
    pub(crate) async fn set_rollout(&self, record: &Value, body: Value) -> Answer {
        self.api.call("PUT", &self.rollout_path(record, "", "release"), &self.acme.release, body).await
    }

    /// POST of `pause`, `resume` or `withdraw` in the release feed.
    pub(crate) async fn post_rollout(&self, record: &Value, what: &str) -> Answer {
        let path = self.rollout_path(record, &format!("/{what}"), "release");
        self.api.call("POST", &path, &self.acme.release, Value::Null).await
    }

    /// A record's rollout in the release feed.
    pub(crate) async fn rollout(&self, record: &Value) -> Value {
        self.api.get(&self.rollout_path(record, "", "release"), &self.acme.read).await.expect(200).json()
    }

    /// The version numbers of type 105 that a device running `running` is offered in the release feed.
    pub(crate) async fn offered_to(&self, running: u32) -> Vec<String> {
        let offers = self.api.offers("kettle", &format!("2105={running}")).await;
        offers.into_iter().map(|(_, number)| number).collect()
    }
}

/// A body that gives an image to a part of a fleet.
fn percent(percent: u32) -> Value {
    json!({"percent": percent})
}
