//! Indexes: what is read and what is written are the same.

use shared::ipkg::index::{IndexFault, entries, parse, render};
use shared::ipkg::stanza::Stanza;

/// Reads `data` as an index a stanza at a time; how many there are.
pub fn read(data: &[u8]) -> usize {
    std::str::from_utf8(data).map_or(0, |text| entries(text).flatten().count())
}

/// Checks what becomes of `data` as an index; what is no UTF-8 cannot be one.
pub fn check(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    match parse(text) {
        Ok(entries) => {
            assert_eq!(read(data), entries.len(), "{text:?}");
            let rendered = render(&entries);
            // White space is all that may be lost, and it never grows.
            assert!(rendered.len() <= text.len() + text.matches('\n').count(), "{text:?}");
            assert_eq!(parse(&rendered).as_ref(), Ok(&entries), "{text:?}");
            for entry in entries {
                assert!(!entry.fields.is_empty(), "{text:?}");
                let stanza = Stanza::new(entry.fields);
                assert_eq!(Stanza::parse(&stanza.render()).as_ref(), Ok(&stanza), "{text:?}");
            }
        }
        Err(
            IndexFault::NoField(line)
            | IndexFault::Orphan(line)
            | IndexFault::ControlCharacter(line)
            | IndexFault::TooLarge(line),
        ) => {
            assert!((1..=text.split('\n').count()).contains(&line), "line {line} of {text:?}");
        }
        Err(IndexFault::Cut) => assert!(!text.ends_with("\n\n"), "{text:?}"),
        Err(IndexFault::NotOneStanza) => panic!("no single stanza was asked for: {text:?}"),
    }
}
