//! Restricted feeds: what a credential opens, and one and the same wall before everything else.

mod credentials;
mod doors;
mod listing;
mod partners;
mod secrecy;
mod shapes;
mod wall;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use devserver::Options;
use serde_json::{Value, json};
use tests::api::{Answer, Api, Tenant};
use tests::ipk::Ipk;
use tests::lambda;
use tests::wire::Wire;

use super::World;

/// SHA-1 of some device's number, which has been granted access.
const HASH: &str = "2fd4e1c67a2d28fced849ee1bb76e7391b93eb12";
/// Of one that has not.
const WRONG: &str = "de9f2c7fd25e1b3afad3e85a0bd17d9b100db4b3";
/// A real number, which no device should send.
const IMEI: &str = "356938035643809";

/// Acme's device type `dev1` and bolt's `bolt1`, both with packages in `dev` and in `dev-lab`; acme's `bare1` without
/// packages, and its `gone1`, which is deleted.
struct Lab {
    world: World,
    bolt: Tenant,
    /// The wire between the service and its bucket.
    bucket: Wire,
}

impl Lab {
    async fn start() -> Self {
        let bucket = Wire::default();
        // To functions that Lambda runs there is no such wire.
        let client = lambda::options().is_none().then(|| bucket.client());
        let options = Options { s3_http_client: client, ..Options::default() };
        let api = Api::start_with(options).await;
        let (acme, bolt) = (api.tenant("acme").await, api.tenant("bolt").await);
        let lab = Self { world: World { api, acme }, bolt, bucket };
        let (api, acme, bolt) = (&lab.world.api, &lab.world.acme, &lab.bolt);
        for id in ["dev1", "bare1", "gone1"] {
            api.create_device_type(acme, id).await;
        }
        api.call("DELETE", &acme.path("/deviceTypes/gone1"), &acme.write, Value::Null).await.expect(204);
        api.create_device_type(bolt, "bolt1").await;
        for tenant in [acme, bolt] {
            let path = tenant.path("/feeds/dev-lab");
            api.call("PUT", &path, &tenant.write, Value::Null).await.expect(204);
        }
        for feed in ["dev", "dev-lab"] {
            lab.world
                .place(feed, &Ipk::new("base", "1.0").line("X-Feed: acme").content(feed.as_bytes()))
                .await;
            lab.place_at_bolt(feed, &Ipk::new("secret", "1.0").content(feed.as_bytes())).await;
        }
        // In a burst, times run ahead; by now they have come.
        api.pass(6000).await;
        lab
    }

    /// Puts a package into a feed of bolt's `bolt1`.
    async fn place_at_bolt(&self, feed: &str, ipk: &Ipk) {
        let api = &self.world.api;
        let bytes = ipk.build();
        let version = &shared::domain::Sha256::of(&bytes).to_string()[..30];
        let record = api.image(&self.bolt, 3, version, &bytes).await;
        api.associate(&self.bolt, "bolt1", &record, feed).await.expect(201);
    }

    /// Lets the device with this hash into a partner's restricted feed; answers the grant's id.
    async fn grant(&self, tenant: &Tenant, feed: &str, hash: &str) -> String {
        let path = tenant.path(&format!("/feeds/{feed}/devices"));
        let answer = self.world.api.call("POST", &path, &tenant.release, json!({"hexSha1": hash})).await;
        answer.expect(201).json()["id"].as_str().unwrap().to_owned()
    }

    /// The same for acme.
    async fn grant_at_acme(&self, feed: &str, hash: &str) -> String {
        self.grant(&self.world.acme, feed, hash).await
    }

    async fn revoke(&self, tenant: &Tenant, feed: &str, id: &str) {
        let path = tenant.path(&format!("/feeds/{feed}/devices/{id}"));
        self.world.api.call("DELETE", &path, &tenant.release, Value::Null).await.expect(204);
    }

    /// GET with an `Authorization`; none for none.
    async fn ask(&self, path: &str, credential: Option<&str>) -> Answer {
        self.ask_with(path, credential, &[]).await
    }

    /// The same with more headers.
    async fn ask_with(&self, path: &str, credential: Option<&str>, more: &[(&str, &str)]) -> Answer {
        let mut headers = more.to_vec();
        headers.extend(credential.map(|credential| ("authorization", credential)));
        self.world.api.raw("GET", path, &headers).await
    }

    /// What the service asked of its table and of its bucket since the last time.
    fn taken(&self) -> (Vec<String>, Vec<String>) {
        assert!(
            !self.world.api.server.runs_lambda(),
            "nothing is seen of what functions ask that Lambda runs"
        );
        (self.world.api.wire.take_calls(), self.bucket.take_calls())
    }
}

/// What `option http_auth` and a URL with a user in it make clients send.
fn basic(pair: &str) -> String {
    format!("Basic {}", STANDARD.encode(pair))
}

/// What an answer says, but for what differs from request to request by nature.
fn said(answer: &Answer) -> (u16, Vec<(String, String)>, String) {
    let volatile = ["date", "connection", "x-request-id", "x-amzn-requestid", "apigw-requestid"];
    let mut headers: Vec<(String, String)> = answer
        .headers
        .iter()
        .filter(|(name, _)| !volatile.contains(&name.as_str()))
        .map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned()))
        .collect();
    headers.sort();
    let mut body = String::from_utf8(answer.bytes.clone()).unwrap();
    if answer.header("content-type") == "application/problem+json" && !body.is_empty() {
        body = body.replace(&answer.json()["timestamp"].to_string(), "NOW");
        body = body.replace(answer.header("x-request-id"), "ID");
    }
    (answer.status, headers, body)
}

/// Fails the test unless this is the wall, whole.
#[track_caller]
fn expect_wall(answer: Answer, what: &str) -> Answer {
    assert_eq!(answer.status, 401, "{what}: {}", String::from_utf8_lossy(&answer.bytes));
    let answer = answer.expect_problem(401, "credential_required");
    assert!(answer.header("www-authenticate").starts_with("Basic realm=\""), "{what}: {:?}", answer.headers);
    assert_eq!(answer.header("cache-control"), "private, no-store", "{what}");
    for name in ["etag", "last-modified", "vary", "accept-ranges"] {
        assert_eq!(answer.header(name), "", "{what}: {name}");
    }
    answer
}
