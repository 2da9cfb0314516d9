//! Every rule of what a control file becomes, one by one.

use super::values::MAX_VALUE;
use super::*;

const HEAD: &str = "Package: p\nVersion: 1.0-r0\nArchitecture: all\n";

fn with(more: &str) -> Control {
    read(format!("{HEAD}{more}").as_bytes()).unwrap()
}

/// What stands for the value of a field that is not there.
const ABSENT: &str = "(absent)";

/// The value and the warnings that `more` gives to the field `name`.
fn value(name: &str, more: &str) -> (String, Vec<String>) {
    let control = with(more);
    let value = control.stanza.get(name).map_or(ABSENT, |field| &field.value);
    (value.to_owned(), control.warnings)
}

fn text(value: &str) -> String {
    value.to_owned()
}

fn none() -> Vec<String> {
    Vec::new()
}

#[test]
fn a_plain_control_file_is_read_without_a_warning() {
    let control = with("Description: A thing\n that does\n .\n things\nX-Own: mine\n");
    assert_eq!((control.package.as_str(), control.version.as_str()), ("p", "1.0-r0"));
    assert_eq!(control.architecture.as_str(), "all");
    assert_eq!(
        control.stanza.render(),
        format!("{HEAD}Description: A thing\n that does\n .\n things\nX-Own: mine\n")
    );
    assert_eq!(control.warnings, none());
}

#[test]
fn a_last_line_without_its_line_feed_counts() {
    assert_eq!(value("Section", "Section: base"), (text("base"), none()));
}

#[test]
fn blank_lines_before_and_behind_the_stanza_are_nothing() {
    let control = read(format!("\n \n\r\n{HEAD}\n\n \n").as_bytes()).unwrap();
    assert_eq!(control.stanza.render(), HEAD);
    assert!(!control.warnings.iter().any(|warning| warning.contains("blank")), "{:?}", control.warnings);
}

#[test]
fn whatever_follows_a_blank_line_is_dropped() {
    let control = with("\nSection: base\n");
    assert_eq!(control.stanza.get("Section"), None);
    assert_eq!(control.warnings, ["Everything after line 4, which is blank, was dropped."]);
}

#[test]
fn a_byte_order_mark_is_dropped() {
    let control = read(format!("\u{feff}{HEAD}").as_bytes()).unwrap();
    assert_eq!(control.stanza.render(), HEAD);
    assert_eq!(control.warnings, ["The byte order mark at the beginning of the control file was dropped."]);
}

#[test]
fn carriage_returns_at_the_ends_of_lines_are_dropped() {
    let control = read(format!("{HEAD}Description: a\n b\n").replace('\n', "\r\n").as_bytes()).unwrap();
    assert_eq!(control.stanza.render(), format!("{HEAD}Description: a\n b\n"));
    assert_eq!(
        control.warnings,
        ["The control file's lines ended with carriage returns, which were dropped."]
    );
}

#[test]
fn a_lone_carriage_return_ends_no_line() {
    let (section, warnings) = value("Section", "Section: a\rDepends: b\n");
    assert_eq!(section, text("a Depends: b"));
    assert_eq!(warnings, ["Section held control characters; each was replaced by a space."]);
}

#[test]
fn bytes_that_are_no_utf_8_become_replacement_characters() {
    let control = read(&[HEAD.as_bytes(), b"Maintainer: J\xF6rg\n"].concat()).unwrap();
    assert_eq!(control.stanza.get("Maintainer").unwrap().value, "J\u{fffd}rg");
    assert_eq!(control.warnings, ["Maintainer held bytes that are no UTF-8; each was replaced by U+FFFD."]);
}

#[test]
fn control_characters_become_spaces_and_a_tab_stays() {
    let (own, warnings) = value("X-Own", "X-Own: a\x07b\u{85}c\x7fd\n");
    assert_eq!(own, text("a b c d"));
    assert_eq!(warnings, ["X-Own held control characters; each was replaced by a space."]);
    assert_eq!(value("X-Own", "X-Own:\ta\tb\t\n"), (text("a\tb"), none()));
}

#[test]
fn a_line_that_is_no_field_is_dropped_with_what_continues_it() {
    let (section, warnings) = value("Section", "Section: base\n# a comment\n more of it\n");
    assert_eq!(section, text("base"));
    assert_eq!(warnings, ["Line 5 (# a comment) is no field and was dropped."]);
}

#[test]
fn a_control_character_does_not_make_a_continuation() {
    let (section, warnings) = value("Section", "Section: base\n\x01more\n");
    assert_eq!(section, text("base"));
    assert_eq!(warnings, ["Line 5 (more) is no field and was dropped."]);
}

