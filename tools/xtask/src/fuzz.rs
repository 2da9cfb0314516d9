//! `cargo xtask fuzz`: hands the package parsers what libFuzzer invents, for as long as is asked for.
//!
//! What it adds to a corpus stays below the target folder; CONTRIBUTING.md says what of it is worth keeping.

use std::process::ExitCode;

use anyhow::{Result, bail};
use clap::{Args, ValueEnum};

use crate::process;
use crate::tools::Tool;
use crate::tools::cargo_tools::CARGO_FUZZ;
use crate::workspace::Workspace;

/// What to fuzz.
#[derive(Args)]
pub(crate) struct Options {
    /// One target; all of them, one after the other, if none is named
    target: Option<Target>,
    /// How long each is fuzzed, in seconds
    #[arg(default_value_t = 600)]
    seconds: u32,
}

/// The targets in `fuzz/fuzz_targets`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Target {
    /// The order of versions
    Version,
    /// Control files
    Control,
    /// Indexes
    Index,
    /// Packages
    Ipk,
}

impl Target {
    fn name(self) -> String {
        self.to_possible_value().map(|value| value.get_name().to_owned()).unwrap_or_default()
    }

    /// Largest input that is tried in bytes: beyond what a parser refuses for its size alone.
    fn longest(self) -> u32 {
        match self {
            Self::Version => 512,
            Self::Control => 70_000,
            Self::Index => 65_536,
            Self::Ipk => 131_072,
        }
    }

    /// What libFuzzer is told: a parser that needs more memory than this at once has failed.
    fn flags(self, seconds: u32) -> Vec<String> {
        vec![
            format!("-max_total_time={seconds}"),
            format!("-max_len={}", self.longest()),
            "-malloc_limit_mb=16".to_owned(),
            "-rss_limit_mb=512".to_owned(),
            "-timeout=10".to_owned(),
            format!("-dict=fuzz/dictionaries/{}.dict", self.name()),
            "-print_final_stats=1".to_owned(),
        ]
    }
}

/// Fuzzes what is asked for until the time is over or something is found, which is the failure.
pub(crate) fn run(workspace: &Workspace, options: &Options) -> Result<ExitCode> {
    let binary = match CARGO_FUZZ.get(workspace)? {
        Tool::Ready(binary) => binary,
        Tool::Missing(why) => bail!(why),
    };
    let built = workspace.target.join("fuzz");
    for target in options.target.map_or_else(|| Target::value_variants().to_vec(), |one| vec![one]) {
        let name = target.name();
        let fresh = built.join("corpus").join(&name);
        std::fs::create_dir_all(&fresh)?;
        let mut fuzz = workspace.tool(binary.clone());
        // Sanitizers and coverage are not stable; this is what a nightly compiler would allow.
        fuzz.env("RUSTC_BOOTSTRAP", "1").args(["fuzz", "run", "--target-dir"]).arg(&built).arg(&name);
        fuzz.arg(&fresh).arg(format!("fuzz/corpus/{name}")).arg("--").args(target.flags(options.seconds));
        if !process::status(&mut fuzz)?.success() {
            return Ok(ExitCode::FAILURE);
        }
    }
    Ok(ExitCode::SUCCESS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_target_has_its_file_its_corpus_and_its_dictionary() -> Result<()> {
        let fuzz = Workspace::find()?.root.join("fuzz");
        for name in Target::value_variants().iter().map(|target| target.name()) {
            assert!(fuzz.join("fuzz_targets").join(format!("{name}.rs")).is_file(), "{name}");
            assert!(fuzz.join("corpus").join(&name).is_dir(), "{name}");
            assert!(fuzz.join("dictionaries").join(format!("{name}.dict")).is_file(), "{name}");
        }
        Ok(())
    }

    #[test]
    fn the_flags_name_the_time_and_the_memory() {
        let flags = Target::Ipk.flags(60);
        for flag in ["-max_total_time=60", "-malloc_limit_mb=16", "-dict=fuzz/dictionaries/ipk.dict"] {
            assert!(flags.iter().any(|given| given == flag), "{flags:?}");
        }
    }
}
