//! What a URL of a feed asks a catalogue for, and when that last changed.

use super::{Catalogue, Release, Row};
use crate::domain::Architecture;
use crate::domain::time::Seconds;
use crate::ipkg::names::PackageName;
use crate::ipkg::stanza::COMPUTED;

/// How deep into a feed an index lies (blueprint, *Valid URI's*).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Level {
    /// The latest version of every package.
    Device,
    /// The latest version of one package.
    Package(String),
    /// One version of one package; older ones too while they are associated.
    Version(String, String),
}

/// One stanza of an index.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Line<'a> {
    /// The package.
    pub package: &'a PackageName,
    /// What it was built for.
    pub architecture: &'a Architecture,
    /// The version.
    pub release: &'a Release,
    /// When this stanza last changed.
    pub modified: Seconds,
    /// The row, if it is asked for its latest version.
    row: Option<&'a Row>,
}

/// The stanzas of an index, by package and architecture, and when what they are last changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Selection<'a> {
    /// The stanzas.
    pub lines: Vec<Line<'a>>,
    /// When the index last changed.
    pub modified: Seconds,
    /// When a stanza last vanished from it; 0 for never.
    pub shrunk: Seconds,
}

impl Catalogue {
    /// What an index of that level holds; none if there is no such package or version.
    pub fn select(&self, level: &Level) -> Option<Selection<'_>> {
        match level {
            Level::Device => {
                let lines = self.packages.keys().flat_map(|name| self.latest(name)).collect();
                Some(Selection { lines, modified: self.modified, shrunk: self.shrunk })
            }
            Level::Package(name) => {
                let (name, package) = self.packages.get_key_value(&name.parse().ok()?)?;
                let lines = self.latest(name).collect();
                Some(Selection { lines, modified: package.modified, shrunk: package.shrunk })
            }
            Level::Version(name, version) => self.version(name, version),
        }
    }

    fn latest<'a>(&'a self, name: &'a PackageName) -> impl Iterator<Item = Line<'a>> {
        let rows = self.packages.get(name).into_iter().flat_map(|package| &package.rows);
        rows.filter_map(move |(architecture, row)| {
            Some(Line {
                package: name,
                architecture,
                release: row.latest()?,
                modified: row.modified,
                row: Some(row),
            })
        })
    }

    fn version(&self, name: &str, version: &str) -> Option<Selection<'_>> {
        let (name, package) = self.packages.get_key_value(&name.parse().ok()?)?;
        let lines: Vec<Line<'_>> = package
            .rows
            .iter()
            .filter_map(|(architecture, row)| {
                let release = row.releases.iter().find(|release| release.version.as_str() == version)?;
                Some(Line { package: name, architecture, release, modified: release.added, row: None })
            })
            .collect();
        let shrunk = lines.iter().map(|line| line.release.shrunk).max()?;
        let modified = lines.iter().map(|line| line.modified).max()?.max(shrunk);
        Some(Selection { lines, modified, shrunk })
    }
}

impl Release {
    /// True if its stanza has that field, its name in any case.
    fn has(&self, name: &str) -> bool {
        let lines = self.head.lines().chain(self.tail.lines()).filter(|line| !line.starts_with(' '));
        let mut names = lines.filter_map(|line| Some(line.split_once(':')?.0)).chain(COMPUTED);
        names.any(|each| each.eq_ignore_ascii_case(name))
    }
}

impl Selection<'_> {
    /// When the lines of one field last changed, over all stanzas. One that never had it has no say in that.
    pub fn field_modified(&self, name: &str) -> Seconds {
        let times = self.lines.iter().filter_map(|line| {
            let there = line.release.has(name);
            match line.row {
                Some(row) => row.fields.get(name).or(there.then_some(row.modified)),
                // A version never changes: its fields are as old as it is here.
                None => there.then_some(line.release.added),
            }
        });
        times.max().unwrap_or_default().max(self.shrunk)
    }
}
