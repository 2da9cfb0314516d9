//! Tenancy and rights, for every operation there is: who is refused how, and that nothing changes by it.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use shared::domain::key::{KeyKind, KeyText};
use tests::api::{Answer, Api, Tenant};
use tests::table::Dump;

use crate::operations::{Needs, Operation, World, all, mounted};

/// The one operation that no authorizer stands before, as devices call it.
const CHECK: &str = "/v1/ota/deviceTypes/{deviceTypeId}/eligibility";

/// A service with acme's things in it, another partner, and the table as it was before anything was refused.
struct Scene {
    api: Api,
    acme: Tenant,
    globex: Tenant,
    operations: Vec<Operation>,
    before: Dump,
}

impl Scene {
    async fn set() -> Self {
        let api = Api::start().await;
        let (acme, globex) = (api.tenant("acme").await, api.tenant("globex").await);
        let world = World::make(&api, &acme).await;
        let before = api.dump().await;
        Self { operations: all(&world), api, acme, globex, before }
    }

    /// Sends every operation that `which` picks with `key` and hands each answer to `expect`; nothing may change.
    async fn refuse(
        &self,
        key: &str,
        which: impl Fn(&Operation) -> bool,
        expect: impl Fn(Answer, &Operation),
    ) {
        let mut sent = 0;
        for operation in self.operations.iter().filter(|operation| which(operation)) {
            expect(operation.send(&self.api, "acme", key).await, operation);
            sent += 1;
            let changed = self.before.difference(&self.api.dump().await);
            assert!(changed.is_empty(), "{} changed {changed:?}", operation.name());
        }
        assert!(sent > 0);
    }
}

fn refused(status: u16, code: &'static str) -> impl Fn(Answer, &Operation) {
    move |answer, operation| {
        assert_eq!((answer.status, answer.code().as_str()), (status, code), "{}", operation.name());
        answer.expect_problem(status, code);
    }
}

#[test]
fn every_route_of_every_router_is_in_the_table() {
    let known =
        all(&World::default()).into_iter().map(|each| (each.method.to_owned(), each.route.to_owned()));
    let mut known: BTreeSet<_> = known.collect();
    known.insert(("GET".to_owned(), CHECK.to_owned()));
    let mounted = mounted();
    assert!(mounted.len() > 40, "{mounted:?}");
    let missing: Vec<_> = mounted.difference(&known).collect();
    assert!(missing.is_empty(), "not in operations.rs: {missing:#?}");
    let gone: Vec<_> = known.difference(&mounted).collect();
    assert!(gone.is_empty(), "in operations.rs and in no router: {gone:#?}");
}

#[tokio::test]
async fn every_operation_of_the_table_succeeds_with_the_right_it_needs() {
    let scene = Scene::set().await;
    let mut before = scene.before;
    let (deleting, making): (Vec<_>, Vec<_>) =
        scene.operations.iter().partition(|each| each.method == "DELETE");
    for operation in making.into_iter().chain(deleting) {
        let key = match operation.needs {
            Needs::Read | Needs::AnyKey => &scene.acme.read,
            Needs::Write => &scene.acme.write,
            Needs::Release => &scene.acme.release,
            Needs::Operator => scene.api.server.operator_key(),
            Needs::Nothing => continue,
        };
        let answer = operation.send(&scene.api, "acme", key).await;
        assert!((200..300).contains(&answer.status), "{}: {}", operation.name(), answer.json());
        let shows = [
            "/binaries",
            "/deviceTypes/kettle/deviceTokens",
            "/deviceTypes/kettle/deviceSecret",
            "/deviceTypes/kettle/explain",
        ];
        let reads = operation.method == "GET" || shows.contains(&operation.path.as_str());
        let after = scene.api.dump().await;
        let changed = before.difference(&after);
        assert_eq!(changed.is_empty(), reads, "{}: {changed:?}", operation.name());
        before = after;
    }
}

#[tokio::test]
async fn another_partners_key_finds_nothing_and_changes_nothing() {
    let scene = Scene::set().await;
    for key in [&scene.globex.read, &scene.globex.write, &scene.globex.release] {
        scene.refuse(key, Operation::is_of_partner, refused(404, "not_found")).await;
    }
}

