//! Prints what each use case costs at the table: calls, and capacity units as the table reports them.
//!
//! `cargo bench -p benches --bench calls`. Fails if a registration needs more than 3 calls, a check more than 1, an idle poll
//! of a device more than a read, or a status more than a read and a transaction.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stdout,
    reason = "a benchmark on the command line"
)]
#![allow(clippy::disallowed_methods, reason = "a benchmark stands at the edge, where time comes in")]

use std::collections::BTreeMap;
use std::time::Instant;

use aws_sdk_dynamodb::Client;
use benches::{Meter, Reading};
use shared::domain::device::{Said, Status};
use shared::domain::image::Words;
use shared::domain::page::{PageRequest, Sort};
use shared::domain::progress::State;
use shared::domain::{DeviceTypeId, FeedName, ImageId, PartnerId, Right, Sha256, TypeNumber};
use shared::http::App;
use shared::store::Store;
use shared::usecases::hub::answer_all;
use shared::usecases::images::Wish;
use shared::usecases::registration::{NewImage, Repeatable, register};
use shared::usecases::reports::{Asking, Caller, answer, report};
use shared::usecases::{Context, Standing, associations, eligibility, images};
use tests::api::Api;

/// How many images the pool of the page benchmark has: as many as a partner may have.
const POOL: u32 = 10_000;

fn main() {
    // `cargo test --benches` asks for a list or a quick run; there is nothing to check there.
    if std::env::args().any(|argument| argument == "--test" || argument == "--list") {
        return;
    }
    tokio::runtime::Runtime::new().unwrap().block_on(run());
}

async fn run() {
    let api = Api::start().await;
    let acme = api.tenant("acme").await;
    api.create_type(&acme, 105).await;
    api.create_device_type(&acme, "kettle").await;
    let bytes = b"firmware".repeat(100);
    let record = api.image(&acme, 105, "1.0.0", &bytes).await;
    let url = record["url"].as_str().unwrap().to_owned();

    let meter = Meter::default();
    let app = metered(&api, &meter);
    let cx = context(&app);
    let partner: PartnerId = "acme".parse().unwrap();
    let kettle: DeviceTypeId = "kettle".parse().unwrap();
    let (beta, release): (FeedName, FeedName) = ("beta".parse().unwrap(), FeedName::release());

    println!("{:<44} {:>5}  {:>7}  calls", "use case", "calls", "units");
    let first = register(&cx, api.server.blobs(), &partner, new_image("a", ""), None).await.unwrap().image;
    let plain = show("register an image", meter.take());
    let repeatable = Repeatable { key: "k".into(), body: Sha256::of(b"body") };
    register(&cx, api.server.blobs(), &partner, new_image("b", ""), Some(repeatable.clone())).await.unwrap();
    let keyed = show("register with an Idempotency-Key", meter.take());
    register(&cx, api.server.blobs(), &partner, new_image("b", ""), Some(repeatable)).await.unwrap();
    show("the same again (replayed)", meter.take());
    let wish = Wish { url, url2: None };
    images::edit(&cx, api.server.blobs(), &partner, first.id, first.words.clone(), &wish).await.unwrap();
    show("give a record its binary", meter.take());
    associations::associate(&cx, api.server.blobs(), &partner, &kettle, &beta, first.id, None).await.unwrap();
    show("associate", meter.take());
    let promotion = associations::Promotion { from: beta.clone(), to: release.clone(), wanted: None };
    associations::promote(&cx, api.server.blobs(), &partner, &kettle, first.id, &promotion).await.unwrap();
    show("promote", meter.take());
    let words = Words { description: Some("new words".parse().unwrap()), ..first.words.clone() };
    images::edit(&cx, api.server.blobs(), &partner, first.id, words, &wish).await.unwrap();
    show("edit a record that is in two manifests", meter.take());
    eligibility::open(&app.store, &kettle, &release).await.unwrap();
    let check = show("check of an open feed", meter.take());
    Box::pin(known_device(&api, &cx, &meter, first.id)).await;
    associations::remove(&cx, api.server.blobs(), &partner, &kettle, first.id, None).await.unwrap();
    show("remove from all feeds", meter.take());

    assert!(plain.calls.len() <= 3 && keyed.calls.len() <= 3, "a registration needs at most 3 calls");
    assert_eq!(check.calls, ["GetItem"], "a check is one GetItem");
    Box::pin(large_pool(&api, &app, &meter)).await;
}

