//! Packages out of recipes, so that no checksum stands between an invented input and the code behind it.

use std::io::Write;

use flate2::Compression;
use flate2::write::GzEncoder;
use tar::{EntryType, Header};

/// How deep archives are nested at most.
const DEPTH: u8 = 2;

/// The body length that stands for another archive, whose entries follow.
const NESTED: u16 = u16::MAX;

/// Builds the package that `recipe` describes; none if it does not begin with a `0` or `1`.
///
/// `0` is an `ar` archive around a control archive of the entries that follow, `1` a gzip'd tar of them. An entry is
/// its type (in tar's own letters; with the highest bit, the name's first folder goes into the field for it), a byte
/// with the length of its name, the name, two bytes with the length of its body, and the body. A type of zero ends
/// an archive.
pub fn build(recipe: &[u8]) -> Option<Vec<u8>> {
    let (form, mut rest) = recipe.split_first()?;
    let entries = |rest: &mut &[u8]| archive(rest, DEPTH);
    match form {
        b'0' => {
            let control = entries(&mut rest);
            let mut out = b"!<arch>\n".to_vec();
            for (name, body) in [
                ("debian-binary", b"2.0\n".as_slice()),
                ("control.tar.gz", &control),
                ("data.tar.gz", b"data"),
            ] {
                let (zeros, mode, size) = (0, 100_644, body.len());
                out.extend(
                    format!("{name:<16}{zeros:<12}{zeros:<6}{zeros:<6}{mode:<8}{size:<10}`\n").into_bytes(),
                );
                out.extend_from_slice(body);
                out.resize(out.len().next_multiple_of(2), b'\n');
            }
            Some(out)
        }
        b'1' => Some(entries(&mut rest)),
        _ => None,
    }
}

/// A gzip'd tar of the entries at the beginning of `recipe`, which are taken from it.
fn archive(recipe: &mut &[u8], depth: u8) -> Vec<u8> {
    let mut out = Vec::new();
    while let Some((name, kind, body)) = entry(recipe, depth) {
        out.extend(header(&name, kind, body.len()));
        out.extend(body);
        out.resize(out.len().next_multiple_of(512), 0);
    }
    out.resize(out.len() + 1024, 0);
    let mut encoder = GzEncoder::new(Vec::new(), Compression::none());
    let written = encoder.write_all(&out).and_then(|()| encoder.finish());
    written.unwrap_or_default()
}

fn entry(recipe: &mut &[u8], depth: u8) -> Option<(Vec<u8>, u8, Vec<u8>)> {
    let kind = take(recipe, 1)?.first().copied().filter(|kind| *kind != 0)?;
    let length = take(recipe, 1)?.first().copied()?;
    let name = take(recipe, length.into())?.to_vec();
    let length = u16::from_be_bytes(take(recipe, 2)?.try_into().ok()?);
    let body = match length {
        NESTED if depth > 0 => archive(recipe, depth - 1),
        _ => take(recipe, usize::from(length).min(recipe.len()))?.to_vec(),
    };
    Some((name, kind, body))
}

fn take<'a>(recipe: &mut &'a [u8], length: usize) -> Option<&'a [u8]> {
    let (taken, left) = recipe.split_at_checked(length)?;
    *recipe = left;
    Some(taken)
}

fn header(name: &[u8], kind: u8, size: usize) -> [u8; 512] {
    let divided = kind & 0x80 != 0;
    let mut header = if divided { Header::new_ustar() } else { Header::new_gnu() };
    let mut name = name;
    if let Some(ustar) = header.as_ustar_mut().filter(|_| divided) {
        let slash = name.iter().position(|byte| *byte == b'/').filter(|slash| *slash <= ustar.prefix.len());
        if let Some(slash) = slash {
            ustar.prefix[..slash].copy_from_slice(&name[..slash]);
            name = &name[slash + 1..];
        }
    }
    let field = &mut header.as_old_mut().name;
    let length = name.len().min(field.len());
    field[..length].copy_from_slice(&name[..length]);
    header.set_entry_type(EntryType::new(kind & 0x7F));
    header.set_mode(0o644);
    header.set_size(size as u64);
    header.set_cksum();
    *header.as_bytes()
}
