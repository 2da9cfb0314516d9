//! The main job with real firmware, and with one very large file: register, upload, move, edit, associate, check,
//! download.
//!
//! `OTA_TEST_FIRMWARE` names a folder of real firmware, which `cargo xtask test` fills; `OTA_TEST_HUGE=1` adds the file
//! of 1 GiB.

use std::io::Write as _;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::time::Duration;

use futures::TryStream;
use md5::Md5;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use tests::api::{Answer, Api, Tenant};
use tokio::fs::File;
use tokio::io::AsyncReadExt as _;

/// What is read and sent at a time, in bytes.
const CHUNK: usize = 256 << 10;

/// What is known of a file.
#[derive(Debug, PartialEq, Eq)]
struct Facts {
    size: u64,
    sha256: String,
    md5: String,
}

/// Facts in the making.
#[derive(Default)]
struct Hashing {
    size: u64,
    sha256: Sha256,
    md5: Md5,
}

impl Hashing {
    fn update(&mut self, bytes: &[u8]) {
        self.size += bytes.len() as u64;
        self.sha256.update(bytes);
        self.md5.update(bytes);
    }

    fn facts(self) -> Facts {
        let (sha256, md5) = (hex::encode(self.sha256.finalize()), hex::encode(self.md5.finalize()));
        Facts { size: self.size, sha256, md5 }
    }
}

async fn facts(path: &Path) -> Facts {
    let mut file = File::open(path).await.unwrap();
    let (mut hashing, mut chunk) = (Hashing::default(), vec![0; CHUNK]);
    loop {
        match file.read(&mut chunk).await.unwrap() {
            0 => return hashing.facts(),
            read => hashing.update(&chunk[..read]),
        }
    }
}

fn stream(file: File) -> impl TryStream<Ok = Vec<u8>, Error = std::io::Error> + Send + 'static {
    futures::stream::try_unfold(file, |mut file| async move {
        let mut chunk = vec![0; CHUNK];
        let read = file.read(&mut chunk).await?;
        chunk.truncate(read);
        Ok((read > 0).then_some((chunk, file)))
    })
}

/// PUTs a file to a presigned URL without reading it into memory.
async fn put_file(api: &Api, upload: &Value, path: &Path) -> Answer {
    let mut request = api.request("PUT", upload["url"].as_str().unwrap());
    for (name, value) in upload["headers"].as_object().unwrap() {
        request = request.header(name, value.as_str().unwrap());
    }
    let file = File::open(path).await.unwrap();
    api.send(request.body(reqwest::Body::wrap_stream(stream(file)))).await
}

/// Moves an upload, trying again while the copy lasts, as the answer asks for.
async fn move_upload(api: &Api, tenant: &Tenant, sha256: &str) -> Value {
    for _ in 0..20 {
        let answer = api.move_to_repository(tenant, sha256).await;
        if answer.status != 503 {
            return answer.expect(200).json();
        }
        let seconds = answer.header("retry-after").parse().unwrap();
        tokio::time::sleep(Duration::from_secs(seconds)).await;
    }
    panic!("the copy does not end");
}

/// Takes one file from a build machine to a device, and answers what the device has got.
async fn ship(api: &Api, tenant: &Tenant, path: &Path, version: &str) -> Facts {
    let known = facts(path).await;
    let name = path.file_name().unwrap().to_str().unwrap();
    let mut record = api.register(tenant, 105, &name[..name.len().min(35)], version).await;
    let said = json!({"sha256": known.sha256, "size": known.size, "md5": known.md5});
    let announced = api.call("POST", &tenant.path("/binaries"), &tenant.write, said).await.expect(201).json();
    put_file(api, &announced["upload"], path).await.expect(200);
    record["url"] = move_upload(api, tenant, &known.sha256).await["value"].clone();
    let at = api.record_path(tenant, &record);
    api.call("PUT", &at, &tenant.release, record).await.expect(204);
    let record = api.get(&at, &tenant.read).await.expect(200).json();
    api.associate(tenant, "board", &record, "release").await.expect(201);

    let number: i64 = record["versionNumber"].as_str().unwrap().parse().unwrap();
    let check = api.check("board", &format!("2105={}", number - 1)).await.expect(200).json();
    let updates = check["updates"].as_array().unwrap();
    assert_eq!(updates.len(), 1, "{check}");
    let update = &updates[0];
    let text = |member: &str| update[member].as_str().unwrap().to_owned();
    assert_eq!((text("versionNumber"), text("version")), (number.to_string(), version.to_owned()));
    let offered = Facts { size: update["size"].as_u64().unwrap(), sha256: text("sha256"), md5: text("md5") };
    assert_eq!(offered, known, "{name}");

    let mut response = api.request("GET", &text("url")).send().await.unwrap();
    assert_eq!(response.status(), 200);
    assert_eq!(response.content_length(), Some(known.size));
    let mut got = Hashing::default();
    while let Some(chunk) = response.chunk().await.unwrap() {
        got.update(&chunk);
    }
    let got = got.facts();
    assert_eq!(got, known, "{name}");
    got
}

