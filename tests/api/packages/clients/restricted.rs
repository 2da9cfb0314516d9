//! The restricted feed: the credential as each client can send it.

use super::opkg::{Credential, Kind, Opkg};
use super::{HASH, ODD, Scene, basic};

fn user(hash: &str) -> Credential {
    Credential::Basic("user".to_owned(), hash.to_owned())
}

async fn all_of_it(scene: &Scene, client: &mut Opkg) {
    client.update().await.unwrap();
    client.install("lib+x").await.unwrap();
    scene.assert_installed(client, "lib+x", ODD);
}

#[tokio::test]
async fn every_client_installs_from_a_restricted_feed_with_the_hash_in_its_url() {
    let scene = Scene::start("dev").await;
    scene.world.let_in("dev", HASH).await;
    let keys = scene.keys();
    for kind in Kind::ALL {
        for gzip in [false, true] {
            for base in ["/dev/dev1", "/dev/dev1/lib+x/", "/dev/dev1/lib+x/1:1.0~rc1+git-r0"] {
                for credential in [
                    user(HASH),
                    user(&HASH.to_uppercase()),
                    Credential::Basic(HASH.to_owned(), String::new()),
                ] {
                    let mut client = scene.client(kind, base, gzip).with(credential).checking(&keys);
                    all_of_it(&scene, &mut client).await;
                }
            }
        }
    }
}

#[tokio::test]
async fn libcurl_sends_its_credential_at_once() {
    let scene = Scene::start("dev").await;
    scene.world.let_in("dev", HASH).await;
    let sent = basic(&format!("user:{HASH}"));
    let mut client = scene.client(Kind::V063, "/dev/dev1", true).with(user(HASH)).checking(&scene.keys());
    client.update().await.unwrap();
    assert_eq!(
        client.take_log(),
        [
            format!("HEAD /dev/dev1/Packages.gz [{sent}] 200"),
            format!("GET /dev/dev1/Packages.gz [{sent}] 200"),
            format!("HEAD /dev/dev1/Packages.asc [{sent}] 200"),
            format!("GET /dev/dev1/Packages.asc [{sent}] 200"),
        ]
    );
    client.cut_after(40);
    client.install("base").await.unwrap_err();
    client.take_log();
    client.install("base").await.unwrap();
    let log = client.take_log();
    assert!(log[1].ends_with(&format!("[{sent}] [Range: bytes=40-] 206")), "{log:?}");
    scene.assert_installed(&client, "base", "1.0-r0");
}

#[tokio::test]
async fn wget_asks_twice_for_everything() {
    let scene = Scene::start("dev").await;
    scene.world.let_in("dev", HASH).await;
    let sent = basic(&format!("user:{HASH}"));
    let mut client = scene.client(Kind::Lede, "/dev/dev1", true).with(user(HASH)).checking(&scene.keys());
    all_of_it(&scene, &mut client).await;
    let file = client.list()[1].filename.replace('+', "%2b");
    let mut expected = Vec::new();
    for path in ["Packages.gz", "Packages.sig", &file] {
        expected.push(format!("GET /dev/dev1/{path} 401"));
        expected.push(format!("GET /dev/dev1/{path} [{sent}] 200"));
    }
    assert_eq!(client.take_log(), expected);
}

#[tokio::test]
async fn a_header_in_wgetrc_opens_the_feed_with_one_request_each() {
    let scene = Scene::start("dev").await;
    scene.world.let_in("dev", HASH).await;
    for hash in [HASH.to_owned(), HASH.to_uppercase()] {
        let mut client = scene
            .client(Kind::Lede, "/dev/dev1", false)
            .with(Credential::Bare(hash.clone()))
            .checking(&scene.keys());
        all_of_it(&scene, &mut client).await;
        let log = client.take_log();
        let ending = format!(" [Authorization: {hash}] 200");
        assert!(log.len() == 3 && log.iter().all(|line| line.ends_with(&ending)), "{log:?}");
    }
}

#[tokio::test]
async fn a_device_without_a_grant_gets_a_failure_and_no_empty_list() {
    let scene = Scene::start("dev").await;
    scene.world.let_in("dev", HASH).await;
    let other = HASH.replace('a', "b");
    for kind in Kind::ALL {
        for credential in [Credential::None, user(&other), Credential::Basic("user".into(), "secret".into())]
        {
            for base in ["/dev/dev1", "/dev/dev1/lib+x", "/dev/nosuch", "/dev-lab/dev1"] {
                let mut client = scene.client(kind, base, true).with(credential.clone());
                let why = client.update().await.unwrap_err();
                assert!(why.ends_with(": 401"), "{kind:?} {base}: {why}");
            }
        }
    }
}

#[tokio::test]
async fn a_package_of_a_restricted_feed_is_not_given_without_a_credential() {
    let scene = Scene::start("dev").await;
    scene.world.let_in("dev", HASH).await;
    let mut client = scene.client(Kind::V063, "/dev/dev1", true).with(user(HASH));
    client.update().await.unwrap();
    let path = format!("/dev/dev1/{}", client.list()[0].filename);
    for kind in Kind::ALL {
        let why = scene.client(kind, "/dev/dev1", true).fetch(&path).await.unwrap_err();
        assert!(why.ends_with(": 401"), "{kind:?}: {why}");
    }
}

#[tokio::test]
async fn an_open_feed_takes_no_notice_of_a_credential() {
    let scene = Scene::start("release").await;
    for kind in Kind::ALL {
        let mut client = scene.client(kind, "/release/dev1", true).with(user(HASH)).checking(&scene.keys());
        all_of_it(&scene, &mut client).await;
    }
}
