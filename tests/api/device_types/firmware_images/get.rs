//! Operation 16: one image of a device type.

use serde_json::{Value, json};

use crate::kettle::{Kettle, snapshot};

#[tokio::test]
async fn an_image_of_a_device_type_is_read_with_all_its_feeds() {
    let it = Kettle::start().await;
    let record = it.image_in("1.0", &["release", "alpha"]).await;
    snapshot!(it.api.get(&it.image_path(&record), &it.acme.read).await.expect(200).json());
}

#[tokio::test]
async fn paging_parameters_are_ignored_even_if_they_make_no_sense() {
    let it = Kettle::start().await;
    let record = it.image_in("1.0", &["release"]).await;
    let plain = it.api.get(&it.image_path(&record), &it.acme.read).await.expect(200).json();
    for query in ["page=3&size=1&sort=name,asc", "page=-1", "size=0", "sort=nothing", "tags=a,b"] {
        let path = format!("{}?{query}", it.image_path(&record));
        assert_eq!(it.api.get(&path, &it.acme.read).await.expect(200).json(), plain, "{query}");
    }
}

#[tokio::test]
async fn what_is_not_associated_or_not_yours_is_not_found() {
    let it = Kettle::start().await;
    let other = it.api.tenant("other").await;
    let alone = it.image("1.0").await;
    let gone = it.image_in("2.0", &["beta"]).await;
    it.remove(&gone, "beta").await.expect(204);
    let there = it.image_in("3.0", &["beta"]).await;
    it.api.create_device_type(&it.acme, "lamp").await;
    for path in [
        it.image_path(&alone),
        it.image_path(&gone),
        it.acme.path("/deviceTypes/lamp/firmwareImages/types/105/versionNumbers/3"),
        it.acme.path("/deviceTypes/nothing/firmwareImages/types/105/versionNumbers/3"),
        it.acme.path("/deviceTypes/kettle/firmwareImages/types/106/versionNumbers/3"),
        it.acme.path("/deviceTypes/kettle/firmwareImages/types/4/versionNumbers/3"),
        it.acme.path("/deviceTypes/kettle/firmwareImages/types/105/versionNumbers/9223372036854775807"),
    ] {
        it.api.get(&path, &it.acme.read).await.expect_problem(404, "not_found");
    }
    let theirs = other.path("/deviceTypes/kettle/firmwareImages/types/105/versionNumbers/3");
    it.api.get(&theirs, &other.read).await.expect_problem(404, "not_found");
    it.api.get(&it.image_path(&there), &other.read).await.expect_problem(404, "not_found");
    it.api.get(&it.image_path(&there), &it.acme.read).await.expect(200);
}

#[tokio::test]
async fn numbers_in_the_path_that_cannot_be_are_a_bad_request() {
    let it = Kettle::start().await;
    for end in [
        "types/0/versionNumbers/1",
        "types/201/versionNumbers/1",
        "types/x/versionNumbers/1",
        "types/105/versionNumbers/0",
        "types/105/versionNumbers/-1",
        "types/105/versionNumbers/01",
        "types/105/versionNumbers/9223372036854775808",
        "types/105/versionNumbers/latest",
    ] {
        let path = format!("{}/{end}", it.images());
        it.api.get(&path, &it.acme.read).await.expect_problem(400, "invalid_parameter");
        it.api
            .call("DELETE", &path, &it.acme.release, Value::Null)
            .await
            .expect_problem(400, "invalid_parameter");
        let promotion = json!({"from": "beta", "to": "release"});
        let promote = it.api.call("POST", &format!("{path}/promote"), &it.acme.release, promotion).await;
        promote.expect_problem(400, "invalid_parameter");
    }
}

#[tokio::test]
async fn the_misprinted_put_of_the_published_page_is_not_allowed() {
    let it = Kettle::start().await;
    let record = it.image_in("1.0", &["release"]).await;
    let put = it.api.call("PUT", &it.image_path(&record), &it.acme.release, record.clone()).await;
    put.expect_problem(405, "method_not_allowed");
    assert_eq!(it.feeds_of(&record).await, ["release"]);
}
