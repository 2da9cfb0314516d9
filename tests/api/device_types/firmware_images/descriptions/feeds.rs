//! A description after its registration: other feeds, promotion, removal, lists, and the end of its device type.

use serde_json::{Value, json};

use super::{description, with};
use crate::kettle::{Kettle, pointers, snapshot};

#[tokio::test]
async fn with_its_number_a_description_is_added_to_another_feed() {
    let it = Kettle::start().await;
    let made = it.description_in("1.0", "beta").await;
    let record = it.api.get(&it.image_path(&made), &it.acme.read).await.expect(200).json();
    // The record as read is a body that will do; words in it change nothing.
    let body = with(with(record, "feed", "release"), "name", "another");
    let added = it.describe(body.clone()).await.expect(201).json();
    assert_eq!((&added["feeds"], &added["name"]), (&json!(["beta", "release"]), &json!("profile")));
    assert_eq!(added["deviceDescriptionId"], made["deviceDescriptionId"]);
    assert_eq!(it.offers_in("release").await, [(4, "1".to_owned())]);
    it.describe(body).await.expect_problem(409, "already_associated");
    assert_eq!(it.described().await, 1);
}

#[tokio::test]
async fn adding_needs_the_right_for_the_feed() {
    let it = Kettle::start().await;
    let made = it.description_in("1.0", "beta").await;
    let to = |feed: &str| json!({"type": 4, "versionNumber": made["versionNumber"], "feed": feed});
    for (key, feed) in [(&it.acme.write, "release"), (&it.acme.read, "alpha")] {
        let refused = it.api.call("POST", &it.images(), key, to(feed)).await;
        refused.expect_problem(403, "right_missing");
    }
    it.api.call("POST", &it.images(), &it.acme.write, to("alpha")).await.expect(201);
    assert_eq!(it.feeds_of(&made).await, ["alpha", "beta"]);
}

#[tokio::test]
async fn only_a_description_of_that_very_device_type_can_be_added() {
    let it = Kettle::start().await;
    it.api.create_device_type(&it.acme, "oven").await;
    let made = it.description_in("1.0", "beta").await;
    let oven = it.acme.path("/deviceTypes/oven/firmwareImages");
    for (path, number) in [(&oven, "1"), (&oven, "2"), (&it.images(), "2")] {
        let body = json!({"type": 4, "versionNumber": number});
        let refused = it.api.call("POST", path, &it.acme.release, body).await;
        assert_eq!(pointers(&refused.expect_problem(422, "invalid_field")), ["/versionNumber"], "{path}");
    }
    let refused =
        it.describe(json!({"type": 4, "versionNumber": made["versionNumber"], "feed": "nowhere"})).await;
    assert_eq!(pointers(&refused.expect_problem(422, "invalid_field")), ["/feed"]);
    assert_eq!(
        (it.api.offers("oven", "2004=0").await, it.feeds_of(&made).await),
        (vec![], vec!["beta".into()])
    );
}

#[tokio::test]
async fn a_description_is_promoted_and_removed_as_any_image() {
    let it = Kettle::start().await;
    let made = it.description_in("1.0", "dev").await;
    it.promote(&made, &it.acme.write, "dev", "release").await.expect_problem(403, "right_missing");
    it.promote(&made, &it.acme.write, "dev", "beta").await.expect(201);
    let promoted = it.promote(&made, &it.acme.release, "beta", "release").await.expect(201).json();
    snapshot!(promoted);
    it.promote(&made, &it.acme.release, "beta", "release").await.expect_problem(409, "already_associated");
    it.promote(&made, &it.acme.release, "alpha", "beta").await.expect_problem(404, "not_found");
    it.remove(&made, "beta").await.expect(204);
    it.remove(&made, "beta").await.expect_problem(404, "not_found");
    assert_eq!(it.feeds_of(&made).await, ["dev", "release"]);
    it.api.call("DELETE", &it.image_path(&made), &it.acme.release, Value::Null).await.expect(204);
    assert_eq!((it.feeds_of(&made).await, it.offers_in("release").await), (vec![], vec![]));
    it.api.get(&it.image_path(&made), &it.acme.read).await.expect_problem(404, "not_found");
    // The record outlives its last association.
    assert_eq!(it.described().await, 1);
}

