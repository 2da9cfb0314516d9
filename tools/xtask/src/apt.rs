//! Debian's package tools: installing what is missing where we may, and fetching packages without installing them.

use std::path::Path;
use std::process::Command;
use std::sync::OnceLock;

use anyhow::{Result, bail};

use crate::process;

/// Whether this system has Debian's package tools at all.
pub(crate) fn available() -> bool {
    process::succeeds("apt-get", &["--version"]) && process::succeeds("dpkg-deb", &["--version"])
}

/// Whether packages can be installed: Debian's tools, run as root.
pub(crate) fn may_install() -> bool {
    available() && process::captured(Command::new("id").arg("-u")).is_ok_and(|said| said.stdout.trim() == "0")
}

/// Brings the package lists up to date, at most once in a run and only as root; what fails shows in what follows.
pub(crate) fn update_once() {
    static DONE: OnceLock<()> = OnceLock::new();
    DONE.get_or_init(|| {
        if may_install() {
            println!("updating the package lists");
            if let Ok(said) = process::captured(apt_get().arg("update"))
                && !said.ok
            {
                eprintln!("{}", said.tail());
            }
        }
    });
}

/// Whether the package lists have a package of this name.
pub(crate) fn knows(package: &str) -> bool {
    process::succeeds("apt-cache", &["show", "--no-all-versions", package])
}

/// Installs packages, with nothing recommended beside them; an error with what apt said.
pub(crate) fn install(packages: &[&str]) -> Result<()> {
    println!("installing {}", packages.join(", "));
    let said =
        process::captured(apt_get().args(["install", "-y", "--no-install-recommends"]).args(packages))?;
    if !said.ok {
        bail!("apt-get could not install {}\n{}", packages.join(", "), said.tail());
    }
    Ok(())
}

/// Downloads packages into a folder and installs nothing; an error with what apt said. Lists that have grown old name
/// files that are gone, so a failure is tried once more after an update.
pub(crate) fn download(packages: &[&str], folder: &Path) -> Result<()> {
    let once = || process::captured(apt_get().arg("download").args(packages).current_dir(folder));
    let mut said = once()?;
    if !said.ok {
        update_once();
        said = once()?;
    }
    if !said.ok {
        bail!("apt-get could not download {}\n{}", packages.join(", "), said.tail());
    }
    Ok(())
}

/// Unpacks every downloaded package of a folder into another, without installing anything.
pub(crate) fn unpack(packages: &Path, into: &Path) -> Result<()> {
    for entry in std::fs::read_dir(packages)? {
        let package = entry?.path();
        if package.extension().is_none_or(|end| end != "deb") {
            continue;
        }
        let said = process::captured(Command::new("dpkg-deb").arg("-x").arg(&package).arg(into))?;
        if !said.ok {
            bail!("{} could not be unpacked: {}", package.display(), said.tail());
        }
    }
    Ok(())
}

/// The package holding the kernel that a meta package stands for, if the lists have it.
pub(crate) fn kernel_behind(meta: &str) -> Option<String> {
    let said = process::captured(Command::new("apt-cache").args(["depends", meta])).ok()?;
    image_dependency(&said.stdout).map(str::to_owned)
}

/// Debian's name of this machine's architecture, such as `amd64`.
pub(crate) fn architecture() -> Option<String> {
    let said = process::captured(Command::new("dpkg").arg("--print-architecture")).ok()?;
    said.ok.then(|| said.stdout.trim().to_owned())
}

fn apt_get() -> Command {
    let mut command = Command::new("apt-get");
    // The sandbox user may not write into our folders, of which apt would warn each time.
    command.args(["-q", "-o", "APT::Sandbox::User=root"]).env("DEBIAN_FRONTEND", "noninteractive");
    command
}

fn image_dependency(depends: &str) -> Option<&str> {
    depends
        .lines()
        .filter_map(|line| line.trim().trim_start_matches('|').strip_prefix("Depends: "))
        .find(|package| package.starts_with("linux-image-"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kernel_behind_a_meta_package_is_its_first_image_dependency() {
        let depends = "linux-image-virtual\n  Depends: linux-base\n |Depends: linux-image-6.1.0-9-cloud-amd64\n  \
                       Recommends: linux-image-other\n";
        assert_eq!(image_dependency(depends), Some("linux-image-6.1.0-9-cloud-amd64"));
    }

    #[test]
    fn a_package_without_a_kernel_has_no_image_dependency() {
        assert_eq!(image_dependency("u-boot-qemu\n  Suggests: linux-image-amd64\n"), None);
        assert_eq!(image_dependency(""), None);
    }
}
