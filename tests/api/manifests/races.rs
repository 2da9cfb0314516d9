//! Changes that pass each other: one is held at its write while another goes through, or many run at once.

use futures::future::join_all;
use serde_json::{Value, json};
use tests::api::{Answer, Api, Tenant};
use tests::whole::expect_whole;
use tests::wire::Fault;

struct Scene {
    api: Api,
    acme: Tenant,
    globex: Tenant,
}

/// The path of an image of the kettle.
fn placed(image: &Value) -> String {
    let number = image["versionNumber"].as_str().unwrap();
    format!("/deviceTypes/kettle/firmwareImages/types/{}/versionNumbers/{number}", image["type"])
}

impl Scene {
    async fn set() -> Self {
        let api = Api::start().await;
        let (acme, globex) = (api.tenant("acme").await, api.tenant("globex").await);
        api.create_type(&acme, 105).await;
        api.create_device_type(&acme, "kettle").await;
        for key in [&acme.write, &acme.release, &globex.write, &globex.release] {
            api.get("/v1/ota/whoami", key).await.expect(200);
        }
        Self { api, acme, globex }
    }

    async fn image(&self, version: &str) -> Value {
        self.api.image(&self.acme, 105, version, format!("firmware {version}").as_bytes()).await
    }

    async fn by_acme(&self, method: &str, path: &str, body: Value) -> Answer {
        self.api.call(method, &self.acme.path(path), &self.acme.release, body).await
    }

    async fn associate(&self, image: &Value, feed: &str) -> Answer {
        self.api.associate(&self.acme, "kettle", image, feed).await
    }

    /// Holds `first` at its first transaction until `then` is through.
    async fn while_held<T>(
        &self,
        first: impl Future<Output = Answer>,
        then: impl Future<Output = T>,
    ) -> (Answer, T) {
        self.api.wire.inject(Some("TransactWriteItems"), 0, 1, Fault::Held);
        let overtaking = async {
            self.api.wire.held().await;
            let done = then.await;
            self.api.wire.release();
            done
        };
        tokio::join!(first, overtaking)
    }

    async fn expect_agreement(&self) {
        expect_whole(&self.api.dump().await, "afterwards");
        let report = self.api.reconcile().await.unwrap();
        assert_eq!((report.repairs, report.drifted), (0, 0));
    }
}

#[tokio::test]
async fn an_edit_reaches_the_manifest_that_a_removal_under_way_brings_the_image_back_into() {
    let scene = Scene::set().await;
    let (mut low, high) = (scene.image("1").await, scene.image("2").await);
    for image in [&low, &high] {
        scene.associate(image, "release").await.expect(201);
    }
    low["name"] = "edited".into();
    let path = scene.api.record_path(&scene.acme, &low);
    let removal = placed(&high);
    let (removed, edited) = scene
        .while_held(
            scene.by_acme("DELETE", &removal, Value::Null),
            scene.api.call("PUT", &path, &scene.acme.release, low.clone()),
        )
        .await;
    removed.expect(204);
    edited.expect(204);
    let body = scene.api.check("kettle", "2105=0").await.expect(200).json();
    assert_eq!(body["updates"][0]["name"], "edited", "{body}");
    scene.expect_agreement().await;
}

#[tokio::test]
async fn a_device_type_deleted_before_an_association_is_through_is_not_found_and_stays_empty() {
    let scene = Scene::set().await;
    let image = scene.image("1").await;
    let (made, deleted) = scene
        .while_held(
            scene.associate(&image, "release"),
            scene.by_acme("DELETE", "/deviceTypes/kettle", Value::Null),
        )
        .await;
    deleted.expect(204);
    made.expect_problem(404, "not_found");
    let record = scene.api.get(&scene.api.record_path(&scene.acme, &image), &scene.acme.read).await.json();
    assert_eq!(record["sealed"], false);
    scene.expect_agreement().await;
}

#[tokio::test]
async fn an_association_made_before_a_deletion_is_through_keeps_the_device_type() {
    let scene = Scene::set().await;
    let image = scene.image("1").await;
    let (deleted, made) = scene
        .while_held(
            scene.by_acme("DELETE", "/deviceTypes/kettle", Value::Null),
            scene.associate(&image, "release"),
        )
        .await;
    made.expect(201);
    deleted.expect_problem(409, "device_type_in_use");
    assert_eq!(scene.api.offers("kettle", "2105=0").await.len(), 1);
    scene.expect_agreement().await;
}

#[tokio::test]
async fn a_feed_deleted_before_an_association_is_through_takes_none() {
    let scene = Scene::set().await;
    let image = scene.image("1").await;
    scene.by_acme("PUT", "/feeds/field", Value::Null).await.expect(204);
    let (made, deleted) = scene
        .while_held(scene.associate(&image, "field"), scene.by_acme("DELETE", "/feeds/field", Value::Null))
        .await;
    deleted.expect(204);
    assert!((400..500).contains(&made.status), "{}", made.json());
    scene.expect_agreement().await;
}