#[tokio::test]
async fn a_description_that_was_removed_can_be_added_again_as_it_was() {
    let it = Kettle::start().await;
    let url = it.api.upload(&it.acme, b"profile").await;
    let body = with(description("1", &url), "deviceProfileId", "p");
    let made = it.describe(body).await.expect(201).json();
    it.remove(&made, "release").await.expect(204);
    assert_eq!(it.offers_in("release").await, []);
    let again = it.describe(json!({"type": 4, "versionNumber": "1"})).await.expect(201).json();
    assert_eq!(again, made);
    assert_eq!(it.offers_in("release").await, [(4, "1".to_owned())]);
    assert_eq!(it.described().await, 1);
}

#[tokio::test]
async fn descriptions_are_listed_with_the_other_images_of_their_device_type() {
    let it = Kettle::start().await;
    let url = it.api.upload(&it.acme, b"profile").await;
    it.image_in("1.0", &["release"]).await;
    it.describe(with(description("1", &url), "tags", json!(["a"]))).await.expect(201);
    it.describe(with(description("2", &url), "feed", "beta")).await.expect(201);
    let list = async |end: &str| {
        let page = it.api.get(&format!("{}{end}", it.images()), &it.acme.read).await.expect(200).json();
        let content = page["content"].as_array().unwrap().clone();
        let names =
            content.iter().map(|each| format!("{}/{}", each["type"], each["version"].as_str().unwrap()));
        names.collect::<Vec<_>>()
    };
    assert_eq!(list("?sort=type").await, ["4/1", "4/2", "105/1.0"]);
    assert_eq!(list("/types/4").await, ["4/2", "4/1"]);
    assert_eq!(list("/types/4?feed=beta").await, ["4/2"]);
    assert_eq!(list("/types/4?tags=a").await, ["4/1"]);
    assert_eq!(list("/types/4?size=1&page=1").await, ["4/1"]);
    assert_eq!(list("?feed=release&sort=name").await, ["105/1.0", "4/1"]);
    assert_eq!(list("/types/105").await, ["105/1.0"]);
    let page = it.api.get(&format!("{}/types/4", it.images()), &it.acme.read).await.expect(200).json();
    for each in page["content"].as_array().unwrap() {
        assert_eq!(each["deviceDescriptionId"], each["id"]);
    }
}

#[tokio::test]
async fn a_device_type_goes_without_its_descriptions_and_finds_them_when_it_is_revived() {
    let it = Kettle::start().await;
    let made = it.description_in("1.0", "release").await;
    let path = it.acme.path("/deviceTypes/kettle");
    let delete = async || it.api.call("DELETE", &path, &it.acme.write, Value::Null).await;
    delete().await.expect_problem(409, "device_type_in_use");
    it.remove(&made, "release").await.expect(204);
    delete().await.expect(204);
    it.api.get(&it.image_path(&made), &it.acme.read).await.expect_problem(404, "not_found");
    it.describe(json!({"type": 4, "versionNumber": "1"})).await.expect_problem(404, "not_found");
    assert_eq!(it.described().await, 1);

    it.api.create_device_type(&it.acme, "kettle").await;
    assert_eq!(it.offers_in("release").await, []);
    let url = made["url"].as_str().unwrap();
    it.describe(description("1.0", url)).await.expect_problem(409, "image_exists");
    it.describe(json!({"type": 4, "versionNumber": "1"})).await.expect(201);
    assert_eq!(it.offers_in("release").await, [(4, "1".to_owned())]);
    assert_eq!(it.described().await, 1);
}

#[tokio::test]
async fn the_reconciler_finds_nothing_to_mend() {
    let it = Kettle::start().await;
    it.description_in("1.0", "beta").await;
    let made = it.description_in("2.0", "beta").await;
    it.promote(&made, &it.acme.release, "beta", "release").await.expect(201);
    it.remove(&made, "beta").await.expect(204);
    let report = it.api.reconcile().await.unwrap();
    assert_eq!((report.repairs, report.drifted, report.failed), (0, 0, 0));
}
