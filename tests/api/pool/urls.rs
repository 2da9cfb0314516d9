//! `url` and `url2`: which binaries a record may name.

use serde_json::{Value, json};
use shared::domain::Sha256;
use tests::api::Answer;

use super::{Pool, image, with};
use crate::kettle::pointers;

/// Registers with these, and puts them on a record; both must be refused alike.
async fn refused(pool: &Pool, record: &Value, url: &Value, url2: &Value) -> Answer {
    let wish = |version: &str| with(with(image(version), "url", url.clone()), "url2", url2.clone());
    let before = pool.all().await;
    let posted = pool.post(wish("new")).await;
    let put = pool.put(record, wish("1")).await;
    assert_eq!((posted.status, posted.code(), pointers(&posted)), (put.status, put.code(), pointers(&put)));
    assert_eq!(pool.all().await, before);
    put
}

#[tokio::test]
async fn what_is_no_repository_url_of_this_service_is_refused() {
    let pool = Pool::start().await;
    let record = pool.post(image("1")).await.expect(201).json();
    let mine = pool.api.upload(&pool.acme, b"mine").await;
    let base = pool.api.server.base_url().to_owned();
    let sha256 = Sha256::of(b"mine").to_string();
    for url in [
        sha256.clone(),
        format!("/repository/{sha256}"),
        format!("https://evil.example/repository/{sha256}"),
        format!("{base}.evil.example/repository/{sha256}"),
        format!("{base}@evil.example/repository/{sha256}"),
        format!("{}/repository/{sha256}", base.replace("http:", "https:")),
        format!("{base}/staging/acme/{sha256}"),
        format!("{base}/repository/"),
        format!("{base}/repository/{}", &sha256[1..]),
        format!("{base}/repository/{sha256}0"),
        format!("{base}/repository/{sha256}?x=1"),
        format!("{base}/repository//{sha256}"),
        format!("{base}//repository/{sha256}"),
        format!("{base}/repository/x/../{sha256}"),
        format!(" {mine}"),
        format!("{mine} "),
        " ".to_owned(),
        "pending".to_owned(),
        "x".repeat(100_000),
        "\0".to_owned(),
    ] {
        let answer =
            refused(&pool, &record, &json!(url), &Value::Null).await.expect_problem(422, "not_your_binary");
        assert_eq!(pointers(&answer), ["/url"], "{url}");
        let answer =
            refused(&pool, &record, &json!(mine), &json!(url)).await.expect_problem(422, "not_your_binary");
        assert_eq!(pointers(&answer), ["/url2"], "{url}");
    }
}

#[tokio::test]
async fn a_binary_must_be_uploaded_moved_and_ones_own() {
    let pool = Pool::start().await;
    let other = pool.api.tenant("other").await;
    let record = pool.post(image("1")).await.expect(201).json();
    let mine = pool.api.upload(&pool.acme, b"mine").await;
    let theirs = pool.api.upload(&other, b"theirs").await;
    let base = pool.api.server.base_url().to_owned();
    let nobodys = format!("{base}/repository/{}", Sha256::of(b"nobody's"));
    // Uploaded, but not moved yet.
    let staged = Sha256::of(b"staged").to_string();
    let body = json!({"sha256": staged, "size": 6});
    let answer =
        pool.api.call("POST", &pool.acme.path("/binaries"), &pool.acme.write, body).await.expect(201);
    pool.api.put_presigned(&answer.json()["upload"], b"staged".to_vec()).await.expect(200);
    let staged_url = format!("{base}/repository/{staged}");

    for url in [&theirs, &nobodys, &staged_url] {
        let answer =
            refused(&pool, &record, &json!(url), &Value::Null).await.expect_problem(422, "not_your_binary");
        assert_eq!(pointers(&answer), ["/url"]);
        let answer =
            refused(&pool, &record, &json!(mine), &json!(url)).await.expect_problem(422, "not_your_binary");
        assert_eq!(pointers(&answer), ["/url2"]);
    }
    // Once the partner has uploaded the same bytes itself, they are its own too.
    assert_eq!(pool.api.upload(&pool.acme, b"theirs").await, theirs);
    pool.api.move_to_repository(&pool.acme, &staged).await.expect(200);
    for url in [theirs, staged_url] {
        pool.put(&record, with(image("1"), "url", url.clone())).await.expect(204);
        assert_eq!(pool.read(&record).await["url"], url);
    }
}

