//! A package is in a feed for everyone or for nobody: held back, paused, withdrawn, it is in no index.

use serde_json::{Value, json};
use tests::api::Answer;
use tests::ipk::Ipk;

use super::World;

impl World {
    async fn rollout(&self, record: &Value, method: &str, what: &str, body: Value) -> Answer {
        let number = record["versionNumber"].as_str().unwrap();
        let image = format!("/deviceTypes/dev1/firmwareImages/types/3/versionNumbers/{number}");
        let path = self.acme.path(&format!("{image}/rollout{what}?feed=alpha"));
        self.api.call(method, &path, &self.acme.release, body).await
    }
}

#[tokio::test]
async fn a_paused_package_is_in_no_index_until_it_is_resumed() {
    let world = World::start().await;
    world.place("alpha", &Ipk::new("base", "1.0")).await;
    let new = world.place("alpha", &Ipk::new("base", "2.0")).await;
    let before = world.index_in("alpha").await.0;
    for _ in 0..2 {
        world.rollout(&new, "POST", "/pause", Value::Null).await.expect(204);
    }
    assert_eq!(world.latest("alpha").await, ["base 1.0 all"]);
    world.api.pass(3000).await;
    world.rollout(&new, "POST", "/resume", Value::Null).await.expect(204);
    assert_eq!(world.latest("alpha").await, ["base 2.0 all"]);
    assert_eq!(world.index_in("alpha").await.0, before);
    world.api.expect_whole("paused and resumed").await;
}

#[tokio::test]
async fn a_package_may_be_held_back_from_the_start_and_then_be_everyones() {
    let world = World::start().await;
    world.place("alpha", &Ipk::new("base", "1.0")).await;
    let mut record = world.record(&Ipk::new("base", "2.0")).await;
    (record["feed"], record["rollout"]) = ("alpha".into(), json!({"percent": 0}));
    let path = world.acme.path("/deviceTypes/dev1/firmwareImages");
    world.api.call("POST", &path, &world.acme.write, record.clone()).await.expect(201);
    assert_eq!(world.latest("alpha").await, ["base 1.0 all"]);
    world.rollout(&record, "PUT", "", json!({"percent": 100})).await.expect(204);
    assert_eq!(world.latest("alpha").await, ["base 2.0 all"]);
    world.rollout(&record, "PUT", "", json!({"percent": 0})).await.expect(204);
    assert_eq!(world.latest("alpha").await, ["base 1.0 all"]);
    world.rollout(&record, "PUT", "", json!({"percent": 50})).await.expect_problem(422, "invalid_field");
    world.api.expect_whole("held back").await;
}

#[tokio::test]
async fn a_withdrawn_package_never_comes_back() {
    let world = World::start().await;
    let record = world.place("alpha", &Ipk::new("base", "1.0")).await;
    world.rollout(&record, "POST", "/withdraw", Value::Null).await.expect(204);
    assert_eq!(world.latest("alpha").await, [""; 0]);
    world.rollout(&record, "POST", "/resume", Value::Null).await.expect_problem(409, "rollout_withdrawn");
    // The same version from another image, since clients never had the first.
    world.place("alpha", &Ipk::new("base", "1.0").line("Section: other")).await;
    assert_eq!(world.latest("alpha").await, ["base 1.0 all"]);
    world.remove("alpha", &record).await.expect(204);
    assert_eq!(world.latest("alpha").await, ["base 1.0 all"]);
    world.api.expect_whole("withdrawn").await;
}

#[tokio::test]
async fn a_package_whose_version_another_image_has_taken_meanwhile_cannot_be_resumed() {
    let world = World::start().await;
    let record = world.place("alpha", &Ipk::new("base", "1.0")).await;
    world.rollout(&record, "POST", "/pause", Value::Null).await.expect(204);
    let other = world.place("alpha", &Ipk::new("base", "1.0").line("Section: other")).await;
    let refused = world.rollout(&record, "POST", "/resume", Value::Null).await;
    refused.expect_problem(409, "version_not_newer");
    world.remove("alpha", &other).await.expect(204);
    world.rollout(&record, "POST", "/resume", Value::Null).await.expect(204);
    assert_eq!(world.latest("alpha").await, ["base 1.0 all"]);
    world.api.expect_whole("taken meanwhile").await;
}
