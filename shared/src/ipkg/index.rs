//! Whole indexes as text: what opkg fetches as `Packages`.
//!
//! Strict, since it reads what this service wrote: whatever another hand wrote goes through `control` first.

use super::control::MAX_BYTES;
use super::stanza::Field;

/// How many bytes the lines of one stanza may have, which is more than any that this service writes.
const MAX_STANZA: usize = 2 * MAX_BYTES;

/// One package of an index: every field as it stands, in its order, the computed ones included.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The fields.
    pub fields: Vec<Field>,
}

/// Why a text is no index; lines are counted from 1.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum IndexFault {
    /// A line is neither a field, nor a continuation of one, nor blank.
    #[error("line {0} is no field")]
    NoField(usize),
    /// A continuation line has no field to continue.
    #[error("line {0} continues no field")]
    Orphan(usize),
    /// A line holds a control character, such as a carriage return.
    #[error("line {0} holds a control character")]
    ControlCharacter(usize),
    /// A stanza has become larger than 128 KiB in this line.
    #[error("the stanza of line {0} is larger than {MAX_STANZA} bytes")]
    TooLarge(usize),
    /// The text ends before the blank line that ends its last stanza.
    #[error("the last stanza has no end")]
    Cut,
    /// A single stanza was expected.
    #[error("there is more than one stanza")]
    NotOneStanza,
}

/// Reads an index; a fault if any of it is not what [`render`] writes, save for white space.
pub fn parse(text: &str) -> Result<Vec<Entry>, IndexFault> {
    entries(text).collect()
}

/// Reads an index as [`parse`] does, a stanza at a time, so that no more than one is held; nothing follows a fault.
pub fn entries(text: &str) -> impl Iterator<Item = Result<Entry, IndexFault>> {
    let cut = (!text.is_empty() && !text.ends_with("\n\n")).then_some(Err(IndexFault::Cut));
    let text = if cut.is_some() { "" } else { text };
    cut.into_iter().chain(stanzas(text))
}

/// Reads the fields of one stanza, with or without the blank line that ends it; none of an empty text.
pub(super) fn parse_one(text: &str) -> Result<Vec<Field>, IndexFault> {
    if !text.is_empty() && !text.ends_with('\n') {
        return Err(IndexFault::Cut);
    }
    let mut stanzas = stanzas(text);
    let first = stanzas.next().transpose()?.map(|entry| entry.fields).unwrap_or_default();
    if stanzas.next().transpose()?.is_none() { Ok(first) } else { Err(IndexFault::NotOneStanza) }
}

fn stanzas(text: &str) -> impl Iterator<Item = Result<Entry, IndexFault>> {
    let mut lines = text.split('\n').zip(1..);
    let mut failed = false;
    std::iter::from_fn(move || {
        if failed {
            return None;
        }
        let stanza = stanza(&mut lines).transpose();
        failed = matches!(stanza, Some(Err(_)));
        stanza
    })
}

/// Takes the lines of the next stanza with the blank one that ends it; none if only blank ones are left.
fn stanza<'a>(lines: &mut impl Iterator<Item = (&'a str, usize)>) -> Result<Option<Entry>, IndexFault> {
    let mut fields: Vec<Field> = Vec::new();
    let mut size = 0;
    for (line, number) in lines {
        size += line.len();
        if line.is_empty() && !fields.is_empty() {
            break;
        }
        if line.chars().any(|c| c.is_control() && c != '\t') {
            return Err(IndexFault::ControlCharacter(number));
        }
        if size > MAX_STANZA {
            return Err(IndexFault::TooLarge(number));
        }
        if line.starts_with([' ', '\t']) {
            let field = fields.last_mut().ok_or(IndexFault::Orphan(number))?;
            field.value.push('\n');
            field.value.push_str(match line.trim() {
                "." => "",
                text => text,
            });
        } else if !line.is_empty() {
            let (name, value) = line.split_once(':').ok_or(IndexFault::NoField(number))?;
            if name.is_empty() || !name.bytes().all(|b| b.is_ascii_graphic()) {
                return Err(IndexFault::NoField(number));
            }
            fields.push(Field { name: name.to_owned(), value: value.trim().to_owned() });
        }
    }
    Ok((!fields.is_empty()).then_some(Entry { fields }))
}

