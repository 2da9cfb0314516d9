//! The audit: what changes something is recorded once, with who, in which request, before and after; nothing else is.

mod list;

use std::collections::BTreeMap;

use serde_json::{Value, json};
use shared::store::audit::AuditRow;
use tests::api::{Answer, Api, Tenant};

use crate::operations::{Needs, Operation, World, all};

/// The audits of all who have one.
struct Books(BTreeMap<&'static str, Vec<AuditRow>>);

impl Books {
    async fn read(api: &Api) -> Self {
        let mut books = BTreeMap::new();
        for who in ["", "acme", "globex", "hooli", "initech", "newcomer"] {
            books.insert(who, api.audit(who).await);
        }
        Self(books)
    }

    /// What is in them and was not in `earlier`: whose audit, and the item.
    fn since(&self, earlier: &Self) -> Vec<(&'static str, AuditRow)> {
        let all = self.0.iter().flat_map(|(who, rows)| rows.iter().map(|row| (*who, row.clone())));
        all.filter(|(who, row)| !earlier.0[who].contains(row)).collect()
    }
}

/// What an operation of the table leaves: audit, action, subject, and whether there is a before and an after.
type Left = (&'static str, &'static str, String, bool, bool);

fn left_by(operation: &Operation, world: &World) -> Option<Left> {
    let path = operation.path.split('?').next().unwrap();
    let made = |action, subject: &str| Some(("acme", action, subject.to_owned(), false, true));
    let changed = |action, subject: &str| Some(("acme", action, subject.to_owned(), true, true));
    let gone = |action, subject: &str| Some(("acme", action, subject.to_owned(), true, false));
    match (operation.method, path) {
        ("POST", "/types") => made("type.created", "type/150"),
        ("PUT", "/types/105") => changed("type.updated", "type/105"),
        ("POST", "/pool") => made("image.registered", "105/3"),
        ("PUT", "/pool/types/105/versionNumbers/2") => changed("image.updated", "105/2"),
        ("DELETE", "/pool/types/105/versionNumbers/2") => gone("image.deleted", "105/2"),
        ("PUT", "/pool/types/3/versionNumbers/1/offers/initech") => made("image.offered", "3/1/initech"),
        ("DELETE", "/pool/types/3/versionNumbers/1/offers/hooli") => {
            gone("image.offer_withdrawn", "3/1/hooli")
        }
        ("POST", "/binaries/moveToRepository") => made("binary.moved", &format!("binary/{}", world.staged)),
        ("POST", "/deviceTypes") => made("deviceType.created", "deviceType/toaster"),
        ("PUT", "/deviceTypes/kettle") => changed("deviceType.updated", "deviceType/kettle"),
        ("DELETE", "/deviceTypes/unused") => gone("deviceType.deleted", "deviceType/unused"),
        ("POST", "/deviceTypes/spare/firmwareImages") => made("association.created", "spare/beta/105/1"),
        ("POST", "/deviceTypes/kettle/firmwareImages") => made("description.registered", "kettle/beta/4/1"),
        ("POST", path) if path.ends_with("/promote") => made("association.promoted", "kettle/alpha/3/1"),
        ("PUT", path) if path.ends_with("/rollout") => changed("rollout.set", "kettle/beta/3/1"),
        ("POST", path) if path.ends_with("/pause") => changed("rollout.paused", "kettle/beta/3/1"),
        ("POST", path) if path.ends_with("/resume") => changed("rollout.resumed", "kettle/beta/3/1"),
        ("POST", path) if path.ends_with("/withdraw") => changed("rollout.withdrawn", "kettle/release/3/1"),
        ("DELETE", path) if path.contains("/firmwareImages/") => {
            gone("association.removed", "kettle/beta/3/1")
        }
        ("POST", path) if path.ends_with("/rotate") => changed("deviceSecret.rotated", "deviceType/kettle"),
        ("PUT", "/deviceTypes/spare/firmwareImages/1003/push") => {
            made("association.pushed", "spare/release/3/1")
        }
        ("PATCH", "/deviceTypes/kettle/devices/SN-1") => changed("device.updated", "device/kettle/SN-1"),
        ("DELETE", "/deviceTypes/kettle/devices/SN-2") => gone("device.forgotten", "device/kettle/SN-2"),
        ("POST", "/deviceTypes/spare/stop") => changed("deviceType.stopped", "deviceType/spare"),
        ("DELETE", "/deviceTypes/spare/stop") => changed("deviceType.started", "deviceType/spare"),
        ("POST", "/stop") => made("partner.stopped", "partner/acme"),
        ("DELETE", "/stop") => gone("partner.started", "partner/acme"),
        ("POST", path) if path.ends_with("/approve") => made("association.created", "spare/guarded/105/1"),
        ("POST", path) if path.ends_with("/reject") => {
            changed("approval.rejected", &format!("approval/{}", world.proposals[1]))
        }
        ("PUT", "/feeds/field") => made("feed.created", "feed/field"),
        ("DELETE", "/feeds/lab") => gone("feed.deleted", "feed/lab"),
        ("POST", "/feeds/dev/devices") => made("access.granted", "access/dev/…"),
        ("DELETE", path) if path.starts_with("/feeds/dev/") => {
            gone("access.revoked", &format!("access/dev/{}", world.grant))
        }
        ("POST", path) if path.ends_with("/keys") => made("key.created", "key/…"),
        ("DELETE", path) if path.contains("/keys/") => {
            gone("key.revoked", &format!("key/{}", path.rsplit('/').next().unwrap()))
        }
        ("POST", "/v1/ota/admin/partners") => {
            Some(("newcomer", "partner.created", "partner/newcomer".to_owned(), false, true))
        }
        ("POST", "/v1/ota/admin/types") => Some(("", "type.created", "type/9".to_owned(), false, true)),
        ("PUT", "/v1/ota/admin/types/10") => Some(("", "type.updated", "type/10".to_owned(), true, true)),
        _ => None,
    }
}

async fn key_id(api: &Api, key: &str) -> String {
    api.get("/v1/ota/whoami", key).await.expect(200).json()["keyId"].as_str().unwrap().to_owned()
}

async fn scene() -> (Api, Tenant, World) {
    let api = Api::start().await;
    let acme = api.tenant("acme").await;
    api.tenant("globex").await;
    let world = World::make(&api, &acme).await;
    (api, acme, world)
}

#[tokio::test]
async fn every_change_leaves_one_item_that_says_who_what_and_how_it_was() {
    let (api, acme, world) = scene().await;
    let operations = all(&world);
    let (deleting, making): (Vec<_>, Vec<_>) = operations.iter().partition(|each| each.method == "DELETE");
    let mut books = Books::read(&api).await;
    let mut recorded = 0;
    for operation in making.into_iter().chain(deleting).filter(|each| each.needs != Needs::Nothing) {
        let name = operation.name();
        let by = if operation.needs == Needs::Operator { api.server.operator_key() } else { &acme.release };
        let answer = operation.send(&api, "acme", by).await;
        assert!((200..300).contains(&answer.status), "{name}: {}", answer.json());
        let after = Books::read(&api).await;
        let found = after.since(&books);
        books = after;
        let of_partner = found.iter().any(|(_, row)| row.action.starts_with("partner."));
        let fanned = |row: &AuditRow| of_partner && row.action.starts_with("deviceType.");
        let main: Vec<_> = found.iter().filter(|(_, row)| !is_consequence(row) && !fanned(row)).collect();
        let Some((whose, action, subject, had, has)) = left_by(operation, &world) else {
            assert!(found.is_empty(), "{name} left {found:#?}");
            continue;
        };
        let [(who, row)] = main.as_slice() else { panic!("{name} left {found:#?}") };
        assert_eq!((*who, row.action.as_str()), (whose, action), "{name}");
        let stem = subject.trim_end_matches('…');
        assert!(
            row.subject == subject || (stem != subject && row.subject.starts_with(stem)),
            "{name}: {row:?}"
        );
        assert_eq!((row.before.is_some(), row.after.is_some()), (had, has), "{name}: {row:?}");
        assert!(!had || !has || row.before != row.after, "{name}: {row:?}");
        assert!(row.at.millis() > 0);
        let actor = key_id(&api, by).await;
        for (_, row) in &found {
            assert_eq!(
                (row.actor.as_str(), row.request_id.as_str()),
                (&*actor, answer.header("x-request-id")),
                "{name}"
            );
        }
        recorded += 1;
    }
    assert_eq!(recorded, 40);
}

/// What a change entails beside its own item: manifests that are made again or go, and the end of a fan-out.
fn is_consequence(row: &AuditRow) -> bool {
    ["manifest.remade", "manifest.deleted", "repair.finished"].contains(&row.action.as_str())
}

#[tokio::test]
async fn what_is_refused_leaves_nothing() {
    let (api, acme, world) = scene().await;
    let globex = api.tenant("globex").await;
    let books = Books::read(&api).await;
    for operation in all(&world).iter().filter(|each| each.needs != Needs::Nothing) {
        let weaker = if operation.needs == Needs::Release { &acme.write } else { &acme.read };
        for (partner, key) in [("acme", &globex.release), ("acme", &String::new()), ("globex", &acme.release)]
        {
            operation.send(&api, partner, key).await;
        }
        if [Needs::Write, Needs::Release, Needs::Operator].contains(&operation.needs) {
            operation.send(&api, "acme", weaker).await.expect(403);
        }
    }
    for (path, body) in [
        ("/types", json!({"name": "AGAIN", "type": 105})),
        ("/types", json!({"name": "", "type": 300})),
        ("/pool", json!({"name": "image 105", "type": 105, "version": "1", "url": ""})),
        ("/deviceTypes", json!({"deviceTypeId": "kettle", "name": "Again"})),
        ("/deviceTypes/kettle/firmwareImages", json!({"type": 3, "versionNumber": 1})),
        ("/deviceTypes/kettle/firmwareImages", json!({"type": 105, "versionNumber": 2})),
    ] {
        let answer = api.call("POST", &acme.path(path), &acme.release, body).await;
        assert!((400..500).contains(&answer.status), "{path}: {}", answer.status);
    }
    let found = Books::read(&api).await.since(&books);
    assert!(found.iter().all(|(_, row)| row.action == "key.created" && row.actor != "x"), "{found:#?}");
    assert!(found.is_empty(), "{found:#?}");
}

#[tokio::test]
async fn doing_again_what_is_done_leaves_nothing() {
    let (api, acme, world) = scene().await;
    let repeated = [
        ("PUT", "/feeds/lab".to_owned(), Value::Null),
        ("PUT", "/types/105".to_owned(), json!({"name": "TYPE 105"})),
        ("PUT", "/pool/types/3/versionNumbers/1/offers/hooli".to_owned(), Value::Null),
        (
            "POST",
            "/feeds/dev/devices".to_owned(),
            json!({"hexSha1": "0123456789abcdef0123456789abcdef01234567"}),
        ),
        ("POST", "/binaries/moveToRepository".to_owned(), json!({"value": world.owned})),
    ];
    let record = api.get(&acme.path("/pool/types/3/versionNumbers/1"), &acme.read).await.json();
    let books = Books::read(&api).await;
    for (method, path, body) in repeated {
        let answer = api.call(method, &acme.path(&path), &acme.release, body).await;
        assert!((200..300).contains(&answer.status), "{path}: {}", answer.json());
    }
    api.call("PUT", &api.record_path(&acme, &record), &acme.release, record.clone()).await.expect(204);
    assert_eq!(Books::read(&api).await.since(&books), Vec::new());
}

async fn exchanged(api: &Api, key: &str) -> Answer {
    let form =
        format!("grant_type=client_credentials&client_id={}&client_secret={key}", key_id(api, key).await);
    let request = api.request("POST", "/oauth/token").body(form);
    api.send(request.header("content-type", "application/x-www-form-urlencoded")).await.expect(200)
}

#[tokio::test]
async fn a_bearer_is_recorded_under_its_key_and_acts_under_its_own_name() {
    let (api, acme, _) = scene().await;
    let books = Books::read(&api).await;
    let answer = exchanged(&api, &acme.write).await;
    let found = Books::read(&api).await.since(&books);
    let [("acme", row)] = found.as_slice() else { panic!("{found:#?}") };
    let parent = key_id(&api, &acme.write).await;
    assert_eq!((row.action.as_str(), &row.actor), ("key.exchanged", &parent));
    assert_eq!(row.request_id, answer.header("x-request-id"));
    let token = answer.json()["access_token"].as_str().unwrap().to_owned();
    let books = Books::read(&api).await;
    api.call("PUT", &acme.path("/feeds/field"), &token, Value::Null).await.expect(204);
    let found = Books::read(&api).await.since(&books);
    assert_eq!(found[0].1.actor, key_id(&api, &token).await);
    assert!(found[0].1.actor.starts_with(&parent) && found[0].1.actor != parent);
}

#[tokio::test]
async fn no_secret_is_ever_in_the_audit() {
    let (api, acme, _) = scene().await;
    exchanged(&api, &acme.release).await;
    let mut text = String::new();
    for who in ["", "acme", "globex"] {
        text.push_str(&serde_json::to_string(&json!(format!("{:?}", api.audit(who).await))).unwrap());
    }
    for secret in ["otak1_", "otab1_", "0123456789abcdef0123456789abcdef01234567"] {
        assert!(!text.contains(secret), "{secret}");
    }
}

#[tokio::test]
async fn associations_that_a_registration_asked_for_are_recorded_when_they_are_made() {
    let (api, acme, _) = scene().await;
    let body = json!({"name": "wished", "type": 3, "version": "1", "url": "",
        "associations": {"acme": ["spare", "unused"], "globex": []}});
    let mut record = api.call("POST", &acme.path("/pool"), &acme.release, body).await.expect(201).json();
    record["url"] = api.upload(&acme, b"wished").await.into();
    let books = Books::read(&api).await;
    api.call("PUT", &api.record_path(&acme, &record), &acme.release, record.clone()).await.expect(204);
    let found = Books::read(&api).await.since(&books);
    let [("acme", row)] = found.as_slice() else { panic!("{found:#?}") };
    let (before, after) = (row.before.as_ref().unwrap(), row.after.as_ref().unwrap());
    assert_eq!((&before["sealed"], &after["sealed"]), (&json!(false), &json!(true)));
    assert_eq!(after["associated"], json!(["spare", "unused"]));
    assert_eq!(after["offered"], json!(["globex"]));
}

#[tokio::test]
async fn an_edit_that_reaches_manifests_records_each_of_them() {
    let (api, acme, _) = scene().await;
    let mut record = api.get(&acme.path("/pool/types/3/versionNumbers/1"), &acme.read).await.json();
    record["name"] = "renamed".into();
    let books = Books::read(&api).await;
    api.call("PUT", &api.record_path(&acme, &record), &acme.release, record.clone()).await.expect(204);
    let found = Books::read(&api).await.since(&books);
    let mut actions: Vec<_> =
        found.iter().map(|(who, row)| format!("{who} {} {}", row.action, row.subject)).collect();
    actions.sort();
    assert_eq!(
        actions[1..],
        [
            "acme image.updated 3/1",
            "acme manifest.remade kettle/beta",
            "acme manifest.remade kettle/release",
            "acme manifest.remade spare/release"
        ]
    );
    assert!(actions[0].starts_with(" repair.finished"), "{actions:?}");
    let change = found.iter().find(|(_, row)| row.action == "image.updated").map(|(_, row)| row).unwrap();
    assert_eq!(change.before.as_ref().unwrap()["name"], "image 3");
    assert_eq!(change.after.as_ref().unwrap()["name"], "renamed");
}