#[tokio::test]
async fn what_is_removed_before_its_promotion_is_through_is_not_promoted() {
    let scene = Scene::set().await;
    let image = scene.image("1").await;
    scene.associate(&image, "beta").await.expect(201);
    let (promotion, removal) =
        (format!("{}/promote", placed(&image)), format!("{}?feed=beta", placed(&image)));
    let (promoted, removed) = scene
        .while_held(
            scene.by_acme("POST", &promotion, json!({"from": "beta", "to": "release"})),
            scene.by_acme("DELETE", &removal, Value::Null),
        )
        .await;
    removed.expect(204);
    promoted.expect_problem(404, "not_found");
    assert_eq!(scene.api.offers("kettle", "2105=0").await, []);
    scene.expect_agreement().await;
}

#[tokio::test]
async fn a_write_key_does_not_edit_what_enters_the_release_feed_meanwhile() {
    let scene = Scene::set().await;
    let mut image = scene.image("1").await;
    scene.associate(&image, "beta").await.expect(201);
    image["name"] = "sneaked in".into();
    let path = scene.api.record_path(&scene.acme, &image);
    let promotion = format!("{}/promote", placed(&image));
    let (edited, promoted) = scene
        .while_held(
            scene.api.call("PUT", &path, &scene.acme.write, image.clone()),
            scene.by_acme("POST", &promotion, json!({"from": "beta", "to": "release"})),
        )
        .await;
    promoted.expect(201);
    edited.expect_problem(403, "right_missing");
    let body = scene.api.check("kettle", "2105=0").await.expect(200).json();
    assert_eq!(body["updates"][0]["name"], "image 105", "{body}");
    scene.expect_agreement().await;
}

#[tokio::test]
async fn a_binary_is_not_exchanged_under_an_association() {
    let scene = Scene::set().await;
    let mut image = scene.image("1").await;
    let path = scene.api.record_path(&scene.acme, &image);
    let before = image.clone();
    image["url"] = scene.api.upload(&scene.acme, b"other firmware").await.into();
    let edit = || scene.api.call("PUT", &path, &scene.acme.release, image.clone());
    let (edited, made) = scene.while_held(edit(), scene.associate(&before, "release")).await;
    made.expect(201);
    edited.expect_problem(409, "image_sealed");
    scene.by_acme("DELETE", &placed(&before), Value::Null).await.expect(204);
    edit().await.expect_problem(409, "image_sealed");
    scene.expect_agreement().await;
}

#[tokio::test]
async fn an_association_takes_the_binary_that_a_record_has_when_it_is_made() {
    let scene = Scene::set().await;
    let mut image = scene.image("1").await;
    let path = scene.api.record_path(&scene.acme, &image);
    image["url"] = scene.api.upload(&scene.acme, b"other firmware").await.into();
    let (made, edited) = scene
        .while_held(
            scene.associate(&image, "release"),
            scene.api.call("PUT", &path, &scene.acme.release, image.clone()),
        )
        .await;
    edited.expect(204);
    made.expect(201);
    let body = scene.api.check("kettle", "2105=0").await.expect(200).json();
    assert_eq!(body["updates"][0]["size"], b"other firmware".len());
    scene.expect_agreement().await;
}

#[tokio::test]
async fn an_offer_withdrawn_before_the_receiver_associates_stops_it() {
    let scene = Scene::set().await;
    let image = scene.api.image(&scene.globex, 3, "1", b"radio").await;
    let offer = format!("{}/offers/acme", scene.api.record_path(&scene.globex, &image));
    scene.api.call("PUT", &offer, &scene.globex.write, Value::Null).await.expect(204);
    let (made, withdrawn) = scene
        .while_held(
            scene.associate(&image, "release"),
            scene.api.call("DELETE", &offer, &scene.globex.write, Value::Null),
        )
        .await;
    withdrawn.expect(204);
    assert!((400..500).contains(&made.status), "{}", made.json());
    assert_eq!(scene.api.offers("kettle", "2003=0").await, []);
    scene.expect_agreement().await;
}

#[tokio::test]
async fn a_record_offered_before_its_deletion_is_through_stays() {
    let scene = Scene::set().await;
    let image = scene.api.image(&scene.acme, 3, "1", b"radio").await;
    let path = scene.api.record_path(&scene.acme, &image);
    let (deleted, offered) = scene
        .while_held(
            scene.api.call("DELETE", &path, &scene.acme.write, Value::Null),
            scene.api.call("PUT", &format!("{path}/offers/globex"), &scene.acme.write, Value::Null),
        )
        .await;
    offered.expect(204);
    deleted.expect_problem(409, "image_offered");
    scene.api.get(&scene.globex.path("/pool/types/3/versionNumbers/1"), &scene.globex.read).await.expect(200);
    scene.expect_agreement().await;
}

