//! `associations` at registration: intents that take effect once the record has its binary.

use serde_json::{Value, json};
use tests::api::Answer;

use super::{content, image, with};
use crate::kettle::{Kettle, pointers};

async fn register(kettle: &Kettle, key: &str, body: Value) -> Answer {
    kettle.api.call("POST", &kettle.acme.path("/pool"), key, body).await
}

fn intending(version: &str, associations: Value) -> Value {
    with(image(version), "associations", associations)
}

async fn put(kettle: &Kettle, key: &str, record: &Value, url: &str) -> Answer {
    let path = kettle.api.record_path(&kettle.acme, record);
    kettle.api.call("PUT", &path, key, with(record.clone(), "url", url)).await
}

#[tokio::test]
async fn intents_take_effect_with_the_put_that_brings_the_binary() {
    let kettle = Kettle::start().await;
    let (api, acme) = (&kettle.api, &kettle.acme);
    api.create_device_type(acme, "teapot").await;
    let body = intending("1", json!({"acme": ["kettle", "teapot"]}));
    let record = register(&kettle, &acme.release, body).await.expect(201).json();
    assert_eq!((&record["sealed"], &record["state"]), (&json!(false), &json!("registered")));
    // Until then nothing is associated, whatever else is edited.
    put(&kettle, &acme.write, &with(record.clone(), "description", "x"), "").await.expect(204);
    assert_eq!(kettle.feeds_of(&record).await, [""; 0]);
    assert_eq!(api.offers("kettle", "2105=0").await, []);

    let url = api.upload(acme, b"bytes").await;
    put(&kettle, &acme.release, &record, &url).await.expect(204);
    assert_eq!(kettle.record(&record).await["sealed"], true);
    assert_eq!(kettle.feeds_of(&record).await, ["release"]);
    let path = format!("{}/associations", api.record_path(acme, &record));
    let associations = api.get(&path, &acme.read).await.expect(200).json();
    assert_eq!(associations.as_array().unwrap().len(), 2);
    for device_type in ["kettle", "teapot"] {
        assert_eq!(api.offers(device_type, "2105=0").await, [(105, "1".to_owned())]);
        assert_eq!(api.offers(device_type, "feed=beta&2105=0").await, []);
    }
    // Once only: removed by hand, they do not come back with the next edit.
    kettle.remove(&record, "release").await.expect(204);
    put(&kettle, &acme.release, &with(record, "description", "y"), &url).await.expect(204);
    assert_eq!(api.offers("kettle", "2105=0").await, []);
}

#[tokio::test]
async fn a_registration_with_its_binary_is_associated_at_once() {
    let kettle = Kettle::start().await;
    let url = kettle.api.upload(&kettle.acme, b"bytes").await;
    let body = with(intending("1", json!({"acme": ["kettle"]})), "url", url);
    let record = register(&kettle, &kettle.acme.release, body).await.expect(201).json();
    assert_eq!(record["sealed"], true);
    assert_eq!(kettle.record(&record).await, record);
    assert_eq!(kettle.api.offers("kettle", "2105=0").await, [(105, "1".to_owned())]);
    // It can still be edited: the revision it was stored with is the one it has.
    kettle.promote(&record, &kettle.acme.release, "release", "beta").await.expect(201);
}

#[tokio::test]
async fn intents_need_the_release_right_at_both() {
    let kettle = Kettle::start().await;
    let (api, acme) = (&kettle.api, &kettle.acme);
    let url = api.upload(acme, b"bytes").await;
    for body in [
        intending("1", json!({"acme": ["kettle"]})),
        with(intending("1", json!({"acme": ["kettle"]})), "url", url.as_str()),
    ] {
        register(&kettle, &acme.write, body).await.expect_problem(403, "right_missing");
    }
    assert_eq!(content(api, acme, "/pool").await, [Value::Null; 0]);

    let body = intending("1", json!({"acme": ["kettle"]}));
    let record = register(&kettle, &acme.release, body).await.expect(201).json();
    put(&kettle, &acme.write, &record, &url).await.expect_problem(403, "right_missing");
    assert_eq!(kettle.record(&record).await, record);
    assert_eq!(api.offers("kettle", "2105=0").await, []);
    put(&kettle, &acme.release, &record, &url).await.expect(204);
    assert_eq!(api.offers("kettle", "2105=0").await.len(), 1);
}

#[tokio::test]
async fn at_most_ten_can_be_named() {
    let kettle = Kettle::start().await;
    let (api, acme) = (&kettle.api, &kettle.acme);
    let slugs: Vec<String> = (0..11).map(|each| format!("model-{each:02}")).collect();
    for slug in &slugs {
        api.create_device_type(acme, slug).await;
    }
    let too_many = register(&kettle, &acme.release, intending("1", json!({"acme": slugs}))).await;
    assert_eq!(pointers(&too_many.expect_problem(422, "invalid_field")), ["/associations"]);
    let spread = json!({"acme": slugs[..10], "demo": []});
    let too_many = register(&kettle, &acme.release, intending("1", spread)).await;
    assert_eq!(pointers(&too_many.expect_problem(422, "invalid_field")), ["/associations"]);
    assert_eq!(content(api, acme, "/pool").await, [Value::Null; 0]);

    let body = intending("1", json!({"acme": slugs[..10]}));
    let record = register(&kettle, &acme.release, body).await.expect(201).json();
    let url = api.upload(acme, b"bytes").await;
    put(&kettle, &acme.release, &record, &url).await.expect(204);
    for (index, slug) in slugs.iter().enumerate() {
        assert_eq!(api.offers(slug, "2105=0").await.len(), usize::from(index < 10), "{slug}");
    }
}

