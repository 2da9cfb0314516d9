//! Recognises a package by its `debian-binary` member, in both archive forms, with bounded work.
//!
//! An `.ipk` is an `ar` archive or a gzip'd tar; member names come with or
//! without `./`.

use std::io::{ErrorKind, Read as _};

use flate2::read::GzDecoder;

/// How many bytes of a binary are looked at, at most.
pub const MAX_BYTES: u64 = 4 << 20;

/// How many bytes are inflated, at most.
const MAX_INFLATED: u64 = 8 << 20;

const MEMBER: &str = "debian-binary";
const AR_MAGIC: &[u8] = b"!<arch>\n";
const AR_HEADER: usize = 60;

/// What the beginning of a binary says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// It has a `debian-binary` member: it is a package.
    Package,
    /// It is not, or keeps that member further down than this service looks.
    Binary,
    /// It may be one; more of its beginning is needed to say.
    NeedMore,
}

/// Looks at `prefix`, the beginning of a binary; `whole` says that nothing follows it.
pub fn recognise(prefix: &[u8], whole: bool) -> Verdict {
    let found = if prefix.starts_with(AR_MAGIC) {
        ar_has_member(prefix)
    } else if prefix.starts_with(&[0x1F, 0x8B]) {
        tar_has_member(prefix)
    } else {
        Some(false)
    };
    match found {
        Some(true) => Verdict::Package,
        Some(false) => Verdict::Binary,
        None if whole || prefix.len() as u64 >= MAX_BYTES => Verdict::Binary,
        None => Verdict::NeedMore,
    }
}

fn is_member(name: &str) -> bool {
    name.strip_prefix("./").unwrap_or(name) == MEMBER
}

/// Walks the headers of an `ar` archive; none if the prefix ends before its last member is known.
fn ar_has_member(prefix: &[u8]) -> Option<bool> {
    let mut at = AR_MAGIC.len();
    loop {
        let header = prefix.get(at..at + AR_HEADER)?;
        let text =
            |range: std::ops::Range<usize>| std::str::from_utf8(&header[range]).ok().map(str::trim_end);
        let (Some(name), Some(size), b"`\n") = (text(0..16), text(48..58), &header[58..60]) else {
            return Some(false);
        };
        if is_member(name.trim_end_matches('/')) {
            return Some(true);
        }
        let Ok(size) = size.parse::<usize>() else { return Some(false) };
        // Members begin at even offsets.
        at = at.checked_add(AR_HEADER)?.checked_add(size)?.checked_next_multiple_of(2)?;
    }
}

/// Walks the headers of a gzip'd tar; none if the prefix ends before its last member is known.
fn tar_has_member(prefix: &[u8]) -> Option<bool> {
    let mut archive = tar::Archive::new(GzDecoder::new(prefix).take(MAX_INFLATED));
    // Raw entries: long-name and PAX records would be read into memory at their declared size, and
    // `debian-binary` needs neither.
    for entry in archive.entries().ok()?.raw(true) {
        let entry = match entry {
            Ok(entry) => entry,
            Err(error) if error.kind() == ErrorKind::UnexpectedEof => return None,
            // No tar at all: a kernel or a file system, however long.
            Err(_) => return Some(false),
        };
        if std::str::from_utf8(&entry.path_bytes()).is_ok_and(is_member) {
            return Some(true);
        }
    }
    Some(false)
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use proptest::prelude::*;

    use super::*;

    fn ar(members: &[(&str, &[u8])]) -> Vec<u8> {
        let mut out = AR_MAGIC.to_vec();
        for (name, body) in members {
            writeln!(out, "{name:<16}{:<12}{:<6}{:<6}{:<8}{:<10}`", 0, 0, 0, 100_644, body.len()).unwrap();
            out.extend_from_slice(body);
            if body.len() % 2 == 1 {
                out.push(b'\n');
            }
        }
        out
    }

    fn tar_gz(members: &[(&str, &[u8])]) -> Vec<u8> {
        let mut builder =
            tar::Builder::new(flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast()));
        for (name, body) in members {
            let mut header = tar::Header::new_gnu();
            header.set_size(body.len() as u64);
            header.set_cksum();
            // Set after the path check of the builder would strip a leading dot.
            header.as_gnu_mut().unwrap().name[..name.len()].copy_from_slice(name.as_bytes());
            header.set_cksum();
            builder.append(&header, *body).unwrap();
        }
        builder.into_inner().unwrap().finish().unwrap()
    }

    #[test]
    fn both_archive_forms_are_recognised_with_and_without_a_dot() {
        for name in ["debian-binary", "./debian-binary"] {
            let members: &[(&str, &[u8])] = &[("x", b"odd"), (name, b"2.0\n")];
            assert_eq!(recognise(&ar(members), true), Verdict::Package);
            assert_eq!(recognise(&tar_gz(members), true), Verdict::Package);
        }
        assert_eq!(recognise(&ar(&[("debian-binary/", b"2.0\n")]), true), Verdict::Package);
    }

    #[test]
    fn other_archives_and_plain_bytes_are_binaries() {
        let members: &[(&str, &[u8])] = &[("control.tar.gz", b"x"), ("not-debian-binary", b"2.0\n")];
        assert_eq!(recognise(&ar(members), true), Verdict::Binary);
        assert_eq!(recognise(&tar_gz(members), true), Verdict::Binary);
        assert_eq!(recognise(b"\x7fELF", false), Verdict::Binary);
        assert_eq!(recognise(b"", true), Verdict::Binary);
    }

    #[test]
    fn a_member_behind_a_large_one_asks_for_more() {
        let large = vec![7; 100_000];
        let archive = ar(&[("data.tar.gz", &large), ("debian-binary", b"2.0\n")]);
        assert_eq!(recognise(&archive[..1000], false), Verdict::NeedMore);
        assert_eq!(recognise(&archive, true), Verdict::Package);
    }

    #[test]
    fn a_bomb_is_given_up_on() {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
        let zeros = vec![1; 1 << 20];
        for _ in 0..64 {
            encoder.write_all(&zeros).unwrap();
        }
        assert_eq!(recognise(&encoder.finish().unwrap(), true), Verdict::Binary);
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(head in 0_usize..3, tail in prop::collection::vec(any::<u8>(), 0..500)) {
            let mut bytes = [AR_MAGIC, &[0x1F, 0x8B, 8], &[]][head].to_vec();
            bytes.extend(tail);
            let _ = recognise(&bytes, true);
        }
    }
}
