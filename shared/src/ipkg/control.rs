//! A package's control file, as anybody may have written it, made into a part of an index that every client
//! reads alike.
//!
//! What would harm a client is repaired or dropped and said in a warning; what leaves it unclear which package
//! this is, is refused. Must not know archives, feeds or where the package goes.

mod fields;
mod known;
mod lines;
mod relations;
mod values;
mod warnings;

use super::names::{self, PackageName, PackageVersion};
use super::stanza::{Field, Stanza};
use crate::domain::{Architecture, Invalid};
use fields::Raw;
use warnings::{Warnings, shown};

/// How many bytes a control file may have, and how many its stanza once repaired.
pub const MAX_BYTES: usize = 64 << 10;

/// The largest epoch that clients order rightly: they compare epochs as 32-bit signed numbers.
const MAX_EPOCH: u64 = 2_147_483_647;

/// A package's control file, read and repaired.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Control {
    /// The package's name.
    pub package: PackageName,
    /// The package's version.
    pub version: PackageVersion,
    /// The architecture it is for; `all` means any.
    pub architecture: Architecture,
    /// Its part of an index, those three included.
    pub stanza: Stanza,
    /// What was repaired or dropped, a sentence each: at most 51 of at most 200 characters.
    pub warnings: Vec<String>,
}

/// Why a control file cannot become part of an index.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ControlFault {
    /// It does not say clearly which package it describes, or would harm a client; the reason as a sentence.
    #[error("{0}")]
    Malformed(String),
    /// Its package, its version or one of its fields has a name that the feed's URLs need: that name.
    #[error("{0} is a reserved name")]
    Reserved(String),
}

impl ControlFault {
    fn because(reason: impl std::fmt::Display) -> Self {
        Self::Malformed(format!("the control file {reason}"))
    }
}

/// Reads a control file as it lies in a package; a fault if it is larger than [`MAX_BYTES`], holds a NUL byte,
/// has not exactly one readable Package, Version and Architecture, or uses a reserved name.
pub fn read(bytes: &[u8]) -> Result<Control, ControlFault> {
    if bytes.len() > MAX_BYTES {
        return Err(ControlFault::because(format_args!(
            "is {} bytes; at most {MAX_BYTES} may be",
            bytes.len()
        )));
    }
    if bytes.contains(&0) {
        return Err(ControlFault::because("holds a NUL byte"));
    }
    let mut warnings = Warnings::default();
    let lines = lines::read(bytes, &mut warnings);
    let raw = fields::read(lines, &mut warnings)?;

    let package = identity(&raw, "Package", true)?;
    let version = identity(&raw, "Version", true)?;
    let architecture = identity(&raw, "Architecture", false)?;
    check_epoch(&version)?;

    let mut fields = Vec::new();
    for raw in fields::choose(raw, &mut warnings) {
        if let Some(value) = values::read(&raw, &mut warnings)? {
            fields.push(Field { name: raw.name, value });
        }
    }
    let stanza = Stanza::new(fields);
    if stanza.render().len() > MAX_BYTES {
        return Err(ControlFault::because(format_args!(
            "is more than {MAX_BYTES} bytes once it is repaired"
        )));
    }
    Ok(Control { package, version, architecture, stanza, warnings: warnings.into_sentences() })
}

/// The one value of a field without which nobody knows which package this is: nothing in it is repaired.
fn identity<T>(raw: &[Raw], name: &str, may_be_reserved: bool) -> Result<T, ControlFault>
where
    T: std::str::FromStr<Err = Invalid>,
{
    let mut found = raw.iter().filter(|field| field.name == name);
    let Some(field) = found.next() else {
        return Err(ControlFault::because(format_args!("has no {name} field")));
    };
    if found.next().is_some() {
        return Err(ControlFault::because(format_args!("has more than one {name} field")));
    }
    // Unicode's white space is left for the check: a client would not strip it.
    let is_blank = |line: &String| line.trim_matches([' ', '\t']).is_empty();
    let (first, rest) =
        field.lines.split_first().map_or(("", &[][..]), |(first, rest)| (first.as_str(), rest));
    let value = first.trim_matches([' ', '\t']);
    let fault = |reason: &str| ControlFault::because(format_args!("has a {name} that {reason}"));
    if field.bad_utf8 || field.bad_controls {
        return Err(fault("cannot be read as text"));
    }
    if value.is_empty() {
        return Err(fault("is empty"));
    }
    if !rest.iter().all(is_blank) {
        return Err(fault("has more than one line"));
    }
    if may_be_reserved && names::is_reserved(value) {
        return Err(ControlFault::Reserved(shown(value)));
    }
    value.parse().map_err(|invalid: Invalid| {
        ControlFault::because(format_args!("has the {name} {}, which {invalid}", shown(value)))
    })
}

/// Refuses an epoch on whose order clients disagree: one that is no number, and one too large for theirs.
fn check_epoch(version: &PackageVersion) -> Result<(), ControlFault> {
    let Some((epoch, _)) = version.as_str().split_once(':') else { return Ok(()) };
    // `parse` would take a sign.
    let digits = !epoch.is_empty() && epoch.bytes().all(|b| b.is_ascii_digit());
    if digits && epoch.parse::<u64>().is_ok_and(|epoch| epoch <= MAX_EPOCH) {
        return Ok(());
    }
    Err(ControlFault::because(format_args!(
        "has the Version {version}, whose epoch, the part before the first colon, must be a number up to {MAX_EPOCH}"
    )))
}

#[cfg(test)]
mod tests;

#[cfg(test)]
mod hostile;
