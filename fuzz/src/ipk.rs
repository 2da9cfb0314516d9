//! Packages: whatever sizes are claimed, little is asked for, and what is found is what a device would find.

use std::borrow::Cow;
use std::io::Read;
use std::ops::Range;

use super::recipe;
use flate2::read::MultiGzDecoder;
use shared::ipkg::archive::{MAX_INFLATED, Next, Opening};
use shared::ipkg::control::MAX_BYTES;

/// How often bytes are asked for at most: once for the beginning, each of 32 members and the control file.
const MAX_READS: usize = 34;

/// How many bytes are asked for in all at most, beyond [`MAX_INFLATED`].
const MAX_MORE: u64 = (64 << 10) + (64 << 10) + 32 * (4 << 10);

/// Checks `data` as a package or as the recipe of one, and as one with a hole in it and another size.
pub fn check(data: &[u8]) {
    let package = recipe::build(data).unwrap_or_else(|| data.to_vec());
    check_found(&package, &whole(&package));
    check_sparse(data);
}

/// Checks that what was found in `package` is what a device would find.
pub fn check_found(package: &[u8], found: &Next) {
    if let Next::Control(control) = found {
        assert_eq!(on_device(package).as_deref(), Some(control.as_slice()));
    }
}

/// Checks `data` as a package with a hole in it, if it describes one.
pub fn check_sparse(data: &[u8]) {
    if let Some(sparse) = Sparse::read(data) {
        open(sparse.size, |range| sparse.bytes(range).into());
    }
}

/// Opens `data` as its user would.
pub fn whole(data: &[u8]) -> Next {
    open(data.len() as u64, |range| data[at(range.start)..at(range.end)].into())
}

fn open<'a>(size: u64, read: impl Fn(Range<u64>) -> Cow<'a, [u8]>) -> Next {
    let mut opening = Opening::new(size);
    let (mut reads, mut bytes) = (0, 0);
    loop {
        let next = opening.next();
        assert_eq!(opening.next(), next);
        match next {
            Next::Read(range) => {
                assert!(range.start < range.end && range.end <= size, "{range:?} of {size}");
                reads += 1;
                bytes += range.end - range.start;
                assert!(reads <= MAX_READS, "more than {MAX_READS} reads");
                assert!(bytes <= MAX_INFLATED + MAX_MORE, "{bytes} bytes");
                opening.supply(range.start, &read(range));
                continue;
            }
            Next::Control(ref control) => assert!(control.len() <= MAX_BYTES, "{} bytes", control.len()),
            Next::Malformed(ref why) => {
                assert!(!why.is_empty() && why.len() <= 200 && !why.contains(char::is_control), "{why:?}");
            }
            Next::Binary => {}
        }
        return next;
    }
}

fn at(offset: u64) -> usize {
    usize::try_from(offset).unwrap_or(usize::MAX)
}

/// A binary of which most is a hole full of zeros, so that a small input can claim any size.
struct Sparse<'a> {
    before: &'a [u8],
    hole: u64,
    behind: &'a [u8],
    /// What it claims, which may be less than there is.
    size: u64,
}

impl<'a> Sparse<'a> {
    /// Nine bytes at the end say where the hole is (two), how long (four), how much less is claimed (two), and `#`.
    fn read(data: &'a [u8]) -> Option<Self> {
        let (data, hole) = data.strip_suffix(b"#")?.split_last_chunk()?;
        let &[place_high, place_low, a, b, c, d, less_high, less_low] = hole;
        let place = usize::from(u16::from_be_bytes([place_high, place_low])).min(data.len());
        let (before, behind) = data.split_at(place);
        let hole = u64::from(u32::from_be_bytes([a, b, c, d]));
        let less = u64::from(u16::from_be_bytes([less_high, less_low]));
        Some(Self { before, hole, behind, size: (data.len() as u64 + hole).saturating_sub(less) })
    }

    fn bytes(&self, range: Range<u64>) -> Vec<u8> {
        let mut out = vec![0; at(range.end - range.start)];
        let starts = [(0, self.before), (self.before.len() as u64 + self.hole, self.behind)];
        for (start, part) in starts {
            let from = range.start.max(start);
            let to = range.end.min(start + part.len() as u64);
            if from < to {
                out[at(from - range.start)..at(to - range.start)]
                    .copy_from_slice(&part[at(from - start)..at(to - start)]);
            }
        }
        out
    }
}

/// The control file as a program on a device finds it, which believes what it reads and stops at the first.
fn on_device(package: &[u8]) -> Option<Vec<u8>> {
    if package.starts_with(b"!<arch>\n") {
        return in_tarball(member(package, "control.tar.gz")?, "control");
    }
    in_tarball(&in_tarball(package, "control.tar.gz")?, "control")
}

/// The first member called `name` in an `ar` archive.
fn member<'a>(archive: &'a [u8], name: &str) -> Option<&'a [u8]> {
    let mut left = archive.get(8..)?;
    loop {
        let (header, body) = left.split_at_checked(60)?;
        let size: usize = std::str::from_utf8(&header[48..58]).ok()?.trim().parse().ok()?;
        let called = std::str::from_utf8(&header[..16]).unwrap_or_default().trim().trim_end_matches('/');
        if called.strip_prefix("./").unwrap_or(called) == name {
            return body.get(..size);
        }
        left = body.get(size.next_multiple_of(2)..)?;
    }
}

/// The first file called `name` in a gzip'd tar, as the `tar` crate names it.
fn in_tarball(compressed: &[u8], name: &str) -> Option<Vec<u8>> {
    let mut archive = tar::Archive::new(MultiGzDecoder::new(compressed).take(MAX_INFLATED));
    for entry in archive.entries().ok()? {
        let mut entry = entry.ok()?;
        let path = entry.path().ok()?.into_owned();
        if path.strip_prefix(".").unwrap_or(&path).as_os_str() == name {
            let mut bytes = Vec::new();
            entry.read_to_end(&mut bytes).ok()?;
            return Some(bytes);
        }
    }
    None
}
