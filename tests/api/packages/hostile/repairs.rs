//! What would harm a client and can be repaired: it is repaired, and the record says so.

use super::{Entry, World, control, field, ipk, warned};

/// Fails the test unless a package with these lines is taken with exactly these warnings; answers its stanza.
async fn expect_repaired(world: &World, package: &str, lines: &str, warnings: &[&str]) -> Entry {
    expect_bytes_repaired(world, package, control(package, lines).as_bytes(), warnings).await
}

async fn expect_bytes_repaired(world: &World, package: &str, text: &[u8], warnings: &[&str]) -> Entry {
    let (record, entry) = world.expect_indexed(&ipk(text), package).await;
    assert_eq!(warned(&record), warnings, "{:?}", String::from_utf8_lossy(text));
    assert_eq!(field(&entry, "Version"), "1.0");
    assert_eq!(field(&entry, "Architecture"), "all");
    entry
}

fn names(entry: &Entry) -> Vec<&str> {
    entry.fields.iter().map(|field| field.name.as_str()).collect()
}

/// What every stanza has.
const BARE: [&str; 7] = ["Package", "Version", "Architecture", "MD5Sum", "SHA256sum", "Size", "Filename"];

#[tokio::test]
async fn a_field_that_clients_would_take_for_another_is_dropped() {
    let world = World::start().await;
    for (at, (name, known)) in [
        ("Version-Info", "Version"),
        ("version2", "Version"),
        ("Size-Hint", "Size"),
        ("Package-Type", "Package"),
        ("PackageX", "Package"),
        ("Filename2", "Filename"),
        ("MD5SumX", "MD5Sum"),
        ("SHA256sum-Old", "SHA256sum"),
        ("Architecture-Hint", "Architecture"),
        ("Depends-On", "Depends"),
        ("Pre-Depends-X", "Pre-Depends"),
        ("Description-de", "Description"),
        ("Conffiles.old", "Conffiles"),
        ("Status_", "Status"),
        ("Essential+", "Essential"),
        ("Provides-X", "Provides"),
        ("SourceName", "Source"),
        ("Installed-Size-KiB", "Installed-Size"),
    ]
    .into_iter()
    .enumerate()
    {
        let warning = format!("{name} was dropped: clients would take it for {known}.");
        let lines = format!("{name}: 9.9\n 8.8\n");
        let entry = expect_repaired(&world, &format!("p{at}"), &lines, &[&warning]).await;
        assert_eq!(names(&entry), BARE, "{name}");
    }
}

#[tokio::test]
async fn what_is_computed_or_belongs_to_the_client_is_dropped() {
    let world = World::start().await;
    for (at, (line, name)) in [
        ("Filename: ../../../etc/passwd", "Filename"),
        ("filename: http://elsewhere/x.ipk", "Filename"),
        ("Size: 10737418240", "Size"),
        ("MD5Sum: d41d8cd98f00b204e9800998ecf8427e", "MD5Sum"),
        ("MD5sum: d41d8cd98f00b204e9800998ecf8427e", "MD5Sum"),
        ("SHA256sum: 0", "SHA256sum"),
    ]
    .into_iter()
    .enumerate()
    {
        let warning = format!("{name} was dropped: it is computed from the package itself.");
        let entry = expect_repaired(&world, &format!("c{at}"), &format!("{line}\n"), &[&warning]).await;
        assert_eq!(names(&entry), BARE, "{line}");
    }
    for (at, line) in
        ["Status: install user installed", "Conffiles: /etc/x 0", "Auto-Installed: yes", "Installed-Time: 1"]
            .into_iter()
            .enumerate()
    {
        let name = line.split(':').next().unwrap();
        let warning = format!("{name} was dropped: it belongs to the client that installs the package.");
        let entry = expect_repaired(&world, &format!("s{at}"), &format!("{line}\n"), &[&warning]).await;
        assert_eq!(names(&entry), BARE, "{line}");
    }
}

