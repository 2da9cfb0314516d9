//! `PUT /feeds/{feed}`.

use serde_json::Value;
use tests::api::{Answer, Api, Tenant};

use crate::kettle::pointers;

async fn put(api: &Api, tenant: &Tenant, feed: &str) -> Answer {
    api.call("PUT", &tenant.path(&format!("/feeds/{feed}")), &tenant.write, Value::Null).await
}

async fn names(api: &Api, tenant: &Tenant) -> Vec<String> {
    let all = api.get(&tenant.path("/feeds"), &tenant.read).await.expect(200).json();
    all.as_array().unwrap().iter().map(|each| each["feed"].as_str().unwrap().to_owned()).collect()
}

const STANDARD: [&str; 4] = ["dev", "alpha", "beta", "release"];

#[tokio::test]
async fn a_feed_is_made_once_and_making_it_again_changes_nothing() {
    let api = Api::start().await;
    let acme = api.tenant("acme").await;
    for _ in 0..2 {
        let answer = put(&api, &acme, "nightly").await.expect(204);
        assert!(answer.bytes.is_empty());
        assert_eq!(names(&api, &acme).await, ["dev", "alpha", "beta", "release", "nightly"]);
    }
    for feed in STANDARD {
        put(&api, &acme, feed).await.expect(204);
    }
    assert_eq!(names(&api, &acme).await.len(), 5);
}

#[tokio::test]
async fn a_body_that_says_nothing_of_it_does_not_matter() {
    let api = Api::start().await;
    let acme = api.tenant("acme").await;
    let request =
        api.request("PUT", &acme.path("/feeds/nightly")).bearer_auth(&acme.write).body("{\"feed\": 1}");
    api.send(request).await.expect(204);
    assert_eq!(names(&api, &acme).await.len(), 5);
}

#[tokio::test]
async fn reserved_names_are_refused() {
    let api = Api::start().await;
    let acme = api.tenant("acme").await;
    for feed in ["v1", "oauth", "repository", "console", "docs", "health", "robots.txt", "favicon.ico"] {
        put(&api, &acme, feed).await.expect_problem(422, "reserved_name");
    }
    assert_eq!(names(&api, &acme).await, STANDARD);
}

#[tokio::test]
async fn a_feed_is_named_by_a_slug() {
    let api = Api::start().await;
    let acme = api.tenant("acme").await;
    let (longest, too_long) = ("f".repeat(63), "f".repeat(64));
    for feed in ["0", "dev-", "development", "a-b-c", longest.as_str()] {
        put(&api, &acme, feed).await.expect(204);
    }
    let before = names(&api, &acme).await;
    for feed in ["Nightly", "-a", "a_b", "a.b", "a%20b", "%C3%A9", "a%2Fb", too_long.as_str()] {
        let refused = put(&api, &acme, feed).await;
        if feed == "a%2Fb" {
            // The gateway decodes it: another path.
            refused.expect_problem(404, "not_found");
        } else {
            assert_eq!(pointers(&refused.expect_problem(422, "invalid_field")), ["/feed"], "{feed}");
        }
    }
    assert_eq!(names(&api, &acme).await, before);
}

#[tokio::test]
async fn a_partner_has_at_most_20_feeds() {
    let api = Api::start().await;
    let (acme, other) = (api.tenant("acme").await, api.tenant("other").await);
    for number in 1..=16 {
        put(&api, &acme, &format!("feed-{number}")).await.expect(204);
    }
    assert_eq!(names(&api, &acme).await.len(), 20);
    put(&api, &acme, "one-more").await.expect_problem(409, "limit_reached");
    assert_eq!(names(&api, &acme).await.len(), 20);
    // What is there already is no more.
    put(&api, &acme, "feed-7").await.expect(204);
    put(&api, &acme, "release").await.expect(204);
    // Others have their own.
    put(&api, &other, "one-more").await.expect(204);
    let path = acme.path("/feeds/feed-7");
    api.call("DELETE", &path, &acme.write, Value::Null).await.expect(204);
    put(&api, &acme, "one-more").await.expect(204);
    put(&api, &acme, "and-another").await.expect_problem(409, "limit_reached");
}

#[tokio::test]
async fn the_limit_holds_for_feeds_made_at_once() {
    let api = Api::start().await;
    let acme = api.tenant("acme").await;
    for number in 1..=14 {
        put(&api, &acme, &format!("feed-{number}")).await.expect(204);
    }
    let many: Vec<String> = (0..6).map(|number| format!("burst-{number}")).collect();
    let answers = futures::future::join_all(many.iter().map(|feed| put(&api, &acme, feed))).await;
    let made = answers.iter().filter(|answer| answer.status == 204).count();
    assert_eq!((made, names(&api, &acme).await.len()), (2, 20));
    let same = futures::future::join_all((0..4).map(|_| put(&api, &acme, "beta"))).await;
    assert!(same.iter().all(|answer| answer.status == 204));
}

#[tokio::test]
async fn a_partner_makes_feeds_of_its_own_alone() {
    let api = Api::start().await;
    let (acme, other) = (api.tenant("acme").await, api.tenant("other").await);
    let path = acme.path("/feeds/nightly");
    api.call("PUT", &path, &other.release, Value::Null).await.expect_problem(404, "not_found");
    api.call("PUT", &path, &acme.read, Value::Null).await.expect_problem(403, "right_missing");
    assert_eq!(names(&api, &acme).await, STANDARD);
    put(&api, &acme, "nightly").await.expect(204);
    assert_eq!(names(&api, &other).await, STANDARD);
}
