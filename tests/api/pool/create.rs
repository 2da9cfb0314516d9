//! `POST /pool`.

use serde_json::{Value, json};
use tests::api::Api;

use super::{Pool, image, numbers, with};
use crate::kettle::{pointers, snapshot};

#[tokio::test]
async fn a_record_is_what_was_asked_for_and_is_read_back() {
    let pool = Pool::start().await;
    let body = json!({
        "name": "MCU firmware", "description": "boils\nwater", "type": 105, "version": "1.0.0+git", "url": "",
        "tags": ["stable", "kettle 2", "stable"],
        "id": "9", "versionNumber": "77", "partnerId": "other", "sealed": true, "state": "uploaded", "unknown": [{}],
    });
    let made = pool.post(body).await.expect(201);
    assert_eq!(made.header("content-type"), "application/json");
    assert_eq!(made.header("idempotency-replayed"), "");
    snapshot!(made.json());
    assert_eq!(made.json()["url"], "");
    assert_eq!(pool.read(&made.json()).await, made.json());
    assert_eq!(pool.all().await, [made.json()]);
}

#[tokio::test]
async fn the_least_record_has_no_optional_fields() {
    let pool = Pool::start().await;
    let body = json!({
        "name": "n", "type": "3", "version": "1", "url": "", "url2": "", "description": null, "tags": null,
        "associations": null,
    });
    snapshot!(pool.post(body).await.expect(201).json());
}

#[tokio::test]
async fn a_binary_may_be_there_from_the_start() {
    let pool = Pool::start().await;
    let (url, url2) = (pool.api.upload(&pool.acme, b"one").await, pool.api.upload(&pool.acme, b"two").await);
    let body = with(with(image("1"), "url", url.clone()), "url2", url2.clone());
    let made = pool.post(body).await.expect(201).json();
    assert_eq!((&made["url"], &made["url2"]), (&json!(url), &json!(url2)));
    assert_eq!(
        (&made["state"], &made["size"], &made["sealed"]),
        (&json!("uploaded"), &json!(3), &json!(false))
    );
    snapshot!(made);
}

#[tokio::test]
async fn each_type_counts_for_itself_from_one() {
    let pool = Pool::start().await;
    pool.api.create_type(&pool.acme, 106).await;
    for number in 1..=3_u16 {
        for kind in [105, 106, 3] {
            let made = pool.api.register(&pool.acme, kind, "image", &number.to_string()).await;
            assert_eq!(made["versionNumber"], number.to_string());
            assert_eq!(made["id"], format!("{number}{kind:03}"));
        }
    }
}

#[tokio::test]
async fn a_type_must_exist_for_the_partner() {
    let pool = Pool::start().await;
    let other = pool.api.tenant("other").await;
    pool.api.create_type(&other, 106).await;
    for number in [9, 100, 101, 106, 200] {
        pool.post(with(image("1"), "type", number)).await.expect_problem(422, "type_unknown");
    }
    assert_eq!(pool.all().await, [Value::Null; 0]);
    // Nothing was counted either.
    assert_eq!(pool.api.register(&other, 106, "image", "1").await["versionNumber"], "1");
}

#[tokio::test]
async fn a_platform_type_of_the_operators_can_be_used() {
    let pool = Pool::start().await;
    let body = json!({"name": "RADIO", "type": 9});
    pool.api.call("POST", "/v1/ota/admin/types", pool.api.server.operator_key(), body).await.expect(201);
    let made = pool.post(with(image("1"), "type", 9)).await.expect(201).json();
    assert_eq!((&made["id"], &made["versionAttributeId"]), (&json!("1009"), &json!(2009)));
}

#[tokio::test]
async fn device_descriptions_never_enter_the_pool() {
    let pool = Pool::start().await;
    for body in [with(image("1"), "type", 4), with(image("1"), "type", "4")] {
        pool.post(body).await.expect_problem(422, "description_not_pooled");
    }
    assert_eq!(pool.all().await, [Value::Null; 0]);
}

#[tokio::test]
async fn a_type_that_can_be_none_is_an_invalid_field() {
    let pool = Pool::start().await;
    let kinds = json!([0, 201, -1, 300, 65_641, 105.0, 1.05e2, "", "0105", "x", true, [105], {}, null]);
    for kind in kinds.as_array().unwrap() {
        let refused = pool.post(with(image("1"), "type", kind.clone())).await;
        assert_eq!(pointers(&refused.expect_problem(422, "invalid_field")), ["/type"], "{kind}");
    }
    assert_eq!(pool.all().await, [Value::Null; 0]);
}

#[tokio::test]
async fn type_name_and_version_together_are_taken_once_a_pool() {
    let pool = Pool::start().await;
    let other = pool.api.tenant("other").await;
    pool.api.create_type(&other, 105).await;
    let first = pool.post(image("1")).await.expect(201).json();

    let refused =
        pool.post(with(image("1"), "description", "again")).await.expect_problem(409, "image_exists");
    let detail = refused.json()["detail"].as_str().unwrap().to_owned();
    assert!(detail.ends_with("version number 1"), "{detail}");
    assert_eq!(pool.all().await, [first]);

    // Each of these differs in one of the three, or lies in another pool.
    pool.post(image("2")).await.expect(201);
    pool.post(with(image("1"), "name", "Image")).await.expect(201);
    pool.post(with(image("1"), "type", 3)).await.expect(201);
    pool.api.register(&other, 105, "image", "1").await;
    assert_eq!(pool.all().await.len(), 4);
}

