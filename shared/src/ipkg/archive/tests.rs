//! Packages of both forms in every order, what is no package, and what no device should be given.

use proptest::prelude::*;
use tar::EntryType;

use super::testing::*;
use super::{FIRST, Next, Opening};

const SIXTY_FOUR: usize = 64 << 10;

fn good() -> Next {
    Next::Control(CONTROL.to_vec())
}

#[test]
fn both_forms_are_read_in_any_order_with_and_without_a_dot() {
    let control = good_control();
    for dot in ["", "./"] {
        let [package, inner, data] =
            ["debian-binary", "control.tar.gz", "data.tar.gz"].map(|name| format!("{dot}{name}"));
        let [package, inner, data] = [
            (package.as_str(), b"2.0\n".as_slice()),
            (inner.as_str(), control.as_slice()),
            (data.as_str(), b"data".as_slice()),
        ];
        for order in [[package, inner, data], [data, inner, package], [inner, data, package]] {
            assert_eq!(open(&ar(&order)), good());
            assert_eq!(open(&tarball(&order)), good());
        }
    }
    let slashed =
        [("debian-binary/", b"2.0\n".as_slice()), ("control.tar.gz/", &control), ("data.tar.xz/", b"")];
    assert_eq!(open(&ar(&slashed)), good());
}

#[test]
fn what_has_no_debian_binary_is_a_plain_binary() {
    let control = good_control();
    let members =
        [("control.tar.gz", control.as_slice()), ("not-debian-binary", b"2.0\n"), ("data.tar.gz", b"")];
    assert_eq!(open(&ar(&members)), Next::Binary);
    assert_eq!(open(&tarball(&members)), Next::Binary);
    let root_file_system = [file("etc", b""), entry("bin", EntryType::Symlink, b""), file("debian", b"")];
    assert_eq!(open(&gz(&tar(&root_file_system))), Next::Binary);
    for bytes in
        [b"".as_slice(), b"\x7fELF", b"!<arch>\n", b"!<arch>\nrest", b"\x1f\x8b", b"\x1f\x8b\x08rest"]
    {
        assert_eq!(open(bytes), Next::Binary, "{bytes:?}");
    }
    // A kernel, a file system that begins with zeros, a bomb.
    for bytes in [noise(3 << 20), [vec![0; 70_000], noise(200_000)].concat(), vec![1; 64 << 20]] {
        assert_eq!(open(&gz(&bytes)), Next::Binary);
    }
}

#[test]
fn a_library_is_walked_no_further_than_32_members() {
    let members = vec![("object.o/", [7; 30].as_slice()); 40];
    assert_eq!(open(&ar(&members)), Next::Binary);
    let control = good_control();
    let package =
        [("debian-binary", b"2.0\n".as_slice()), ("control.tar.gz", &control), ("data.tar.gz", b"")];
    assert_eq!(open(&ar(&[&package, &members[..29]].concat())), good());
    assert!(why(&ar(&[&package, &members[..30]].concat())).contains("32 members"));
}

#[test]
fn of_an_ar_package_the_data_is_never_read() {
    let (control, data) = (good_control(), noise(3 << 20));
    let package = ("debian-binary", b"2.0\n".as_slice());
    let (control, data) = (("control.tar.gz", control.as_slice()), ("data.tar.gz", data.as_slice()));
    let read = |members: &[(&str, &[u8])]| {
        let (next, ranges) = open_counting(&ar(members));
        assert_eq!(next, good());
        ranges.iter().map(|range| range.end - range.start).sum::<u64>()
    };
    assert_eq!(read(&[package, control, data]), FIRST);
    assert!(read(&[package, data, control]) <= FIRST + 4096);
    assert!(read(&[data, control, package]) <= FIRST + 4096);
    // One that is larger than what is read at a header is asked for by itself.
    let large = control_tar_gz(&[file("control", CONTROL), file("postinst", &noise(50_000))]);
    assert!(read(&[package, data, ("control.tar.gz", &large)]) <= FIRST + 4096 + large.len() as u64);
}

