//! `POST /binaries/moveToRepository`.

use serde_json::{Value, json};
use shared::domain::Sha256;
use tests::api::{Answer, Api, Tenant};

use super::{
    BYTES, CONTROL, FIRMWARE, announce_bytes, describe, fetch, md5_of, objects, package, package_with, post,
};

async fn move_with(api: &Api, tenant: &Tenant, body: Value) -> Answer {
    api.call("POST", &tenant.path("/binaries/moveToRepository"), &tenant.write, body).await
}

#[tokio::test]
async fn a_moved_upload_has_its_repository_url_however_often_it_is_asked_for() {
    let api = Api::start().await;
    let acme = api.tenant("acme").await;
    let digest = Sha256::of(FIRMWARE).to_string();
    post(&api, &acme, BYTES, FIRMWARE).await.expect(201);
    let mut seen = Vec::new();
    for _ in 0..3 {
        let answer = api.move_to_repository(&acme, &digest).await.expect(200).json();
        assert_eq!(answer, json!({"value": format!("{}/repository/{digest}", api.server.base_url())}));
        assert_eq!(objects(&api).await, [format!("repository/{digest}")]);
        seen.push(describe(&api, &acme, FIRMWARE).await.json()["kind"].clone());
    }
    assert_eq!(seen, ["binary", "binary", "binary"]);
}

#[tokio::test]
async fn what_has_not_arrived_is_missing() {
    let api = Api::start().await;
    let (acme, bolt) = (api.tenant("acme").await, api.tenant("bolt").await);
    let digest = Sha256::of(FIRMWARE).to_string();
    api.move_to_repository(&acme, &digest).await.expect_problem(404, "upload_missing");
    announce_bytes(&api, &acme, FIRMWARE).await.expect(201);
    api.move_to_repository(&acme, &digest).await.expect_problem(404, "upload_missing");
    describe(&api, &acme, FIRMWARE).await.expect_problem(404, "not_found");
    // Knowing the hash of what another has uploaded gives nothing.
    post(&api, &bolt, BYTES, FIRMWARE).await.expect(201);
    api.move_to_repository(&acme, &digest).await.expect_problem(404, "upload_missing");
    api.move_to_repository(&bolt, &digest).await.expect(200);
    api.move_to_repository(&acme, &digest).await.expect_problem(404, "upload_missing");
    describe(&api, &acme, FIRMWARE).await.expect_problem(404, "not_found");
    let mut record = json!({"name": "image", "type": 3, "version": "1", "url": ""});
    record["url"] = format!("{}/repository/{digest}", api.server.base_url()).into();
    let refused = api.call("POST", &acme.path("/pool"), &acme.write, record).await;
    refused.expect_problem(422, "not_your_binary");
}

#[tokio::test]
async fn a_second_owner_shares_the_bytes_and_nothing_else() {
    let api = Api::start().await;
    let (acme, bolt) = (api.tenant("acme").await, api.tenant("bolt").await);
    let bytes = package(b"the same for both");
    api.upload(&acme, &bytes).await;
    post(&api, &bolt, BYTES, &bytes).await.expect(201);
    move_with(&api, &bolt, json!({"value": Sha256::of(&bytes), "as": "binary"})).await.expect(200);
    assert_eq!(objects(&api).await, [format!("repository/{}", Sha256::of(&bytes))]);
    assert_eq!(describe(&api, &acme, &bytes).await.json()["kind"], "package");
    assert_eq!(describe(&api, &bolt, &bytes).await.json()["kind"], "binary");
    assert_eq!(fetch(&api, &acme, &bytes).await, bytes);
    assert_eq!(fetch(&api, &bolt, &bytes).await, bytes);
}

#[tokio::test]
async fn other_bytes_in_staging_are_never_moved() {
    let api = Api::start().await;
    let acme = api.tenant("acme").await;
    let key = format!("staging/acme/{}", Sha256::of(FIRMWARE));
    let plant = async || {
        let put = api.server.s3_client().put_object().bucket(api.server.bucket()).key(&key);
        put.body(b"other bytes, same length".to_vec().into()).send().await.unwrap();
    };
    let digest = Sha256::of(FIRMWARE).to_string();
    plant().await;
    api.move_to_repository(&acme, &digest).await.expect_problem(422, "upload_mismatch");
    describe(&api, &acme, FIRMWARE).await.expect_problem(404, "not_found");
    assert!(objects(&api).await.is_empty());
    // Nor do they stand in the way of a new upload, announced or direct.
    plant().await;
    let upload = announce_bytes(&api, &acme, FIRMWARE).await.expect(201).json()["upload"].clone();
    api.put_presigned(&upload, FIRMWARE.to_vec()).await.expect(200);
    api.move_to_repository(&acme, &digest).await.expect(200);
    assert_eq!(fetch(&api, &acme, FIRMWARE).await, FIRMWARE);
}

