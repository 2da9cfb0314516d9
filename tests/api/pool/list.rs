//! `GET /pool` and `GET /pool/types/{type}`.

use serde_json::{Value, json};

use super::{NO_TYPES, Pool, content, numbers};
use crate::kettle::snapshot;

/// Seven images of types 105 and 3, registered a minute apart; each version string is its place.
async fn seven(pool: &Pool) {
    for (place, (number, name, tags)) in [
        (105, "delta", json!(["a"])),
        (3, "alpha", json!(["a", "b"])),
        (105, "charlie", json!([])),
        (105, "alpha", json!(["b", "a", "c d"])),
        (3, "bravo", json!(["b"])),
        (105, "echo", json!(["B"])),
        (105, "alpha", json!(["a", "ä"])),
    ]
    .into_iter()
    .enumerate()
    {
        let version = (9 - place).to_string();
        let body = json!({"name": name, "type": number, "version": version, "url": "", "tags": tags});
        pool.post(body).await.expect(201);
        pool.api.server.clock().shift(60_000);
    }
    // The first one is the last one changed.
    let path = pool.acme.path("/pool/types/105/versionNumbers/1");
    let body = json!({"name": "delta", "version": "9", "url": "", "tags": ["a"], "description": "edited"});
    pool.api.call("PUT", &path, &pool.acme.write, body).await.expect(204);
}

/// The images of a page as `type/number`.
async fn found(pool: &Pool, path: &str) -> Vec<String> {
    let all = content(&pool.api, &pool.acme, path).await;
    all.iter().zip(numbers(&all)).map(|(each, number)| format!("{}/{number}", each["type"])).collect()
}

#[tokio::test]
async fn a_page_says_what_it_is() {
    let pool = Pool::start().await;
    seven(&pool).await;
    let page = |path: &'static str| async {
        pool.api.get(&pool.acme.path(path), &pool.acme.read).await.expect(200).json()
    };
    snapshot!(page("/pool?size=2&page=1&sort=name,asc").await);
    let mut whole = page("/pool").await;
    assert_eq!(whole["content"].as_array().unwrap().len(), 7);
    whole["content"] = json!("[seven]");
    snapshot!(whole);
    snapshot!(page("/pool/types/106").await);
}

#[tokio::test]
async fn a_record_in_a_list_is_the_record_as_read() {
    let pool = Pool::start().await;
    seven(&pool).await;
    pool.api.image(&pool.acme, 105, "with bytes", b"bytes").await;
    let all = pool.all().await;
    assert_eq!(all.len(), 8);
    for each in all {
        assert_eq!(pool.read(&each).await, each);
    }
}

#[tokio::test]
async fn lists_are_sorted_by_what_was_asked_and_then_by_number() {
    let pool = Pool::start().await;
    seven(&pool).await;
    for (sort, rising) in [
        ("name", ["3/1", "105/3", "105/5", "3/2", "105/2", "105/1", "105/4"]),
        ("type", ["3/1", "3/2", "105/1", "105/2", "105/3", "105/4", "105/5"]),
        ("version", ["105/5", "105/4", "3/2", "105/3", "105/2", "3/1", "105/1"]),
        ("versionNumber", ["3/1", "105/1", "3/2", "105/2", "105/3", "105/4", "105/5"]),
        ("createdTimestamp", ["105/1", "3/1", "105/2", "105/3", "3/2", "105/4", "105/5"]),
        ("updatedTimestamp", ["3/1", "105/2", "105/3", "3/2", "105/4", "105/5", "105/1"]),
    ] {
        assert_eq!(found(&pool, &format!("/pool?sort={sort}")).await, rising, "{sort}");
        assert_eq!(found(&pool, &format!("/pool?sort={sort},asc")).await, rising, "{sort}");
        let mut falling = rising;
        falling.reverse();
        assert_eq!(found(&pool, &format!("/pool?sort={sort},desc")).await, falling, "{sort}");
        assert_eq!(found(&pool, &format!("/pool?sort={sort}%2Cdesc")).await, falling, "{sort}");
    }
    // The default is the newest first.
    assert_eq!(found(&pool, "/pool").await, found(&pool, "/pool?sort=versionNumber,desc").await);
}

#[tokio::test]
async fn pages_together_are_the_whole_list_without_overlap() {
    let pool = Pool::start().await;
    seven(&pool).await;
    let whole = found(&pool, "/pool?sort=name,desc").await;
    for size in [1, 2, 3, 7, 200] {
        let mut together = Vec::new();
        for page in 0..7_usize.div_ceil(size) {
            together.extend(found(&pool, &format!("/pool?sort=name,desc&size={size}&page={page}")).await);
        }
        assert_eq!(together, whole, "{size}");
    }
    for page in ["7", "8", "1000000000000", "18446744073709551615"] {
        let path = pool.acme.path(&format!("/pool?size=1&page={page}"));
        let answer = pool.api.get(&path, &pool.acme.read).await.expect(200).json();
        assert_eq!((&answer["content"], &answer["totalElements"]), (&json!([]), &json!(7)));
        assert_eq!((&answer["numberOfElements"], &answer["totalPages"]), (&json!(0), &json!(7)));
    }
}

