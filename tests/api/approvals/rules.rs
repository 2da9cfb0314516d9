//! `approvals` of `PUT /feeds/{feed}`.

use serde_json::{Value, json};

use super::Guarded;
use crate::kettle::{Kettle, pointers};

#[tokio::test]
async fn who_asks_for_approvals_needs_release_and_who_asks_for_none_any_more_needs_one() {
    let it = Kettle::start().await;
    let second = it.api.server.partner_key("acme", "release").await.unwrap();
    let this = Guarded { it, second };
    let (api, acme) = (&this.it.api, &this.it.acme);
    this.rule("weekly", true, &acme.write).await.expect_problem(403, "right_missing");
    let feeds = async || api.get(&acme.path("/feeds"), &acme.read).await.expect(200).json();
    assert_eq!(feeds().await.as_array().unwrap().len(), 4, "nothing was made");
    for feed in ["weekly", "release"] {
        this.rule(feed, false, &acme.release).await.expect(204);
        for _ in 0..2 {
            this.rule(feed, true, &acme.release).await.expect(204);
        }
    }
    let asking: Vec<_> =
        feeds().await.as_array().unwrap().iter().map(|feed| feed["approvals"] == true).collect();
    assert_eq!(asking, [false, false, false, true, true]);
    // Without a word it stays as it is.
    for body in [Value::Null, json!({})] {
        api.call("PUT", &acme.path("/feeds/release"), &acme.release, body).await.expect(204);
    }
    let id = Guarded::proposed(this.rule("release", false, &acme.release).await);
    this.approve_as(&id, &acme.release).await.expect_problem(403, "own_proposal");
    let record = this.it.image("1.0").await;
    Guarded::proposed(this.associate(&record, "release").await);
    this.approve(&id).await.expect(204);
    this.associate(&record, "release").await.expect(201);
    // What was agreed once ends it once.
    this.rule("release", true, &acme.release).await.expect(204);
    this.approve(&id).await.expect(204);
    assert_eq!(this.rule("release", false, &acme.release).await.status, 202);
}

#[tokio::test]
async fn a_feed_that_is_made_again_asks_as_before() {
    let this = Guarded::start().await;
    this.it.create_feed("weekly").await;
    this.rule("weekly", true, &this.it.acme.release).await.expect(204);
    let path = this.it.acme.path("/feeds/weekly");
    this.it.api.call("DELETE", &path, &this.it.acme.write, Value::Null).await.expect(204);
    this.it.create_feed("weekly").await;
    let record = this.it.image("1.0").await;
    Guarded::proposed(this.associate(&record, "weekly").await);
}

#[tokio::test]
async fn a_body_that_cannot_be_read_makes_nothing() {
    let it = Kettle::start().await;
    let path = it.acme.path("/feeds/weekly");
    let refused = it.api.call("PUT", &path, &it.acme.release, json!({"approvals": "yes"})).await;
    assert_eq!(pointers(&refused.expect_problem(422, "invalid_field")), ["/approvals"]);
    let request = it.api.request("PUT", &path).bearer_auth(&it.acme.release).body("{");
    it.api.send(request).await.expect_problem(400, "malformed_json");
    let request = it.api.request("PUT", &path).bearer_auth(&it.acme.release).body("x");
    let refused = it.api.send(request.header("content-type", "text/plain")).await;
    refused.expect_problem(415, "unsupported_media_type");
    assert_eq!(it.api.get(&it.acme.path("/feeds"), &it.acme.read).await.json().as_array().unwrap().len(), 4);
}

#[tokio::test]
async fn a_feed_that_is_made_asking_asks_from_its_first_moment_on() {
    let this = Guarded::start().await;
    this.it.api.wire.take_calls();
    this.rule("weekly", true, &this.it.acme.release).await.expect(204);
    let calls = this.it.api.wire.take_calls();
    assert_eq!(calls.iter().filter(|call| *call == "TransactWriteItems").count(), 1, "{calls:?}");
    let record = this.it.image("1.0").await;
    Guarded::proposed(this.associate(&record, "weekly").await);
}
