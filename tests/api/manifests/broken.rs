//! An effect that reaches several manifests and breaks off half-way: each is the old one or the new one, and the next
//! call, or the reconciler, finishes.

use serde_json::{Value, json};
use tests::api::{Answer, Api, Tenant};
use tests::whole::expect_whole;
use tests::wire::Fault;

/// Where the image is: device type and feed.
const PLACES: [(&str, &str); 4] =
    [("kettle", "release"), ("kettle", "beta"), ("oven", "release"), ("oven", "alpha")];

struct Scene {
    api: Api,
    acme: Tenant,
    record: Value,
}

impl Scene {
    async fn set() -> Self {
        let api = Api::start().await;
        let acme = api.tenant("acme").await;
        api.create_type(&acme, 105).await;
        for id in ["kettle", "oven"] {
            api.create_device_type(&acme, id).await;
        }
        let record = api.image(&acme, 105, "old", b"firmware").await;
        for (device_type, feed) in PLACES {
            api.associate(&acme, device_type, &record, feed).await.expect(201);
        }
        Self { api, acme, record }
    }

    /// Edits name and version together.
    async fn edit(&self, word: &str) -> Answer {
        let mut record = self.record.clone();
        record["name"] = word.into();
        record["version"] = word.into();
        self.api.call("PUT", &self.api.record_path(&self.acme, &record), &self.acme.release, record).await
    }

    /// The word that each manifest shows; fails the test on a mixture.
    async fn words(&self) -> Vec<String> {
        let mut words = Vec::new();
        for (device_type, feed) in PLACES {
            let body = self.api.check(device_type, &format!("feed={feed}&2105=0")).await.expect(200).json();
            let [update] = body["updates"].as_array().unwrap().as_slice() else { panic!("{body}") };
            assert_eq!(update["name"], update["version"], "a mixture of old and new");
            words.push(update["name"].as_str().unwrap().to_owned());
        }
        words
    }

    async fn repairs(&self) -> usize {
        self.api.dump().await.under("REPAIR").count()
    }

    /// Lets `calls` calls of the next request pass, and none after them.
    fn break_after(&self, calls: usize) {
        self.api.wire.inject(None, calls, 10_000, Fault::Lost);
    }

    async fn expect_finished(&self, word: &str) {
        assert_eq!(self.words().await, [word; PLACES.len()]);
        assert_eq!(self.repairs().await, 0);
        expect_whole(&self.api.dump().await, word);
    }
}

#[tokio::test]
async fn an_edit_broken_off_anywhere_is_finished_by_the_same_call_or_by_the_reconciler() {
    let scene = Scene::set().await;
    scene.edit("first").await.expect(204);
    scene.api.wire.take_calls();
    scene.edit("second").await.expect(204);
    let calls = scene.api.wire.take_calls();
    let first_write = calls.iter().position(|call| call == "TransactWriteItems").unwrap();
    let (mut half_way, mut old) = (0, "second".to_owned());
    for broken in 0..calls.len() {
        let new = format!("edit {broken}");
        scene.break_after(broken);
        scene.edit(&new).await.expect_problem(503, "dependency_unavailable");
        scene.api.wire.clear();
        let words = scene.words().await;
        assert!(words.iter().all(|word| *word == old || *word == new), "{words:?}");
        half_way += usize::from(words.contains(&old) && words.contains(&new));
        assert_eq!(
            scene.repairs().await,
            usize::from(broken > first_write),
            "broken at {broken} of {calls:?}"
        );
        if broken % 2 == 0 || broken <= first_write {
            scene.edit(&new).await.expect(204);
        } else {
            assert_eq!(scene.api.reconcile().await.unwrap().repairs, 1);
        }
        scene.expect_finished(&new).await;
        old = new;
    }
    assert!(half_way > 5, "some edits broke off half-way: {half_way}");
}

#[tokio::test]
async fn a_later_edit_finishes_an_earlier_one_that_broke_off() {
    let scene = Scene::set().await;
    scene.edit("zero").await.expect(204);
    scene.api.wire.take_calls();
    scene.edit("one").await.expect(204);
    let middle = scene.api.wire.take_calls().len() / 2;
    for new in ["two", "three"] {
        scene.break_after(middle);
        scene.edit(new).await.expect_problem(503, "dependency_unavailable");
        scene.api.wire.clear();
    }
    assert_eq!(scene.repairs().await, 1);
    let mut words = scene.words().await;
    words.sort();
    words.dedup();
    assert!(words.len() > 1, "{words:?}");
    scene.edit("four").await.expect(204);
    scene.expect_finished("four").await;
}

