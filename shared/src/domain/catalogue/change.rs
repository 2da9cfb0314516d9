//! How a catalogue changes: a version comes, a version goes.

use std::collections::{BTreeMap, BTreeSet};

use super::{Catalogue, FieldTimes, Package, Release, Row};
use crate::domain::time::Seconds;
use crate::domain::{Architecture, Binary, ImageId, Invalid, Refusal};
use crate::ipkg::names::{PackageName, PackageVersion};
use crate::ipkg::stanza::Stanza;
use crate::ipkg::version;

/// A package that is to come into a feed.
#[derive(Debug, Clone)]
pub struct NewRelease<'a> {
    /// Its name.
    pub package: PackageName,
    /// Its version.
    pub version: PackageVersion,
    /// What it was built for.
    pub architecture: Architecture,
    /// Its stanza, without what is computed.
    pub stanza: &'a Stanza,
    /// The image that it is.
    pub image: ImageId,
    /// Its bytes.
    pub binary: &'a Binary,
}

impl<'a> NewRelease<'a> {
    /// The package that an image is, by its stanza; [`Refusal::PackageMalformed`] if that does not say what it is.
    pub fn new(image: ImageId, binary: &'a Binary, stanza: &'a Stanza) -> Result<Self, Refusal> {
        Ok(Self {
            package: said(stanza, "Package")?,
            version: said(stanza, "Version")?,
            architecture: said(stanza, "Architecture")?,
            stanza,
            image,
            binary,
        })
    }
}

fn said<T: TryFrom<String, Error = Invalid>>(stanza: &Stanza, name: &str) -> Result<T, Refusal> {
    let value = stanza.get(name).map(|field| field.value.clone()).unwrap_or_default();
    T::try_from(value).map_err(|why| Refusal::PackageMalformed(format!("{name} {why}")))
}

/// Whether a change touched the index of the latest versions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// The index of the latest versions is another.
    Index,
    /// Only an older version came or went.
    OlderOnly,
    /// There was nothing to do.
    Nothing,
}

impl Catalogue {
    /// Adds the newest version of a package at `at`, which must be later than every change before it.
    ///
    /// [`Refusal::VersionNotNewer`] unless its version is greater than the latest of that package and architecture:
    /// no client would ever install it.
    pub fn add(&mut self, new: &NewRelease<'_>, at: Seconds) -> Result<Outcome, Refusal> {
        let row = self.packages.get(&new.package).and_then(|package| package.rows.get(&new.architecture));
        if let Some(latest) = row.and_then(Row::latest)
            && version::compare(new.version.as_str(), latest.version.as_str()).is_le()
        {
            return Err(Refusal::VersionNotNewer {
                package: new.package.to_string(),
                version: new.version.to_string(),
                current: latest.version.to_string(),
            });
        }
        Ok(self.put_in(new, at))
    }

    /// Puts a version where it belongs in the line of versions; for mending, where an older one may be missing.
    ///
    /// A version that is there already, in whatever spelling, is replaced.
    pub fn put_in(&mut self, new: &NewRelease<'_>, at: Seconds) -> Outcome {
        let (head, tail) = new.stanza.split();
        let fresh = Release {
            version: new.version.clone(),
            image: new.image,
            sha256: new.binary.sha256,
            md5: new.binary.md5,
            size: new.binary.size,
            head,
            tail,
            added: at,
            shrunk: 0,
        };
        self.edit(&new.package, &new.architecture, at, move |releases| {
            let order = |each: &Release| version::compare(each.version.as_str(), fresh.version.as_str());
            let place = releases.partition_point(|each| order(each).is_lt());
            match releases.get_mut(place) {
                Some(same) if order(same).is_eq() => *same = fresh,
                _ => releases.insert(place, fresh),
            }
        })
    }

    /// True if that version of that package is there for that architecture, in whatever spelling.
    pub fn has_version(&self, new: &NewRelease<'_>) -> bool {
        let row = self.packages.get(&new.package).and_then(|package| package.rows.get(&new.architecture));
        let same = |each: &Release| version::compare(each.version.as_str(), new.version.as_str()).is_eq();
        row.is_some_and(|row| row.releases.iter().any(same))
    }

