//! Operations 14 and 15: pages of the images of a device type.

use serde_json::{Value, json};
use tests::api::Answer;

use crate::kettle::{Kettle, snapshot};

impl Kettle {
    async fn list(&self, end: &str) -> Answer {
        self.api.get(&format!("{}{end}", self.images()), &self.acme.read).await
    }

    /// The ids on a page.
    async fn ids(&self, end: &str) -> Vec<String> {
        let page = self.list(end).await.expect(200).json();
        assert_eq!(page["numberOfElements"], page["content"].as_array().unwrap().len(), "{page}");
        page["content"]
            .as_array()
            .unwrap()
            .iter()
            .map(|each| each["id"].as_str().unwrap().to_owned())
            .collect()
    }

    /// Images 1, 2, 3 of type 105 and 1, 2 of type 3, tagged and spread over feeds.
    async fn filled() -> Self {
        let it = Self::start().await;
        for (number, name, tags, feeds) in [
            (105, "b", json!(["x"]), &["release", "beta"][..]),
            (105, "a", json!(["x", "y"]), &["beta"]),
            (105, "c", json!([]), &["dev"]),
            (3, "e", json!(["y"]), &["release"]),
            (3, "d", json!(["x"]), &["alpha", "release"]),
        ] {
            let url = it.api.upload(&it.acme, name.as_bytes()).await;
            let body = json!({"name": name, "type": number, "version": "1", "url": url, "tags": tags});
            let record =
                it.api.call("POST", &it.acme.path("/pool"), &it.acme.write, body).await.expect(201).json();
            for feed in feeds {
                it.api.associate(&it.acme, "kettle", &record, feed).await.expect(201);
            }
        }
        it.image("not associated").await;
        it
    }
}

#[tokio::test]
async fn a_page_holds_what_the_published_page_says() {
    let it = Kettle::filled().await;
    snapshot!(it.list("?size=2").await.expect(200).json());
}

#[tokio::test]
async fn an_empty_device_type_is_an_empty_page() {
    let it = Kettle::start().await;
    it.image("not associated").await;
    for end in ["", "/types/105", "?feed=dev", "/types/4"] {
        let page = it.list(end).await.expect(200).json();
        assert_eq!(
            (&page["totalElements"], &page["totalPages"], &page["content"]),
            (&json!(0), &json!(0), &json!([]))
        );
    }
}

#[tokio::test]
async fn each_image_is_listed_once_highest_number_first() {
    let it = Kettle::filled().await;
    assert_eq!(it.ids("").await, ["3105", "2105", "2003", "1105", "1003"]);
    assert_eq!(it.ids("/types/105").await, ["3105", "2105", "1105"]);
    assert_eq!(it.ids("/types/3").await, ["2003", "1003"]);
    assert_eq!(it.ids("/types/200").await, [""; 0]);
}

#[tokio::test]
async fn a_feed_or_tags_narrow_the_list() {
    let it = Kettle::filled().await;
    for (end, ids) in [
        ("?feed=release", &["2003", "1105", "1003"][..]),
        ("?feed=beta", &["2105", "1105"]),
        ("?feed=dev", &["3105"]),
        ("?feed=nowhere", &[]),
        ("?tags=x", &["2105", "2003", "1105"]),
        ("?tags=x,y", &["2105"]),
        ("?tags=x&feed=release", &["2003", "1105"]),
        ("?tags=none", &[]),
        ("/types/105?feed=release", &["1105"]),
        ("/types/3?tags=y", &["1003"]),
    ] {
        assert_eq!(it.ids(end).await, ids, "{end}");
    }
    // The feeds that are shown are all of them, whatever was asked for.
    let page = it.list("?feed=beta&sort=name").await.expect(200).json();
    assert_eq!(page["content"][0]["feeds"], json!(["beta"]));
    assert_eq!(page["content"][1]["feeds"], json!(["beta", "release"]));
}

#[tokio::test]
async fn a_list_is_sorted_and_cut_as_asked() {
    let it = Kettle::filled().await;
    for (end, ids) in [
        ("?sort=name", ["2105", "1105", "3105", "2003", "1003"]),
        ("?sort=name,desc", ["1003", "2003", "3105", "1105", "2105"]),
        ("?sort=type,asc", ["1003", "2003", "1105", "2105", "3105"]),
        ("?sort=versionNumber,asc", ["1003", "1105", "2003", "2105", "3105"]),
        ("?sort=createdTimestamp,desc", ["2003", "1003", "3105", "2105", "1105"]),
    ] {
        assert_eq!(it.ids(end).await, ids, "{end}");
        let joiner = if end.is_empty() { "?" } else { "&" };
        let mut cut = Vec::new();
        for page in 0..3 {
            cut.extend(it.ids(&format!("{end}{joiner}size=2&page={page}")).await);
        }
        assert_eq!(cut, ids, "{end}");
    }
    let beyond = it.list("?page=7&size=200").await.expect(200).json();
    assert_eq!((&beyond["totalElements"], &beyond["content"]), (&json!(5), &json!([])));
}

#[tokio::test]
async fn parameters_that_make_no_sense_are_a_bad_request() {
    let it = Kettle::start().await;
    for base in ["", "/types/105"] {
        for query in [
            "page=-1",
            "page=x",
            "page=",
            "size=0",
            "size=201",
            "size=-5",
            "sort=size",
            "sort=name,down",
            "sort=",
            "feed=Beta",
            "feed=v1",
            "feed=",
            "tags=a%2Fb",
            "page=1&page=2",
            "feed=beta&feed=dev",
        ] {
            it.list(&format!("{base}?{query}")).await.expect_problem(400, "invalid_parameter");
        }
    }
    for number in ["0", "201", "x", "-1", "0105"] {
        it.list(&format!("/types/{number}")).await.expect_problem(400, "invalid_parameter");
    }
}

#[tokio::test]
async fn the_images_of_what_is_not_yours_are_not_found() {
    let it = Kettle::filled().await;
    let other = it.api.tenant("other").await;
    for end in ["", "/types/105"] {
        let paths = [
            other.path(&format!("/deviceTypes/kettle/firmwareImages{end}")),
            other.path(&format!("/deviceTypes/nothing/firmwareImages{end}")),
            it.acme.path(&format!("/deviceTypes/kettle/firmwareImages{end}")),
        ];
        for path in paths {
            it.api.get(&path, &other.read).await.expect_problem(404, "not_found");
        }
    }
}

#[tokio::test]
async fn an_edited_record_is_listed_as_it_is_now() {
    let it = Kettle::filled().await;
    let mut record = it.list("/types/105?sort=name").await.expect(200).json()["content"][0].clone();
    record["name"] = "zebra".into();
    record["tags"] = json!(["new"]);
    let path = it.api.record_path(&it.acme, &record);
    it.api.call("PUT", &path, &it.acme.release, record).await.expect(204);
    assert_eq!(it.ids("?sort=name,desc&size=1").await, ["2105"]);
    assert_eq!(it.ids("?tags=new").await, ["2105"]);
    let answer =
        it.api.call("POST", &format!("{}/types/105", it.images()), &it.acme.release, Value::Null).await;
    answer.expect_problem(405, "method_not_allowed");
}