#[tokio::test]
async fn every_tag_asked_for_must_be_there() {
    let pool = Pool::start().await;
    seven(&pool).await;
    for (tags, wanted) in [
        ("a", vec!["105/1", "3/1", "105/3", "105/5"]),
        ("a,b", vec!["3/1", "105/3"]),
        ("b,a", vec!["3/1", "105/3"]),
        ("B", vec!["105/4"]),
        ("c%20d", vec!["105/3"]),
        ("c+d", vec!["105/3"]),
        ("%C3%A4", vec!["105/5"]),
        ("a,a", vec!["105/1", "3/1", "105/3", "105/5"]),
        ("a,nothing", vec![]),
        ("nothing", vec![]),
    ] {
        let path = format!("/pool?sort=createdTimestamp&tags={tags}");
        assert_eq!(found(&pool, &path).await, wanted, "{tags}");
        let of_type: Vec<_> = wanted.iter().filter(|each| each.starts_with("105/")).collect();
        let path = format!("/pool/types/105?sort=createdTimestamp&tags={tags}");
        assert_eq!(found(&pool, &path).await.iter().collect::<Vec<_>>(), of_type, "{tags}");
    }
    assert_eq!(found(&pool, "/pool?tags=").await.len(), 7);
    // What is counted is what was asked for.
    let page = pool.api.get(&pool.acme.path("/pool?tags=a&size=3"), &pool.acme.read).await.expect(200).json();
    let counts =
        ["totalElements", "totalPages", "numberOfElements", "size", "number"].map(|name| &page[name]);
    assert_eq!(json!(counts), json!([4, 2, 3, 3, 0]));
}

#[tokio::test]
async fn a_list_of_one_type_holds_that_type_alone() {
    let pool = Pool::start().await;
    seven(&pool).await;
    assert_eq!(found(&pool, "/pool/types/105").await, ["105/5", "105/4", "105/3", "105/2", "105/1"]);
    assert_eq!(found(&pool, "/pool/types/3?sort=name").await, ["3/1", "3/2"]);
    for number in ["1", "8", "10", "100", "106", "200"] {
        assert_eq!(found(&pool, &format!("/pool/types/{number}")).await, [""; 0], "{number}");
    }
    pool.api.get(&pool.acme.path("/pool/types/4"), &pool.acme.read).await.expect_problem(404, "not_found");
    for number in NO_TYPES {
        let path = pool.acme.path(&format!("/pool/types/{number}"));
        pool.api.get(&path, &pool.acme.read).await.expect_problem(400, "invalid_parameter");
    }
}

#[tokio::test]
async fn a_page_that_cannot_be_read_is_an_invalid_parameter() {
    let pool = Pool::start().await;
    let long = format!("tags={}", "t".repeat(36));
    for query in [
        "page=-1",
        "page=",
        "page=x",
        "page=1.0",
        "page=+1",
        "page=%201",
        "page=18446744073709551616",
        "page=0&page=1",
        "size=0",
        "size=201",
        "size=-1",
        "size=",
        "size=x",
        "size=50.0",
        "size=1&size=1",
        "sort=",
        "sort=size",
        "sort=Name",
        "sort=id",
        "sort=name,",
        "sort=name,up",
        "sort=name,ASC",
        "sort=,asc",
        "sort=name,asc,desc",
        "sort=name&sort=type",
        "tags=a%2Fb",
        "tags=%00",
        "tags=a&tags=b",
        long.as_str(),
    ] {
        for path in ["/pool", "/pool/types/105"] {
            let answer = pool.api.get(&pool.acme.path(&format!("{path}?{query}")), &pool.acme.read).await;
            let answer = answer.expect_problem(400, "invalid_parameter");
            let name = query.split('=').next().unwrap();
            assert_eq!(answer.json()["errors"][0]["pointer"], name, "{query}");
        }
    }
    snapshot!(pool.api.get(&pool.acme.path("/pool?sort=size"), &pool.acme.read).await.json());
    for query in ["page=0", "page=007", "size=1", "size=200", "unknown=1", "unknown=1&unknown=2", "", "&&=&"]
    {
        pool.api.get(&pool.acme.path(&format!("/pool?{query}")), &pool.acme.read).await.expect(200);
    }
}

#[tokio::test]
async fn another_partners_images_are_in_no_list_of_mine() {
    let pool = Pool::start().await;
    let other = pool.api.tenant("other").await;
    pool.api.create_type(&other, 105).await;
    seven(&pool).await;
    for path in ["/pool", "/pool/types/105", "/pool/types/3"] {
        assert_eq!(content(&pool.api, &other, path).await, [Value::Null; 0]);
    }
}
