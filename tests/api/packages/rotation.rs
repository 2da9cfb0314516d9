//! A new download key: every index is made again with it, and what the old one signed opens until it is gone.

use std::path::Path;

use devserver::{Options, Server};
use shared::domain::download;
use shared::secrets::{Secret, Secrets};
use tests::api::{Api, Tenant};
use tests::ipk::Ipk;
use tests::wire::Wire;

use super::World;

const PATH: &str = "/release/dev1";

/// A service that keeps what it has, in the embedded database: another would be another table at every start.
async fn kept(folder: &Path) -> Api {
    let wire = Wire::default();
    let options =
        Options { data: Some(folder.to_owned()), http_client: Some(wire.client()), ..Options::default() };
    let server = Server::start(options).await.unwrap();
    Api { server, wire, http: reqwest::Client::new() }
}

/// Stops the service, changes its secrets, and starts it again.
async fn rotated(world: World, folder: &Path, change: impl FnOnce(&mut Secrets)) -> World {
    let World { api, acme } = world;
    api.server.stop().await.unwrap();
    let file = folder.join("secrets.json");
    let mut secrets = Secrets::from_json(&std::fs::read_to_string(&file).unwrap()).unwrap();
    change(&mut secrets);
    std::fs::write(&file, serde_json::to_string(&secrets).unwrap()).unwrap();
    let api = kept(folder).await;
    api.server.clock().shift(100_000);
    World { api, acme }
}

fn filename(index: &str) -> &str {
    index.lines().find_map(|line| line.strip_prefix("Filename: ")).unwrap()
}

struct Index {
    text: String,
    etag: String,
    modified: String,
}

impl World {
    async fn whole_index(&self) -> Index {
        let answer = self.get(PATH).await.expect(200);
        let header = |name| answer.header(name).to_owned();
        let (etag, modified) = (header("etag"), header("last-modified"));
        Index { text: String::from_utf8(answer.bytes).unwrap(), etag, modified }
    }

    async fn file_opens(&self, filename: &str, status: u16) {
        self.get(&format!("{PATH}/{filename}")).await.expect(status);
    }
}

#[tokio::test]
async fn a_rotated_download_key_makes_every_index_again_and_old_file_names_still_open() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join(".ota");
    let world = World::with(kept(&data).await).await;
    for feed in ["release", "beta"] {
        let record = world.place(feed, &Ipk::new("base", &format!("1.{}", feed.len()))).await;
        world.api.associate(&world.acme, "dev1", &record, "alpha").await;
    }
    // Until the stored times have passed, which run ahead after so many changes at once.
    world.api.server.clock().shift(60_000);
    let old = world.whole_index().await;
    world.file_opens(filename(&old.text), 200).await;

    let world = rotated(world, &data, |secrets| {
        secrets.download = secrets.download.rotated("d2", vec![2; 32]);
    })
    .await;
    let same = world.whole_index().await;
    assert_eq!((&same.text, &same.etag, &same.modified), (&old.text, &old.etag, &old.modified));
    let report = world.api.reconcile().await.unwrap();
    assert_eq!((report.indexes, report.indexes_drifted, report.failed), (4, 4, 0));
    assert_eq!(world.api.reconcile().await.unwrap().indexes_drifted, 0);
    world.api.expect_whole("rotated").await;
    let new = world.whole_index().await;
    assert_eq!(new.text, old.text.replace(filename(&old.text), filename(&new.text)));
    assert!(filename(&new.text).contains("/d2.0.") && new.etag != old.etag);
    let parse = |text: &str| httpdate::parse_http_date(text).unwrap();
    assert!(parse(&new.modified) > parse(&old.modified));
    // Every stanza has changed: a client that asks for what has changed is given all of them, not none.
    for path in [PATH, "/release/dev1/base", "/release/dev1/base/latest/Filename", "/release"] {
        let request = world.api.request("GET", path).header("if-modified-since", &old.modified);
        world.api.send(request).await.expect(200);
    }
    let request = world.api.request("GET", "/release/dev1/base/latest/Version");
    world.api.send(request.header("if-modified-since", &old.modified)).await.expect(304);
    for text in [&old.text, &new.text] {
        world.file_opens(filename(text), 200).await;
    }

    let world = rotated(world, &data, |secrets| {
        secrets.download = secrets.download.rotated("d3", vec![3; 32]);
    })
    .await;
    world.file_opens(filename(&old.text), 403).await;
    world.file_opens(filename(&new.text), 200).await;
    // What changes takes the new key along without the reconciler.
    let acme: &Tenant = &world.acme;
    let later = world.record(&Ipk::new("later", "1")).await;
    world.api.associate(acme, "dev1", &later, "release").await.expect(201);
    let newest = world.whole_index().await;
    assert_eq!(newest.text.matches("/d3.0.").count(), 2, "{}", newest.text);
    let request = world.api.request("GET", PATH).header("if-modified-since", &new.modified);
    let told = world.api.send(request).await.expect(200);
    assert_eq!(
        (String::from_utf8(told.bytes).unwrap(), told.headers.contains_key("etag")),
        (newest.text, true)
    );
    let report = world.api.reconcile().await.unwrap();
    assert_eq!((report.indexes_drifted, report.failed), (3, 0));
    world.api.server.stop().await.unwrap();
}

