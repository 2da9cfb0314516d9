//! Operation 13 with type 4 and no version number.

use serde_json::{Value, json};
use tests::api::Api;

use super::{description, number, with};
use crate::kettle::{Kettle, snapshot};

#[tokio::test]
async fn a_description_is_registered_sealed_associated_and_offered_at_once() {
    let it = Kettle::start().await;
    let (first, second) =
        (it.api.upload(&it.acme, b"profile a").await, it.api.upload(&it.acme, b"profile b").await);
    let body = json!({
        "name": "kettle profile", "description": "buttons\nand lights", "type": 4, "version": "2024-05+git",
        "url": first, "url2": second, "tags": ["stable", "b", "stable"], "deviceProfileId": "7c1d/ä?",
    });
    assert_eq!(it.offers_in("release").await, []);
    let made = it.describe(body).await.expect(201);
    assert_eq!(made.header("idempotency-replayed"), "");
    let made = made.json();
    snapshot!(made);
    assert_eq!(it.api.get(&it.image_path(&made), &it.acme.read).await.expect(200).json(), made);
    assert_eq!(it.offers_in("release").await, [(4, "1".to_owned())]);
    // The feed is `release` unless it is named.
    assert_eq!(it.offers_in("beta").await, []);
    assert_eq!(it.described().await, 1);
}

#[tokio::test]
async fn the_least_description_has_no_optional_fields_and_goes_to_the_feed_that_is_named() {
    let it = Kettle::start().await;
    let url = it.api.upload(&it.acme, b"profile").await;
    let body = json!({
        "name": "n", "type": "4", "version": "1", "url": url, "url2": "", "description": null, "tags": null,
        "deviceProfileId": null, "versionNumber": null, "feed": "beta",
        "id": "9999", "sealed": false, "deviceTypeId": "lamp", "associations": {"nobody": ["nothing"]},
    });
    let made = it.describe(body).await.expect(201).json();
    snapshot!(made);
    assert_eq!(
        (it.offers_in("beta").await, it.offers_in("release").await),
        (vec![(4, "1".to_owned())], vec![])
    );
}

#[tokio::test]
async fn a_check_offers_a_description_as_any_image() {
    let it = Kettle::start().await;
    let made = it.description_in("1.0", "release").await;
    let body = it.api.check("kettle", "2004=0").await.expect(200).json();
    let update = &body["updates"][0];
    snapshot!(update);
    for field in ["versionNumber", "size", "sha256", "md5"] {
        assert_eq!(update[field], made[field], "{field}");
    }
    let bytes = it.api.get(update["url"].as_str().unwrap(), "").await.expect(200).bytes;
    assert_eq!(bytes, b"1.0");
    // Up to date, not reported, and never a downgrade.
    for (query, notes) in [
        ("2004=1", Value::Null),
        ("2004=2", Value::Null),
        ("", json!([{"type": 4, "reason": "not_reported"}])),
    ] {
        let body = it.api.check("kettle", query).await.expect(200).json();
        assert_eq!((&body["updates"], &body["notes"]), (&json!([]), &notes), "{query}");
    }
}

#[tokio::test]
async fn the_highest_description_is_offered_beside_other_types_in_install_order() {
    let it = Kettle::start().await;
    it.image_in("1.0", &["release"]).await;
    let radio = it.api.image(&it.acme, 3, "1", b"radio").await;
    it.api.associate(&it.acme, "kettle", &radio, "release").await.expect(201);
    it.description_in("1.0", "release").await;
    let second = it.description_in("2.0", "release").await;
    assert_eq!(
        it.api.offers("kettle", "2105=0&2003=0&2004=0").await,
        [(3, "1".to_owned()), (4, "2".to_owned()), (105, "1".to_owned())]
    );
    it.remove(&second, "release").await.expect(204);
    assert_eq!(it.offers_in("release").await, [(4, "1".to_owned())]);
}

#[tokio::test]
async fn numbers_rise_over_all_device_types_and_partners_and_names_belong_to_one_device_type() {
    let it = Kettle::start().await;
    let other = it.api.tenant("other").await;
    it.api.create_device_type(&it.acme, "oven").await;
    it.api.create_device_type(&other, "lamp").await;
    let mut seen = Vec::new();
    for (tenant, device_type) in [(&it.acme, "kettle"), (&other, "lamp"), (&it.acme, "oven")] {
        let url = it.api.upload(tenant, b"profile").await;
        let path = tenant.path(&format!("/deviceTypes/{device_type}/firmwareImages"));
        let made =
            it.api.call("POST", &path, &tenant.release, description("1", &url)).await.expect(201).json();
        assert_eq!((&made["deviceTypeId"], &made["partnerId"]), (&json!(device_type), &json!(tenant.id)));
        assert_eq!(it.api.offers(device_type, "2004=0").await, [(4, number(&made).to_string())]);
        seen.push(number(&made));
    }
    assert_eq!(seen, [1, 2, 3]);
    tests::whole::expect_whole(&it.api.dump().await, "afterwards");
}

