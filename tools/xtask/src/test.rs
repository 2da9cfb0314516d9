//! `cargo xtask test`: every check in its order, each under a heading, and a table that closes the run.

use std::process::ExitCode;
use std::time::Instant;

use anyhow::Result;
use clap::{Args, ValueEnum};

use crate::checks::{cloud, deny, needs, rules, rust, suites, tree};
use crate::outcome::{self, Outcome, Row};
use crate::tools::cargo_tools::{CARGO_DENY, CARGO_NEXTEST};
use crate::tools::{Tool, dynamodb_local, firmware, python};
use crate::workspace::Workspace;

/// How to run the checks.
#[derive(Args)]
pub(crate) struct Options {
    /// Runs this step alone, with the tools it needs
    #[arg(long, value_name = "STEP")]
    only: Option<Step>,
    /// Leaves out the round against DynamoDB Local and the release build of the functions
    #[arg(long)]
    fast: bool,
    /// Also runs the tests with a file of 1 GiB, against the embedded database
    #[arg(long)]
    huge: bool,
}

/// The steps, in the order they run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Step {
    /// Finds the programs that the others call, or installs them
    Needs,
    /// Fetches cargo-deny, cargo-nextest, DynamoDB Local and the cloud's tools
    Tools,
    /// Fetches real firmware for the tests
    Firmware,
    /// Checks the formatting
    Fmt,
    /// Checks the house rules
    Rules,
    /// Lints with warnings as errors
    Clippy,
    /// Checks what crates must not link
    Tree,
    /// Checks licences, bans and sources of the dependencies
    Deny,
    /// Checks the dependencies against published advisories
    Advisories,
    /// Checks the cloud templates, and creates their resources as far as that can be done here
    Templates,
    /// Tests the CDN's function
    Edge,
    /// Builds the tests
    Build,
    /// Runs all tests against the embedded database
    Tests,
    /// Runs the tests of a cache before the device door
    Cdn,
    /// Runs the examples in the documentation
    Doctests,
    /// Runs the store and API tests against DynamoDB Local
    Dynamodb,
    /// Builds every function as a deployment would
    Functions,
    /// Runs tests against the functions as Lambda runs them
    Lambda,
}