#[tokio::test]
async fn a_wish_for_a_device_type_that_goes_meanwhile_is_left_out() {
    let scene = Scene::set().await;
    scene.api.create_device_type(&scene.acme, "oven").await;
    let body = json!({"name": "wished", "type": 105, "version": "1", "url": "",
        "associations": {"acme": ["kettle", "oven"]}});
    let mut record = scene.by_acme("POST", "/pool", body).await.expect(201).json();
    record["url"] = scene.api.upload(&scene.acme, b"wished").await.into();
    let path = scene.api.record_path(&scene.acme, &record);
    let (given, deleted) = scene
        .while_held(
            scene.api.call("PUT", &path, &scene.acme.release, record.clone()),
            scene.by_acme("DELETE", "/deviceTypes/oven", Value::Null),
        )
        .await;
    deleted.expect(204);
    given.expect(204);
    let read = scene.api.get(&path, &scene.acme.read).await.expect(200).json();
    assert_eq!((&read["sealed"], read["warnings"].as_array().unwrap().len()), (&json!(true), 1), "{read}");
    assert_eq!(scene.api.offers("kettle", "2105=0").await.len(), 1);
    scene.expect_agreement().await;
}

/// Associates everything at once, and again what others were in the way of, until all is.
pub async fn associate_at_once(records: &[Value], associate: impl AsyncFn(&Value) -> Answer) {
    let mut waiting: Vec<&Value> = records.iter().collect();
    let mut rounds = 0;
    while !waiting.is_empty() {
        let answers = join_all(waiting.iter().map(|record| associate(record))).await;
        let mut again = Vec::new();
        for (record, answer) in waiting.into_iter().zip(answers) {
            if answer.status == 409 && answer.code() == "conflict_retry" {
                again.push(record);
            } else {
                answer.expect(201);
            }
        }
        waiting = again;
        rounds += 1;
        assert!(rounds < 8, "too many were told to try again");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn many_associations_at_once_all_reach_one_manifest() {
    let scene = Scene::set().await;
    let mut images = Vec::new();
    for index in 0..16 {
        images.push(scene.image(&format!("{index}")).await);
    }
    associate_at_once(&images, async |image| scene.associate(image, "release").await).await;
    assert_eq!(scene.api.offers("kettle", "2105=0").await, [(105, "16".to_owned())]);
    let page =
        scene.by_acme("GET", "/deviceTypes/kettle/firmwareImages", Value::Null).await.expect(200).json();
    assert_eq!(page["totalElements"], 16);
    scene.expect_agreement().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn promoting_removing_editing_and_deleting_at_once_leave_everything_in_agreement() {
    let scene = Scene::set().await;
    let mut images = Vec::new();
    for index in 0..4 {
        let image = scene.image(&format!("{index}")).await;
        scene.associate(&image, "beta").await.expect(201);
        images.push(image);
    }
    for round in 0..4 {
        let all = images.iter().enumerate().flat_map(|(index, image)| {
            let path_of = placed(image);
            let mut edited = image.clone();
            edited["name"] = format!("edited {round}").into();
            let feeds = if round % 2 == 0 { ("beta", "release") } else { ("release", "beta") };
            let promotion = json!({"from": feeds.0, "to": feeds.1});
            let rename = json!({"name": format!("TYPE {round}")});
            let number = image["versionNumber"].as_str().unwrap();
            let record = format!("/pool/types/105/versionNumbers/{number}");
            let mut calls = vec![
                ("POST", format!("{path_of}/promote"), promotion),
                ("DELETE", format!("{path_of}?feed={}", feeds.0), Value::Null),
                ("PUT", record.clone(), edited),
                ("DELETE", record, Value::Null),
            ];
            if index == 0 {
                calls.push(("DELETE", "/deviceTypes/kettle".to_owned(), Value::Null));
                calls.push(("PUT", "/types/105".to_owned(), rename));
            }
            calls
        });
        let scene = &scene;
        let answers = join_all(
            all.map(|(method, path, body)| async move { (scene.by_acme(method, &path, body).await, path) }),
        );
        for (answer, path) in answers.await {
            let code = answer.code();
            let fine = [
                "",
                "not_found",
                "already_associated",
                "image_sealed",
                "device_type_in_use",
                "conflict_retry",
            ];
            assert!(fine.contains(&code.as_str()), "{path}: {} {code}", answer.status);
        }
        let dump = scene.api.dump().await;
        expect_whole(&dump, &format!("after round {round}"));
        if dump.row("DT#kettle", "META")["deleted"] == true {
            scene.api.create_device_type(&scene.acme, "kettle").await;
        }
        for image in &images {
            scene.associate(image, if round % 2 == 0 { "release" } else { "beta" }).await;
        }
    }
}
