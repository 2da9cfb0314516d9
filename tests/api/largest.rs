//! The largest transaction of each kind goes through: DynamoDB takes 100 items.

use serde_json::{Value, json};
use tests::api::{Api, Tenant};
use tests::ipk::Ipk;
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
    let kept: Vec<_> = dump.under("DT#kettle").filter(|(_, sk, _)| !sk.starts_with("CHANGE#")).collect();
    assert_eq!(kept.len(), 1, "a tombstone beside what it once gave: {kept:?}");
    expect_whole(&dump, "deleted");
}

#[tokio::test]
async fn how_often_devices_ask_changes_in_every_feed_there_can_be_at_once() {
    let (api, acme, feeds) = with_all_feeds().await;
    api.create_device_type(&acme, "kettle").await;
    api.wire.take_calls();
    let body = json!({"name": "Kettle", "nextPollSeconds": 900});
    api.call("PUT", &acme.path("/deviceTypes/kettle"), &acme.write, body).await.expect(204);
    expect_one_transaction(&api);
    for feed in feeds.iter().filter(|feed| *feed != "dev") {
        let check = api.check("kettle", &format!("feed={feed}")).await.expect(200).json();
        assert_eq!(check["nextPollSeconds"], 900, "{feed}");
    }
    expect_whole(&api.dump().await, "asking more often");
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

/// Fails the test unless the calls hold one transaction.
#[track_caller]
fn expect_one_transaction(api: &Api) {
    let calls = api.wire.take_calls();
    let transactions = calls.iter().filter(|call| *call == "TransactWriteItems").count();
    assert_eq!(transactions, 1, "all or nothing: {calls:?}");
}

#[tokio::test]
async fn a_package_is_removed_from_every_feed_there_can_be_at_once() {
    let (api, acme, feeds) = with_all_feeds().await;
    api.create_device_type(&acme, "phone").await;
    let package = api.image(&acme, 105, "1", &Ipk::new("base", "1.0").build()).await;
    let beside = api.image(&acme, 105, "2", &Ipk::new("mail", "1.0").build()).await;
    for feed in &feeds {
        for record in [&package, &beside] {
            api.associate(&acme, "phone", record, feed).await.expect(201);
        }
    }
    api.expect_whole("associated everywhere").await;
    let path = acme.path("/deviceTypes/phone/firmwareImages/types/105/versionNumbers/1");
    api.wire.take_calls();
    api.call("DELETE", &path, &acme.release, Value::Null).await.expect(204);
    expect_one_transaction(&api);
    api.expect_whole("removed everywhere").await;
    for feed in feeds.iter().filter(|feed| *feed != "dev") {
        let index =
            String::from_utf8(api.get(&format!("/{feed}/phone"), "").await.expect(200).bytes).unwrap();
        assert!(
            index.starts_with("Package: mail\n") && index.matches("Package: ").count() == 1,
            "{feed}: {index}"
        );
    }
    let path = acme.path("/deviceTypes/phone/firmwareImages/types/105/versionNumbers/2");
    api.call("DELETE", &path, &acme.release, Value::Null).await.expect(204);
    api.wire.take_calls();
    api.call("DELETE", &acme.path("/deviceTypes/phone"), &acme.write, Value::Null).await.expect(204);
    expect_one_transaction(&api);
    api.expect_whole("deleted").await;
    api.wire.take_calls();
    api.create_device_type(&acme, "phone").await;
    expect_one_transaction(&api);
    api.expect_whole("revived").await;
}

#[tokio::test]
async fn a_package_comes_into_ten_device_types_with_its_record_in_one_transaction() {
    let (api, acme, _) = with_all_feeds().await;
    let ids: Vec<String> = (0..10).map(|index| format!("model-{index}")).collect();
    for id in &ids {
        api.create_device_type(&acme, id).await;
    }
    let body = json!({"name": "all", "type": 105, "version": "1", "url": "", "associations": {"acme": ids}});
    let mut record = api.call("POST", &acme.path("/pool"), &acme.release, body).await.expect(201).json();
    record["url"] = api.upload(&acme, &Ipk::new("base", "1.0").build()).await.into();
    record["name"] = "renamed as well".into();
    api.wire.take_calls();
    api.call("PUT", &api.record_path(&acme, &record), &acme.release, record.clone()).await.expect(204);
    expect_one_transaction(&api);
    for id in &ids {
        let index = api.get(&format!("/release/{id}/Packages"), "").await.expect(200);
        assert!(index.bytes.starts_with(b"Package: base\nVersion: 1.0\n"), "{id}");
    }
    let listed: String = ids.iter().flat_map(|id| [id.as_str(), "\n"]).collect();
    assert_eq!(api.get("/release", "").await.expect(200).bytes, listed.into_bytes());
    api.expect_whole("after the PUT").await;
}

#[tokio::test]
async fn a_feed_that_many_device_types_had_packages_in_is_deleted() {
    let (api, acme, _) = with_all_feeds().await;
    let package = api.image(&acme, 105, "1", &Ipk::new("base", "1.0").build()).await;
    for index in 0..25 {
        let id = format!("model-{index:02}");
        api.create_device_type(&acme, &id).await;
        api.associate(&acme, &id, &package, "feed-07").await.expect(201);
    }
    let listed = String::from_utf8(api.get("/feed-07", "").await.expect(200).bytes).unwrap();
    assert_eq!(listed.lines().count(), 25);
    let feed = acme.path("/feeds/feed-07");
    api.call("DELETE", &feed, &acme.write, Value::Null).await.expect_problem(409, "feed_in_use");
    for index in 0..25 {
        let image = format!("/deviceTypes/model-{index:02}/firmwareImages/types/105/versionNumbers/1");
        api.call("DELETE", &acme.path(&image), &acme.release, Value::Null).await.expect(204);
    }
    api.call("DELETE", &feed, &acme.write, Value::Null).await.expect(204);
    for path in ["/feed-07", "/feed-07/model-00", "/feed-07/model-24/Packages"] {
        api.get(path, "").await.expect_problem(404, "not_found");
    }
    api.expect_whole("the feed is gone").await;
}

#[tokio::test]
async fn the_largest_bundle_there_can_be_is_withdrawn_in_one_transaction() {
    let (api, acme, _) = with_all_feeds().await;
    api.create_device_type(&acme, "kettle").await;
    let kinds: Vec<u16> = (151..=170).collect();
    let mut paths = Vec::new();
    for kind in &kinds {
        api.create_type(&acme, *kind).await;
        let image = api.image(&acme, *kind, "1", b"firmware").await;
        let rollout =
            json!({"percent": 5, "steps": [{"atTimestamp": 4_102_444_800_000_i64, "percent": 100}]});
        let mut body = image.clone();
        body["rollout"] = rollout;
        body["rollout"]["bundle"] = json!({"name": "all", "types": kinds});
        let images = acme.path("/deviceTypes/kettle/firmwareImages");
        api.call("POST", &images, &acme.release, body).await.expect(201);
        paths.push(acme.path(&format!("/deviceTypes/kettle/firmwareImages/types/{kind}/versionNumbers/1")));
    }
    api.wire.take_calls();
    let withdraw = format!("{}/rollout/withdraw", paths[7]);
    api.call("POST", &withdraw, &acme.release, Value::Null).await.expect(204);
    expect_one_transaction(&api);
    for path in &paths {
        let rollout = api.get(&format!("{path}/rollout"), &acme.read).await.expect(200).json();
        assert_eq!(rollout["state"], "withdrawn");
    }
    api.expect_whole("withdrawn").await;
}
