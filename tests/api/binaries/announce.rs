//! `POST /binaries` with JSON: word of bytes that are to follow.

use devserver::Options;
use serde_json::{Value, json};
use shared::domain::Sha256;
use tests::api::Api;

use super::{BYTES, FIRMWARE, announce, announce_bytes, md5_of, objects, post};

const GIB: u64 = 1 << 30;

#[tokio::test]
async fn an_announcement_answers_where_and_how_to_send_the_bytes() {
    let api = Api::start().await;
    let acme = api.tenant("acme").await;
    let body = announce_bytes(&api, &acme, FIRMWARE).await.expect(201).json();
    insta::assert_json_snapshot!(body, {".upload.url" => "[url]", ".upload.expiresTimestamp" => "[time]"}, @r#"
    {
      "upload": {
        "expiresTimestamp": "[time]",
        "headers": {
          "content-length": "22",
          "if-none-match": "*",
          "x-amz-checksum-sha256": "qOJWUIQo85arT816a1Pi7Qy3Dbvj03YkuKOPzIAR82o="
        },
        "method": "PUT",
        "url": "[url]"
      },
      "value": "a8e256508428f396ab4fcd7a6b53e2ed0cb70dbbe3d37624b8a38fcc8011f36a"
    }
    "#);
    let (end, now) =
        (body["upload"]["expiresTimestamp"].as_i64().unwrap(), api.server.clock().now().millis());
    assert!(now < end && end <= now + 900_000, "{now} {end}");
    assert!(objects(&api).await.is_empty());
}

#[tokio::test]
async fn an_md5_is_signed_with_the_rest() {
    let api = Api::start().await;
    let acme = api.tenant("acme").await;
    let said = |md5: String| json!({"sha256": Sha256::of(FIRMWARE), "size": FIRMWARE.len(), "md5": md5});
    let right = announce(&api, &acme, said(md5_of(FIRMWARE).to_uppercase())).await.expect(201).json();
    assert_eq!(right["upload"]["headers"]["content-md5"], "Jo8XGz2c2Ml6zb6s1/71AQ==");
    let wrong = announce(&api, &acme, said(md5_of(b"other"))).await.expect(201).json();
    assert_eq!(api.put_presigned(&wrong["upload"], FIRMWARE.to_vec()).await.status, 400);
    assert!(objects(&api).await.is_empty());
    api.put_presigned(&right["upload"], FIRMWARE.to_vec()).await.expect(200);
}

#[tokio::test]
async fn bytes_that_are_staged_or_owned_need_no_upload() {
    let api = Api::start().await;
    let acme = api.tenant("acme").await;
    post(&api, &acme, BYTES, FIRMWARE).await.expect(201);
    for state in ["staged", "owned"] {
        let known = announce_bytes(&api, &acme, FIRMWARE).await.expect(200);
        assert_eq!(known.json(), json!({"value": Sha256::of(FIRMWARE)}), "{state}");
        let said = json!({"sha256": Sha256::of(FIRMWARE), "size": FIRMWARE.len(), "md5": md5_of(FIRMWARE)});
        announce(&api, &acme, said).await.expect(200);
        let before = objects(&api).await;
        for (name, value) in [("size", json!(7)), ("md5", json!(md5_of(b"other")))] {
            let mut said = json!({"sha256": Sha256::of(FIRMWARE), "size": FIRMWARE.len()});
            said[name] = value;
            announce(&api, &acme, said).await.expect_problem(422, "upload_mismatch");
        }
        assert_eq!(objects(&api).await, before);
        api.move_to_repository(&acme, &Sha256::of(FIRMWARE).to_string()).await.expect(200);
    }
}

#[tokio::test]
async fn bytes_that_another_partner_has_uploaded_must_be_sent_all_the_same() {
    let api = Api::start().await;
    let (acme, bolt) = (api.tenant("acme").await, api.tenant("bolt").await);
    post(&api, &acme, BYTES, FIRMWARE).await.expect(201);
    let while_staged = announce_bytes(&api, &bolt, FIRMWARE).await.expect(201).json();
    api.move_to_repository(&acme, &Sha256::of(FIRMWARE).to_string()).await.expect(200);
    let while_owned = announce_bytes(&api, &bolt, FIRMWARE).await.expect(201).json();
    for answer in [while_staged, while_owned] {
        let url = answer["upload"]["url"].as_str().unwrap();
        assert!(url.contains(&format!("/staging/bolt/{}?", Sha256::of(FIRMWARE))), "{url}");
    }
}

#[tokio::test]
async fn a_digest_is_taken_in_either_case_and_answered_in_lower() {
    let api = Api::start().await;
    let acme = api.tenant("acme").await;
    let upper = Sha256::of(FIRMWARE).to_string().to_uppercase();
    let body = announce(&api, &acme, json!({"sha256": upper, "size": FIRMWARE.len().to_string()})).await;
    let body = body.expect(201).json();
    assert_eq!(body["value"], upper.to_lowercase());
    api.put_presigned(&body["upload"], FIRMWARE.to_vec()).await.expect(200);
    let moved = api.move_to_repository(&acme, &upper).await.expect(200).json();
    assert!(moved["value"].as_str().unwrap().ends_with(&upper.to_lowercase()), "{moved}");
}

#[tokio::test]
async fn what_cannot_be_announced_is_refused_field_by_field() {
    let api = Api::start().await;
    let acme = api.tenant("acme").await;
    let good = json!({"sha256": Sha256::of(FIRMWARE), "size": 22});
    let digest = Sha256::of(FIRMWARE).to_string();
    for (field, value) in [
        ("sha256", json!(digest[1..])),
        ("sha256", json!(format!("{digest}0"))),
        ("sha256", json!(format!("{}g", &digest[1..]))),
        ("sha256", json!("")),
        ("sha256", json!(7)),
        ("sha256", Value::Null),
        ("size", json!(0)),
        ("size", json!(-1)),
        ("size", json!(1.5)),
        ("size", json!("many")),
        ("size", json!([22])),
        ("size", json!("18446744073709551616")),
        ("size", Value::Null),
        ("md5", json!("d41d8cd98f00b204e9800998ecf8427")),
        ("md5", json!(false)),
    ] {
        let mut body = good.clone();
        body[field] = value;
        let problem = announce(&api, &acme, body.clone()).await.expect_problem(422, "invalid_field").json();
        assert_eq!(problem["errors"][0]["pointer"], format!("/{field}"), "{body}");
        assert_eq!(problem["errors"].as_array().unwrap().len(), 1, "{body}");
    }
    let all = announce(&api, &acme, json!({"md5": 1})).await.expect_problem(422, "invalid_field").json();
    insta::assert_json_snapshot!(all["errors"], @r#"
    [
      {
        "message": "must be a string",
        "pointer": "/md5"
      },
      {
        "message": "is required",
        "pointer": "/sha256"
      },
      {
        "message": "is required",
        "pointer": "/size"
      }
    ]
    "#);
    let mut with_more = good;
    with_more["unheardOf"] = json!({"of": []});
    announce(&api, &acme, with_more).await.expect(201);
    assert!(objects(&api).await.is_empty());
}

#[tokio::test]
async fn a_size_over_the_limit_is_refused() {
    let said = |size: u64| json!({"sha256": Sha256::of(b"x"), "size": size});
    let api = Api::start().await;
    let acme = api.tenant("acme").await;
    announce(&api, &acme, said(2 * GIB)).await.expect(201);
    for size in [2 * GIB + 1, 5 * GIB, u64::MAX] {
        announce(&api, &acme, said(size)).await.expect_problem(422, "binary_too_large");
    }

    let api = Api::start_with(Options { max_binary_bytes: Some(1000), ..Options::default() }).await;
    let acme = api.tenant("acme").await;
    announce(&api, &acme, said(1000)).await.expect(201);
    announce(&api, &acme, said(1001)).await.expect_problem(422, "binary_too_large");
    post(&api, &acme, BYTES, &[7; 1001]).await.expect_problem(422, "binary_too_large");
    post(&api, &acme, BYTES, &[7; 1000]).await.expect(201);
    assert_eq!(objects(&api).await.len(), 1);
}

#[tokio::test]
async fn a_body_that_is_no_announcement_is_refused() {
    let api = Api::start().await;
    let acme = api.tenant("acme").await;
    for (media, body, status, code) in [
        ("application/json", "{\"sha256\":", 400, "malformed_json"),
        ("application/json", "", 400, "malformed_json"),
        ("application/json", "[]", 400, "malformed_json"),
        ("application/vnd.ota+json", "\"x\"", 400, "malformed_json"),
        ("text/plain", "{}", 415, "unsupported_media_type"),
        ("application/x-www-form-urlencoded", "a=b", 415, "unsupported_media_type"),
        ("multipart/mixed; boundary=b", "--b--", 415, "unsupported_media_type"),
    ] {
        post(&api, &acme, media, body.as_bytes()).await.expect_problem(status, code);
    }
    let long = json!({"sha256": "x".repeat(256 << 10)});
    announce(&api, &acme, long).await.expect_problem(413, "body_too_large");
    let untyped = api.request("POST", &acme.path("/binaries")).bearer_auth(&acme.write);
    let body = json!({"sha256": Sha256::of(FIRMWARE), "size": 22}).to_string();
    api.send(untyped.body(body)).await.expect(201);
}

#[tokio::test]
async fn only_who_may_write_for_this_partner_uploads() {
    let api = Api::start().await;
    let (acme, bolt) = (api.tenant("acme").await, api.tenant("bolt").await);
    for path in ["/binaries", "/binaries/moveToRepository"] {
        let body = || json!({"sha256": Sha256::of(FIRMWARE), "value": Sha256::of(FIRMWARE), "size": 22});
        let path = acme.path(path);
        api.call("POST", &path, "", body()).await.expect_problem(401, "key_missing");
        api.call("POST", &path, &acme.read, body()).await.expect_problem(403, "right_missing");
        for foreign in [&bolt.release, api.server.operator_key()] {
            api.call("POST", &path, foreign, body()).await.expect_problem(404, "not_found");
        }
    }
    for key in ["", &acme.read, &bolt.release] {
        let request = api.request("POST", &acme.path("/binaries")).header("content-type", BYTES);
        let refused = api.send(request.bearer_auth(key).body(FIRMWARE.to_vec())).await;
        assert!([401, 403, 404].contains(&refused.status), "{refused:?}");
    }
    assert!(objects(&api).await.is_empty());
}
