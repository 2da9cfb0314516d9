//! How much memory the package parsers take for an input of up to 1 MiB that means to take as much as it can.
//!
//! One test, since it watches its whole process; Linux alone tells how much that had at most.

#![cfg(target_os = "linux")]
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

#[path = "../../fuzz/src/lib.rs"]
#[allow(dead_code, unreachable_pub, reason = "the fuzz targets use all of it, from another crate")]
mod checks;

use std::io::Write as _;

use flate2::Compression;
use flate2::write::GzEncoder;
use shared::ipkg::archive::Next;
use shared::ipkg::{control, version};
use tar::{EntryType, Header};

const MIB: usize = 1 << 20;

fn gz(write: impl FnOnce(&mut GzEncoder<Vec<u8>>)) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    write(&mut encoder);
    encoder.finish().unwrap()
}

fn entry(out: &mut impl std::io::Write, kind: EntryType, name: &str, body: &[u8]) {
    let mut header = Header::new_gnu();
    header.set_entry_type(kind);
    header.set_size(body.len() as u64);
    header.as_old_mut().name[..name.len()].copy_from_slice(name.as_bytes());
    header.set_cksum();
    out.write_all(header.as_bytes()).unwrap();
    out.write_all(body).unwrap();
    out.write_all(&vec![0; body.len().next_multiple_of(512) - body.len()]).unwrap();
}

/// An `ar` package around a control archive.
fn ar(control: &[u8]) -> Vec<u8> {
    let mut out = b"!<arch>\n".to_vec();
    for (name, body) in
        [("debian-binary", b"2.0\n".as_slice()), ("data.tar.gz", b""), ("control.tar.gz", control)]
    {
        out.extend(
            format!("{name:<16}{:<12}{:<6}{:<6}{:<8}{:<10}`\n", 0, 0, 0, 644, body.len()).into_bytes(),
        );
        out.extend_from_slice(body);
        out.resize(out.len().next_multiple_of(2), b'\n');
    }
    out
}

/// A gzip'd tar whose file `name` has 124 names of almost 64 KiB, all of which mean the same.
fn many_names(name: &str, body: &[u8]) -> Vec<u8> {
    let long = format!("{}{name}\0", "./".repeat(32_700));
    gz(|out| {
        for _ in 0..124 {
            entry(out, EntryType::GNULongName, "././@LongLink", long.as_bytes());
        }
        entry(out, EntryType::Regular, name, body);
        entry(out, EntryType::Regular, "debian-binary", b"2.0\n");
    })
}

/// As many members of gzip as fit into 1 MiB, each of which inflates to 8 MiB of zeros.
fn bomb() -> Vec<u8> {
    let member = gz(|out| (0..8).for_each(|_| out.write_all(&vec![0; MIB]).unwrap()));
    member.repeat(MIB / member.len())
}

/// The most memory that this process has had in bytes.
fn peak() -> usize {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    line.trim().strip_suffix("kB").unwrap().trim().parse::<usize>().unwrap() << 10
}

/// Whether a control file is found.
fn reads(package: &[u8]) -> bool {
    matches!(checks::ipk::whole(package), Next::Control(_))
}

#[test]
fn no_input_of_1_mib_takes_more_than_16_mib() {
    let noise: Vec<u8> = (0..MIB).map(|at| u8::try_from((at * at / 7) % 251).unwrap()).collect();
    let before = peak();
    let within = |what: &str| {
        let taken = peak().saturating_sub(before);
        println!("{what}: {} KiB", taken >> 10);
        assert!(taken <= checks::MEMORY, "{what}: {taken} bytes");
    };

    for text in ["1", "~", "1a"] {
        let text = text.repeat(MIB / text.len());
        assert!(version::compare(&text, &text).is_eq());
    }
    within("versions");
    for line in ["a\n", "a:\n", "a:b\n", " \n", "a", "\u{1}"] {
        for size in [control::MAX_BYTES, MIB] {
            assert!(control::read(line.repeat(size / line.len()).as_bytes()).is_err());
        }
    }
    within("control files");
    for line in ["a:\n", "a:\n\n", "Package: p\n\n", "a:\n \n", "a:\n .\n"] {
        checks::index::read(format!("{}\n\n", line.repeat(MIB / line.len())).as_bytes());
    }
    within("indexes");

    let open = |package: &[u8]| assert!(package.len() <= MIB + 4096 && !reads(package));
    open(&noise);
    open(&bomb());
    open(&ar(&bomb()));
    open(&ar(&noise));
    open(&[gz(|out| entry(out, EntryType::Regular, "debian-binary", b"2.0\n")), noise].concat());
    within("packages");
    open(&ar(&many_names("control", b"Package: p\n")));
    open(&many_names("control.tar.gz", &many_names("control", b"Package: p\n")));
    within("packages with many names");
}