#[tokio::test]
async fn carriage_returns_and_a_byte_order_mark_are_dropped() {
    let world = World::start().await;
    let ends = "The control file's lines ended with carriage returns, which were dropped.";
    let mark = "The byte order mark at the beginning of the control file was dropped.";
    let text = control("p", "Description: a\n b\n").replace('\n', "\r\n");
    let entry = expect_bytes_repaired(&world, "p", text.as_bytes(), &[ends]).await;
    assert_eq!(field(&entry, "Description"), "a\nb");
    let text = format!("\u{feff}{}", control("q", ""));
    expect_bytes_repaired(&world, "q", text.as_bytes(), &[mark]).await;
    let text = format!("\u{feff}{}", control("r", "")).replace('\n', "\r\n");
    expect_bytes_repaired(&world, "r", text.as_bytes(), &[mark, ends]).await;
}

#[tokio::test]
async fn what_is_no_text_is_replaced() {
    let world = World::start().await;
    let utf8 = "Description held bytes that are no UTF-8; each was replaced by U+FFFD.";
    let controls = "Description held control characters; each was replaced by a space.";
    for (at, (description, said, warnings)) in [
        (&b"a\xffb"[..], "a\u{fffd}b", vec![utf8]),
        (b"\xc0\xaf", "\u{fffd}\u{fffd}", vec![utf8]),
        (b"cut \xe2\x82", "cut \u{fffd}", vec![utf8]),
        (b"a\x01\x1bb", "a  b", vec![controls]),
        (b"a\x7fb", "a b", vec![controls]),
        (b"a\rPackage: evil", "a Package: evil", vec![controls]),
        (b"a\x0bVersion: 9\x0cb", "a Version: 9 b", vec![controls]),
        ("a\u{85}Size: 1".as_bytes(), "a Size: 1", vec![controls]),
        (b"\xff\x01", "\u{fffd}", vec![utf8, controls]),
        ("a\u{2028}Size: 1 \u{1f600}".as_bytes(), "a\u{2028}Size: 1 \u{1f600}", vec![]),
    ]
    .into_iter()
    .enumerate()
    {
        let package = format!("p{at}");
        let text = [control(&package, "Description: ").as_bytes(), description, b"\n"].concat();
        let entry = expect_bytes_repaired(&world, &package, &text, &warnings).await;
        assert_eq!(field(&entry, "Description"), said);
    }
}

#[tokio::test]
async fn a_description_has_at_most_8192_bytes() {
    let world = World::start().await;
    let cut = "Description was cut: it was longer than 8192 bytes.";
    let most = "d".repeat(8192);
    let entry = expect_repaired(&world, "a", &format!("Description: {most}\n"), &[]).await;
    assert_eq!(field(&entry, "Description"), most);
    let entry = expect_repaired(&world, "b", &format!("Description: {most}d\n"), &[cut]).await;
    assert_eq!(field(&entry, "Description"), most);
    // Of several lines, as they stand in the index.
    let half = "d".repeat(4095);
    let entry = expect_repaired(&world, "c", &format!("Description: {half}\n {half}\n"), &[]).await;
    assert_eq!(field(&entry, "Description"), format!("{half}\n{half}"));
    let entry = expect_repaired(&world, "d", &format!("Description: {half}\n {half}d\n"), &[cut]).await;
    assert!(field(&entry, "Description").len() <= 8191);
    // Never in the middle of a character.
    let entry = expect_repaired(&world, "e", &format!("Description: {}\n", "é".repeat(5000)), &[cut]).await;
    assert_eq!(field(&entry, "Description"), "é".repeat(4096));
    let line = world.get("/beta/dev1/b/latest/Description").await.expect(200);
    assert_eq!(line.bytes.len(), "Description: \n".len() + 8192);
}

