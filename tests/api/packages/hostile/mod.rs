//! Packages that mean harm or were built wrongly: each is refused in words, or repaired with a warning, and whatever
//! ends up in an index is read alike by every client.

mod archives;
mod bombs;
mod control;
mod opkg;
mod repairs;
mod reserved;
mod warnings;

use serde_json::{Value, json};
use shared::domain::Sha256;
use shared::ipkg::index::{self, Entry};
use tests::api::Answer;
use tests::ipk::{ar, tar_gz};

use super::World;

/// An `.ipk` in the `ar` form around a control file of any bytes.
fn ipk(control: &[u8]) -> Vec<u8> {
    around(&tar_gz(&[("./control", control)]))
}

/// The same around a control archive of any bytes.
fn around(control_tar_gz: &[u8]) -> Vec<u8> {
    let data = tar_gz(&[("./usr/share/content", b"content")]);
    ar(&[("debian-binary", b"2.0\n"), ("control.tar.gz", control_tar_gz), ("data.tar.gz", &data)])
}

/// The same in the form of a gzip'd tar, with its control archive first or last.
fn tarball(control_tar_gz: &[u8], control_first: bool) -> Vec<u8> {
    let data = tar_gz(&[("./usr/share/content", b"content")]);
    let mut members =
        [("./debian-binary", &b"2.0\n"[..]), ("./control.tar.gz", control_tar_gz), ("./data.tar.gz", &data)];
    if !control_first {
        members.swap(1, 2);
    }
    tar_gz(&members)
}

/// A control file that no one objects to, with more lines.
fn control(package: &str, lines: &str) -> String {
    format!("Package: {package}\nVersion: 1.0\nArchitecture: all\n{lines}")
}

fn field<'a>(entry: &'a Entry, name: &str) -> &'a str {
    let mut found = entry.fields.iter().filter(|field| field.name == name);
    let value = found.next().map(|field| field.value.as_str()).unwrap_or_default();
    assert!(found.next().is_none(), "{name} stands twice in {entry:?}");
    value
}

impl World {
    /// Uploads bytes to staging, however they look.
    async fn stage(&self, bytes: &[u8]) -> String {
        let sha256 = Sha256::of(bytes).to_string();
        let body = json!({"sha256": sha256, "size": bytes.len()});
        let path = self.acme.path("/binaries");
        let announced = self.api.call("POST", &path, &self.acme.write, body).await;
        if announced.status == 201 {
            self.api.put_presigned(&announced.json()["upload"], bytes.to_vec()).await.expect(200);
        }
        sha256
    }

    async fn move_as_binary(&self, sha256: &str) -> Answer {
        let path = self.acme.path("/binaries/moveToRepository");
        let body = json!({"value": sha256, "as": "binary"});
        self.api.call("POST", &path, &self.acme.write, body).await
    }

    async fn is_stored(&self, key: &str) -> bool {
        let head = self.api.server.s3_client().head_object().bucket(self.api.server.bucket());
        head.key(key).send().await.is_ok()
    }

