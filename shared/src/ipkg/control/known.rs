//! The fields that clients give a meaning, and those that no control file may decide.

use crate::ipkg::stanza::{COMPUTED, ORDER};

/// What opkg's clients and dpkg read beyond the index order.
const OTHERS: [&str; 12] = [
    "ABIVersion",
    "Alternatives",
    "Auto-Installed",
    "Breaks",
    "Conffiles",
    "Enhances",
    "Essential",
    "Installed-Size",
    "Installed-Time",
    "Pre-Depends",
    // opkg-lede takes it for Replaces.
    "Replace2",
    "Status",
];

/// What a client keeps about its own installation: in an index it would overwrite what is true on the device.
const STATE: [&str; 4] = ["Auto-Installed", "Conffiles", "Installed-Time", "Status"];

/// Those whose value is a list of packages.
const RELATIONS: [&str; 9] = [
    "Breaks",
    "Conflicts",
    "Depends",
    "Enhances",
    "Pre-Depends",
    "Provides",
    "Recommends",
    "Replaces",
    "Suggests",
];

/// Without these nobody knows which package it is.
const IDENTITY: [&str; 3] = ["Package", "Version", "Architecture"];

/// What a field's name means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Meaning {
    /// A field that clients know, in the spelling that they read.
    Known(&'static str),
    /// Not known itself, but begins with this known name, for which clients would take it.
    Collides(&'static str),
    /// A field of the author's own.
    Own,
}

/// What `name` means, in any case.
pub(super) fn meaning(name: &str) -> Meaning {
    let all = || ORDER.iter().chain(&OTHERS);
    if let Some(known) = all().find(|known| name.eq_ignore_ascii_case(known)) {
        return Meaning::Known(known);
    }
    let begins = |known: &&&str| name.get(..known.len()).is_some_and(|head| head.eq_ignore_ascii_case(known));
    all().find(begins).map_or(Meaning::Own, |known| Meaning::Collides(known))
}

/// True for a field that is computed from the package's bytes.
pub(super) fn is_computed(name: &str) -> bool {
    COMPUTED.contains(&name)
}

/// True for a field that is a client's own state.
pub(super) fn is_state(name: &str) -> bool {
    STATE.contains(&name)
}

/// True for a field that lists other packages.
pub(super) fn is_relation(name: &str) -> bool {
    RELATIONS.contains(&name)
}

/// True for Package, Version and Architecture.
pub(super) fn is_identity(name: &str) -> bool {
    IDENTITY.contains(&name)
}
