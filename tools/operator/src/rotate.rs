//! `rotate`: gives a secret a new value, in two steps with the world's learning of it between them.
//!
//! Beginning puts the new value beside the one in use; nothing is signed with it. Finishing names it in the key ids
//! first, if these name such a secret, and then changes the secret over, which also ends the value before the one that
//! was in use. Whoever checks or signs accepts both values all the while. Each step can be done again, and goes on where
//! it broke off.

use anyhow::{Context as _, Result, bail};
use clap::Args;
use shared::http::random;
use shared::secrets::{Secret, Stage, fresh_openpgp, fresh_usign, next_devices_id, next_download_id};

use crate::edge_keys;
use crate::names::{Name, namers};
use crate::plan::{self, Write};
use crate::target::Target;
use crate::vault::Vault;

/// Which secret, and which step.
#[derive(Args)]
pub(crate) struct Rotation {
    #[command(flatten)]
    target: Target,
    /// The secret.
    #[arg(value_enum)]
    secret: Name,
    /// Make a new value, which is accepted, and with which nothing is signed or made yet.
    #[arg(long, conflicts_with = "finish")]
    begin: bool,
    /// Sign, or make, with the new value from now on; the one before stays accepted until the next rotation is finished.
    #[arg(long)]
    finish: bool,
}

/// Takes a step, or says which one is next.
pub(crate) async fn run(rotation: &Rotation) -> Result<()> {
    let vault = rotation.target.vault().await?;
    let step = match (rotation.begin, rotation.finish) {
        (true, _) => Step::Begin,
        (_, true) => Step::Finish,
        _ => Step::Look,
    };
    print!("{}", take(&vault, rotation.secret, step).await?);
    Ok(())
}

/// What is to be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    Look,
    Begin,
    Finish,
}

async fn take(vault: &Vault, name: Name, step: Step) -> Result<String> {
    if name == Name::Pepper {
        bail!(
            "the pepper is not rotated: grants to devices are stored under pseudonyms made with it, and the hashes behind \
             them are not kept, so that every device with access to a restricted feed would lose it"
        );
    }
    let what = name.as_str();
    // Before what is decided upon: what is written in between is noticed.
    let read = vault.versions(name).await?;
    let secrets = vault.secrets().await?;
    let Some(secret) = name.of(&secrets) else {
        bail!(
            "there is no secret {what} yet; cargo xtask bootstrap makes it, and a dev server when it starts"
        );
    };
    let ids = vault.key_ids().await?.context("there are no key ids; cargo xtask bootstrap writes them")?;
    let stage = name.stage(secret, &ids);
    if step == Step::Begin && matches!(stage, Stage::Named(_) | Stage::Behind(_)) {
        bail!("finish the last rotation of {what} first:\n    {}", finish_next(vault, name));
    }
    let writes = match step {
        Step::Look => Vec::new(),
        Step::Begin => plan::begin(name, secret, &ids, || fresh(name, secret))?,
        Step::Finish => plan::finish(name, secret, &ids),
    };
    let (mut secret_now, mut ids_now) = (secret.clone(), ids.clone());
    for write in writes {
        match write {
            Write::KeyIds(ids) => {
                vault.replace_key_ids(&ids, read).await?;
                ids_now = ids;
            }
            Write::Secret(secret) => {
                vault.replace_secret(name, &secret, read).await?;
                secret_now = secret;
            }
        }
    }
    let ended = secret.values().map(|(id, _)| id).filter(|id| secret_now.named(id).is_none());
    Ok(match name.stage(&secret_now, &ids_now) {
        Stage::Begun(next) => {
            let done = if name == Name::Devices { "made" } else { "signed" };
            format!(
                "{what}: {next} is accepted, and nothing is {done} with it yet\n{}",
                after_begin(vault, name)
            )
        }
        Stage::Settled if step == Step::Look => {
            format!("{what}: {} is in use, and no rotation is begun\n", secret_now.current().0)
        }
        Stage::Settled => format!(
            "{what}: {} is in use\n{}",
            secret_now.current().0,
            match name {
                Name::Devices => after_devices(vault, &secret_now, &ended.collect::<Vec<_>>()),
                _ => after_finish(vault, name, &ended.collect::<Vec<_>>()),
            }
        ),
        Stage::Named(_) | Stage::Behind(_) => format!(
            "{what}: finishing broke off, or the key was changed by hand; next:\n    {}\n",
            finish_next(vault, name)
        ),
    })
}

