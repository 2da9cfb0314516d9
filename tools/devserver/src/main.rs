//! `cargo dev`: the whole service on a laptop, with everything it needs inside one process.

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a command speaks to the person who called it")]

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context as _;
use clap::Parser;
use devserver::{Options, Server, demo, tour};
use tokio::signal::unix::{SignalKind, signal};
use tracing_subscriber::EnvFilter;

/// Runs the update service at 127.0.0.1, with an embedded database and object store.
#[derive(Debug, Parser)]
#[command(name = "cargo dev", version)]
struct Arguments {
    /// The port to answer at; 0 takes any free one.
    #[arg(long, default_value_t = 8080)]
    port: u16,
    /// Where data is kept between runs.
    #[arg(long, value_name = "DIR", default_value = ".ota")]
    data: PathBuf,
    /// Throw away what an earlier run left there.
    #[arg(long)]
    fresh: bool,
    /// Fill the catalogue of the partner `demo` with something to look at.
    #[arg(long)]
    demo: bool,
}

#[tokio::main]
async fn main() -> ExitCode {
    match run(Arguments::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        // Not returned, since that would add a backtrace to a message that is meant to be read.
        Err(error) => {
            eprintln!("{error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn run(arguments: Arguments) -> anyhow::Result<()> {
    // The database warns of every condition that does not hold, which is how this service asks questions.
    let quiet = || EnvFilter::new("warn,dynoxide=error");
    tracing_subscriber::fmt()
        .with_env_filter(EnvFilter::try_from_default_env().unwrap_or_else(|_| quiet()))
        .with_writer(std::io::stderr)
        .init();
    // Before anything starts, so that no signal finds the process unprepared.
    let mut interrupted = signal(SignalKind::interrupt())?;
    let mut terminated = signal(SignalKind::terminate())?;

    let options = Options {
        port: arguments.port,
        data: Some(arguments.data),
        fresh: arguments.fresh,
        ..Options::default()
    };
    let server = Server::start(options).await?;
    if arguments.demo {
        let key = server.demo_key().context("the partner `demo` has no key")?;
        demo::seed(server.base_url(), "demo", key).await.context("the demo catalogue could not be made")?;
    }
    println!("{}", tour::greeting(&server));

    tokio::select! {
        _ = interrupted.recv() => {}
        _ = terminated.recv() => {}
    }
    println!("stopping…");
    tokio::select! {
        stopped = server.stop() => stopped,
        _ = interrupted.recv() => anyhow::bail!("interrupted twice: open requests were cut off"),
    }
}
