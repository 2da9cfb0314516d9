//! `…/offers`: the receiver's side.

use serde_json::{Value, json};

use super::offers::Sharing;
use super::{content, numbers, with};
use crate::kettle::snapshot;

#[tokio::test]
async fn the_receiver_sees_exactly_what_was_offered() {
    let sharing = Sharing::start().await;
    let Sharing { api, acme, other, radio } = &sharing;
    let third = api.tenant("third").await;
    let secret = api.image(acme, 3, "2", b"secret").await;
    let theirs = api.record_path(other, radio);
    api.get(&theirs, &other.read).await.expect_problem(404, "not_found");
    sharing.offer("other").await.expect(204);

    let seen = api.get(&theirs, &other.read).await.expect(200).json();
    assert_eq!((&seen["sharedBy"], &seen["partnerId"]), (&json!("acme"), &json!("acme")));
    snapshot!(seen.clone());
    for path in ["/pool", "/pool/types/3"] {
        assert_eq!(content(api, other, path).await, std::slice::from_ref(&seen));
        assert_eq!(content(api, &third, path).await, [Value::Null; 0]);
    }
    assert_eq!(content(api, other, "/pool/types/1").await, [Value::Null; 0]);
    api.get(&api.record_path(other, &secret), &other.read).await.expect_problem(404, "not_found");
    api.get(&api.record_path(&third, radio), &third.read).await.expect_problem(404, "not_found");
    // Its owner sees it as its own.
    let own = api.get(&api.record_path(acme, radio), &acme.read).await.expect(200).json();
    assert!(own.get("sharedBy").is_none());
}

#[tokio::test]
async fn own_and_offered_images_are_sorted_filtered_and_paged_together() {
    let sharing = Sharing::start().await;
    let Sharing { api, acme, other, radio } = &sharing;
    let body = with(radio.clone(), "tags", json!(["radio"]));
    api.call("PUT", &api.record_path(acme, radio), &acme.release, body).await.expect(204);
    api.register(other, 3, "own", "1").await;
    api.register(acme, 3, "not offered", "1").await;
    api.register(other, 3, "own", "2").await;
    sharing.offer("other").await.expect(204);
    assert_eq!(numbers(&content(api, other, "/pool").await), [4, 2, 1]);
    assert_eq!(numbers(&content(api, other, "/pool/types/3?sort=versionNumber,asc").await), [1, 2, 4]);
    assert_eq!(numbers(&content(api, other, "/pool?tags=radio").await), [1]);
    let page = api.get(&other.path("/pool?size=2&page=1"), &other.read).await.expect(200).json();
    assert_eq!((&page["totalElements"], &page["content"][0]["versionNumber"]), (&json!(3), &json!("1")));
}

#[tokio::test]
async fn the_receiver_alone_associates_and_its_devices_get_the_bytes() {
    let sharing = Sharing::start().await;
    let Sharing { api, acme, other, radio } = &sharing;
    api.associate(other, "stapler", radio, "release").await.expect_problem(422, "invalid_field");
    sharing.offer("other").await.expect(204);
    // The giver cannot put it onto someone else's devices.
    api.associate(acme, "stapler", radio, "release").await.expect_problem(404, "not_found");
    assert_eq!(api.offers("stapler", "2003=0").await, []);

    let made = api.associate(other, "stapler", radio, "release").await.expect(201).json();
    assert_eq!((&made["sharedBy"], &made["sealed"]), (&json!("acme"), &json!(true)));
    assert_eq!(api.offers("stapler", "2003=0").await, [(3, "1".to_owned())]);
    let check = api.check("stapler", "2003=0").await.expect(200).json();
    let download = api.get(check["updates"][0]["url"].as_str().unwrap(), "").await.expect(200);
    assert_eq!(download.bytes, b"radio");
    // The giver's own devices got nothing by it.
    assert_eq!(api.offers("kettle", "2003=0").await, []);
}

