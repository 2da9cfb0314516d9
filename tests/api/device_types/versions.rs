//! What a device type gave at a moment.

use serde_json::{Value, json};

use crate::kettle::Kettle;

impl Kettle {
    fn moment(&self) -> i64 {
        self.api.server.clock().shift(1000);
        let now = self.api.server.clock().now().millis();
        self.api.server.clock().shift(1000);
        now
    }

    async fn gave(&self, at: i64) -> Value {
        let path = self.acme.path(&format!("/deviceTypes/kettle/versions?at={at}"));
        self.api.get(&path, &self.acme.read).await.expect(200).json()
    }

    /// Takes away what is kept beside the kettle of its past, as if it had been made before that was kept.
    async fn erase_changes(&self) {
        for (pk, sk, _) in
            self.api.dump().await.under("DT#kettle").filter(|(_, sk, _)| sk.starts_with("CHANGE#"))
        {
            self.api.erase(pk, sk).await;
        }
    }
}

fn images(gave: &Value) -> Vec<String> {
    let all = gave["images"].as_array().unwrap().iter();
    all.map(|each| {
        let [feed, number, state] =
            ["feed", "versionNumber", "state"].map(|name| each[name].as_str().unwrap());
        format!("{feed} {number} {state} {}", each["currentPercent"])
    })
    .collect()
}

/// Moments of a kettle, and what it gave at each.
async fn lived() -> (Kettle, Vec<i64>, Vec<Vec<&'static str>>) {
    let it = Kettle::start().await;
    let mut moments = vec![it.moment()];
    let first = it.image_in("1.0", &["beta", "release"]).await;
    moments.push(it.moment());
    let second = it.image_in("2.0", &["beta"]).await;
    let promoted = json!({"from": "beta", "to": "release", "rollout": {"percent": 10, "steps":
        [{"atTimestamp": it.api.server.clock().now().millis() + 10_000_000, "percent": 50}]}});
    let promote = format!("{}/promote", it.image_path(&second));
    it.api.call("POST", &promote, &it.acme.release, promoted).await.expect(201);
    moments.push(it.moment());
    it.post_rollout(&second, "pause").await.expect(204);
    moments.push(it.moment());
    it.post_rollout(&second, "withdraw").await.expect(204);
    it.remove(&first, "beta").await.expect(204);
    moments.push(it.moment());
    let gave = vec![
        vec![],
        vec!["beta 1 released 100", "release 1 released 100"],
        vec!["beta 1 released 100", "beta 2 released 100", "release 1 released 100", "release 2 rolling 10"],
        vec!["beta 1 released 100", "beta 2 released 100", "release 1 released 100", "release 2 paused 10"],
        vec!["beta 2 released 100", "release 1 released 100", "release 2 withdrawn 0"],
    ];
    (it, moments, gave)
}

#[tokio::test]
async fn what_each_feed_gave_is_told_with_the_plans_of_then() {
    let (it, moments, gave) = lived().await;
    for (at, expected) in moments.iter().zip(&gave) {
        let told = it.gave(*at).await;
        assert_eq!(images(&told), *expected);
        assert_eq!((&told["deviceTypeId"], &told["stopped"]), (&json!("kettle"), &json!(false)));
    }
    it.api.wire.take_calls();
    it.gave(moments[0]).await;
    assert!(it.api.wire.take_calls().iter().filter(|call| *call == "Query").count() <= 3, "one partition");
}

#[tokio::test]
async fn the_past_of_before_changes_were_kept_is_told_from_the_audit() {
    let (it, moments, gave) = lived().await;
    it.erase_changes().await;
    for (at, expected) in moments.iter().zip(&gave) {
        assert_eq!(images(&it.gave(*at).await), *expected);
    }
    // From here on it is kept again; what came before is still taken from the audit.
    it.image_in("3.0", &["alpha"]).await;
    for (at, expected) in moments.iter().zip(&gave) {
        assert_eq!(images(&it.gave(*at).await), *expected);
    }
}

#[tokio::test]
async fn whether_it_was_stopped_is_told() {
    let it = Kettle::start().await;
    let mut moments = vec![it.moment()];
    let stop = it.acme.path("/deviceTypes/kettle/stop");
    for method in ["POST", "DELETE"] {
        it.api.call(method, &stop, &it.acme.release, Value::Null).await.expect(204);
        moments.push(it.moment());
    }
    let mut told = Vec::new();
    for at in moments {
        told.push(it.gave(at).await["stopped"].clone());
    }
    assert_eq!(told, [false, true, false]);
}

#[tokio::test]
async fn a_past_that_too_much_lies_after_is_refused() {
    let it = Kettle::start().await;
    let before = it.moment();
    it.fill_audit(2001, "deviceType.updated", "deviceType/kettle").await;
    let path = it.acme.path(&format!("/deviceTypes/kettle/versions?at={before}"));
    it.api.get(&path, &it.acme.read).await.expect_problem(422, "past_out_of_reach");
    let explain = it.acme.path("/deviceTypes/kettle/explain");
    let asked = it.api.call("POST", &explain, &it.acme.read, json!({"at": before})).await;
    asked.expect_problem(422, "past_out_of_reach");
    assert_eq!(images(&it.gave(it.moment()).await), [""; 0]);
}

#[tokio::test]
async fn what_has_not_been_cannot_be_asked_for() {
    let it = Kettle::start().await;
    let path = it.acme.path("/deviceTypes/kettle/versions");
    for (query, status, code) in [
        ("?at=x", 400, "invalid_parameter"),
        ("?at=1", 422, "invalid_field"),
        ("?at=4102444800000", 422, "invalid_field"),
    ] {
        it.api.get(&format!("{path}{query}"), &it.acme.read).await.expect_problem(status, code);
    }
    let missing = it.acme.path("/deviceTypes/toaster/versions");
    it.api.get(&missing, &it.acme.read).await.expect_problem(404, "not_found");
}
