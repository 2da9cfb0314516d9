//! Packages that were moved before control files were read, which are read when a feed needs them.

use std::sync::Arc;

use shared::blobs::keys;
use shared::domain::{Binary, BinaryKind, Refusal, Right, Sha256};
use shared::store::binaries::Package;
use shared::store::{Audit, Tx};
use shared::usecases::{Context, Error, Standing, binaries};

use crate::world::{CONTROL, World, acme, md5_of, package, package_with};

/// Puts a binary into the repository and on its owner's row, as it was done once.
async fn moved_long_ago(world: &World, bytes: &[u8], kind: BinaryKind) {
    world.plant(&keys::repository(&Sha256::of(bytes)), bytes).await;
    let binary = Binary {
        sha256: Sha256::of(bytes),
        md5: md5_of(bytes).parse().unwrap(),
        size: bytes.len() as u64,
        kind,
    };
    let mut tx = Tx::new(&Audit {
        partner: Some(&acme()),
        actor: "k",
        request_id: "r",
        at: world.app.clock.now(),
        action: "binary.moved",
        subject: "binary".to_owned(),
        before: None,
        after: None,
    });
    tx.own_binary(&acme(), &binary, None);
    tx.commit(&world.app.store).await.unwrap();
}

fn context(world: &World) -> Context<'_> {
    Context {
        store: &world.app.store,
        config: &world.app.config,
        secrets: &world.app.secrets,
        actor: "k",
        right: Right::Release,
        request_id: "r",
        now: world.app.clock.now(),
        standing: Standing::default(),
    }
}

async fn read(world: &World, bytes: &[u8]) -> Result<Package, Error> {
    binaries::package(&context(world), &world.blobs, &acme(), &Sha256::of(bytes)).await
}

#[tokio::test]
async fn a_package_moved_before_control_files_were_read_is_read_once_and_kept() {
    let world = World::new().await;
    let bytes = package(100_000);
    moved_long_ago(&world, &bytes, BinaryKind::Package).await;
    let kept = async || world.app.store.package(&acme(), &Sha256::of(&bytes)).await.unwrap();
    assert_eq!(kept().await, None);
    let package = read(&world, &bytes).await.unwrap();
    assert_eq!(package.stanza.get("Package").unwrap().value, "tea");
    assert_eq!(kept().await, Some(package.clone()));
    let binary = world.app.store.binary(&acme(), &Sha256::of(&bytes)).await.unwrap().unwrap();
    assert_eq!((binary.size, binary.kind), (bytes.len() as u64, BinaryKind::Package));
    world.plant(&keys::repository(&Sha256::of(&bytes)), b"gone").await;
    assert_eq!(read(&world, &bytes).await.unwrap(), package);
}

#[tokio::test]
async fn what_is_no_good_package_stays_unread() {
    let world = World::new().await;
    let (damaged, plain) = (package_with(&CONTROL[..20], 10), package(10));
    moved_long_ago(&world, &damaged, BinaryKind::Package).await;
    moved_long_ago(&world, &plain, BinaryKind::Binary).await;
    for bytes in [&damaged, &plain] {
        let refused = read(&world, bytes).await.unwrap_err();
        assert!(matches!(refused, Error::Refused(Refusal::PackageMalformed(_))), "{refused:?}");
        assert_eq!(world.app.store.package(&acme(), &Sha256::of(bytes)).await.unwrap(), None);
    }
    let unknown = read(&world, b"unknown").await.unwrap_err();
    assert!(matches!(unknown, Error::Refused(Refusal::NotFound)), "{unknown:?}");
    // Bytes that are gone are this service's fault, not the caller's.
    moved_long_ago(&world, &package(12), BinaryKind::Package).await;
    world
        .s3
        .delete_object()
        .bucket(crate::world::BUCKET)
        .key(keys::repository(&Sha256::of(&package(12))))
        .send()
        .await
        .unwrap();
    assert!(matches!(read(&world, &package(12)).await.unwrap_err(), Error::Blobs(_)));
}

#[tokio::test]
async fn a_download_without_its_secret_is_a_fault_that_names_it_and_never_a_path_signed_with_nothing() {
    let mut world = World::new().await;
    let bytes = package(10);
    moved_long_ago(&world, &bytes, BinaryKind::Binary).await;
    assert_eq!(world.get("acme", &bytes).await.0, 200);
    world.app.secrets = Arc::new(world.app.secrets.only(&shared::needs::TYPES));
    let (status, body) = world.get("acme", &bytes).await;
    assert_eq!((status.as_u16(), body["code"].as_str()), (500, Some("internal")));
    assert!(!body.to_string().contains("secret") && body.get("url").is_none(), "{body}");
    let fault = binaries::download(&context(&world), &acme(), &Sha256::of(&bytes)).await.unwrap_err();
    assert!(matches!(fault, Error::NotGiven(_)) && fault.to_string().contains("secret download"), "{fault}");
}
