//! The tools of the cloud (`sam`, `cfn-lint`, `cargo-lambda`, `moto_server`), which pip brings: one virtual
//! environment under `target/tools`, with every package of `infra/requirements.txt` at its pinned hash.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, bail};

use super::{Tool, fresh_folder, hash};
use crate::process;
use crate::workspace::Workspace;

/// The pins, in the repository.
const REQUIREMENTS: &str = "infra/requirements.txt";
/// Holds the digest of the pins that an environment was made from; written last.
const STAMP: &str = "made-from.sha256";

/// The environment's folder, made if it is not there or was made from other pins.
pub(crate) fn get(workspace: &Workspace) -> Result<Tool> {
    let place = workspace.tools().join("python");
    let pins = workspace.root.join(REQUIREMENTS);
    let digest = hash::of_file(&pins)?;
    if std::fs::read_to_string(place.join(STAMP)).is_ok_and(|stamp| stamp == digest) {
        return Ok(Tool::Ready(place));
    }
    // An environment holds its own path: it is made where it stays, and has no stamp until it is whole.
    fresh_folder(&place)?;
    println!("making the environment of Python tools (a minute, the first time)");
    let mut venv = Command::new("python3");
    venv.args(["-m", "venv"]).arg(&place);
    match process::captured(&mut venv) {
        Err(error) => return Ok(Tool::Missing(format!("the cloud's tools need python3: {error:#}"))),
        Ok(said) if !said.ok => {
            return Ok(Tool::Missing(format!("python3 could make no environment\n{}", said.tail())));
        }
        Ok(_) => {}
    }
    let mut pip = Command::new(program(&place, "python"));
    pip.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--require-hashes", "-r"]);
    let said = process::captured(pip.arg(&pins))?;
    if !said.ok {
        return Ok(Tool::Missing(format!("pip could not install the cloud's tools\n{}", said.tail())));
    }
    if !program(&place, "sam").is_file() {
        bail!("{REQUIREMENTS} was installed but has no sam");
    }
    std::fs::write(place.join(STAMP), digest)?;
    Ok(Tool::Ready(place))
}

/// A program of the environment at `place`.
pub(crate) fn program(place: &Path, name: &str) -> PathBuf {
    place.join("bin").join(name)
}

/// A search path on which the environment's programs come first, as `cargo lambda` has to be found by cargo.
pub(crate) fn search_path(place: &Path) -> Result<OsString> {
    let before = std::env::var_os("PATH").unwrap_or_default();
    let all = std::iter::once(place.join("bin")).chain(std::env::split_paths(&before));
    std::env::join_paths(all).context("PATH cannot hold the environment's folder")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_pinned_package_has_its_hashes_and_no_host() -> Result<()> {
        let pins = std::fs::read_to_string(Workspace::find()?.root.join(REQUIREMENTS))?;
        let packages = pins.lines().filter(|line| line.contains("==")).count();
        assert!(packages > 20, "{packages}");
        assert!(pins.matches("--hash=sha256:").count() >= packages);
        assert!(!pins.contains("://"), "a host stands in {REQUIREMENTS}");
        for tool in ["aws-sam-cli==", "cfn-lint==", "cargo-lambda==", "moto", "ziglang=="] {
            assert!(pins.lines().any(|line| line.starts_with(tool)), "{tool}");
        }
        Ok(())
    }
}
