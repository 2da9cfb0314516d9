//! `cargo xtask lambda`: the service with its functions as Lambda runs them, on this machine. The dev server does it; this
//! finds or fetches what it takes.

use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use anyhow::{Context as _, Result, bail};
use clap::Args;

use crate::process;
use crate::tools::{Tool, dynamodb_local, python};
use crate::workspace::Workspace;

/// What builds every program of the workspace for tests.
pub(crate) const BINARIES: [&str; 3] = ["build", "--workspace", "--bins"];

/// How to run the service as Lambda runs it.
#[derive(Args)]
pub(crate) struct Options {
    /// Takes the functions that `sam build` has left in this folder, as .aws-sam/build, and builds none
    #[arg(long, value_name = "DIR")]
    built: Option<PathBuf>,
    /// The port to answer at; 0 takes any free one
    #[arg(long, default_value_t = 8080)]
    port: u16,
    /// The port at which `cargo lambda invoke` finds the functions; 0 takes any free one
    #[arg(long, default_value_t = 9000)]
    invoke_port: u16,
}

/// Becomes the dev server, so that Ctrl-C is its own to answer; returns only if it could not.
pub(crate) fn run(workspace: &Workspace, options: &Options) -> Result<ExitCode> {
    let python = ready(python::get(workspace)?)?;
    let database = ready(dynamodb_local::get(workspace)?)?;
    if !process::shown(workspace.cargo().args(BINARIES))? {
        bail!("the functions do not build");
    }
    let debug = workspace.target.join("debug");
    let binaries = match &options.built {
        Some(built) => built.canonicalize().with_context(|| built.display().to_string())?,
        None => debug.clone(),
    };
    let mut server = workspace.tool(debug.join("devserver"));
    server.args(["--fresh", "--port", &options.port.to_string()]);
    server.args(["--invoke-port", &options.invoke_port.to_string()]);
    pass(&mut server, "--data", &workspace.target.join("real-path"));
    pass(&mut server, "--lambda", &binaries);
    pass(&mut server, "--cargo-lambda", &python::program(&python, "cargo-lambda"));
    pass(&mut server, "--moto", &python::program(&python, "moto_server"));
    pass(&mut server, "--dynamodb-local", &database);
    Err(server.exec()).context("the dev server could not be started")
}

fn pass(command: &mut Command, option: &str, path: &Path) {
    command.arg(option).arg(path);
}

fn ready(tool: Tool) -> Result<PathBuf> {
    match tool {
        Tool::Ready(place) => Ok(place),
        Tool::Missing(why) => bail!("{why}"),
    }
}
