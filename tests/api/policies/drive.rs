//! Runs everything once, and what goes wrong most often besides, and writes down what each function asks for.

use serde_json::{Value, json};
use shared::domain::Sha256;
use shared::needs::{self, Function, Needs};
use tests::api::{Answer, Api, Tenant};
use tests::ipk::Ipk;
use tests::sent::{self, Asked, Resource, Sent};
use tests::wire::Wire;

use super::Seen;
use super::{approvals, devices, mishaps, reconciliation};
use crate::operations::{Needs as Right, World, all};

/// What stands before the names of parameters in policies.
const PARAMETER: &str = "arn:aws:ssm:us-east-1:000000000000:parameter/ota/dev/";

/// A service whose every request is written down.
pub struct Drive {
    /// The service.
    pub api: Api,
    /// The wire to its bucket.
    bucket: Wire,
    /// A partner.
    pub acme: Tenant,
    /// Another.
    pub globex: Tenant,
    seen: Seen,
}

/// What each function asks for.
pub async fn everything() -> Seen {
    let mut drive = Drive::start().await;
    drive.starts().await;
    drive.operations().await;
    drive.images().await;
    drive.packages().await;
    drive.uploads().await;
    drive.keys().await;
    devices::run(&drive).await;
    approvals::run(&drive).await;
    mishaps::run(&drive).await;
    Box::pin(reconciliation::run(&mut drive)).await;
    drive.collect();
    drive.seen
}

impl Drive {
    async fn start() -> Self {
        let (api, bucket) = Api::start_wired().await;
        api.wire.keep();
        bucket.keep();
        let (acme, globex) = (api.tenant("acme").await, api.tenant("globex").await);
        Self { api, bucket, acme, globex, seen: Seen::new() }
    }

    /// Writes down what a function asks for that no wire sees.
    pub fn note(&mut self, function: &str, asked: impl IntoIterator<Item = Asked>) {
        self.seen.entry(function.to_owned()).or_default().extend(asked);
    }

    /// Takes what the wires have seen. A request without a function's name is the doors' own: they ask the authorizer.
    fn collect(&mut self) {
        for Sent { function, asked } in [self.api.wire.take_sent(), self.bucket.take_sent()].concat() {
            self.note(if function.is_empty() { "authorizer" } else { &function }, asked);
        }
    }

    pub async fn call(&self, method: &str, rest: &str, body: Value) -> Answer {
        self.api.call(method, &self.acme.path(rest), &self.acme.release, body).await
    }

    /// What every function does before its first request: it loads its parameters and opens its connections.
    async fn starts(&mut self) {
        for function in &needs::ALL {
            let app = self.api.server.app().only(function);
            app.store.warm().await;
            if warms_the_bucket(function) {
                self.api.server.blobs().named(function.name).warm().await;
            }
            let parameters = function.parameters();
            let parameter = |name: &str| Resource::Other(format!("{PARAMETER}{name}"));
            let loads = parameters.iter().map(|each| Asked::new("ssm:GetParameters", parameter(each.name)));
            self.note(function.name, loads);
        }
    }

    /// Every operation of the table, and after that once more, when much of it is refused.
    async fn operations(&self) {
        let world = World::make(&self.api, &self.acme).await;
        let mut all = all(&world);
        all.sort_by_key(|each| {
            ["GET", "POST", "PUT", "PATCH", "DELETE"].iter().position(|method| *method == each.method)
        });
        for again in [false, true] {
            for operation in all.iter().filter(|operation| operation.needs != Right::Nothing) {
                let operator = self.api.server.operator_key();
                let key = if operation.needs == Right::Operator { operator } else { &self.acme.release };
                let answer = operation.send(&self.api, "acme", key).await;
                assert!(again || answer.status < 300, "{}: {}", operation.name(), answer.status);
            }
        }
    }

