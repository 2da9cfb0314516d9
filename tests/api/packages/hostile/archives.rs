//! Archives that are damaged, cut off, or hold something else than they should.

use std::io::Write as _;

use flate2::Compression;
use flate2::write::GzEncoder;
use tar::{EntryType, Header};
use tests::ipk::{Ipk, ar, tar_gz};

use super::{World, around, ipk, tarball};

const MALFORMED: &str = "package_malformed";
const CONTROL: &[u8] = b"Package: p\nVersion: 1.0\nArchitecture: all\n";

fn gz(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// One member of a tar archive of any kind, whose header may claim any size.
fn member(name: &str, kind: EntryType, link: &str, claimed: Option<u64>, body: &[u8]) -> Vec<u8> {
    let mut header = Header::new_gnu();
    header.set_entry_type(kind);
    header.set_mode(0o777);
    header.set_size(claimed.unwrap_or(body.len() as u64));
    header.as_old_mut().name[..name.len()].copy_from_slice(name.as_bytes());
    header.as_old_mut().linkname[..link.len()].copy_from_slice(link.as_bytes());
    header.set_cksum();
    let mut out = [header.as_bytes(), body].concat();
    out.resize(out.len().next_multiple_of(512), 0);
    out
}

fn file(name: &str, body: &[u8]) -> Vec<u8> {
    member(name, EntryType::Regular, "", None, body)
}

/// A control archive of such members.
fn control_of(members: &[Vec<u8>]) -> Vec<u8> {
    gz(&[members.concat(), vec![0; 1024]].concat())
}

/// Puts text into the size field of the member at `place` of a package in the `ar` form.
fn claiming(place: usize, size: &str) -> Vec<u8> {
    let mut bytes = ipk(CONTROL);
    let mut at = 8;
    for _ in 0..place {
        let size: usize = std::str::from_utf8(&bytes[at + 48..at + 58]).unwrap().trim().parse().unwrap();
        at += 60 + size.next_multiple_of(2);
    }
    bytes[at + 48..at + 58].copy_from_slice(format!("{size:<10}").as_bytes());
    bytes
}

#[tokio::test]
async fn an_archive_that_is_cut_off_anywhere_is_refused_or_no_package() {
    let world = World::start().await;
    let whole = ipk(CONTROL);
    let body = whole.len();
    for cut in [body - 2, body - 40, body - 150, 200, 160, 131, 90] {
        world.expect_refused(&whole[..cut], MALFORMED, "it is cut off").await;
    }
    world.expect_refused(&whole[..72], MALFORMED, "it has no control.tar.gz").await;
    // Before it says that it is one.
    for cut in [60, 8, 3] {
        world.expect_taken(&whole[..cut], false).await;
    }
    let whole = tarball(&tar_gz(&[("./control", CONTROL)]), false);
    for cut in [whole.len() - 1, whole.len() - 9, whole.len() * 3 / 4] {
        world.expect_refused(&whole[..cut], MALFORMED, "it is").await;
    }
    world.expect_taken(&whole[..12], false).await;
}

#[tokio::test]
async fn a_size_that_is_not_true_is_refused() {
    let world = World::start().await;
    for place in [1, 2] {
        for size in ["9999999999", "10737418", "65536"] {
            world.expect_refused(&claiming(place, size), MALFORMED, "cut off: a member is larger").await;
        }
        for size in ["-1", "", "0x10", "1e9", "1 0", "+5", "12a"] {
            world.expect_refused(&claiming(place, size), MALFORMED, "header is damaged").await;
        }
    }
    world.expect_refused(&claiming(1, "0"), MALFORMED, "").await;
    world.expect_refused(&claiming(1, "1"), MALFORMED, "").await;
    // Of 10 GiB, in a tar's header and in a record before it.
    let claimed = Some(10 << 30);
    let huge = control_of(&[member("control", EntryType::Regular, "", claimed, CONTROL)]);
    world.expect_refused(&around(&huge), MALFORMED, "control is larger than 64 KiB").await;
    let huge =
        control_of(&[member("postinst", EntryType::Regular, "", claimed, b"x"), file("control", CONTROL)]);
    world.expect_refused(&around(&huge), MALFORMED, "cut off").await;
    let record = member("pax", EntryType::XHeader, "", None, b"20 size=10737418240\n");
    let huge = control_of(&[record, file("control", CONTROL)]);
    world.expect_refused(&around(&huge), MALFORMED, "another size than its header").await;
    for first in [true, false] {
        world.expect_refused(&tarball(&huge, first), MALFORMED, "another size than its header").await;
    }
    let data = gz(&[
        file("./debian-binary", b"2.0\n"),
        file("./control.tar.gz", &tar_gz(&[("./control", CONTROL)])),
        member("./data.tar.gz", EntryType::Regular, "", claimed, b"x"),
    ]
    .concat());
    world.expect_refused(&data, MALFORMED, "cut off").await;
}

#[tokio::test]
async fn links_and_names_that_lead_elsewhere_are_refused() {
    let world = World::start().await;
    for kind in [EntryType::Symlink, EntryType::Link, EntryType::Char, EntryType::Block, EntryType::Fifo] {
        let control = control_of(&[member("control", kind, "/etc/passwd", None, b"")]);
        world.expect_refused(&around(&control), MALFORMED, "neither file nor directory").await;
        let beside = control_of(&[file("control", CONTROL), member("x", kind, "../../x", None, b"")]);
        world.expect_refused(&tarball(&beside, true), MALFORMED, "neither file nor directory").await;
    }
    for name in ["../control", "/control", "a/../control", "./../control", "..", "a/.."] {
        for control in [vec![file(name, CONTROL)], vec![file("control", CONTROL), file(name, b"x")]] {
            let control = control_of(&control);
            world.expect_refused(&around(&control), MALFORMED, "absolute name or one with ..").await;
        }
    }
    let directory = control_of(&[member("control", EntryType::Directory, "", None, b"")]);
    world.expect_refused(&around(&directory), MALFORMED, "control is a directory").await;
    // A name that some programs see and others do not.
    let long = member("././@LongLink", EntryType::GNULongName, "", None, b"control\0");
    let two = control_of(&[long, file("harmless", CONTROL)]);
    world.expect_refused(&around(&two), MALFORMED, "some devices").await;
    // What a data archive holds is for the device to judge.
    let data = gz(&member("../../etc/passwd", EntryType::Symlink, "/", None, b""));
    let control = tar_gz(&[("./control", CONTROL)]);
    let odd = ar(&[("debian-binary", b"2.0\n"), ("control.tar.gz", &control), ("data.tar.gz", &data)]);
    world.expect_indexed(&odd, "p").await;
}

#[tokio::test]
async fn a_package_that_devices_would_read_differently_is_refused() {
    let world = World::start().await;
    let other = b"Package: q\nVersion: 9\nArchitecture: all\n";
    let (control, second) = (tar_gz(&[("./control", CONTROL)]), tar_gz(&[("control", other)]));
    let binary = ("debian-binary", &b"2.0\n"[..]);
    let data = ("data.tar.gz", &b"data"[..]);
    let (one, two) = (("control.tar.gz", &control[..]), ("control.tar.gz", &second[..]));
    for (members, reason) in [
        (vec![binary, one, two, data], "two control.tar.gz"),
        (vec![binary, one, data, ("./control.tar.gz", &second)], "two control.tar.gz"),
        (vec![binary, one, data, ("control.tar.xz", &second)], "two control archives"),
        (vec![binary, one, data, ("data.tar.xz", b"x")], "two data archives"),
        (vec![binary, ("control.tar.xz", &second), data], "many devices read no other"),
        (vec![binary, one], "it has no data.tar.gz"),
        (vec![binary, data], "it has no control.tar.gz"),
        (vec![binary], "it has no control.tar.gz"),
        (vec![binary, ("control.tar.gz", b""), data], "is empty"),
        (vec![binary, ("control.tar.gz", b"no gzip, but text of some length"), data], "no gzip file"),
        (vec![binary, ("control.tar.gz", &control[..control.len() - 3]), data], "cut off"),
    ] {
        world.expect_refused(&ar(&members), MALFORMED, reason).await;
    }
    let twice = tar_gz(&[("./control", CONTROL), ("control", other)]);
    let behind =
        gz(&[file("control", CONTROL), vec![0; 1024], file("control", other), vec![0; 1024]].concat());
    let mut damaged = control.clone();
    let place = damaged.len() - 6;
    damaged[place] ^= 0x55;
    for (control, reason) in [
        (twice, "two files called control"),
        (behind, "something follows"),
        (damaged, "damaged"),
        (tar_gz(&[("./postinst", b"x")]), "no file called control"),
        (tar_gz(&[("./x/control", CONTROL)]), "no file called control"),
        (gz(b"not a tar archive"), "no tar archive"),
        (gz(b""), "no file called control"),
    ] {
        for bytes in [around(&control), tarball(&control, true), tarball(&control, false)] {
            world.expect_refused(&bytes, MALFORMED, reason).await;
        }
    }
}

#[tokio::test]
async fn a_long_row_of_members_is_refused() {
    let world = World::start().await;
    let mut members = vec![("debian-binary", &b"2.0\n"[..])];
    members.extend((0..2000).map(|_| ("padding", &b""[..])));
    world.expect_refused(&ar(&members), MALFORMED, "more than 32 members").await;
}

#[tokio::test]
async fn what_is_no_package_is_a_binary_however_odd() {
    let world = World::start().await;
    for bytes in [
        b"!<arch>\n".to_vec(),
        ar(&[("control.tar.gz", &tar_gz(&[("./control", CONTROL)]))]),
        ar(&[("lib.o", b"\x7fELF")]),
        gz(b"firmware"),
        tar_gz(&[("./etc/passwd", b"root")]),
        b"\x1f\x8b\x08\x00".to_vec(),
        b"Package: p\nVersion: 1\n".to_vec(),
    ] {
        let record = world.expect_taken(&bytes, false).await;
        world.api.associate(&world.acme, "dev1", &record, "beta").await.expect(201);
    }
    assert_eq!(world.get("/beta/dev1/Packages").await.expect(200).bytes, b"");
    assert_eq!(world.get("/beta").await.expect(200).bytes, b"");
}

#[tokio::test]
async fn both_forms_of_one_package_say_the_same() {
    let world = World::start().await;
    let said = |entry: &super::Entry| {
        let mut fields = entry.fields.clone();
        fields.retain(|field| !["Filename", "Size", "MD5Sum", "SHA256sum"].contains(&field.name.as_str()));
        format!("{fields:?}").replace("\"q\"", "\"p\"")
    };
    let (_, first) = world.expect_indexed(&Ipk::new("p", "1.0").line("Section: base").build(), "p").await;
    let tarball = Ipk::new("q", "1.0").line("Section: base").tarball().build();
    let (_, second) = world.expect_indexed(&tarball, "q").await;
    assert_eq!(said(&first), said(&second));
}
