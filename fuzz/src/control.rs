//! Control files: what is read becomes a stanza that clients read, and that is read again as the same.

use shared::ipkg::control::{self, Control, ControlFault, MAX_BYTES};
use shared::ipkg::index::{self, Entry};
use shared::ipkg::stanza::Stanza;

/// Largest value of a Description or Source in an index, in bytes.
const MAX_VALUE: usize = 8192;

/// How many sentences of warning there may be, and how many characters each may have.
const MAX_WARNINGS: (usize, usize) = (51, 200);

/// Beginnings of lines by which clients know a field, whatever follows them (opkg compares with `strncmp`).
const PREFIXES: [&str; 30] = [
    "package",
    "version",
    "depends",
    "provides",
    "replaces",
    "conflicts",
    "suggests",
    "recommends",
    "section",
    "architecture",
    "maintainer",
    "md5sum",
    "sha256sum",
    "size",
    "filename",
    "source",
    "description",
    "oe",
    "homepage",
    "license",
    "priority",
    "tags",
    "abiversion",
    "alternatives",
    "auto-installed",
    "conffiles",
    "essential",
    "installed-size",
    "installed-time",
    "status",
];

/// Those of [`PREFIXES`] that no control file may decide.
const NEVER: [&str; 8] =
    ["md5sum", "sha256sum", "size", "filename", "auto-installed", "conffiles", "installed-time", "status"];

/// Checks what becomes of `data` as a control file.
pub fn check(data: &[u8]) {
    match control::read(data) {
        Ok(control) => {
            check_warnings(&control.warnings);
            check_lines(&control.stanza.render());
            check_identity(&control);
            check_again(&control);
        }
        Err(ControlFault::Malformed(reason) | ControlFault::Reserved(reason)) => check_sentence(&reason, 400),
    }
}

fn check_sentence(sentence: &str, most: usize) {
    assert!(!sentence.is_empty() && sentence.chars().count() <= most, "{sentence:?}");
    assert!(!sentence.contains(char::is_control), "{sentence:?}");
}

fn check_warnings(warnings: &[String]) {
    let (most, longest) = MAX_WARNINGS;
    assert!(warnings.len() <= most, "{} warnings", warnings.len());
    for warning in warnings {
        check_sentence(warning, longest);
    }
}

/// Reads a stanza as the simplest client would.
fn check_lines(text: &str) {
    assert!(text.len() <= MAX_BYTES, "{} bytes", text.len());
    let mut met = Vec::new();
    for line in text.split_terminator('\n') {
        assert!(!line.is_empty() && line.trim_end() == line, "{line:?}");
        assert!(!line.contains(|c: char| c.is_control() && c != '\t'), "{line:?}");
        if let Some(more) = line.strip_prefix(' ') {
            assert!(more.trim_start() == more && !met.is_empty(), "{line:?}");
            continue;
        }
        let Some((name, _)) = line.split_once(':') else { panic!("no field: {line:?}") };
        let name = name.to_ascii_lowercase();
        for known in PREFIXES.into_iter().filter(|known| name.starts_with(known)) {
            assert!(name == known && !NEVER.contains(&known), "{line:?} is taken for {known}");
        }
        assert!(!met.contains(&name), "{name} stands twice");
        met.push(name);
    }
}

fn check_identity(control: &Control) {
    let value = |name| control.stanza.get(name).map(|field| field.value.as_str());
    assert_eq!(value("Package"), Some(control.package.as_str()));
    assert_eq!(value("Version"), Some(control.version.as_str()));
    assert_eq!(value("Architecture"), Some(control.architecture.as_str()));
    for name in ["Description", "Source"] {
        let size = control.stanza.get(name).map_or(0, |field| field.render().len());
        assert!(size <= name.len() + ": \n".len() + MAX_VALUE, "{name} takes {size} bytes");
    }
}

/// The stanza is read back the same, as an index, as a stanza and as a control file.
fn check_again(control: &Control) {
    let text = control.stanza.render();
    assert_eq!(Stanza::parse(&text).as_ref(), Ok(&control.stanza));
    let entry = Entry { fields: control.stanza.fields().to_vec() };
    assert_eq!(index::render(std::slice::from_ref(&entry)), format!("{text}\n"));
    assert_eq!(index::parse(&format!("{text}\n")), Ok(vec![entry]));
    let expected = Control { warnings: Vec::new(), ..control.clone() };
    assert_eq!(control::read(text.as_bytes()), Ok(expected));
}