#[tokio::test]
async fn a_source_of_more_than_8192_bytes_is_dropped() {
    let world = World::start().await;
    let most = "s".repeat(8192);
    let entry = expect_repaired(&world, "a", &format!("Source: {most}\n"), &[]).await;
    assert_eq!(field(&entry, "Source"), most);
    let dropped = "Source was dropped: it is 8193 bytes, more than 8192.";
    let entry = expect_repaired(&world, "b", &format!("Source: {most}s\n"), &[dropped]).await;
    assert_eq!(names(&entry), BARE);
}

#[tokio::test]
async fn a_second_stanza_never_reaches_the_index() {
    let world = World::start().await;
    let evil = "Package: evil\nVersion: 99\nArchitecture: all\nFilename: evil.ipk\n";
    let after = "Everything after line 4, which is blank, was dropped.";
    expect_repaired(&world, "a", &format!("\n{evil}"), &[after]).await;
    // A line of white space goes on with the description, and so does what looks like a field behind white space.
    let text = "Description: x\n \n\tPackage: evil\n .\n  Version: 99\n";
    let entry = expect_repaired(&world, "b", text, &[]).await;
    assert_eq!(field(&entry, "Description"), "x\n\nPackage: evil\n\nVersion: 99");
    let orphan = "Line 1 continues no field and was dropped.";
    let text = format!(" Package: evil\n{}", control("c", ""));
    expect_bytes_repaired(&world, "c", text.as_bytes(), &[orphan]).await;
    let entries = world.expect_clean_index("/beta/dev1").await;
    assert!(entries.iter().all(|entry| field(entry, "Package") != "evil"));
    world.get("/beta/dev1/evil").await.expect(404);
}

#[tokio::test]
async fn lines_and_fields_that_say_nothing_are_dropped() {
    let world = World::start().await;
    let table: [(&str, &[&str], &[&str]); 9] = [
        ("what is this\n", &["Line 4 (what is this) is no field and was dropped."], &[]),
        ("A B: x\n", &["Line 4 was dropped: \"A B\" is no name for a field."], &[]),
        (": x\n", &["Line 4 was dropped: \"\" is no name for a field."], &[]),
        ("Größe: x\n", &["Line 4 was dropped: \"Größe\" is no name for a field."], &[]),
        ("Section:\n", &["Section was dropped: it is empty."], &[]),
        ("Depends: , ,\n", &["Depends was dropped: it names no package."], &[]),
        (
            "Section: a\nsection: b\n",
            &["Section stands more than once; the last was kept, as clients do."],
            &["Section"],
        ),
        ("Priority: a\n b\n", &["Priority had several lines, which were joined."], &["Priority"]),
        ("X-Own: 1\nX-Own2: 2\n", &[], &["X-Own", "X-Own2"]),
    ];
    for (at, (lines, warnings, kept)) in table.into_iter().enumerate() {
        let entry = expect_repaired(&world, &format!("p{at}"), lines, warnings).await;
        let extra: Vec<&str> = names(&entry).into_iter().filter(|name| !BARE.contains(name)).collect();
        assert_eq!(extra, kept, "{lines:?}");
    }
}

#[tokio::test]
async fn relations_are_written_as_every_client_reads_them() {
    let world = World::start().await;
    let said = "Depends was rewritten in the form that clients read.";
    for (at, (value, written, warnings)) in [
        ("a (>= 1.0), b", "a (>= 1.0), b", vec![]),
        ("a,b ,c", "a, b, c", vec![]),
        ("a(>=1.0)", "a (>= 1.0)", vec![said]),
        ("a (>=1.0),b|c", "a (>= 1.0), b | c", vec![said]),
        ("a,\n b", "a, b", vec![]),
        (",a,,b,", "a, b", vec![said]),
    ]
    .into_iter()
    .enumerate()
    {
        let entry =
            expect_repaired(&world, &format!("p{at}"), &format!("Depends: {value}\n"), &warnings).await;
        assert_eq!(field(&entry, "Depends"), written);
    }
}