#[tokio::test]
async fn another_partners_things_are_not_found_on_ones_own_path_either() {
    let scene = Scene::set().await;
    let names_something = |operation: &Operation| {
        let creates =
            ["/types", "/pool", "/keys", "/deviceTypes", "/binaries"].contains(&operation.path.as_str());
        let own = creates
            || ["/tags", "/feeds", "/feeds/dev/devices", "/feeds/field", "/stop"]
                .contains(&operation.path.as_str())
            || ["/audit", "/approvals?"].iter().any(|list| operation.path.starts_with(list));
        let answers_anyway = operation.path.ends_with("/exists") || operation.path == "/pool/types/105";
        operation.is_of_partner() && !own && !answers_anyway
    };
    let mut tried = 0;
    for operation in scene.operations.iter().filter(|operation| names_something(operation)) {
        let answer = operation.send(&scene.api, "globex", &scene.globex.release).await;
        let code = answer.code();
        assert!(answer.status == 404, "{}: {} {code}", operation.name(), answer.status);
        assert!(["not_found", "upload_missing"].contains(&code.as_str()), "{}: {code}", operation.name());
        tried += 1;
    }
    assert!(tried > 20, "{tried}");
    let changed = scene.before.difference(&scene.api.dump().await);
    assert!(changed.is_empty(), "{changed:?}");
}

#[tokio::test]
async fn a_weaker_key_is_refused_and_changes_nothing() {
    let scene = Scene::set().await;
    let needs = |needs: &'static [Needs]| move |operation: &Operation| needs.contains(&operation.needs);
    let own = &scene.acme;
    scene.refuse(&own.read, needs(&[Needs::Write, Needs::Release]), refused(403, "right_missing")).await;
    scene.refuse(&own.write, needs(&[Needs::Release]), refused(403, "right_missing")).await;
}

#[tokio::test]
async fn a_write_key_does_not_reach_the_release_feed() {
    let scene = Scene::set().await;
    let image = "/deviceTypes/kettle/firmwareImages/types/3/versionNumbers/1";
    let intents =
        json!({"name": "n", "type": 105, "version": "9", "url": "", "associations": {"acme": ["kettle"]}});
    let description = json!({"name": "d", "type": 4, "version": "1", "url": ""});
    for (method, path, body) in [
        ("POST", "/pool", intents),
        ("POST", "/deviceTypes/kettle/firmwareImages", description),
        ("PUT", "/pool/types/3/versionNumbers/1", json!({"name": "other", "version": "1", "url": ""})),
        ("POST", "/deviceTypes/spare/firmwareImages", json!({"type": 105, "versionNumber": "1"})),
        (
            "POST",
            "/deviceTypes/spare/firmwareImages",
            json!({"type": 105, "versionNumber": "1", "feed": "release"}),
        ),
        ("DELETE", image, Value::Null),
        ("DELETE", &format!("{image}?feed=release"), Value::Null),
        ("POST", &format!("{image}/promote"), json!({"from": "beta", "to": "release"})),
    ] {
        let answer = scene.api.call(method, &scene.acme.path(path), &scene.acme.write, body).await;
        assert_eq!(answer.code(), "right_missing", "{method} {path}");
        answer.expect_problem(403, "right_missing");
    }
    let changed = scene.before.difference(&scene.api.dump().await);
    assert!(changed.is_empty(), "{changed:?}");
}

#[tokio::test]
async fn an_operators_key_opens_no_partners_path() {
    let scene = Scene::set().await;
    let key = scene.api.server.operator_key();
    scene.refuse(key, Operation::is_of_partner, refused(404, "not_found")).await;
}

#[tokio::test]
async fn a_partners_key_opens_no_admin_path() {
    let scene = Scene::set().await;
    let admin = |operation: &Operation| operation.needs == Needs::Operator;
    for key in [&scene.acme.read, &scene.acme.write, &scene.acme.release, &scene.globex.release] {
        scene.refuse(key, admin, refused(403, "right_missing")).await;
    }
}