#[tokio::test]
async fn the_receiver_cannot_change_delete_or_take_the_bytes_of_what_was_offered() {
    let sharing = Sharing::start().await;
    let Sharing { api, acme, other, radio } = &sharing;
    sharing.offer("other").await.expect(204);
    let before = api.get(&api.record_path(acme, radio), &acme.read).await.expect(200).json();
    let theirs = api.record_path(other, radio);
    api.call("PUT", &theirs, &other.release, with(radio.clone(), "name", "mine"))
        .await
        .expect_problem(404, "not_found");
    api.call("DELETE", &theirs, &other.release, Value::Null).await.expect_problem(404, "not_found");
    let copy = json!({"name": "copy", "type": 3, "version": "1", "url": radio["url"]});
    let copied = api.call("POST", &other.path("/pool"), &other.release, copy).await;
    copied.expect_problem(422, "not_your_binary");
    assert_eq!(api.get(&api.record_path(acme, radio), &acme.read).await.expect(200).json(), before);
    assert_eq!(content(api, other, "/pool").await.len(), 1);
}

#[tokio::test]
async fn an_offered_image_without_a_binary_cannot_be_associated_yet() {
    let sharing = Sharing::start().await;
    let Sharing { api, acme, other, .. } = &sharing;
    let record = api.register(acme, 3, "soon", "1").await;
    let offer = format!("{}/offers/other", api.record_path(acme, &record));
    api.call("PUT", &offer, &acme.write, Value::Null).await.expect(204);
    let seen = api.get(&api.record_path(other, &record), &other.read).await.expect(200).json();
    assert_eq!((&seen["state"], &seen["url"]), (&json!("registered"), &json!("")));
    api.associate(other, "stapler", &record, "release").await.expect_problem(422, "no_binary");
    assert_eq!(api.offers("stapler", "2003=0").await, []);
}

#[tokio::test]
async fn withdrawing_stops_new_associations_and_not_those_made() {
    let sharing = Sharing::start().await;
    let Sharing { api, other, radio, .. } = &sharing;
    sharing.offer("other").await.expect(204);
    api.associate(other, "stapler", radio, "beta").await.expect(201);
    sharing.withdraw("other").await.expect(204);

    api.get(&api.record_path(other, radio), &other.read).await.expect_problem(404, "not_found");
    assert_eq!(content(api, other, "/pool").await, [Value::Null; 0]);
    api.create_device_type(other, "hole-punch").await;
    for (device_type, feed) in [("stapler", "release"), ("hole-punch", "beta")] {
        api.associate(other, device_type, radio, feed).await.expect_problem(422, "invalid_field");
        assert_eq!(api.offers(device_type, &format!("feed={feed}&2003=0")).await, []);
    }
    // What was made is still seen, given to devices, and can be taken away.
    assert_eq!(api.offers("stapler", "feed=beta&2003=0").await, [(3, "1".to_owned())]);
    let path = other.path("/deviceTypes/stapler/firmwareImages/types/3/versionNumbers/1");
    let made = api.get(&path, &other.read).await.expect(200).json();
    assert_eq!((&made["feeds"], &made["sharedBy"]), (&json!(["beta"]), &json!("acme")));
    api.call("DELETE", &format!("{path}?feed=beta"), &other.write, Value::Null).await.expect(204);
    assert_eq!(api.offers("stapler", "feed=beta&2003=0").await, []);
    api.associate(other, "stapler", radio, "beta").await.expect_problem(422, "invalid_field");
}

#[tokio::test]
async fn two_partners_may_offer_each_other_without_seeing_more() {
    let sharing = Sharing::start().await;
    let Sharing { api, acme, other, .. } = &sharing;
    let back = api.image(other, 3, "back", b"back").await;
    api.image(other, 3, "private", b"private").await;
    sharing.offer("other").await.expect(204);
    let offer = format!("{}/offers/acme", api.record_path(other, &back));
    api.call("PUT", &offer, &other.write, Value::Null).await.expect(204);
    assert_eq!(numbers(&content(api, acme, "/pool").await), [2, 1]);
    assert_eq!(numbers(&content(api, other, "/pool").await), [3, 2, 1]);
}
