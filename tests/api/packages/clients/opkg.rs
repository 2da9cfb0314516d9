//! The clients of `../shared/data/opkg_clients.md`, as they were seen on the wire.

use std::collections::BTreeMap;
use std::io::Read as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use md5::{Digest as _, Md5};
use shared::domain::Sha256;
use shared::ipkg::{openpgp, usign, version};

use super::connection::{Connection, Reply};
use super::list::{self, Package};

/// Which opkg.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// OpenEmbedded's 0.6.3.
    V063,
    /// OpenEmbedded's 0.4.4.
    V044,
    /// 0.1.8, of the blueprint's own year.
    V018,
    /// OpenWrt's, which fetches with wget.
    Lede,
}

impl Kind {
    pub(super) const ALL: [Self; 4] = [Self::V063, Self::V044, Self::V018, Self::Lede];

    /// Whether it asks with HEAD first and keeps stamps.
    pub(super) fn is_modern(self) -> bool {
        matches!(self, Self::V063 | Self::V044)
    }
}

/// How it shows who it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Credential {
    /// Nothing.
    None,
    /// `http://user:password@host`.
    Basic(String, String),
    /// A header that wgetrc adds to every request.
    Bare(String),
}

/// The keys of the service that a device was delivered with.
#[derive(Debug, Clone)]
pub(super) struct PublicKeys {
    pub(super) openpgp: String,
    pub(super) usign: String,
}

/// A file in a modern client's cache, and the stamp beside it.
#[derive(Debug, Default)]
struct Cached {
    bytes: Option<Vec<u8>>,
    stamp: Option<String>,
}

/// A device with an opkg on it, and one line `src` or `src/gz` in its configuration.
pub(super) struct Opkg {
    kind: Kind,
    connection: Connection,
    /// What stands after the host in the line's URL.
    base: String,
    gzip: bool,
    credential: Credential,
    keys: Option<PublicKeys>,
    cache: BTreeMap<String, Cached>,
    list: Vec<Package>,
    installed: BTreeMap<String, (Package, Vec<u8>)>,
}

impl Opkg {
    /// A client with `src`, or `src/gz`, and the path `base` on that service.
    pub(super) fn new(kind: Kind, service: &str, base: &str, gzip: bool) -> Self {
        Self {
            kind,
            connection: Connection::new(service),
            base: base.to_owned(),
            gzip,
            credential: Credential::None,
            keys: None,
            cache: BTreeMap::new(),
            list: Vec::new(),
            installed: BTreeMap::new(),
        }
    }

    /// This one with a credential.
    pub(super) fn with(mut self, credential: Credential) -> Self {
        self.credential = credential;
        self
    }

    /// This one with `option check_signature`.
    pub(super) fn checking(mut self, keys: &PublicKeys) -> Self {
        self.keys = Some(keys.clone());
        self
    }

    /// What it has asked since this was last called.
    pub(super) fn take_log(&mut self) -> Vec<String> {
        std::mem::take(&mut self.connection.log)
    }

    /// Lets the network go away after so many bytes of the next body.
    pub(super) fn cut_after(&mut self, bytes: usize) {
        self.connection.cut = Some(bytes);
    }

    /// `opkg list`.
    pub(super) fn list(&self) -> &[Package] {
        &self.list
    }

    /// What is installed of a name: the version and the package's bytes.
    pub(super) fn installed(&self, name: &str) -> Option<(&str, &[u8])> {
        self.installed.get(name).map(|(package, bytes)| (package.version.as_str(), bytes.as_slice()))
    }

    /// `opkg update`.
    pub(super) async fn update(&mut self) -> Result<(), String> {
        let name = if self.gzip { "Packages.gz" } else { "Packages" };
        let fetched = self.fetch(&format!("{}/{name}", self.base)).await?;
        let text = if self.gzip { unpack(&fetched)? } else { fetched };
        if let Some(keys) = self.keys.clone() {
            self.list.clear();
            let name = if self.kind.is_modern() { "Packages.asc" } else { "Packages.sig" };
            let signature = self.fetch(&format!("{}/{name}", self.base)).await?;
            let signature = String::from_utf8(signature).map_err(|error| error.to_string())?;
            match self.kind {
                Kind::V063 | Kind::V044 => {
                    openpgp::verify(&keys.openpgp, &text, &signature).map_err(|fault| fault.to_string())?;
                }
                Kind::Lede => {
                    usign::verify(&keys.usign, &text, &signature).map_err(|fault| fault.to_string())?;
                }
                // Fetched, and understood by none that was built without GPGME.
                Kind::V018 => {}
            }
        }
        self.list = list::parse(std::str::from_utf8(&text).map_err(|error| error.to_string())?);
        Ok(())
    }

    /// `opkg install`, on a device of architecture `maguro`.
    pub(super) async fn install(&mut self, name: &str) -> Result<(), String> {
        let package = list::best(&self.list, name, "maguro").ok_or("Unknown package")?.clone();
        let path = match self.kind {
            Kind::Lede => format!("{}/{}", self.base, escaped(&package.filename)),
            _ => format!("{}/{}", self.base, package.filename),
        };
        let bytes = self.fetch(&path).await?;
        if matches!(self.kind, Kind::V063 | Kind::Lede) && bytes.len().to_string() != package.size {
            return Err(format!("{} bytes instead of {}", bytes.len(), package.size));
        }
        // 0.1.8 was commonly built without SHA-256.
        let (found, wanted) = if self.kind == Kind::V018 || package.sha256.is_empty() {
            (hex::encode(Md5::digest(&bytes)), &package.md5)
        } else {
            (Sha256::of(&bytes).to_string(), &package.sha256)
        };
        if found != *wanted {
            self.cache.remove(&path);
            return Err(format!("checksum {found} instead of {wanted}"));
        }
        self.installed.insert(package.name.clone(), (package, bytes));
        Ok(())
    }

