//! How fast the hot path and registration are, beside their floors in the same run.
//!
//! `cargo bench -p benches --bench speed`.

#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs, reason = "a benchmark on the command line")]
#![allow(clippy::disallowed_methods, reason = "a benchmark stands at the edge, where time comes in")]

use std::sync::atomic::{AtomicU64, Ordering};

use axum::Router;
use axum::body::Body;
use axum::routing::get;
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use http::Request;
use http_body_util::BodyExt as _;
use serde_json::json;
use shared::domain::DeviceTypeId;
use shared::domain::Timestamp;
use shared::domain::decision::{Device, Reported, decide};
use tests::api::{Api, Tenant};
use tokio::runtime::Runtime;
use tower::ServiceExt as _;

struct Fixture {
    runtime: Runtime,
    api: Api,
    acme: Tenant,
}

fn fixture() -> Fixture {
    let runtime = Runtime::new().unwrap();
    let (api, acme) = runtime.block_on(async {
        let api = Api::start().await;
        let acme = api.tenant("acme").await;
        api.create_type(&acme, 105).await;
        api.create_device_type(&acme, "kettle").await;
        let record = api.image(&acme, 105, "1.0.0", b"firmware").await;
        api.associate(&acme, "kettle", &record, "release").await.expect(201);
        (api, acme)
    });
    Fixture { runtime, api, acme }
}

async fn ask(router: &Router, path: &'static str) -> usize {
    let request = Request::get(path).body(Body::empty()).unwrap();
    let answer = router.clone().oneshot(request).await.unwrap();
    answer.into_body().collect().await.unwrap().to_bytes().len()
}

async fn say(router: &Router, token: &str) -> usize {
    let request = Request::post("/v1/ota/deviceTypes/kettle/devices/SN-1/attributes")
        .header("authorization", format!("Bearer {token}"))
        .header("content-type", "application/json")
        .body(Body::from(r#"{"attributes": {"2105": "1"}}"#))
        .unwrap();
    let answer = router.clone().oneshot(request).await.unwrap();
    answer.into_body().collect().await.unwrap().to_bytes().len()
}

/// A check through the router, the read of the manifest from the embedded database included; a bare handler as floor.
fn check(criterion: &mut Criterion) {
    let Fixture { runtime, api, .. } = fixture();
    let routes = eligibility::routes(api.server.app().clone());
    let bare = Router::new().route("/check", get(|| async { "{}" }));
    let kettle: DeviceTypeId = "kettle".parse().unwrap();
    let store = &api.server.app().store;
    let release = shared::domain::FeedName::release();
    let manifest = runtime.block_on(store.manifest_for_check(&kettle, &release)).unwrap().unwrap();
    let reported = Reported::from([(105_u16.try_into().unwrap(), "0".parse().unwrap())]);
    let device = Device { reported, ..Device::default() };

    let mut group = criterion.benchmark_group("check");
    group.throughput(Throughput::Elements(1));
    group.bench_function("floor: bare axum handler", |b| b.to_async(&runtime).iter(|| ask(&bare, "/check")));
    group.bench_function("floor: GetItem of the manifest", |b| {
        b.to_async(&runtime).iter(|| store.manifest_for_check(&kettle, &release));
    });
    group.bench_function("decision alone", |b| {
        b.iter(|| decide(manifest.candidates(), false, &device, Timestamp::from_millis(0)).len());
    });
    group.bench_function("router to bytes, one update", |b| {
        b.to_async(&runtime).iter(|| ask(&routes, "/v1/ota/deviceTypes/kettle/eligibility?2105=0"));
    });
    let token = api.device_token("kettle", "SN-1");
    group.bench_function("router to bytes, a known device with nothing new", |b| {
        b.to_async(&runtime).iter(|| say(&routes, &token));
    });
    group.finish();
}

/// Registrations over HTTP, one after the other and 16 at once.
fn registration(criterion: &mut Criterion) {
    let Fixture { runtime, api, acme } = fixture();
    let next = AtomicU64::new(0);
    let register = || async {
        let version = next.fetch_add(1, Ordering::Relaxed).to_string();
        let body = json!({"name": "kettle firmware", "type": 105, "version": version, "url": ""});
        api.call("POST", &acme.path("/pool"), &acme.write, body).await.status
    };
    let mut group = criterion.benchmark_group("registration over HTTP");
    group.sample_size(10).measurement_time(std::time::Duration::from_secs(3));
    group.throughput(Throughput::Elements(1));
    group.bench_function("one after the other", |b| b.to_async(&runtime).iter(&register));
    group.throughput(Throughput::Elements(16));
    group.bench_function("16 at once", |b| {
        b.to_async(&runtime).iter(|| async {
            let mut all = Vec::new();
            for _ in 0..16 {
                all.push(register());
            }
            futures::future::join_all(all).await
        });
    });
    group.finish();
}

criterion_group!(benches, check, registration);
criterion_main!(benches);
