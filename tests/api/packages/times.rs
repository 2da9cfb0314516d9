//! Whatever happens within one second, a client that asks for what has changed since then is told all of it.

use serde_json::{Value, json};
use tests::api::Answer;
use tests::ipk::Ipk;

use super::World;

/// A world whose clock stands still whenever a test says so.
struct Second {
    world: World,
    at: i64,
}

impl Second {
    async fn begin() -> Self {
        let world = World::start().await;
        // Away from every time that starting left behind.
        world.api.server.clock().shift(100_000);
        let at = world.api.server.clock().now().seconds();
        Self { world, at }
    }

    /// Back to the beginning of the second.
    fn again(&self) {
        let clock = self.world.api.server.clock();
        clock.shift(self.at * 1000 - clock.now().millis());
    }

    async fn call(&self, method: &str, path: &str, body: Value) -> Answer {
        self.again();
        let acme = &self.world.acme;
        self.world.api.call(method, &acme.path(path), &acme.release, body).await
    }

    async fn place(&self, feed: &str, record: &Value) {
        self.again();
        self.world.api.associate(&self.world.acme, "dev1", record, feed).await.expect(201);
    }

    async fn remove(&self, feed: &str, record: &Value) {
        self.again();
        self.world.remove(feed, record).await.expect(204);
    }

    /// The whole, with its time.
    async fn whole(&self, path: &str) -> (String, String) {
        self.again();
        let answer = self.world.get(path).await.expect(200);
        let since = answer.header("last-modified").to_owned();
        (String::from_utf8(answer.bytes).unwrap(), since)
    }

    /// What a client is told that has had everything since then.
    async fn since(&self, path: &str, since: &str) -> Answer {
        self.again();
        let request = self.world.api.request("GET", path).header("if-modified-since", since);
        self.world.api.send(request).await
    }
}

#[tokio::test]
async fn every_change_within_one_second_is_told() {
    let second = Second::begin().await;
    let (one, two) =
        (second.world.record(&Ipk::new("one", "1")).await, second.world.record(&Ipk::new("two", "1")).await);
    let path = "/release/dev1";
    let (_, mut since) = second.whole(path).await;
    for step in 0..6 {
        match step % 3 {
            0 => second.place("release", &one).await,
            1 => second.place("release", &two).await,
            _ => {
                second.remove("release", &one).await;
                second.remove("release", &two).await;
            }
        }
        let told = second.since(path, &since).await;
        assert_eq!(told.status, 200, "step {step} is told");
        since = second.whole(path).await.1;
    }
}

#[tokio::test]
async fn a_device_type_revived_within_one_second_shows_that_it_is_empty() {
    let second = Second::begin().await;
    let record = second.world.record(&Ipk::new("one", "1")).await;
    second.place("release", &record).await;
    let (full, since) = second.whole("/release/dev1").await;
    assert!(full.starts_with("Package: one\n"), "{full}");
    second.remove("release", &record).await;
    second.call("DELETE", "/deviceTypes/dev1", Value::Null).await.expect(204);
    second.call("POST", "/deviceTypes", json!({"deviceTypeId": "dev1", "name": "Again"})).await.expect(201);
    let told = second.since("/release/dev1", &since).await.expect(200);
    assert_eq!((told.bytes.len(), told.header("cache-control") == "no-store"), (0, false));
    let (_, since) = second.whole("/release/dev1").await;
    second.place("release", &record).await;
    second.since("/release/dev1", &since).await.expect(200);
}

#[tokio::test]
async fn a_feed_made_again_within_one_second_shows_that_it_is_empty() {
    let second = Second::begin().await;
    let record = second.world.record(&Ipk::new("one", "1")).await;
    second.call("PUT", "/feeds/field", Value::Null).await.expect(204);
    let (empty, since) = second.whole("/field/dev1").await;
    assert_eq!(empty, "");
    second.place("field", &record).await;
    let told = second.since("/field/dev1", &since).await.expect(200);
    assert!(told.bytes.starts_with(b"Package: one\n"));
    let (_, since) = second.whole("/field/dev1").await;
    second.remove("field", &record).await;
    second.call("DELETE", "/feeds/field", Value::Null).await.expect(204);
    second.since("/field/dev1", &since).await.expect_problem(404, "not_found");
    second.call("PUT", "/feeds/field", Value::Null).await.expect(204);
    let told = second.since("/field/dev1", &since).await.expect(200);
    assert_eq!(told.bytes, b"");
}

#[tokio::test]
async fn a_list_is_never_older_than_it_was_whatever_is_deleted() {
    let second = Second::begin().await;
    let api = &second.world.api;
    let globex = api.tenant("globex").await;
    for tenant in [&globex, &second.world.acme] {
        api.call("PUT", &tenant.path("/feeds/field"), &tenant.write, Value::Null).await.expect(204);
    }
    api.create_device_type(&globex, "other").await;
    let other = api.image(&globex, 3, "1", &Ipk::new("other", "1").build()).await;
    api.associate(&globex, "other", &other, "field").await.expect(201);
    let record = second.world.record(&Ipk::new("one", "1")).await;
    api.server.clock().shift(10_000);
    api.associate(&second.world.acme, "dev1", &record, "field").await.expect(201);
    let before = api.get("/field", "").await.expect(200);
    assert_eq!(before.bytes, b"dev1\nother\n");
    let since = before.header("last-modified").to_owned();
    api.server.clock().shift(10_000);
    second.world.remove("field", &record).await.expect(204);
    let gone = api.get("/field", "").await.expect(200);
    for path in ["/feeds/field", "/deviceTypes/dev1"] {
        let acme = &second.world.acme;
        api.call("DELETE", &acme.path(path), &acme.write, Value::Null).await.expect(204);
        let after = api.get("/field", "").await.expect(200);
        assert_eq!(after.bytes, b"other\n", "{path}");
        assert_eq!(after.header("last-modified"), gone.header("last-modified"), "{path}");
        let request = api.request("GET", "/field").header("if-modified-since", &since);
        let told = api.send(request).await.expect(200);
        assert_eq!((told.bytes, told.headers.contains_key("etag")), (b"other\n".to_vec(), true), "{path}");
    }
    let number = other["versionNumber"].as_str().unwrap();
    let path = globex.path(&format!("/deviceTypes/other/firmwareImages/types/3/versionNumbers/{number}"));
    api.call("DELETE", &path, &globex.release, Value::Null).await.expect(204);
    assert_eq!(api.get("/field", "").await.expect(200).bytes, b"");
    api.call("DELETE", &globex.path("/feeds/field"), &globex.write, Value::Null).await.expect(204);
    api.get("/field", "").await.expect_problem(404, "not_found");
    api.expect_whole("afterwards").await;
}
