//! What can be proved of the cloud without an account: the templates, the edge's function, and the functions as
//! `sam build` makes them.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result};

use crate::outcome::Outcome;
use crate::process;
use crate::tools::debian::NJS;
use crate::tools::{Tool, python};
use crate::workspace::Workspace;

/// The root of the templates.
const ROOT: &str = "infra/template.yaml";

/// Lints every template, compares what is generated in them, and creates their resources in moto.
pub(crate) fn templates(workspace: &Workspace) -> Result<Outcome> {
    with_python(workspace, |place| {
        let templates = all(&workspace.root.join("infra"))?;
        let mut lint = tool(workspace, place, "cfn-lint")?;
        if !process::shown(lint.args(&templates))? {
            return Ok(Outcome::Failed("see what cfn-lint says above".to_owned()));
        }
        for template in &templates {
            let mut sam = tool(workspace, place, "sam")?;
            sam.args(["validate", "--lint", "--template-file"]).arg(template);
            if !process::shown(&mut sam)? {
                return Ok(Outcome::Failed(format!("sam does not take {}", template.display())));
            }
        }
        for check in [&["infra/checks/embed.py", "--check"][..], &["infra/checks/create.py"]] {
            if !process::shown(tool(workspace, place, "python")?.args(check))? {
                return Ok(Outcome::Failed(format!("see what {} says above", check[0])));
            }
        }
        Ok(Outcome::Passed(format!("{} templates", templates.len())))
    })
}

/// Runs the tests of the CDN's function under Node, and its vectors under njs.
pub(crate) fn edge(workspace: &Workspace) -> Result<Outcome> {
    if !process::succeeds("node", &["--version"]) {
        return Ok(Outcome::Skipped("Node is missing".to_owned()));
    }
    let mut node = Command::new("node");
    node.args(["--test", "infra/edge/test.mjs"]).current_dir(&workspace.root);
    let missing = match NJS.get(workspace)? {
        Tool::Missing(why) => Some(why),
        Tool::Ready(binary) => {
            node.env("NJS", binary);
            None
        }
    };
    Ok(match (process::shown(&mut node)?, missing) {
        (true, Some(why)) => Outcome::Skipped(why),
        (passed, _) => Outcome::of(passed, "see the edge function's tests above"),
    })
}

/// Builds every function as a deployment would, for this machine's architecture.
pub(crate) fn functions(workspace: &Workspace) -> Result<Outcome> {
    with_python(workspace, |place| {
        let mut sam = tool(workspace, place, "sam")?;
        sam.args(["build", "--beta-features", "--template-file", ROOT, "--parameter-overrides"]);
        sam.arg(format!("Architecture={}", architecture())).arg("--build-dir").arg(built(workspace));
        // Cargo answers from one target folder: building functions side by side would only wait for its lock.
        Ok(Outcome::of(process::shown(&mut sam)?, "see what sam says above"))
    })
}

/// Where [`functions`] leaves what would be deployed.
pub(crate) fn built(workspace: &Workspace) -> PathBuf {
    workspace.target.join("sam")
}

/// Lambda's name of this machine's architecture.
fn architecture() -> &'static str {
    if cfg!(target_arch = "aarch64") { "arm64" } else { "x86_64" }
}

/// A program of the Python environment in the workspace's root, with nothing of the caller's account.
pub(crate) fn tool(workspace: &Workspace, place: &Path, name: &str) -> Result<Command> {
    let mut command = workspace.tool(python::program(place, name));
    command.env("PATH", python::search_path(place)?);
    for (variable, value) in [
        ("AWS_ACCESS_KEY_ID", "none"),
        ("AWS_SECRET_ACCESS_KEY", "none"),
        ("AWS_DEFAULT_REGION", "us-east-1"),
        ("AWS_EC2_METADATA_DISABLED", "true"),
        ("SAM_CLI_TELEMETRY", "0"),
    ] {
        command.env(variable, value);
    }
    command.env_remove("AWS_PROFILE").env_remove("AWS_SESSION_TOKEN");
    Ok(command)
}

fn with_python(workspace: &Workspace, check: impl FnOnce(&Path) -> Result<Outcome>) -> Result<Outcome> {
    match python::get(workspace)? {
        Tool::Missing(why) => Ok(Outcome::Skipped(why)),
        Tool::Ready(place) => check(&place),
    }
}

/// Every template of a folder, by name.
fn all(folder: &Path) -> Result<Vec<PathBuf>> {
    let entries = std::fs::read_dir(folder).with_context(|| format!("{} is missing", folder.display()))?;
    let mut found: Vec<PathBuf> = entries
        .filter_map(|entry| entry.ok().map(|entry| entry.path()))
        .filter(|path| path.extension().is_some_and(|extension| extension == "yaml"))
        .collect();
    found.sort();
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_template_is_checked_and_nothing_else() -> Result<()> {
        let folder = tempfile::tempdir()?;
        for name in ["b.yaml", "a.yaml", "requirements.txt"] {
            std::fs::write(folder.path().join(name), "")?;
        }
        assert_eq!(all(folder.path())?, [folder.path().join("a.yaml"), folder.path().join("b.yaml")]);
        Ok(())
    }
}
