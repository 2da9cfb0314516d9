//! `cargo dev`: the whole service on a laptop, with everything it needs inside one process.

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a command speaks to the person who called it")]

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context as _;
use clap::{Args, Parser};
use devserver::{Beside, LambdaOptions, Options, Server, chores, demo, tour};
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
    #[command(flatten)]
    real: Option<Real>,
}

/// The functions as Lambda runs them; `cargo xtask lambda` starts all that this takes.
#[derive(Debug, Args)]
struct Real {
    /// Run functions as Lambda does, from the binaries in this folder, behind the doors that the templates have.
    #[arg(long, value_name = "DIR", required = false, requires_all = ["cargo_lambda", "moto"])]
    lambda: PathBuf,
    /// The program `cargo-lambda`, which plays Lambda.
    #[arg(long, value_name = "PROGRAM", required = false)]
    cargo_lambda: PathBuf,
    /// The program `moto_server`, which plays SSM and CloudFront.
    #[arg(long, value_name = "PROGRAM", required = false)]
    moto: PathBuf,
    /// The folder of DynamoDB Local, in place of the embedded database; it keeps nothing.
    #[arg(long, value_name = "DIR")]
    dynamodb_local: Option<PathBuf>,
    /// The port at which functions can be called past the doors, with `cargo lambda invoke`; 0 takes any free one.
    #[arg(long, value_name = "PORT", default_value_t = 9000)]
    invoke_port: u16,
    /// The outermost template.
    #[arg(long, value_name = "FILE", default_value = "infra/template.yaml")]
    template: PathBuf,
}

impl Real {
    /// Starts what functions need beside the server, and says how to run them with it.
    async fn start(self, options: &mut Options, folder: &Path) -> anyhow::Result<Vec<Beside>> {
        let mut beside = vec![Beside::moto(&self.moto, folder).await?];
        options.lambda = Some(LambdaOptions {
            binaries: self.lambda,
            cargo_lambda: self.cargo_lambda,
            aws_endpoint: beside[0].url().to_owned(),
            template: self.template,
            invoke_port: self.invoke_port,
        });
        if let Some(place) = self.dynamodb_local {
            let database = Beside::dynamodb_local(&place, folder).await?;
            options.dynamodb_endpoint = Some(database.url().to_owned());
            beside.push(database);
        }
        Ok(beside)
    }
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

    let mut options = Options {
        port: arguments.port,
        data: Some(arguments.data),
        fresh: arguments.fresh,
        ..Options::default()
    };
    let folder = tempfile::tempdir()?;
    let beside = match arguments.real {
        Some(real) => real.start(&mut options, folder.path()).await?,
        None => Vec::new(),
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
        () = chores::every_minute(&server) => {}
    }
    println!("stopping…");
    tokio::select! {
        stopped = server.stop() => stopped?,
        _ = interrupted.recv() => anyhow::bail!("interrupted twice: open requests were cut off"),
    }
    beside.into_iter().try_for_each(Beside::stop)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lambda(arguments: &[&str]) -> Option<bool> {
        let all = ["devserver"].iter().chain(arguments);
        Arguments::try_parse_from(all).ok().map(|parsed| parsed.real.is_some())
    }

    #[test]
    fn nothing_has_to_be_said_and_what_plays_lambda_is_said_whole() {
        assert_eq!(lambda(&[]), Some(false));
        assert_eq!(lambda(&["--port", "0", "--demo", "--fresh"]), Some(false));
        assert_eq!(lambda(&["--lambda", "bin", "--cargo-lambda", "a", "--moto", "b"]), Some(true));
        assert_eq!(lambda(&["--lambda", "bin"]), None);
        assert_eq!(lambda(&["--moto", "b"]), None);
    }
}
