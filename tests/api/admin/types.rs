//! `POST|PUT /v1/ota/admin/types`: platform types 9 to 100.

use serde_json::{Value, json};
use tests::api::Api;

use super::admin;

#[tokio::test]
async fn a_platform_type_is_there_for_every_partner() {
    let api = Api::start().await;
    let (acme, bolt) = (api.tenant("acme").await, api.tenant("bolt").await);
    let image = json!({"name": "radio", "type": 9, "version": "1", "url": ""});
    let early = api.call("POST", &acme.path("/pool"), &acme.write, image.clone()).await;
    early.expect_problem(422, "type_unknown");
    let body = json!({"name": "RADIO", "description": "868 MHz", "type": 9, "id": "ignored"});
    let made = admin(&api, "POST", "/types", body.clone()).await.expect(201).json();
    insta::assert_json_snapshot!(made, {".createdTimestamp" => "[time]", ".updatedTimestamp" => "[time]"}, @r#"
    {
      "createdTimestamp": "[time]",
      "description": "868 MHz",
      "id": "9",
      "name": "RADIO",
      "type": 9,
      "updatedTimestamp": "[time]",
      "versionAttributeId": 2009
    }
    "#);
    for tenant in [&acme, &bolt] {
        let seen = api.get(&tenant.path("/types/9"), &tenant.read).await.expect(200).json();
        assert_eq!((&seen[0]["name"], &seen[0]["partnerId"]), (&json!("RADIO"), &json!(tenant.id)));
        let all = api.get(&tenant.path("/types"), &tenant.read).await.json();
        let numbers: Vec<_> =
            all.as_array().unwrap().iter().map(|each| each["type"].as_u64().unwrap()).collect();
        assert_eq!(numbers, [1, 2, 3, 4, 5, 6, 7, 8, 9]);
    }
    admin(&api, "POST", "/types", body).await.expect_problem(409, "type_exists");
    api.call("POST", &acme.path("/pool"), &acme.write, image).await.expect(201);
}

#[tokio::test]
async fn platform_types_are_9_to_100() {
    let api = Api::start().await;
    let acme = api.tenant("acme").await;
    for number in [json!(9), json!("10"), json!(100)] {
        admin(&api, "POST", "/types", json!({"name": "N", "type": number})).await.expect(201);
    }
    for number in [
        json!(-1),
        json!(0),
        json!(1),
        json!(8),
        json!(101),
        json!(200),
        json!(201),
        json!(9.5),
        json!("x"),
        json!(true),
    ] {
        let refused = admin(&api, "POST", "/types", json!({"name": "N", "type": number})).await;
        let refused = refused.expect_problem(422, "invalid_field").json();
        assert_eq!(refused["errors"][0]["pointer"], "/type", "{number}");
    }
    let all = api.get(&acme.path("/types"), &acme.read).await.json();
    assert_eq!(all.as_array().unwrap().len(), 11);
    let partners =
        api.call("POST", &acme.path("/types"), &acme.write, json!({"name": "N", "type": 11})).await;
    partners.expect_problem(422, "invalid_field");
}

#[tokio::test]
async fn a_rename_reaches_partners_and_what_devices_are_told() {
    let api = Api::start().await;
    let acme = api.tenant("acme").await;
    admin(&api, "POST", "/types", json!({"name": "RADIO", "type": 9, "description": "x"})).await.expect(201);
    api.create_device_type(&acme, "kettle").await;
    let record = api.image(&acme, 9, "1.0", b"radio").await;
    api.associate(&acme, "kettle", &record, "release").await.expect(201);
    for _ in 0..2 {
        admin(&api, "PUT", "/types/9", json!({"name": "WIRELESS", "type": 10})).await.expect(204);
        let seen = api.get(&acme.path("/types/9"), &acme.read).await.json();
        assert_eq!((&seen[0]["name"], &seen[0]["type"]), (&json!("WIRELESS"), &json!(9)));
        assert!(seen[0].get("description").is_none(), "{seen}");
        let check = api.check("kettle", "2009=0").await.expect(200).json();
        assert_eq!(check["updates"][0]["typeName"], "WIRELESS");
    }
    let own = api.call("PUT", &acme.path("/types/9"), &acme.release, json!({"name": "MINE"})).await;
    own.expect_problem(403, "platform_type");
}

#[tokio::test]
async fn built_in_and_unknown_types_are_not_renamed() {
    let api = Api::start().await;
    let acme = api.tenant("acme").await;
    api.create_type(&acme, 105).await;
    let before = api.get(&acme.path("/types"), &acme.read).await.json();
    for number in ["1", "8", "9", "100", "101", "105"] {
        let answer = admin(&api, "PUT", &format!("/types/{number}"), json!({"name": "N"})).await;
        answer.expect_problem(404, "not_found");
    }
    for number in ["0", "201", "-1", "x", "9.0"] {
        let answer = admin(&api, "PUT", &format!("/types/{number}"), json!({"name": "N"})).await;
        answer.expect_problem(400, "invalid_parameter");
    }
    assert_eq!(api.get(&acme.path("/types"), &acme.read).await.json(), before);
}

#[tokio::test]
async fn names_and_descriptions_have_limits() {
    let api = Api::start().await;
    admin(&api, "POST", "/types", json!({"name": "RADIO", "type": 9})).await.expect(201);
    for (field, value) in [
        ("name", json!("é".repeat(36))),
        ("name", json!("a%b")),
        ("name", json!(" a")),
        ("name", Value::Null),
        ("description", json!("d".repeat(501))),
        ("description", json!(1)),
    ] {
        let mut body = json!({"name": "N", "type": 10, "description": "d"});
        body[field] = value;
        for (method, path) in [("POST", "/types"), ("PUT", "/types/9")] {
            let problem =
                admin(&api, method, path, body.clone()).await.expect_problem(422, "invalid_field").json();
            assert_eq!(problem["errors"][0]["pointer"], format!("/{field}"), "{body}");
        }
    }
    let longest = json!({"name": "é".repeat(35), "type": 10, "description": "d".repeat(500)});
    admin(&api, "POST", "/types", longest.clone()).await.expect(201);
    admin(&api, "PUT", "/types/9", longest).await.expect(204);
    admin(&api, "POST", "/types", json!("x")).await.expect_problem(400, "malformed_json");
    admin(&api, "PUT", "/types/9", json!(1)).await.expect_problem(400, "malformed_json");
}