/// A new value of the kind.
fn fresh(name: Name, secret: &Secret) -> Result<Secret> {
    Ok(match name {
        Name::Download => Secret::new(next_download_id(secret), random::bytes::<32>().to_vec()),
        Name::Openpgp => fresh_openpgp(&random::bytes::<32>())?,
        Name::Usign => fresh_usign(&random::bytes::<40>())?,
        Name::Devices => Secret::new(next_devices_id(secret), random::bytes::<32>().to_vec()),
        Name::Pepper => bail!("the pepper is not rotated"),
    })
}

fn finish_next(vault: &Vault, name: Name) -> String {
    format!("cargo xtask rotate {} {} --finish", vault.arguments(), name.as_str())
}

fn after_begin(vault: &Vault, name: Name) -> String {
    let mut steps = Vec::new();
    match (name, vault) {
        (Name::Download, Vault::Parameters(_)) => {
            steps.push(format!("put it into the edge:\n{}", edge_keys::command(&vault.arguments())));
        }
        (Name::Download | Name::Pepper | Name::Devices, _) => {}
        (Name::Openpgp | Name::Usign, _) => steps.push(format!(
            "give the new public key to every device, beside the old one, and wait until they have it; one that does not \
             know it refuses every index once this is finished: cargo xtask feed-keys {}",
            vault.arguments()
        )),
    }
    steps.push(restart(vault, &name.holders()));
    steps.push(format!("then:\n    {}", finish_next(vault, name)));
    numbered(&steps)
}

fn after_finish(vault: &Vault, name: Name, ended: &[&str]) -> String {
    let mut both = namers();
    both.extend(name.holders());
    let reconcile = match vault {
        Vault::File(_) => format!("cargo xtask reconcile {}", vault.arguments()),
        Vault::Parameters(_) => {
            format!("cargo xtask reconcile --table TABLE --bucket BUCKET {}", vault.arguments())
        }
    };
    let mut steps =
        vec![restart(vault, &both), format!("make every manifest and index name it:\n    {reconcile}")];
    if let (Name::Download, Vault::Parameters(_)) = (name, vault) {
        steps.extend(ended.iter().map(|id| {
            format!(
                "{id} has ended; paths signed with it open until you take it from the edge:\n{}",
                edge_keys::removal(id)
            )
        }));
    }
    numbered(&steps)
}

/// As [`after_finish`], for what stands in no manifest or index: it is in the hands of factories and devices.
fn after_devices(vault: &Vault, secret: &Secret, ended: &[&str]) -> String {
    let mut steps = vec![restart(vault, &Name::Devices.holders())];
    if let Some(previous) = secret.previous_id() {
        steps.push(format!(
            "give factories new device type secrets, and devices new tokens: what was handed out under {previous} stays \
             good until the next rotation is finished, and ends with it"
        ));
    }
    steps.extend(ended.iter().map(|id| {
        format!("{id} has ended: whatever was handed out under it is refused once they have started anew")
    }));
    numbered(&steps)
}

fn restart(vault: &Vault, functions: &[&str]) -> String {
    match vault {
        Vault::File(_) => "restart the dev server, which reads its secrets when it starts".to_owned(),
        Vault::Parameters(_) => format!(
            "start these functions anew, since they read their parameters when they start (docs/OPERATIONS.md): {}",
            functions.join(", ")
        ),
    }
}

fn numbered(steps: &[String]) -> String {
    let lines = steps.iter().enumerate().map(|(index, step)| format!("{}. {step}", index + 1));
    lines.collect::<Vec<_>>().join("\n") + "\n"
}
