//! What each client asks for, in its order.

use super::opkg::{Kind, Opkg};
use super::{ODD, Scene};

/// The path of a package at `base`, as the list names it.
fn path(client: &Opkg, base: &str, name: &str) -> String {
    let package = client.list().iter().find(|each| each.name == name).unwrap();
    format!("{base}/{}", package.filename)
}

#[tokio::test]
async fn a_modern_client_asks_for_everything_with_head_first() {
    let scene = Scene::start("release").await;
    for kind in [Kind::V063, Kind::V044] {
        let mut client = scene.client(kind, "/release/dev1/", true).checking(&scene.keys());
        client.update().await.unwrap();
        assert_eq!(
            client.take_log(),
            [
                "HEAD /release/dev1//Packages.gz 200",
                "GET /release/dev1//Packages.gz 200",
                "HEAD /release/dev1//Packages.asc 200",
                "GET /release/dev1//Packages.asc 200",
            ]
        );
        client.install("lib+x").await.unwrap();
        let at = path(&client, "/release/dev1/", "lib+x");
        assert_eq!(client.take_log(), [format!("HEAD {at} 200"), format!("GET {at} 200")]);
    }
}

#[tokio::test]
async fn a_modern_client_with_a_stamp_asks_for_nothing_that_it_has() {
    let scene = Scene::start("release").await;
    for gzip in [false, true] {
        let mut client = scene.client(Kind::V063, "/release/dev1", gzip).checking(&scene.keys());
        client.update().await.unwrap();
        client.install("base").await.unwrap();
        client.take_log();
        client.update().await.unwrap();
        client.install("base").await.unwrap();
        let log = client.take_log();
        assert_eq!(log.len(), 3, "{log:?}");
        assert!(log.iter().all(|line| line.starts_with("HEAD ") && line.ends_with(" 200")), "{log:?}");
        assert_eq!(client.list().len(), 2);
        scene.assert_installed(&client, "base", "1.0-r0");
    }
}

#[tokio::test]
async fn a_client_of_2012_asks_with_get_alone() {
    let scene = Scene::start("release").await;
    let mut client = scene.client(Kind::V018, "/release/dev1", true).checking(&scene.keys());
    client.update().await.unwrap();
    client.install("lib+x").await.unwrap();
    let at = path(&client, "/release/dev1", "lib+x");
    assert_eq!(
        client.take_log(),
        [
            "GET /release/dev1/Packages.gz 200".to_owned(),
            "GET /release/dev1/Packages.sig 200".to_owned(),
            format!("GET {at} 200"),
        ]
    );
}

#[tokio::test]
async fn a_client_of_openwrt_asks_for_files_by_escaped_names() {
    let scene = Scene::start("release").await;
    let mut client = scene.client(Kind::Lede, "/release/dev1", false).checking(&scene.keys());
    client.update().await.unwrap();
    client.install("lib+x").await.unwrap();
    let at = path(&client, "/release/dev1", "lib+x").replace('+', "%2b");
    assert!(at.ends_with("/lib%2bx_1.0~rc1%2bgit-r0_maguro.ipk"), "{at}");
    assert_eq!(
        client.take_log(),
        [
            "GET /release/dev1/Packages 200".to_owned(),
            "GET /release/dev1/Packages.sig 200".to_owned(),
            format!("GET {at} 200"),
        ]
    );
    scene.assert_installed(&client, "lib+x", ODD);
}

#[tokio::test]
async fn a_signature_of_something_else_empties_the_list() {
    let scene = Scene::start("release").await;
    for kind in [Kind::V063, Kind::V044, Kind::Lede] {
        let mut keys = scene.keys();
        let stranger = shared::ipkg::usign::SigningKey::new([1; 8], &[2; 32]);
        let seed = shared::ipkg::openpgp::generate([3; 32], 1, "Stranger").unwrap();
        keys.usign = stranger.public_text();
        keys.openpgp = shared::ipkg::openpgp::SigningKey::read(&seed).unwrap().public_text().unwrap();
        let mut client = scene.client(kind, "/release/dev1", true).checking(&keys);
        client.update().await.unwrap_err();
        assert!(client.list().is_empty());
    }
}