#[tokio::test]
async fn a_device_type_named_twice_is_associated_once() {
    let kettle = Kettle::start().await;
    let (api, acme) = (&kettle.api, &kettle.acme);
    api.create_device_type(acme, "teapot").await;
    for (version, named) in [("1", json!(["kettle", "kettle"])), ("2", json!(["kettle", "teapot", "kettle"]))]
    {
        let body = intending(version, json!({"acme": named}));
        let record = register(&kettle, &acme.release, body).await.expect(201).json();
        let url = api.upload(acme, version.as_bytes()).await;
        put(&kettle, &acme.release, &record, &url).await.expect(204);
        assert_eq!(api.offers("kettle", "2105=0").await, [(105, version.to_owned())]);
        assert_eq!(kettle.feeds_of(&record).await, ["release"]);
    }
}

#[tokio::test]
async fn what_cannot_be_associated_is_refused_at_registration() {
    let kettle = Kettle::start().await;
    let (api, acme) = (&kettle.api, &kettle.acme);
    let other = api.tenant("other").await;
    api.create_device_type(&other, "stapler").await;
    api.create_device_type(acme, "gone").await;
    api.call("DELETE", &acme.path("/deviceTypes/gone"), &acme.write, Value::Null).await.expect(204);
    for (associations, faults) in [
        (json!({"acme": ["kettle", "nowhere"]}), vec!["/associations/acme/1"]),
        (json!({"acme": ["stapler", "gone"]}), vec!["/associations/acme/0", "/associations/acme/1"]),
        (json!({"acme": ["Kettle!"]}), vec!["/associations/acme/0"]),
        (json!({"acme": [5, null]}), vec!["/associations/acme/0", "/associations/acme/1"]),
        (json!({"acme": "kettle"}), vec!["/associations/acme"]),
        (json!({"Not A Slug": ["kettle"]}), vec!["/associations/Not A Slug"]),
        (json!({"a/b~c": ["kettle"]}), vec!["/associations/a~1b~0c"]),
        (json!({"nobody": []}), vec!["/associations/nobody"]),
        // An MCU number means something else to each partner.
        (json!({"acme": ["kettle"], "other": ["stapler"]}), vec!["/associations/other"]),
    ] {
        let refused = register(&kettle, &acme.release, intending("1", associations.clone())).await;
        assert_eq!(pointers(&refused.expect_problem(422, "invalid_field")), faults, "{associations}");
    }
    assert_eq!(content(api, acme, "/pool").await, [Value::Null; 0]);
}

#[tokio::test]
async fn an_unknown_partner_is_refused_for_platform_types_too() {
    let kettle = Kettle::start().await;
    let body = with(intending("1", json!({"nobody": ["kettle"]})), "type", 3);
    let refused = register(&kettle, &kettle.acme.release, body).await.expect_problem(422, "invalid_field");
    assert_eq!(pointers(&refused), ["/associations/nobody"]);
    assert_eq!(content(&kettle.api, &kettle.acme, "/pool").await, [Value::Null; 0]);
}

#[tokio::test]
async fn a_device_type_deleted_in_between_is_left_out_with_a_warning() {
    let kettle = Kettle::start().await;
    let (api, acme) = (&kettle.api, &kettle.acme);
    api.create_device_type(acme, "teapot").await;
    let body = intending("1", json!({"acme": ["teapot", "kettle"]}));
    let record = register(&kettle, &acme.release, body).await.expect(201).json();
    api.call("DELETE", &acme.path("/deviceTypes/teapot"), &acme.write, Value::Null).await.expect(204);
    let url = api.upload(acme, b"bytes").await;
    put(&kettle, &acme.release, &record, &url).await.expect(204);
    let after = kettle.record(&record).await;
    assert_eq!(after["warnings"], json!(["not associated with teapot: the device type was deleted"]));
    assert_eq!(api.offers("kettle", "2105=0").await, [(105, "1".to_owned())]);
}

#[tokio::test]
async fn naming_another_partner_is_an_offer_and_no_more() {
    let kettle = Kettle::start().await;
    let (api, acme) = (&kettle.api, &kettle.acme);
    let other = api.tenant("other").await;
    api.create_device_type(&other, "stapler").await;
    let body = with(intending("1", json!({"acme": ["kettle"], "other": ["stapler"]})), "type", 3);
    let record = register(&kettle, &acme.release, body).await.expect(201).json();
    let theirs = api.record_path(&other, &record);
    api.get(&theirs, &other.read).await.expect_problem(404, "not_found");

    let url = api.upload(acme, b"radio").await;
    put(&kettle, &acme.release, &record, &url).await.expect(204);
    assert_eq!(api.get(&theirs, &other.read).await.expect(200).json()["sharedBy"], "acme");
    // Nobody can push firmware onto someone else's devices.
    assert_eq!(api.offers("stapler", "2003=0").await, []);
    assert_eq!(content(api, &other, "/deviceTypes/stapler/firmwareImages").await, [Value::Null; 0]);
    assert_eq!(api.offers("kettle", "2003=0").await, [(3, "1".to_owned())]);
    let offers =
        api.get(&format!("{}/offers", api.record_path(acme, &record)), &acme.read).await.expect(200).json();
    assert_eq!((offers.as_array().unwrap().len(), &offers[0]["partnerId"]), (1, &json!("other")));
    api.associate(&other, "stapler", &record, "release").await.expect(201);
    assert_eq!(api.offers("stapler", "2003=0").await, [(3, "1".to_owned())]);
}
