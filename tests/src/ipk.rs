//! Packages as `opkg-build` makes them, in both archive forms.

use std::io::Write as _;

use flate2::Compression;
use flate2::write::GzEncoder;

/// A package to build.
#[derive(Debug, Clone)]
pub struct Ipk {
    control: String,
    content: Vec<u8>,
    tarball: bool,
}

impl Ipk {
    /// A package of that name and version for architecture `all`.
    pub fn new(package: &str, version: &str) -> Self {
        let control = format!("Package: {package}\nVersion: {version}\nArchitecture: all\n");
        Self { control, content: format!("content of {package} {version}").into_bytes(), tarball: false }
    }

    /// A package whose control file is `text`, whatever that is.
    pub fn from_control(text: &str) -> Self {
        Self { control: text.to_owned(), content: b"content".to_vec(), tarball: false }
    }

    /// This one for another architecture.
    pub fn architecture(mut self, name: &str) -> Self {
        self.control = self.control.replace("Architecture: all\n", &format!("Architecture: {name}\n"));
        self
    }

    /// This one with one more line in its control file.
    pub fn line(mut self, line: &str) -> Self {
        self.control.push_str(line);
        self.control.push('\n');
        self
    }

    /// This one with other data in it.
    pub fn content(mut self, bytes: &[u8]) -> Self {
        self.content = bytes.to_vec();
        self
    }

    /// This one as a gzip'd tar with its data first, as OpenWrt's tools build it, instead of an `ar` archive.
    pub fn tarball(mut self) -> Self {
        self.tarball = true;
        self
    }

    /// The bytes.
    pub fn build(&self) -> Vec<u8> {
        let control = tar_gz(&[("./control", self.control.as_bytes())]);
        let data = tar_gz(&[("./usr/share/content", &self.content)]);
        if self.tarball {
            return tar_gz(&[
                ("./debian-binary", b"2.0\n"),
                ("./data.tar.gz", &data),
                ("./control.tar.gz", &control),
            ]);
        }
        ar(&[("debian-binary", b"2.0\n"), ("control.tar.gz", &control), ("data.tar.gz", &data)])
    }
}

/// A gzip'd tar of some files.
pub fn tar_gz(files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut builder = tar::Builder::new(GzEncoder::new(Vec::new(), Compression::fast()));
    for (name, bytes) in files {
        let mut header = tar::Header::new_gnu();
        header.set_size(bytes.len() as u64);
        header.set_mode(0o644);
        // Written by hand, since `tar` drops the leading `./` that the tools write.
        header.as_old_mut().name[..name.len()].copy_from_slice(name.as_bytes());
        header.set_cksum();
        builder.append(&header, *bytes).unwrap();
    }
    builder.into_inner().unwrap().finish().unwrap()
}

/// An `ar` archive of some members.
pub fn ar(members: &[(&str, &[u8])]) -> Vec<u8> {
    let mut out = b"!<arch>\n".to_vec();
    for (name, bytes) in members {
        writeln!(out, "{name:<16}{:<12}{:<6}{:<6}{:<8}{:<10}`", 0, 0, 0, 100_644, bytes.len()).unwrap();
        out.extend_from_slice(bytes);
        out.resize(out.len().next_multiple_of(2), b'\n');
    }
    out
}
