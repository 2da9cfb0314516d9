//! `cargo xtask fleet`: the simulated fleet from the command line.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a command line speaks to its terminal")]

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context as _;
use clap::{Args, Parser, Subcommand};
use fleet::{Drill, Wanted};
use tracing_subscriber::EnvFilter;

/// A simulated fleet, and the drill of a withdrawal.
#[derive(Debug, Parser)]
#[command(name = "fleet", version)]
struct Arguments {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// A fleet of devices, of which a bad image may harm hardly any, and a good one must reach everyone
    Rollout(Rollout),
    /// How long it takes from a withdrawal to the last offer, with a cache before the device door
    Withdraw(Withdraw),
}

#[derive(Debug, Args)]
struct Rollout {
    /// How many devices there are
    #[arg(long, default_value_t = 100_000)]
    devices: usize,
    /// What chance is made of: the same seed makes the same devices
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// How many attempts must have ended before an image may halt itself
    #[arg(long, default_value_t = 50)]
    min_reports: u16,
    /// Where to write the summary and the plots
    #[arg(long, value_name = "DIR")]
    keep: Option<PathBuf>,
}

#[derive(Debug, Args)]
struct Withdraw {
    /// The program nginx, which plays the CDN's cache
    #[arg(long, value_name = "PROGRAM")]
    nginx: PathBuf,
    /// How often to withdraw; a round takes a minute and a half
    #[arg(long, default_value_t = 3)]
    rounds: u32,
    /// Withdraws once more at the end, and takes the service down; this takes eleven minutes
    #[arg(long)]
    outage: bool,
}

#[tokio::main]
async fn main() -> ExitCode {
    match run(Arguments::parse()).await {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("{error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn run(arguments: Arguments) -> anyhow::Result<bool> {
    // The database warns of every condition that does not hold, which is how this service asks questions.
    let quiet = EnvFilter::new("warn,dynoxide=error");
    tracing_subscriber::fmt().with_env_filter(quiet).with_writer(std::io::stderr).init();
    match arguments.what {
        What::Rollout(rollout) => roll_out(rollout).await,
        What::Withdraw(Withdraw { nginx, rounds, outage }) => {
            let withdrawn = Drill { nginx, rounds, outage }.hold(&tell).await?;
            println!("{withdrawn}");
            Ok(withdrawn.is_good())
        }
    }
}

async fn roll_out(rollout: Rollout) -> anyhow::Result<bool> {
    let Rollout { devices, seed, min_reports, keep } = rollout;
    let wanted = Wanted { devices, seed, min_reports, ..Wanted::default() };
    let summary = fleet::tell(wanted, &tell).await?;
    println!("{summary}");
    if let Some(folder) = keep {
        std::fs::create_dir_all(&folder).with_context(|| folder.display().to_string())?;
        std::fs::write(folder.join("summary.txt"), summary.to_string())?;
        for (name, picture) in summary.plots() {
            std::fs::write(folder.join(name), picture)?;
        }
    }
    Ok(summary.is_good())
}

fn tell(words: &str) {
    eprintln!("{words}");
}
