//! Signatures over indexes against the GnuPG that devices verify them with.
//!
//! `gpg` must be installed (Debian's package gnupg); `cargo xtask test` sees to it.

#![cfg(feature = "signing")]
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use shared::ipkg::openpgp::{Fault, SigningKey, generate, verify};
use shared::secrets::KEYS_CREATED;

const CREATED: u32 = 1_700_000_000;
const MESSAGE: &[u8] = b"Package: tea\nVersion: 1.0\n\n";

/// A home of GnuPG with nothing in it, which goes away with its agent.
struct Home(PathBuf);

impl Home {
    fn new(name: &str) -> Self {
        // A socket lies in it, whose path must be short.
        let path = std::env::temp_dir().join(format!("gnupg-{name}-{}", std::process::id()));
        let _ = std::fs::remove_dir_all(&path);
        std::fs::create_dir(&path).unwrap();
        std::fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(0o700)).unwrap();
        // Or the agent would first find out how slow it can make passwords.
        std::fs::write(path.join("gpg-agent.conf"), "s2k-count 65536\n").unwrap();
        Self(path)
    }

    fn run(&self, arguments: &[&str]) -> Output {
        let mut gpg = Command::new("gpg");
        gpg.args([
            "--batch",
            "--no-tty",
            "--status-fd",
            "1",
            "--pinentry-mode",
            "loopback",
            "--passphrase",
            "",
        ]);
        let output = gpg.args(arguments).env("GNUPGHOME", &self.0).env("LC_ALL", "C").output();
        output.unwrap_or_else(|error| panic!("gpg cannot be run (install the package gnupg): {error}"))
    }

    /// Runs gpg, which must succeed; answers what it printed, status lines included.
    #[track_caller]
    fn gpg(&self, arguments: &[&str]) -> String {
        let output = self.run(arguments);
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(output.status.success(), "{arguments:?}: {said}{}", String::from_utf8_lossy(&output.stderr));
        said
    }

    fn write(&self, name: &str, bytes: &[u8]) -> String {
        std::fs::write(self.0.join(name), bytes).unwrap();
        self.path(name)
    }

    fn path(&self, name: &str) -> String {
        self.0.join(name).to_str().unwrap().to_owned()
    }

    /// The secret key as an operator would export it.
    fn exported(&self) -> Vec<u8> {
        let file = self.path("secret.gpg");
        self.gpg(&["--yes", "--output", &file, "--export-secret-keys"]);
        std::fs::read(Path::new(&file)).unwrap()
    }
}

/// Signs as the service does, be it an index that is older than the key, and verifies as a device does that knows the
/// public key alone.
#[track_caller]
fn assert_verifies(key: &SigningKey) {
    let signature = key.sign(MESSAGE, CREATED + 100).unwrap();
    assert_eq!(key.sign(MESSAGE, CREATED + 100).unwrap(), signature);
    let public = key.public_text().unwrap();
    assert_eq!(verify(&public, MESSAGE, &signature), Ok(()));
    let device = Home::new(&format!("device-{}", key.key_id()));
    device.gpg(&["--import", &device.write("public.asc", public.as_bytes())]);
    let (signature, message) =
        (device.write("Packages.asc", signature.as_bytes()), device.write("Packages", MESSAGE));
    let said = device.gpg(&["--verify", &signature, &message]);
    assert!(said.contains(&format!("GOODSIG {}", key.key_id().to_uppercase())), "{said}");
    device.write("Packages", b"Package: coffee\n");
    let output = device.run(&["--verify", &signature, &message]);
    assert!(!output.status.success() && String::from_utf8_lossy(&output.stdout).contains("BADSIG"));
}

impl Drop for Home {
    fn drop(&mut self) {
        let _ = Command::new("gpgconf").args(["--kill", "all"]).env("GNUPGHOME", &self.0).output();
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

#[test]
fn gnupg_believes_keys_made_here() {
    let home = Home::new("made");
    for first in [0, 0x80] {
        let mut seed = [7; 32];
        seed[0] = first;
        let secret = generate(seed, CREATED, "Package feeds <feeds@example.com>").unwrap();
        assert_verifies(&SigningKey::read(&secret).unwrap());
        // And takes them for its own.
        let said = home.gpg(&["--import", &home.write("secret.gpg", &secret)]);
        assert!(said.contains("IMPORT_OK 17 "), "{said}");
    }
}

#[test]
fn a_device_whose_clock_was_reset_believes_a_key_that_is_dated_before_it() {
    let device = Home::new("reset");
    let reset = ["--faked-system-time", "19700101T000100!"];
    let check = |created: u32| {
        let key = SigningKey::read(&generate([9; 32], created, "Package feeds").unwrap()).unwrap();
        device.gpg(&["--import", &device.write("public.asc", key.public_text().unwrap().as_bytes())]);
        let signature = device.write("Packages.asc", key.sign(MESSAGE, CREATED).unwrap().as_bytes());
        let message = device.write("Packages", MESSAGE);
        device.run(&[&reset[..], &["--verify", &signature, &message]].concat()).status.success()
    };
    assert!(check(KEYS_CREATED));
    // Why they are not dated to when they are made.
    assert!(!check(CREATED));
}

#[test]
fn rsa_keys_made_by_gnupg_sign_here() {
    let home = Home::new("rsa");
    home.gpg(&["--quick-generate-key", "Feeds <feeds@example.com>", "rsa2048", "sign", "never"]);
    assert_verifies(&SigningKey::read(&home.exported()).unwrap());
}

#[test]
fn where_only_a_subkey_may_sign_it_does() {
    let home = Home::new("sub");
    let said = home.gpg(&["--quick-generate-key", "Feeds <feeds@example.com>", "ed25519", "cert", "never"]);
    let fingerprint = said.split("KEY_CREATED P ").nth(1).unwrap().trim().to_owned();
    assert_eq!(SigningKey::read(&home.exported()).unwrap_err(), Fault::Unsuitable);
    home.gpg(&["--quick-add-key", &fingerprint, "ed25519", "sign", "never"]);
    let key = SigningKey::read(&home.exported()).unwrap();
    assert!(!fingerprint.to_lowercase().ends_with(&key.key_id()), "{fingerprint}");
    assert_verifies(&key);
}

#[test]
fn a_key_with_a_password_is_refused() {
    let home = Home::new("locked");
    let locked = ["--passphrase", "secret"];
    let made = ["--quick-generate-key", "Feeds <feeds@example.com>", "ed25519", "sign", "never"];
    home.gpg(&[&locked[..], &made].concat());
    let file = home.path("secret.gpg");
    home.gpg(&[&locked[..], &["--output", &file, "--export-secret-keys"]].concat());
    assert_eq!(SigningKey::read(&std::fs::read(file).unwrap()).unwrap_err(), Fault::Protected);
}