    /// Images that are edited, renamed, offered, intended and refused.
    async fn images(&self) {
        let Self { api, acme, globex, .. } = self;
        api.create_device_type(acme, "oven").await;
        api.create_type(acme, 120).await;
        let one = api.image(acme, 120, "1", b"one").await;
        for feed in ["beta", "release"] {
            api.associate(acme, "oven", &one, feed).await.expect(201);
        }
        api.associate(acme, "oven", &one, "release").await.expect_problem(409, "already_associated");
        let mut edited = one.clone();
        edited["name"] = "edited".into();
        let path = api.record_path(acme, &one);
        for _ in 0..2 {
            api.call("PUT", &path, &acme.release, edited.clone()).await.expect(204);
        }
        // New names reach manifests.
        self.call("PUT", "/types/120", json!({"name": "Renamed"})).await.expect(204);
        let radio = api.image(globex, 3, "globex", b"of globex").await;
        let offer = format!("{}/offers/acme", api.record_path(globex, &radio));
        api.call("PUT", &offer, &globex.write, Value::Null).await.expect(204);
        api.associate(acme, "oven", &radio, "release").await.expect(201);
        let modem = api.image(acme, 10, "1", b"modem").await;
        for feed in ["beta", "release"] {
            api.associate(acme, "oven", &modem, feed).await.expect(201);
        }
        self.repeated("/pool", json!({"name": "r", "type": 120, "version": "r", "url": ""})).await;
        let url = api.upload(acme, b"profile").await;
        let profile = json!({"name": "profile", "type": 4, "version": "r", "url": url, "feed": "beta"});
        self.repeated("/deviceTypes/oven/firmwareImages", profile).await;
        self.renamed().await;
        for kind in [5, 10] {
            self.intended(kind, format!("intended {kind}").as_bytes()).await.expect(204);
        }
        for package in ["one", "other"] {
            self.intended(5, &Ipk::new(package, "1").build()).await.expect(204);
        }
        let described = api.get(&acme.path("/deviceTypes/oven/firmwareImages/types/4"), &acme.read).await;
        let number = described.expect(200).json()["content"][0]["versionNumber"].as_str().unwrap().to_owned();
        let description = format!("/deviceTypes/oven/firmwareImages/types/4/versionNumbers/{number}");
        let up = json!({"from": "beta", "to": "alpha"});
        self.call("POST", &format!("{description}/promote"), up).await.expect(201);
        self.call("DELETE", &description, Value::Null).await.expect(204);
        self.device_types().await;
    }

    /// A request with an `Idempotency-Key`, and the same again.
    async fn repeated(&self, path: &str, body: Value) {
        for _ in 0..2 {
            let request = self.api.request("POST", &self.acme.path(path)).bearer_auth(&self.acme.release);
            self.api.send(request.header("idempotency-key", path).json(&body)).await.expect(201);
        }
    }

    /// Types with new names, which reach manifests that also show platform types and descriptions.
    async fn renamed(&self) {
        let operator = self.api.server.operator_key();
        for name in ["Cellular modem", "Modem"] {
            self.api.call("PUT", "/v1/ota/admin/types/10", operator, json!({"name": name})).await.expect(204);
            self.call("PUT", "/types/120", json!({"name": name})).await.expect(204);
        }
        // By a key that may not touch the release feed.
        self.api.create_type(&self.acme, 121).await;
        let beta = self.api.image(&self.acme, 121, "1", b"beta").await;
        self.api.associate(&self.acme, "oven", &beta, "beta").await.expect(201);
        let path = self.acme.path("/types/121");
        self.api.call("PUT", &path, &self.acme.write, json!({"name": "By write"})).await.expect(204);
    }

    /// Gives a binary to an image that is to be associated with the oven as soon as it has one.
    pub async fn intended(&self, kind: u16, bytes: &[u8]) -> Answer {
        let Self { api, acme, .. } = self;
        let name = Sha256::of(bytes).to_string()[..30].to_owned();
        let later = json!({"name": name, "type": kind, "version": "1", "url": "", "associations": {"acme": ["oven"]}});
        let mut record = self.call("POST", "/pool", later).await.expect(201).json();
        record["url"] = api.upload(acme, bytes).await.into();
        api.call("PUT", &api.record_path(acme, &record), &acme.release, record.clone()).await
    }

    /// Device types and feeds that are made, used, taken away and made again.
    async fn device_types(&self) {
        let Self { api, acme, globex, .. } = self;
        for _ in 0..2 {
            api.create_device_type(acme, "passing").await;
            self.call("PUT", "/deviceTypes/passing", json!({"name": "x", "architecture": "armv7"}))
                .await
                .expect(204);
            self.call("DELETE", "/deviceTypes/passing", Value::Null).await.expect(204);
        }
        let taken = json!({"deviceTypeId": "oven", "name": "x"});
        let answer = api.call("POST", &globex.path("/deviceTypes"), &globex.write, taken).await;
        answer.expect_problem(409, "device_type_taken");
        self.call("DELETE", "/deviceTypes/oven", Value::Null).await.expect_problem(409, "device_type_in_use");
        for feed in ["field", "dev-lab"] {
            self.call("PUT", &format!("/feeds/{feed}"), Value::Null).await.expect(204);
        }
        let package = api.image(acme, 3, "field", &Ipk::new("fielded", "1").build()).await;
        api.associate(acme, "oven", &package, "field").await.expect(201);
        self.call("DELETE", "/feeds/field", Value::Null).await.expect_problem(409, "feed_in_use");
        let number = package["versionNumber"].as_str().unwrap();
        let placed = format!("/deviceTypes/oven/firmwareImages/types/3/versionNumbers/{number}");
        self.call("DELETE", &placed, Value::Null).await.expect(204);
        for feed in ["field", "dev-lab"] {
            self.call("DELETE", &format!("/feeds/{feed}"), Value::Null).await.expect(204);
        }
    }

