//! `cargo xtask drill`: what is practised against a service on this machine. The fleet's crate does it; this finds or fetches
//! what it takes.

use std::process::ExitCode;

use anyhow::{Result, bail};
use clap::Subcommand;

use crate::Rest;
use crate::process;
use crate::tools::Tool;
use crate::tools::debian::NGINX;
use crate::workspace::Workspace;

/// What runs a simulated fleet, without the minutes of link-time optimisation.
pub(crate) const FLEET: [&str; 7] = ["run", "--quiet", "--profile", "bench", "--package", "fleet", "--"];

/// What to practise.
#[derive(Subcommand)]
pub(crate) enum Drill {
    /// Measures how long it takes from a withdrawal to the last offer, with a cache before the device door
    Withdraw(Rest),
}

/// Practises, and ends as that ended.
pub(crate) fn run(workspace: &Workspace, drill: &Drill) -> Result<ExitCode> {
    let Drill::Withdraw(rest) = drill;
    let nginx = match NGINX.get(workspace)? {
        Tool::Missing(why) => bail!("{why}"),
        Tool::Ready(nginx) => nginx,
    };
    let mut command = workspace.cargo();
    command.args(FLEET).arg("withdraw").arg("--nginx").arg(nginx).args(&rest.args);
    let good = process::status(&mut command)?.success();
    Ok(if good { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
