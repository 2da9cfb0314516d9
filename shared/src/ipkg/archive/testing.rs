//! Packages for tests: good ones, and ones that no tool would build.

use std::io::Write as _;
use std::ops::Range;

use flate2::Compression;
use flate2::write::GzEncoder;
use tar::{EntryType, Header};

use super::{Next, Opening};

pub(super) const CONTROL: &[u8] = b"Package: tea\nVersion: 1.0\nArchitecture: all\n";

pub(super) fn gz(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// Bytes that do not compress.
pub(super) fn noise(size: usize) -> Vec<u8> {
    let mut state = 0x9E37_79B9_7F4A_7C15_u64;
    std::iter::repeat_with(|| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        state.to_be_bytes()
    })
    .take(size.div_ceil(8))
    .flatten()
    .take(size)
    .collect()
}

pub(super) fn ar_header(name: &str, size: impl std::fmt::Display) -> Vec<u8> {
    format!("{name:<16}{:<12}{:<6}{:<6}{:<8}{size:<10}`\n", 0, 0, 0, 100_644).into_bytes()
}

pub(super) fn ar(members: &[(&str, &[u8])]) -> Vec<u8> {
    let mut out = b"!<arch>\n".to_vec();
    for (name, body) in members {
        out.extend(ar_header(name, body.len()));
        out.extend_from_slice(body);
        out.resize(out.len().next_multiple_of(2), b'\n');
    }
    out
}

/// One entry of a tar archive with a name that no check has touched.
pub(super) fn entry(name: &str, kind: EntryType, body: &[u8]) -> Vec<u8> {
    let mut header = Header::new_gnu();
    header.set_entry_type(kind);
    header.set_mode(0o644);
    header.set_size(body.len() as u64);
    header.as_old_mut().name[..name.len()].copy_from_slice(name.as_bytes());
    header.set_cksum();
    let mut out = [header.as_bytes(), body].concat();
    out.resize(out.len().next_multiple_of(512), 0);
    out
}

pub(super) fn file(name: &str, body: &[u8]) -> Vec<u8> {
    entry(name, EntryType::Regular, body)
}

/// A tar archive of entries, with the end that it should have.
pub(super) fn tar(entries: &[Vec<u8>]) -> Vec<u8> {
    [entries.concat(), vec![0; 1024]].concat()
}

pub(super) fn control_tar_gz(entries: &[Vec<u8>]) -> Vec<u8> {
    gz(&tar(entries))
}

pub(super) fn good_control() -> Vec<u8> {
    let folder = entry("./", EntryType::Directory, b"");
    control_tar_gz(&[folder, file("./control", CONTROL), file("./postinst", b"#!/bin/sh\n")])
}

/// An `ar` package around a control.tar.gz.
pub(super) fn around(control: &[u8]) -> Vec<u8> {
    ar(&[("debian-binary", b"2.0\n"), ("control.tar.gz", control), ("data.tar.gz", b"data")])
}

/// A gzip'd tar of files.
pub(super) fn tarball(members: &[(&str, &[u8])]) -> Vec<u8> {
    let entries: Vec<_> = members.iter().map(|(name, body)| file(name, body)).collect();
    gz(&tar(&entries))
}

/// Opens bytes as its user would; answers the verdict and what was read for it.
pub(super) fn open_counting(bytes: &[u8]) -> (Next, Vec<Range<u64>>) {
    let size = bytes.len() as u64;
    let (mut opening, mut read) = (Opening::new(size), Vec::new());
    loop {
        let next = opening.next();
        let Next::Read(range) = &next else {
            assert_eq!(opening.next(), next);
            return (next, read);
        };
        assert!(range.start < range.end && range.end <= size, "{range:?} of {size}");
        assert!(read.len() < 40, "{read:?}");
        let at = |offset: u64| usize::try_from(offset).unwrap();
        opening.supply(range.start, &bytes[at(range.start)..at(range.end)]);
        read.push(range.clone());
    }
}

pub(super) fn open(bytes: &[u8]) -> Next {
    open_counting(bytes).0
}

/// Why a package is malformed.
#[track_caller]
pub(super) fn why(bytes: &[u8]) -> String {
    match open(bytes) {
        Next::Malformed(why) => why,
        other => panic!("{other:?}"),
    }
}
