//! What the device check prints for CloudWatch: one line for an answer that offers something, and nothing else.

use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Body;
use http::{Request, StatusCode};
use serde_json::{Value, json};
use shared::metrics::Metrics;
use shared::needs;
use tower::ServiceExt as _;

use crate::kettle::Kettle;

struct Measured {
    it: Kettle,
    routes: Router,
    lines: Arc<Mutex<Vec<String>>>,
}

impl Measured {
    async fn start() -> Self {
        let it = Kettle::start().await;
        let lines: Arc<Mutex<Vec<String>>> = Arc::default();
        let kept = Arc::clone(&lines);
        let metrics = Metrics::to("ota/test", move |line| kept.lock().unwrap().push(line.to_owned()));
        let routes = eligibility::measured(it.api.server.app().only(&needs::ELIGIBILITY), metrics);
        Self { it, routes, lines }
    }

    /// The status and entity tag of a check.
    async fn check(&self, query: &str, tag: &str) -> (StatusCode, String) {
        let request = Request::get(format!("/v1/ota/deviceTypes/kettle/eligibility?{query}"));
        let request = request.header("if-none-match", tag).body(Body::empty()).unwrap();
        let answer = self.routes.clone().oneshot(request).await.unwrap();
        let tag = answer.headers().get("etag").map(|tag| tag.to_str().unwrap().to_owned());
        (answer.status(), tag.unwrap_or_default())
    }

    fn lines(&self) -> Vec<Value> {
        let lines = std::mem::take(&mut *self.lines.lock().unwrap());
        lines.iter().map(|line| serde_json::from_str(line).unwrap()).collect()
    }
}

#[tokio::test]
async fn an_idle_check_prints_no_line() {
    let measured = Measured::start().await;
    measured.it.image_in("1.0", &["release"]).await;
    for query in ["2105=1", "2105=99", "", "feed=beta&2105=0", "2003=4"] {
        for _ in 0..100 {
            assert_eq!(measured.check(query, "").await.0, 200, "{query}");
        }
    }
    for (query, status) in [("feed=nowhere", 404), ("2000=1", 400)] {
        assert_eq!(measured.check(query, "").await.0, status);
    }
    assert_eq!(measured.lines(), Vec::<Value>::new());
}

#[tokio::test]
async fn an_answer_that_offers_something_prints_one_line_with_how_much() {
    let measured = Measured::start().await;
    measured.it.image_in("1.0", &["release"]).await;
    let radio = measured.it.api.image(&measured.it.acme, 3, "2.0", b"radio").await;
    measured.it.api.associate(&measured.it.acme, "kettle", &radio, "release").await.expect(201);
    let (_, tag) = measured.check("2105=0&2003=0", "").await;
    let [line] = <[Value; 1]>::try_from(measured.lines()).unwrap();
    assert_eq!(line["UpdatesOffered"], 2);
    assert_eq!(
        line["_aws"]["CloudWatchMetrics"][0]["Metrics"],
        json!([{"Name": "UpdatesOffered", "Unit": "Count"}])
    );
    assert!(line["_aws"]["Timestamp"].as_i64().unwrap() > 1_600_000_000_000);
    assert_eq!(measured.check("2105=0&2003=0", &tag).await.0, 304);
    assert_eq!(measured.lines(), Vec::<Value>::new(), "who has the answer already was offered it before");
    measured.check("2105=0", "").await;
    assert_eq!(measured.lines()[0]["UpdatesOffered"], 1);
}
