//! What caches and devices with little air time rely on.

use crate::kettle::Kettle;

const PATH: &str = "/v1/ota/deviceTypes/kettle/eligibility";
const OPEN: &str = "public, max-age=0, s-maxage=30, stale-while-revalidate=30, stale-if-error=570";

#[tokio::test]
async fn an_open_check_says_how_long_it_may_be_kept() {
    let it = Kettle::start().await;
    it.create_feed("development").await;
    for query in ["2105=0", "feed=beta", "feed=development"] {
        let answer = it.api.check("kettle", query).await.expect(200);
        assert_eq!(answer.header("cache-control"), OPEN, "{query}");
        assert_eq!(answer.headers.get_all("cache-control").iter().count(), 1);
        assert_eq!(answer.header("vary"), "accept");
    }
    for query in ["feed=nowhere", "2000=1"] {
        let answer = it.api.check("kettle", query).await;
        assert!(answer.header("cache-control").contains("no-store"), "{query}");
    }
}

#[tokio::test]
async fn the_entity_tag_is_that_of_the_body_and_saves_sending_it_again() {
    let it = Kettle::start().await;
    it.image_in("1.0", &["release"]).await;
    let first = it.api.check("kettle", "2105=0").await.expect(200);
    let tag = first.header("etag").to_owned();
    assert!(tag.len() == 42 && tag.starts_with('"') && tag.ends_with('"'), "{tag}");
    assert!(tag[1..41].bytes().all(|b| b.is_ascii_hexdigit()), "{tag}");
    assert_eq!(it.api.check("kettle", "2105=0").await.header("etag"), tag);
    assert_ne!(it.api.check("kettle", "2105=1").await.header("etag"), tag);

    let ask = async |method: &str, given: &str| {
        let path = format!("{PATH}?2105=0");
        it.api.send(it.api.request(method, &path).header("if-none-match", given)).await
    };
    let listed = format!("\"x\", {tag}");
    let weak = format!("W/{tag}");
    for given in [tag.as_str(), listed.as_str(), weak.as_str(), "*"] {
        for method in ["GET", "HEAD"] {
            let answer = ask(method, given).await.expect(304);
            assert!(answer.bytes.is_empty());
            assert_eq!((answer.header("etag"), answer.header("cache-control")), (tag.as_str(), OPEN));
        }
    }
    for given in ["\"x\"", &tag[1..41], ""] {
        assert_eq!(ask("GET", given).await.expect(200).bytes, first.bytes, "{given}");
    }
    // A change is a new tag.
    it.image_in("2.0", &["release"]).await;
    let changed = ask("GET", &tag).await.expect(200);
    assert_ne!(changed.header("etag"), tag);
}

#[tokio::test]
async fn head_answers_as_get_does_without_the_body() {
    let it = Kettle::start().await;
    it.image_in("1.0", &["release"]).await;
    for query in ["2105=0", "2105=1", "feed=nowhere", "2000=1"] {
        let path = format!("{PATH}?{query}");
        let get = it.api.get(&path, "").await;
        let head = it.api.send(it.api.request("HEAD", &path)).await;
        assert_eq!((head.status, head.bytes.len()), (get.status, 0), "{query}");
        for name in ["content-type", "cache-control", "etag"] {
            assert_eq!(head.header(name), get.header(name), "{query} {name}");
        }
        if get.status == 200 {
            assert_eq!(head.header("content-length"), get.bytes.len().to_string(), "{query}");
        } else {
            assert_ne!(head.header("content-length"), "", "{query}");
        }
    }
}

#[tokio::test]
async fn the_same_question_has_the_same_bytes_all_day() {
    let it = Kettle::start().await;
    it.image_in("1.0", &["release"]).await;
    let first = it.api.check("kettle", "2105=0").await.expect(200).bytes;
    it.api.server.clock().shift(400 * 86_400_000);
    assert_eq!(it.api.check("kettle", "2105=0").await.expect(200).bytes, first);
    // Nor does an order of parameters matter.
    let there = it.api.check("kettle", "feed=release&2105=0&2003=4").await.bytes;
    assert_eq!(it.api.check("kettle", "2003=4&2105=0&feed=release").await.bytes, there);
}