#[tokio::test]
async fn name_and_version_are_not_run_together() {
    let pool = Pool::start().await;
    for (name, version) in [("a", "b c"), ("a b", "c"), ("a&b", "c"), ("a", "b&c"), ("A", "b c")] {
        pool.post(json!({"name": name, "type": 105, "version": version, "url": ""})).await.expect(201);
    }
    assert_eq!(pool.all().await.len(), 5);
}

#[tokio::test]
async fn of_many_that_register_a_name_at_once_exactly_one_does() {
    let pool = Pool::start().await;
    let all = futures::future::join_all((0..16).map(|_| pool.post(image("1")))).await;
    let (made, refused): (Vec<_>, Vec<_>) = all.into_iter().partition(|answer| answer.status == 201);
    assert_eq!(made.len(), 1);
    for answer in refused {
        answer.expect_problem(409, "image_exists");
    }
    assert_eq!(pool.all().await, [made[0].json()]);
    // The refused ones left gaps, and no repeat.
    let next = pool.post(image("2")).await.expect(201).json();
    assert!(numbers(&[next]) > numbers(&[made[0].json()]));
}

#[tokio::test]
async fn all_faults_of_a_body_are_told_at_once() {
    let pool = Pool::start().await;
    let none = pool.post(json!({})).await.expect_problem(422, "invalid_field");
    let mut missing = pointers(&none);
    missing.sort();
    assert_eq!(missing, ["/name", "/type", "/url", "/version"]);
    let body = json!({
        "name": "n".repeat(36), "type": 201, "version": "a/b", "url": null, "url2": 2, "description": ["d"],
        "tags": ["fine", "a,b", 3, ""], "associations": {"ACME": ["kettle"], "acme": ["Kettle", 5], "other": "all"},
    });
    snapshot!(pool.post(body).await.expect_problem(422, "invalid_field").json());
    assert_eq!(pool.all().await, [Value::Null; 0]);
}

#[tokio::test]
async fn fields_of_the_wrong_kind_are_refused() {
    let pool = Pool::start().await;
    for (field, value) in [
        ("name", json!(1)),
        ("name", json!({})),
        ("version", json!(1.0)),
        ("version", json!(["1"])),
        ("url", json!(false)),
        ("url", json!(null)),
        ("url2", json!(["x"])),
        ("description", json!(1)),
        ("tags", json!("stable")),
        ("tags", json!({"stable": true})),
        ("associations", json!(["kettle"])),
        ("associations", json!("kettle")),
    ] {
        let refused =
            pool.post(with(image("1"), field, value.clone())).await.expect_problem(422, "invalid_field");
        assert_eq!(pointers(&refused), [format!("/{field}")], "{field} {value}");
    }
    assert_eq!(pool.all().await, [Value::Null; 0]);
}

#[tokio::test]
async fn a_body_that_is_no_json_object_is_refused() {
    let pool = Pool::start().await;
    let post = |kind: &str, body: Vec<u8>| {
        let request = pool.api.request("POST", &pool.acme.path("/pool")).bearer_auth(&pool.acme.write);
        pool.api.send(request.header("content-type", kind).body(body))
    };
    let good = image("1").to_string();
    let mut broken: Vec<Vec<u8>> =
        ["", " ", "{", "[]", "null", "true", "\"x\"", "{\"name\":}", "{'name': 'a'}"]
            .map(|text| text.as_bytes().to_vec())
            .to_vec();
    broken.push(format!("{good},").into_bytes());
    broken.push(b"{\"name\":\"\xFF\"}".to_vec());
    broken.push("[".repeat(100_000).into_bytes());
    broken.push(format!("{{\"name\":{}", "{\"a\":".repeat(20_000)).into_bytes());
    broken.push(b"{\"name\":\"\\ud800\"}".to_vec());
    for body in broken {
        post("application/json", body).await.expect_problem(400, "malformed_json");
    }
    for kind in ["text/plain", "application/octet-stream", "application/x-www-form-urlencoded", "text/json"] {
        post(kind, good.clone().into_bytes()).await.expect_problem(415, "unsupported_media_type");
    }
    let padded = |padding: usize| with(image("1"), "x", "x".repeat(padding)).to_string().into_bytes();
    let room = (256 << 10) - padded(0).len();
    post("application/json", padded(room + 1)).await.expect_problem(413, "body_too_large");
    assert_eq!(pool.all().await, [Value::Null; 0]);
    post("application/merge-patch+json", padded(room)).await.expect(201);
}

#[tokio::test]
async fn a_body_that_says_nothing_of_its_kind_is_read_as_json() {
    let api = Api::start().await;
    let acme = api.tenant("acme").await;
    let body = with(image("1"), "type", 3).to_string();
    api.send(api.request("POST", &acme.path("/pool")).bearer_auth(&acme.write).body(body)).await.expect(201);
}
