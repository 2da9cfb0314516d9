//! Which feed a check is of, and which there are.

use serde_json::{Value, json};
use tests::api::Api;

use crate::kettle::Kettle;

#[tokio::test]
async fn a_check_without_a_feed_is_of_release() {
    let it = Kettle::start().await;
    it.image_in("1.0", &["release"]).await;
    let plain = it.api.check("kettle", "2105=0").await.expect(200);
    assert_eq!(plain.json()["feed"], "release");
    assert_eq!(it.api.check("kettle", "feed=release&2105=0").await.expect(200).bytes, plain.bytes);
}

#[tokio::test]
async fn each_feed_offers_its_own() {
    let it = Kettle::start().await;
    it.image_in("1.0", &["release"]).await;
    it.image_in("2.0", &["beta"]).await;
    it.image_in("3.0", &["alpha"]).await;
    for (feed, number) in [("release", "1"), ("beta", "2"), ("alpha", "3")] {
        let body = it.api.check("kettle", &format!("feed={feed}&2105=0")).await.expect(200).json();
        assert_eq!((&body["feed"], &body["updates"][0]["versionNumber"]), (&json!(feed), &json!(number)));
    }
}

#[tokio::test]
async fn what_is_not_there_is_404_and_what_is_empty_is_200() {
    let it = Kettle::start().await;
    it.create_feed("nightly").await;
    for query in ["", "feed=alpha", "feed=beta", "feed=release", "feed=nightly"] {
        let body = it.api.check("kettle", query).await.expect(200).json();
        assert_eq!((&body["deviceTypeId"], &body["updates"]), (&json!("kettle"), &json!([])), "{query}");
    }
    for feed in ["weekly", "Release", "v1", "a.b", "", "%20", &"f".repeat(64)] {
        let refused = it.api.check("kettle", &format!("feed={feed}")).await;
        refused.expect_problem(404, "not_found");
    }
    for device_type in ["toaster", "Kettle", "a.b", "%20", "kettle%2Fx", &"k".repeat(64)] {
        it.api.check(device_type, "2105=0").await.expect_problem(404, "not_found");
    }
    let nowhere = it.api.get("/v1/ota/deviceTypes//eligibility", "").await;
    assert_eq!(nowhere.status, 404);
}

#[tokio::test]
async fn a_feed_made_after_the_device_type_is_checked_and_filled() {
    let it = Kettle::start().await;
    let record = it.image("1.0").await;
    it.api.check("kettle", "feed=nightly").await.expect_problem(404, "not_found");
    it.create_feed("nightly").await;
    let empty = it.api.check("kettle", "feed=nightly&2105=0").await.expect(200).json();
    assert_eq!((&empty["feed"], &empty["updates"]), (&json!("nightly"), &json!([])));
    it.api.associate(&it.acme, "kettle", &record, "nightly").await.expect(201);
    assert_eq!(it.api.offers("kettle", "feed=nightly&2105=0").await.len(), 1);
    it.remove(&record, "nightly").await.expect(204);
    assert_eq!(it.api.offers("kettle", "feed=nightly&2105=0").await, []);
}

#[tokio::test]
async fn the_feeds_of_one_partner_are_none_of_anothers() {
    let it = Kettle::start().await;
    let other = it.api.tenant("other").await;
    it.api.create_device_type(&other, "hairdryer").await;
    it.create_feed("nightly").await;
    it.api.check("kettle", "feed=nightly").await.expect(200);
    it.api.check("hairdryer", "feed=nightly").await.expect_problem(404, "not_found");
}

#[tokio::test]
async fn what_another_partner_offered_is_offered_to_devices_once_it_is_associated() {
    let it = Kettle::start().await;
    let other = it.api.tenant("other").await;
    let radio = it.api.image(&other, 6, "1", b"radio").await;
    let offer = format!("{}/offers/acme", it.api.record_path(&other, &radio));
    it.api.call("PUT", &offer, &other.write, Value::Null).await.expect(204);
    assert_eq!(it.api.offers("kettle", "2006=0").await, []);
    it.api.associate(&it.acme, "kettle", &radio, "release").await.expect(201);
    let body = it.api.check("kettle", "2006=0").await.expect(200).json();
    assert_eq!((&body["updates"][0]["type"], &body["updates"][0]["typeName"]), (&json!(6), &json!("WIFI")));
    let bytes = it.api.get(body["updates"][0]["url"].as_str().unwrap(), "").await.expect(200).bytes;
    assert_eq!(bytes, b"radio");
}

#[tokio::test]
async fn a_check_is_one_read_and_changes_nothing() {
    let it = Kettle::start().await;
    it.image_in("1.0", &["release"]).await;
    it.api.wire.take_calls();
    it.api.check("kettle", "2105=0").await.expect(200);
    assert_eq!(it.api.wire.take_calls(), ["GetItem"]);
    it.api.check("kettle", "feed=beta").await.expect(200);
    assert_eq!(it.api.wire.take_calls(), ["GetItem"]);
}

#[tokio::test]
async fn a_database_that_does_not_answer_is_503_which_a_cache_may_bridge() {
    let api = Api::start().await;
    let acme = api.tenant("acme").await;
    api.create_device_type(&acme, "kettle").await;
    api.wire.inject(Some("GetItem"), 0, 100, tests::wire::Fault::ServerError);
    let refused = api.check("kettle", "").await.expect_problem(503, "dependency_unavailable");
    assert!(refused.header("retry-after").parse::<u32>().is_ok());
    api.wire.clear();
    api.check("kettle", "").await.expect(200);
}
