//! From a selection to the text that opkg reads.

use std::fmt::Write as _;

use super::{Catalogue, Level, Line, Release, Selection};
use crate::domain::download;
use crate::ipkg::stanza::{Facts, render_into};
use crate::secrets::Secret;

/// Largest index, in bytes: what a Lambda can answer (`feeds.md`, *What an index must be*).
pub const MAX_INDEX_BYTES: usize = 5 << 20;

/// Largest answer, in bytes: a Lambda's is JSON of at most 6,291,456 bytes, headers included.
const MAX_ANSWER_BYTES: usize = 6_200_000;

/// Where packages are fetched from, below the index: `by-hash/<sha256>/<sig>/<file>.ipk`.
#[derive(Debug, Clone, Copy)]
pub struct Paths<'a> {
    /// The key that signs download paths.
    pub secret: &'a Secret,
    /// The id of the value to sign with.
    pub key_id: &'a str,
}

impl Paths<'_> {
    /// The path of a package, relative to any index that lists it; it never expires.
    pub fn of(&self, line: &Line<'_>) -> String {
        let release = line.release;
        below_the_index(&download::path(self.secret, self.key_id, &release.sha256, None, &file_name(line)))
    }
}

fn below_the_index(path: &str) -> String {
    path.replacen("/repository/", "by-hash/", 1)
}

/// `<package>_<version without epoch>_<architecture>.ipk`, of the characters `[A-Za-z0-9._~+-]` only.
pub fn file_name(line: &Line<'_>) -> String {
    let version = line.release.version.as_str();
    let version = version.split_once(':').map_or(version, |(_, rest)| rest);
    format!("{}_{version}_{}.ipk", line.package, line.architecture)
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() || "._~+-".contains(c) { c } else { '_' })
        .collect()
}

impl Line<'_> {
    fn render(&self, out: &mut String, filename: &str) {
        let Release { md5, sha256, size, head, tail, .. } = self.release;
        let (md5, sha256) = (md5.to_string(), sha256.to_string());
        render_into(out, head, &Facts { md5: &md5, sha256: &sha256, size: *size, filename }, tail);
    }
}

impl Selection<'_> {
    /// The index of all its stanzas.
    pub fn render(&self, paths: Paths<'_>) -> String {
        self.render_where(paths, |_| true)
    }

    /// The index of those stanzas that `wanted` names.
    pub fn render_where(&self, paths: Paths<'_>, wanted: impl Fn(&Line<'_>) -> bool) -> String {
        self.written(|line| paths.of(line), wanted)
    }

    fn written(&self, path: impl Fn(&Line<'_>) -> String, wanted: impl Fn(&Line<'_>) -> bool) -> String {
        let room =
            self.lines.iter().map(|line| line.release.head.len() + line.release.tail.len() + 320).sum();
        let mut out = String::with_capacity(room);
        for line in self.lines.iter().filter(|line| wanted(line)) {
            line.render(&mut out, &path(line));
        }
        out
    }

    /// The lines of one field, its name in any case, as they stand in the index; none if no stanza has it.
    pub fn render_field(&self, paths: Paths<'_>, name: &str) -> Option<String> {
        let mut out = String::new();
        for line in &self.lines {
            let mut stanza = String::new();
            line.render(&mut stanza, &paths.of(line));
            let mut inside = false;
            for text in stanza.lines() {
                if !text.starts_with(' ') {
                    let field = text.split(':').next().unwrap_or_default();
                    inside = !text.is_empty() && field.eq_ignore_ascii_case(name);
                }
                if inside {
                    let _ = writeln!(out, "{text}");
                }
            }
        }
        (!out.is_empty()).then_some(out)
    }
}

impl Catalogue {
    /// True if the index of the latest versions can be answered: at most [`MAX_INDEX_BYTES`], and not swollen too
    /// much by what JSON must escape. It depends on the id of the key that signs paths, and not on the key.
    pub fn can_be_answered(&self, key_id: &str) -> bool {
        let blank = |line: &Line<'_>| {
            below_the_index(&download::blank_path(key_id, &line.release.sha256, &file_name(line)))
        };
        let index = self.select(&Level::Device).map(|all| all.written(blank, |_| true)).unwrap_or_default();
        let escaped = index.bytes().filter(|byte| matches!(byte, b'\n' | b'\t' | b'"' | b'\\')).count();
        index.len() <= MAX_INDEX_BYTES && index.len() + escaped <= MAX_ANSWER_BYTES
    }
}