#[test]
fn of_a_tarball_the_data_behind_the_control_file_is_not_read() {
    let (control, data) = (good_control(), noise(3 << 20));
    let members =
        [("debian-binary", b"2.0\n".as_slice()), ("control.tar.gz", &control), ("data.tar.gz", &data)];
    let (next, read) = open_counting(&tarball(&members));
    assert_eq!((next, read.as_slice()), (good(), std::slice::from_ref(&(0..FIRST))));
    let [package, control, data] = members;
    let (next, read) = open_counting(&tarball(&[package, data, control]));
    assert_eq!(next, good());
    assert_eq!(read[1..], [FIRST..1 << 20, 1 << 20..read[2].end]);
}

#[test]
fn a_tarball_is_given_up_on_after_8_mib_and_says_what_to_do() {
    let control = good_control();
    let zeros = vec![0; 9 << 20];
    for data in [noise(9 << 20), zeros] {
        let members =
            [("debian-binary", b"2.0\n".as_slice()), ("data.tar.gz", &data), ("control.tar.gz", &control)];
        let (next, read) = open_counting(&tarball(&members));
        let Next::Malformed(why) = next else { panic!("{next:?}") };
        assert!(why.contains("before data.tar.gz") && why.contains("ar archive"), "{why}");
        assert!(read.last().unwrap().end <= (8 << 20) + FIRST);
    }
    // Whether it is a package at all must show within 4 MiB.
    let data = noise(5 << 20);
    let (next, read) = open_counting(&tarball(&[("data.tar.gz", &data), ("debian-binary", b"2.0\n")]));
    assert_eq!((next, read.last().unwrap().end), (Next::Binary, 4 << 20));
}

#[test]
fn a_package_cut_off_anywhere_is_refused() {
    let control = good_control();
    let data = noise(300);
    let members =
        [("debian-binary", b"2.0\n".as_slice()), ("control.tar.gz", &control), ("data.tar.gz", &data)];
    for whole in [ar(&members), tarball(&members)] {
        assert_eq!(open(&whole), good());
        let mut refused = 0;
        for length in 0..whole.len() {
            match open(&whole[..length]) {
                Next::Malformed(_) => refused += 1,
                // Before `debian-binary` is there.
                Next::Binary => assert!(length < 200, "{length}"),
                other => panic!("{length}: {other:?}"),
            }
        }
        assert!(refused > whole.len() - 200);
    }
}

