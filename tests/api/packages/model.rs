//! What a test knows of packages and feeds, kept beside the service and told by nobody else.

use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::fmt::Write as _;

use shared::domain::{Sha256, download};
use shared::ipkg::{index, version};
use shared::secrets::Secret;
use tests::ipk::Ipk;

/// A package in the pool.
#[derive(Debug, Clone)]
pub struct Pack {
    /// Its name.
    pub package: &'static str,
    /// Its version.
    pub version: &'static str,
    /// What it was built for.
    pub architecture: &'static str,
    /// Its section.
    pub section: &'static str,
    /// Its description.
    pub description: &'static str,
    /// The type of its record.
    pub number: u16,
    /// The version number of its record.
    pub version_number: String,
    /// Its bytes.
    pub bytes: Vec<u8>,
    /// The lines of its fields, as they stand in an index, and in its order.
    pub lines: Vec<(&'static str, String)>,
}

impl Pack {
    /// Builds its bytes, and what an index says of them with the download key `key_id`.
    pub fn build(mut self, secret: &Secret, key_id: &str) -> Self {
        self.bytes = Ipk::new(self.package, self.version)
            .architecture(self.architecture)
            .line(&format!("Description: {}", self.description))
            .line(&format!("Section: {}", self.section))
            .build();
        let sha256 = Sha256::of(&self.bytes);
        let version = self.version.split_once(':').map_or(self.version, |(_, rest)| rest);
        let name = format!("{}_{version}_{}.ipk", self.package, self.architecture);
        let path = download::path(secret, key_id, &sha256, None, &name);
        self.lines = [
            ("Package", self.package.to_owned()),
            ("Version", self.version.to_owned()),
            ("Section", self.section.to_owned()),
            ("Architecture", self.architecture.to_owned()),
            ("MD5Sum", md5_of(&self.bytes)),
            ("SHA256sum", sha256.to_string()),
            ("Size", self.bytes.len().to_string()),
            ("Filename", path.replace("/repository/", "by-hash/")),
            ("Description", self.description.to_owned()),
        ]
        .map(|(name, value)| (name, format!("{name}: {value}\n")))
        .into();
        self
    }

    /// The lines of one of its fields.
    pub fn field(&self, name: &str) -> &str {
        self.lines.iter().find(|(each, _)| *each == name).map(|(_, line)| line.as_str()).unwrap()
    }
}

/// The MD5 of some bytes in hex.
pub fn md5_of(bytes: &[u8]) -> String {
    use md5::Digest as _;
    hex::encode(md5::Md5::digest(bytes))
}

/// The highest version of every package and architecture, in the order of an index.
pub fn latest<'a>(packs: impl IntoIterator<Item = &'a Pack>) -> Vec<&'a Pack> {
    let mut rows = BTreeMap::<(&str, &str), &Pack>::new();
    for pack in packs {
        let best = rows.entry((pack.package, pack.architecture)).or_insert(pack);
        if version::compare(pack.version, best.version) == Ordering::Greater {
            *best = pack;
        }
    }
    rows.into_values().collect()
}

/// The index of some packages.
pub fn index_of(packs: &[&Pack]) -> String {
    let stanza =
        |pack: &&Pack| pack.lines.iter().map(|(_, line)| line.as_str()).chain(["\n"]).collect::<String>();
    packs.iter().map(stanza).collect()
}

/// What a client makes of its old index and an answer that holds only what has changed since.
pub fn merged(old: &str, part: &str) -> String {
    let mut stanzas = BTreeMap::new();
    for entry in [index::parse(old).unwrap(), index::parse(part).unwrap()].concat() {
        let value = |name: &str| entry.fields.iter().find(|field| field.name == name).unwrap().value.clone();
        stanzas.insert((value("Package"), value("Architecture")), entry);
    }
    index::render(&stanzas.into_values().collect::<Vec<_>>())
}

/// What a client makes of its old list of device types and one of those that have changed since.
pub fn merged_list(old: &str, part: &str) -> String {
    let all: std::collections::BTreeSet<&str> = old.lines().chain(part.lines()).collect();
    all.into_iter().fold(String::new(), |mut out, line| {
        let _ = writeln!(out, "{line}");
        out
    })
}