/// The index as text: a blank line after every stanza, the last too; no entries are an empty text.
pub fn render(entries: &[Entry]) -> String {
    let mut out = String::new();
    for entry in entries {
        for field in &entry.fields {
            field.render_onto(&mut out);
        }
        out.push('\n');
    }
    out
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::ipkg::control;
    use crate::ipkg::stanza::{Facts, render_into};

    const GOLDEN: &str = include_str!("../../testdata/ipkg/Packages.opkg-utils-0.7.0.latest");

    const CONTROLS: [&str; 3] = [
        include_str!("../../testdata/ipkg/control/org.webosports.base_1.1-r0_maguro.control"),
        include_str!("../../testdata/ipkg/control/org.webosports.email_2.0~beta1-r0_all.control"),
        include_str!("../../testdata/ipkg/control/org.webosports.luna-sysmgr_4.0.0-r1_all.control"),
    ];

    #[test]
    fn the_golden_index_is_rendered_back_byte_for_byte() {
        let entries = parse(GOLDEN).unwrap();
        assert_eq!(entries.len(), 3);
        assert_eq!(render(&entries), GOLDEN);
    }

    #[test]
    fn our_index_of_the_golden_packages_has_the_same_fields_in_the_same_order_and_whole_descriptions() {
        let golden = parse(GOLDEN).unwrap();
        let mut ours = String::new();
        for (control, entry) in CONTROLS.into_iter().zip(&golden) {
            let control = control::read(control.as_bytes()).unwrap();
            assert_eq!(control.warnings, Vec::<String>::new());
            let get =
                |name: &str| entry.fields.iter().find(|field| field.name == name).unwrap().value.as_str();
            let facts = Facts {
                md5: get("MD5Sum"),
                sha256: get("SHA256sum"),
                size: get("Size").parse().unwrap(),
                filename: get("Filename"),
            };
            let (head, tail) = control.stanza.split();
            render_into(&mut ours, &head, &facts, &tail);
        }
        let lost = "Description: Luna System Manager\n";
        let whole = "Description: Luna System Manager\n The system manager draws the cards and the launcher, and\n \
                     this is a second line that continues the description.\n .\n After a dot paragraph.\n";
        assert!(GOLDEN.contains(lost));
        assert_eq!(ours, GOLDEN.replace(lost, whole));
    }

    #[test]
    fn an_empty_index_is_an_empty_text() {
        assert_eq!(parse(""), Ok(Vec::new()));
        assert_eq!(render(&[]), "");
    }

    #[test]
    fn continuation_lines_belong_to_their_field() {
        let entries = parse("Package: p\nDescription:  a \n b\n .\n   c\n\n\nPackage: q\n\n").unwrap();
        assert_eq!(entries[0].fields[1].value, "a\nb\n\nc");
        assert_eq!(entries[1].fields[0].value, "q");
    }

    #[test]
    fn what_is_no_index_is_a_fault_with_its_line() {
        let table = [
            ("<html>\n\n", IndexFault::NoField(1)),
            ("Package: p\n\n: x\n\n", IndexFault::NoField(3)),
            ("\u{feff}Package: p\n\n", IndexFault::NoField(1)),
            ("A B: p\n\n", IndexFault::NoField(1)),
            (" lost\n\n", IndexFault::Orphan(1)),
            ("Package: p\n\n lost\n\n", IndexFault::Orphan(3)),
            ("Package: p\r\n\n", IndexFault::ControlCharacter(1)),
            ("Package: p\nX: \0\n\n", IndexFault::ControlCharacter(2)),
            ("Package: p\n", IndexFault::Cut),
            ("Package: p\n\nPackage: q", IndexFault::Cut),
        ];
        for (text, fault) in table {
            assert_eq!(parse(text), Err(fault), "{text:?}");
        }
    }

    #[test]
    fn a_stanza_larger_than_any_that_is_written_is_no_index() {
        let stanza = |lines| format!("Package: p\n{}\n", "x: y\n".repeat(lines));
        let most = (MAX_STANZA - "Package: p".len()) / "x: y".len();
        let index = stanza(most).repeat(3);
        assert_eq!(parse(&index).unwrap().len(), 3);
        assert_eq!(parse(&(index + &stanza(most + 1))), Err(IndexFault::TooLarge(4 * most + 8)));
    }

    #[test]
    fn what_comes_before_a_fault_is_given_and_what_follows_is_not() {
        let entries: Vec<_> = entries("Package: p\n\nlost\n\nPackage: q\n\n").collect();
        assert_eq!(entries.len(), 2);
        assert_eq!(entries[0].as_ref().unwrap().fields[0].value, "p");
        assert_eq!(entries[1], Err(IndexFault::NoField(3)));
    }

    fn field() -> impl Strategy<Value = Field> {
        let line = "\\PC{0,20}".prop_map(|line| line.trim().to_owned());
        let value = prop::collection::vec(line, 1..5).prop_map(|mut lines| {
            for line in lines.iter_mut().skip(1).filter(|line| *line == ".") {
                line.clear();
            }
            lines.join("\n")
        });
        ("[!-9;-~]{1,12}", value).prop_map(|(name, value)| Field { name, value })
    }

    proptest! {
        #[test]
        fn parsing_what_was_rendered_gives_it_back(
            entries in prop::collection::vec(prop::collection::vec(field(), 1..6), 0..6)
        ) {
            let entries: Vec<Entry> = entries.into_iter().map(|fields| Entry { fields }).collect();
            prop_assert_eq!(parse(&render(&entries)), Ok(entries));
        }

        #[test]
        fn whatever_is_parsed_is_rendered_in_a_form_that_gives_it_back(text in "([A-Za-z-]{0,3}:?| |\\.|\\t|\n|\\PC){0,40}\n\n") {
            if let Ok(entries) = parse(&text) {
                prop_assert_eq!(parse(&render(&entries)), Ok(entries));
            }
        }

        #[test]
        fn no_text_makes_it_panic(text in any::<String>()) {
            let _ = parse(&text);
        }
    }
}