#[test]
fn sizes_that_are_claimed_are_not_believed() {
    for size in ["10737418240", "9999999999", "18446744073709551615", "-1", "+4", "", "1 2", "0x10"] {
        for name in ["data.tar.gz", "control.tar.gz"] {
            let mut bytes = around(&good_control());
            bytes.extend(ar_header(name, size));
            assert!(!why(&bytes).is_empty(), "{name} {size}");
        }
    }
    let mut huge = file("control", CONTROL);
    huge[124..136].copy_from_slice(&[0x80, 0, 0, 0, 0, 0, 0, 2, 0x80, 0, 0, 0]);
    let sum: u32 = huge[..148].iter().chain(&huge[156..512]).map(|&byte| u32::from(byte)).sum::<u32>() + 256;
    huge[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
    assert!(why(&around(&control_tar_gz(&[huge.clone()]))).contains("larger than 64 KiB"));
    huge[..20].copy_from_slice(b"control.tar.gz\0\0\0\0\0\0");
    let sum: u32 = huge[..148].iter().chain(&huge[156..512]).map(|&byte| u32::from(byte)).sum::<u32>() + 256;
    huge[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
    assert!(!why(&gz(&tar(&[file("debian-binary", b"2.0\n"), huge]))).is_empty());
}

#[test]
fn parts_that_are_missing_or_doubled_are_named() {
    let control = good_control();
    let (package, inner, data) = (
        ("debian-binary", b"2.0\n".as_slice()),
        ("control.tar.gz", control.as_slice()),
        ("data.tar.gz", b"d".as_slice()),
    );
    let xz = ("control.tar.xz", b"xz".as_slice());
    let cases: [(&[_], _); 7] = [
        (&[package, data], "no control.tar.gz"),
        (&[package, inner], "no data.tar.gz"),
        (&[package, inner, data, ("./control.tar.gz", &control)], "two control.tar.gz"),
        (&[package, inner, data, data], "two data archives"),
        (&[package, xz, data], "build it with gzip"),
        (&[package, ("control.tar.zst", b"z"), data], "build it with gzip"),
        (&[package, xz, inner, data], "two control archives"),
    ];
    for (members, reason) in cases {
        for bytes in [ar(members), tarball(members)] {
            assert!(why(&bytes).contains(reason), "{}", why(&bytes));
        }
    }
    for long in ["#1/14", "/0", "//"] {
        assert!(why(&ar(&[package, inner, data, (long, b"control.tar.gz")])).contains("long name"));
    }
}

#[test]
fn hostile_control_archives_are_refused() {
    let control = || file("./control", CONTROL);
    let link = |name| entry(name, EntryType::Symlink, b"");
    let long = |body: &[u8]| entry("././@LongLink", EntryType::GNULongName, body);
    let pax = |record: &str| entry("pax", EntryType::XHeader, record.as_bytes());
    let cases = [
        (vec![file("postinst", b"")], "no file called control"),
        (vec![control(), file("control", b"Package: b\n")], "two files called control"),
        (vec![link("control")], "neither file nor directory"),
        (vec![control(), link("postinst")], "neither file nor directory"),
        (vec![control(), entry("postinst", EntryType::Link, b"")], "neither file nor directory"),
        (vec![control(), entry("sparse", EntryType::GNUSparse, b"")], "neither file nor directory"),
        (vec![entry("control", EntryType::Directory, b"")], "control is a directory"),
        (vec![file("control/", b"")], "control is a directory"),
        (vec![control(), file("/etc/passwd", b"")], "absolute name"),
        (vec![file("/control", CONTROL)], "absolute name"),
        (vec![control(), file("../postinst", b"")], "with .."),
        (vec![control(), file("a/../../b", b"")], "with .."),
        (vec![long(b"/etc/passwd\0"), file("x", b""), control()], "absolute name"),
        (vec![long(b"control\0"), file("x", CONTROL)], "some devices"),
        (vec![long(b"x\0"), control()], "some devices"),
        (vec![pax("16 path=control\n"), file("x", CONTROL)], "some devices"),
        (vec![pax("16 path=../../x\n"), file("x", b""), control()], "with .."),
        (vec![pax("10 size=3\n"), control()], "another size"),
        (vec![pax("27 GNU.sparse.name=control\n"), control()], "sparse"),
        ([vec![long(b"control\0"); 9], vec![control()]].concat(), "more than 8 names"),
        (vec![pax("99 path=control\n"), control()], "cannot be read"),
        (vec![entry("g", EntryType::XGlobalHeader, b"16 path=control\n"), control()], "one name"),
        (vec![long(&[b'a'; SIXTY_FOUR + 1]), control()], "longer than 64 KiB"),
        (vec![file("control", &[b'a'; SIXTY_FOUR + 1])], "larger than 64 KiB"),
        (vec![control(), file("padding", &vec![0; 9 << 20])], "more than 8 MiB"),
    ];
    for (entries, reason) in cases {
        let archive = control_tar_gz(&entries);
        assert!(why(&around(&archive)).contains(reason), "{reason}: {}", why(&around(&archive)));
        let members =
            [("debian-binary", b"2.0\n".as_slice()), ("control.tar.gz", &archive), ("data.tar.gz", b"d")];
        assert_eq!(why(&tarball(&members)), why(&around(&archive)));
    }
}

#[test]
fn broken_control_archives_are_refused() {
    let good = good_control();
    let mut checksum = good.clone();
    let at = checksum.len() - 8;
    checksum[at] ^= 1;
    let mut block = tar(&[file("control", CONTROL)]);
    block[0] ^= 1;
    let two = [tar(&[file("control", CONTROL)]), tar(&[file("control", b"Package: b\n")])].concat();
    for (archive, reason) in [
        (checksum, "damaged"),
        (good[..good.len() - 1].to_vec(), "cut off"),
        (good[..10].to_vec(), "cut off"),
        ([good.as_slice(), b"and no gzip member"].concat(), "damaged"),
        (b"\xfd7zXZ\0 and so on".to_vec(), "no gzip file"),
        (tar(&[file("control", CONTROL)]), "no gzip file"),
        (gz(CONTROL), "no tar archive"),
        (gz(&block), "no tar archive"),
        (gz(&file("control", CONTROL)[..512]), "no tar archive"),
        (gz(&two), "something follows"),
        (Vec::new(), "empty"),
    ] {
        assert!(why(&around(&archive)).contains(reason), "{reason}: {}", why(&around(&archive)));
    }
}

#[test]
fn what_devices_read_without_trouble_is_read() {
    let long = format!("{}\0", "long/".repeat(40));
    let pax = b"30 mtime=1700000000.123456789\n";
    for entries in [
        vec![file("control", &[b'a'; SIXTY_FOUR])],
        vec![
            entry("././@LongLink", EntryType::GNULongName, long.as_bytes()),
            file("long/", b""),
            file("control", &[b'a'; SIXTY_FOUR]),
        ],
        vec![entry("pax", EntryType::XHeader, pax), file("control", &[b'a'; SIXTY_FOUR])],
        vec![
            entry("g", EntryType::XGlobalHeader, b"13 comment=a\n"),
            file(".//control", &[b'a'; SIXTY_FOUR]),
        ],
    ] {
        assert_eq!(open(&around(&control_tar_gz(&entries))), Next::Control(vec![b'a'; SIXTY_FOUR]));
    }
    // Without the two blocks of zeros at its end, with many, and in several gzip members.
    let archive = tar(&[file("control", CONTROL)]);
    let (one, two) = archive.split_at(300);
    let padded = [archive.as_slice(), &[0; 10_240]].concat();
    for inner in [gz(&archive[..1024]), gz(&padded), [gz(one), gz(two)].concat()] {
        assert_eq!(open(&around(&inner)), good());
    }
}

#[test]
fn bytes_that_were_not_asked_for_change_nothing() {
    let bytes = tarball(&[("debian-binary", b"2.0\n"), ("data.tar.gz", &noise(200_000))]);
    let mut opening = Opening::new(bytes.len() as u64);
    opening.supply(0, &bytes[..SIXTY_FOUR]);
    let next = opening.next();
    opening.supply(7, b"other");
    assert_eq!(opening.next(), next);
}

proptest! {
    #[test]
    fn no_bytes_make_it_panic(head in 0_usize..4, tail in prop::collection::vec(any::<u8>(), 0..500)) {
        let mut bytes = [b"!<arch>\n".as_slice(), &[0x1F, 0x8B, 8], b"", b"!<arch>\ndebian-binary   "][head].to_vec();
        bytes.extend(tail);
        open(&bytes);
    }

    #[test]
    fn no_damage_makes_it_panic_or_read_for_ever(form in any::<bool>(), flips in prop::collection::vec((any::<usize>(), any::<u8>()), 1..8)) {
        let control = good_control();
        let members = [("debian-binary", b"2.0\n".as_slice()), ("control.tar.gz", &control), ("data.tar.gz", b"data")];
        let mut bytes = if form { ar(&members) } else { tar(&members.map(|(name, body)| file(name, body))) };
        for (at, byte) in flips {
            let at = at % bytes.len();
            bytes[at] = byte;
        }
        open(&if form { bytes } else { gz(&bytes) });
    }
}