#[tokio::test]
async fn the_release_feed_needs_the_release_right_and_other_feeds_need_write() {
    let it = Kettle::start().await;
    let url = it.api.upload(&it.acme, b"profile").await;
    let release = description("1", &url);
    let beta = with(release.clone(), "feed", "beta");
    let before = it.api.dump().await;
    for (key, body) in [
        (&it.acme.write, release.clone()),
        (&it.acme.write, with(release, "feed", "release")),
        (&it.acme.read, beta.clone()),
    ] {
        it.api.call("POST", &it.images(), key, body).await.expect_problem(403, "right_missing");
    }
    assert_eq!(before.difference(&it.api.dump().await), [""; 0]);
    let made = it.api.call("POST", &it.images(), &it.acme.write, beta).await.expect(201).json();
    assert_eq!((number(&made), &made["feeds"]), (1, &json!(["beta"])));
}

#[tokio::test]
async fn a_restricted_feed_and_one_of_the_partners_own_take_descriptions() {
    let it = Kettle::start().await;
    it.create_feed("field").await;
    it.description_in("1.0", "field").await;
    assert_eq!(it.offers_in("field").await, [(4, "1".to_owned())]);
    it.description_in("1.1", "dev").await;
    it.api.check("kettle", "feed=dev&2004=0").await.expect_problem(401, "credential_required");
    let path = it.acme.path("/feeds/field");
    it.api.call("DELETE", &path, &it.acme.release, Value::Null).await.expect_problem(409, "feed_in_use");
    assert_eq!(it.described().await, 2);
}

#[tokio::test]
async fn the_audit_says_what_was_registered_where() {
    let it = Kettle::start().await;
    let url = it.api.upload(&it.acme, b"profile").await;
    let body = with(with(description("1", &url), "deviceProfileId", "p-7"), "feed", "beta");
    it.describe(body).await.expect(201);
    let audit = it.api.audit("acme").await;
    let rows: Vec<_> = audit.iter().filter(|row| row.action == "description.registered").collect();
    let [row] = rows.as_slice() else { panic!("{rows:?}") };
    assert_eq!((row.subject.as_str(), row.before.is_none()), ("kettle/beta/4/1", true));
    let after = row.after.as_ref().unwrap();
    assert_eq!((&after["name"], &after["deviceProfileId"]), (&json!("profile"), &json!("p-7")));
    assert_eq!((&after["sealed"], &after["version"]), (&json!(true), &json!("1")));
}

/// The counter first, then one transaction.
#[tokio::test]
async fn a_registration_writes_twice() {
    let it = Kettle::start().await;
    let url = it.api.upload(&it.acme, b"profile").await;
    // The first use of a key on a day is noted by a write of its own.
    it.api.get(&it.images(), &it.acme.release).await.expect(200);
    it.api.wire.take_calls();
    it.describe(description("1", &url)).await.expect(201);
    let calls = it.api.wire.take_calls();
    let writes: Vec<_> = calls
        .iter()
        .map(String::as_str)
        .filter(|call| !["GetItem", "BatchGetItem", "Query"].contains(call))
        .collect();
    assert_eq!(writes, ["UpdateItem", "TransactWriteItems"], "{calls:?}");
}

#[tokio::test]
async fn a_device_profile_id_is_kept_as_it_was_given() {
    let it = Kettle::start().await;
    let url = it.api.upload(&it.acme, b"profile").await;
    for (version, profile) in [("1", "a/b?c#d%20\\"), ("2", " ö "), ("3", &*"ж".repeat(100))] {
        let body = with(description(version, &url), "deviceProfileId", profile);
        let made = it.describe(body).await.expect(201).json();
        assert_eq!(made["deviceProfileId"], profile);
        let page = it.api.get(&format!("{}/types/4", it.images()), &it.acme.read).await.expect(200).json();
        assert_eq!(page["content"][0]["deviceProfileId"], profile, "the newest comes first");
    }
    // Images of other types have neither.
    let image = it.image_in("1.0", &["release"]).await;
    let image = it.api.get(&it.image_path(&image), &it.acme.read).await.expect(200).json();
    assert!(image.get("deviceDescriptionId").is_none() && image.get("deviceProfileId").is_none(), "{image}");
}

/// Rows of the pool are what they were before there were descriptions.
#[tokio::test]
async fn records_of_the_pool_carry_nothing_of_descriptions() {
    let api = Api::start().await;
    let acme = api.tenant("acme").await;
    let body = json!({"name": "n", "type": 3, "version": "1", "url": ""});
    let request = api.request("POST", &acme.path("/pool")).bearer_auth(&acme.write).json(&body);
    api.send(request.header("Idempotency-Key", "k")).await.expect(201);
    let dump = api.dump().await;
    for (pk, sk, row) in dump.under("POOL#").chain(dump.under("IDEM#")) {
        for name in ["d", "deviceType", "deviceProfile"] {
            assert!(row.get(name).is_none(), "{pk} / {sk}: {row}");
        }
    }
}
