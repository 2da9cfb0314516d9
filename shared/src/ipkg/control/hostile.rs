//! Control files that mean harm or mean nothing, and the laws that hold for any bytes.

use std::collections::HashSet;

use proptest::prelude::*;

use super::*;
use crate::ipkg::index;
use crate::ipkg::stanza::{COMPUTED, Facts, render_into};

const HEAD: &str = "Package: p\nVersion: 1.0-r0\nArchitecture: all\n";

fn refusal(bytes: impl AsRef<[u8]>) -> String {
    match read(bytes.as_ref()) {
        Err(ControlFault::Malformed(reason)) => reason,
        other => panic!("{:?} gave {other:?}", String::from_utf8_lossy(bytes.as_ref())),
    }
}

#[test]
fn what_leaves_the_package_unclear_is_refused_with_the_reason() {
    let table: &[(&str, &str)] = &[
        ("", "has no Package field"),
        ("\n\n", "has no Package field"),
        ("Package p\n", "has no Package field"),
        ("junk\n\nPackage: p\nVersion: 1\nArchitecture: all\n", "has no Package field"),
        ("Package : p\nVersion: 1\nArchitecture: all\n", "has no Package field"),
        ("Package: p\nArchitecture: all\n", "has no Version field"),
        ("Package: p\nVersion: 1\n", "has no Architecture field"),
        ("Package: p\n\nVersion: 1\nArchitecture: all\n", "has no Version field"),
        ("Package: p\rVersion: 1\rArchitecture: all\r", "has a Package that cannot be read as text"),
        ("Package: p\nVersion: 1\nversion: 1\nArchitecture: all\n", "has more than one Version field"),
        ("Package: p\nPackage: p\nVersion: 1\nArchitecture: all\n", "has more than one Package field"),
        ("Package:\nVersion: 1\nArchitecture: all\n", "has a Package that is empty"),
        ("Package:\n p\nVersion: 1\nArchitecture: all\n", "has a Package that is empty"),
        ("Package: p\n q\nVersion: 1\nArchitecture: all\n", "has a Package that has more than one line"),
        ("Package: p\nVersion: 1\x01\nArchitecture: all\n", "has a Version that cannot be read as text"),
        ("Package: p\nVersion: 1\u{a0}\nArchitecture: all\n", "has the Version 1\u{a0}, which must be"),
        ("Package: ../p\nVersion: 1\nArchitecture: all\n", "has the Package ../p, which must be"),
        ("Package: p\nVersion: 1/2\nArchitecture: all\n", "has the Version 1/2, which must be"),
        ("Package: p\nVersion: ..\nArchitecture: all\n", "has the Version .., which must not be"),
        ("Package: p\nVersion: 1\nArchitecture: ALL\n", "has the Architecture ALL, which must be"),
        ("Package: p\nVersion: v1:0\nArchitecture: all\n", "has the Version v1:0, whose epoch"),
        ("Package: p\nVersion: :0\nArchitecture: all\n", "has the Version :0, whose epoch"),
        ("Package: p\nVersion: +1:0\nArchitecture: all\n", "has the Version +1:0, whose epoch"),
        (
            "Package: p\nVersion: 2147483648:0\nArchitecture: all\n",
            "has the Version 2147483648:0, whose epoch",
        ),
    ];
    for (text, reason) in table {
        let refusal = refusal(text);
        assert!(refusal.starts_with(&format!("the control file {reason}")), "{text:?}: {refusal}");
    }
}

#[test]
fn bytes_that_are_no_utf_8_are_not_repaired_in_what_names_the_package() {
    for field in ["Package", "Version", "Architecture"] {
        let text = HEAD.replace(&format!("{field}: "), &format!("{field}: \u{1}"));
        let bytes: Vec<u8> = text.bytes().map(|b| if b == 1 { 0xFF } else { b }).collect();
        assert_eq!(refusal(bytes), format!("the control file has a {field} that cannot be read as text"));
    }
}

