//! The project's chores, run as `cargo xtask <name>`: the one test command, and short names for the operator's
//! tools and the benchmarks. It must stay light: no SDK, nothing asynchronous, built in seconds.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a command line speaks to its terminal")]
#![allow(
    clippy::disallowed_methods,
    reason = "a command line is an edge: it reads the clock and the environment"
)]

mod apt;
mod checks;
mod drill;
mod fuzz;
mod lambda;
mod outcome;
mod process;
mod size;
mod test;
mod tools;
mod workspace;

use std::process::ExitCode;

use anyhow::Result;
use clap::{Args, Parser, Subcommand};

use crate::workspace::Workspace;

/// The project's own chores.
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask", version)]
struct Cli {
    #[command(subcommand)]
    chore: Chore,
}

#[derive(Subcommand)]
enum Chore {
    /// Runs every check of the project, fetching into the target folder what they need
    Test(test::Options),
    /// Fuzzes the package parsers
    Fuzz(fuzz::Options),
    /// Runs the service with its functions as Lambda runs them, on this machine
    Lambda(lambda::Options),
    /// Measures the functions: bytes, start-up and memory
    Size(size::Options),
    /// Makes the first operator key and the secrets
    #[command(disable_help_flag = true)]
    Bootstrap(Rest),
    /// Finishes half-done edits
    #[command(disable_help_flag = true)]
    Reconcile(Rest),
    /// Prints the public keys that package feeds are signed with
    #[command(disable_help_flag = true)]
    FeedKeys(Rest),
    /// Prints the keys of download paths for the edge's key value store
    #[command(disable_help_flag = true)]
    EdgeKeys(Rest),
    /// Gives a secret a new value, in two steps
    #[command(disable_help_flag = true)]
    Rotate(Rest),
    /// Raises the counters of version numbers in a restored table
    #[command(disable_help_flag = true)]
    RaiseCounters(Rest),
    /// Runs the benchmarks
    #[command(disable_help_flag = true)]
    Bench(Rest),
    /// Has a simulated fleet of devices go through the rollouts of a bad image and of a good one
    #[command(disable_help_flag = true)]
    Fleet(Rest),
    /// Practises what must work when something goes wrong
    #[command(subcommand)]
    Drill(drill::Drill),
}

/// Everything after the chore's name, handed on as it is.
#[derive(Args)]
pub(crate) struct Rest {
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    pub(crate) args: Vec<String>,
}

fn main() -> ExitCode {
    match run(Cli::parse()) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("xtask: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(cli: Cli) -> Result<ExitCode> {
    let workspace = Workspace::find()?;
    match cli.chore {
        Chore::Test(options) => test::run(&workspace, &options),
        Chore::Fuzz(options) => fuzz::run(&workspace, &options),
        Chore::Lambda(options) => lambda::run(&workspace, &options),
        Chore::Size(options) => size::run(&workspace, &options),
        Chore::Bootstrap(rest) => operate(&workspace, "bootstrap", &rest),
        Chore::Reconcile(rest) => operate(&workspace, "reconcile", &rest),
        Chore::FeedKeys(rest) => operate(&workspace, "feed-keys", &rest),
        Chore::EdgeKeys(rest) => operate(&workspace, "edge-keys", &rest),
        Chore::Rotate(rest) => operate(&workspace, "rotate", &rest),
        Chore::RaiseCounters(rest) => operate(&workspace, "raise-counters", &rest),
        Chore::Bench(rest) => hand_on(&workspace, &["bench", "--package", "benches", "--"], &rest),
        Chore::Fleet(rest) => {
            let words: Vec<_> = drill::FLEET.into_iter().chain(["rollout"]).collect();
            hand_on(&workspace, &words, &rest)
        }
        Chore::Drill(drill) => drill::run(&workspace, &drill),
    }
}

/// Hands a chore on to the operator's crate.
fn operate(workspace: &Workspace, chore: &str, rest: &Rest) -> Result<ExitCode> {
    hand_on(workspace, &["run", "--quiet", "--package", "operator", "--", chore], rest)
}

/// Runs cargo with `words` and the rest of the command line, from where the caller stands, and ends as it ended.
fn hand_on(workspace: &Workspace, words: &[&str], rest: &Rest) -> Result<ExitCode> {
    let mut command = workspace.cargo();
    command.args(words).args(&rest.args).current_dir(std::env::current_dir()?);
    let status = process::status(&mut command)?;
    Ok(status.code().and_then(|code| u8::try_from(code).ok()).map_or(ExitCode::FAILURE, ExitCode::from))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rest(words: &[&str]) -> Vec<String> {
        match Cli::try_parse_from(words).map(|cli| cli.chore) {
            Ok(
                Chore::Bootstrap(rest)
                | Chore::Reconcile(rest)
                | Chore::FeedKeys(rest)
                | Chore::EdgeKeys(rest)
                | Chore::Rotate(rest)
                | Chore::RaiseCounters(rest)
                | Chore::Bench(rest)
                | Chore::Fleet(rest),
            ) => rest.args,
            Ok(Chore::Test(_) | Chore::Fuzz(_) | Chore::Lambda(_) | Chore::Size(_) | Chore::Drill(_)) => {
                panic!("{words:?} was read as a chore of xtask's own")
            }
            Err(error) => panic!("{error}"),
        }
    }

    #[test]
    fn arguments_of_an_operator_chore_are_handed_on_untouched() {
        assert_eq!(rest(&["x", "bootstrap", "--table", "ota", "--help"]), ["--table", "ota", "--help"]);
        assert_eq!(rest(&["x", "reconcile"]), [""; 0]);
        assert_eq!(rest(&["x", "feed-keys", "--dev"]), ["--dev"]);
        assert_eq!(rest(&["x", "rotate", "--dev", "usign", "--begin"]), ["--dev", "usign", "--begin"]);
        assert_eq!(rest(&["x", "bench", "-h", "registration"]), ["-h", "registration"]);
        assert_eq!(rest(&["x", "fleet", "--devices", "500"]), ["--devices", "500"]);
    }

    #[test]
    fn an_unknown_chore_is_refused() {
        assert!(Cli::try_parse_from(["x", "deploy"]).is_err());
    }
}
