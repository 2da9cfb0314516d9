//! One package's part of an index: its fields, in the order and the form that clients were seen to read.
//!
//! Everything but the four fields that say where the bytes are and how to check them: those belong to a
//! binary and a place, and are put in when an index is rendered.

use std::fmt::Write as _;

use super::index::{self, IndexFault};

/// The fields that an index begins with, in its order (`feeds.md`, *What an index must be*).
pub(super) const ORDER: [&str; 22] = [
    "Package",
    "Version",
    "Depends",
    "Provides",
    "Replaces",
    "Conflicts",
    "Suggests",
    "Recommends",
    "Section",
    "Architecture",
    "Maintainer",
    "MD5Sum",
    "SHA256sum",
    "Size",
    "Filename",
    "Source",
    "Description",
    "OE",
    "HomePage",
    "License",
    "Priority",
    "Tags",
];

/// The fields of [`ORDER`] that are computed here, whatever a control file says.
pub(crate) const COMPUTED: [&str; 4] = ["MD5Sum", "SHA256sum", "Size", "Filename"];

/// The place of the first computed field in [`ORDER`].
const COMPUTED_FROM: usize = 11;

/// One field of a stanza.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Field {
    /// Its name, without the colon.
    pub name: String,
    /// Its lines joined by `\n`, none with white space at its ends; an empty line is empty here. The first is
    /// the summary, which stands behind the name. (A later line of a single dot is read back as an empty one.)
    pub value: String,
}

impl Field {
    /// The field as it stands in an index: `Name: first\n line\n .\n`.
    pub fn render(&self) -> String {
        let mut out = String::with_capacity(self.name.len() + self.value.len() + 8);
        self.render_onto(&mut out);
        out
    }

    pub(super) fn render_onto(&self, out: &mut String) {
        out.push_str(&self.name);
        out.push(':');
        for (at, line) in self.value.split('\n').enumerate() {
            match (at, line) {
                (0, "") => {}
                (0, first) => {
                    out.push(' ');
                    out.push_str(first);
                }
                (_, line) => {
                    out.push_str("\n ");
                    out.push_str(if line.is_empty() { "." } else { line });
                }
            }
        }
        out.push('\n');
    }
}

/// A package's fields in index order, without those that are computed (`Filename`, `Size`, `MD5Sum`, `SHA256sum`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stanza {
    fields: Vec<Field>,
}

impl Stanza {
    /// Puts `fields` into index order, those it does not list last and in their own order, and leaves out the
    /// computed ones.
    pub fn new(mut fields: Vec<Field>) -> Self {
        fields.retain(|field| !COMPUTED.iter().any(|name| field.name.eq_ignore_ascii_case(name)));
        fields.sort_by_cached_key(|field| place(&field.name));
        Self { fields }
    }

    /// The fields, in index order.
    pub fn fields(&self) -> &[Field] {
        &self.fields
    }

    /// The field called `name`, in any case.
    pub fn get(&self, name: &str) -> Option<&Field> {
        self.fields.iter().find(|field| field.name.eq_ignore_ascii_case(name))
    }

    /// The text of the fields before and of those after the place where the computed ones go, which is
    /// between Maintainer and Source; each line ends with `\n`.
    pub fn split(&self) -> (String, String) {
        let at = self.fields.partition_point(|field| place(&field.name) < COMPUTED_FROM);
        let text = |fields: &[Field]| {
            let mut out = String::new();
            for field in fields {
                field.render_onto(&mut out);
            }
            out
        };
        (text(&self.fields[..at]), text(&self.fields[at..]))
    }

    /// The stanza as text that [`parse`](Self::parse) reads back: its fields, without a blank line.
    pub fn render(&self) -> String {
        let (head, tail) = self.split();
        head + &tail
    }

    /// Reads what [`render`](Self::render) wrote; a fault if `text` is no single stanza.
    pub fn parse(text: &str) -> Result<Self, IndexFault> {
        index::parse_one(text).map(Self::new)
    }
}

/// The place of a field in an index; all that the index order does not list share the last.
fn place(name: &str) -> usize {
    ORDER.iter().position(|known| known.eq_ignore_ascii_case(name)).unwrap_or(ORDER.len())
}

/// What an index says about the bytes of one package.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Facts<'a> {
    /// MD5 of the bytes, 32 lower-case hex digits.
    pub md5: &'a str,
    /// SHA-256 of the bytes, 64 lower-case hex digits.
    pub sha256: &'a str,
    /// Size in bytes.
    pub size: u64,
    /// Where the bytes are, relative to the index: `[A-Za-z0-9._~+/-]`.
    pub filename: &'a str,
}