#[tokio::test]
async fn a_broken_edit_of_words_that_no_manifest_shows_is_finished_as_well() {
    let scene = Scene::set().await;
    scene.edit("old").await.expect(204);
    let mut record = scene.record.clone();
    (record["name"], record["version"], record["tags"]) = ("old".into(), "old".into(), json!(["tagged"]));
    let path = scene.api.record_path(&scene.acme, &record);
    scene.api.wire.take_calls();
    scene.api.call("PUT", &path, &scene.acme.release, record.clone()).await.expect(204);
    let middle = scene.api.wire.take_calls().len() - 3;
    record["tags"] = json!(["otherwise"]);
    scene.break_after(middle);
    scene.api.call("PUT", &path, &scene.acme.release, record.clone()).await.expect(503);
    scene.api.wire.clear();
    scene.api.call("PUT", &path, &scene.acme.release, record.clone()).await.expect(204);
    scene.expect_finished("old").await;
    let tags = scene.api.get(&scene.acme.path("/tags"), &scene.acme.read).await.json();
    assert_eq!(tags, json!(["otherwise"]));
}

#[tokio::test]
async fn a_renaming_broken_off_anywhere_is_finished_by_the_same_call_or_by_the_reconciler() {
    let scene = Scene::set().await;
    let (api, acme) = (&scene.api, &scene.acme);
    let rename = async |name: &str| {
        api.call("PUT", &acme.path("/types/105"), &acme.release, json!({"name": name})).await
    };
    let names = async || {
        let mut names = Vec::new();
        for (device_type, feed) in PLACES {
            let body = api.check(device_type, &format!("feed={feed}&2105=0")).await.expect(200).json();
            names.push(body["updates"][0]["typeName"].as_str().unwrap().to_owned());
        }
        names
    };
    api.wire.take_calls();
    rename("FIRST").await.expect(204);
    let calls = api.wire.take_calls();
    let mut old = "FIRST".to_owned();
    for broken in (0..calls.len()).step_by(3) {
        let new = format!("NAME {broken}");
        scene.break_after(broken);
        rename(&new).await.expect_problem(503, "dependency_unavailable");
        api.wire.clear();
        assert!(names().await.iter().all(|name| *name == old || *name == new));
        if broken % 2 == 0 || scene.repairs().await == 0 {
            rename(&new).await.expect(204);
        } else {
            assert_eq!(api.reconcile().await.unwrap().repairs, 1);
        }
        assert_eq!(names().await, [new.as_str(); PLACES.len()]);
        assert_eq!(scene.repairs().await, 0);
        expect_whole(&api.dump().await, &new);
        old = new;
    }
}

#[tokio::test]
async fn a_deleted_feed_is_gone_from_every_check_even_if_its_deletion_broke_off() {
    let scene = Scene::set().await;
    let (api, acme) = (&scene.api, &scene.acme);
    let path = acme.path("/feeds/field");
    let make = async || {
        api.call("PUT", &path, &acme.write, Value::Null).await.expect(204);
        for device_type in ["kettle", "oven"] {
            api.associate(acme, device_type, &scene.record, "field").await.expect(201);
            let at =
                format!("/deviceTypes/{device_type}/firmwareImages/types/105/versionNumbers/1?feed=field");
            api.call("DELETE", &acme.path(&at), &acme.release, Value::Null).await.expect(204);
        }
        api.wire.take_calls();
    };
    make().await;
    api.call("DELETE", &path, &acme.write, Value::Null).await.expect(204);
    let calls = api.wire.take_calls();
    for broken in 0..calls.len() {
        make().await;
        scene.break_after(broken);
        api.call("DELETE", &path, &acme.write, Value::Null)
            .await
            .expect_problem(503, "dependency_unavailable");
        api.wire.clear();
        if broken % 2 == 0 || scene.repairs().await == 0 {
            api.call("DELETE", &path, &acme.write, Value::Null).await.expect(204);
        } else {
            assert_eq!(api.reconcile().await.unwrap().repairs, 1);
        }
        for device_type in ["kettle", "oven"] {
            api.check(device_type, "feed=field").await.expect_problem(404, "not_found");
        }
        assert_eq!(scene.repairs().await, 0);
        expect_whole(&api.dump().await, &format!("broken at {broken} of {calls:?}"));
    }
}