    /// Takes away the version that an image is, at `at`, which must be later than every change before it.
    pub fn remove(&mut self, image: ImageId, at: Seconds) -> Outcome {
        let found = self.packages.iter().find_map(|(name, package)| {
            package.rows.iter().find_map(|(architecture, row)| {
                let gone = row.releases.iter().find(|release| release.image == image)?;
                Some((name.clone(), architecture.clone(), gone.version.clone()))
            })
        });
        let Some((name, architecture, gone)) = found else { return Outcome::Nothing };
        let outcome = self.edit(&name, &architecture, at, |releases| {
            releases.retain(|release| release.image != image);
        });
        // What is left of that version for other architectures is another answer than before.
        for row in self.packages.get_mut(&name).into_iter().flat_map(|package| package.rows.values_mut()) {
            for same in row.releases.iter_mut().filter(|release| release.version == gone) {
                same.shrunk = at;
            }
        }
        outcome
    }

    fn edit(
        &mut self,
        name: &PackageName,
        architecture: &Architecture,
        at: Seconds,
        change: impl FnOnce(&mut Vec<Release>),
    ) -> Outcome {
        let package = self.packages.entry(name.clone()).or_insert_with(|| Package {
            modified: at,
            shrunk: 0,
            rows: BTreeMap::new(),
        });
        let row = package.rows.entry(architecture.clone()).or_insert_with(|| Row {
            modified: at,
            fields: FieldTimes::default(),
            releases: Vec::new(),
        });
        let before = row.latest().cloned();
        change(&mut row.releases);
        let Some(after) = row.latest() else {
            package.rows.remove(architecture);
            package.shrunk = at;
            package.modified = at;
            if package.rows.is_empty() {
                self.packages.remove(name);
            }
            if before.is_none() {
                return Outcome::Nothing;
            }
            self.shrunk = at;
            self.modified = at;
            return Outcome::Index;
        };
        if before.as_ref() == Some(after) {
            return Outcome::OlderOnly;
        }
        row.fields = latest_times(row, before.as_ref(), at);
        row.modified = at;
        package.modified = at;
        self.modified = at;
        Outcome::Index
    }
}

/// Every field of a version as it is written, the computed ones too; by lower-case name, since fields are asked for in
/// any case, and another spelling is another line.
fn values(release: &Release) -> BTreeMap<String, String> {
    let text = format!("{}{}", release.head, release.tail);
    // Both halves are what a stanza rendered, so they parse; nothing but the times of fields hangs on it.
    let parsed = Stanza::parse(&text).map(|stanza| stanza.fields().to_vec()).unwrap_or_default();
    let mut values: BTreeMap<String, String> =
        parsed.into_iter().map(|field| (field.name.to_ascii_lowercase(), field.render())).collect();
    values.insert("md5sum".into(), release.md5.to_string());
    values.insert("sha256sum".into(), release.sha256.to_string());
    values.insert("size".into(), release.size.to_string());
    // The file is named by its digest: it is another one exactly if that is.
    values.insert("filename".into(), release.sha256.to_string());
    values
}

/// The times of the fields of a row whose latest version has changed at `at` from `before` to what it is now.
///
/// Fields that are gone keep the time at which they went, for those who ask for them over several architectures.
fn latest_times(row: &Row, before: Option<&Release>, at: Seconds) -> FieldTimes {
    let (Some(before), Some(after)) = (before, row.latest()) else { return FieldTimes::default() };
    let (old, new) = (values(before), values(after));
    let kept = row.fields.iter().map(|(name, _)| name.to_owned());
    let names: BTreeSet<String> = old.keys().chain(new.keys()).cloned().chain(kept).collect();
    let times = names.into_iter().filter_map(|name| {
        let earlier = row.fields.get(&name).or_else(|| old.contains_key(&name).then_some(row.modified));
        let time = if old.get(&name) == new.get(&name) { earlier? } else { at };
        (time != at || !new.contains_key(&name)).then_some((name, time))
    });
    FieldTimes::new(times)
}
