//! What an operator runs by hand: `bootstrap`, `reconcile` and `feed-keys`, against AWS or a running dev server.
//!
//! A crate of its own, so that `cargo xtask` builds without an SDK.

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "this is a command line")]

mod feed_keys;
mod target;

use std::process::ExitCode;

use anyhow::{Context as _, Result, bail};
use clap::{Parser, Subcommand};
use shared::domain::Right;
use shared::http::{Clock, random};
use shared::usecases::{Context, bootstrap, reconcile};

use target::Target;

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
}

#[tokio::main]
async fn main() -> ExitCode {
    let done = match Arguments::parse().chore {
        Chore::Bootstrap { target, revoke_operator_key: Some(id), .. } => revoke(&target, &id).await,
        Chore::Bootstrap { target, another_operator_key, .. } => boot(&target, another_operator_key).await,
        Chore::Reconcile { target } => mend(&target).await,
        Chore::FeedKeys { target } => print_feed_keys(&target).await,
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn boot(target: &Target, another: bool) -> Result<()> {
    let open = target.open().await?;
    let written = open.create_secrets().await?;
    match written.as_slice() {
        [] => println!("secrets: already there"),
        names => println!("secrets: made {}", names.join(", ")),
    }
    let (random, now) = (random::bytes(), Clock::default().now());
    let text = if another {
        Some(bootstrap::another_operator_key(&open.store, random, now).await?)
    } else {
        bootstrap::first_operator_key(&open.store, random, now).await?
    };
    match text {
        Some(text) => {
            println!("operator key (shown this once; keep it safe): {}", text.reveal());
        }
        None => println!("operator key: already made; --another-operator-key makes one more"),
    }
    Ok(())
}

async fn revoke(target: &Target, id: &str) -> Result<()> {
    let open = target.open().await?;
    if !bootstrap::revoke_operator_key(&open.store, id, Clock::default().now()).await? {
        bail!("there is no operator key with the id {id}");
    }
    println!("operator key {id}: revoked");
    Ok(())
}

async fn print_feed_keys(target: &Target) -> Result<()> {
    print!("{}", feed_keys::text(&target.secrets().await?)?);
    Ok(())
}

async fn mend(target: &Target) -> Result<()> {
    let open = target.open().await?;
    let secrets = open.secrets().await.context("the secrets are needed for the id of the download key")?;
    let run = format!("reconcile-{:016x}", random::number());
    let cx = Context {
        store: &open.store,
        config: &open.config,
        secrets: &secrets,
        actor: "reconcile",
        right: Right::Operator,
        request_id: &run,
        now: Clock::default().now(),
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
