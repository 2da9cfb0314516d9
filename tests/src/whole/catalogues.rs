//! Catalogues in the bucket: each pointer's is there, and holds exactly the packages that are associated.

use std::cmp::Ordering;
use std::collections::BTreeSet;

use serde_json::{Value, json};
use shared::domain::Sha256;
use shared::ipkg::version;

use super::packages::{Shown, shown};
use super::text;
use crate::api::Api;
use crate::table::Dump;

impl Api {
    /// Fails the test unless the table is whole, and every catalogue holds exactly what is associated.
    pub async fn expect_whole(&self, when: &str) {
        let faults = self.faults().await;
        assert!(faults.is_empty(), "{when}: {faults:#?}");
    }

    /// Everything that is wrong with the table and the catalogues; empty if all is whole.
    pub async fn faults(&self) -> Vec<String> {
        self.faults_of("").await
    }

    /// The same, but only the catalogues of device types whose id ends so.
    pub async fn faults_of(&self, ending: &str) -> Vec<String> {
        let dump = self.dump().await;
        let mut faults = super::faults(&dump);
        let pointers = dump.under("DT#").filter(|(_, sk, _)| sk.starts_with("INDEX#"));
        for (pk, sk, pointer) in pointers.filter(|(pk, ..)| pk.ends_with(ending)) {
            let Some(sha256) = pointer["catalogue"].as_str() else { continue };
            let fault = match self.catalogue(sha256).await {
                Some(bytes) => wrong(&dump, pk, pointer, &bytes),
                None => Some(format!("its catalogue {sha256} is not there")),
            };
            faults.extend(fault.map(|why| format!("{pk} / {sk}: {why}")));
        }
        faults
    }

    /// The bytes of a catalogue, if it is in the bucket.
    pub async fn catalogue(&self, sha256: &str) -> Option<Vec<u8>> {
        let get = self.server.s3_client().get_object().bucket(self.server.bucket());
        let object = get.key(format!("catalogues/{sha256}")).send().await.ok()?;
        Some(object.body.collect().await.unwrap().to_vec())
    }

    /// The digests of all catalogues in the bucket, referenced or not.
    pub async fn catalogues(&self) -> BTreeSet<String> {
        let list = self.server.s3_client().list_objects_v2().bucket(self.server.bucket());
        let page = list.prefix("catalogues/").send().await.unwrap();
        assert_ne!(page.is_truncated(), Some(true), "more catalogues than a test should make");
        let keys = page.contents().iter().filter_map(|object| object.key());
        keys.map(|key| key.trim_start_matches("catalogues/").to_owned()).collect()
    }
}

/// What is wrong with a catalogue, if anything; written anew here on purpose.
fn wrong(dump: &Dump, pk: &str, pointer: &Value, bytes: &[u8]) -> Option<String> {
    if Sha256::of(bytes).to_string() != text(pointer, "catalogue") {
        return Some("its catalogue has another digest".to_owned());
    }
    let Ok(catalogue) = serde_json::from_slice::<Value>(bytes) else {
        return Some("its catalogue is no JSON".to_owned());
    };
    for name in ["deviceType", "feed"] {
        if catalogue[name] != pointer[name] {
            return Some(format!("its catalogue has another {name}: {}", catalogue[name]));
        }
    }
    // A stop and a start leave the catalogue as it is.
    if catalogue["revision"].as_u64() > pointer["revision"].as_u64() {
        return Some(format!("its catalogue has another revision: {}", catalogue["revision"]));
    }
    let (mut releases, mut lines) = (Vec::new(), 0);
    for (package, this) in catalogue["packages"].as_object()? {
        for (architecture, row) in this["rows"].as_object()? {
            lines += 1;
            let here = row["releases"].as_array()?;
            if let Some(why) = disordered(here) {
                return Some(format!("{package} for {architecture}: {why}"));
            }
            releases.extend(here.iter().map(|release| facts(package, architecture, release)));
        }
    }
    let mut wanted: Vec<Value> = shown(dump, pk, text(pointer, "feed")).iter().map(expected).collect();
    let by_image = |each: &Value| (each["image"]["type"].as_i64(), each["image"]["number"].as_i64());
    releases.sort_by_key(by_image);
    wanted.sort_by_key(by_image);
    if releases != wanted {
        return Some(format!("its catalogue holds {releases:#?}, not {wanted:#?}"));
    }
    (pointer["packages"] != lines).then(|| format!("counts {} of {lines}", pointer["packages"]))
}

/// The versions of a row rise from one to the next.
fn disordered(releases: &[Value]) -> Option<String> {
    if releases.is_empty() {
        return Some("a row without a version".to_owned());
    }
    let pairs = releases.iter().zip(&releases[1..]);
    let mut versions = pairs.map(|(low, high)| (text(low, "version"), text(high, "version")));
    versions
        .find(|(low, high)| version::compare(low, high) != Ordering::Less)
        .map(|(low, high)| format!("{high} stands after {low}"))
}

fn facts(package: &str, architecture: &str, release: &Value) -> Value {
    let mut kept = json!({"package": package, "architecture": architecture});
    for name in ["version", "image", "sha256", "md5", "size", "head", "tail"] {
        kept[name] = release[name].clone();
    }
    kept
}

fn expected(this: &Shown<'_>) -> Value {
    let (head, tail) = this.stanza.split();
    json!({
        "package": this.field("Package"),
        "architecture": this.field("Architecture"),
        "version": this.field("Version"),
        "image": {"type": this.image.0, "number": this.image.1},
        "sha256": this.binary["sha256"],
        "md5": this.binary["md5"],
        "size": this.binary["size"],
        "head": head,
        "tail": tail,
    })
}