#[tokio::test]
async fn the_kind_is_fixed_by_the_first_move() {
    let api = Api::start().await;
    let acme = api.tenant("acme").await;
    let (one, two) = (package(b"one"), package(b"two"));
    for bytes in [&one, &two] {
        post(&api, &acme, BYTES, bytes).await.expect(201);
    }
    api.move_to_repository(&acme, &Sha256::of(&one).to_string()).await.expect(200);
    let as_binary = |bytes: &[u8]| json!({"value": Sha256::of(bytes), "as": "binary"});
    let refused = move_with(&api, &acme, as_binary(&one)).await;
    refused.expect_problem(409, "binary_kind_fixed");
    api.move_to_repository(&acme, &Sha256::of(&one).to_string()).await.expect(200);
    assert_eq!(describe(&api, &acme, &one).await.json()["kind"], "package");
    for body in [as_binary(&two), as_binary(&two), json!({"value": Sha256::of(&two)})] {
        move_with(&api, &acme, body).await.expect(200);
        assert_eq!(describe(&api, &acme, &two).await.json()["kind"], "binary");
    }
    post(&api, &acme, BYTES, FIRMWARE).await.expect(201);
    move_with(&api, &acme, as_binary(FIRMWARE)).await.expect(200);
    move_with(&api, &acme, as_binary(FIRMWARE)).await.expect(200);
}

#[tokio::test]
async fn a_package_is_recognised_and_offered_by_no_check() {
    let api = Api::start().await;
    let acme = api.tenant("acme").await;
    api.create_device_type(&acme, "kettle").await;
    let plain = api.image(&acme, 3, "1.0", FIRMWARE).await;
    api.associate(&acme, "kettle", &plain, "release").await.expect(201);
    let bytes = package(b"an application");
    let packaged = api.image(&acme, 3, "2.0", &bytes).await;
    assert_eq!(packaged["md5"], md5_of(&bytes));
    api.associate(&acme, "kettle", &packaged, "release").await.expect(201);
    let number = plain["versionNumber"].as_str().unwrap().to_owned();
    assert_eq!(api.offers("kettle", "2003=0").await, [(3, number)]);
}

#[tokio::test]
async fn a_damaged_package_is_refused_with_the_reason_and_stays_where_it_is() {
    let api = Api::start().await;
    let acme = api.tenant("acme").await;
    let (half, rest) = CONTROL.split_at(CONTROL.len() / 2);
    for (bytes, reason) in [
        (package_with(half, b"x"), "cut off"),
        (package_with(&[rest, half].concat(), b"y"), "no gzip file"),
        (package(b"z")[..150].to_vec(), "cut off"),
    ] {
        post(&api, &acme, BYTES, &bytes).await.expect(201);
        let digest = Sha256::of(&bytes).to_string();
        for _ in 0..2 {
            let refused = api.move_to_repository(&acme, &digest).await;
            let problem = refused.expect_problem(422, "package_malformed").json();
            assert!(problem["detail"].as_str().unwrap().contains(reason), "{problem}");
            assert!(!objects(&api).await.contains(&format!("repository/{digest}")));
            describe(&api, &acme, &bytes).await.expect_problem(404, "not_found");
        }
        move_with(&api, &acme, json!({"value": digest, "as": "binary"})).await.expect(200);
        assert_eq!(fetch(&api, &acme, &bytes).await, bytes);
    }
}

#[tokio::test]
async fn a_body_that_names_no_upload_is_refused() {
    let api = Api::start().await;
    let acme = api.tenant("acme").await;
    post(&api, &acme, BYTES, FIRMWARE).await.expect(201);
    let digest = Sha256::of(FIRMWARE).to_string();
    for (body, pointer) in [
        (json!({}), "/value"),
        (json!({"value": null}), "/value"),
        (json!({"value": digest[1..]}), "/value"),
        (json!({"value": 7}), "/value"),
        (json!({"value": format!("{}/repository/{digest}", api.server.base_url())}), "/value"),
        (json!({"value": digest, "as": "package"}), "/as"),
        (json!({"value": digest, "as": 1}), "/as"),
        (json!({"value": digest, "as": ""}), "/as"),
    ] {
        let problem = move_with(&api, &acme, body.clone()).await.expect_problem(422, "invalid_field").json();
        assert_eq!(problem["errors"][0]["pointer"], pointer, "{body}");
    }
    for (media, body, status, code) in [
        ("application/json", "{", 400, "malformed_json"),
        ("application/json", "7", 400, "malformed_json"),
        (BYTES, "{}", 415, "unsupported_media_type"),
    ] {
        let request = api.request("POST", &acme.path("/binaries/moveToRepository")).bearer_auth(&acme.write);
        let answer = api.send(request.header("content-type", media).body(body)).await;
        answer.expect_problem(status, code);
    }
    assert_eq!(objects(&api).await, [format!("staging/acme/{digest}")]);
    move_with(&api, &acme, json!({"value": digest, "as": null, "more": 1})).await.expect(200);
}