/// Appends one whole stanza with its blank line: `head` and `tail` as [`Stanza::split`] gives them.
pub fn render_into(out: &mut String, head: &str, facts: &Facts<'_>, tail: &str) {
    // 160 covers the four names, both digests and any size.
    out.reserve(head.len() + tail.len() + facts.filename.len() + 160);
    out.push_str(head);
    for (name, value) in [("MD5Sum: ", facts.md5), ("SHA256sum: ", facts.sha256)] {
        out.push_str(name);
        out.push_str(value);
        out.push('\n');
    }
    // Writing to a string cannot fail.
    let _ = writeln!(out, "Size: {}", facts.size);
    out.push_str("Filename: ");
    out.push_str(facts.filename);
    out.push('\n');
    out.push_str(tail);
    out.push('\n');
}

#[cfg(test)]
mod tests {
    use super::*;

    fn field(name: &str, value: &str) -> Field {
        Field { name: name.into(), value: value.into() }
    }

    #[test]
    fn the_computed_fields_stand_together_between_maintainer_and_source() {
        assert_eq!(ORDER[COMPUTED_FROM..COMPUTED_FROM + COMPUTED.len()], COMPUTED);
        assert_eq!(
            (ORDER[COMPUTED_FROM - 1], ORDER[COMPUTED_FROM + COMPUTED.len()]),
            ("Maintainer", "Source")
        );
    }

    #[test]
    fn continuation_lines_have_one_space_and_an_empty_line_is_a_dot() {
        let text = field("Description", "Mail\nreads mail\n\nand writes it").render();
        assert_eq!(text, "Description: Mail\n reads mail\n .\n and writes it\n");
    }

    #[test]
    fn a_field_without_a_summary_has_no_space_at_its_end() {
        assert_eq!(field("Description", "\nlater").render(), "Description:\n later\n");
        assert_eq!(field("Tags", "").render(), "Tags:\n");
    }

    #[test]
    fn fields_come_in_index_order_and_unknown_ones_last_in_their_own() {
        let mut names: Vec<&str> = ORDER.iter().rev().copied().collect();
        names.insert(3, "X-Second");
        names.insert(0, "X-First");
        let stanza = Stanza::new(names.iter().map(|name| field(name, "x")).collect());
        let got: Vec<&str> = stanza.fields().iter().map(|field| field.name.as_str()).collect();
        let mut want: Vec<&str> = ORDER.iter().filter(|name| !COMPUTED.contains(name)).copied().collect();
        want.extend(["X-First", "X-Second"]);
        assert_eq!(got, want);
    }

    #[test]
    fn computed_fields_are_never_part_of_a_stanza() {
        let given = ["Package", "filename", "SIZE", "MD5sum", "SHA256Sum"];
        let stanza = Stanza::new(given.iter().map(|name| field(name, "x")).collect());
        assert_eq!(stanza.fields(), [field("Package", "x")]);
    }

    #[test]
    fn a_field_is_found_in_any_case() {
        let stanza = Stanza::new(vec![field("HomePage", "here")]);
        assert_eq!(stanza.get("homepage").unwrap().value, "here");
        assert_eq!(stanza.get("Home"), None);
    }

    #[test]
    fn a_whole_stanza_has_the_computed_fields_in_its_middle_and_a_blank_line_at_its_end() {
        let stanza = Stanza::new(vec![
            field("Description", "d"),
            field("Maintainer", "m"),
            field("Package", "p"),
            field("X-Own", "x"),
        ]);
        let (head, tail) = stanza.split();
        let mut out = String::from("before\n");
        render_into(
            &mut out,
            &head,
            &Facts { md5: "0a", sha256: "0b", size: u64::MAX, filename: "f" },
            &tail,
        );
        assert_eq!(
            out,
            "before\nPackage: p\nMaintainer: m\nMD5Sum: 0a\nSHA256sum: 0b\nSize: 18446744073709551615\nFilename: f\n\
             Description: d\nX-Own: x\n\n"
        );
    }

    #[test]
    fn a_stanza_is_read_back_as_it_was_stored() {
        let stanza = Stanza::new(vec![
            field("X-Own", "x: y"),
            field("Description", "Mail\n\nmore"),
            field("Package", "p"),
        ]);
        assert_eq!(Stanza::parse(&stanza.render()), Ok(stanza));
        assert_eq!(Stanza::parse(""), Ok(Stanza::new(Vec::new())));
    }

    #[test]
    fn two_stanzas_are_not_one() {
        assert_eq!(Stanza::parse("Package: a\n\nPackage: b\n"), Err(IndexFault::NotOneStanza));
    }
}