    /// Fails the test unless these bytes are refused with that code and nothing is moved, until they are moved as a
    /// plain binary. Answers the reason.
    async fn expect_refused(&self, bytes: &[u8], code: &str, reason: &str) -> String {
        let (api, acme) = (&self.api, &self.acme);
        let before = api.dump().await;
        let sha256 = self.stage(bytes).await;
        let mut detail = String::new();
        // Asking again changes nothing.
        for _ in 0..2 {
            let answer = api.move_to_repository(acme, &sha256).await;
            let answer = answer.expect_problem(422, code);
            answer.json()["detail"].as_str().unwrap().clone_into(&mut detail);
            expect_readable(&detail);
            assert!(detail.contains(reason), "{reason:?} is not in {detail:?}");
        }
        assert!(!self.is_stored(&format!("repository/{sha256}")).await, "{detail}");
        assert!(self.is_stored(&format!("staging/acme/{sha256}")).await, "{detail}");
        assert_eq!(api.dump().await.difference(&before), [""; 0], "{detail}");
        let own = acme.path(&format!("/binaries/{sha256}"));
        api.get(&own, &acme.read).await.expect_problem(404, "not_found");
        let url = format!("{}/repository/{sha256}", api.server.base_url());
        let body = json!({"name": &sha256[..30], "type": 3, "version": "1", "url": url});
        let post = api.call("POST", &acme.path("/pool"), &acme.write, body.clone()).await;
        post.expect_problem(422, "not_your_binary");

        self.move_as_binary(&sha256).await.expect(200);
        assert!(self.is_stored(&format!("repository/{sha256}")).await, "{detail}");
        assert_eq!(api.get(&own, &acme.read).await.expect(200).json()["kind"], "binary");
        let record = api.call("POST", &acme.path("/pool"), &acme.write, body).await.expect(201).json();
        assert!(record.get("package").is_none() && record.get("warnings").is_none(), "{record}");
        detail
    }

    /// Fails the test unless these bytes are moved, as a package or as a plain binary; answers the record of them.
    async fn expect_taken(&self, bytes: &[u8], package: bool) -> Value {
        let (api, acme) = (&self.api, &self.acme);
        let sha256 = self.stage(bytes).await;
        let moved = api.move_to_repository(acme, &sha256).await.expect(200).json();
        let body = json!({"name": &sha256[..30], "type": 3, "version": "1", "url": moved["value"]});
        let record = api.call("POST", &acme.path("/pool"), &acme.write, body).await.expect(201).json();
        assert_eq!(record.get("package").is_some(), package, "{record}");
        record
    }

    /// The same for a package, which is then put into `beta` of `dev1`; answers the record and its part of the index,
    /// as every client reads it.
    async fn expect_indexed(&self, bytes: &[u8], package: &str) -> (Value, Entry) {
        let record = self.expect_taken(bytes, true).await;
        self.api.associate(&self.acme, "dev1", &record, "beta").await.expect(201);
        let entries = self.expect_clean_index("/beta/dev1").await;
        let entry = entries.into_iter().find(|entry| field(entry, "Package") == package);
        let entry = entry.unwrap_or_else(|| panic!("{package} is not in the index"));
        assert_eq!(field(&entry, "Size"), bytes.len().to_string());
        assert_eq!(field(&entry, "SHA256sum"), Sha256::of(bytes).to_string());
        let file = self.get(&format!("/beta/dev1/{}", field(&entry, "Filename"))).await.expect(200);
        assert_eq!(file.bytes, bytes);
        (record, entry)
    }

    /// Fails the test unless an index is one that every client reads, and all alike; answers its stanzas.
    async fn expect_clean_index(&self, at: &str) -> Vec<Entry> {
        let answer = self.get(&format!("{at}/Packages")).await.expect(200);
        let text = String::from_utf8(answer.bytes).expect("an index is UTF-8");
        let entries = index::parse(&text).unwrap_or_else(|fault| panic!("{fault} in {text}"));
        assert_eq!(index::render(&entries), text, "white space at some end");
        opkg::expect_read_alike(&text, &entries);
        entries
    }
}

/// The warnings of a record.
fn warned(record: &Value) -> Vec<String> {
    let all = record["warnings"].as_array().cloned().unwrap_or_default();
    all.iter().map(|each| each.as_str().unwrap().to_owned()).collect()
}

/// Fails the test unless a text is a sentence for the person who built the package.
#[track_caller]
fn expect_readable(text: &str) {
    assert!(!text.is_empty() && text.len() < 400, "{text:?}");
    assert!(!text.chars().any(char::is_control), "{text:?}");
    for trace in ["Error(", "Err(", "Some(", "None", "Kind", "panicked", "unwrap", "src/", "Utf8"] {
        assert!(!text.contains(trace), "{text:?}");
    }
}
