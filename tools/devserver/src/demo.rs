//! A small catalogue to look at: two products of the partner `demo`, made through the API as a build pipeline would.
//!
//! Making it again changes nothing: what is there already is found and left as it is.

use anyhow::Context as _;
use bytes::Bytes;
use http::{HeaderMap, HeaderName, Method};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use crate::client::{self, Answer};

/// One image: its type, name, version and size, and the device type and feeds that it is for.
struct Image {
    kind: u16,
    name: &'static str,
    version: &'static str,
    bytes: usize,
    device_type: &'static str,
    feeds: &'static [&'static str],
}

const TYPES: [(u16, &str, &str); 2] = [
    (101, "Kettle controller", "The board that heats the water and knows when to stop"),
    (102, "Gateway radio", "The 868 MHz radio beside the gateway's processor"),
];

const DEVICE_TYPES: [(&str, &str, &str); 2] = [
    ("kettle-k1", "Kettle K1", "Electric kettle, 1.7 litres, behind a gateway"),
    ("gateway-g2", "Gateway G2", "Home gateway with Wi-Fi and a radio for kettles"),
];

const RELEASE: &[&str] = &["release"];

const IMAGES: [Image; 9] = [
    image(1, "Kettle bootloader", "2.1", 12_288, "kettle-k1", RELEASE),
    image(101, "Kettle firmware", "1.0.0", 48_211, "kettle-k1", RELEASE),
    image(101, "Kettle firmware", "1.1.0", 49_870, "kettle-k1", &["beta"]),
    image(101, "Kettle firmware", "1.2.0-rc1", 50_442, "kettle-k1", &["alpha", "dev"]),
    image(3, "Gateway application", "3.0.2", 260_096, "gateway-g2", RELEASE),
    image(3, "Gateway application", "3.1.0", 262_900, "gateway-g2", &["beta"]),
    image(6, "Gateway Wi-Fi", "2024.11", 96_000, "gateway-g2", RELEASE),
    image(102, "Gateway radio", "7.2", 31_744, "gateway-g2", RELEASE),
    image(102, "Gateway radio", "7.3-dev", 31_990, "gateway-g2", &["dev"]),
];

const fn image(
    kind: u16,
    name: &'static str,
    version: &'static str,
    bytes: usize,
    device_type: &'static str,
    feeds: &'static [&'static str],
) -> Image {
    Image { kind, name, version, bytes, device_type, feeds }
}

/// The image that has earned its way from beta to release.
const PROMOTED: (u16, &str, &str) = (101, "Kettle firmware", "1.1.0");

/// Makes the catalogue at `base_url` for `partner`, with a key of it that has the `release` right.
pub async fn seed(base_url: &str, partner: &str, key: &str) -> anyhow::Result<()> {
    let api = Api { root: format!("{base_url}/v1/ota/partners/{partner}"), key };
    for (kind, name, description) in TYPES {
        let body = json!({ "name": name, "description": description, "type": kind });
        api.post("/types", &body, &[201, 409]).await?;
    }
    for (id, name, description) in DEVICE_TYPES {
        let body = json!({ "deviceTypeId": id, "name": name, "description": description });
        api.post("/deviceTypes", &body, &[201, 409]).await?;
    }
    for image in &IMAGES {
        let number = api.image(image).await.with_context(|| format!("{} {}", image.name, image.version))?;
        for feed in image.feeds {
            let path = format!("/deviceTypes/{}/firmwareImages", image.device_type);
            let body = json!({ "type": image.kind, "versionNumber": number, "feed": feed });
            api.post(&path, &body, &[201, 409]).await?;
        }
        if (image.kind, image.name, image.version) == PROMOTED {
            let path = format!(
                "/deviceTypes/{}/firmwareImages/types/{}/versionNumbers/{number}/promote",
                image.device_type, image.kind,
            );
            api.post(&path, &json!({ "from": "beta", "to": "release" }), &[200, 201, 204, 409]).await?;
        }
    }
    api.grant("dev", "bench kettle").await
}

