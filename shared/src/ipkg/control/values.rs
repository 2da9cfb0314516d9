//! A field's lines to its value: the form and the size in which an index holds it.

use super::ControlFault;
use super::fields::Raw;
use super::known;
use super::relations;
use super::warnings::{Warnings, shown};

/// How many bytes the value of a Description or Source may have in an index: old readers overflow beyond.
pub(super) const MAX_VALUE: usize = 8192;

/// The value of `field`, or none if it is dropped; a fault if it would harm a client.
pub(super) fn read(field: &Raw, warnings: &mut Warnings) -> Result<Option<String>, ControlFault> {
    let name = field.name.as_str();
    let lines: Vec<&str> = field.lines.iter().enumerate().map(|(at, line)| clean(at, line)).collect();
    if lines.iter().all(|line| line.is_empty()) {
        warnings.say(&format!("{} was dropped: it is empty.", shown(name)));
        return Ok(None);
    }
    let value = match name {
        "Description" => description(&lines, warnings),
        // It was refused, had it more than one line or white space of its own.
        _ if known::is_identity(name) => lines[0].to_owned(),
        _ => {
            let (value, folded) = unfold(&lines);
            if known::is_relation(name) {
                let normal = relations::normalise(&value).map_err(|reason| {
                    ControlFault::because(format_args!("has a {name} field that {reason}"))
                })?;
                if normal.is_empty() {
                    warnings.say(&format!("{name} was dropped: it names no package."));
                    return Ok(None);
                }
                if !relations::differ_in_spacing_alone(&value, &normal) {
                    warnings.say(&format!("{name} was rewritten in the form that clients read."));
                }
                normal
            } else {
                if folded {
                    warnings.say(&format!("{} had several lines, which were joined.", shown(name)));
                }
                value
            }
        }
    };
    if name == "Source" && value.len() > MAX_VALUE {
        warnings.say(&format!("Source was dropped: it is {} bytes, more than {MAX_VALUE}.", value.len()));
        return Ok(None);
    }
    if field.bad_utf8 {
        warnings.say(&format!("{} held bytes that are no UTF-8; each was replaced by U+FFFD.", shown(name)));
    }
    if field.bad_controls {
        warnings.say(&format!("{} held control characters; each was replaced by a space.", shown(name)));
    }
    Ok(Some(value))
}

/// A line without the white space around it; a later one of a single dot is the form of an empty one.
fn clean(at: usize, line: &str) -> &str {
    match line.trim() {
        "." if at > 0 => "",
        text => text,
    }
}

/// All lines as one, and whether there were more.
fn unfold(lines: &[&str]) -> (String, bool) {
    let texts: Vec<&str> = lines.iter().copied().filter(|line| !line.is_empty()).collect();
    (texts.join(" "), texts.len() > 1)
}

/// A Description's lines, from the first that says something to the last, cut where they are too long.
fn description(lines: &[&str], warnings: &mut Warnings) -> String {
    let from = lines.iter().position(|line| !line.is_empty()).unwrap_or(0);
    let mut out = String::new();
    // What the index will hold: a later line costs a line feed and a space more, an empty one a dot too.
    let mut size = 0;
    for (at, line) in lines[from..].iter().enumerate() {
        let lead = if at == 0 { 0 } else { 2 };
        let cost = lead + if at == 0 { line.len() } else { line.len().max(1) };
        if size + cost <= MAX_VALUE {
            size += cost;
            if at > 0 {
                out.push('\n');
            }
            out.push_str(line);
            continue;
        }
        // Within a line only where the lines before it would leave less than half.
        let room = line.floor_char_boundary(MAX_VALUE.saturating_sub(size + lead));
        let part = clean(at, &line[..room]);
        if size < MAX_VALUE / 2 && !part.is_empty() {
            if at > 0 {
                out.push('\n');
            }
            out.push_str(part);
        }
        warnings.say(&format!("Description was cut: it was longer than {MAX_VALUE} bytes."));
        break;
    }
    out.truncate(out.trim_end().len());
    out
}
