//! `bootstrap`: what a deployment cannot begin without. Whatever is there already stays as it is, so that it can be run
//! again after it broke off, or after an update that knows more secrets.

use anyhow::{Context as _, Result, bail};
use shared::domain::KeyIds;
use shared::http::{Clock, random};
use shared::parameters::Parameters;
use shared::secrets::{Secrets, key_ids_to_json};
use shared::usecases::bootstrap;

use crate::edge_keys;
use crate::names::Name;
use crate::target::Target;
use crate::vault::Vault;

const ALL: [Name; 5] = [Name::Download, Name::Pepper, Name::Devices, Name::Openpgp, Name::Usign];

/// The parameter that says that `devices` was made. No key ids tell, and a deployment from before there was such a secret
/// lacks it without having lost it.
const DEVICES_MADE: &str = "devices-made";

/// Makes what is missing, and says what is left to do.
pub(crate) async fn run(target: &Target, another: bool, lost: bool) -> Result<()> {
    let open = target.open().await?;
    if let Vault::Parameters(parameters) = &open.vault {
        make_parameters(parameters, lost).await?;
    } else {
        println!("secrets: the dev server makes its own");
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
    if let Vault::Parameters(_) = &open.vault {
        println!("\nleft to do, unless it is done:\n{}", left(&open.vault.arguments()));
    }
    Ok(())
}

fn left(arguments: &str) -> String {
    format!(
        "* put the download keys into the edge, without which no download opens (KEY_VALUE_STORE is that output of the \
         stack):\n{}\n* put the public keys of feeds into devices that check signatures:\n    cargo xtask feed-keys \
         {arguments}",
        edge_keys::command(arguments)
    )
}

/// Ends an operator key at once.
pub(crate) async fn revoke(target: &Target, id: &str) -> Result<()> {
    let open = target.open().await?;
    if !bootstrap::revoke_operator_key(&open.store, id, Clock::default().now()).await? {
        bail!("there is no operator key with the id {id}");
    }
    println!("operator key {id}: revoked");
    Ok(())
}

/// First the secrets, then the ids, read from the secrets that there are: ids never name a key that is nowhere.
///
/// One that was there and is gone is made anew only if `lost` says that it is lost.
async fn make_parameters(parameters: &Parameters, lost: bool) -> Result<()> {
    let begun = parameters.key_ids().await?.is_some();
    if !lost {
        refuse_what_is_lost(parameters, begun).await?;
    }
    let fresh = Secrets::generate(&random::bytes()).completed(&random::bytes())?;
    let mut made = Vec::new();
    for name in ALL {
        let secret = name.of(&fresh).context("a secret was not made")?;
        if parameters.create(name.as_str(), serde_json::to_string(secret)?, true).await? {
            made.push(name.as_str());
        }
    }
    match made.as_slice() {
        [] => println!("secrets: already there"),
        names => println!("secrets: made {}", names.join(", ")),
    }
    // After the secret itself: what broke off in between has lost nothing.
    parameters.create(DEVICES_MADE, "true".to_owned(), false).await?;
    let secrets = parameters.secrets().await?;
    let Some(ids) = parameters.key_ids().await? else {
        if !parameters.create("key-ids", key_ids_to_json(&secrets.key_ids()), false).await? {
            bail!("someone else has just written the key ids; run this again");
        }
        println!("key ids: made");
        return Ok(());
    };
    let whole = with_missing(&ids, &secrets);
    if whole == ids {
        println!("key ids: already there");
    } else {
        parameters.replace("key-ids", key_ids_to_json(&whole), false).await?;
        let added = ALL.iter().filter(|name| name.named(&whole) != name.named(&ids));
        println!("key ids: added {}", added.map(|name| name.as_str()).collect::<Vec<_>>().join(", "));
    }
    for name in ALL {
        let (secret, named) = (name.of(&secrets), name.named(&whole));
        if named.is_some_and(|id| secret.is_none_or(|secret| secret.named(id).is_none())) {
            println!(
                "WARNING: the key ids name a key of {name} that is not there; `cargo xtask rotate --parameters {} {name} \
                 --finish` names the one that is",
                parameters.path(),
                name = name.as_str()
            );
        }
    }
    Ok(())
}

/// An error if a secret was there and is gone, since whatever it was for would end with a new one. Where there are ids,
/// there were those that every deployment has had: `begun` says so.
async fn refuse_what_is_lost(parameters: &Parameters, begun: bool) -> Result<()> {
    let had_devices = parameters.version(DEVICES_MADE).await? > 0;
    for (name, was_there, consequence) in [
        (
            Name::Download,
            begun,
            "no download path that was handed out opens any more, and the edge needs the new one at once",
        ),
        (Name::Pepper, begun, "every device with access to a restricted feed loses it"),
        (Name::Devices, had_devices, "every device token and device type secret that was handed out ends"),
    ] {
        if was_there && parameters.version(name.as_str()).await? == 0 {
            bail!(
                "{path}/{name} is gone, and was there: put it back from a backup. A new one is another one: {consequence}. \
                 If it is lost for good, run this again with --replace-lost-secrets",
                path = parameters.path(),
                name = name.as_str(),
            );
        }
    }
    Ok(())
}

/// `ids`, with those of secrets that have none yet. What is named stays: changing it is a rotation.
fn with_missing(ids: &KeyIds, secrets: &Secrets) -> KeyIds {
    let current = secrets.key_ids();
    KeyIds {
        download: ids.download.clone(),
        openpgp: ids.openpgp.clone().or(current.openpgp),
        usign: ids.usign.clone().or(current.usign),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_added_for_secrets_that_came_later_and_none_is_changed() {
        let old = Secrets::generate(&[7; 64]);
        let mut new = old.clone().completed(&[8; 104]).unwrap();
        assert_eq!(with_missing(&old.key_ids(), &new), new.key_ids());
        let named = new.key_ids();
        new.download = new.download.rotated("d2", vec![2; 32]);
        new.usign = Some(new.usign.as_ref().unwrap().rotated("01".repeat(8), vec![1; 40]));
        assert_eq!(with_missing(&named, &new), named);
    }
}
