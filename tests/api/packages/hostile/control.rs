//! Control files that leave it unclear which package this is: refused, with the reason.

use super::{World, control, ipk};

const MALFORMED: &str = "package_malformed";

#[tokio::test]
async fn a_control_file_that_does_not_say_which_package_it_is_is_refused() {
    let world = World::start().await;
    for (text, reason) in [
        ("", "has no Package field"),
        ("no field at all", "has no Package field"),
        ("Version: 1\nArchitecture: all\n", "has no Package field"),
        ("Package: p\nArchitecture: all\n", "has no Version field"),
        ("Package: p\nVersion: 1\n", "has no Architecture field"),
        ("Package: p\n\nVersion: 1\nArchitecture: all\n", "has no Version field"),
        ("Package: p\nPackage: q\nVersion: 1\nArchitecture: all\n", "more than one Package"),
        ("Package: p\nVersion: 1\nVERSION: 2\nArchitecture: all\n", "more than one Version"),
        ("Package: p\nVersion: 1\nArchitecture: all\narchitecture: x\n", "more than one Architecture"),
        ("Package:\nVersion: 1\nArchitecture: all\n", "Package that is empty"),
        ("Package: p\n q\nVersion: 1\nArchitecture: all\n", "more than one line"),
        ("Package: p\nVersion: 1\n 2\nArchitecture: all\n", "more than one line"),
        ("Package: ../../etc\nVersion: 1\nArchitecture: all\n", "Package"),
        ("Package: a b\nVersion: 1\nArchitecture: all\n", "Package"),
        ("Package: a%2fb\nVersion: 1\nArchitecture: all\n", "Package"),
        ("Package: \u{fc}\nVersion: 1\nArchitecture: all\n", "Package"),
        ("Package: -p\nVersion: 1\nArchitecture: all\n", "Package"),
        ("Package: p\nVersion: 1/2\nArchitecture: all\n", "Version"),
        ("Package: p\nVersion: ..\nArchitecture: all\n", "Version"),
        ("Package: p\nVersion: 1 2\nArchitecture: all\n", "Version"),
        ("Package: p\nVersion: 99999999999:1\nArchitecture: all\n", "epoch"),
        ("Package: p\nVersion: -1:1\nArchitecture: all\n", "epoch"),
        ("Package: p\nVersion: a:1\nArchitecture: all\n", "epoch"),
        ("Package: p\nVersion: 1\nArchitecture: ALL\n", "Architecture"),
        ("Package: p\nVersion: 1\nArchitecture: a/b\n", "Architecture"),
        ("Package: p\nVersion: 1\nArchitecture: all armv7\n", "Architecture"),
        ("Package: p\rVersion: 1\rArchitecture: all\r", "cannot be read as text"),
        ("Package: p\u{1b}[2J\nVersion: 1\nArchitecture: all\n", "cannot be read as text"),
    ] {
        let detail = world.expect_refused(&ipk(text.as_bytes()), MALFORMED, reason).await;
        assert!(detail.starts_with("the package cannot be used: the control file "), "{detail}");
    }
    let long = format!("Package: {}\nVersion: 1\nArchitecture: all\n", "p".repeat(129));
    world.expect_refused(&ipk(long.as_bytes()), MALFORMED, "at most 128").await;
}

#[tokio::test]
async fn nul_bytes_and_bytes_that_are_no_utf_8_are_refused_where_they_matter() {
    let world = World::start().await;
    for text in [
        &b"Package: p\0q\nVersion: 1\nArchitecture: all\n"[..],
        b"Package: p\nVersion: 1\nArchitecture: all\nDescription: a\0b\n",
        b"Package: p\nVersion: 1\nArchitecture: all\n\0",
        b"P\0a\0c\0k\0a\0g\0e\0:\0 \0p\0",
    ] {
        world.expect_refused(&ipk(text), MALFORMED, "holds a NUL byte").await;
    }
    for text in [
        &b"Package: p\xff\nVersion: 1\nArchitecture: all\n"[..],
        b"Package: p\nVersion: 1\xc0\xaf\nArchitecture: all\n",
        b"Package: p\nVersion: 1\nArchitecture: \xed\xa0\x80\n",
    ] {
        world.expect_refused(&ipk(text), MALFORMED, "cannot be read as text").await;
    }
}

#[tokio::test]
async fn a_relation_that_overruns_a_clients_memory_is_refused() {
    let world = World::start().await;
    let names = ["Depends", "Pre-Depends", "Provides", "Conflicts", "Replaces", "Recommends", "Suggests"];
    for name in names {
        let text = control("p", &format!("{name}: a, {}\n", "b".repeat(1025)));
        let detail = world.expect_refused(&ipk(text.as_bytes()), MALFORMED, "more than 1024 bytes").await;
        assert!(detail.contains(name), "{detail}");
    }
    let text = control("p", &format!("Depends: {}\n", "b".repeat(1024)));
    world.expect_indexed(&ipk(text.as_bytes()), "p").await;
}