#[test]
fn a_control_file_of_64_kib_is_read_and_one_byte_more_is_refused() {
    let own = |size: usize| format!("{HEAD}X-Own: {}\n", "x".repeat(size - HEAD.len() - 8));
    assert_eq!(own(MAX_BYTES).len(), MAX_BYTES);
    assert!(read(own(MAX_BYTES).as_bytes()).is_ok());
    assert_eq!(refusal(own(MAX_BYTES + 1)), "the control file is 65537 bytes; at most 65536 may be");
}

#[test]
fn a_control_file_that_repairs_would_swell_is_refused() {
    let bytes = [HEAD.as_bytes(), b"X-Own: ", &vec![0xFF; 40_000], b"\n"].concat();
    assert_eq!(refusal(bytes), "the control file is more than 65536 bytes once it is repaired");
}

#[test]
fn a_nul_byte_anywhere_is_refused() {
    for at in [0, 5, HEAD.len()] {
        let mut bytes = HEAD.as_bytes().to_vec();
        bytes.insert(at, 0);
        assert_eq!(refusal(bytes), "the control file holds a NUL byte");
    }
}

#[test]
fn a_relation_that_would_overrun_a_clients_memory_is_refused() {
    let depends = |size: usize| format!("{HEAD}Depends: a, b | {}\n", "x".repeat(size));
    assert!(read(depends(1024).as_bytes()).is_ok());
    assert!(refusal(depends(1025)).contains("Depends field that names a package in more than 1024 bytes"));
}

#[test]
fn the_largest_epoch_that_clients_order_is_read() {
    assert!(read(HEAD.replace("1.0-r0", "2147483647:1:2").as_bytes()).is_ok());
}

#[test]
fn reserved_names_are_refused_as_such_before_any_other_rule() {
    let table = [
        (HEAD.replace(": p", ": Packages"), "Packages"),
        (HEAD.replace(": p", ": Packages.gz"), "Packages.gz"),
        (HEAD.replace(": p", ": latest"), "latest"),
        (HEAD.replace("1.0-r0", "latest"), "latest"),
        (HEAD.replace("1.0-r0", "by-hash"), "by-hash"),
        (format!("{HEAD}Packages: x\n"), "Packages"),
        (format!("{HEAD}packages.GZ: x\n"), "packages.GZ"),
        (format!("{HEAD}By-Hash: x\n"), "By-Hash"),
        (format!("{HEAD}Latest: x\n"), "Latest"),
    ];
    for (text, name) in table {
        assert_eq!(read(text.as_bytes()), Err(ControlFault::Reserved(name.into())), "{text:?}");
    }
}

#[test]
fn many_fields_are_read_in_time_that_grows_with_them() {
    let many: Vec<String> = (0..6_000).map(|n| format!("{n:x}:{n}\n")).collect();
    let control = read(format!("{HEAD}{}", many.concat()).as_bytes()).unwrap();
    assert_eq!(control.stanza.fields().len(), 6_003);
}

/// A piece of a line, good or bad.
fn piece() -> impl Strategy<Value = Vec<u8>> {
    let snippets: Vec<&'static [u8]> = vec![
        b" ",
        b"\t",
        b".",
        b":",
        b"\r",
        b"\xEF\xBB\xBF",
        b"\xFF",
        b"\x01",
        b"\xC2\x85",
        b"\xC2\xA0",
        b"\xE2\x80\xA8",
        b"a (>=1.0)",
        b",",
        b"|",
        b"(",
        b")",
        b"#",
        b"Package",
        b"Version: 2",
    ];
    prop_oneof![
        8 => prop::sample::select(snippets).prop_map(<[u8]>::to_vec),
        4 => "[a-zA-Z .-]{1,12}".prop_map(String::into_bytes),
        1 => prop::collection::vec(1_u8.., 0..12),
        1 => (1_usize..5000, any::<char>()).prop_map(|(n, c)| c.to_string().repeat(n).into_bytes()),
    ]
}

