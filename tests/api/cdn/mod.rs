//! What a cache in front of the device door makes of its answers: fresh for as long as they say, revalidated by entity
//! tag, stale while that goes on or while the service is down, in parts by range, and never for restricted feeds.
//!
//! nginx stands in for the CDN. `cargo xtask test` brings it and runs these; they wait for answers to age.

mod nginx;

use std::time::Duration;

use serde_json::json;
use tests::api::{Api, Tenant};
use tests::ipk::Ipk;

use nginx::Nginx;

/// How long the parts of a signed feed's index are fresh, and then some.
const SIGNED: Duration = Duration::from_millis(6500);
/// How long other open answers are fresh, and then some.
const OPEN: Duration = Duration::from_millis(31500);
const GRANTED: &str = "da39a3ee5e6b4b0d3255bfef95601890afd80709";
const CHECK: &str = "/v1/ota/deviceTypes/dev1/eligibility?2105=0";

struct World {
    api: Api,
    acme: Tenant,
    cdn: Nginx,
}

impl World {
    /// A device type `dev1` with a package in `beta` and `dev` and an image in `release`, behind a cache.
    async fn start() -> Self {
        let api = Api::start().await;
        let acme = api.tenant("acme").await;
        api.create_device_type(&acme, "dev1").await;
        api.create_type(&acme, 105).await;
        let cdn = Nginx::start(api.server.base_url()).await;
        let world = Self { api, acme, cdn };
        world.package("beta", "base", "1.0").await;
        world.package("dev", "base", "1.0").await;
        world.image("1").await;
        world
    }

    async fn package(&self, feed: &str, name: &str, version: &str) {
        let bytes = Ipk::new(name, version).content(feed.as_bytes()).build();
        let mut record = self.api.register(&self.acme, 3, &format!("{feed} {name} {version}"), "1").await;
        record["url"] = self.api.upload(&self.acme, &bytes).await.into();
        let path = self.api.record_path(&self.acme, &record);
        self.api.call("PUT", &path, &self.acme.release, record.clone()).await.expect(204);
        self.api.associate(&self.acme, "dev1", &record, feed).await.expect(201);
    }

    async fn image(&self, version: &str) {
        let record = self.api.image(&self.acme, 105, version, version.as_bytes()).await;
        self.api.associate(&self.acme, "dev1", &record, "release").await.expect(201);
    }
}

#[tokio::test]
#[ignore = "needs nginx: run by cargo xtask test"]
async fn an_index_is_fresh_for_as_long_as_it_says_and_then_revalidated_by_its_entity_tag() {
    let world = World::start().await;
    for path in ["/beta/dev1/Packages", "/beta/dev1/Packages.gz", "/beta/dev1/Packages.asc"] {
        let (said, first) = world.cdn.get(path).await;
        assert_eq!((said.as_str(), first.status), ("MISS", 200), "{path}");
        let (said, again) = world.cdn.get(path).await;
        assert_eq!((said.as_str(), again.bytes), ("HIT", first.bytes), "{path}");
    }
    tokio::time::sleep(SIGNED).await;
    let (said, same) = world.cdn.get("/beta/dev1/Packages").await;
    assert_eq!((said.as_str(), same.status), ("REVALIDATED", 200), "304 from the origin, 200 to the device");
    world.package("beta", "base", "2.0").await;
    let (said, old) = world.cdn.get("/beta/dev1/Packages").await;
    assert_eq!((said.as_str(), &old.bytes), ("HIT", &same.bytes), "fresh again, and so for a moment behind");
    tokio::time::sleep(SIGNED).await;
    let (said, new) = world.cdn.get("/beta/dev1/Packages").await;
    // No stale-while-revalidate: a list and a signature of two revisions are of no use to a client.
    assert_eq!((said.as_str(), new.status), ("EXPIRED", 200));
    assert!(String::from_utf8(new.bytes.clone()).unwrap().contains("Version: 2.0"));
    assert_ne!(new.header("etag"), same.header("etag"));
    let (_, signature) = world.cdn.get("/beta/dev1/Packages.asc").await;
    assert_eq!(signature.header("x-cache"), "EXPIRED");
}

#[tokio::test]
#[ignore = "needs nginx: run by cargo xtask test"]
async fn a_stored_index_answers_heads_and_ranges_byte_for_byte() {
    let world = World::start().await;
    for path in ["/beta/dev1/Packages", "/beta/dev1/Packages.gz"] {
        let (_, whole) = world.cdn.get(path).await;
        let tag = whole.header("etag").to_owned();
        let head = world.cdn.ask("HEAD", path, &[]).await.expect(200);
        assert_eq!(head.header("content-length"), whole.bytes.len().to_string(), "{path}");
        assert_eq!((head.header("etag"), head.header("x-cache")), (tag.as_str(), "HIT"));
        assert_eq!(head.header("content-encoding"), "");
        let rest = world.cdn.ask("GET", path, &[("range", "bytes=10-")]).await.expect(206);
        assert_eq!((rest.bytes.as_slice(), rest.header("etag")), (&whole.bytes[10..], tag.as_str()));
        let range = [("range", "bytes=10-"), ("if-range", tag.as_str())];
        assert_eq!(world.cdn.ask("GET", path, &range).await.expect(206).bytes, whole.bytes[10..]);
        let other = [("range", "bytes=10-"), ("if-range", "\"0000000000000000000000000000000000000000\"")];
        assert_eq!(world.cdn.ask("GET", path, &other).await.expect(200).bytes, whole.bytes);
        let known = [("if-none-match", tag.as_str())];
        assert!(world.cdn.ask("GET", path, &known).await.expect(304).bytes.is_empty());
    }
}

