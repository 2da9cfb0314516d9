//! What a feed of 5,000 packages costs: calls and bytes of a request, time to rebuild its index, processor time to serve it.
//!
//! `cargo bench -p benches --bench feeds`. Fails if a request makes more than one call of the table and one of the
//! bucket.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stdout,
    missing_docs,
    reason = "a benchmark on the command line"
)]
#![allow(clippy::default_trait_access, reason = "the type is none of a benchmark's business")]
#![allow(clippy::disallowed_methods, reason = "a benchmark stands at the edge, where time comes in")]

use std::time::Instant;

use aws_sdk_dynamodb::Client;
use axum::Router;
use axum::body::{Body, Bytes};
use benches::Meter;
use http::{HeaderMap, Request, header};
use http_body_util::BodyExt as _;
use shared::blobs::Blobs;
use shared::domain::catalogue::{Level, NewRelease, Paths};
use shared::domain::{Binary, BinaryKind, Catalogue, FeedName, ImageId, Md5, Right, Sha256};
use shared::http::App;
use shared::ipkg::control;
use shared::store::Store;
use shared::usecases::{Context, Standing};
use tests::api::Api;
use tower::ServiceExt as _;

const PACKAGES: usize = 5_000;
const DEVICE_TYPE: &str = "dev1";

fn main() {
    // `cargo test --benches` asks for a list or a quick run; there is nothing to check there.
    if std::env::args().any(|argument| argument == "--test" || argument == "--list") {
        return;
    }
    // The service and its database run on threads of their own, so that this one's processor time is the function's.
    let server = tokio::runtime::Runtime::new().unwrap();
    let api = server.block_on(async {
        let api = Api::start().await;
        let acme = api.tenant("acme").await;
        api.create_device_type(&acme, DEVICE_TYPE).await;
        api
    });
    let here = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    here.block_on(run(&api));
}

async fn run(api: &Api) {
    let meter = Meter::default();
    let (app, blobs) = metered(api, &meter);
    let text = fill(&app, &blobs).await;
    meter.take();
    rebuild(&app, &text);

    println!("\n{:<52} {:>9} {:>9} {:>10}  calls", "request", "wall ms", "cpu ms", "bytes");
    let index = format!("/release/{DEVICE_TYPE}");
    for file in ["Packages", "Packages.gz", "Packages.asc", "Packages.sig"] {
        let path = format!("{index}/{file}");
        for name in ["cold", "warm"] {
            let routes = feeds::routes(app.clone(), blobs.clone());
            let rounds = if name == "cold" { 5 } else { 50 };
            if name == "warm" {
                ask(&routes, &path, &[]).await;
                meter.take();
            }
            let mut taken = Vec::new();
            for _ in 0..rounds {
                let fresh = feeds::routes(app.clone(), blobs.clone());
                taken.push(timed(if name == "cold" { &fresh } else { &routes }, &path, &[]).await);
            }
            show(&format!("{name} {path}"), &taken, &meter);
        }
    }
    let routes = feeds::routes(app.clone(), blobs.clone());
    let seen = ask(&routes, &index, &[]).await.0;
    let seen = |name: header::HeaderName| seen[name].to_str().unwrap();
    let (etag, modified) = (seen(header::ETAG), seen(header::LAST_MODIFIED));
    // As the edge asks for what has changed since.
    let since = [("if-modified-since", modified), ("x-device-modified-since", modified)];
    for (path, headers, what) in [
        (index.clone(), &[("if-none-match", etag)][..], "304 by If-None-Match"),
        (index.clone(), &since, "304 by If-Modified-Since"),
        (format!("{index}/package-0777"), &[], "one package"),
        (format!("{index}/package-0777/latest/Description"), &[], "one field"),
        ("/release".to_owned(), &[], "device types"),
    ] {
        ask(&routes, &path, headers).await;
        meter.take();
        let mut taken = Vec::new();
        for _ in 0..50 {
            taken.push(timed(&routes, &path, headers).await);
        }
        show(&format!("warm {what}"), &taken, &meter);
    }
    let mut floor = Vec::new();
    let (device_type, feed) = (DEVICE_TYPE.parse().unwrap(), FeedName::release());
    for _ in 0..50 {
        let (began, used) = (Instant::now(), thread_cpu());
        app.store.index_for_feed(&device_type, &feed).await.unwrap();
        floor.push((began.elapsed().as_secs_f64() * 1e3, thread_cpu() - used, 0));
    }
    show("floor: GetItem of the pointer", &floor, &meter);
}