/// What a device costs that says who it is, and 50 of them behind a hub.
async fn known_device(api: &Api, cx: &Context<'_>, meter: &Meter, id: ImageId) {
    let asking = |device: &str, runs: &str| {
        let attributes = [(TypeNumber::try_from(105).unwrap(), Some(runs.parse().unwrap()))].into();
        Asking {
            caller: Caller {
                device_type: "kettle".parse().unwrap(),
                device: device.parse().unwrap(),
                token: Some(api.device_token("kettle", device)),
            },
            feed: None,
            credential: None,
            said: Said { attributes, ..Said::default() },
        }
    };
    let one = asking("SN-1", "0");
    answer(cx, &one).await.unwrap();
    show("first report of a device, one offer", meter.take());
    answer(cx, &one).await.unwrap();
    let idle = show("idle poll of a known device", meter.take());
    let status = Status { id, state: State::Downloading, percent: None, code: None, message: None };
    report(cx, &one.caller, &status).await.unwrap();
    let stated = show("status report", meter.take());
    let fifty: Vec<_> = (0..50).map(|number| asking(&format!("H-{number}"), "0")).collect();
    let hub = asking("HUB", "0").caller;
    answer_all(cx, &hub, &fifty).await.unwrap().into_iter().for_each(|each| drop(each.unwrap()));
    show("first report of 50 devices behind a hub", meter.take());
    answer_all(cx, &hub, &fifty).await.unwrap().into_iter().for_each(|each| drop(each.unwrap()));
    let behind = show("idle poll of 50 devices behind a hub", meter.take());
    assert_eq!(idle.calls, ["BatchGetItem"], "an idle poll is one read and no write");
    assert_eq!(
        stated.calls,
        ["BatchGetItem", "TransactWriteItems"],
        "a status is one read and one transaction"
    );
    assert_eq!(behind.calls, ["BatchGetItem"], "an idle hub is one read and no write");
}

/// A full pool, filtered and sorted: what a page costs at the table, and how long it takes over HTTP.
async fn large_pool(api: &Api, app: &App, meter: &Meter) {
    let large = api.tenant("large").await;
    let partner: PartnerId = "large".parse().unwrap();
    let cx = context(app);
    api.create_type(&large, 105).await;
    let began = Instant::now();
    for number in 0..POOL {
        register(&cx, api.server.blobs(), &partner, new_image(&format!("image {number}"), ""), None)
            .await
            .unwrap();
    }
    let rate = f64::from(POOL) / began.elapsed().as_secs_f64();
    println!("\nfilled a pool with {POOL} images, one after the other: {rate:.0} registrations/s");
    let full = register(&cx, api.server.blobs(), &partner, new_image("one too many", ""), None).await;
    assert!(full.is_err(), "the limit of {POOL} images holds");
    meter.take();

    let sort: Sort = "name,asc".parse().unwrap();
    let request = PageRequest { number: 3, size: 200, sort, tags: vec!["even".parse().unwrap()] };
    let page = images::list(&cx, &partner, None, &request).await.unwrap();
    assert_eq!((page.total, page.content.len()), (POOL as usize, 200));
    show("a page of 200 of 10,000, by tag and name", meter.take());

    let path = large.path("/pool?page=3&size=200&sort=name,asc&tags=even");
    let mut times: Vec<f64> = Vec::new();
    for _ in 0..20 {
        let began = Instant::now();
        api.get(&path, &large.read).await.expect(200);
        times.push(began.elapsed().as_secs_f64() * 1000.0);
    }
    times.sort_by(f64::total_cmp);
    println!("the same over HTTP, 20 times: median {:.0} ms, slowest {:.0} ms", times[10], times[19]);
}

fn metered(api: &Api, meter: &Meter) -> App {
    let config = api.server.dynamodb_client().config().to_builder().interceptor(meter.clone()).build();
    App {
        store: Store::with_client(Client::from_conf(config), api.server.table()),
        ..api.server.app().clone()
    }
}

fn context(app: &App) -> Context<'_> {
    Context {
        store: &app.store,
        config: &app.config,
        secrets: &app.secrets,
        actor: "benchmark",
        right: Right::Release,
        request_id: "benchmark",
        now: app.clock.now(),
        standing: Standing::default(),
    }
}

fn new_image(version: &str, url: &str) -> NewImage {
    NewImage {
        number: TypeNumber::try_from(105).unwrap(),
        words: Words {
            name: "kettle firmware".parse().unwrap(),
            version: version.parse().unwrap(),
            description: Some("A description of middling length, as people write them.".parse().unwrap()),
            tags: vec!["even".parse().unwrap(), "nightly".parse().unwrap()],
        },
        wish: Wish { url: url.to_owned(), url2: None },
        associations: Vec::new(),
    }
}

fn show(what: &str, reading: Reading) -> Reading {
    let mut counts = BTreeMap::<&str, usize>::new();
    for call in &reading.calls {
        *counts.entry(call).or_default() += 1;
    }
    let calls: Vec<_> = counts.iter().map(|(call, times)| format!("{times} {call}")).collect();
    println!("{what:<44} {:>5}  {:>7.1}  {}", reading.calls.len(), reading.units, calls.join(", "));
    reading
}