#[tokio::test]
async fn a_rotated_signing_key_signs_the_same_index_anew() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join(".ota");
    let world = World::with(kept(&data).await).await;
    world.place("release", &Ipk::new("base", "1")).await;
    world.api.server.clock().shift(60_000);
    let old = world.whole_index().await;
    let signed = world.get("/release/dev1/Packages.sig").await.expect(200);
    let key = [9_u8; 40];
    let world = rotated(world, &data, |secrets| {
        let usign = secrets.usign.as_ref().unwrap();
        secrets.usign = Some(usign.rotated("0909090909090909", key.to_vec()));
    })
    .await;
    let since = signed.header("last-modified").to_owned();
    assert_eq!(
        world.get("/release/dev1/Packages.sig").await.expect(200).bytes,
        signed.bytes,
        "until it is made again"
    );
    let report = world.api.reconcile().await.unwrap();
    assert_eq!((report.indexes_drifted, report.failed), (4, 0));
    let new = world.whole_index().await;
    assert_eq!((&new.text, &new.etag, &new.modified), (&old.text, &old.etag, &old.modified));
    let request = world.api.request("GET", "/release/dev1/Packages.sig").header("if-modified-since", since);
    let again = world.api.send(request).await.expect(200);
    assert_ne!(again.bytes, signed.bytes);
    let public = shared::ipkg::usign::SigningKey::read(&key).unwrap().public_text();
    let text = String::from_utf8(again.bytes).unwrap();
    shared::ipkg::usign::verify(&public, new.text.as_bytes(), &text).unwrap();
    world.api.expect_whole("signed anew").await;
    world.api.server.stop().await.unwrap();
}

#[tokio::test]
async fn a_key_that_is_to_follow_opens_paths_and_signs_nothing_until_it_is_in_use() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join(".ota");
    let world = World::with(kept(&data).await).await;
    world.place("release", &Ipk::new("base", "1")).await;
    world.api.server.clock().shift(60_000);
    let old = world.whole_index().await;
    let signed = world.get("/release/dev1/Packages.sig").await.expect(200);

    let world = rotated(world, &data, |secrets| {
        secrets.download = secrets.download.begun(Secret::new("d2", vec![2; 32])).unwrap();
        let follows = Secret::new("0909090909090909", vec![9; 40]);
        secrets.usign = Some(secrets.usign.as_ref().unwrap().begun(follows).unwrap());
    })
    .await;
    assert_eq!(world.api.reconcile().await.unwrap().indexes_drifted, 0);
    world.place("release", &Ipk::new("later", "1")).await;
    world.api.server.clock().shift(60_000);
    let begun = world.whole_index().await;
    assert_eq!((begun.text.matches("/d1.0.").count(), begun.text.matches("/d2.0.").count()), (2, 0));
    let public =
        world.api.server.app().secrets.signing().unwrap().usign.as_ref().unwrap().current().1.to_vec();
    let public = shared::ipkg::usign::SigningKey::read(&public).unwrap().public_text();
    let verified = |index: &str, signature: Vec<u8>| {
        let signature = String::from_utf8(signature).unwrap();
        shared::ipkg::usign::verify(&public, index.as_bytes(), &signature).is_ok()
    };
    assert!(verified(&old.text, signed.bytes));
    assert!(verified(&begun.text, world.get("/release/dev1/Packages.sig").await.expect(200).bytes));
    // Another process, which has been told already that it is in use, may sign with it.
    let parts: Vec<&str> = filename(&old.text).split('/').collect();
    let secret = world.api.server.app().secrets.download().unwrap();
    let path = download::path(secret, "d2", &parts[1].parse().unwrap(), None, parts[3]);
    world.file_opens(&path.replace("/repository/", "by-hash/"), 200).await;

    let world = rotated(world, &data, |secrets| {
        secrets.download = secrets.download.finished().unwrap();
        secrets.usign = secrets.usign.as_ref().unwrap().finished();
    })
    .await;
    assert_eq!(world.whole_index().await.text, begun.text, "until it is made again");
    assert_eq!(world.api.reconcile().await.unwrap().failed, 0);
    let new = world.whole_index().await;
    assert_eq!((new.text.matches("/d1.0.").count(), new.text.matches("/d2.0.").count()), (0, 2));
    assert!(
        !verified(&new.text, world.get("/release/dev1/Packages.sig").await.expect(200).bytes),
        "the other key"
    );
    world.file_opens(filename(&old.text), 200).await;
    world.api.server.stop().await.unwrap();
}
