//! A package as `opkg-build` makes it, with hardly anything in it.

use std::io::Write as _;

use flate2::Compression;
use flate2::write::GzEncoder;

/// The bytes of a package for architecture `all`.
pub(crate) fn build(name: &str, version: &str) -> anyhow::Result<Vec<u8>> {
    let control = format!("Package: {name}\nVersion: {version}\nArchitecture: all\n");
    let control = archive("control", control.as_bytes())?;
    let data = archive("usr/share/drilled", version.as_bytes())?;
    let mut bytes = b"!<arch>\n".to_vec();
    for (name, content) in
        [("debian-binary", &b"2.0\n"[..]), ("control.tar.gz", &control), ("data.tar.gz", &data)]
    {
        writeln!(bytes, "{name:<16}{:<12}{:<6}{:<6}{:<8}{:<10}`", 0, 0, 0, 100_644, content.len())?;
        bytes.extend_from_slice(content);
        if content.len() % 2 == 1 {
            bytes.push(b'\n');
        }
    }
    Ok(bytes)
}

fn archive(name: &str, content: &[u8]) -> anyhow::Result<Vec<u8>> {
    let mut builder = tar::Builder::new(GzEncoder::new(Vec::new(), Compression::fast()));
    let mut header = tar::Header::new_gnu();
    header.set_size(u64::try_from(content.len())?);
    header.set_mode(0o644);
    builder.append_data(&mut header, format!("./{name}"), content)?;
    Ok(builder.into_inner()?.finish()?)
}
