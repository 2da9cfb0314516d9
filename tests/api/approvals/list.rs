//! `GET /approvals`.

use serde_json::{Value, json};

use super::Guarded;

impl Guarded {
    async fn page(&self, query: &str) -> (Vec<String>, Option<String>) {
        let path = self.it.acme.path(&format!("/approvals{query}"));
        let body = self.it.api.get(&path, &self.it.acme.read).await.expect(200).json();
        let ids = body["approvals"].as_array().unwrap().iter();
        let ids = ids.map(|each| each["id"].as_str().unwrap().to_owned()).collect();
        (ids, body["pageToken"].as_str().map(str::to_owned))
    }
}

#[tokio::test]
async fn proposals_are_listed_newest_first_by_page_and_by_state() {
    let this = Guarded::start().await;
    let mut made = Vec::new();
    for version in ["1.0", "2.0", "3.0"] {
        let record = this.it.image(version).await;
        made.insert(0, Guarded::proposed(this.associate(&record, "release").await));
        this.it.api.server.clock().shift(1);
    }
    assert_eq!(this.page("").await, (made.clone(), None));
    let (first, token) = this.page("?limit=2").await;
    assert_eq!(first, made[..2]);
    assert_eq!(
        this.page(&format!("?limit=2&pageToken={}", token.unwrap())).await,
        (made[2..].to_vec(), None)
    );
    this.approve(&made[1]).await.expect(204);
    this.reject_as(&made[2], &this.second).await.expect(204);
    for (state, expected) in
        [("pending", &made[..1]), ("approved", &made[1..2]), ("rejected", &made[2..]), ("failed", &[])]
    {
        assert_eq!(this.page(&format!("?state={state}")).await, (expected.to_vec(), None), "{state}");
    }
    this.it.api.server.clock().shift(7 * 86_400_000);
    assert_eq!(this.page("?state=expired").await.0, made[..1]);
}

#[tokio::test]
async fn a_query_that_cannot_be_read_is_refused() {
    let this = Guarded::start().await;
    for query in ["state=open", "limit=0", "limit=201", "pageToken=x", "state=pending&state=failed"] {
        let path = this.it.acme.path(&format!("/approvals?{query}"));
        this.it.api.get(&path, &this.it.acme.read).await.expect_problem(400, "invalid_parameter");
    }
}

#[tokio::test]
async fn a_hundred_proposals_wait_and_no_more_until_one_ends() {
    let this = Guarded::start().await;
    let mut record = this.it.image("1.0").await;
    record["feed"] = "release".into();
    let propose = async |number: usize| {
        let mut body = record.clone();
        body["rollout"] = json!({"percent": number});
        this.it.api.call("POST", &this.it.images(), &this.it.acme.release, body).await
    };
    let mut last = String::new();
    for number in 0..100 {
        last = Guarded::proposed(propose(number).await);
    }
    propose(100).await.expect_problem(409, "limit_reached");
    // Brakes are no proposals.
    let stop = this.it.acme.path("/deviceTypes/kettle/stop");
    this.it.api.call("POST", &stop, &this.it.acme.write, Value::Null).await.expect(204);
    // Nor is letting go of them held up by whoever fills the list.
    let start = this.it.api.call("DELETE", &stop, &this.it.acme.release, Value::Null).await;
    this.reject_as(&Guarded::proposed(start), &this.it.acme.release).await.expect(204);
    this.reject_as(&last, &this.it.acme.release).await.expect(204);
    Guarded::proposed(propose(100).await);
}