    /// Packages that come into indexes, leave them, and are in the way of one another.
    async fn packages(&self) {
        let Self { api, acme, .. } = self;
        api.create_device_type(acme, "phone").await;
        let mut records = Vec::new();
        for version in ["1.0", "1.1"] {
            let record = api.image(acme, 3, version, &Ipk::new("base", version).build()).await;
            api.associate(acme, "phone", &record, "beta").await.expect(201);
            records.push(record);
        }
        api.associate(acme, "phone", &records[0], "beta").await.expect_problem(409, "already_associated");
        let at = |record: &Value| {
            let number = record["versionNumber"].as_str().unwrap();
            format!("/deviceTypes/phone/firmwareImages/types/3/versionNumbers/{number}")
        };
        let up = json!({"from": "beta", "to": "release"});
        self.call("POST", &format!("{}/promote", at(&records[1])), up.clone()).await.expect(201);
        let older = self.call("POST", &format!("{}/promote", at(&records[0])), up).await;
        older.expect_problem(409, "version_not_newer");
        self.call("DELETE", &format!("{}?feed=beta", at(&records[0])), Value::Null).await.expect(204);
        self.call("PUT", "/deviceTypes/phone", json!({"name": "x", "architecture": "armv7"})).await;
    }

    /// Uploads by every way, moved, moved again, missing and wrong.
    async fn uploads(&mut self) {
        let (api, acme) = (&self.api, &self.acme);
        let announced = json!({"sha256": Sha256::of(b"fresh").to_string(), "size": 5});
        let answer = self.call("POST", "/binaries", announced.clone()).await.expect(201).json();
        api.put_presigned(&answer["upload"], b"fresh".to_vec()).await.expect(200);
        self.call("POST", "/binaries", announced.clone()).await.expect(200);
        for _ in 0..2 {
            api.move_to_repository(acme, announced["sha256"].as_str().unwrap()).await.expect(200);
        }
        self.call("POST", "/binaries", announced).await.expect(200);
        api.move_to_repository(acme, &"0".repeat(64)).await.expect_problem(404, "upload_missing");
        // The same bytes of another partner are there already.
        api.upload(&self.globex, b"fresh").await;
        let direct = api.request("POST", &acme.path("/binaries")).bearer_auth(&acme.write);
        let direct = direct.header("content-type", "application/octet-stream").body("direct");
        assert!(api.send(direct).await.status < 300);
        self.note("uploads", sent::of_presigned(&answer["upload"]));
    }

    /// Bearers, and keys that are none.
    async fn keys(&self) {
        let Self { api, acme, .. } = self;
        let id = api.get("/v1/ota/whoami", &acme.write).await.expect(200).json()["keyId"].clone();
        let form = format!(
            "grant_type=client_credentials&client_id={}&client_secret={}",
            id.as_str().unwrap(),
            acme.write
        );
        let request = api.request("POST", "/oauth/token").body(form);
        let request = request.header("content-type", "application/x-www-form-urlencoded");
        let bearer = api.send(request).await.expect(200).json()["access_token"].as_str().unwrap().to_owned();
        api.get("/v1/ota/whoami", &bearer).await.expect(200);
        api.get("/v1/ota/whoami", "otak1_nonsense").await.expect(401);
        let nobody = json!({"rights": ["read"], "label": "x"});
        let path = "/v1/ota/admin/partners/nobody/keys";
        api.call("POST", path, api.server.operator_key(), nobody).await.expect(404);
    }
}

/// Whether a function opens a connection to the bucket when it starts.
fn warms_the_bucket(function: &Function) -> bool {
    let main = format!("{}/../functions/{}/src/main.rs", env!("CARGO_MANIFEST_DIR"), function.name);
    let warms = std::fs::read_to_string(main).unwrap().contains("blobs.warm()");
    assert!(!warms || function.has(Needs::Bucket));
    warms
}
