//! `rotate`, step by step, as another process sees it between the steps.

use aws_sdk_ssm::types::ParameterType;
use shared::domain::device_token::{DeviceToken, DeviceTypeSecret};
use shared::domain::{DeviceId, DeviceTypeId, Sha256, Timestamp, download};
use shared::needs;
use shared::secrets::Secret;

use crate::world::World;

impl World {
    async fn download(&self) -> Secret {
        self.parameters.secrets().await.unwrap().download
    }

    async fn master(&self) -> Secret {
        self.parameters.secrets().await.unwrap().devices.unwrap()
    }

    async fn named(&self) -> String {
        self.parameters.given_to(&needs::TYPES).await.unwrap().keyring.key_ids().unwrap().download.clone()
    }

    /// What the edge is told.
    fn edge(&self) -> Vec<String> {
        let keys: serde_json::Value = serde_json::from_str(&self.run(&["edge-keys"]).good()).unwrap();
        keys.as_array().unwrap().iter().map(|key| key["Key"].as_str().unwrap().to_owned()).collect()
    }
}

#[tokio::test]
async fn a_download_key_is_accepted_before_it_is_named_and_after_it_is_replaced() {
    let Some(world) = World::started("download").await else { return };
    let old = world.download().await;
    assert!(world.run(&["rotate", "download"]).good().contains("d1 is in use, and no rotation is begun"));

    let out = world.run(&["rotate", "download", "--begin"]).good();
    assert!(
        out.contains("d2 is accepted, and nothing is signed with it yet\n1. put it into the edge:"),
        "{out}"
    );
    assert!(
        out.contains("start these functions anew") && out.contains(": uploads, eligibility, feeds\n"),
        "{out}"
    );
    let begun = world.download().await;
    assert_eq!((begun.current(), world.named().await.as_str()), (old.current(), "d1"));
    assert_eq!(world.edge(), ["d1", "d2"]);
    let all = world.all().await;
    assert_eq!(world.run(&["rotate", "download", "--begin"]).good(), out, "begun already");
    assert_eq!(world.run(&["rotate", "download"]).good(), out);
    assert_eq!(world.all().await, all);

    let out = world.run(&["rotate", "download", "--finish"]).good();
    assert!(
        out.contains("d2 is in use\n1. start these functions anew") && out.contains("cargo xtask reconcile"),
        "{out}"
    );
    let finished = world.download().await;
    assert_eq!((finished.current().0, world.named().await.as_str()), ("d2", "d2"));
    assert_eq!(finished.current().1, begun.named("d2").unwrap().1);
    // A process that started between the steps signs what another one, from any time since, opens.
    let sha = Sha256::of(b"firmware");
    for signer in [&begun, &finished] {
        for id in ["d1", "d2"] {
            let path = download::path(signer, id, &sha, None, "f");
            for reader in [&begun, &finished] {
                assert_eq!(download::verify(reader, &path, Timestamp::from_millis(0)), Ok(sha));
            }
        }
    }
    let all = world.all().await;
    world.run(&["rotate", "download", "--finish"]).good();
    assert_eq!(world.all().await, all);

    world.run(&["rotate", "download", "--begin"]).good();
    assert_eq!(world.edge(), ["d2", "d1", "d3"]);
    let out = world.run(&["rotate", "download", "--finish"]).good();
    assert!(out.contains("d1 has ended") && out.contains("delete-key") && out.contains("--key d1"), "{out}");
    assert_eq!(world.edge(), ["d3", "d2"]);
}

#[tokio::test]
async fn finishing_that_broke_off_is_gone_on_with_and_nothing_else_is_begun_before() {
    let Some(world) = World::started("halfway").await else { return };
    world.run(&["rotate", "download", "--begin"]).good();
    let ids = world.text("key-ids").await;
    world.put("key-ids", &ids.replace("\"d1\"", "\"d2\""), ParameterType::String).await;
    assert!(world.run(&["rotate", "download", "--begin"]).refused().contains("--finish"));
    assert!(world.run(&["rotate", "download"]).good().contains("--finish"));
    assert_eq!(world.download().await.current().0, "d1");
    world.run(&["rotate", "download", "--finish"]).good();
    assert_eq!((world.download().await.current().0, world.named().await.as_str()), ("d2", "d2"));
}

#[tokio::test]
async fn of_two_who_begin_at_once_one_is_told() {
    let Some(world) = World::started("together").await else { return };
    for name in ["usign", "download", "devices"] {
        let before = world.all().await.remove(name).unwrap().2;
        let printed: Vec<_> = std::thread::scope(|scope| {
            let all: Vec<_> =
                (0..3).map(|_| scope.spawn(|| world.run(&["rotate", name, "--begin"]))).collect();
            all.into_iter().map(|each| each.join().unwrap()).collect()
        });
        // They may have come one after the other all the same; who wrote over somebody says so.
        let written = world.all().await.remove(name).unwrap().2 - before;
        let told = printed.iter().filter(|each| each.error.contains("someone else has changed")).count();
        let errors: Vec<_> = printed.iter().map(|each| &each.error).collect();
        assert_eq!(i64::try_from(told).unwrap(), written - 1, "{name}: {errors:?}");
        world.run(&["rotate", name, "--finish"]).good();
    }
}

