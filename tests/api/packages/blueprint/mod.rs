//! Every row of the blueprint (`../shared/seeds/webos-ports-ota-blueprint.txt`), and what feeds.md adds to it.

mod burst;
mod caching;
mod dates;
mod device;
mod feed;
mod field;
mod methods;
mod missing;
mod package;
mod ranges;
mod since;
mod spelling;
mod validators;
mod version;

use std::collections::BTreeMap;
use std::time::{Duration, UNIX_EPOCH};

use serde_json::Value;
use shared::ipkg::index;
use tests::api::Answer;
use tests::ipk::Ipk;

use super::World;

/// Between one change and the next, in milliseconds.
const STEP: i64 = 100_000;
/// Headers that differ from one answer to the next.
const OF_ONE_ANSWER: [&str; 3] = ["date", "x-amzn-requestid", "x-request-id"];

/// A feed `release` in which `base` 1.0, `mail` 2.0 and `base` 1.1 came one after the other, the last a while ago.
struct Story {
    world: World,
    /// The records of the three.
    records: [Value; 3],
    /// When each of them came.
    came: [i64; 3],
}

impl Story {
    async fn told() -> Self {
        let world = World::start().await;
        world.wait();
        let about = |ipk: Ipk, text: &str| {
            ipk.line("Section: core").line(&format!("Description: {text}\n and\n .\n more"))
        };
        let first = world.place("release", &about(Ipk::new("base", "1.0"), "first")).await;
        let one = world.now();
        world.wait();
        let second =
            world.place("release", &about(Ipk::new("mail", "2.0"), "mail").architecture("maguro")).await;
        let two = world.now();
        world.wait();
        let third = world.place("release", &about(Ipk::new("base", "1.1"), "second")).await;
        let three = world.now();
        world.wait();
        let times = async |path: &str| modified(&world.ask("HEAD", path, &[]).await.expect(200));
        // The service's time ran on while a package was registered; what it stored is read back, within a few seconds.
        let came = [
            times("/release/dev1/base/1.0").await,
            times("/release/dev1/mail").await,
            times("/release/dev1/base/1.1").await,
        ];
        for (stored, after) in came.into_iter().zip([one, two, three]) {
            assert!(stored <= after && stored > after - STEP / 1000, "{stored} and {after}");
        }
        Self { world, records: [first, second, third], came }
    }
}

impl World {
    /// Lets the service's clock go on a little, past every time that ran ahead of it.
    fn wait(&self) {
        self.api.server.clock().shift(STEP);
    }

    /// The service's time in seconds.
    fn now(&self) -> i64 {
        self.api.server.clock().now().seconds()
    }

    async fn ask(&self, method: &str, path: &str, headers: &[(&str, &str)]) -> Answer {
        let mut request = self.api.request(method, path);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        self.api.send(request).await
    }

    /// What has changed at a path since then.
    async fn since(&self, path: &str, seconds: i64) -> Answer {
        self.ask("GET", path, &[("if-modified-since", &date(seconds))]).await
    }

    /// GET and HEAD with those headers, whose answers must be alike in everything but the body; answers that to GET.
    async fn both(&self, path: &str, headers: &[(&str, &str)]) -> Answer {
        let (get, head) = (self.ask("GET", path, headers).await, self.ask("HEAD", path, headers).await);
        assert_eq!(head.status, get.status, "{path}");
        assert_eq!(lasting(&head), lasting(&get), "{path}");
        assert!(head.bytes.is_empty(), "{path}");
        if get.status != 304 {
            assert_eq!(head.header("content-length"), get.bytes.len().to_string(), "{path}");
        }
        get
    }
}

/// The headers that do not differ from one answer to the next.
fn lasting(answer: &Answer) -> BTreeMap<String, String> {
    let all =
        answer.headers.iter().map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned()));
    all.filter(|(name, _)| !OF_ONE_ANSWER.contains(&name.as_str())).collect()
}

/// A moment as HTTP writes it today.
fn date(seconds: i64) -> String {
    httpdate::fmt_http_date(UNIX_EPOCH + Duration::from_secs(seconds.try_into().unwrap()))
}

/// `Last-Modified` in seconds.
#[track_caller]
fn modified(answer: &Answer) -> i64 {
    let text = answer.header("last-modified");
    let moment = httpdate::parse_http_date(text).unwrap_or_else(|_| panic!("no date: {text:?}"));
    moment.duration_since(UNIX_EPOCH).unwrap().as_secs().try_into().unwrap()
}

/// The packages of an index with their versions and architectures, as `base 1.0 all`.
#[track_caller]
fn names(answer: &Answer) -> Vec<String> {
    assert_eq!(answer.header("content-type"), "text/plain; charset=utf-8");
    let text = std::str::from_utf8(&answer.bytes).unwrap();
    let entries = index::parse(text).unwrap();
    let field = |entry: &index::Entry, name: &str| {
        entry.fields.iter().find(|field| field.name == name).unwrap().value.clone()
    };
    let line = |entry: &index::Entry| {
        ["Package", "Version", "Architecture"].map(|name| field(entry, name)).join(" ")
    };
    entries.iter().map(line).collect()
}

/// A body as text.
fn text(answer: &Answer) -> &str {
    std::str::from_utf8(&answer.bytes).unwrap()
}
