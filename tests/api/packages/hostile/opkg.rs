//! How opkg's clients read an index, in a few lines: by the beginnings of lines, without looking for the colon, and the
//! last one counts. (Written from what was seen of them, not from their code.)

use std::collections::HashMap;

use shared::ipkg::index::Entry;

use super::field;

/// The fields that one client or another knows, those first that begin with another.
const KNOWN: [&str; 34] = [
    "ABIVersion",
    "Alternatives",
    "Architecture",
    "Auto-Installed",
    "Breaks",
    "Conffiles",
    "Conflicts",
    "Depends",
    "Description",
    "Enhances",
    "Essential",
    "Filename",
    "Installed-Size",
    "Installed-Time",
    "MD5Sum:",
    "MD5sum:",
    "Maintainer",
    "Package",
    "Pre-Depends",
    "Priority",
    "Provides",
    "Recommends",
    "Replaces",
    "SHA256sum",
    "Section",
    "Size",
    "Source",
    "Status",
    "Suggests",
    "Tags",
    "Version",
    "License",
    "HomePage",
    "OE",
];

/// What a package's own index entry must never decide.
const STATE: [&str; 4] = ["Auto-Installed", "Conffiles", "Installed-Time", "Status"];

/// One package as a client ends up with it.
type Seen = HashMap<&'static str, String>;

fn read(text: &str) -> Vec<Seen> {
    let mut all = Vec::new();
    let mut seen = Seen::new();
    let mut last = None;
    for line in text.split('\n') {
        if line.is_empty() {
            if !seen.is_empty() {
                all.push(std::mem::take(&mut seen));
            }
            last = None;
        } else if line.starts_with(' ') {
            // Only a Description goes on; of anything else the rest would be lost.
            assert_eq!(last, Some("Description"), "{line:?}");
            let whole = seen.get_mut("Description").unwrap();
            whole.push('\n');
            whole.push_str(line);
        } else {
            last = KNOWN.iter().copied().find(|known| line.starts_with(known));
            let Some(known) = last else { continue };
            let name = known.trim_end_matches(':');
            let value = line[name.len() + 1..].trim();
            let before = seen.insert(known, value.to_owned());
            assert_eq!(before, None, "{known} is overwritten in {text}");
        }
    }
    assert!(seen.is_empty(), "a stanza without its end");
    all
}

/// Fails the test unless such a client sees in an index what stands there by its fields' whole names.
pub(super) fn expect_read_alike(text: &str, entries: &[Entry]) {
    assert!(!text.contains('\r') && !text.contains('\0') && !text.starts_with('\u{feff}'));
    let seen = read(text);
    assert_eq!(seen.len(), entries.len());
    for (seen, entry) in seen.iter().zip(entries) {
        for name in ["Package", "Version", "Architecture", "Filename", "Size", "SHA256sum"] {
            assert_eq!(seen[name], field(entry, name), "{name}");
            assert!(!seen[name].is_empty(), "{name}");
        }
        assert_eq!(seen["MD5Sum:"], field(entry, "MD5Sum"));
        for name in STATE {
            assert!(!seen.contains_key(name), "{name}");
        }
        assert!(seen["Size"].bytes().all(|byte| byte.is_ascii_digit()));
        for (name, length) in [("MD5Sum:", 32), ("SHA256sum", 64)] {
            let value = &seen[name];
            assert!(
                value.len() == length
                    && value.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
            );
        }
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"._~+/-".contains(&byte);
        assert!(
            seen["Filename"].bytes().all(plain) && !seen["Filename"].starts_with('/'),
            "{}",
            seen["Filename"]
        );
        assert!(
            !seen["Filename"].split('/').any(|part| part == ".." || part.is_empty()),
            "{}",
            seen["Filename"]
        );
        for name in ["Description", "Source"] {
            assert!(seen.get(name).is_none_or(|value| value.len() <= 8192), "{name} overruns an old client");
        }
    }
}

#[test]
fn the_model_is_fooled_as_the_clients_are() {
    let fooled = read("Package: a\nVersion: 1\nPackage-Type: x\n\n".replace("Package: a\n", "").as_str());
    assert_eq!(fooled[0]["Package"], "Type: x");
    let overwritten = || read("Version: 1\nVersion-Info: 9\n\n");
    assert!(std::panic::catch_unwind(overwritten).is_err());
}
