//! Parts of an index, as a client that resumes asks for them.

use super::{Story, date};

const FILES: [&str; 8] = [
    "/release/dev1",
    "/release/dev1/Packages",
    "/release/dev1/Packages.gz",
    "/release/dev1/Packages.asc",
    "/release/dev1/Packages.sig",
    "/release/dev1/base/Packages",
    "/release/dev1/base/1.0/Packages.gz",
    "/release/dev1/base/latest/Description",
];

#[tokio::test]
async fn a_part_of_an_index_is_206_with_the_tag_of_the_whole() {
    let story = Story::told().await;
    for path in FILES {
        let whole = story.world.both(path, &[]).await.expect(200);
        assert_eq!(whole.header("accept-ranges"), "bytes");
        let size = whole.bytes.len();
        for (range, first, last) in [
            ("bytes=0-".to_owned(), 0, size - 1),
            ("bytes=7-".to_owned(), 7, size - 1),
            ("bytes=7-9".to_owned(), 7, 9),
            ("bytes=-5".to_owned(), size - 5, size - 1),
            (format!("bytes={}-", size - 1), size - 1, size - 1),
            (format!("bytes=3-{}", size + 9), 3, size - 1),
        ] {
            let part = story.world.ask("GET", path, &[("range", &range)]).await.expect(206);
            assert_eq!(part.bytes, whole.bytes[first..=last], "{path} {range}");
            assert_eq!(part.header("content-range"), format!("bytes {first}-{last}/{size}"));
            assert_eq!(part.header("content-length"), (last - first + 1).to_string());
            for same in ["etag", "last-modified", "cache-control", "content-type"] {
                assert_eq!(part.header(same), whole.header(same), "{path} {same}");
            }
        }
    }
}

#[tokio::test]
async fn a_range_beyond_the_end_is_416_and_names_the_size() {
    let story = Story::told().await;
    for path in FILES {
        let size = story.world.get(path).await.bytes.len();
        for range in
            [format!("bytes={size}-"), format!("bytes={}-{}", size + 1, size + 5), "bytes=-0".to_owned()]
        {
            let refused = story.world.ask("GET", path, &[("range", &range)]).await.expect(416);
            assert_eq!(refused.header("content-range"), format!("bytes */{size}"), "{path} {range}");
            assert!(refused.bytes.is_empty());
            assert_eq!(refused.header("cache-control"), "no-store");
        }
    }
    let empty = story.world.ask("GET", "/beta/dev1/Packages", &[("range", "bytes=0-")]).await.expect(416);
    assert_eq!(empty.header("content-range"), "bytes */0");
}

#[tokio::test]
async fn a_range_that_cannot_be_read_gets_the_whole() {
    let story = Story::told().await;
    for path in FILES {
        let whole = story.world.get(path).await;
        for range in ["bytes=5-2", "bytes=a-b", "lines=1-2", "bytes=0-1,4-5", "bytes", ""] {
            let answer = story.world.ask("GET", path, &[("range", range)]).await.expect(200);
            assert_eq!(answer.bytes, whole.bytes, "{path} {range}");
        }
    }
}

#[tokio::test]
async fn if_range_gives_the_part_only_of_what_the_client_has() {
    let story = Story::told().await;
    for path in ["/release/dev1", "/release/dev1/Packages.gz", "/release/dev1/base/Packages"] {
        let whole = story.world.get(path).await.expect(200);
        let with = async |value: &str| {
            story.world.ask("GET", path, &[("range", "bytes=9-"), ("if-range", value)]).await
        };
        for same in [whole.header("etag"), whole.header("last-modified")] {
            let part = with(same).await.expect(206);
            assert_eq!(part.bytes, whole.bytes[9..]);
        }
        for other in [
            "\"0000\"",
            &format!("W/{}", whole.header("etag")),
            &date(story.came[0]),
            &date(story.came[2] + 1),
            "x",
        ] {
            let all = with(other).await.expect(200);
            assert_eq!(all.bytes, whole.bytes, "{other}");
        }
    }
}

#[tokio::test]
async fn a_condition_is_weighed_before_a_range() {
    let story = Story::told().await;
    let whole = story.world.get("/release/dev1/Packages").await;
    let tag = whole.header("etag");
    let with = async |name: &str, value: &str| {
        story.world.ask("GET", "/release/dev1/Packages", &[("range", "bytes=9-"), (name, value)]).await
    };
    with("if-none-match", tag).await.expect(304);
    with("if-none-match", "\"x\"").await.expect(206);
    with("if-match", "\"x\"").await.expect(412);
    with("if-match", tag).await.expect(206);
    with("if-modified-since", whole.header("last-modified")).await.expect(304);
}

#[tokio::test]
async fn head_is_200_with_the_whole_length_whatever_range_it_names() {
    let story = Story::told().await;
    for path in FILES {
        let size = story.world.get(path).await.bytes.len().to_string();
        for range in ["bytes=7-", "bytes=0-0", "bytes=99999-"] {
            let head = story.world.ask("HEAD", path, &[("range", range)]).await.expect(200);
            assert_eq!(
                (head.header("content-length"), head.header("content-range")),
                (size.as_str(), ""),
                "{path} {range}"
            );
        }
    }
}
