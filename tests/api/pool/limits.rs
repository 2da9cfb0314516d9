//! The limits of a record and of a pool.

use aws_sdk_dynamodb::types::AttributeValue;
use serde_json::{Value, json};

use super::{Pool, image, with};
use crate::kettle::pointers;

#[tokio::test]
async fn lengths_are_counted_in_characters() {
    let pool = Pool::start().await;
    for (version, letter) in [("1", "n"), ("2", "ж"), ("3", "日"), ("4", "🫖")] {
        let mut body = image(version);
        body["name"] = letter.repeat(35).into();
        body["version"] = letter.repeat(64).into();
        body["description"] = letter.repeat(500).into();
        body["tags"] = json!([letter.repeat(35)]);
        let made = pool.post(body.clone()).await.expect(201).json();
        for field in ["name", "version", "description", "tags"] {
            assert_eq!(made[field], body[field]);
        }
        assert_eq!(pool.read(&made).await, made);
        for (field, value, fault) in [
            ("name", json!(letter.repeat(36)), "/name"),
            ("version", json!(letter.repeat(65)), "/version"),
            ("description", json!(letter.repeat(501)), "/description"),
            ("tags", json!(["fine", letter.repeat(36)]), "/tags/1"),
        ] {
            let mut body = body.clone();
            body[field] = value;
            let posted = pool.post(body.clone()).await.expect_problem(422, "invalid_field");
            assert_eq!(pointers(&posted), [fault]);
            let put = pool.put(&made, body).await.expect_problem(422, "invalid_field");
            assert_eq!(pointers(&put), [fault]);
        }
        assert_eq!(pool.read(&made).await, made);
    }
    assert_eq!(pool.all().await.len(), 4);
}

#[tokio::test]
async fn a_record_has_at_most_20_tags() {
    let pool = Pool::start().await;
    let tags = |count: u32| (0..count).map(|each| json!(format!("tag {each}"))).collect::<Vec<Value>>();
    let made = pool.post(with(image("1"), "tags", tags(20))).await.expect(201).json();
    assert_eq!(made["tags"], json!(tags(20)));
    let refused = pool.post(with(image("2"), "tags", tags(21))).await.expect_problem(422, "invalid_field");
    assert_eq!(pointers(&refused), ["/tags"]);
    let refused =
        pool.put(&made, with(made.clone(), "tags", tags(21))).await.expect_problem(422, "invalid_field");
    assert_eq!(pointers(&refused), ["/tags"]);
    assert_eq!(pool.all().await, std::slice::from_ref(&made));
    pool.put(&made, with(made.clone(), "tags", json!([]))).await.expect(204);
    assert!(pool.read(&made).await.get("tags").is_none());
}

#[tokio::test]
async fn names_versions_and_tags_hold_nothing_that_changes_in_a_path() {
    let pool = Pool::start().await;
    let mut bad: Vec<String> = ["/", "?", "#", "%", "\\", "\0", "\n", "\t", "\u{1b}", "\u{7f}", "\u{85}"]
        .iter()
        .flat_map(|each| [format!("a{each}b"), (*each).to_owned()])
        .collect();
    bad.extend(["", " ", " a", "a ", ".", "..", "a%2Fb", "\u{a0}"].map(str::to_owned));
    for text in bad {
        for (field, value, fault) in [
            ("name", json!(text), "/name"),
            ("version", json!(text), "/version"),
            ("tags", json!([text]), "/tags/0"),
        ] {
            let refused =
                pool.post(with(image("1"), field, value)).await.expect_problem(422, "invalid_field");
            assert_eq!(pointers(&refused), [fault], "{text:?}");
        }
    }
    let refused =
        pool.post(with(image("1"), "tags", json!(["a,b"]))).await.expect_problem(422, "invalid_field");
    assert_eq!(pointers(&refused), ["/tags/0"]);
    assert_eq!(pool.all().await, [Value::Null; 0]);
}

#[tokio::test]
async fn other_characters_are_kept_as_they_are() {
    let pool = Pool::start().await;
    let texts = [
        "a b",
        "a+b",
        "a&b=c",
        "a:b@c!$'()*;~",
        "ü",
        "u\u{308}",
        "ПЛАТА",
        "日本語",
        "🫖👨‍👩‍👧",
        "<b>\"x\"",
        "{}",
        "...",
        "a|b",
        "\u{202e}abc",
        "__proto__",
        "null",
        "TYPE",
    ];
    for text in texts {
        let body = json!({"name": text, "type": 105, "version": text, "url": "", "tags": [text]});
        let made = pool.post(body).await.expect(201).json();
        assert_eq!(
            (&made["name"], &made["version"], &made["tags"]),
            (&json!(text), &json!(text), &json!([text]))
        );
        assert_eq!(pool.read(&made).await, made);
    }
    // Not even characters that look alike are one.
    assert_eq!(pool.all().await.len(), texts.len());
}

#[tokio::test]
async fn a_description_may_have_lines_and_may_be_empty() {
    let pool = Pool::start().await;
    for (version, text) in [("1", "one\r\n\ttwo / ? # % \\"), ("2", "")] {
        let made = pool.post(with(image(version), "description", text)).await.expect(201).json();
        assert_eq!(pool.read(&made).await["description"], text);
    }
    for text in ["a\0b", "a\u{1b}[31mb", "a\u{7f}"] {
        let refused =
            pool.post(with(image("3"), "description", text)).await.expect_problem(422, "invalid_field");
        assert_eq!(pointers(&refused), ["/description"]);
    }
    assert_eq!(pool.all().await.len(), 2);
}

/// Makes it look as if a shard of acme's quota counted `used` images.
async fn count(pool: &Pool, shard: u32, used: u32) {
    let text = |text: String| AttributeValue::S(text);
    let number = |number: u32| AttributeValue::N(number.to_string());
    let put = pool.api.server.dynamodb_client().put_item().table_name(pool.api.server.table());
    let put =
        put.item("PK", text("PARTNER#acme".into())).item("SK", text(format!("QUOTA#IMAGES#{shard:02}")));
    put.item("used", number(used)).item("rowVersion", number(1)).send().await.unwrap();
}

#[tokio::test]
async fn a_pool_holds_10_000_images_and_deleting_one_makes_room() {
    let pool = Pool::start().await;
    for shard in 0..16 {
        count(&pool, shard, if shard == 9 { 623 } else { 625 }).await;
    }
    // Two have room, whichever shards their numbers would fall on.
    let first = pool.post(image("1")).await.expect(201).json();
    pool.post(image("2")).await.expect(201);
    pool.post(image("3")).await.expect_problem(409, "limit_reached");
    assert_eq!(pool.all().await.len(), 2);

    pool.api.call("DELETE", &pool.path(&first), &pool.acme.write, Value::Null).await.expect(204);
    pool.post(image("3")).await.expect(201);
    pool.post(image("4")).await.expect_problem(409, "limit_reached");
    // Another partner's pool is its own.
    let other = pool.api.tenant("other").await;
    pool.api.register(&other, 3, "image", "1").await;
}
