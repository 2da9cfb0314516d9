//! What the service itself writes into the audit when something is taken away from devices is enough to purge for it.

use std::collections::{BTreeMap, HashMap};

use aws_sdk_dynamodb::types::AttributeValue;
use serde_json::{Value, json};
use shared::usecases::purge::purges;
use tests::api::{Api, Tenant};
use tests::ipk::Ipk;

use super::{Bench, batch_of};

/// Every audit item in the table as an event of the bus, in the table's own form; oldest first.
async fn events(api: &Api) -> Vec<Value> {
    let client = api.server.dynamodb_client();
    let (mut all, mut from) = (BTreeMap::new(), None);
    loop {
        let scan = client.scan().table_name(api.server.table()).set_exclusive_start_key(from);
        let page = scan.send().await.unwrap();
        for item in page.items.unwrap_or_default() {
            let text = |name: &str| item[name].as_s().unwrap().clone();
            if text("PK").starts_with("AUDIT#") {
                all.insert((text("SK"), text("PK")), event(&item));
            }
        }
        from = page.last_evaluated_key;
        if from.is_none() {
            return all.into_values().collect();
        }
    }
}

fn event(item: &HashMap<String, AttributeValue>) -> Value {
    let item: Value = item.iter().map(|(name, value)| (name.clone(), tables(value))).collect();
    json!({"id": "e", "source": "ota", "detail-type": "OTA audit", "detail": {"item": item}})
}

fn tables(value: &AttributeValue) -> Value {
    match value {
        AttributeValue::S(text) => json!({"S": text}),
        AttributeValue::N(number) => json!({"N": number}),
        AttributeValue::Bool(yes) => json!({"BOOL": yes}),
        AttributeValue::Null(_) => json!({"NULL": true}),
        AttributeValue::L(list) => json!({"L": list.iter().map(tables).collect::<Vec<_>>()}),
        AttributeValue::M(map) => {
            json!({"M": map.iter().map(|(name, value)| (name.clone(), tables(value))).collect::<BTreeMap<_, _>>()})
        }
        other => panic!("{other:?}"),
    }
}

struct Scene {
    api: Api,
    acme: Tenant,
    bench: Bench,
    seen: usize,
}

impl Scene {
    async fn set() -> Self {
        let api = Api::start().await;
        let acme = api.tenant("acme").await;
        for id in ["kettle", "spare"] {
            api.create_device_type(&acme, id).await;
        }
        for feed in ["lab", "dev-lab"] {
            api.call("PUT", &acme.path(&format!("/feeds/{feed}")), &acme.write, Value::Null)
                .await
                .expect(204);
        }
        let bench = Bench::beside(&api).await;
        let mut scene = Self { api, acme, bench, seen: 0 };
        scene.purged().await;
        scene
    }

    async fn delete(&self, path: &str) {
        self.api.call("DELETE", &self.acme.path(path), &self.acme.release, Value::Null).await.expect(204);
    }

    /// The paths that the events since the last call purge: one by one as the bus delivers those that its rule
    /// selects, and then all as the queue does.
    async fn purged(&mut self) -> Vec<String> {
        let all = events(&self.api).await;
        let wanted =
            |event: &&Value| purges().contains(&event["detail"]["item"]["action"]["S"].as_str().unwrap());
        let selected: Vec<Value> = all[self.seen..].iter().filter(wanted).cloned().collect();
        self.seen = all.len();
        for event in &selected {
            self.bench.call(event.clone()).await.unwrap();
        }
        let mut paths: Vec<String> =
            self.bench.cdn.take().into_iter().flat_map(|asked| asked.paths).collect();
        paths.sort();
        paths.dedup();
        let later = self.bench.call(batch_of(&selected)).await.unwrap();
        assert_eq!(later, json!({"batchItemFailures": []}));
        let again: Vec<String> = self.bench.cdn.take().into_iter().flat_map(|asked| asked.paths).collect();
        assert_eq!(again, paths);
        paths
    }
}

