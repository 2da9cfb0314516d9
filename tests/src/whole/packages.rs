//! Package feeds in the raw table: pointers, listings, and what packages say of themselves.

use std::collections::BTreeSet;

use serde_json::Value;
use shared::ipkg::stanza::Stanza;

use super::{Check, STANDARD, padded, text};
use crate::table::Dump;

/// A package that is associated, and can be in an index.
#[derive(Debug, Clone)]
pub(super) struct Shown<'a> {
    /// `(type, version number)`.
    pub(super) image: (i64, i64),
    /// The record's binary.
    pub(super) binary: &'a Value,
    /// What the package says of itself.
    pub(super) stanza: Stanza,
}

impl Shown<'_> {
    /// A field of its stanza; empty if it has none of that name.
    pub(super) fn field(&self, name: &str) -> &str {
        self.stanza.get(name).map(|field| field.value.as_str()).unwrap_or_default()
    }
}

/// The packages that are associated with a device type in a feed; those that nobody could read are left out.
pub(super) fn shown<'a>(dump: &'a Dump, pk: &str, feed: &str) -> Vec<Shown<'a>> {
    let prefix = format!("ASSOC#{feed}#");
    let all = dump
        .under(pk)
        .filter(|(at, sk, row)| *at == pk && sk.starts_with(&prefix) && row["kind"] == "package")
        // Held back, paused and withdrawn ones are in no feed.
        .filter(|(.., row)| row["plan"]["stage"].is_null() && row["plan"]["paused"].is_null());
    all.filter_map(|(.., row)| {
        let owner = text(row, "owner");
        let record = dump.row(&format!("POOL#{owner}"), &format!("DETAIL#{}", padded(row)));
        let binary = &record["binary"];
        let blob = dump.row(&format!("PARTNER#{owner}"), &format!("BLOB#{}", text(binary, "sha256")));
        let stanza = Stanza::parse(blob["stanza"].as_str()?).ok()?;
        let image = (row["number"].as_i64()?, row["versionNumber"].as_i64()?);
        Some(Shown { image, binary, stanza })
    })
    .collect()
}

impl Check<'_> {
    pub(super) fn packages(&mut self) {
        self.stanzas();
        self.pointers();
        self.listings();
        self.listed_feeds();
    }

    fn stanzas(&mut self) {
        for (pk, sk, row) in self.rows("PARTNER#", "BLOB#") {
            let at = format!("{pk} / {sk}");
            self.expect(sk[5..] == *text(row, "sha256"), || format!("{at}: of another digest"));
            let Some(stanza) = row["stanza"].as_str() else { continue };
            self.expect(row["kind"] == "package", || format!("{at}: a stanza of what is no package"));
            let parsed = Stanza::parse(stanza);
            let whole = parsed.as_ref().is_ok_and(|parsed| {
                ["Package", "Version", "Architecture"].iter().all(|name| parsed.get(name).is_some())
            });
            self.expect(whole, || format!("{at}: its stanza is {stanza:?}"));
        }
    }

    fn pointers(&mut self) {
        let repairs = self.dump.under("REPAIR").count();
        for (pk, sk, row) in self.rows("DT#", "INDEX#") {
            let at = format!("{pk} / {sk}");
            let (partner, feed) = (text(row, "partner"), text(row, "feed"));
            let this = self.dump.row(pk, "META");
            self.expect(text(row, "deviceType") == &pk[3..] && feed == &sk[6..], || {
                format!("{at}: of another device type or feed")
            });
            self.expect(this["deleted"] == false && text(this, "partner") == partner, || {
                format!("{at}: its device type is gone, or another partner's")
            });
            if repairs == 0 {
                self.expect(self.feed_exists(partner, feed), || format!("{at}: of a feed that is not there"));
            }
            let associated = shown(self.dump, pk, feed);
            let lines: BTreeSet<_> =
                associated.iter().map(|each| (each.field("Package"), each.field("Architecture"))).collect();
            self.expect(row["packages"] == lines.len(), || {
                format!("{at}: counts {} of {lines:?}", row["packages"])
            });
            self.expect(!row["catalogue"].is_null() || lines.is_empty(), || format!("{at}: no catalogue"));
            let time = |name: &str| row[name].as_i64().unwrap();
            self.expect(time("rekeyed") <= time("modified") && time("modified") <= time("changed"), || {
                format!("{at}: times that pass each other: {row}")
            });
            if !lines.is_empty() {
                let listed = self.dump.row(&format!("FEED#{feed}"), pk);
                self.expect(!listed.is_null(), || format!("{at}: not listed in its feed"));
            }
        }
        for (pk, _, row) in self.rows("DT#", "META") {
            for feed in STANDARD {
                let there = !self.dump.row(pk, &format!("INDEX#{feed}")).is_null();
                self.expect(there != (row["deleted"] == true), || {
                    format!("{pk}: pointer of {feed}: {there}, deleted: {}", row["deleted"])
                });
            }
        }
        for (pk, sk, row) in self.rows("DT#", "ASSOC#") {
            let feed = text(row, "feed");
            let there = row["kind"] != "package" || !self.dump.row(pk, &format!("INDEX#{feed}")).is_null();
            self.expect(there, || format!("{pk} / {sk}: a package without an index"));
        }
    }

    fn listings(&mut self) {
        for (pk, sk, row) in self.rows("FEED#", "DT#") {
            let at = format!("{pk} / {sk}");
            self.expect(text(row, "deviceType") == &sk[3..], || format!("{at}: of another device type"));
            let pointer = self.dump.row(sk, &format!("INDEX#{}", &pk[5..]));
            if pointer.is_null() {
                // What has left a list is remembered in it, or the list would seem older than before.
                self.expect(row["packages"] == 0, || format!("{at}: packages without a pointer: {row}"));
                continue;
            }
            for name in ["partner", "packages", "modified"] {
                // Of a device type that was revived and has no packages yet, the list has nothing new to say.
                let old = name == "modified" && row["packages"] == 0 && pointer["catalogue"].is_null();
                let stopped = name == "packages" && row["packages"] == 0 && pointer["stopped"] == true;
                self.expect(old || stopped || row[name] == pointer[name], || {
                    format!("{at}: its pointer has another {name}: {row}, {pointer}")
                });
            }
        }
    }

    fn listed_feeds(&mut self) {
        for (pk, sk, row) in self.rows("FEED#", "PARTNER#") {
            let there = !self.dump.row(sk, pk).is_null();
            let said =
                text(row, "partner") == &sk[8..] && row["packages"] == 0 && row["deviceType"].is_null();
            self.expect(there && said, || format!("{pk} / {sk}: no such feed, or no such row: {row}"));
        }
        for (pk, sk, _) in self.rows("PARTNER#", "FEED#") {
            self.expect(!self.dump.row(sk, pk).is_null(), || format!("{pk} / {sk}: devices cannot find it"));
        }
    }
}
