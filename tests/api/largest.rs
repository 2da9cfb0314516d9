//! The largest transaction of each kind goes through: DynamoDB takes 100 items.

use serde_json::{Value, json};
use tests::api::{Api, Tenant};
use tests::whole::expect_whole;

/// The feeds that a partner can make beside the standard ones.
const OWN: usize = 16;
/// Every feed there can be.
const FEEDS: usize = 20;

async fn with_all_feeds() -> (Api, Tenant, Vec<String>) {
    let api = Api::start().await;
    let acme = api.tenant("acme").await;
    api.create_type(&acme, 105).await;
    let mut feeds: Vec<String> = ["dev", "alpha", "beta", "release"].map(str::to_owned).into();
    for index in 0..OWN {
        let feed = format!("feed-{index:02}");
        api.call("PUT", &acme.path(&format!("/feeds/{feed}")), &acme.write, Value::Null).await.expect(204);
        feeds.push(feed);
    }
    assert_eq!(api.get(&acme.path("/feeds"), &acme.read).await.json().as_array().unwrap().len(), FEEDS);
    (api, acme, feeds)
}

#[tokio::test]
async fn a_device_type_is_created_and_deleted_with_every_feed_there_can_be() {
    let (api, acme, _) = with_all_feeds().await;
    api.create_device_type(&acme, "kettle").await;
    let dump = api.dump().await;
    assert_eq!(dump.under("DT#kettle").filter(|(_, sk, _)| sk.starts_with("MANIFEST#")).count(), FEEDS);
    expect_whole(&dump, "created");
    let path = acme.path("/deviceTypes/kettle");
    api.call("DELETE", &path, &acme.write, Value::Null).await.expect(204);
    let dump = api.dump().await;
    assert_eq!(dump.under("DT#kettle").count(), 1, "a tombstone");
    expect_whole(&dump, "deleted");
}

#[tokio::test]
async fn an_image_is_removed_from_every_feed_there_can_be_at_once() {
    let (api, acme, feeds) = with_all_feeds().await;
    api.create_device_type(&acme, "kettle").await;
    let image = api.image(&acme, 105, "1", b"firmware").await;
    for feed in &feeds {
        api.associate(&acme, "kettle", &image, feed).await.expect(201);
    }
    expect_whole(&api.dump().await, "associated everywhere");
    assert_eq!(api.offers("kettle", "feed=feed-15&2105=0").await.len(), 1);
    let path = acme.path("/deviceTypes/kettle/firmwareImages/types/105/versionNumbers/1");
    api.wire.take_calls();
    api.call("DELETE", &path, &acme.release, Value::Null).await.expect(204);
    let calls = api.wire.take_calls();
    assert_eq!(calls.iter().filter(|call| *call == "TransactWriteItems").count(), 1, "all or nothing");
    let dump = api.dump().await;
    assert_eq!(dump.under("DT#kettle").filter(|(_, sk, _)| sk.starts_with("ASSOC#")).count(), 0);
    expect_whole(&dump, "removed everywhere");
    assert_eq!(api.offers("kettle", "feed=feed-15&2105=0").await.len(), 0);
}

#[tokio::test]
async fn ten_associations_are_made_with_the_binary_in_one_transaction() {
    let (api, acme, _) = with_all_feeds().await;
    let mut device_types = Vec::new();
    for index in 0..10 {
        device_types.push(format!("model-{index}"));
        api.create_device_type(&acme, &device_types[index]).await;
    }
    let body = json!({"name": "all", "type": 105, "version": "1", "url": "", "associations": {"acme": device_types}});
    let mut record = api.call("POST", &acme.path("/pool"), &acme.release, body).await.expect(201).json();
    record["url"] = api.upload(&acme, b"firmware").await.into();
    record["name"] = "renamed as well".into();
    api.wire.take_calls();
    api.call("PUT", &api.record_path(&acme, &record), &acme.release, record.clone()).await.expect(204);
    let calls = api.wire.take_calls();
    assert_eq!(calls.iter().filter(|call| *call == "TransactWriteItems").count(), 1, "all or nothing");
    for id in &device_types {
        assert_eq!(api.offers(id, "2105=0").await, [(105, "1".to_owned())], "{id}");
    }
    expect_whole(&api.dump().await, "after the PUT");
}

#[tokio::test]
async fn nine_associations_and_an_offer_are_made_at_registration_in_one_transaction() {
    let (api, acme, _) = with_all_feeds().await;
    api.tenant("globex").await;
    let ids: Vec<String> = (0..9).map(|index| format!("model-{index}")).collect();
    for id in &ids {
        api.create_device_type(&acme, id).await;
    }
    let url = api.upload(&acme, b"firmware").await;
    let associations = json!({"acme": ids, "globex": []});
    let body = json!({"name": "all", "type": 3, "version": "1", "url": url, "associations": associations});
    let request = api.request("POST", &acme.path("/pool")).bearer_auth(&acme.release).json(&body);
    let made = api.send(request.header("idempotency-key", "once")).await.expect(201).json();
    assert_eq!(made["sealed"], true);
    for id in &ids {
        assert_eq!(api.offers(id, "2003=0").await, [(3, "1".to_owned())], "{id}");
    }
    expect_whole(&api.dump().await, "after the registration");
}
