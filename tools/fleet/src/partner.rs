//! The partner whose fleet it is: makes a device type and images, and gives them out, all through the partner's API.

use anyhow::Context as _;
use devserver::Server;
use http::Method;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use crate::factory::Factory;
use crate::fleet::TYPE;
use crate::line::{Ask, Line, Reply};

const PARTNER: &str = "fleet-works";
/// The firmware type of packages.
const PACKAGE_TYPE: u16 = 106;
/// Bytes of an image.
const SIZE: usize = 64 * 1024;

/// The partner, with a key that may do everything.
#[derive(Debug)]
pub(crate) struct Partner {
    line: Line,
    key: String,
    device_type: String,
}

/// A registered image.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Image {
    kind: u16,
    /// Its number among those of its type.
    pub(crate) number: u64,
}

/// How a rollout stands, as the service says.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Standing {
    /// `released`, `rolling`, `paused` or `withdrawn`.
    pub(crate) state: String,
    /// Whether it was paused by itself.
    pub(crate) automatic: bool,
    /// When it was paused, in milliseconds since the epoch.
    pub(crate) paused_at: Option<i64>,
    /// How much of the fleet it takes in.
    pub(crate) percent: f64,
    /// Devices that were offered the image.
    pub(crate) offered: u64,
    /// Devices that run it.
    pub(crate) installed: u64,
    /// Attempts that failed.
    pub(crate) failed: u64,
}

impl Partner {
    /// Makes the partner and its device type; what is there already is found.
    pub(crate) async fn begin(server: &Server, device_type: &str) -> anyhow::Result<Self> {
        let key = server.partner_key(PARTNER, "release").await?;
        let authority = server.base_url().trim_start_matches("http://");
        let mut this = Self { line: Line::to(authority), key, device_type: device_type.to_owned() };
        for kind in [TYPE, PACKAGE_TYPE] {
            let body = json!({"name": format!("Simulated {kind}"), "type": kind});
            this.call("POST", "/types", body, &[201, 409]).await?;
        }
        let body = json!({"deviceTypeId": device_type, "name": "Simulated device"});
        this.call("POST", "/deviceTypes", body, &[201, 409]).await?;
        Ok(this)
    }

    /// Has the service tell the factory its secret.
    pub(crate) async fn factory(&mut self) -> anyhow::Result<Factory> {
        let path = format!("/deviceTypes/{}/deviceSecret", self.device_type);
        let told = self.call("POST", &path, json!({}), &[200]).await?.json();
        Factory::told(&self.device_type, &told)
    }

    /// Registers and uploads an image. No device has it yet.
    pub(crate) async fn image(&mut self, version: &str) -> anyhow::Result<Image> {
        self.registered(TYPE, version, &bytes_of(version)).await
    }

    /// The same for a package, whose version is in its `bytes`.
    pub(crate) async fn package(&mut self, version: &str, bytes: &[u8]) -> anyhow::Result<Image> {
        self.registered(PACKAGE_TYPE, version, bytes).await
    }

    async fn registered(&mut self, kind: u16, version: &str, bytes: &[u8]) -> anyhow::Result<Image> {
        let body = json!({"name": "Simulated firmware", "type": kind, "version": version, "url": ""});
        let record = self.call("POST", "/pool", body, &[201]).await?.json();
        let number = record["versionNumber"].as_str().context("a record without a number")?.parse()?;
        let url = self.upload(bytes).await?;
        let body = json!({"name": "Simulated firmware", "version": version, "url": url});
        self.call("PUT", &format!("/pool/types/{kind}/versionNumbers/{number}"), body, &[204]).await?;
        Ok(Image { kind, number })
    }

    /// Uploads bytes as a pipeline does: announces them, puts them to the signed URL, has them moved.
    async fn upload(&mut self, bytes: &[u8]) -> anyhow::Result<String> {
        let sha256 = hex::encode(Sha256::digest(bytes));
        let body = json!({"sha256": sha256, "size": bytes.len()});
        let announced = self.call("POST", "/binaries", body, &[200, 201]).await?.json();
        if announced["upload"].is_object() {
            let put = Line::put(&announced["upload"], bytes.to_vec()).await?;
            put.expect(&[200, 412], "uploading an image")?;
        }
        let moved = self.call("POST", "/binaries/moveToRepository", json!({"value": sha256}), &[200]);
        moved.await?.json()["value"].as_str().map(str::to_owned).context("a move without a URL")
    }

    /// Makes an image the device type's in the release feed, given out as `rollout` says, or to everyone for null.
    pub(crate) async fn release(&mut self, image: Image, rollout: Value) -> anyhow::Result<()> {
        let mut body = json!({"type": image.kind, "versionNumber": image.number.to_string()});
        if !rollout.is_null() {
            body["rollout"] = rollout;
        }
        let path = format!("/deviceTypes/{}/firmwareImages", self.device_type);
        self.call("POST", &path, body, &[201]).await.map(drop)
    }

    /// Takes an image back for good.
    pub(crate) async fn withdraw(&mut self, image: Image) -> anyhow::Result<()> {
        let path = format!("{}/rollout/withdraw", self.path_of(image));
        self.call("POST", &path, json!({}), &[204]).await.map(drop)
    }

    /// How the rollout of an image stands.
    pub(crate) async fn standing(&mut self, image: Image) -> anyhow::Result<Standing> {
        let path = format!("{}/rollout", self.path_of(image));
        let said = self.call("GET", &path, Value::Null, &[200]).await?;
        let said = said.json();
        let count = |name: &str| said["counts"][name].as_u64().unwrap_or_default();
        Ok(Standing {
            state: said["state"].as_str().context("a rollout without a state")?.to_owned(),
            automatic: said["paused"]["automatic"].as_bool().unwrap_or_default(),
            paused_at: said["paused"]["sinceTimestamp"].as_i64(),
            percent: said["currentPercent"].as_f64().unwrap_or_default(),
            offered: count("offered"),
            installed: count("installed"),
            failed: count("failed"),
        })
    }

    /// What the device door offers to whoever tells no more than what it runs; none for nothing.
    pub(crate) async fn anonymous_offer(&mut self, runs: u64) -> anyhow::Result<Option<u64>> {
        let path = format!(
            "/v1/ota/deviceTypes/{}/eligibility?{}={runs}",
            self.device_type,
            crate::fleet::ATTRIBUTE
        );
        let ask = Ask { method: Method::GET, path, bearer: None, body: Value::Null };
        let answer = self.line.ask(&ask).await?.expect(&[200], "a check without a name")?.json();
        Ok(answer["updates"][0]["versionNumber"].as_str().and_then(|number| number.parse().ok()))
    }

    fn path_of(&self, image: Image) -> String {
        let Image { kind, number } = image;
        format!("/deviceTypes/{}/firmwareImages/types/{kind}/versionNumbers/{number}", self.device_type)
    }

    async fn call(
        &mut self,
        method: &str,
        path: &str,
        body: Value,
        expected: &[u16],
    ) -> anyhow::Result<Reply> {
        let ask = Ask {
            method: method.parse()?,
            path: format!("/v1/ota/partners/{PARTNER}{path}"),
            bearer: Some(self.key.clone()),
            body,
        };
        self.line.ask(&ask).await?.expect(expected, &format!("{method} {path}"))
    }
}

/// Bytes that are another image's for another version.
fn bytes_of(version: &str) -> Vec<u8> {
    version.bytes().cycle().take(SIZE).collect()
}
