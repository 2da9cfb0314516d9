//! The tests: built once for all rounds, run against the embedded database and then against DynamoDB Local. Every
//! cargo here selects the whole workspace, or its features would resolve differently and the SDKs be built again.

use std::path::Path;
use std::process::Command;

use anyhow::Result;

use super::emulator::Emulator;
use super::sources;
use crate::lambda::BINARIES;
use crate::outcome::Outcome;
use crate::process;
use crate::tools::cargo_tools::CARGO_NEXTEST;
use crate::tools::debian::NGINX;
use crate::tools::{Tool, dynamodb_local, firmware, python};
use crate::workspace::Workspace;

/// The tests that functions pass as Lambda runs them: those made for that, and of each function and door those into which
/// no clock and no wire has to be put.
const LAMBDA: &str = r"package(tests) and test(/^(lambda|tour|doors|tags|sealing)::/)
    or package(tests) and test(/^(admin::(partners|types)|types::(create|read)|feeds|binaries::move_to_repository)::/)
    or package(tests) and test(/^pool::(create|get|exists|offers|offers_received|intents|packages|urls)::/)
    or package(tests) and test(/^device_types::(create|get|list|delete|firmware_images::(get|list|promote))::/)
    or package(tests) and test(/^eligibility::(decision|following)::/)
    or package(tests) and test(/^packages::(clients|restricted::doors|rules::size)::/)";

/// How many tests run side by side: one more than there are cores here, since many wait for a wire that is broken on
/// purpose.
fn beside_each_other() -> String {
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    format!("--test-threads={}", cores + 1)
}

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
        nextest.args(["--no-fail-fast", &beside_each_other()]);
        point_at_firmware(workspace, nextest)?;
        // Where it cannot be had, the step that fetches the tools says so.
        let moto = match python::get(workspace)? {
            Tool::Missing(_) => None,
            Tool::Ready(place) => Some(moto(workspace, &place)?),
        };
        if let Some(moto) = &moto {
            nextest.env("OTA_TEST_MOTO", moto.url());
        }
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
        let emulator = Emulator::dynamodb_local(&folder, &workspace.tools().join("dynamodb-local.log"))?;
        nextest
            .args(["--no-fail-fast", &beside_each_other(), "-E", "package(tests)"])
            .env("OTA_TEST_DYNAMODB", emulator.url());
        point_at_firmware(workspace, nextest)?;
        Ok(Outcome::of(process::shown(nextest)?, "see the tests above"))
    })
}

/// Runs tests against the functions as Lambda runs them: those that sam has `built`, or those of a build for tests.
/// Everything that is started for them ends with the round however it goes.
pub(crate) fn lambda(workspace: &Workspace, built: Option<&Path>) -> Result<Outcome> {
    let (folder, python) = match (dynamodb_local::get(workspace)?, python::get(workspace)?) {
        (Tool::Missing(why), _) | (_, Tool::Missing(why)) => return Ok(Outcome::Skipped(why)),
        (Tool::Ready(folder), Tool::Ready(python)) => (folder, python),
    };
    if !process::succeeds("java", &["-version"]) {
        return Ok(Outcome::Skipped("Java is missing".to_owned()));
    }
    let binaries = match built {
        Some(built) => built.to_owned(),
        None if process::shown(workspace.cargo().args(BINARIES))? => workspace.target.join("debug"),
        None => return Ok(Outcome::Failed("the functions do not build".to_owned())),
    };
    round(workspace, |nextest| {
        let log = |name: &str| workspace.tools().join(name);
        let database = Emulator::dynamodb_local(&folder, &log("dynamodb-local.log"))?;
        let parameters = moto(workspace, &python)?;
        nextest.args(["--no-fail-fast", &beside_each_other(), "--run-ignored", "all", "-E", LAMBDA]);
        nextest.env("OTA_TEST_DYNAMODB", database.url()).env("OTA_TEST_MOTO", parameters.url());
        nextest.env("OTA_TEST_LAMBDA", &binaries);
        nextest.env("OTA_TEST_CARGO_LAMBDA", python::program(&python, "cargo-lambda"));
        let outcome = Outcome::of(process::shown(nextest)?, "see the tests above");
        Ok(match outcome {
            Outcome::Passed(_) => Outcome::Passed(format!("functions from {}", binaries.display())),
            other => other,
        })
    })
}

/// Runs the tests of a cache before the device door, with an nginx of our own.
pub(crate) fn cdn(workspace: &Workspace) -> Result<Outcome> {
    let binary = match NGINX.get(workspace)? {
        Tool::Missing(why) => return Ok(Outcome::Skipped(why)),
        Tool::Ready(binary) => binary,
    };
    round(workspace, |nextest| {
        nextest.args(["--no-fail-fast", "--run-ignored", "only", "-E", "package(tests) and test(/^cdn::/)"]);
        nextest.env("OTA_TEST_NGINX", binary);
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

/// moto in the place of other services of AWS, from the Python environment at `place`.
fn moto(workspace: &Workspace, place: &Path) -> Result<Emulator> {
    Emulator::moto(&python::program(place, "moto_server"), &workspace.tools().join("moto.log"))
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