async fn workshop() -> (Api, Tenant) {
    let api = Api::start().await;
    let acme = api.tenant("acme").await;
    api.create_type(&acme, 105).await;
    api.create_device_type(&acme, "board").await;
    (api, acme)
}

#[tokio::test]
async fn real_firmware_of_every_size_reaches_a_device_to_the_byte() {
    let Ok(folder) = std::env::var("OTA_TEST_FIRMWARE") else {
        eprintln!(
            "SKIPPED: OTA_TEST_FIRMWARE names no folder of real firmware (cargo xtask test provides it)"
        );
        return;
    };
    let entries = std::fs::read_dir(&folder).unwrap_or_else(|error| panic!("{folder}: {error}"));
    let mut files: Vec<PathBuf> =
        entries.map(|entry| entry.unwrap().path()).filter(|path| path.is_file()).collect();
    files.sort();
    let sizes: Vec<u64> = files.iter().map(|path| path.metadata().unwrap().len()).collect();
    let classes: [Range<u64>; 3] = [10_000..100_000, 100_000..1_000_000, 5_000_000..u64::MAX];
    for class in classes {
        assert!(
            sizes.iter().any(|size| class.contains(size)),
            "{folder} has no file of {class:?} bytes: {sizes:?}"
        );
    }
    let (api, acme) = workshop().await;
    let mut shipped = Vec::new();
    for (index, file) in files.iter().enumerate() {
        shipped.push(ship(&api, &acme, file, &format!("1.0.{index}")).await.size);
    }
    assert_eq!(shipped, sizes);
}

/// The most memory that this process, server and all, has ever had, in bytes.
fn peak_memory() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    line.trim().trim_end_matches(" kB").parse::<u64>().unwrap() * 1024
}

/// Writes `size` bytes, no two blocks of which are the same.
fn generate(path: &Path, size: usize) {
    const BLOCK: usize = 1 << 20;
    let mut state = 0x9E37_79B9_7F4A_7C15_u64;
    let mut block: Vec<u8> = std::iter::repeat_with(|| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.to_le_bytes()
    })
    .take(BLOCK / 8)
    .flatten()
    .collect();
    let mut file = std::fs::File::create(path).unwrap();
    for index in 0..size / BLOCK {
        block[..8].copy_from_slice(&(index as u64).to_le_bytes());
        file.write_all(&block).unwrap();
    }
}

#[tokio::test]
async fn a_gibibyte_goes_both_ways_without_being_held_in_memory() {
    if std::env::var("OTA_TEST_HUGE").is_ok_and(|value| value == "1") {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("huge.bin");
        generate(&file, 1 << 30);
        let (api, acme) = workshop().await;
        let before = peak_memory();
        assert_eq!(ship(&api, &acme, &file, "1.0.0").await.size, 1 << 30);
        let peak = peak_memory();
        eprintln!("most memory before: {} MiB, after: {} MiB", before >> 20, peak >> 20);
        assert!(peak < 256 << 20, "{} MiB of memory for a file of 1024 MiB", peak >> 20);
    } else {
        eprintln!(
            "SKIPPED: the file of 1 GiB is shipped only where OTA_TEST_HUGE=1 (cargo xtask test --huge)"
        );
    }
}
