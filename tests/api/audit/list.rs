//! `GET …/audit`.

use serde_json::{Value, json};
use shared::domain::PartnerId;
use shared::store::{Audit, Tx};
use tests::api::Answer;

use crate::kettle::Kettle;

const DAY: i64 = 86_400_000;

impl Kettle {
    async fn audit_page(&self, query: &str) -> Answer {
        self.api.get(&self.acme.path(&format!("/audit?{query}")), &self.acme.release).await
    }

    /// All items that a query finds, page by page, and how many pages that took.
    async fn audited(&self, query: &str) -> (Vec<Value>, usize) {
        let (mut all, mut pages, mut token) = (Vec::new(), 0, String::new());
        loop {
            let page = self.audit_page(&format!("{query}{token}")).await.expect(200).json();
            all.extend(page["items"].as_array().unwrap().iter().cloned());
            pages += 1;
            let Some(next) = page["pageToken"].as_str() else { return (all, pages) };
            token = format!("&pageToken={next}");
        }
    }

    /// The same as `action subject`.
    async fn happened(&self, query: &str) -> Vec<String> {
        let text = |item: &Value| {
            format!("{} {}", item["action"].as_str().unwrap(), item["subject"].as_str().unwrap())
        };
        self.audited(query).await.0.iter().map(text).collect()
    }

    /// Leaves so many items of an action in acme's audit.
    pub(crate) async fn fill_audit(&self, count: usize, action: &'static str, subject: &str) {
        let (app, acme): (_, PartnerId) = (self.api.server.app(), "acme".parse().unwrap());
        for number in 0..count {
            let tx = Tx::new(&Audit {
                partner: Some(&acme),
                actor: "filling",
                request_id: &format!("filling-{number:04}"),
                at: app.clock.now(),
                action,
                subject: subject.to_owned(),
                before: None,
                after: None,
            });
            tx.commit(&app.store).await.unwrap();
        }
    }
}

/// A kettle with an image whose rollout was changed, a month after everything else.
async fn scene() -> (Kettle, i64) {
    let it = Kettle::start().await;
    let record = it.image_in("1.0", &["beta"]).await;
    it.api.server.clock().shift(45 * DAY);
    let later = it.api.server.clock().now().millis();
    it.api.server.clock().shift(1000);
    it.promote(&record, &it.acme.release, "beta", "release").await.expect(201);
    it.post_rollout(&record, "pause").await.expect(204);
    it.post_rollout(&record, "withdraw").await.expect(204);
    (it, later)
}

#[tokio::test]
async fn pages_hold_every_item_once_in_either_order_over_all_months() {
    let (it, later) = scene().await;
    let newest = it.happened("").await;
    assert_eq!(
        newest[..3],
        [
            "rollout.withdrawn kettle/release/105/1",
            "rollout.paused kettle/release/105/1",
            "association.promoted kettle/release/105/1"
        ]
    );
    let mut oldest = it.happened("order=asc").await;
    oldest.reverse();
    assert_eq!(oldest, newest);
    assert!(newest.contains(&"deviceType.created deviceType/kettle".to_owned()));
    for order in ["asc", "desc"] {
        let (items, pages) = it.audited(&format!("limit=2&order={order}")).await;
        assert_eq!(items.len(), newest.len());
        assert!(pages >= newest.len() / 2, "{pages}");
    }
    assert_eq!(it.happened(&format!("from={later}")).await, newest[..3]);
    assert_eq!(it.happened(&format!("to={later}")).await, newest[3..]);
    assert_eq!(it.happened(&format!("from={later}&to={later}")).await, [""; 0]);
    assert_eq!(it.happened("from=4102444800000").await, [""; 0]);
}

#[tokio::test]
async fn items_are_found_by_what_they_are_about() {
    let (it, _) = scene().await;
    let release = [
        "rollout.withdrawn kettle/release/105/1",
        "rollout.paused kettle/release/105/1",
        "association.promoted kettle/release/105/1",
    ];
    assert_eq!(it.happened("feed=release").await, release);
    assert_eq!(it.happened("deviceType=kettle&action=rollout").await, release[..2]);
    assert_eq!(it.happened("action=rollout.paused").await, release[1..2]);
    assert_eq!(it.happened("deviceType=toaster").await, [""; 0]);
    let image = it.happened("type=105&versionNumber=1&order=asc").await;
    assert_eq!(image.first().map(String::as_str), Some("image.registered 105/1"));
    assert_eq!(image.last().map(String::as_str), Some(release[0]));
    assert!(it.happened("type=105").await.contains(&"type.created type/105".to_owned()));
    let who = it.api.get("/v1/ota/whoami", &it.acme.write).await.json()["keyId"].as_str().unwrap().to_owned();
    let by_write = it.audited(&format!("actor={who}")).await.0;
    assert!(!by_write.is_empty());
    assert!(by_write.iter().all(|item| item["actor"] == json!({"kind": "key", "id": who})));
}

