//! Where the workspace and its target folder are, and how cargo is called from inside `cargo run`.

use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::process;

/// Variables that `cargo run` sets for the package it runs. A build started with them looks different to build
/// scripts that watch them, and would compile dependencies a second time.
const OF_CARGO_RUN: [&str; 6] =
    ["CARGO_PKG_", "CARGO_MANIFEST_", "CARGO_BIN_", "CARGO_CRATE_", "CARGO_PRIMARY_PACKAGE", "OUT_DIR"];

/// The folders that everything here works in, absolute.
pub(crate) struct Workspace {
    /// The folder of the workspace's `Cargo.toml`.
    pub(crate) root: PathBuf,
    /// The target folder that cargo uses, which may lie outside `root`.
    pub(crate) target: PathBuf,
}

impl Workspace {
    /// Asks cargo for the workspace around the current folder; an error outside one.
    pub(crate) fn find() -> Result<Self> {
        let mut command = clean_cargo();
        command.args(["metadata", "--no-deps", "--format-version", "1"]);
        let said = process::captured(&mut command)?;
        if !said.ok {
            bail!("cargo found no workspace here: {}", said.tail());
        }
        let metadata: serde_json::Value = serde_json::from_str(&said.stdout)?;
        let folder = |name: &str| {
            metadata[name]
                .as_str()
                .map(PathBuf::from)
                .with_context(|| format!("cargo metadata has no {name}"))
        };
        Ok(Self { root: folder("workspace_root")?, target: folder("target_directory")? })
    }

    /// The folder for pinned tools and test firmware; it may not exist yet.
    pub(crate) fn tools(&self) -> PathBuf {
        self.target.join("tools")
    }

    /// Cargo in the workspace's root, with the environment it had before `cargo run`.
    pub(crate) fn cargo(&self) -> Command {
        let mut command = clean_cargo();
        command.current_dir(&self.root);
        command
    }

    /// A tool of ours that calls cargo itself, in the workspace's root and with the same environment.
    pub(crate) fn tool(&self, program: PathBuf) -> Command {
        let mut command = Command::new(program);
        without_package_variables(&mut command);
        command.current_dir(&self.root);
        command
    }
}

fn clean_cargo() -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    without_package_variables(&mut command);
    command
}

fn without_package_variables(command: &mut Command) {
    for (name, _) in std::env::vars_os() {
        if name.to_str().is_some_and(is_of_cargo_run) {
            command.env_remove(name);
        }
    }
}

fn is_of_cargo_run(name: &str) -> bool {
    OF_CARGO_RUN.iter().any(|start| name.starts_with(start))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_of_the_running_package_are_told_from_the_users_settings() {
        for name in ["CARGO_PKG_NAME", "CARGO_MANIFEST_DIR", "OUT_DIR", "CARGO_PRIMARY_PACKAGE"] {
            assert!(is_of_cargo_run(name), "{name}");
        }
        for name in ["CARGO_HOME", "CARGO_TARGET_DIR", "CARGO_NET_OFFLINE", "CARGO", "PATH", "RUSTFLAGS"] {
            assert!(!is_of_cargo_run(name), "{name}");
        }
    }

    #[test]
    fn the_workspace_around_this_crate_is_found() -> Result<()> {
        let workspace = Workspace::find()?;
        assert!(workspace.root.join("tools/xtask/Cargo.toml").is_file());
        assert!(workspace.target.is_absolute());
        Ok(())
    }
}
