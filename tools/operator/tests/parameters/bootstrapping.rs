//! `bootstrap`, from nothing and on what there is.

use aws_sdk_ssm::types::ParameterType;
use shared::needs;
use shared::secrets::{Secrets, key_ids_from_json};

use crate::world::World;

#[tokio::test]
async fn from_nothing_everything_is_made_and_a_second_time_nothing() {
    let Some(world) = World::start("nothing").await else { return };
    let out = world.run(&["bootstrap"]).good();
    assert!(
        out.contains(
            "secrets: made download, pepper, devices, openpgp, usign\nkey ids: made\noperator key (shown"
        ),
        "{out}"
    );
    assert!(out.contains(&format!("cargo xtask edge-keys --parameters {} | aws", world.path)), "{out}");
    let all = world.all().await;
    let kinds: Vec<_> = all.iter().map(|(name, (_, kind, _))| (name.as_str(), kind.clone())).collect();
    let secret = |name| (name, ParameterType::SecureString);
    let expected = [
        secret("devices"),
        ("devices-made", ParameterType::String),
        secret("download"),
        ("key-ids", ParameterType::String),
        secret("openpgp"),
        secret("pepper"),
        secret("usign"),
    ];
    assert_eq!(kinds, expected);
    let secrets = world.parameters.secrets().await.unwrap();
    assert_eq!(key_ids_from_json(&all["key-ids"].0).unwrap(), secrets.key_ids());
    for name in ["download", "pepper", "devices", "openpgp", "usign"] {
        assert!(!out.contains(&all[name].0), "{name} is printed");
    }

    let out = world.run(&["bootstrap"]).good();
    assert!(
        out.contains("secrets: already there\nkey ids: already there\noperator key: already made"),
        "{out}"
    );
    assert_eq!(world.all().await, all);
}

#[tokio::test]
async fn one_that_broke_off_after_any_parameter_is_gone_on_with() {
    let Some(whole) = World::start("broken").await else { return };
    whole.run(&["bootstrap"]).good();
    let all = whole.all().await;
    let order = ["download", "pepper", "devices", "openpgp", "usign"];
    for count in 0..=order.len() {
        let world = World::start(&format!("broken{count}")).await.unwrap();
        for name in &order[..count] {
            world.put(name, &all[*name].0, ParameterType::SecureString).await;
        }
        world.run(&["bootstrap"]).good();
        for name in &order[..count] {
            assert_eq!(world.text(name).await, all[*name].0, "{name}");
        }
        let secrets = world.parameters.secrets().await.unwrap();
        assert_eq!(world.parameters.key_ids().await.unwrap(), Some(secrets.key_ids()));
    }
}

#[tokio::test]
async fn a_deployment_from_before_feeds_were_signed_gets_their_keys_and_names_them() {
    let Some(world) = World::start("older").await else { return };
    let old = Secrets::generate(&[7; 64]);
    for (name, secret) in [("download", &old.download), ("pepper", &old.pepper)] {
        world.put(name, &serde_json::to_string(secret).unwrap(), ParameterType::SecureString).await;
    }
    world.put("key-ids", "{\"download\": \"d1\"}", ParameterType::String).await;
    let out = world.run(&["bootstrap"]).good();
    assert!(out.contains("secrets: made devices, openpgp, usign\nkey ids: added openpgp, usign"), "{out}");
    let secrets = world.parameters.secrets().await.unwrap();
    assert_eq!(secrets.download.current(), old.download.current());
    assert_eq!(world.parameters.key_ids().await.unwrap(), Some(secrets.key_ids()));
    world.parameters.given_to(&needs::TYPES).await.unwrap();
}

#[tokio::test]
async fn a_deployment_from_before_devices_had_tokens_gets_their_secret_and_has_lost_none() {
    let Some(world) = World::started("tokenless").await else { return };
    for name in ["devices", "devices-made"] {
        world.delete(name).await;
    }
    let before = world.all().await;
    let refused = world.parameters.given_to(&needs::ELIGIBILITY).await.unwrap_err().to_string();
    assert!(refused.contains("devices is missing: cargo xtask bootstrap writes it"), "{refused}");
    world.parameters.given_to(&needs::FEEDS).await.unwrap();
    let out = world.run(&["bootstrap"]).good();
    assert!(out.contains("secrets: made devices\nkey ids: already there"), "{out}");
    let mut after = world.all().await;
    assert!(after.remove("devices").is_some() && after.remove("devices-made").is_some());
    assert_eq!(after, before);
    let given = world.parameters.given_to(&needs::ELIGIBILITY).await.unwrap();
    assert_eq!(given.keyring.devices().unwrap().current().0, "m1");
}

#[tokio::test]
async fn what_is_damaged_is_left_alone() {
    let Some(world) = World::started("kept").await else { return };
    for (name, kind) in [("key-ids", ParameterType::String), ("usign", ParameterType::SecureString)] {
        let good = world.text(name).await;
        world.put(name, "hunter2", kind.clone()).await;
        let error = world.run(&["bootstrap"]).refused();
        assert!(
            error.contains(&format!("{}/{name} is damaged", world.path)) && !error.contains("hunter2"),
            "{error}"
        );
        assert_eq!(world.text(name).await, "hunter2");
        world.put(name, &good, kind).await;
    }
}

#[tokio::test]
async fn a_secret_that_is_lost_is_made_anew_only_if_that_is_said() {
    let devices = ("devices", "every device token and device type secret that was handed out ends");
    for (name, consequence) in [("download", "no download path"), ("pepper", "loses it"), devices] {
        let Some(world) = World::started("lost").await else { return };
        let before = world.text(name).await;
        world.delete(name).await;
        let error = world.run(&["bootstrap"]).refused();
        assert!(
            error.contains(&format!("{}/{name} is gone", world.path)) && error.contains(consequence),
            "{error}"
        );
        assert!(!world.all().await.contains_key(name));
        let out = world.run(&["bootstrap", "--replace-lost-secrets"]).good();
        assert!(out.contains(&format!("made {name}")), "{out}");
        assert_ne!(world.text(name).await, before);
    }
}

#[tokio::test]
async fn ids_of_keys_that_are_not_there_are_warned_about() {
    let Some(world) = World::started("warned").await else { return };
    let ids = world.text("key-ids").await;
    world.put("key-ids", &ids.replace("\"d1\"", "\"d9\""), ParameterType::String).await;
    let out = world.run(&["bootstrap"]).good();
    assert!(out.contains("WARNING: the key ids name a key of download that is not there"), "{out}");
    world.run(&["rotate", "download", "--finish"]).good();
    assert_eq!(world.text("key-ids").await, ids);
}