#[test]
fn a_continuation_before_any_field_is_dropped() {
    let control = read(format!(" lost\n{HEAD}").as_bytes()).unwrap();
    assert_eq!(control.stanza.render(), HEAD);
    assert_eq!(control.warnings, ["Line 1 continues no field and was dropped."]);
}

#[test]
fn malformed_field_names_are_dropped() {
    for name in ["", "Section ", "-Dash", "A B", "Ä", "a/b", "#c", &"x".repeat(129)] {
        let control = with(&format!("{name}: v\n goes with it\n"));
        assert_eq!(control.stanza.render(), HEAD, "{name:?}");
        assert_eq!(control.warnings.len(), 1, "{:?}", control.warnings);
        assert!(control.warnings[0].contains("is no name for a field"), "{:?}", control.warnings);
    }
}

#[test]
fn of_a_field_that_stands_twice_the_last_is_kept() {
    let (section, warnings) = value("Section", "Section: a\nsection: b\nSECTION: c\n");
    assert_eq!(section, text("c"));
    assert_eq!(warnings, vec!["Section stands more than once; the last was kept, as clients do."; 2]);
    assert_eq!(value("x-own", "X-Own: a\nx-own: b\n").0, text("b"));
}

#[test]
fn a_field_whose_last_occurrence_is_empty_is_dropped() {
    let (depends, warnings) = value("Depends", "Depends: a\nDepends:\n");
    assert_eq!(depends, ABSENT);
    assert_eq!(warnings.len(), 2, "{warnings:?}");
}

#[test]
fn empty_values_are_dropped() {
    for empty in ["", " ", "\t\n ", "\n .\n \n"] {
        let (essential, warnings) = value("Essential", &format!("Essential:{empty}\n"));
        assert_eq!(essential, ABSENT);
        assert_eq!(warnings, ["Essential was dropped: it is empty."]);
    }
}

#[test]
fn known_names_get_the_spelling_that_clients_read() {
    let control = with("homepage: h\nDESCRIPTION: d\npre-depends: a\noe: o\ninstalled-size: 1\n");
    let names: Vec<&str> = control.stanza.fields().iter().map(|field| field.name.as_str()).collect();
    assert_eq!(names[3..], ["Description", "OE", "HomePage", "Pre-Depends", "Installed-Size"]);
    assert_eq!(control.warnings, none());
}

#[test]
fn a_name_that_begins_with_a_known_one_is_dropped() {
    let known =
        ["Version-Info", "Size-Hint", "Package-Type", "sourceName", "Essentially", "OEM", "LicenseFiles"];
    for name in known.into_iter().chain(["Filename-2", "MD5Sum2", "Installed-Size-Hint", "Conffiles-Old"]) {
        let control = with(&format!("{name}: v\n"));
        assert_eq!(control.stanza.render(), HEAD, "{name}");
        assert!(control.warnings[0].starts_with(&format!("{name} was dropped: clients would take it for")));
    }
    assert_eq!(value("X-Version", "X-Version: v\n"), (text("v"), none()));
}

#[test]
fn computed_fields_are_dropped() {
    let control = with("Filename: ../x\nsize: 1\nMD5sum: 0\nSHA256Sum: 0\n");
    assert_eq!(control.stanza.render(), HEAD);
    assert_eq!(control.warnings.len(), 4, "{:?}", control.warnings);
    assert_eq!(control.warnings[2], "MD5Sum was dropped: it is computed from the package itself.");
}

#[test]
fn a_clients_own_state_is_dropped() {
    let state =
        "Status: install ok installed\nInstalled-Time: 1\nAuto-Installed: yes\nConffiles:\n /etc/x 0\n";
    let control = with(state);
    assert_eq!(control.stanza.render(), HEAD);
    assert_eq!(control.warnings.len(), 4, "{:?}", control.warnings);
}

#[test]
fn a_description_keeps_its_lines_each_trimmed() {
    let (description, warnings) = value("Description", "Description:  a \n   b\t\n\tc\n .\n  \n d\n .\n");
    assert_eq!(description, text("a\nb\nc\n\n\nd"));
    assert_eq!(warnings, none());
}

#[test]
fn a_description_without_a_summary_begins_with_its_first_line() {
    assert_eq!(value("Description", "Description:\n .\n a\n b\n"), (text("a\nb"), none()));
}

#[test]
fn other_folded_fields_become_one_line() {
    let (tags, warnings) = value("Tags", "Tags: a\n b\n .\n\tc\n");
    assert_eq!(tags, text("a b c"));
    assert_eq!(warnings, ["Tags had several lines, which were joined."]);
}

