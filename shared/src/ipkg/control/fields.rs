//! Lines to fields: what is a field, where it ends, and which of several with one name counts.

use std::collections::HashMap;

use super::ControlFault;
use super::known::{self, Meaning};
use super::lines::Line;
use super::warnings::{Warnings, shown};
use crate::ipkg::names::is_reserved_field;

/// How many bytes a field's name may have.
const MAX_NAME: usize = 128;

/// A field as it stands in the control file.
#[derive(Debug)]
pub(super) struct Raw {
    /// Its name; a known one in the spelling that clients read.
    pub(super) name: String,
    /// What stands behind the colon, then its continuation lines, none of them trimmed.
    pub(super) lines: Vec<String>,
    /// Bytes that are no UTF-8 were replaced by U+FFFD.
    pub(super) bad_utf8: bool,
    /// Control characters were replaced by spaces.
    pub(super) bad_controls: bool,
}

/// The fields of the first stanza whose names an index may hold; a fault if one has a reserved name.
pub(super) fn read(lines: Vec<Line>, warnings: &mut Warnings) -> Result<Vec<Raw>, ControlFault> {
    let mut fields: Vec<Raw> = Vec::new();
    // What a continuation line would continue: nothing, a dropped line, or the last field.
    let mut open = Open::Nothing;
    let mut lines = lines.into_iter();
    while let Some(line) = lines.next() {
        if line.text.is_empty() {
            if open == Open::Nothing {
                continue;
            }
            if lines.any(|later| !later.text.trim().is_empty()) {
                warnings.say(&format!("Everything after line {}, which is blank, was dropped.", line.number));
            }
            break;
        }
        if line.continues {
            match (open, fields.last_mut()) {
                (Open::Field, Some(field)) => field.push(line),
                (Open::Nothing, _) if !line.text.trim().is_empty() => {
                    warnings.say(&format!("Line {} continues no field and was dropped.", line.number));
                }
                _ => {}
            }
            continue;
        }
        open = match begin(&line, warnings)? {
            Some(field) => {
                fields.push(field);
                Open::Field
            }
            None => Open::Dropped,
        };
    }
    Ok(fields)
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Open {
    Nothing,
    Dropped,
    Field,
}

impl Raw {
    fn push(&mut self, line: Line) {
        self.lines.push(line.text);
        self.bad_utf8 |= line.bad_utf8;
        self.bad_controls |= line.bad_controls;
    }
}

/// The field that `line` begins, if an index may hold it.
fn begin(line: &Line, warnings: &mut Warnings) -> Result<Option<Raw>, ControlFault> {
    let Some((name, value)) = line.text.split_once(':') else {
        warnings.say(&format!(
            "Line {} ({}) is no field and was dropped.",
            line.number,
            shown(line.text.trim())
        ));
        return Ok(None);
    };
    if is_reserved_field(name) {
        return Err(ControlFault::Reserved(shown(name)));
    }
    let plain = name.bytes().all(|b| b.is_ascii_alphanumeric() || b"+._-".contains(&b));
    if !plain || !name.starts_with(|c: char| c.is_ascii_alphanumeric()) || name.len() > MAX_NAME {
        warnings.say(&format!(
            "Line {} was dropped: \"{}\" is no name for a field.",
            line.number,
            shown(name)
        ));
        return Ok(None);
    }
    let name = match known::meaning(name) {
        Meaning::Known(name) if known::is_computed(name) => {
            warnings.say(&format!("{name} was dropped: it is computed from the package itself."));
            return Ok(None);
        }
        Meaning::Known(name) if known::is_state(name) => {
            warnings.say(&format!("{name} was dropped: it belongs to the client that installs the package."));
            return Ok(None);
        }
        Meaning::Known(name) => name.to_owned(),
        Meaning::Collides(known) => {
            warnings.say(&format!("{} was dropped: clients would take it for {known}.", shown(name)));
            return Ok(None);
        }
        Meaning::Own => name.to_owned(),
    };
    let lines = vec![value.to_owned()];
    Ok(Some(Raw { name, lines, bad_utf8: line.bad_utf8, bad_controls: line.bad_controls }))
}

/// The last of each name, in any case, as a client that reads the control file itself would end with.
pub(super) fn choose(fields: Vec<Raw>, warnings: &mut Warnings) -> Vec<Raw> {
    let last: HashMap<String, usize> =
        fields.iter().enumerate().map(|(at, field)| (field.name.to_ascii_lowercase(), at)).collect();
    let mut kept = Vec::with_capacity(last.len());
    for (at, field) in fields.into_iter().enumerate() {
        if last.get(&field.name.to_ascii_lowercase()) == Some(&at) {
            kept.push(field);
        } else {
            warnings.say(&format!(
                "{} stands more than once; the last was kept, as clients do.",
                shown(&field.name)
            ));
        }
    }
    kept
}
