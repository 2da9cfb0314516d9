//! Images that go together: offered whole or not at all, made whole bit by bit, and taken apart by nobody unawares.

use serde_json::{Value, json};

use crate::kettle::{Kettle, pointers};

/// All of a bundle of two.
const BOTH: &str = "2105=0&2106=0";

fn radio(types: &[u16]) -> Value {
    json!({"percent": 100, "bundle": {"name": "radio", "types": types}})
}

impl Kettle {
    /// An image of type 106 in the release feed.
    async fn application(&self, version: &str) -> Value {
        let image = self.api.image(&self.acme, 106, version, version.as_bytes()).await;
        self.api.associate(&self.acme, "kettle", &image, "release").await.expect(201);
        image
    }

    /// An image of type 105 and one of type 106 that go together.
    pub(crate) async fn bundled() -> (Self, Value, Value) {
        let it = Self::start().await;
        it.api.create_type(&it.acme, 106).await;
        let (stack, application) = (it.image_in("1.0", &["release"]).await, it.application("1.0").await);
        for record in [&stack, &application] {
            it.set_rollout(record, radio(&[105, 106])).await.expect(204);
        }
        (it, stack, application)
    }

    async fn codes(&self, device: &str) -> Vec<Value> {
        let path = self.acme.path(&format!("/deviceTypes/kettle/devices/{device}/explain"));
        let body = self.api.get(&path, &self.acme.read).await.expect(200).json();
        body["images"].as_array().unwrap().iter().map(|image| image["code"].clone()).collect()
    }
}

#[tokio::test]
async fn a_bundle_that_is_not_there_whole_is_offered_to_nobody() {
    let it = Kettle::start().await;
    it.api.create_type(&it.acme, 106).await;
    let stack = it.image_in("1.0", &["release"]).await;
    it.set_rollout(&stack, radio(&[105, 106])).await.expect(204);
    assert_eq!(it.api.offers("kettle", BOTH).await, []);
    it.api.device_offers("kettle", "d", &[(105, 0), (106, 0)]).await;
    assert_eq!(it.codes("d").await, ["bundle"]);
    let application = it.application("1.0").await;
    assert_eq!(
        it.api.offers("kettle", BOTH).await,
        [(106, "1".to_owned())],
        "it says nothing of a bundle yet"
    );
    it.set_rollout(&application, radio(&[105, 106])).await.expect(204);
    assert_eq!(it.api.offers("kettle", BOTH).await.len(), 2);
    assert_eq!(it.codes("d").await, ["eligible", "eligible"]);
    assert_eq!(it.rollout(&stack).await["bundle"], json!({"name": "radio", "types": [105, 106]}));
}

#[tokio::test]
async fn a_bundle_that_is_promoted_bit_by_bit_is_offered_when_all_of_it_is_there() {
    let it = Kettle::start().await;
    it.api.create_type(&it.acme, 106).await;
    let stack = it.image_in("1.0", &["beta"]).await;
    let application = it.api.image(&it.acme, 106, "1.0", b"application").await;
    it.api.associate(&it.acme, "kettle", &application, "beta").await.expect(201);
    for record in [&stack, &application] {
        let path = it.rollout_path(record, "", "beta");
        it.api.call("PUT", &path, &it.acme.release, radio(&[105, 106])).await.expect(204);
    }
    it.promote(&application, &it.acme.release, "beta", "release").await.expect(201);
    assert_eq!(it.api.offers("kettle", BOTH).await, []);
    it.promote(&stack, &it.acme.release, "beta", "release").await.expect(201);
    assert_eq!(it.api.offers("kettle", BOTH).await.len(), 2);
}

#[tokio::test]
async fn one_place_decides_for_all_of_a_bundle() {
    let (it, stack, application) = Kettle::bundled().await;
    for record in [&stack, &application] {
        it.set_rollout(record, json!({"percent": 50})).await.expect(204);
    }
    let mut whole = 0;
    for device in 0..24 {
        let offers = it.api.device_offers("kettle", &format!("d{device}"), &[(105, 0), (106, 0)]).await;
        assert!([0, 2].contains(&offers.len()), "{offers:?}");
        whole += offers.len() / 2;
    }
    assert!((7..=17).contains(&whole), "{whole} of 24");
}

#[tokio::test]
async fn a_bundle_is_of_the_same_types_for_all_of_it_and_has_one_image_of_each() {
    let (it, _, _) = Kettle::bundled().await;
    let second = it.image_in("2.0", &["release"]).await;
    let third = it.api.image(&it.acme, 3, "1.0", b"third").await;
    it.api.associate(&it.acme, "kettle", &third, "release").await.expect(201);
    let before = it.answers().await;
    for (record, bundle) in [
        (&second, json!({"name": "radio", "types": [105, 106]})),
        (&third, json!({"name": "radio", "types": [3, 105, 106]})),
        (&third, json!({"name": "wifi", "types": [105, 106]})),
        (&third, json!({"name": "wifi", "types": [3]})),
        (&third, json!({"name": "wifi", "types": (1..=21).collect::<Vec<_>>()})),
        (&third, json!({"name": "wifi"})),
        (&third, json!("wifi")),
    ] {
        let refused = it.set_rollout(record, json!({"bundle": bundle})).await;
        assert_eq!(pointers(&refused.expect_problem(422, "invalid_field")), ["/bundle"], "{bundle}");
    }
    assert_eq!(it.answers().await, before);
}

