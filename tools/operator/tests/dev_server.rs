//! Chores on a dev server's folder, which need no server for what is in its files.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test reports a fault by failing")]

use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;
use std::process::Command;

use shared::http::random;
use shared::secrets::Secrets;

/// A folder as a dev server leaves it.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Self {
        let folder = std::env::temp_dir().join(format!("ota-operator-{:016x}", random::number()));
        std::fs::create_dir(&folder).unwrap();
        let this = Self(folder);
        let secrets = Secrets::generate(&random::bytes()).completed(&random::bytes()).unwrap();
        std::fs::write(this.file(), serde_json::to_string(&secrets).unwrap()).unwrap();
        let settings = [
            ("OTA_DYNAMODB_ENDPOINT", "http://127.0.0.1:1".to_owned()),
            ("OTA_TABLE", "ota".to_owned()),
            ("OTA_S3_ENDPOINT", "http://127.0.0.1:1".to_owned()),
            ("OTA_S3_ACCESS_KEY", "key".to_owned()),
            ("OTA_S3_SECRET", "secret".to_owned()),
            ("OTA_BUCKET", "ota".to_owned()),
            ("OTA_SECRETS_FILE", this.file().display().to_string()),
        ];
        let lines = settings.map(|(name, value)| format!("export {name}='{value}'"));
        std::fs::write(this.0.join("dev.env"), lines.join("\n")).unwrap();
        this
    }

    fn file(&self) -> PathBuf {
        self.0.join("secrets.json")
    }

    fn secrets(&self) -> Secrets {
        Secrets::from_json(&std::fs::read_to_string(self.file()).unwrap()).unwrap()
    }

    fn run(&self, words: &[&str]) -> String {
        let mut command = Command::new(env!("CARGO_BIN_EXE_operator"));
        let output = command.args(words).arg("--dev").arg(&self.0).output().unwrap();
        assert!(output.status.success(), "{output:?}");
        String::from_utf8(output.stdout).unwrap()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

#[test]
fn each_kind_of_key_is_rotated_in_the_file_and_the_others_stay() {
    let folder = Folder::new();
    for name in ["download", "openpgp", "usign"] {
        let of = |all: &Secrets| match name {
            "download" => all.download.clone(),
            "openpgp" => all.openpgp.clone().unwrap(),
            _ => all.usign.clone().unwrap(),
        };
        let before = folder.secrets();
        let out = folder.run(&["rotate", name, "--begin"]);
        assert!(out.contains("restart the dev server") && out.contains("--finish"), "{out}");
        let begun = folder.secrets();
        assert_eq!(begun.key_ids(), before.key_ids());
        assert_eq!(of(&begun).values().count(), 2);
        let out = folder.run(&["rotate", name, "--finish"]);
        assert!(out.contains("cargo xtask reconcile --dev"), "{out}");
        let after = folder.secrets();
        assert_eq!(of(&after).previous_id(), Some(of(&before).current().0));
        assert_eq!(after.pepper.current(), before.pepper.current());
        let ids = [before.key_ids(), after.key_ids()];
        assert_eq!(ids[0].download == ids[1].download, name != "download");
        assert_eq!(ids[0].openpgp == ids[1].openpgp, name != "openpgp");
        assert_eq!(ids[0].usign == ids[1].usign, name != "usign");
    }
    let before = folder.secrets();
    folder.run(&["rotate", "devices", "--begin"]);
    let out = folder.run(&["rotate", "devices", "--finish"]);
    assert!(out.contains("restart the dev server") && !out.contains("reconcile"), "{out}");
    let after = folder.secrets();
    let devices = after.devices.as_ref().unwrap();
    assert_eq!((devices.current().0, devices.previous_id()), ("m2", Some("m1")));
    assert_eq!(after.key_ids(), before.key_ids());
    let mode = std::fs::metadata(folder.file()).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
}

#[test]
fn the_keys_of_downloads_are_printed_for_the_edge() {
    let folder = Folder::new();
    let keys: serde_json::Value = serde_json::from_str(&folder.run(&["edge-keys"])).unwrap();
    let secrets = folder.secrets();
    let (id, key) = secrets.download.current();
    assert_eq!(keys, serde_json::json!([{"Key": id, "Value": hex::encode(key)}]));
}
