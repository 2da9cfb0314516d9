//! `upgrade`: a version that was associated comes to every client that asks again.

use tests::ipk::Ipk;

use super::opkg::Kind;
use super::{ODD, Scene};

#[tokio::test]
async fn a_new_version_reaches_every_client() {
    let mut scene = Scene::start("release").await;
    let keys = scene.keys();
    let mut clients = Vec::new();
    for kind in Kind::ALL {
        for gzip in [false, true] {
            for base in ["/release/dev1", "/release/dev1/lib+x/", "/release/dev1/lib+x/latest"] {
                let mut client = scene.client(kind, base, gzip).checking(&keys);
                client.update().await.unwrap();
                client.install("lib+x").await.unwrap();
                assert_eq!(client.upgrade().await, Ok(vec![]), "{kind:?}: nothing is newer");
                clients.push((kind, client));
            }
        }
    }
    // From a candidate to its release: greater, though its text is shorter.
    scene.place("release", "lib+x", &Ipk::new("lib+x", "1:1.0").architecture("maguro")).await;
    for (kind, client) in &mut clients {
        assert_eq!(client.installed("lib+x").unwrap().0, ODD);
        client.update().await.unwrap();
        assert_eq!(client.upgrade().await, Ok(vec!["lib+x".to_owned()]), "{kind:?}");
        scene.assert_installed(client, "lib+x", "1:1.0");
        assert_eq!(client.upgrade().await, Ok(vec![]), "{kind:?}");
    }
}

#[tokio::test]
async fn a_package_that_comes_later_is_found_by_every_client() {
    let mut scene = Scene::start("release").await;
    let keys = scene.keys();
    for (number, kind) in [("1.0", Kind::V063), ("1.1", Kind::V044), ("1.2", Kind::V018), ("1.3", Kind::Lede)]
    {
        let mut client = scene.client(kind, "/release/dev1", true).checking(&keys);
        client.update().await.unwrap();
        assert_ne!(client.installed("mail").map(|found| found.0), Some(number));
        scene.place("release", "mail", &Ipk::new("mail", number).tarball()).await;
        client.update().await.unwrap();
        client.install("mail").await.unwrap();
        scene.assert_installed(&client, "mail", number);
    }
}

#[tokio::test]
async fn a_package_taken_away_leaves_every_list() {
    let mut scene = Scene::start("release").await;
    let keys = scene.keys();
    let mail = scene.place("release", "mail", &Ipk::new("mail", "1.0")).await;
    let mut clients = Vec::new();
    for kind in Kind::ALL {
        for gzip in [false, true] {
            let mut client = scene.client(kind, "/release/dev1", gzip).checking(&keys);
            client.update().await.unwrap();
            client.install("mail").await.unwrap();
            clients.push(client);
        }
    }
    scene.world.remove("release", &mail).await.expect(204);
    for client in &mut clients {
        client.update().await.unwrap();
        let names: Vec<&str> = client.list().iter().map(|each| each.name.as_str()).collect();
        assert_eq!(names, ["base", "lib+x"]);
        assert_eq!(client.upgrade().await, Ok(vec![]), "what is installed stays");
    }
}

#[tokio::test]
async fn the_last_package_taken_away_leaves_an_empty_list() {
    let mut scene = Scene::start("release").await;
    let keys = scene.keys();
    let only = scene.place("beta", "mail", &Ipk::new("mail", "1.0")).await;
    let mut clients = Vec::new();
    for kind in Kind::ALL {
        for gzip in [false, true] {
            let mut client = scene.client(kind, "/beta/dev1", gzip).checking(&keys);
            client.update().await.unwrap();
            assert_eq!(client.list().len(), 1);
            clients.push(client);
        }
    }
    scene.world.remove("beta", &only).await.expect(204);
    for client in &mut clients {
        client.update().await.unwrap();
        assert!(client.list().is_empty());
    }
}

#[tokio::test]
async fn of_several_architectures_the_highest_version_is_installed() {
    let mut scene = Scene::start("release").await;
    scene.place("release", "both", &Ipk::new("both", "2.0")).await;
    let any = scene.bytes["both"].clone();
    scene.place("release", "both", &Ipk::new("both", "1.9").architecture("maguro")).await;
    let mut clients = Vec::new();
    for kind in Kind::ALL {
        let mut client = scene.client(kind, "/release/dev1/both", true);
        client.update().await.unwrap();
        assert_eq!(client.list().len(), 2);
        client.install("both").await.unwrap();
        assert_eq!(client.installed("both"), Some(("2.0", any.as_slice())));
        clients.push(client);
    }
    scene.place("release", "both", &Ipk::new("both", "2.1").architecture("maguro")).await;
    for client in &mut clients {
        client.update().await.unwrap();
        assert_eq!(client.upgrade().await, Ok(vec!["both".to_owned()]));
        scene.assert_installed(client, "both", "2.1");
    }
}
