//! Programs out of Debian's packages: downloaded and unpacked, never installed, since installing some starts a server.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Result, bail};

use super::{Tool, fresh_folder, put_in_place};
use crate::apt;
use crate::process;
use crate::workspace::Workspace;

/// A cache that stands in for the CDN's.
pub(crate) const NGINX: Program = Program { package: "nginx", binary: "usr/sbin/nginx" };
/// The JavaScript that CloudFront's goes by.
pub(crate) const NJS: Program = Program { package: "njs", binary: "usr/bin/njs" };

/// A program of a package of its own, which says its version with `-v` and needs nothing else of the package.
#[derive(Clone, Copy)]
pub(crate) struct Program {
    /// The package.
    package: &'static str,
    /// The binary, below the folder of the unpacked package.
    binary: &'static str,
}

impl Program {
    /// The binary, fetched if it is not there yet; apt checks its package's signature.
    pub(crate) fn get(self, workspace: &Workspace) -> Result<Tool> {
        let Self { package, .. } = self;
        let place = workspace.tools().join(package);
        if self.runs(&place) {
            return Ok(Tool::Ready(self.at(&place)));
        }
        if !apt::available() {
            let why = format!("{package} comes out of a Debian package: apt-get and dpkg-deb are missing");
            return Ok(Tool::Missing(why));
        }
        let scratch = workspace.tools().join(format!("{package}.part"));
        fresh_folder(&scratch)?;
        println!("fetching {package}");
        if let Err(error) = apt::download(&[package], &scratch) {
            return Ok(Tool::Missing(format!("{error:#}")));
        }
        let unpacked = scratch.join("unpacked");
        apt::unpack(&scratch, &unpacked)?;
        put_in_place(&unpacked, &place)?;
        std::fs::remove_dir_all(&scratch)?;
        if !self.runs(&place) {
            bail!("Debian's {package} does not run here: {} -v fails", self.at(&place).display());
        }
        Ok(Tool::Ready(self.at(&place)))
    }

    fn at(self, place: &Path) -> PathBuf {
        place.join(self.binary)
    }

    fn runs(self, place: &Path) -> bool {
        process::captured(Command::new(self.at(place)).arg("-v")).is_ok_and(|said| said.ok)
    }
}