#[tokio::test]
async fn an_item_says_who_did_what_to_what_and_how_it_was() {
    let it = Kettle::start().await;
    let record = it.image_in("1.0", &["beta"]).await;
    let path = format!("{}/rollout?feed=beta", it.image_path(&record));
    let answer =
        it.api.call("PUT", &path, &it.acme.release, json!({"percent": 100, "floor": true})).await.expect(204);
    let who = it.api.get("/v1/ota/whoami", &it.acme.release).await.json()["keyId"].clone();
    let page = it.audit_page("limit=1").await.expect(200).json();
    let item = &page["items"][0];
    assert_eq!(item["atTimestamp"].as_i64(), Some(it.api.audit("acme").await.pop().unwrap().at.millis()));
    assert_eq!(item["actor"], json!({"kind": "key", "id": who}));
    assert_eq!(item["requestId"], answer.header("x-request-id"));
    for (name, expected) in [
        ("action", "rollout.set"),
        ("subject", "kettle/beta/105/1"),
        ("deviceTypeId", "kettle"),
        ("feed", "beta"),
        ("versionNumber", "1"),
    ] {
        assert_eq!(item[name], expected, "{name}");
    }
    assert_eq!(item["type"], 105);
    assert_eq!(
        (&item["before"]["105/1"]["state"], &item["before"]["105/1"]["floor"]),
        (&json!("released"), &json!(false))
    );
    assert_eq!(item["after"]["105/1"]["floor"], true);
}

#[tokio::test]
async fn what_keys_may_is_told_to_those_who_may_read_keys() {
    let it = Kettle::start().await;
    let wanted = json!({"rights": ["read"], "label": "for the wall"});
    it.api.call("POST", &it.acme.path("/keys"), &it.acme.release, wanted).await.expect(201);
    let path = it.acme.path("/audit?action=key.created&limit=1");
    let strong = it.api.get(&path, &it.acme.release).await.expect(200).json();
    assert_eq!(strong["items"][0]["after"]["label"], "for the wall");
    let weak = it.api.get(&path, &it.acme.read).await.expect(200).json();
    assert!(weak["items"][0]["after"].is_null() && weak["items"][0]["subject"].is_string());
}

#[tokio::test]
async fn a_request_looks_at_a_bounded_number_of_items_and_says_where_to_go_on() {
    let it = Kettle::start().await;
    it.fill_audit(1005, "nothing.much", "filling").await;
    it.api.wire.take_calls();
    let first = it.audit_page("action=deviceType").await.expect(200).json();
    let queries = it.api.wire.take_calls().iter().filter(|call| *call == "Query").count();
    assert!(queries <= 4, "{queries}");
    assert_eq!(first["items"], json!([]));
    let (found, pages) = it.audited("action=deviceType").await;
    assert_eq!((found.len(), pages), (1, 2));
    assert_eq!(it.audited("action=nothing&limit=200").await.0.len(), 1005);
}

#[tokio::test]
async fn what_cannot_be_asked_for_is_refused() {
    let it = Kettle::start().await;
    for (query, pointer) in [
        ("limit=0", "limit"),
        ("order=up", "order"),
        ("from=yesterday", "from"),
        ("to=-1", "to"),
        ("versionNumber=1", "type"),
        ("type=300", "type"),
        ("feed=Beta", "feed"),
        ("deviceType=A", "deviceType"),
        ("action=", "action"),
        ("actor=a%20b", "actor"),
        ("action=a&action=b", "action"),
        ("pageToken=", "pageToken"),
        ("pageToken=0000000000007", "pageToken"),
        ("pageToken=YSBi", "pageToken"),
    ] {
        let refused = it.audit_page(query).await.expect_problem(400, "invalid_parameter").json();
        assert_eq!(refused["errors"][0]["pointer"], pointer, "{query}: {refused}");
    }
}
