//! `update`, `list`, `install`: every client, every line that its configuration may have.

use super::opkg::Kind;
use super::{ODD, Scene};

/// Runs `update`, `list` and `install` of everything in a feed at that path, with and without a slash at its end.
async fn at(scene: &Scene, base: &str, expected: &[(&str, &str)]) {
    let keys = scene.keys();
    for kind in Kind::ALL {
        for gzip in [false, true] {
            for base in [base.to_owned(), format!("{base}/")] {
                let mut client = scene.client(kind, &base, gzip).checking(&keys);
                let context = format!("{kind:?} {base} {gzip}");
                client.update().await.unwrap_or_else(|why| panic!("{context}: {why}"));
                let listed: Vec<_> =
                    client.list().iter().map(|each| (each.name.as_str(), each.version.as_str())).collect();
                assert_eq!(listed, expected, "{context}");
                for (name, version) in expected {
                    client.install(name).await.unwrap_or_else(|why| panic!("{context}: {why}"));
                    scene.assert_installed(&client, name, version);
                }
            }
        }
    }
}

#[tokio::test]
async fn every_client_updates_lists_and_installs_from_the_feed_of_a_device_type() {
    let scene = Scene::start("release").await;
    at(&scene, "/release/dev1", &[("base", "1.0-r0"), ("lib+x", ODD)]).await;
}

#[tokio::test]
async fn every_client_updates_lists_and_installs_from_the_feed_of_a_package() {
    let scene = Scene::start("release").await;
    at(&scene, "/release/dev1/lib+x", &[("lib+x", ODD)]).await;
    at(&scene, "/release/dev1/lib%2bx", &[("lib+x", ODD)]).await;
    at(&scene, "/release/dev1/base", &[("base", "1.0-r0")]).await;
}

#[tokio::test]
async fn every_client_updates_lists_and_installs_from_the_feed_of_a_version() {
    let scene = Scene::start("release").await;
    at(&scene, "/release/dev1/lib+x/1:1.0~rc1+git-r0", &[("lib+x", ODD)]).await;
    at(&scene, "/release/dev1/lib%2Bx/1%3a1.0%7erc1%2bgit-r0", &[("lib+x", ODD)]).await;
    at(&scene, "/release/dev1/lib+x/latest", &[("lib+x", ODD)]).await;
    at(&scene, "/release/dev1/base/1.0-r0", &[("base", "1.0-r0")]).await;
}

#[tokio::test]
async fn what_a_client_lists_is_what_the_control_file_says() {
    let scene = Scene::start("release").await;
    for kind in Kind::ALL {
        let mut client = scene.client(kind, "/release/dev1", true);
        client.update().await.unwrap();
        let base = &client.list()[0];
        assert_eq!(base.architecture, "all");
        assert_eq!(base.depends, "lib+x (>= 1:1.0~rc1)");
        assert_eq!(base.description, "the base\nof it all\n.\nthe end");
        assert_eq!(base.size, scene.bytes["base"].len().to_string());
        assert!(base.filename.ends_with("/base_1.0-r0_all.ipk"), "{}", base.filename);
        let odd = &client.list()[1];
        assert_eq!(odd.architecture, "maguro");
        assert!(odd.filename.ends_with("/lib+x_1.0~rc1+git-r0_maguro.ipk"), "{}", odd.filename);
    }
}

#[tokio::test]
async fn an_older_version_is_installed_from_its_own_feed_while_it_is_associated() {
    let mut scene = Scene::start("release").await;
    let old = scene.bytes["base"].clone();
    scene.place("release", "base", &tests::ipk::Ipk::new("base", "1.1-r0")).await;
    for kind in Kind::ALL {
        let mut client = scene.client(kind, "/release/dev1/base/1.0-r0", false);
        client.update().await.unwrap();
        client.install("base").await.unwrap();
        assert_eq!(client.installed("base"), Some(("1.0-r0", old.as_slice())));
    }
}

#[tokio::test]
async fn a_feed_with_no_package_in_it_is_an_empty_list_and_no_failure() {
    let scene = Scene::start("release").await;
    let keys = scene.keys();
    for kind in Kind::ALL {
        for gzip in [false, true] {
            let mut client = scene.client(kind, "/beta/dev1", gzip).checking(&keys);
            client.update().await.unwrap_or_else(|why| panic!("{kind:?}: {why}"));
            assert!(client.list().is_empty());
        }
    }
}

#[tokio::test]
async fn a_feed_that_is_not_there_is_a_failure_and_no_empty_list() {
    let scene = Scene::start("release").await;
    for base in
        ["/nosuch/dev1", "/release/dev2", "/release/dev1/nosuch", "/release/dev1/base/9.9", "/release"]
    {
        for kind in Kind::ALL {
            for gzip in [false, true] {
                let mut client = scene.client(kind, base, gzip);
                let why = client.update().await.unwrap_err();
                assert!(why.ends_with(": 404"), "{kind:?} {base}: {why}");
            }
        }
    }
}
