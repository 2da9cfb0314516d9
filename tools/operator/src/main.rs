//! What an operator runs by hand, against AWS or a running dev server: making and rotating secrets and keys, and
//! reconciling.
//!
//! A crate of its own, so that `cargo xtask` builds without an SDK.

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "this is a command line")]

mod bootstrap;
mod edge_keys;
mod feed_keys;
mod names;
mod plan;
mod raise_counters;
mod rotate;
mod target;
mod vault;

use std::process::ExitCode;

use anyhow::{Result, bail};
use clap::{Parser, Subcommand};
use shared::domain::Right;
use shared::http::{Clock, random};
use shared::usecases::{Context, Standing, reconcile};

use target::Target;
use tracing_subscriber::EnvFilter;

#[derive(Parser)]
#[command(name = "cargo xtask", about = "Chores of the update service's operator")]
struct Arguments {
    #[command(subcommand)]
    chore: Chore,
}

#[derive(Subcommand)]
enum Chore {
    /// Make the secrets and the first operator key, unless they are there.
    Bootstrap {
        #[command(flatten)]
        target: Target,
        /// Make one more operator key, although there is a first: the way back when it was lost.
        #[arg(long)]
        another_operator_key: bool,
        /// Make secrets anew that were there and are lost for good, with what ended with the old ones.
        #[arg(long)]
        replace_lost_secrets: bool,
        /// End the operator key with this id at once, instead of making anything.
        #[arg(long, value_name = "KEY_ID", conflicts_with = "another_operator_key")]
        revoke_operator_key: Option<String>,
    },
    /// Finish what broke off, and compare every manifest and package index with its associations.
    Reconcile {
        #[command(flatten)]
        target: Target,
    },
    /// Print the public keys that package feeds are signed with, as they go into devices.
    FeedKeys {
        #[command(flatten)]
        target: Target,
    },
    /// Print the keys of download paths, as they go into the edge's key value store.
    EdgeKeys {
        #[command(flatten)]
        target: Target,
    },
    /// Give a secret a new value, in two steps; without a step, say which one is next.
    Rotate(rotate::Rotation),
    /// Raise the counters of version numbers in a table that was restored, so that no number is given out twice.
    RaiseCounters(raise_counters::Raising),
}

#[tokio::main]
async fn main() -> ExitCode {
    // What goes wrong with one subject of many is logged, and the chore goes on.
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("warn"));
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).init();
    let done = match Arguments::parse().chore {
        Chore::Bootstrap { target, revoke_operator_key: Some(id), .. } => {
            bootstrap::revoke(&target, &id).await
        }
        Chore::Bootstrap { target, another_operator_key, replace_lost_secrets, .. } => {
            bootstrap::run(&target, another_operator_key, replace_lost_secrets).await
        }
        Chore::Reconcile { target } => mend(&target).await,
        Chore::FeedKeys { target } => print_feed_keys(&target).await,
        Chore::EdgeKeys { target } => edge_keys::run(&target).await,
        Chore::Rotate(rotation) => rotate::run(&rotation).await,
        Chore::RaiseCounters(raising) => raise_counters::run(&raising).await,
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn print_feed_keys(target: &Target) -> Result<()> {
    print!("{}", feed_keys::text(&target.vault().await?.secrets().await?)?);
    Ok(())
}

async fn mend(target: &Target) -> Result<()> {
    let open = target.open().await?;
    let secrets = open.vault.keyring_of_writers().await?;
    let run = format!("reconcile-{:016x}", random::number());
    let cx = Context {
        store: &open.store,
        config: &open.config,
        secrets: &secrets,
        actor: "reconcile",
        right: Right::Operator,
        request_id: &run,
        now: Clock::default().now(),
        standing: Standing::default(),
    };
    let report = reconcile::reconcile(&cx, open.blobs()?).await?;
    println!(
        "finished {} broken-off edits; compared {} manifests, {} had drifted and were made again; compared {} package \
         indexes, {} were missing or had drifted and were made again; swept {} catalogues; {} failed",
        report.repairs,
        report.manifests,
        report.drifted,
        report.indexes,
        report.indexes_drifted,
        report.catalogues_swept,
        report.failed
    );
    if report.failed > 0 {
        bail!("{} subjects could not be reconciled; see the log above", report.failed);
    }
    Ok(())
}
