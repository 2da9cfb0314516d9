//! Stepping stones and requirements, as checks follow them and as they are refused.

use serde_json::{Value, json};

use crate::kettle::{Kettle, pointers};

fn needs(kind: u32, min: &str) -> Value {
    json!({"percent": 100, "requires": [{"type": kind, "minVersionNumber": min}]})
}

#[tokio::test]
async fn a_device_passes_through_a_floor_and_a_stepping_stone() {
    let it = Kettle::start().await;
    let mut records = Vec::new();
    for version in ["1", "2", "3", "4"] {
        records.push(it.image_in(version, &["release"]).await);
    }
    it.set_rollout(&records[1], json!({"percent": 100, "floor": true})).await.expect(204);
    assert_eq!(it.offered_to(0).await, ["2"]);
    assert_eq!(it.offered_to(2).await, ["4"]);
    it.set_rollout(&records[3], needs(105, "3")).await.expect(204);
    assert_eq!(it.offered_to(2).await, ["3"]);
    assert_eq!(it.offered_to(3).await, ["4"]);
}

#[tokio::test]
async fn what_an_image_needs_of_another_type_must_be_installed_first() {
    let it = Kettle::start().await;
    it.api.create_type(&it.acme, 106).await;
    let stack = it.image_in("1.0", &["release"]).await;
    let application = it.api.image(&it.acme, 106, "1.0", b"application").await;
    it.api.associate(&it.acme, "kettle", &application, "release").await.expect(201);
    it.set_rollout(&application, needs(105, "1")).await.expect(204);
    assert_eq!(it.api.offers("kettle", "2105=0&2106=0").await, [(105, "1".to_owned())]);
    assert_eq!(it.api.offers("kettle", "2105=1&2106=0").await, [(106, "1".to_owned())]);
    let refused = it.set_rollout(&stack, needs(106, "1")).await.expect_problem(422, "invalid_field");
    assert_eq!(pointers(&refused), ["/requires"]);
    assert!(refused.json()["errors"][0]["message"].as_str().unwrap().contains("105/1, 106/1"));
}

#[tokio::test]
async fn what_waits_already_is_not_held_against_a_brake() {
    let it = Kettle::start().await;
    it.api.create_type(&it.acme, 106).await;
    let stack = it.image_in("1.0", &["release"]).await;
    let application = it.api.image(&it.acme, 106, "1.0", b"application").await;
    it.api.associate(&it.acme, "kettle", &application, "release").await.expect(201);
    it.set_rollout(&application, needs(105, "2")).await.expect(204);
    let refused = it.set_rollout(&application, needs(106, "1")).await.expect_problem(422, "invalid_field");
    assert_eq!(pointers(&refused), ["/requires"]);
    for record in [&stack, &application] {
        it.set_rollout(record, json!({"percent": 0})).await.expect(204);
        it.post_rollout(record, "withdraw").await.expect(204);
    }
}