#[tokio::test]
async fn a_bearer_has_its_keys_rights_and_no_way_to_keys() {
    let scene = Scene::set().await;
    let who = scene.api.get("/v1/ota/whoami", &scene.acme.release).await.expect(200).json();
    let form = format!(
        "grant_type=client_credentials&client_id={}&client_secret={}",
        who["keyId"].as_str().unwrap(),
        scene.acme.release
    );
    let request = scene.api.request("POST", "/oauth/token").body(form);
    let request = request.header("content-type", "application/x-www-form-urlencoded");
    let bearer =
        scene.api.send(request).await.expect(200).json()["access_token"].as_str().unwrap().to_owned();
    scene.api.get(&scene.acme.path("/pool"), &bearer).await.expect(200);
    let body = json!({"rights": ["read"], "label": "from a bearer"});
    scene
        .api
        .call("POST", &scene.acme.path("/keys"), &bearer, body)
        .await
        .expect_problem(403, "right_missing");
    let admin = |operation: &Operation| operation.needs == Needs::Operator;
    let scene = Scene { before: scene.api.dump().await, ..scene };
    scene.refuse(&bearer, admin, refused(403, "right_missing")).await;
}

#[tokio::test]
async fn no_key_is_answered_before_anything_else() {
    let scene = Scene::set().await;
    scene.refuse("", |operation| operation.needs != Needs::Nothing, refused(401, "key_missing")).await;
}

#[tokio::test]
async fn a_mistyped_key_is_called_malformed() {
    let scene = Scene::set().await;
    let mut mistyped = scene.acme.release.clone();
    let last = mistyped.pop().unwrap();
    mistyped.push(if last == 'A' { 'B' } else { 'A' });
    let behind = |operation: &Operation| operation.needs != Needs::Nothing;
    scene.refuse(&mistyped, behind, refused(401, "key_malformed")).await;
    scene.refuse("otak1_short", behind, refused(401, "key_malformed")).await;
}

#[tokio::test]
async fn an_expired_key_opens_nothing_and_says_so() {
    let scene = Scene::set().await;
    let now = scene.api.server.clock().now().millis();
    let body = json!({"rights": ["release"], "label": "short-lived", "expiresTimestamp": now + 60_000});
    let made =
        scene.api.call("POST", &scene.acme.path("/keys"), &scene.acme.release, body).await.expect(201).json();
    let key = made["key"].as_str().unwrap();
    scene.api.get(&scene.acme.path("/pool"), key).await.expect(200);
    scene.api.server.clock().shift(60_001);
    let scene = Scene { before: scene.api.dump().await, ..scene };
    let behind = |operation: &Operation| operation.needs != Needs::Nothing;
    scene.refuse(key, behind, refused(401, "key_expired")).await;
}

#[tokio::test]
async fn a_revoked_key_opens_nothing_from_that_moment_on() {
    let scene = Scene::set().await;
    let who = scene.api.get("/v1/ota/whoami", &scene.acme.write).await.expect(200).json();
    let path = scene.acme.path(&format!("/keys/{}", who["keyId"].as_str().unwrap()));
    scene.api.call("DELETE", &path, &scene.acme.release, Value::Null).await.expect(204);
    let scene = Scene { before: scene.api.dump().await, ..scene };
    let behind = |operation: &Operation| operation.needs != Needs::Nothing;
    scene.refuse(&scene.acme.write, behind, refused(401, "key_revoked")).await;
    let never_made = KeyText::new(KeyKind::Key, [7; 32]);
    scene.refuse(never_made.reveal(), behind, refused(401, "key_revoked")).await;
}

#[tokio::test]
async fn a_partner_that_does_not_exist_is_not_found_with_any_key() {
    let scene = Scene::set().await;
    for operation in scene.operations.iter().filter(|operation| operation.is_of_partner()) {
        for key in [&scene.acme.release, scene.api.server.operator_key()] {
            let answer = operation.send(&scene.api, "nobody", key).await;
            refused(404, "not_found")(answer, operation);
        }
    }
    let changed = scene.before.difference(&scene.api.dump().await);
    assert!(changed.is_empty(), "{changed:?}");
}

#[tokio::test]
async fn a_check_needs_no_key_and_heeds_none() {
    let scene = Scene::set().await;
    let path = "/v1/ota/deviceTypes/kettle/eligibility?2003=0";
    let bare = scene.api.get(path, "").await.expect(200);
    for key in [scene.globex.release.as_str(), scene.api.server.operator_key(), "nonsense"] {
        assert_eq!(scene.api.get(path, key).await.expect(200).bytes, bare.bytes);
    }
    let changed = scene.before.difference(&scene.api.dump().await);
    assert!(changed.is_empty(), "{changed:?}");
}
