//! `GET /types` and `GET /types/{type}`.

use serde_json::{Value, json};
use tests::api::{Api, Tenant};

use super::{create, without_id};
use crate::kettle::snapshot;

async fn list(api: &Api, tenant: &Tenant) -> Vec<Value> {
    let all = api.get(&tenant.path("/types"), &tenant.read).await.expect(200).json();
    all.as_array().unwrap().clone()
}

fn numbers(types: &[Value]) -> Vec<u64> {
    types.iter().map(|each| each["type"].as_u64().unwrap()).collect()
}

#[tokio::test]
async fn platform_types_come_first_then_the_partners_own_each_by_number() {
    let api = Api::start().await;
    let acme = api.tenant("acme").await;
    for number in [200, 101, 105] {
        api.create_type(&acme, number).await;
    }
    let all = list(&api, &acme).await;
    assert_eq!(numbers(&all), [1, 2, 3, 4, 5, 6, 7, 8, 101, 105, 200]);
    let shown =
        all.into_iter().map(|each| if each["type"].as_u64() > Some(100) { without_id(each) } else { each });
    snapshot!(shown.collect::<Value>());
}

#[tokio::test]
async fn a_type_of_the_operators_is_everyones_and_a_partners_own_is_not() {
    let api = Api::start().await;
    let (acme, other) = (api.tenant("acme").await, api.tenant("other").await);
    api.create_type(&acme, 105).await;
    let body = json!({"name": "RADIO", "type": 9});
    api.call("POST", "/v1/ota/admin/types", api.server.operator_key(), body).await.expect(201);

    assert_eq!(numbers(&list(&api, &acme).await), [1, 2, 3, 4, 5, 6, 7, 8, 9, 105]);
    assert_eq!(numbers(&list(&api, &other).await), [1, 2, 3, 4, 5, 6, 7, 8, 9]);
    for tenant in [&acme, &other] {
        let radio = api.get(&tenant.path("/types/9"), &tenant.read).await.expect(200).json();
        assert_eq!((&radio[0]["name"], &radio[0]["id"]), (&json!("RADIO"), &json!("9")));
    }
    api.get(&other.path("/types/105"), &other.read).await.expect_problem(404, "not_found");
}

#[tokio::test]
async fn one_type_is_an_array_of_one() {
    let api = Api::start().await;
    let acme = api.tenant("acme").await;
    let made =
        create(&api, &acme, json!({"name": "A", "type": 105, "description": "b"})).await.expect(201).json();
    assert_eq!(api.get(&acme.path("/types/105"), &acme.read).await.expect(200).json(), json!([made]));
    snapshot!(api.get(&acme.path("/types/4"), &acme.read).await.expect(200).json());
    // As the list shows it.
    for each in list(&api, &acme).await {
        let one =
            api.get(&acme.path(&format!("/types/{}", each["type"])), &acme.read).await.expect(200).json();
        assert_eq!(one, json!([each]));
    }
}

#[tokio::test]
async fn a_type_that_is_not_there_is_not_found() {
    let api = Api::start().await;
    let acme = api.tenant("acme").await;
    for number in [9, 100, 101, 105, 200] {
        let answer = api.get(&acme.path(&format!("/types/{number}")), &acme.read).await;
        answer.expect_problem(404, "not_found");
    }
}

#[tokio::test]
async fn a_number_that_can_be_no_type_is_an_invalid_parameter() {
    let api = Api::start().await;
    let acme = api.tenant("acme").await;
    for number in ["0", "201", "-1", "x", "01", "+1", "1.0", "65537", "9223372036854775808", "%FF"] {
        let path = acme.path(&format!("/types/{number}"));
        api.get(&path, &acme.read).await.expect_problem(400, "invalid_parameter");
        let body = json!({"name": "A"});
        api.call("PUT", &path, &acme.write, body).await.expect_problem(400, "invalid_parameter");
    }
}

#[tokio::test]
async fn other_methods_are_not_allowed() {
    let api = Api::start().await;
    let acme = api.tenant("acme").await;
    for (method, path, allowed) in [
        ("PUT", "/types", ["GET", "POST"]),
        ("DELETE", "/types", ["GET", "POST"]),
        ("POST", "/types/105", ["GET", "PUT"]),
        ("DELETE", "/types/105", ["GET", "PUT"]),
        ("PATCH", "/types/105", ["GET", "PUT"]),
    ] {
        let answer = api.call(method, &acme.path(path), &acme.write, json!({"name": "A", "type": 105})).await;
        let answer = answer.expect_problem(405, "method_not_allowed");
        for method in allowed {
            assert!(answer.header("allow").contains(method), "{}", answer.header("allow"));
        }
    }
}