#[tokio::test]
async fn nothing_is_taken_out_of_a_bundle_that_is_there_whole_unless_it_is_paused() {
    let (it, stack, application) = Kettle::bundled().await;
    let before = it.answers().await;
    for bundle in [Value::Null, json!({"name": "wifi", "types": [3, 105]})] {
        let refused = it.set_rollout(&stack, json!({"bundle": bundle})).await;
        refused.expect_problem(409, "in_bundle");
    }
    it.remove(&stack, "release").await.expect_problem(409, "in_bundle");
    assert_eq!(it.answers().await, before);
    it.post_rollout(&stack, "pause").await.expect(204);
    it.set_rollout(&stack, json!({"bundle": null})).await.expect(204);
    assert_eq!(it.api.offers("kettle", BOTH).await, [], "what is left of it waits for the other");
    it.set_rollout(&application, json!({"bundle": null})).await.expect(204);
    it.post_rollout(&application, "resume").await.expect(204);
    assert_eq!(it.api.offers("kettle", BOTH).await, [(106, "1".to_owned())]);
    it.post_rollout(&stack, "resume").await.expect(204);
    assert_eq!(it.api.offers("kettle", BOTH).await.len(), 2);
}

#[tokio::test]
async fn a_part_of_a_bundle_that_is_paused_may_be_removed_and_comes_back_paused() {
    let (it, stack, application) = Kettle::bundled().await;
    it.post_rollout(&application, "pause").await.expect(204);
    it.remove(&stack, "release").await.expect(204);
    assert_eq!(it.api.offers("kettle", BOTH).await, []);
    it.post_rollout(&application, "resume").await.expect(204);
    assert_eq!(it.api.offers("kettle", BOTH).await, [], "alone it is offered to nobody");
    it.api.associate(&it.acme, "kettle", &stack, "release").await.expect(201);
    assert_eq!(it.rollout(&stack).await["state"], "paused");
    it.api.expect_whole("paused").await;
}

#[tokio::test]
async fn what_a_bundle_needs_cannot_come_with_it() {
    let (it, stack, application) = Kettle::bundled().await;
    let needs = json!({"requires": [{"type": 105, "minVersionNumber": "1"}]});
    let refused = it.set_rollout(&application, needs.clone()).await.expect_problem(422, "invalid_field");
    assert_eq!(pointers(&refused), ["/requires"]);
    it.post_rollout(&stack, "withdraw").await.expect(204);
    let (stack, application) = (it.image_in("2.0", &["release"]).await, it.application("2.0").await);
    let mut bundled = needs;
    bundled["bundle"] = json!({"name": "radio", "types": [105, 106]});
    bundled["requires"][0]["minVersionNumber"] = "2".into();
    it.set_rollout(&application, bundled).await.expect(204);
    let joining = it.set_rollout(&stack, radio(&[105, 106])).await.expect_problem(422, "invalid_field");
    assert_eq!(pointers(&joining), ["/bundle"]);
    assert!(joining.json()["errors"][0]["message"].as_str().unwrap().contains("105/2, 106/2"));
}

#[tokio::test]
async fn a_name_is_free_again_when_all_that_had_it_was_withdrawn() {
    let (it, stack, _) = Kettle::bundled().await;
    it.post_rollout(&stack, "withdraw").await.expect(204);
    let (stack, application) = (it.image_in("2.0", &["release"]).await, it.application("2.0").await);
    for record in [&stack, &application] {
        it.set_rollout(record, radio(&[105, 106])).await.expect(204);
    }
    assert_eq!(it.api.offers("kettle", BOTH).await, [(105, "2".to_owned()), (106, "2".to_owned())]);
}

#[tokio::test]
async fn a_bundle_is_withdrawn_and_taken_away_as_one() {
    let (it, stack, application) = Kettle::bundled().await;
    assert!(it.api.offers("kettle", "2105=0").await.is_empty(), "or not at all");
    it.post_rollout(&stack, "pause").await.expect(204);
    assert!(it.api.offers("kettle", BOTH).await.is_empty());
    it.post_rollout(&stack, "resume").await.expect(204);
    assert_eq!(it.api.offers("kettle", BOTH).await.len(), 2);
    it.post_rollout(&application, "withdraw").await.expect(204);
    assert!(it.api.offers("kettle", BOTH).await.is_empty());
    for record in [&stack, &application] {
        assert_eq!(it.rollout(record).await["state"], "withdrawn");
        it.remove(record, "release").await.expect(204);
    }
}

#[tokio::test]
async fn a_bundle_is_halted_and_goes_on_as_one_also_for_devices_that_have_a_part_of_it() {
    let (it, stack, application) = Kettle::bundled().await;
    let halfway = "2105=1&2106=0";
    assert_eq!(it.api.offers("kettle", halfway).await, [(106, "1".to_owned())]);
    it.post_rollout(&stack, "pause").await.expect(204);
    assert_eq!(it.api.offers("kettle", halfway).await, []);
    for record in [&stack, &application] {
        assert_eq!(it.rollout(record).await["state"], "paused");
    }
    it.post_rollout(&application, "resume").await.expect(204);
    assert_eq!(it.api.offers("kettle", halfway).await, [(106, "1".to_owned())]);
    assert_eq!(it.api.offers("kettle", BOTH).await.len(), 2);
    it.api.expect_whole("halted and resumed").await;
}