#[tokio::test]
async fn any_form_of_a_repository_url_is_read_and_the_bare_one_answered() {
    let pool = Pool::start().await;
    let bare = pool.api.upload(&pool.acme, b"bytes").await;
    let sha256 = Sha256::of(b"bytes").to_string();
    let former = pool.api.server.base_url().replace("127.0.0.1", "localhost");
    let answer =
        pool.api.get(&pool.acme.path(&format!("/binaries/{sha256}")), &pool.acme.read).await.expect(200);
    let signed = answer.json()["url"].as_str().or(answer.json()["value"].as_str()).unwrap().to_owned();
    for (version, url) in [
        bare.clone(),
        bare.replace(&sha256, &sha256.to_uppercase()),
        format!("{bare}/"),
        format!("{bare}/k1.0.abc/kettle.bin"),
        format!("{former}/repository/{sha256}"),
        format!("{former}/repository/{sha256}/sig/file.ipk?x"),
        signed,
    ]
    .into_iter()
    .enumerate()
    {
        let record =
            pool.post(with(image(&version.to_string()), "url", url.clone())).await.expect(201).json();
        assert_eq!((&record["url"], &record["sha256"]), (&json!(bare), &json!(sha256)), "{url}");
        pool.put(&record, with(record.clone(), "url2", url.clone())).await.expect(204);
        assert_eq!(pool.read(&record).await["url2"], bare, "{url}");
    }
}

#[tokio::test]
async fn until_it_is_sealed_a_record_may_change_or_lose_its_binaries() {
    let pool = Pool::start().await;
    let (one, two) = (pool.api.upload(&pool.acme, b"one").await, pool.api.upload(&pool.acme, b"two!").await);
    let record = pool.post(image("1")).await.expect(201).json();
    for (url, url2, size) in [
        (one.as_str(), Some(two.as_str()), Some(3)),
        (&two, Some(&one), Some(4)),
        (&two, Some(""), Some(4)),
        (&one, None, Some(3)),
        (&one, Some(&one), Some(3)),
        ("", None, None),
        (&one, None, Some(3)),
    ] {
        pool.put(&record, with(with(image("1"), "url", url), "url2", json!(url2))).await.expect(204);
        let read = pool.read(&record).await;
        assert_eq!(read["url"], url);
        assert_eq!(read.get("url2").and_then(Value::as_str), url2.filter(|url2| !url2.is_empty()));
        assert_eq!(read.get("size").and_then(Value::as_u64), size);
        assert_eq!(read["state"], if url.is_empty() { "registered" } else { "uploaded" });
        assert_eq!(read.get("sha256").is_some(), size.is_some());
    }
}

#[tokio::test]
async fn a_second_slot_needs_a_first() {
    let pool = Pool::start().await;
    let record = pool.post(image("1")).await.expect(201).json();
    let url = pool.api.upload(&pool.acme, b"bytes").await;
    let answer = refused(&pool, &record, &json!(""), &json!(url)).await.expect_problem(422, "invalid_field");
    assert_eq!(pointers(&answer), ["/url2"]);
}

#[tokio::test]
async fn both_slots_travel_in_the_offer_and_open_their_bytes() {
    let pool = Pool::start().await;
    pool.api.create_device_type(&pool.acme, "kettle").await;
    let (one, two) =
        (pool.api.upload(&pool.acme, b"slot a").await, pool.api.upload(&pool.acme, b"slot b").await);
    let record = pool.post(with(with(image("1"), "url", one), "url2", two)).await.expect(201).json();
    pool.api.associate(&pool.acme, "kettle", &record, "release").await.expect(201);
    let update = pool.api.check("kettle", "2105=0").await.expect(200).json()["updates"][0].clone();
    for (field, bytes) in [("url", b"slot a"), ("url2", b"slot b")] {
        let download = pool.api.get(update[field].as_str().unwrap(), "").await.expect(200);
        assert_eq!(download.bytes, bytes, "{field}");
    }
}