#[test]
fn a_description_of_8192_bytes_stays_and_one_of_8193_is_cut() {
    let long = "x".repeat(MAX_VALUE);
    assert_eq!(value("Description", &format!("Description: {long}\n")), (long.clone(), none()));
    let (cut, warnings) = value("Description", &format!("Description: {long}y\n"));
    assert_eq!(cut, long);
    assert_eq!(warnings, ["Description was cut: it was longer than 8192 bytes."]);
}

#[test]
fn a_long_description_is_cut_between_lines_and_its_rendered_size_counts() {
    let line = "y".repeat(98);
    let (description, warnings) =
        value("Description", &format!("Description: s\n{}", format!(" {line}\n").repeat(90)));
    // 1 + 81 × 100 is 8101; one line more would be 8201.
    assert_eq!(description, format!("s{}", format!("\n{line}").repeat(81)));
    assert_eq!(warnings.len(), 1);
    let (empty_lines, _) = value("Description", &format!("Description: s\n{} e\n", " .\n".repeat(2800)));
    assert_eq!(empty_lines, text("s"));
}

#[test]
fn a_description_is_never_cut_within_a_character() {
    let (description, _) = value("Description", &format!("Description: s\n {}\n", "€".repeat(4000)));
    assert_eq!(description, format!("s\n{}", "€".repeat((MAX_VALUE - 3) / 3)));
}

#[test]
fn a_cut_leaves_no_line_that_would_read_as_empty() {
    let (description, _) = value("Description", &format!("Description: s\n .{}x\n", " ".repeat(MAX_VALUE)));
    assert_eq!(description, text("s"));
}

#[test]
fn a_source_of_8193_bytes_is_dropped_whole() {
    let long = "x".repeat(MAX_VALUE);
    assert_eq!(value("Source", &format!("Source: {long}\n")), (long.clone(), none()));
    let (source, warnings) = value("Source", &format!("Source: {long}y\n"));
    assert_eq!(source, ABSENT);
    assert_eq!(warnings, ["Source was dropped: it is 8193 bytes, more than 8192."]);
}

#[test]
fn relations_are_written_as_clients_read_them() {
    let rewritten = [
        ("a(>=1.0)", "a (>= 1.0)"),
        ("a  ( >= 1.0 ),b", "a (>= 1.0), b"),
        ("a|b (<<2)", "a | b (<< 2)"),
        ("a (= 1:2~b-r1)", "a (= 1:2~b-r1)"),
        ("a,,b,", "a, b"),
        ("a | , b", "a, b"),
        ("a (>= 1.0", "a (>= 1.0"),
        ("a (1.0)", "a (1.0)"),
        ("a (>= )", "a (>= )"),
        ("a (==1)", "a (==1)"),
        ("a (>=1 2)", "a (>=1 2)"),
        ("a b (>=1)", "a b (>=1)"),
        ("(>=1)", "(>=1)"),
        ("a*", "a*"),
    ];
    for (given, wanted) in rewritten {
        for name in [
            "Depends",
            "Pre-Depends",
            "Provides",
            "Replaces",
            "Conflicts",
            "Suggests",
            "Recommends",
            "Enhances",
            "Breaks",
        ] {
            assert_eq!(value(name, &format!("{name}: {given}\n")).0, text(wanted), "{name}: {given}");
        }
    }
    assert_eq!(value("Section", "Section: a(>=1.0)\n"), (text("a(>=1.0)"), none()));
}

#[test]
fn a_rewritten_relation_is_warned_of_unless_only_space_around_commas_changed() {
    for same in ["a , b,c (>= 1.0)", "a,\n b,\n  c (>= 1.0)"] {
        assert_eq!(value("Depends", &format!("Depends: {same}\n")), (text("a, b, c (>= 1.0)"), none()));
    }
    for changed in ["a(>= 1.0)", "a,,b", "a|b", "a  (>= 1.0)"] {
        let (_, warnings) = value("Depends", &format!("Depends: {changed}\n"));
        assert_eq!(warnings, ["Depends was rewritten in the form that clients read."], "{changed}");
    }
}

#[test]
fn a_relation_that_names_nothing_is_dropped() {
    assert_eq!(value("Depends", "Depends: , |\n").0, ABSENT);
}

#[test]
fn warnings_are_few_and_short() {
    let control = with(&format!("{}: v\n", "ß".repeat(500)).repeat(60));
    assert_eq!(control.warnings.len(), 51);
    assert_eq!(control.warnings[50], "and 10 more");
    assert!(control.warnings.iter().all(|warning| warning.chars().count() <= 200));
}
