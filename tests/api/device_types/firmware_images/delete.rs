//! Operation 18: `DELETE …/types/{type}/versionNumbers/{vn}`.

use serde_json::{Value, json};
use tests::api::Answer;

use crate::kettle::Kettle;

impl Kettle {
    async fn delete(&self, path: &str, key: &str) -> Answer {
        self.api.call("DELETE", path, key, Value::Null).await
    }
}

#[tokio::test]
async fn a_removal_from_one_feed_leaves_the_others() {
    let it = Kettle::start().await;
    let record = it.image_in("1.0", &["beta", "release"]).await;
    let answer = it.remove(&record, "release").await.expect(204);
    assert!(answer.bytes.is_empty());
    assert_eq!(it.feeds_of(&record).await, ["beta"]);
    assert_eq!(it.api.offers("kettle", "2105=0").await, []);
    assert_eq!(it.api.offers("kettle", "2105=0&feed=beta").await.len(), 1);
    it.remove(&record, "release").await.expect_problem(404, "not_found");
    assert_eq!(it.feeds_of(&record).await, ["beta"]);
}

#[tokio::test]
async fn a_removal_without_a_feed_takes_the_image_out_of_every_feed() {
    let it = Kettle::start().await;
    for feed in ["dev-lab", "nightly"] {
        it.create_feed(feed).await;
    }
    let feeds = ["alpha", "beta", "dev", "dev-lab", "nightly", "release"];
    let record = it.image_in("1.0", &feeds).await;
    let other = it.image_in("2.0", &["beta"]).await;
    assert_eq!(it.feeds_of(&record).await, feeds);
    it.delete(&it.image_path(&record), &it.acme.release).await.expect(204);
    assert_eq!(it.feeds_of(&record).await, [""; 0]);
    assert_eq!(it.feeds_of(&other).await, ["beta"]);
    for feed in ["alpha", "release", "nightly"] {
        assert_eq!(it.api.offers("kettle", &format!("2105=0&feed={feed}")).await, [], "{feed}");
    }
    it.delete(&it.image_path(&record), &it.acme.release).await.expect_problem(404, "not_found");
    // Feeds and device type count nothing of it any more.
    for feed in ["dev-lab", "nightly"] {
        it.delete(&it.acme.path(&format!("/feeds/{feed}")), &it.acme.write).await.expect(204);
    }
    it.remove(&other, "beta").await.expect(204);
    it.delete(&it.acme.path("/deviceTypes/kettle"), &it.acme.write).await.expect(204);
}

#[tokio::test]
async fn an_image_leaves_the_largest_number_of_feeds_there_can_be_in_one_go() {
    let it = Kettle::start().await;
    let record = it.image_in("1.0", &["dev", "alpha", "beta", "release"]).await;
    for number in 1..=16 {
        it.create_feed(&format!("feed-{number}")).await;
        it.api.associate(&it.acme, "kettle", &record, &format!("feed-{number}")).await.expect(201);
    }
    assert_eq!(it.feeds_of(&record).await.len(), 20);
    it.delete(&it.image_path(&record), &it.acme.release).await.expect(204);
    assert_eq!(it.feeds_of(&record).await, [""; 0]);
    assert_eq!(it.api.offers("kettle", "2105=0&feed=feed-16").await, []);
    it.delete(&it.acme.path("/deviceTypes/kettle"), &it.acme.write).await.expect(204);
}

#[tokio::test]
async fn the_next_lower_image_is_offered_once_the_highest_is_gone() {
    let it = Kettle::start().await;
    it.image_in("1.0", &["release"]).await;
    let highest = it.image_in("2.0", &["release"]).await;
    assert_eq!(it.api.offers("kettle", "2105=0").await, [(105, "2".to_owned())]);
    it.remove(&highest, "release").await.expect(204);
    assert_eq!(it.api.offers("kettle", "2105=0").await, [(105, "1".to_owned())]);
    // Whoever has it already is not sent back.
    assert_eq!(it.api.offers("kettle", "2105=2").await, []);
}

