//! cargo-deny: licences, bans and sources, which need nothing but the lock file; and advisories, whose database is
//! fetched and cannot be reached from everywhere.

use std::process::Command;

use anyhow::Result;

use crate::outcome::Outcome;
use crate::process::{self, Captured};
use crate::tools::Tool;
use crate::tools::cargo_tools::CARGO_DENY;
use crate::workspace::Workspace;

/// Checks the licences, the sources and the bans of `deny.toml`.
pub(crate) fn policy(workspace: &Workspace) -> Result<Outcome> {
    match command(workspace, &["licenses", "bans", "sources"])? {
        Err(why) => Ok(Outcome::Skipped(why)),
        Ok(mut command) => Ok(Outcome::of(process::shown(&mut command)?, "see what cargo-deny says above")),
    }
}

/// Checks the dependencies against the published advisories; skipped where their database cannot be fetched.
pub(crate) fn advisories(workspace: &Workspace) -> Result<Outcome> {
    let mut command = match command(workspace, &["advisories"])? {
        Err(why) => return Ok(Outcome::Skipped(why)),
        Ok(command) => command,
    };
    // A git that asks for a password would wait for ever.
    command.env("GIT_TERMINAL_PROMPT", "0");
    Ok(judge(&process::captured(&mut command)?))
}

fn command(workspace: &Workspace, checks: &[&str]) -> Result<Result<Command, String>> {
    Ok(match CARGO_DENY.get(workspace)? {
        Tool::Missing(why) => Err(why),
        Tool::Ready(binary) => {
            let mut command = workspace.tool(binary);
            command.args(["--workspace", "--all-features", "check", "--hide-inclusion-graph"]).args(checks);
            Ok(command)
        }
    })
}

fn judge(said: &Captured) -> Outcome {
    if said.ok {
        Outcome::passed()
    } else if said.stderr.contains("failed to fetch advisory database") {
        Outcome::Skipped("the advisory database cannot be reached from here".to_owned())
    } else {
        Outcome::Failed(format!(
            "cargo-deny found advisories\n{}\n{}",
            said.stdout.trim(),
            said.stderr.trim()
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(ok: bool, stderr: &str) -> Captured {
        Captured { ok, stdout: String::new(), stderr: stderr.to_owned() }
    }

    #[test]
    fn a_database_that_cannot_be_fetched_is_skipped() {
        let unreachable =
            said(false, "[ERROR] failed to fetch advisory database x with cli: failed to clone");
        assert!(matches!(judge(&unreachable), Outcome::Skipped(_)));
    }

    #[test]
    fn an_advisory_is_a_failure_that_is_shown_whole() {
        let outcome = judge(&said(false, "error[vulnerability]: RUSTSEC-2024-0001\nadvisories FAILED"));
        assert!(
            matches!(&outcome, Outcome::Failed(text) if text.contains("RUSTSEC-2024-0001")),
            "{outcome:?}"
        );
    }

    #[test]
    fn no_advisory_passes() {
        assert_eq!(judge(&said(true, "advisories ok")), Outcome::passed());
    }
}