/// A control file as OpenEmbedded writes them, of some 600 bytes.
fn control_file(number: usize, version: &str) -> String {
    format!(
        "Package: package-{number:04}\nVersion: {version}-r0\nDescription: Package number {number}\n {}\n .\n {}\n\
         Section: base\nPriority: optional\nMaintainer: Distribution <ports@example.org>\nLicense: Apache-2.0\n\
         Architecture: all\nOE: package-{number:04}\nHomepage: http://www.example.org/package-{number:04}\n\
         Depends: libc6 (>= 2.31), package-{:04} (>= 1.0), libstdc++6 (>= 10.2.0)\nRecommends: package-{:04}\n\
         Source: package_{number:04}.bb git://git.example.org/package-{number:04}.git;branch=main\n",
        "It does what packages of its kind do, and is described in as many words as people use.",
        "A second paragraph says the rest.",
        number.saturating_sub(1),
        number.saturating_sub(2),
    )
}

fn binary(number: usize) -> Binary {
    let bytes = number.to_be_bytes();
    Binary {
        sha256: Sha256::of(&bytes),
        md5: Md5::from_bytes([7; 16]),
        size: 20_000,
        kind: BinaryKind::Package,
    }
}

fn image(number: usize) -> ImageId {
    let number = i64::try_from(number + 1).unwrap();
    ImageId { r#type: 3_u16.try_into().unwrap(), number: number.try_into().unwrap() }
}

/// Puts 5,000 packages behind the pointer, as as many associations would; answers the stored catalogue.
async fn fill(app: &App, blobs: &Blobs) -> String {
    let (device_type, feed) = (DEVICE_TYPE.parse().unwrap(), FeedName::release());
    let pointer = app.store.index(&device_type, &feed).await.unwrap().unwrap();
    let mut catalogue = Catalogue::empty(device_type, feed, pointer.modified);
    for number in 0..PACKAGES {
        let read = control::read(control_file(number, "1.0").as_bytes()).unwrap();
        let binary = binary(number);
        let new = NewRelease::new(image(number), &binary, &read.stanza).unwrap();
        catalogue.add(&new, pointer.changed + 1).unwrap();
    }
    catalogue.revision = 2;
    let text = catalogue.to_text().unwrap();
    let mut next = pointer.clone();
    next.revision = 2;
    next.packages = PACKAGES as u64;
    next.changed = pointer.changed + 1;
    next.modified = next.changed;
    next.catalogue = Some(blobs.keep_catalogue(text.clone()).await.unwrap());
    let cx = Context {
        store: &app.store,
        config: &app.config,
        secrets: &app.secrets,
        actor: "benchmark",
        right: Right::Release,
        request_id: "benchmark",
        now: app.clock.now(),
        standing: Standing::default(),
    };
    let partner = "acme".parse().unwrap();
    let mut tx = cx.tx(Some(&partner), "index.remade", "benchmark".to_owned(), Default::default());
    tx.put_index(&next, Some(pointer.revision));
    tx.list_in_feed(&next);
    tx.commit(&app.store).await.unwrap();
    text
}

/// The parts of a change of one package in the full feed, without the calls.
fn rebuild(app: &App, text: &str) {
    let read = control::read(control_file(777, "1.1").as_bytes()).unwrap();
    let secret = app.secrets.download().unwrap();
    let paths = Paths { secret, key_id: secret.current().0 };
    let mut parts: [Vec<f64>; 5] = Default::default();
    for _ in 0..20 {
        let mut last = Instant::now();
        let mut lap = |part: usize, parts: &mut [Vec<f64>; 5]| {
            parts[part].push(last.elapsed().as_secs_f64() * 1e3);
            last = Instant::now();
        };
        let mut catalogue = Catalogue::from_text(text.as_bytes()).unwrap();
        lap(0, &mut parts);
        let binary = binary(PACKAGES);
        let new = NewRelease::new(image(PACKAGES), &binary, &read.stanza).unwrap();
        catalogue.add(&new, catalogue.modified + 1).unwrap();
        lap(1, &mut parts);
        let index = catalogue.select(&Level::Device).unwrap().render(paths);
        lap(2, &mut parts);
        let stored = catalogue.to_text().unwrap();
        lap(3, &mut parts);
        std::hint::black_box((Sha256::of(stored.as_bytes()), index.len()));
        lap(4, &mut parts);
    }
    println!("one package more in a feed of {PACKAGES} ({} bytes of catalogue), medians of 20:", text.len());
    let mut total = 0.0;
    for (name, part) in
        ["parse the catalogue", "add the package", "render the index", "write it down", "its digest"]
            .into_iter()
            .zip(&mut parts)
    {
        total += median(part);
        println!("  {name:<30} {:>8.2} ms", median(part));
    }
    println!("  {:<30} {total:>8.2} ms", "together");
}

fn median(values: &mut [f64]) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

/// Processor time of this thread, in milliseconds (Linux).
fn thread_cpu() -> f64 {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    text.split(' ').next().and_then(|nanos| nanos.parse::<f64>().ok()).unwrap_or(f64::NAN) / 1e6
}

async fn ask(router: &Router, path: &str, headers: &[(&str, &str)]) -> (HeaderMap, Bytes) {
    let mut request = Request::get(path);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let answer = router.clone().oneshot(request.body(Body::empty()).unwrap()).await.unwrap();
    assert!(matches!(answer.status().as_u16(), 200 | 304), "{path}: {}", answer.status());
    let seen = answer.headers().clone();
    (seen, answer.into_body().collect().await.unwrap().to_bytes())
}

async fn timed(router: &Router, path: &str, headers: &[(&str, &str)]) -> (f64, f64, usize) {
    let (began, used) = (Instant::now(), thread_cpu());
    let (_, bytes) = ask(router, path, headers).await;
    (began.elapsed().as_secs_f64() * 1e3, thread_cpu() - used, bytes.len())
}

fn show(what: &str, taken: &[(f64, f64, usize)], meter: &Meter) {
    let rounds = taken.len();
    let bytes = taken[0].2;
    let (mut wall, mut cpu): (Vec<f64>, Vec<f64>) = taken.iter().map(|each| (each.0, each.1)).unzip();
    let reading = meter.take();
    let (s3, table): (Vec<&String>, Vec<&String>) =
        reading.calls.iter().partition(|call| call.starts_with("S3"));
    assert!(table.len() <= rounds && s3.len() <= rounds, "{what}: {} and {}", table.len(), s3.len());
    let (table, s3) = (table.len() / rounds, s3.len() / rounds);
    println!("{what:<52} {:>9.2} {:>9.2} {bytes:>10}  {table} + {s3}", median(&mut wall), median(&mut cpu));
}

fn metered(api: &Api, meter: &Meter) -> (App, Blobs) {
    let config = api.server.dynamodb_client().config().to_builder().interceptor(meter.clone()).build();
    let s3 = api.server.s3_client().config().to_builder().interceptor(meter.clone()).build();
    let app = App {
        store: Store::with_client(Client::from_conf(config), api.server.table()),
        ..api.server.app().clone()
    };
    (app, Blobs::new(aws_sdk_s3::Client::from_conf(s3), api.server.bucket()))
}
