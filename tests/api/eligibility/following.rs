//! Changes elsewhere reach the check: removals, deletions, new names.

use serde_json::{Value, json};

use crate::kettle::Kettle;

impl Kettle {
    async fn update(&self) -> Value {
        self.api.check("kettle", "2105=0").await.expect(200).json()["updates"][0].clone()
    }

    async fn revision(&self, feed: &str) -> u64 {
        let body = self.api.check("kettle", &format!("feed={feed}")).await.expect(200).json();
        body["revision"].as_str().unwrap().parse().unwrap()
    }
}

#[tokio::test]
async fn a_removed_association_is_offered_no_more() {
    let it = Kettle::start().await;
    let record = it.image_in("1.0", &["release"]).await;
    assert_eq!(it.api.offers("kettle", "2105=0").await.len(), 1);
    it.remove(&record, "release").await.expect(204);
    let body = it.api.check("kettle", "2105=0").await.expect(200).json();
    assert_eq!((&body["updates"], body.get("notes")), (&json!([]), None));
}

#[tokio::test]
async fn the_revision_of_a_feed_rises_with_its_changes_and_only_with_them() {
    let it = Kettle::start().await;
    let record = it.image("1.0").await;
    let (release, beta) = (it.revision("release").await, it.revision("beta").await);
    it.api.associate(&it.acme, "kettle", &record, "release").await.expect(201);
    let associated = it.revision("release").await;
    assert!(associated > release);
    it.remove(&record, "release").await.expect(204);
    assert!(it.revision("release").await > associated);
    assert_eq!(it.revision("beta").await, beta);
}

#[tokio::test]
async fn a_deleted_device_type_is_404_and_its_revival_is_empty() {
    let it = Kettle::start().await;
    it.create_feed("nightly").await;
    let record = it.image_in("1.0", &["release", "nightly"]).await;
    for feed in ["release", "nightly"] {
        it.remove(&record, feed).await.expect(204);
    }
    it.api
        .call("DELETE", &it.acme.path("/deviceTypes/kettle"), &it.acme.write, Value::Null)
        .await
        .expect(204);
    for query in ["2105=0", "feed=beta", "feed=nightly"] {
        it.api.check("kettle", query).await.expect_problem(404, "not_found");
    }
    it.api.create_device_type(&it.acme, "kettle").await;
    for query in ["2105=0", "feed=beta", "feed=nightly"] {
        assert_eq!(it.api.offers("kettle", query).await, []);
    }
    it.api.associate(&it.acme, "kettle", &record, "release").await.expect(201);
    assert_eq!(it.api.offers("kettle", "2105=0").await.len(), 1);
}

#[tokio::test]
async fn an_edited_record_is_offered_under_its_new_words() {
    let it = Kettle::start().await;
    let mut record = it.image_in("1.0", &["release", "beta"]).await;
    let before = it.update().await;
    record["name"] = "new name".into();
    record["version"] = "1.0-relabelled".into();
    let path = it.api.record_path(&it.acme, &record);
    it.api.call("PUT", &path, &it.acme.release, record).await.expect(204);
    let after = it.update().await;
    assert_eq!((&after["name"], &after["version"]), (&json!("new name"), &json!("1.0-relabelled")));
    for fact in ["type", "versionNumber", "sha256", "size", "url"] {
        assert_eq!(after[fact], before[fact], "{fact}");
    }
    let beta = it.api.check("kettle", "feed=beta&2105=0").await.json();
    assert_eq!(beta["updates"][0]["name"], "new name");
}

#[tokio::test]
async fn a_renamed_type_is_offered_under_its_new_name() {
    let it = Kettle::start().await;
    it.image_in("1.0", &["release"]).await;
    assert_eq!(it.update().await["typeName"], "TYPE 105");
    let body = json!({"name": "BOILER"});
    it.api.call("PUT", &it.acme.path("/types/105"), &it.acme.release, body).await.expect(204);
    assert_eq!(it.update().await["typeName"], "BOILER");
}

#[tokio::test]
async fn a_type_renamed_by_one_partner_keeps_its_name_at_another() {
    let it = Kettle::start().await;
    let other = it.api.tenant("other").await;
    it.api.create_type(&other, 105).await;
    it.api.create_device_type(&other, "hairdryer").await;
    let theirs = it.api.image(&other, 105, "1", b"theirs").await;
    it.api.associate(&other, "hairdryer", &theirs, "release").await.expect(201);
    it.api
        .call("PUT", &it.acme.path("/types/105"), &it.acme.release, json!({"name": "BOILER"}))
        .await
        .expect(204);
    let body = it.api.check("hairdryer", "2105=0").await.expect(200).json();
    assert_eq!(body["updates"][0]["typeName"], "TYPE 105");
}

#[tokio::test]
async fn a_platform_type_renamed_by_the_operator_is_renamed_for_everyone() {
    let it = Kettle::start().await;
    let key = it.api.server.operator_key().to_owned();
    it.api.call("POST", "/v1/ota/admin/types", &key, json!({"type": 42, "name": "OLD"})).await.expect(201);
    let record = it.api.image(&it.acme, 42, "1", b"bytes").await;
    it.api.associate(&it.acme, "kettle", &record, "release").await.expect(201);
    it.api.call("PUT", "/v1/ota/admin/types/42", &key, json!({"name": "NEW"})).await.expect(204);
    let body = it.api.check("kettle", "2042=0").await.expect(200).json();
    assert_eq!(body["updates"][0]["typeName"], "NEW");
}

#[tokio::test]
async fn intents_of_a_registration_take_effect_with_the_binary() {
    let it = Kettle::start().await;
    it.api.create_device_type(&it.acme, "lamp").await;
    let body = json!({
        "name": "n", "type": 105, "version": "1", "url": "",
        "associations": {"acme": ["kettle", "lamp", "kettle"]},
    });
    let mut record =
        it.api.call("POST", &it.acme.path("/pool"), &it.acme.release, body).await.expect(201).json();
    for device_type in ["kettle", "lamp"] {
        assert_eq!(it.api.offers(device_type, "2105=0").await, []);
    }
    record["url"] = it.api.upload(&it.acme, b"bytes").await.into();
    let path = it.api.record_path(&it.acme, &record);
    it.api.call("PUT", &path, &it.acme.release, record.clone()).await.expect(204);
    for device_type in ["kettle", "lamp"] {
        assert_eq!(it.api.offers(device_type, "2105=0").await.len(), 1, "{device_type}");
    }
    assert_eq!(it.record(&record).await["sealed"], true);
}
