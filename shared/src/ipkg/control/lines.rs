//! Bytes to lines of text without control characters, each remembering what had to be done to it.

use super::warnings::Warnings;

const BOM: &[u8] = b"\xEF\xBB\xBF";

/// One line of a control file.
#[derive(Debug)]
pub(super) struct Line {
    /// Its number, from 1.
    pub(super) number: usize,
    /// Its text; a tab is its only control character.
    pub(super) text: String,
    /// Whether it began with a space or a tab before anything was replaced.
    pub(super) continues: bool,
    /// Bytes that are no UTF-8 were replaced by U+FFFD.
    pub(super) bad_utf8: bool,
    /// Control characters were replaced by spaces.
    pub(super) bad_controls: bool,
}

/// Splits a control file at its line feeds.
pub(super) fn read(bytes: &[u8], warnings: &mut Warnings) -> Vec<Line> {
    let body = bytes.strip_prefix(BOM).unwrap_or(bytes);
    if body.len() < bytes.len() {
        warnings.say("The byte order mark at the beginning of the control file was dropped.");
    }
    let mut carriage_returns = false;
    let lines = body
        .split(|b| *b == b'\n')
        .enumerate()
        .map(|(at, line)| {
            let stripped = line.strip_suffix(b"\r").unwrap_or(line);
            carriage_returns |= stripped.len() < line.len();
            decode(at + 1, stripped)
        })
        .collect();
    if carriage_returns {
        warnings.say("The control file's lines ended with carriage returns, which were dropped.");
    }
    lines
}

fn decode(number: usize, bytes: &[u8]) -> Line {
    let bad_utf8 = std::str::from_utf8(bytes).is_err();
    let text = String::from_utf8_lossy(bytes);
    // A lone carriage return too: to a client it is white space and ends no line.
    let is_bad = |c: char| c.is_control() && c != '\t';
    let bad_controls = text.contains(is_bad);
    Line {
        number,
        continues: bytes.starts_with(b" ") || bytes.starts_with(b"\t"),
        text: if bad_controls { text.replace(is_bad, " ") } else { text.into_owned() },
        bad_utf8,
        bad_controls,
    }
}
