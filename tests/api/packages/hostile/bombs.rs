//! Packages that are small to send and large to unpack: what is read of one is bounded.

use std::io::{Read as _, Write as _};

use flate2::Compression;
use flate2::write::GzEncoder;
use tests::ipk::{Ipk, ar, tar_gz};

use super::{World, around, control, ipk, tarball};

const MALFORMED: &str = "package_malformed";

/// A gzip'd tar with one file of many zeros before, between or behind others.
fn with_zeros(before: &[(&str, &[u8])], name: &str, mebibytes: u64, after: &[(&str, &[u8])]) -> Vec<u8> {
    let mut builder = tar::Builder::new(GzEncoder::new(Vec::new(), Compression::fast()));
    let mut append = |name: &str, size: u64, body: &mut dyn std::io::Read| {
        let mut header = tar::Header::new_gnu();
        header.set_size(size);
        header.set_mode(0o644);
        header.as_old_mut().name[..name.len()].copy_from_slice(name.as_bytes());
        header.set_cksum();
        builder.append(&header, body).unwrap();
    };
    for (name, bytes) in before {
        append(name, bytes.len() as u64, &mut &bytes[..]);
    }
    append(name, mebibytes << 20, &mut std::io::repeat(0).take(mebibytes << 20));
    for (name, bytes) in after {
        append(name, bytes.len() as u64, &mut &bytes[..]);
    }
    builder.into_inner().unwrap().finish().unwrap()
}

#[tokio::test]
async fn a_control_archive_that_unpacks_to_more_than_8_mib_is_refused() {
    let world = World::start().await;
    let text = control("p", "");
    let entry = ("./control", text.as_bytes());
    for archive in [with_zeros(&[], "./postinst", 64, &[entry]), with_zeros(&[entry], "./postinst", 64, &[])]
    {
        assert!(archive.len() < 1 << 20, "a bomb is small: {}", archive.len());
        for bytes in [around(&archive), tarball(&archive, true), tarball(&archive, false)] {
            world.expect_refused(&bytes, MALFORMED, "more than 8 MiB").await;
        }
    }
    let control = with_zeros(&[], "./control", 64, &[]);
    world.expect_refused(&around(&control), MALFORMED, "control is larger than 64 KiB").await;
}

#[tokio::test]
async fn a_bomb_in_a_bomb_is_refused() {
    let world = World::start().await;
    let mut bytes = vec![0; 32 << 20];
    for _ in 0..3 {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
        encoder.write_all(&bytes).unwrap();
        bytes = encoder.finish().unwrap();
    }
    world.expect_refused(&around(&bytes), MALFORMED, "").await;
    world.expect_refused(&tarball(&bytes, false), MALFORMED, "").await;
}

#[tokio::test]
async fn a_large_data_archive_is_never_unpacked() {
    let world = World::start().await;
    let text = control("p", "");
    let control = tar_gz(&[("./control", text.as_bytes())]);
    let bomb = with_zeros(&[], "./zeros", 64, &[]);
    let bytes = ar(&[("debian-binary", b"2.0\n"), ("control.tar.gz", &control), ("data.tar.gz", &bomb)]);
    world.expect_indexed(&bytes, "p").await;
    // In the form of a tar, its control archive must come within the first 8 MiB.
    let behind =
        tar_gz(&[("./debian-binary", b"2.0\n"), ("./data.tar.gz", &bomb), ("./control.tar.gz", &control)]);
    world.expect_taken(&behind, true).await;
    let members = [("./debian-binary", &b"2.0\n"[..]), ("./control.tar.gz", &control)];
    world.expect_taken(&with_zeros(&members, "./data.tar.gz", 64, &[]), true).await;
    let last = with_zeros(&members[..1], "./data.tar.gz", 64, &members[1..]);
    world.expect_refused(&last, MALFORMED, "put control.tar.gz before data.tar.gz").await;
}

#[tokio::test]
async fn a_control_file_has_at_most_64_kib() {
    let world = World::start().await;
    let of = |size: usize| {
        let text = control("p", "X-Blob: ");
        let blob = "x".repeat(size - text.len() - 1);
        format!("{text}{blob}\n")
    };
    for size in [(64 << 10) + 1, 65 << 10, 1 << 20] {
        assert_eq!(of(size).len(), size);
        world.expect_refused(&ipk(of(size).as_bytes()), MALFORMED, "larger than 64 KiB").await;
    }
    let largest = of(64 << 10);
    let (record, entry) = world.expect_indexed(&ipk(largest.as_bytes()), "p").await;
    assert_eq!(super::warned(&record), [""; 0]);
    assert!(largest.contains(super::field(&entry, "X-Blob")));
    assert!(super::field(&entry, "X-Blob").len() > 65_000);
    // What grows past it when it is repaired is refused too.
    let grows = control("q", &format!("Depends: {}\n", "a,".repeat(32_000)));
    assert!(grows.len() <= 64 << 10);
    world.expect_refused(&ipk(grows.as_bytes()), MALFORMED, "once it is repaired").await;
}

#[tokio::test]
async fn an_announcement_of_10_gib_is_refused_before_anything_is_sent() {
    let world = World::start().await;
    let body = serde_json::json!({"sha256": "0".repeat(64), "size": 10_u64 << 30});
    let path = world.acme.path("/binaries");
    let refused = world.api.call("POST", &path, &world.acme.write, body).await;
    refused.expect_problem(422, "binary_too_large");
    // Nor does a wrong announcement let a package in.
    let bytes = Ipk::new("p", "1").build();
    let body = serde_json::json!({"sha256": shared::domain::Sha256::of(&bytes).to_string(), "size": 5});
    let announced = world.api.call("POST", &path, &world.acme.write, body).await.expect(201).json();
    let put = world.api.put_presigned(&announced["upload"], bytes).await;
    assert!([400, 403].contains(&put.status), "{put:?}");
}