/// A line with its end, most often a field or what continues one.
fn line() -> impl Strategy<Value = Vec<u8>> {
    let names = vec![
        "Description: ",
        "description:",
        "Depends: ",
        "Conflicts:",
        "Source: ",
        "homepage: ",
        "Version-Info: ",
        "X-Own: ",
        "x-own: ",
        "Size: 1",
        "Tags:",
        "Status: ",
    ];
    let begins = prop_oneof![
        6 => prop::sample::select(names).prop_map(String::from),
        6 => prop::sample::select(vec![" ", "\t", "  ", " ."]).prop_map(String::from),
        1 => Just(String::new()),
    ];
    let ends = prop_oneof![8 => Just("\n"), 1 => Just("\r\n"), 1 => Just("\n\n")];
    (begins, prop::collection::vec(piece(), 0..4), ends)
        .prop_map(|(begin, pieces, end)| [begin.as_bytes(), &pieces.concat(), end.as_bytes()].concat())
}

fn hostile() -> impl Strategy<Value = Vec<u8>> {
    let head = prop_oneof![9 => Just(HEAD), 1 => Just("")];
    (head, prop::collection::vec(line(), 0..16))
        .prop_map(|(head, lines)| [head.as_bytes(), &lines.concat()].concat())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1024))]

    #[test]
    fn whatever_is_read_is_an_index_that_a_client_can_read(bytes in hostile()) {
        let Ok(control) = read(&bytes) else { return Ok(()) };
        let (head, tail) = control.stanza.split();
        let mut text = String::new();
        render_into(&mut text, &head, &Facts { md5: "0a", sha256: "0b", size: 7, filename: "f.ipk" }, &tail);

        prop_assert!(!text.contains(|c: char| c.is_control() && c != '\n' && c != '\t'));
        let entries = index::parse(&text).unwrap();
        prop_assert_eq!(entries.len(), 1);
        prop_assert_eq!(&index::render(&entries), &text);
        let (computed, own): (Vec<_>, Vec<_>) =
            entries[0].fields.iter().cloned().partition(|field| COMPUTED.contains(&field.name.as_str()));
        prop_assert_eq!(own.as_slice(), control.stanza.fields());
        prop_assert_eq!(computed.len(), 4);

        let names: HashSet<String> = own.iter().map(|field| field.name.to_ascii_lowercase()).collect();
        prop_assert_eq!(names.len(), own.len());
        for field in &own {
            prop_assert!(!matches!(known::meaning(&field.name), known::Meaning::Collides(_)), "{}", field.name);
            prop_assert!(!field.value.is_empty());
            prop_assert!(field.value.split('\n').all(|line| line.trim() == line));
            prop_assert!(field.name == "Description" || !field.value.contains('\n'));
            if matches!(field.name.as_str(), "Description" | "Source") {
                let rendered = field.render().len() - field.name.len() - ": \n".len();
                prop_assert!(rendered <= values::MAX_VALUE, "{rendered}");
            }
            if !known::is_relation(&field.name) {
                let longest = field.value.split('\n').map(|line| line.chars().count()).max();
                prop_assert!(longest <= Some(String::from_utf8_lossy(&bytes).chars().count()));
            }
        }
    }

    #[test]
    fn a_repaired_control_file_needs_no_repair(bytes in hostile()) {
        let Ok(control) = read(&bytes) else { return Ok(()) };
        let again = read(control.stanza.render().as_bytes()).unwrap();
        prop_assert_eq!(&again.warnings, &Vec::<String>::new());
        prop_assert_eq!(again.stanza, control.stanza);
    }

    #[test]
    fn a_stanza_is_kept_and_read_back_identically(bytes in hostile()) {
        let Ok(control) = read(&bytes) else { return Ok(()) };
        prop_assert_eq!(Stanza::parse(&control.stanza.render()), Ok(control.stanza));
    }

    #[test]
    fn warnings_always_fit(bytes in hostile()) {
        let Ok(control) = read(&bytes) else { return Ok(()) };
        prop_assert!(control.warnings.len() <= 51);
        for warning in &control.warnings {
            prop_assert!(warning.chars().count() <= 200 && !warning.contains(char::is_control), "{warning:?}");
        }
    }

    #[test]
    fn no_bytes_make_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        let _ = read(&bytes);
    }
}