struct Api<'a> {
    root: String,
    key: &'a str,
}

impl Api<'_> {
    async fn post(&self, path: &str, body: &Value, expected: &[u16]) -> anyhow::Result<Answer> {
        let answer = client::call(Method::POST, &format!("{}{path}", self.root), self.key, body).await?;
        answer.expect(expected, path)
    }

    async fn get(&self, path: &str) -> anyhow::Result<Value> {
        let answer =
            client::call(Method::GET, &format!("{}{path}", self.root), self.key, &Value::Null).await?;
        Ok(answer.expect(&[200], path)?.json())
    }

    /// The version number of an image, registered and with its binary.
    async fn image(&self, image: &Image) -> anyhow::Result<String> {
        let list = self.get(&format!("/pool/types/{}?size=200", image.kind)).await?;
        let there = list["content"]
            .as_array()
            .and_then(|all| {
                all.iter().find(|one| one["name"] == image.name && one["version"] == image.version)
            })
            .cloned();
        let record = if let Some(record) = there {
            record
        } else {
            let body = json!({ "name": image.name, "type": image.kind, "version": image.version, "url": "" });
            self.post("/pool", &body, &[201]).await?.json()
        };
        let number = record["versionNumber"].as_str().context("a record without a number")?.to_owned();
        if record["url"] == "" {
            let url = self.upload(&bytes_of(image)).await?;
            let path = format!("{}/pool/types/{}/versionNumbers/{number}", self.root, image.kind);
            let body = json!({ "name": image.name, "version": image.version, "url": url });
            client::call(Method::PUT, &path, self.key, &body)
                .await?
                .expect(&[204], "giving a record its binary")?;
        }
        Ok(number)
    }

    /// Uploads bytes through a presigned URL and answers the repository URL.
    async fn upload(&self, bytes: &Bytes) -> anyhow::Result<String> {
        let sha256 = hex::encode(Sha256::digest(bytes));
        let body = json!({ "sha256": sha256, "size": bytes.len() });
        let answer = self.post("/binaries", &body, &[200, 201]).await?.json();
        if let Some(url) = answer["upload"]["url"].as_str() {
            let mut headers = HeaderMap::new();
            for (name, value) in answer["upload"]["headers"].as_object().into_iter().flatten() {
                let name: HeaderName = name.parse()?;
                headers.insert(name, value.as_str().unwrap_or_default().parse()?);
            }
            client::send(Method::PUT, url, headers, bytes.clone()).await?.expect(&[200, 412], "uploading")?;
        }
        let moved =
            self.post("/binaries/moveToRepository", &json!({ "value": sha256 }), &[200]).await?.json();
        moved["value"].as_str().map(str::to_owned).context("a move without a URL")
    }

    /// Lets one made-up device into a restricted feed, unless it is in.
    async fn grant(&self, feed: &str, label: &str) -> anyhow::Result<()> {
        let path = format!("/feeds/{feed}/devices");
        let there = self.get(&path).await?;
        if there.to_string().contains(&format!("\"{label}\"")) {
            return Ok(());
        }
        // SHA-1 of the IMEI 490154203237518, the one that everyone uses for examples.
        let body = json!({ "hexSha1": "97a2105232ecc8756f03a029a839b97ded59207d", "label": label });
        self.post(&path, &body, &[201]).await.map(|_| ())
    }
}

/// Bytes that look like firmware to nobody but are always the same.
fn bytes_of(image: &Image) -> Bytes {
    let mut bytes = format!("demo firmware {} {}\n", image.name, image.version).into_bytes();
    let mut block = Sha256::digest(&bytes);
    while bytes.len() < image.bytes {
        bytes.extend_from_slice(&block);
        block = Sha256::digest(block);
    }
    bytes.truncate(image.bytes);
    bytes.into()
}