/// Runs the checks and prints the table; fails if a check failed or, with `CI=true`, could not run.
pub(crate) fn run(workspace: &Workspace, options: &Options) -> Result<ExitCode> {
    std::fs::create_dir_all(workspace.tools())?;
    let strict = std::env::var("CI").is_ok_and(|value| value == "true");
    let mut rows: Vec<Row> = Vec::new();
    for step in steps(options.only) {
        println!("\n== {}", step.name());
        let started = Instant::now();
        let outcome = without_a_build(step, &rows)
            .unwrap_or_else(|| step.check(workspace, options, &rows))
            .unwrap_or_else(|error| Outcome::Failed(format!("{error:#}")));
        println!("{}", [outcome.word(), outcome.text()].join(" ").trim_end());
        let excused = step == Step::Advisories;
        rows.push(Row { name: step.name(), outcome, took: started.elapsed(), excused });
    }
    println!("\n== results\n{}", outcome::table(&rows).trim_end());
    Ok(if outcome::failed(&rows, strict) { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

fn steps(only: Option<Step>) -> Vec<Step> {
    only.map_or_else(|| Step::value_variants().to_vec(), |step| vec![step])
}

/// How a step ends that needs the built tests when they did not build.
fn without_a_build(step: Step, rows: &[Row]) -> Option<Result<Outcome>> {
    let build = rows.iter().find(|row| row.name == Step::Build.name())?;
    let needs_it = matches!(step, Step::Tests | Step::Cdn | Step::Doctests | Step::Dynamodb | Step::Lambda);
    let passed = matches!(build.outcome, Outcome::Passed(_));
    (needs_it && !passed).then(|| Ok(Outcome::Skipped("the tests are not built".to_owned())))
}

impl Step {
    fn name(self) -> String {
        self.to_possible_value().map(|value| value.get_name().to_owned()).unwrap_or_default()
    }

    fn check(self, workspace: &Workspace, options: &Options, before: &[Row]) -> Result<Outcome> {
        match self {
            Self::Needs => Ok(needs::run()),
            Self::Tools => tools(workspace),
            Self::Firmware => Ok(match firmware::get(workspace)? {
                Tool::Ready(files) => Outcome::Passed(format!("in {}", files.display())),
                Tool::Missing(why) => Outcome::Skipped(why),
            }),
            Self::Fmt => rust::format(workspace),
            Self::Rules => rules::run(workspace),
            Self::Clippy => rust::lint(workspace),
            Self::Tree => tree::run(workspace),
            Self::Deny => deny::policy(workspace),
            Self::Advisories => deny::advisories(workspace),
            Self::Templates => cloud::templates(workspace),
            Self::Edge => cloud::edge(workspace),
            Self::Build => suites::build(workspace),
            Self::Tests => suites::embedded(workspace, options.huge),
            Self::Cdn => suites::cdn(workspace),
            Self::Doctests => suites::doctests(workspace),
            Self::Dynamodb | Self::Functions if options.fast => {
                Ok(Outcome::Skipped("left out by --fast".to_owned()))
            }
            Self::Dynamodb => suites::dynamodb(workspace),
            Self::Functions => cloud::functions(workspace),
            Self::Lambda => {
                let built = cloud::built(workspace);
                suites::lambda(workspace, has_passed(Self::Functions, before).then_some(built.as_path()))
            }
        }
    }
}

/// Whether a step of this run has passed: what another run has left may be of other sources.
fn has_passed(step: Step, before: &[Row]) -> bool {
    before.iter().any(|row| row.name == step.name() && matches!(row.outcome, Outcome::Passed(_)))
}

/// Fetches every tool, and says of all that are missing why, not of the first alone.
fn tools(workspace: &Workspace) -> Result<Outcome> {
    let all = [
        CARGO_DENY.get(workspace)?,
        CARGO_NEXTEST.get(workspace)?,
        dynamodb_local::get(workspace)?,
        python::get(workspace)?,
    ];
    let missing: Vec<&str> = all
        .iter()
        .filter_map(|tool| match tool {
            Tool::Missing(why) => Some(why.as_str()),
            Tool::Ready(_) => None,
        })
        .collect();
    Ok(if missing.is_empty() { Outcome::passed() } else { Outcome::Skipped(missing.join("\n")) })
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn built(outcome: Outcome) -> [Row; 1] {
        [Row { name: Step::Build.name(), outcome, took: Duration::ZERO, excused: false }]
    }

    #[test]
    fn all_steps_run_in_order_unless_one_is_named() {
        let all = steps(None);
        assert_eq!(all.first(), Some(&Step::Needs));
        assert_eq!(all.last(), Some(&Step::Lambda));
        assert_eq!(steps(Some(Step::Tree)), [Step::Tree]);
    }

    #[test]
    fn tests_that_did_not_build_are_not_run() {
        let rows = built(Outcome::Failed("no".to_owned()));
        assert!(matches!(without_a_build(Step::Tests, &rows), Some(Ok(Outcome::Skipped(_)))));
        assert!(matches!(without_a_build(Step::Dynamodb, &rows), Some(Ok(Outcome::Skipped(_)))));
        assert!(without_a_build(Step::Deny, &rows).is_none());
    }

    #[test]
    fn tests_run_once_built_or_when_asked_for_alone() {
        assert!(without_a_build(Step::Tests, &built(Outcome::passed())).is_none());
        assert!(without_a_build(Step::Tests, &[]).is_none());
    }

    #[test]
    fn functions_that_this_run_has_not_built_are_not_taken() {
        let row =
            |outcome| [Row { name: "functions".to_owned(), outcome, took: Duration::ZERO, excused: false }];
        assert!(has_passed(Step::Functions, &row(Outcome::passed())));
        assert!(!has_passed(Step::Functions, &row(Outcome::Skipped(String::new()))));
        assert!(!has_passed(Step::Functions, &row(Outcome::Failed(String::new()))));
        assert!(!has_passed(Step::Functions, &[]));
    }

    #[test]
    fn steps_are_named_as_they_are_given() {
        assert_eq!(Step::from_str("dynamodb", false), Ok(Step::Dynamodb));
        assert_eq!(Step::Doctests.name(), "doctests");
    }
}
