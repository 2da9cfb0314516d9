//! `POST /deviceTypes`.

use serde_json::{Value, json};
use tests::api::{Answer, Api, Tenant};

use crate::kettle::{pointers, snapshot};

async fn create(api: &Api, tenant: &Tenant, body: Value) -> Answer {
    api.call("POST", &tenant.path("/deviceTypes"), &tenant.write, body).await
}

async fn ids(api: &Api, tenant: &Tenant) -> Vec<String> {
    let all = api.get(&tenant.path("/deviceTypes"), &tenant.read).await.expect(200).json();
    all.as_array().unwrap().iter().map(|each| each["deviceTypeId"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn a_device_type_is_what_was_asked_for_and_is_read_back() {
    let api = Api::start().await;
    let acme = api.tenant("acme").await;
    let body = json!({
        "deviceTypeId": "tenderloin", "name": "Tablet", "description": "of 2011\nand later",
        "architecture": "armv7a-neon", "associations": 7, "partnerId": "other", "unknown": {"field": []},
    });
    let made = create(&api, &acme, body).await.expect(201);
    assert_eq!(made.header("content-type"), "application/json");
    assert_eq!(made.header("cache-control"), "no-store");
    snapshot!(made.json());
    let read = api.get(&acme.path("/deviceTypes/tenderloin"), &acme.read).await.expect(200);
    assert_eq!(read.json(), made.json());
}

#[tokio::test]
async fn description_and_architecture_may_be_left_out() {
    let api = Api::start().await;
    let acme = api.tenant("acme").await;
    for (id, body) in [
        ("a", json!({"deviceTypeId": "a", "name": "A"})),
        ("b", json!({"deviceTypeId": "b", "name": "A", "description": null, "architecture": null})),
    ] {
        let made = create(&api, &acme, body).await.expect(201).json();
        assert_eq!((&made["deviceTypeId"], &made["architecture"]), (&json!(id), &json!("all")), "{made}");
        assert!(made.get("description").is_none(), "{made}");
    }
}

#[tokio::test]
async fn a_new_device_type_has_every_feed_of_its_partner_empty_from_the_start() {
    let api = Api::start().await;
    let acme = api.tenant("acme").await;
    api.call("PUT", &acme.path("/feeds/nightly"), &acme.write, Value::Null).await.expect(204);
    api.create_device_type(&acme, "kettle").await;
    for feed in ["alpha", "beta", "release", "nightly"] {
        let body = api.check("kettle", &format!("feed={feed}&2105=0")).await.expect(200).json();
        assert_eq!((&body["feed"], &body["updates"]), (&json!(feed), &json!([])));
    }
    api.check("kettle", "feed=weekly").await.expect_problem(404, "not_found");
}

#[tokio::test]
async fn an_id_is_a_slug_of_1_to_63_characters() {
    let api = Api::start().await;
    let acme = api.tenant("acme").await;
    let (longest, too_long) = ("a".repeat(63), "a".repeat(64));
    for id in ["a", "0", "a-", "0-9", "v1", longest.as_str()] {
        create(&api, &acme, json!({"deviceTypeId": id, "name": "x"})).await.expect(201);
    }
    let before = ids(&api, &acme).await;
    for id in ["", "-a", "A", "a_b", "a.b", "a b", "a/b", "é", "a\n", "a%62", too_long.as_str()] {
        let refused = create(&api, &acme, json!({"deviceTypeId": id, "name": "x"})).await;
        assert_eq!(pointers(&refused.expect_problem(422, "invalid_field")), ["/deviceTypeId"], "{id:?}");
    }
    for id in [json!(5), json!(true), json!(["a"]), json!({})] {
        let refused = create(&api, &acme, json!({"deviceTypeId": id, "name": "x"})).await;
        assert_eq!(pointers(&refused.expect_problem(422, "invalid_field")), ["/deviceTypeId"], "{id}");
    }
    assert_eq!(ids(&api, &acme).await, before);
}

#[tokio::test]
async fn all_faults_of_a_body_are_told_at_once() {
    let api = Api::start().await;
    let acme = api.tenant("acme").await;
    let none = create(&api, &acme, json!({})).await.expect_problem(422, "invalid_field");
    assert_eq!(pointers(&none), ["/deviceTypeId", "/name"]);
    let body = json!({
        "deviceTypeId": "K", "name": "n".repeat(36), "description": "d".repeat(501), "architecture": "ARM",
    });
    let all = create(&api, &acme, body).await.expect_problem(422, "invalid_field");
    snapshot!(all.json());
    assert_eq!(ids(&api, &acme).await, [""; 0]);
}

#[tokio::test]
async fn names_descriptions_and_architectures_have_their_limits() {
    let api = Api::start().await;
    let acme = api.tenant("acme").await;
    let whole = json!({
        "deviceTypeId": "k", "name": "ж".repeat(35), "description": "é".repeat(500), "architecture": "a".repeat(35),
    });
    create(&api, &acme, whole).await.expect(201);
    for (field, value) in [
        ("name", json!("")),
        ("name", json!("a/b")),
        ("name", json!("a\u{7}b")),
        ("name", json!(1)),
        ("description", json!("d".repeat(501))),
        ("description", json!("a\0b")),
        ("description", json!(["a"])),
        ("architecture", json!("")),
        ("architecture", json!("_a")),
        ("architecture", json!("x/y")),
        ("architecture", json!("a".repeat(36))),
        ("architecture", json!(32)),
    ] {
        let mut body = json!({"deviceTypeId": "bad", "name": "x"});
        body[field] = value.clone();
        let refused = create(&api, &acme, body).await.expect_problem(422, "invalid_field");
        assert_eq!(pointers(&refused), [format!("/{field}")], "{field} {value}");
    }
    assert_eq!(ids(&api, &acme).await, ["k"]);
}

#[tokio::test]
async fn a_body_that_is_no_json_object_is_refused() {
    let api = Api::start().await;
    let acme = api.tenant("acme").await;
    for body in ["", "{", "[]", "null", "\"kettle\"", "{\"name\": \"\u{0}\"", "{}x"] {
        let request = api.request("POST", &acme.path("/deviceTypes")).bearer_auth(&acme.write);
        let request = request.header("content-type", "application/json").body(body);
        api.send(request).await.expect_problem(400, "malformed_json");
    }
    let request = api.request("POST", &acme.path("/deviceTypes")).bearer_auth(&acme.write);
    let request = request.header("content-type", "text/plain").body(r#"{"deviceTypeId":"a","name":"A"}"#);
    api.send(request).await.expect_problem(415, "unsupported_media_type");
    let huge = json!({"deviceTypeId": "a", "name": "A", "padding": "x".repeat(256 << 10)});
    create(&api, &acme, huge).await.expect_problem(413, "body_too_large");
    assert_eq!(ids(&api, &acme).await, [""; 0]);
}

#[tokio::test]
async fn an_id_is_taken_for_everyone_and_its_owner_keeps_what_it_has() {
    let api = Api::start().await;
    let (acme, other) = (api.tenant("acme").await, api.tenant("other").await);
    api.create_device_type(&acme, "kettle").await;
    let before = api.get(&acme.path("/deviceTypes/kettle"), &acme.read).await.expect(200).json();
    for tenant in [&acme, &other] {
        let body = json!({"deviceTypeId": "kettle", "name": "mine"});
        let refused = create(&api, tenant, body).await.expect_problem(409, "device_type_taken");
        // Slugs are public by nature, but whose they are is not said.
        assert!(!String::from_utf8(refused.bytes).unwrap().contains("acme") || tenant.id == "acme");
    }
    let after = api.get(&acme.path("/deviceTypes/kettle"), &acme.read).await.expect(200).json();
    assert_eq!(after, before);
    assert_eq!(ids(&api, &other).await, [""; 0]);
}

#[tokio::test]
async fn of_two_partners_that_want_an_id_at_once_exactly_one_gets_it() {
    let api = Api::start().await;
    let (acme, other) = (api.tenant("acme").await, api.tenant("other").await);
    let body = json!({"deviceTypeId": "kettle", "name": "mine"});
    let (one, two) = tokio::join!(create(&api, &acme, body.clone()), create(&api, &other, body));
    let mut statuses = [one.status, two.status];
    statuses.sort_unstable();
    assert_eq!(statuses, [201, 409]);
    let (winner, loser) = if one.status == 201 { (acme, other) } else { (other, acme) };
    assert_eq!(ids(&api, &winner).await, ["kettle"]);
    assert_eq!(ids(&api, &loser).await, [""; 0]);
    api.get(&loser.path("/deviceTypes/kettle"), &loser.read).await.expect_problem(404, "not_found");
}

#[tokio::test]
async fn a_tombstone_is_revived_by_the_same_partner_alone() {
    let api = Api::start().await;
    let (acme, other) = (api.tenant("acme").await, api.tenant("other").await);
    api.create_device_type(&acme, "kettle").await;
    let path = acme.path("/deviceTypes/kettle");
    api.call("DELETE", &path, &acme.write, Value::Null).await.expect(204);

    let theirs = create(&api, &other, json!({"deviceTypeId": "kettle", "name": "stolen"})).await;
    theirs.expect_problem(409, "device_type_taken");
    api.get(&path, &acme.read).await.expect_problem(404, "not_found");
    api.check("kettle", "2105=0").await.expect_problem(404, "not_found");

    let body = json!({"deviceTypeId": "kettle", "name": "Kettle II", "architecture": "mips"});
    let revived = create(&api, &acme, body).await.expect(201).json();
    assert_eq!(api.get(&path, &acme.read).await.expect(200).json(), revived);
    assert_eq!((&revived["name"], &revived["architecture"]), (&json!("Kettle II"), &json!("mips")));
    assert_eq!(ids(&api, &acme).await, ["kettle"]);
    assert_eq!(api.offers("kettle", "2105=0").await, []);
    // And again taken, for both.
    for tenant in [&acme, &other] {
        let again = create(&api, tenant, json!({"deviceTypeId": "kettle", "name": "x"})).await;
        again.expect_problem(409, "device_type_taken");
    }
}