#[tokio::test]
async fn a_removed_image_may_come_back() {
    let it = Kettle::start().await;
    let record = it.image_in("1.0", &["release"]).await;
    it.remove(&record, "release").await.expect(204);
    it.api.associate(&it.acme, "kettle", &record, "release").await.expect(201);
    assert_eq!(it.api.offers("kettle", "2105=0").await.len(), 1);
}

#[tokio::test]
async fn what_is_not_associated_or_not_yours_cannot_be_removed() {
    let it = Kettle::start().await;
    let other = it.api.tenant("other").await;
    let there = it.image_in("1.0", &["beta"]).await;
    let alone = it.image("2.0").await;
    it.api.create_device_type(&it.acme, "lamp").await;
    let before = it.answers().await;
    for (path, key) in [
        (it.image_path(&alone), &it.acme.release),
        (format!("{}?feed=release", it.image_path(&there)), &it.acme.release),
        (format!("{}?feed=nowhere", it.image_path(&there)), &it.acme.release),
        (it.acme.path("/deviceTypes/lamp/firmwareImages/types/105/versionNumbers/1"), &it.acme.release),
        (it.acme.path("/deviceTypes/nothing/firmwareImages/types/105/versionNumbers/1"), &it.acme.release),
        (it.acme.path("/deviceTypes/kettle/firmwareImages/types/4/versionNumbers/1"), &it.acme.release),
        (other.path("/deviceTypes/kettle/firmwareImages/types/105/versionNumbers/1"), &other.release),
        (it.image_path(&there), &other.release),
    ] {
        it.delete(&path, key).await.expect_problem(404, "not_found");
    }
    for query in ["feed=Beta", "feed=", "feed=console", "feed=beta&feed=beta"] {
        let path = format!("{}?{query}", it.image_path(&there));
        it.delete(&path, &it.acme.release).await.expect_problem(400, "invalid_parameter");
    }
    assert_eq!(it.answers().await, before);
    assert_eq!(it.feeds_of(&there).await, ["beta"]);
}

#[tokio::test]
async fn without_a_feed_or_from_release_it_needs_the_release_right() {
    let it = Kettle::start().await;
    let record = it.image_in("1.0", &["beta", "release"]).await;
    let path = it.image_path(&record);
    for (path, key) in [
        (path.clone(), &it.acme.write),
        (format!("{path}?feed=release"), &it.acme.write),
        (path.clone(), &it.acme.read),
        (format!("{path}?feed=beta"), &it.acme.read),
    ] {
        it.delete(&path, key).await.expect_problem(403, "right_missing");
    }
    assert_eq!(it.feeds_of(&record).await, ["beta", "release"]);
    it.delete(&format!("{path}?feed=beta"), &it.acme.write).await.expect(204);
    // Even where only other feeds are left, all of them means the release feed too.
    let beta = it.image_in("2.0", &["beta"]).await;
    it.delete(&it.image_path(&beta), &it.acme.write).await.expect_problem(403, "right_missing");
    assert_eq!(it.feeds_of(&beta).await, ["beta"]);
}

#[tokio::test]
async fn of_removals_at_once_one_counts() {
    let it = Kettle::start().await;
    let record = it.image_in("1.0", &["release", "beta"]).await;
    let path = it.image_path(&record);
    let all = futures::future::join_all((0..6).map(|_| it.delete(&path, &it.acme.release))).await;
    let statuses: Vec<u16> = all.iter().map(|answer| answer.status).collect();
    assert_eq!(statuses.iter().filter(|status| **status == 204).count(), 1, "{statuses:?}");
    assert!(statuses.iter().all(|status| [204, 404, 409].contains(status)), "{statuses:?}");
    let body = it.api.get(&it.acme.path("/deviceTypes/kettle"), &it.acme.read).await.expect(200).json();
    assert_eq!(body["deviceTypeId"], json!("kettle"));
    it.delete(&it.acme.path("/deviceTypes/kettle"), &it.acme.write).await.expect(204);
}