#[tokio::test]
#[ignore = "needs nginx: run by cargo xtask test"]
async fn checks_and_indexes_are_stale_for_a_moment_while_they_are_fetched_and_for_longer_while_the_service_is_down()
 {
    let world = World::start().await;
    let paths = [CHECK, "/beta/dev1", "/beta/dev1/base", "/beta", "/beta/dev1/base/latest/Version"];
    for path in paths {
        assert_eq!(world.cdn.get(path).await.0, "MISS", "{path}");
    }
    world.image("2").await;
    assert_eq!(world.cdn.get(CHECK).await.0, "HIT");
    tokio::time::sleep(OPEN).await;
    let (said, stale) = world.cdn.get(CHECK).await;
    assert_eq!((said.as_str(), stale.json()["updates"][0]["version"].as_str()), ("STALE", Some("1")));
    let mut fresh = world.cdn.get(CHECK).await;
    for _ in 0..100 {
        if fresh.0 == "HIT" {
            break;
        }
        // The update that the first request set off is on its way.
        tokio::time::sleep(Duration::from_millis(50)).await;
        fresh = world.cdn.get(CHECK).await;
    }
    assert_eq!((fresh.0.as_str(), fresh.1.json()["updates"][0]["version"].as_str()), ("HIT", Some("2")));

    let World { api, cdn, .. } = world;
    api.server.stop().await.unwrap();
    for path in &paths[1..] {
        let (said, kept) = cdn.get(path).await;
        assert_eq!((said.as_str(), kept.status), ("STALE", 200), "{path}");
        assert!(!kept.bytes.is_empty(), "{path}");
    }
    assert_eq!(cdn.get(CHECK).await.1.status, 200);
    assert_eq!(cdn.get("/beta/dev1/Packages").await.1.status, 502, "what was never fetched cannot be kept");
}

#[tokio::test]
#[ignore = "needs nginx: run by cargo xtask test"]
async fn nothing_of_a_restricted_feed_is_stored_and_no_refusal_either() {
    let world = World::start().await;
    let grants = world.acme.path("/feeds/dev/devices");
    world.api.call("POST", &grants, &world.acme.release, json!({"hexSha1": GRANTED})).await.expect(201);
    let check = format!("{CHECK}&feed=dev");
    for path in ["/dev/dev1/Packages", "/dev/dev1", "/dev", &check] {
        for _ in 0..2 {
            let refused = world.cdn.ask("GET", path, &[]).await.expect(401);
            assert_eq!(refused.header("x-cache"), "MISS", "{path}");
            let given = world.cdn.ask("GET", path, &[("authorization", GRANTED)]).await.expect(200);
            assert_eq!(given.header("x-cache"), "MISS", "{path}");
        }
    }
    for _ in 0..2 {
        let (said, missing) = world.cdn.get("/beta/nothing/Packages").await;
        assert_eq!((said.as_str(), missing.status), ("MISS", 404), "what appears must be seen at once");
    }
}

#[tokio::test]
#[ignore = "needs nginx: run by cargo xtask test"]
async fn a_cache_that_revalidates_by_date_never_stores_a_part_as_the_whole() {
    let world = World::start().await;
    world.package("beta", "other", "1.0").await;
    // Out of the burst: the times of a new index run ahead of the clock.
    world.api.server.clock().shift(5000);
    let (_, whole) = world.cdn.get("/beta/dev1").await;
    let since = [("if-modified-since", whole.header("last-modified"))];
    // Straight to the origin as a revalidating cache asks it: by date and tag, and by date alone.
    let tagged = [since[0], ("if-none-match", whole.header("etag"))];
    world.api.raw("GET", "/beta/dev1", &tagged).await.expect(304);
    world.package("beta", "base", "2.0").await;
    let tagged = world.api.raw("GET", "/beta/dev1", &tagged).await.expect(200);
    assert!(!tagged.header("cache-control").contains("no-store"), "the whole, since the tag is another");
    let part = world.api.raw("GET", "/beta/dev1", &since).await.expect(200);
    assert_eq!(
        part.header("cache-control"),
        "no-store",
        "a part is for the device that asked, and for no cache"
    );
}
