//! `DELETE /feeds/{feed}`.

use serde_json::{Value, json};
use tests::api::Answer;

use crate::kettle::Kettle;

const HASH: &str = "2fd4e1c67a2d28fced849ee1bb76e7391b93eb12";

impl Kettle {
    async fn delete_feed(&self, feed: &str) -> Answer {
        let path = self.acme.path(&format!("/feeds/{feed}"));
        self.api.call("DELETE", &path, &self.acme.write, Value::Null).await
    }

    async fn has_feed(&self, feed: &str) -> bool {
        let all = self.api.get(&self.acme.path("/feeds"), &self.acme.read).await.expect(200).json();
        all.as_array().unwrap().iter().any(|each| each["feed"] == feed)
    }
}

#[tokio::test]
async fn an_unused_feed_goes_and_its_checks_with_it() {
    let it = Kettle::start().await;
    it.create_feed("nightly").await;
    it.api.check("kettle", "feed=nightly").await.expect(200);
    let answer = it.delete_feed("nightly").await.expect(204);
    assert!(answer.bytes.is_empty() && !it.has_feed("nightly").await);
    it.api.check("kettle", "feed=nightly").await.expect_problem(404, "not_found");
    it.delete_feed("nightly").await.expect_problem(404, "not_found");
}

#[tokio::test]
async fn a_feed_that_devices_were_put_on_stays_until_none_is_on_it() {
    let it = Kettle::start().await;
    for feed in ["nightly", "weekly"] {
        it.create_feed(feed).await;
    }
    let device = async |method: &str, id: &str, body: Value| {
        let path = it.acme.path(&format!("/deviceTypes/kettle/devices/{id}"));
        it.api.call(method, &path, &it.acme.release, body).await.expect(204);
    };
    for id in ["SN-1", "SN-2"] {
        it.api.device_offers("kettle", id, &[(105, 0)]).await;
        device("PATCH", id, json!({"feed": "nightly"})).await;
        device("PATCH", id, json!({"feed": "nightly", "tags": ["again"]})).await;
    }
    it.delete_feed("nightly").await.expect_problem(409, "feed_in_use");
    device("PATCH", "SN-1", json!({"feed": "weekly"})).await;
    it.delete_feed("nightly").await.expect_problem(409, "feed_in_use");
    device("DELETE", "SN-2", Value::Null).await;
    it.delete_feed("nightly").await.expect(204);
    it.delete_feed("weekly").await.expect_problem(409, "feed_in_use");
    device("PATCH", "SN-1", json!({"feed": null})).await;
    it.delete_feed("weekly").await.expect(204);
    it.api.device_offers("kettle", "SN-1", &[(105, 0)]).await;
}

#[tokio::test]
async fn the_standard_feeds_stay() {
    let it = Kettle::start().await;
    for feed in ["dev", "alpha", "beta", "release"] {
        it.delete_feed(feed).await.expect_problem(409, "feed_in_use");
        assert!(it.has_feed(feed).await);
    }
}

#[tokio::test]
async fn a_feed_with_an_association_stays_until_it_is_removed() {
    let it = Kettle::start().await;
    it.create_feed("nightly").await;
    it.api.create_device_type(&it.acme, "lamp").await;
    let record = it.image_in("1.0", &["nightly"]).await;
    it.api.associate(&it.acme, "lamp", &record, "nightly").await.expect(201);
    it.delete_feed("nightly").await.expect_problem(409, "feed_in_use");
    it.remove(&record, "nightly").await.expect(204);
    it.delete_feed("nightly").await.expect_problem(409, "feed_in_use");
    assert_eq!(it.api.offers("lamp", "feed=nightly&2105=0").await.len(), 1);
    let path = it.acme.path("/deviceTypes/lamp/firmwareImages/types/105/versionNumbers/1?feed=nightly");
    it.api.call("DELETE", &path, &it.acme.write, Value::Null).await.expect(204);
    it.delete_feed("nightly").await.expect(204);
    for device_type in ["kettle", "lamp"] {
        it.api.check(device_type, "feed=nightly").await.expect_problem(404, "not_found");
    }
}

#[tokio::test]
async fn a_feed_with_a_promoted_image_stays() {
    let it = Kettle::start().await;
    it.create_feed("nightly").await;
    let record = it.image_in("1.0", &["beta"]).await;
    it.promote(&record, &it.acme.write, "beta", "nightly").await.expect(201);
    it.delete_feed("nightly").await.expect_problem(409, "feed_in_use");
    assert_eq!(it.feeds_of(&record).await, ["beta", "nightly"]);
}

#[tokio::test]
async fn a_feed_with_a_grant_stays_until_it_is_revoked() {
    let it = Kettle::start().await;
    it.create_feed("dev-lab").await;
    let id = it.grant("dev-lab", HASH).await;
    it.grant("dev-lab", HASH).await;
    it.delete_feed("dev-lab").await.expect_problem(409, "feed_in_use");
    let path = it.acme.path(&format!("/feeds/dev-lab/devices/{id}"));
    it.api.call("DELETE", &path, &it.acme.release, Value::Null).await.expect(204);
    it.delete_feed("dev-lab").await.expect(204);
}

#[tokio::test]
async fn a_feed_made_again_begins_empty() {
    let it = Kettle::start().await;
    it.create_feed("nightly").await;
    let record = it.image_in("1.0", &["nightly"]).await;
    it.remove(&record, "nightly").await.expect(204);
    it.delete_feed("nightly").await.expect(204);
    it.create_feed("nightly").await;
    assert_eq!(it.api.offers("kettle", "feed=nightly&2105=0").await, []);
    it.api.associate(&it.acme, "kettle", &record, "nightly").await.expect(201);
    assert_eq!(it.api.offers("kettle", "feed=nightly&2105=0").await.len(), 1);
}

#[tokio::test]
async fn what_is_not_there_or_not_yours_is_not_found() {
    let it = Kettle::start().await;
    let other = it.api.tenant("other").await;
    it.create_feed("nightly").await;
    it.delete_feed("weekly").await.expect_problem(404, "not_found");
    for path in [other.path("/feeds/nightly"), it.acme.path("/feeds/nightly")] {
        it.api.call("DELETE", &path, &other.release, Value::Null).await.expect_problem(404, "not_found");
    }
    let read = it.api.call("DELETE", &it.acme.path("/feeds/nightly"), &it.acme.read, Value::Null).await;
    read.expect_problem(403, "right_missing");
    assert!(it.has_feed("nightly").await);
    for feed in ["Nightly", "v1", "a_b"] {
        it.delete_feed(feed).await.expect_problem(400, "invalid_parameter");
    }
}

#[tokio::test]
async fn an_association_and_a_deletion_at_once_never_both_happen() {
    for _ in 0..3 {
        let it = Kettle::start().await;
        it.create_feed("nightly").await;
        let record = it.image("1.0").await;
        let (made, deleted) = tokio::join!(
            it.api.associate(&it.acme, "kettle", &record, "nightly"),
            it.delete_feed("nightly"),
        );
        match (made.status, deleted.status) {
            (201, 409) => assert_eq!(it.api.offers("kettle", "feed=nightly&2105=0").await.len(), 1),
            (404 | 422, 204) => {
                it.api.check("kettle", "feed=nightly").await.expect_problem(404, "not_found");
                assert_eq!(it.record(&record).await["sealed"], false);
            }
            other => panic!("{other:?}"),
        }
    }
}