    /// `opkg upgrade`; answers the names that are of another version now.
    pub(super) async fn upgrade(&mut self) -> Result<Vec<String>, String> {
        let newer = |(name, (old, _)): (&String, &(Package, Vec<u8>))| {
            let best = list::best(&self.list, name, "maguro")?;
            version::compare(&best.version, &old.version).is_gt().then(|| name.clone())
        };
        let names: Vec<String> = self.installed.iter().filter_map(newer).collect();
        for name in &names {
            self.install(name).await?;
        }
        Ok(names)
    }

    /// Asks for one file as this client does.
    pub(super) async fn fetch(&mut self, path: &str) -> Result<Vec<u8>, String> {
        match self.kind {
            Kind::V063 | Kind::V044 => self.with_stamps(path).await,
            Kind::V018 => whole(path, self.curl("GET", path, None).await),
            Kind::Lede => self.wget(path).await,
        }
    }

    async fn curl(&mut self, method: &str, path: &str, range: Option<String>) -> Reply {
        let credential = match &self.credential {
            Credential::Basic(user, password) => Some(basic(user, password)),
            Credential::None => None,
            Credential::Bare(_) => panic!("no client that asks through libcurl can send it bare"),
        };
        let special: Vec<String> = credential.into_iter().chain(range).collect();
        self.connection.ask(method, path, &["Accept: */*".to_owned()], &special).await
    }

    async fn with_stamps(&mut self, path: &str) -> Result<Vec<u8>, String> {
        let head = self.curl("HEAD", path, None).await;
        if head.status >= 400 {
            return Err(format!("HEAD {path}: {}", head.status));
        }
        let etag = head.header("etag").map(|tag| tag.trim_matches('"').to_owned());
        // Whatever says no length, a redirect too, looks like a file that is already there.
        let length: usize = head.header("content-length").and_then(|length| length.parse().ok()).unwrap_or(0);
        let cached = self.cache.entry(path.to_owned()).or_default();
        let matches = cached.bytes.is_some() && etag.is_some() && cached.stamp == etag;
        if !matches {
            cached.bytes = None;
            cached.stamp = etag.or(cached.stamp.take());
        }
        let have = cached.bytes.get_or_insert_default().len();
        if have < length {
            let range = (have > 0).then(|| format!("Range: bytes={have}-"));
            let reply = self.curl("GET", path, range).await;
            if reply.status >= 400 {
                return Err(format!("GET {path}: {}", reply.status));
            }
            let from = reply
                .header("content-range")
                .and_then(|range| range.strip_prefix("bytes ")?.split('-').next());
            if have > 0 && (reply.status != 206 || from != Some(have.to_string().as_str())) {
                return Err(format!("GET {path}: {} cannot be resumed from {have}", reply.status));
            }
            let Some(cached) = self.cache.get_mut(path) else { return Err("no cache".into()) };
            cached.bytes.get_or_insert_default().extend_from_slice(&reply.body);
            if !reply.complete {
                return Err("the transfer broke off".into());
            }
        }
        Ok(self.cache[path].bytes.clone().unwrap())
    }

    async fn wget(&mut self, path: &str) -> Result<Vec<u8>, String> {
        let lines = ["Accept: */*", "Accept-Encoding: identity", "Connection: Keep-Alive"].map(str::to_owned);
        let always: Vec<String> = match &self.credential {
            Credential::Bare(hash) => vec![format!("Authorization: {hash}")],
            _ => Vec::new(),
        };
        let mut reply = self.connection.ask("GET", path, &lines, &always).await;
        let asks = reply.header("www-authenticate").is_some_and(|value| value.starts_with("Basic "));
        if let Credential::Basic(user, password) = &self.credential
            && reply.status == 401
            && asks
        {
            reply = self.connection.ask("GET", path, &lines, &[basic(user, password)]).await;
        }
        // Every file is fetched by a process of its own.
        self.connection.close();
        whole(path, reply)
    }
}

fn whole(path: &str, reply: Reply) -> Result<Vec<u8>, String> {
    match reply.status {
        200 if reply.complete => Ok(reply.body),
        200 => Err("the transfer broke off".into()),
        status => Err(format!("GET {path}: {status}")),
    }
}

fn basic(user: &str, password: &str) -> String {
    format!("Authorization: Basic {}", STANDARD.encode(format!("{user}:{password}")))
}

/// Every character that is none of `[A-Za-z0-9._~/-]` as lower-case `%xx`.
fn escaped(name: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"._~/-".contains(&byte);
    name.bytes().map(|b| if plain(b) { char::from(b).to_string() } else { format!("%{b:02x}") }).collect()
}

fn unpack(gzip: &[u8]) -> Result<Vec<u8>, String> {
    let mut text = Vec::new();
    flate2::read::GzDecoder::new(gzip).read_to_end(&mut text).map_err(|error| error.to_string())?;
    Ok(text)
}
