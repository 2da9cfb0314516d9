//! What comes with Rust: its formatter and its linter.

use anyhow::Result;

use crate::outcome::Outcome;
use crate::process;
use crate::workspace::Workspace;

/// Checks that every file is formatted.
pub(crate) fn format(workspace: &Workspace) -> Result<Outcome> {
    let arguments = ["fmt", "--all", "--check"];
    component(workspace, &arguments, "rustfmt", "`cargo fmt --all` puts it right")
}

/// Lints everything, benchmarks and tests included, with warnings as errors.
pub(crate) fn lint(workspace: &Workspace) -> Result<Outcome> {
    let arguments = ["clippy", "--workspace", "--all-targets", "--", "-D", "warnings"];
    component(workspace, &arguments, "clippy", "see what clippy says above")
}

fn component(workspace: &Workspace, arguments: &[&str], component: &str, failure: &str) -> Result<Outcome> {
    let present = process::captured(workspace.cargo().args([arguments[0], "--version"]))?.ok;
    if !present {
        return Ok(Outcome::Skipped(format!("{component} is missing: `rustup component add {component}`")));
    }
    Ok(Outcome::of(process::shown(workspace.cargo().args(arguments))?, failure))
}
