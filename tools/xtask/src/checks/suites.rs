//! The tests: built once for all rounds, run against the embedded database and then against DynamoDB Local. Every
//! cargo here selects the whole workspace, or its features would resolve differently and the SDKs be built again.

use std::process::Command;

use anyhow::Result;

use super::emulator::Emulator;
use super::sources;
use crate::outcome::Outcome;
use crate::process;
use crate::tools::cargo_tools::CARGO_NEXTEST;
use crate::tools::{Tool, dynamodb_local, firmware};
use crate::workspace::Workspace;

/// Builds every test of the workspace.
pub(crate) fn build(workspace: &Workspace) -> Result<Outcome> {
    round(workspace, |nextest| {
        nextest.arg("--no-run");
        Ok(Outcome::of(process::shown(nextest)?, "the tests do not build"))
    })
}

/// Runs every test against the embedded database; with `huge` also those with files of 1 GiB.
pub(crate) fn embedded(workspace: &Workspace, huge: bool) -> Result<Outcome> {
    round(workspace, |nextest| {
        nextest.arg("--no-fail-fast");
        point_at_firmware(workspace, nextest)?;
        if huge {
            nextest.env("OTA_TEST_HUGE", "1");
        }
        Ok(Outcome::of(process::shown(nextest)?, "see the tests above"))
    })
}

/// Runs the store's and the API's tests against DynamoDB Local, which ends with the round however it goes.
pub(crate) fn dynamodb(workspace: &Workspace) -> Result<Outcome> {
    let folder = match dynamodb_local::get(workspace)? {
        Tool::Missing(why) => return Ok(Outcome::Skipped(why)),
        Tool::Ready(folder) => folder,
    };
    if !process::succeeds("java", &["-version"]) {
        return Ok(Outcome::Skipped("Java is missing".to_owned()));
    }
    round(workspace, |nextest| {
        let emulator = Emulator::start(&folder, &workspace.tools().join("dynamodb-local.log"))?;
        println!("DynamoDB Local answers at {}", emulator.url());
        nextest.args(["--no-fail-fast", "-E", "package(tests)"]).env("OTA_TEST_DYNAMODB", emulator.url());
        point_at_firmware(workspace, nextest)?;
        Ok(Outcome::of(process::shown(nextest)?, "see the tests above"))
    })
}

/// Runs the examples in the documentation, if there are any.
pub(crate) fn doctests(workspace: &Workspace) -> Result<Outcome> {
    let sources = sources::all(workspace)?;
    let number: usize =
        sources.iter().filter(|source| source.is_rust()).map(|source| examples(&source.text)).sum();
    if number == 0 {
        return Ok(Outcome::Passed("there are none".to_owned()));
    }
    let mut command = workspace.cargo();
    command.args(["test", "--workspace", "--doc"]);
    Ok(Outcome::of(process::shown(&mut command)?, "see the examples above"))
}

/// Tells the tests where the test firmware is, if it is to be had; the step `firmware` says why if not.
fn point_at_firmware(workspace: &Workspace, nextest: &mut Command) -> Result<()> {
    if let Tool::Ready(files) = firmware::get(workspace)? {
        nextest.env("OTA_TEST_FIRMWARE", files);
    }
    Ok(())
}

/// Gives the check a nextest for the whole workspace.
fn round(workspace: &Workspace, check: impl FnOnce(&mut Command) -> Result<Outcome>) -> Result<Outcome> {
    let binary = match CARGO_NEXTEST.get(workspace)? {
        Tool::Missing(why) => return Ok(Outcome::Skipped(why)),
        Tool::Ready(binary) => binary,
    };
    let mut nextest = workspace.tool(binary);
    nextest.args(["nextest", "run", "--workspace"]);
    check(&mut nextest)
}

/// How many examples in documentation comments rustdoc would build.
fn examples(text: &str) -> usize {
    let mut inside = false;
    let mut number = 0;
    for line in text.lines().map(str::trim_start) {
        let Some(comment) = line.strip_prefix("///").or_else(|| line.strip_prefix("//!")) else {
            inside = false;
            continue;
        };
        if let Some(info) = comment.trim().strip_prefix("```") {
            let built = ["", "rust", "no_run", "should_panic", "compile_fail"];
            if !inside && info.split(',').all(|word| built.contains(&word.trim())) {
                number += 1;
            }
            inside = !inside;
        }
    }
    number
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn examples_in_documentation_are_counted() {
        let text = "//! Text.\n//! ```\n//! let a = 1;\n//! ```\n\n/// ```rust,no_run\n/// x();\n/// ```\nfn f() {}\n";
        assert_eq!(examples(text), 2);
    }

    #[test]
    fn fences_that_rustdoc_does_not_build_are_not_counted() {
        assert_eq!(
            examples("/// ```text\n/// a\n/// ```\n/// ```json\n/// {}\n/// ```\n/// ```ignore\n/// ```\n"),
            0
        );
        assert_eq!(examples("// ```\nlet a = \"```\";\n"), 0);
    }
}
