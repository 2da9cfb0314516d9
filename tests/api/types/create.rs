//! `POST /types`.

use futures::future::join_all;
use serde_json::{Value, json};
use tests::api::Api;

use super::{create, own, without_id};
use crate::kettle::{pointers, snapshot};

#[tokio::test]
async fn a_type_is_what_was_asked_for_and_is_read_back() {
    let api = Api::start().await;
    let acme = api.tenant("acme").await;
    let body = json!({
        "name": "DISPLAY ASSETS", "description": "Pictures that show\nhow to clean the kettle", "type": 105,
        "id": "7", "partnerId": "other", "versionAttributeId": 1, "createdTimestamp": 1, "unknown": {"field": []},
    });
    let made = create(&api, &acme, body).await.expect(201);
    assert_eq!(made.header("content-type"), "application/json");
    snapshot!(without_id(made.json()));
    assert_eq!(own(&api, &acme).await, [made.json()]);
    let read = api.get(&acme.path("/types/105"), &acme.read).await.expect(200);
    assert_eq!(read.json(), json!([made.json()]));
}

#[tokio::test]
async fn a_description_may_be_left_out_and_a_number_may_be_text() {
    let api = Api::start().await;
    let acme = api.tenant("acme").await;
    for body in [json!({"name": "A", "type": "101"}), json!({"name": "A", "type": 200, "description": null})]
    {
        let made = create(&api, &acme, body).await.expect(201).json();
        assert!(made.get("description").is_none(), "{made}");
        assert_eq!(made["versionAttributeId"], 2000 + made["type"].as_u64().unwrap());
    }
}

#[tokio::test]
async fn only_numbers_from_101_to_200_are_a_partners_own() {
    let api = Api::start().await;
    let acme = api.tenant("acme").await;
    let numbers = json!([
        0,
        1,
        4,
        8,
        9,
        100,
        201,
        1105,
        -105,
        65_641,
        105.0,
        105.5,
        1e2,
        true,
        [105],
        {},
        "",
        "0105",
        "+105",
        "x",
        "9223372036854775808",
        null,
    ]);
    for number in numbers.as_array().unwrap() {
        let refused = create(&api, &acme, json!({"name": "A", "type": number})).await;
        assert_eq!(pointers(&refused.expect_problem(422, "invalid_field")), ["/type"], "{number}");
    }
    assert_eq!(own(&api, &acme).await, [Value::Null; 0]);
}

#[tokio::test]
async fn a_number_is_taken_once_a_partner() {
    let api = Api::start().await;
    let (acme, other) = (api.tenant("acme").await, api.tenant("other").await);
    let first = create(&api, &acme, json!({"name": "A", "type": 105})).await.expect(201).json();
    create(&api, &acme, json!({"name": "B", "type": 105})).await.expect_problem(409, "type_exists");
    assert_eq!(own(&api, &acme).await, std::slice::from_ref(&first));
    // To another partner the number means something else.
    let theirs = create(&api, &other, json!({"name": "C", "type": 105})).await.expect(201).json();
    assert_ne!(theirs["id"], first["id"]);
    assert_eq!(own(&api, &other).await, [theirs]);
    assert_eq!(own(&api, &acme).await, [first]);
}

#[tokio::test]
async fn of_many_that_create_a_type_at_once_exactly_one_does() {
    let api = Api::start().await;
    let acme = api.tenant("acme").await;
    let all = (0..16).map(|each| create(&api, &acme, json!({"name": format!("{each}"), "type": 105})));
    let all = join_all(all).await;
    let (made, refused): (Vec<_>, Vec<_>) = all.into_iter().partition(|answer| answer.status == 201);
    assert_eq!(made.len(), 1);
    for answer in refused {
        answer.expect_problem(409, "type_exists");
    }
    assert_eq!(own(&api, &acme).await, [made[0].json()]);
}

#[tokio::test]
async fn a_partner_may_have_all_hundred_types() {
    let api = Api::start().await;
    let acme = api.tenant("acme").await;
    for number in 101..=200 {
        api.create_type(&acme, number).await;
    }
    let numbers: Vec<_> = own(&api, &acme).await.iter().map(|each| each["type"].as_u64().unwrap()).collect();
    assert_eq!(numbers, (101..=200).collect::<Vec<_>>());
}

#[tokio::test]
async fn names_and_descriptions_have_their_limits() {
    let api = Api::start().await;
    let acme = api.tenant("acme").await;
    let longest = json!({"name": "й".repeat(35), "description": "🫖".repeat(500), "type": 101});
    let made = create(&api, &acme, longest.clone()).await.expect(201).json();
    assert_eq!((&made["name"], &made["description"]), (&longest["name"], &longest["description"]));
    for (field, value) in [
        ("name", json!("n".repeat(36))),
        ("name", json!("й".repeat(36))),
        ("name", json!("")),
        ("name", json!(" A")),
        ("name", json!("a/b")),
        ("name", json!("a?b")),
        ("name", json!("a#b")),
        ("name", json!("a%b")),
        ("name", json!("a\\b")),
        ("name", json!("a\u{1f}b")),
        ("name", json!("a\u{85}b")),
        ("name", json!(105)),
        ("name", json!(["A"])),
        ("name", json!(null)),
        ("description", json!("d".repeat(501))),
        ("description", json!("a\0b")),
        ("description", json!(1)),
        ("description", json!({})),
    ] {
        let mut body = json!({"name": "B", "type": 102});
        body[field] = value.clone();
        let refused = create(&api, &acme, body).await.expect_problem(422, "invalid_field");
        assert_eq!(pointers(&refused), [format!("/{field}")], "{field} {value}");
    }
    assert_eq!(own(&api, &acme).await, [made]);
}

#[tokio::test]
async fn all_faults_of_a_body_are_told_at_once() {
    let api = Api::start().await;
    let acme = api.tenant("acme").await;
    let none = create(&api, &acme, json!({})).await.expect_problem(422, "invalid_field");
    let mut missing = pointers(&none);
    missing.sort();
    assert_eq!(missing, ["/name", "/type"]);
    let body = json!({"name": "n".repeat(36), "description": "d".repeat(501), "type": 201});
    snapshot!(create(&api, &acme, body).await.expect_problem(422, "invalid_field").json());
}

#[tokio::test]
async fn a_body_that_is_no_json_object_is_refused() {
    let api = Api::start().await;
    let acme = api.tenant("acme").await;
    let post = |kind: &str, body: String| {
        let request = api.request("POST", &acme.path("/types")).bearer_auth(&acme.write);
        api.send(request.header("content-type", kind).body(body))
    };
    for body in [
        "",
        "{",
        "[]",
        "null",
        "5",
        "\"A\"",
        "{\"name\":\"A\",\"type\":105}x",
        "{\"name\":\"A\",\"type\":0105}",
    ] {
        post("application/json", body.to_owned()).await.expect_problem(400, "malformed_json");
    }
    let good = r#"{"name":"A","type":105}"#;
    for kind in ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", "json", ""] {
        post(kind, good.to_owned()).await.expect_problem(415, "unsupported_media_type");
    }
    let large = format!(r#"{{"name":"A","type":105,"x":"{}"}}"#, "x".repeat(256 << 10));
    post("application/json", large).await.expect_problem(413, "body_too_large");
    assert_eq!(own(&api, &acme).await, [Value::Null; 0]);
    post("application/json; charset=utf-8", good.to_owned()).await.expect(201);
}