#[tokio::test]
async fn a_key_of_feeds_can_be_given_to_devices_before_it_signs() {
    let Some(world) = World::started("signing").await else { return };
    for (name, of_file) in [("usign", "/etc/opkg/keys/"), ("openpgp", "OpenPGP ")] {
        let ids = world.parameters.key_ids().await.unwrap();
        let before = world.run(&["feed-keys"]).good();
        let out = world.run(&["rotate", name, "--begin"]).good();
        assert!(
            out.contains("give the new public key to every device") && out.contains(": feeds\n"),
            "{out}"
        );
        assert_eq!(world.parameters.key_ids().await.unwrap(), ids);
        let both = world.run(&["feed-keys"]).good();
        assert_eq!(both.matches(of_file).count(), before.matches(of_file).count() + 1, "{both}");
        world.run(&["rotate", name, "--finish"]).good();
        let secrets = world.parameters.secrets().await.unwrap();
        assert_eq!(world.parameters.key_ids().await.unwrap(), Some(secrets.key_ids()));
        assert_ne!(world.parameters.key_ids().await.unwrap(), ids);
        assert_eq!(secrets.download.current().0, "d1");
    }
}

#[tokio::test]
async fn what_a_master_made_is_good_until_the_rotation_after_its_own_is_finished() {
    let Some(world) = World::started("master").await else { return };
    let mut others = world.all().await;
    others.remove("devices");
    let out = world.run(&["rotate", "devices"]).good();
    assert!(out.contains("devices: m1 is in use, and no rotation is begun"), "{out}");
    assert!(world.run(&["rotate", "devices", "--finish"]).good().contains("m1 is in use"));
    let (kind, device): (DeviceTypeId, DeviceId) = ("kettle".parse().unwrap(), "SN-1".parse().unwrap());
    let old = world.master().await;
    let secret = DeviceTypeSecret::derive(old.current().1, &kind, 1);
    let token = DeviceToken::write(&secret, kind.clone(), 1, &device);
    let good = |master: &Secret| master.values().any(|(_, key)| token.is_of(key, &kind, 1, &device));

    let out = world.run(&["rotate", "devices", "--begin"]).good();
    assert!(
        out.contains("m2 is accepted, and nothing is made with it yet\n1. start these functions anew")
            && out.contains(": devices, eligibility\n2. then:"),
        "{out}"
    );
    let begun = world.master().await;
    assert_eq!(begun.current(), old.current());
    assert!(begun.named("m2").is_some() && good(&begun));
    assert_eq!(world.run(&["rotate", "devices", "--begin"]).good(), out, "begun already");
    assert_eq!(world.run(&["rotate", "devices"]).good(), out);

    let out = world.run(&["rotate", "devices", "--finish"]).good();
    assert!(
        out.contains("m2 is in use\n1. start these functions anew")
            && out.contains("handed out under m1 stays good until the next rotation is finished"),
        "{out}"
    );
    assert!(!out.contains("reconcile") && !out.contains("has ended"), "{out}");
    let finished = world.master().await;
    assert_eq!(finished.current(), begun.named("m2").unwrap());
    assert!(good(&finished));
    assert_eq!(world.run(&["rotate", "devices", "--finish"]).good(), out, "finished already");
    assert_eq!(world.master().await.current().0, "m2");

    world.run(&["rotate", "devices", "--begin"]).good();
    assert!(good(&world.master().await));
    let out = world.run(&["rotate", "devices", "--finish"]).good();
    assert!(out.contains("m3 is in use") && out.contains("m1 has ended"), "{out}");
    assert!(!good(&world.master().await));
    let mut all = world.all().await;
    all.remove("devices");
    assert_eq!(all, others, "no key ids are written");
}

#[tokio::test]
async fn the_pepper_and_what_is_not_there_are_not_rotated() {
    let Some(world) = World::started("refused").await else { return };
    let all = world.all().await;
    for step in ["--begin", "--finish"] {
        let error = world.run(&["rotate", "pepper", step]).refused();
        assert!(error.contains("grants to devices"), "{error}");
    }
    assert_eq!(world.all().await, all);
    for name in ["usign", "devices"] {
        world.delete(name).await;
        let error = world.run(&["rotate", name, "--begin"]).refused();
        assert!(error.contains(&format!("no secret {name} yet")) && error.contains("bootstrap"), "{error}");
    }
    world.delete("key-ids").await;
    assert!(world.run(&["rotate", "download", "--begin"]).refused().contains("bootstrap"));
}