#[tokio::test]
async fn every_way_of_taking_something_away_purges_what_devices_could_still_get() {
    let mut scene = Box::pin(Scene::set()).await;
    let (api, acme) = (&scene.api, &scene.acme);
    let image = api.image(acme, 3, "1.0", b"image").await;
    let package = api.image(acme, 3, "p1", &Ipk::new("base", "1").build()).await;
    for record in [&image, &package] {
        for feed in ["dev", "dev-lab", "beta", "lab"] {
            api.associate(acme, "kettle", record, feed).await.expect(201);
        }
    }
    assert_eq!(scene.purged().await, [""; 0], "what is added is not purged for");
    let at = "/deviceTypes/kettle/firmwareImages/types/3/versionNumbers";
    scene.delete(&format!("{at}/1?feed=beta")).await;
    assert_eq!(scene.purged().await, ["/beta/kettle*", "/v1/ota/deviceTypes/kettle/*"]);
    scene.delete(&format!("{at}/1?feed=dev")).await;
    assert_eq!(scene.purged().await, [""; 0], "a restricted feed is in no cache");
    scene.delete(&format!("{at}/2")).await;
    assert_eq!(scene.purged().await, ["/beta/kettle*", "/lab/kettle*", "/v1/ota/deviceTypes/kettle/*"]);
    scene.delete(&format!("{at}/1")).await;
    assert_eq!(scene.purged().await, ["/lab/kettle*", "/v1/ota/deviceTypes/kettle/*"]);
    scene.delete("/feeds/lab").await;
    assert_eq!(scene.purged().await, ["/lab", "/lab/*"]);
    scene.delete("/feeds/dev-lab").await;
    assert_eq!(scene.purged().await, [""; 0]);
    scene.delete("/deviceTypes/spare").await;
    assert_eq!(
        scene.purged().await,
        ["/alpha/spare*", "/beta/spare*", "/release/spare*", "/v1/ota/deviceTypes/spare/*"]
    );
}

#[tokio::test]
async fn words_and_keys_that_change_purge_nothing() {
    let mut scene = Box::pin(Scene::set()).await;
    let (api, acme) = (&scene.api, &scene.acme);
    api.create_type(acme, 105).await;
    let image = api.image(acme, 105, "1.0", b"image").await;
    for feed in ["release", "beta"] {
        api.associate(acme, "kettle", &image, feed).await.expect(201);
    }
    api.call("PUT", &acme.path("/types/105"), &acme.release, json!({"name": "RENAMED"})).await.expect(204);
    let mut record = image.clone();
    record["name"] = "renamed".into();
    api.call("PUT", &api.record_path(acme, &image), &acme.release, record).await.expect(204);
    let remade = api.audit("acme").await.iter().filter(|row| row.action == "manifest.remade").count();
    assert_eq!(remade, 4);
    assert_eq!(scene.purged().await, [""; 0]);
}

#[tokio::test]
async fn what_reconciling_takes_away_is_purged_for_and_nothing_else_that_it_makes_again() {
    let mut scene = Box::pin(Scene::set()).await;
    let (api, acme) = (&scene.api, &scene.acme);
    let image = api.image(acme, 3, "1.0", b"image").await;
    let package = api.image(acme, 3, "p1", &Ipk::new("base", "1").build()).await;
    for record in [&image, &package] {
        api.associate(acme, "kettle", record, "release").await.expect(201);
    }
    scene.purged().await;
    let (api, bench) = (&scene.api, &scene.bench);
    // Associations that vanish without a word; their counts are nobody's business here.
    api.erase("DT#kettle", "ASSOC#release#003#0000000000000000001").await;
    bench.chore("reconcile").await;
    assert_eq!(scene.purged().await, ["/v1/ota/deviceTypes/kettle/*"]);
    let (api, bench) = (&scene.api, &scene.bench);
    api.erase("FEED#release", "DT#kettle").await;
    bench.chore("reconcile").await;
    assert_eq!(scene.purged().await, [""; 0], "a lost row of a list takes no package away");
    let (api, bench) = (&scene.api, &scene.bench);
    api.erase("DT#kettle", "ASSOC#release#003#0000000000000000002").await;
    bench.chore("reconcile").await;
    assert_eq!(scene.purged().await, ["/release/kettle*"]);
}
