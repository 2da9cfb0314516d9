//! Each client of `../shared/data/opkg_clients.md`, played on the wire.

mod connection;
mod list;
mod opkg;
mod requests;
mod restricted;
mod resuming;
mod updating;
mod upgrading;

use std::collections::BTreeMap;

use base64::Engine as _;
use serde_json::Value;
use shared::ipkg::{openpgp, usign};
use tests::ipk::Ipk;

use super::World;
use opkg::{Kind, Opkg, PublicKeys};

/// The SHA-1 of a device's IMEI.
const HASH: &str = "da39a3ee5e6b4b0d3255bfef95601890afd80709";
/// A version in which everything stands that a version may have.
const ODD: &str = "1:1.0~rc1+git-r0";

/// A feed with packages in it, and their bytes.
struct Scene {
    world: World,
    bytes: BTreeMap<&'static str, Vec<u8>>,
}

impl Scene {
    /// `base` 1.0-r0 for all devices and `lib+x` [`ODD`] for this one, in both archive forms.
    async fn start(feed: &str) -> Self {
        let mut this = Self { world: World::start().await, bytes: BTreeMap::new() };
        let base = Ipk::new("base", "1.0-r0")
            .line("Depends: lib+x (>= 1:1.0~rc1)")
            .line("Description: the base\n  of it all\n .\n the end");
        this.place(feed, "base", &base).await;
        let odd = Ipk::new("lib+x", ODD).architecture("maguro").line("Description: a library").tarball();
        this.place(feed, "lib+x", &odd).await;
        this
    }

    /// Puts a package into the feed, whose bytes are remembered under its name.
    async fn place(&mut self, feed: &str, name: &'static str, ipk: &Ipk) -> Value {
        self.bytes.insert(name, ipk.build());
        self.world.place(feed, ipk).await
    }

    /// A client with that line in its configuration.
    fn client(&self, kind: Kind, base: &str, gzip: bool) -> Opkg {
        Opkg::new(kind, self.world.api.server.base_url(), base, gzip)
    }

    /// The keys that devices are delivered with.
    fn keys(&self) -> PublicKeys {
        let secrets = self.world.api.server.app().secrets.signing().unwrap();
        let (_, openpgp_key) = secrets.openpgp.as_ref().unwrap().current();
        let (_, usign_key) = secrets.usign.as_ref().unwrap().current();
        PublicKeys {
            openpgp: openpgp::SigningKey::read(openpgp_key).unwrap().public_text().unwrap(),
            usign: usign::SigningKey::read(usign_key).unwrap().public_text(),
        }
    }

    /// Asserts that a client has installed a package, byte for byte.
    #[track_caller]
    fn assert_installed(&self, client: &Opkg, name: &str, version: &str) {
        assert_eq!(client.installed(name), Some((version, self.bytes[name].as_slice())));
    }
}

/// `user:password` as HTTP Basic sends it.
fn basic(pair: &str) -> String {
    format!("Authorization: Basic {}", base64::engine::general_purpose::STANDARD.encode(pair))
}
