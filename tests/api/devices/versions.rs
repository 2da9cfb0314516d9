//! What ran on a device at a moment.

use serde_json::{Value, json};

use super::Fleet;

const DAY: i64 = 86_400_000;

impl Fleet {
    fn moment(&self) -> i64 {
        self.api.server.clock().shift(1000);
        let now = self.api.server.clock().now().millis();
        self.api.server.clock().shift(1000);
        now
    }

    async fn ran(&self, device: &str, at: i64) -> Value {
        let path = format!("/devices/{device}/versions?at={at}");
        self.call("GET", &path, Value::Null).await.expect(200).json()
    }
}

/// The versions as `type number since the report before which moment`.
fn versions(ran: &Value, moments: &[i64]) -> Vec<String> {
    let all = ran["versions"].as_array().unwrap().iter();
    all.map(|each| {
        let since = each["sinceTimestamp"].as_i64().unwrap();
        let before = moments.iter().position(|moment| since < *moment).unwrap();
        format!("{} {} {before}", each["type"], each["versionNumber"].as_str().unwrap())
    })
    .collect()
}

#[tokio::test]
async fn what_a_device_ran_is_what_it_had_reported_by_then_and_since_when() {
    let it = Fleet::start().await;
    let mut moments = vec![it.moment()];
    for reported in
        [json!({"2105": "1", "2003": "4"}), json!({"2105": "2"}), json!({"2105": "2", "2003": null})]
    {
        it.report("SN-1", reported).await;
        moments.push(it.moment());
    }
    let ran = it.ran("SN-1", moments[0]).await;
    assert_eq!(ran, json!({"deviceId": "SN-1", "atTimestamp": moments[0], "known": false, "versions": []}));
    let mut told = Vec::new();
    for at in &moments[1..] {
        let ran = it.ran("SN-1", *at).await;
        assert_eq!((&ran["known"], &ran["feed"]), (&json!(true), &json!("release")));
        told.push(versions(&ran, &moments));
    }
    assert_eq!(told, [vec!["3 4 1", "105 1 1"], vec!["3 4 1", "105 2 2"], vec!["105 2 2"]]);
    let now = it.call("GET", "/devices/SN-1/versions", Value::Null).await.expect(200).json();
    assert_eq!(now["versions"], it.ran("SN-1", moments[3]).await["versions"]);
}

#[tokio::test]
async fn a_device_that_was_forgotten_and_came_back_has_the_past_of_the_new_one() {
    let it = Fleet::start().await;
    it.report("SN-1", json!({"2105": "1"})).await;
    let before = it.moment();
    it.call("DELETE", "/devices/SN-1", Value::Null).await.expect(204);
    it.report("SN-1", json!({"2105": "2"})).await;
    assert_eq!(it.ran("SN-1", before).await["known"], false);
    assert_eq!(it.ran("SN-1", it.moment()).await["versions"][0]["versionNumber"], "2");
}

impl Fleet {
    /// Three years go by, in which what the device said up to now expires.
    async fn years_later(&self, device: &str) -> i64 {
        self.api.server.clock().shift(3 * 366 * DAY);
        let dump = self.api.dump().await;
        let partition = format!("DEV#kettle#{device}");
        let expired = dump.under(&partition).filter(|(_, _, row)| row["what"].is_string());
        for (pk, sk, _) in expired {
            self.api.erase(pk, sk).await;
        }
        self.moment()
    }

    async fn explained(&self, device: &str, at: i64) -> Value {
        let path = format!("/devices/{device}/explain?at={at}");
        self.call("GET", &path, Value::Null).await.expect(200).json()
    }
}

#[tokio::test]
async fn a_device_that_has_been_content_for_years_still_runs_what_it_said() {
    let it = Fleet::start().await;
    it.release("1.0", &["release"]).await;
    it.report("SN-1", json!({"2105": "1"})).await;
    let long_ago = it.moment();
    let now = it.years_later("SN-1").await;
    let ran = it.ran("SN-1", now).await;
    assert_eq!(
        (&ran["known"], &ran["feed"], &ran["heardTimestamp"]),
        (&json!(true), &json!("release"), &Value::Null)
    );
    let [version] = ran["versions"].as_array().unwrap().as_slice() else { panic!("{ran}") };
    assert_eq!((&version["versionNumber"], &version["orEarlier"]), (&json!("1"), &json!(true)));
    let since = version["sinceTimestamp"].as_i64().unwrap();
    assert!(long_ago < since && since < now - 700 * DAY, "{ran}");
    assert_eq!(it.explained("SN-1", now).await["images"][0]["code"], "up_to_date");
    it.call("PATCH", "/devices/SN-1", json!({"tags": ["old"]})).await.expect(204);
    assert_eq!(it.explained("SN-1", now).await["images"][0]["code"], "up_to_date");
    assert_eq!(it.ran("SN-1", long_ago).await["known"], false, "nobody knows any more");
    it.report("SN-1", json!({"2105": "2"})).await;
    assert_eq!(it.ran("SN-1", now).await["known"], false, "it may have come to it by then");
}

#[tokio::test]
async fn where_the_first_moments_have_expired_a_version_may_be_older() {
    let it = Fleet::start().await;
    it.report("SN-1", json!({"2105": "1", "2003": "1"})).await;
    it.years_later("SN-1").await;
    it.report("SN-1", json!({"2003": "2"})).await;
    let later = it.moment();
    it.report("SN-1", json!({"2003": "3"})).await;
    let ran = it.ran("SN-1", it.moment()).await;
    let earlier: Vec<_> = ran["versions"].as_array().unwrap().iter().map(|each| &each["orEarlier"]).collect();
    assert_eq!(earlier, [&Value::Null, &json!(true)]);
    assert_eq!(it.ran("SN-1", later).await["versions"][1]["orEarlier"], true);
}

#[tokio::test]
async fn what_is_not_there_or_has_not_been_cannot_be_asked_for() {
    let it = Fleet::start().await;
    it.report("SN-1", json!({"2105": "1"})).await;
    it.call("GET", "/devices/SN-2/versions", Value::Null).await.expect_problem(404, "not_found");
    let later = it.moment() + 3_600_000;
    let path = format!("/devices/SN-1/versions?at={later}");
    it.call("GET", &path, Value::Null).await.expect_problem(422, "invalid_field");
    it.call("GET", "/devices/SN-1/versions?at=x", Value::Null).await.expect_problem(400, "invalid_parameter");
    let theirs = it.globex.path("/deviceTypes/kettle/devices/SN-1/versions");
    it.api.get(&theirs, &it.globex.read).await.expect_problem(404, "not_found");
}
