//! The forms in which a check is answered: all say the same.

use std::fmt::{self, Write as _};

use serde::Serialize;
use shared::http::{Form, Problem};

use crate::answer::{Check, Note, Update};

/// Something that every form can say.
pub(crate) trait Told: Serialize {
    /// As lines: a word that says what the line is, then `key=value` pairs in a fixed order, one space between each.
    fn lines(&self, lines: &mut Lines);
}

/// The bytes of an answer.
pub(crate) fn encoded(told: &impl Told, form: Form) -> Result<Vec<u8>, Problem> {
    match form {
        Form::Json => serde_json::to_vec(told).map_err(|error| Problem::internal(error.to_string())),
        Form::Cbor => {
            let mut bytes = Vec::new();
            ciborium::into_writer(told, &mut bytes)
                .map_err(|error| Problem::internal(error.to_string()))
                .map(|()| bytes)
        }
        Form::Text => {
            let mut lines = Lines(String::new());
            told.lines(&mut lines);
            Ok(lines.0.into_bytes())
        }
    }
}

/// Text in the making. Values are ASCII without spaces: what is neither is written as `%` and two hex digits a byte, and
/// so is `%` itself.
pub(crate) struct Lines(String);

impl Lines {
    /// One line, ended by a line feed.
    pub(crate) fn line(&mut self, word: &str, pairs: &[(&str, &dyn fmt::Display)]) {
        self.0.push_str(word);
        for (key, value) in pairs {
            self.0.push(' ');
            self.0.push_str(key);
            self.0.push('=');
            for byte in value.to_string().bytes() {
                match byte {
                    b'%' | ..=b' ' | 0x7f.. => {
                        // Writing to a string cannot fail.
                        let _ = write!(self.0, "%{byte:02X}");
                    }
                    plain => self.0.push(char::from(plain)),
                }
            }
        }
        self.0.push('\n');
    }
}

impl Told for Check<'_> {
    fn lines(&self, lines: &mut Lines) {
        lines.line(
            "check",
            &[
                ("deviceTypeId", &self.device_type_id),
                ("feed", &self.feed),
                ("revision", &self.revision),
                ("nextPollSeconds", &self.next_poll_seconds),
                ("pollJitterSeconds", &self.poll_jitter_seconds),
                ("updates", &self.updates.len()),
                ("notes", &self.notes.len()),
            ],
        );
        for update in &self.updates {
            update.lines(lines);
        }
        for Note { r#type, reason } in &self.notes {
            lines.line("note", &[("type", r#type), ("reason", reason)]);
        }
    }
}

impl Told for Update<'_> {
    fn lines(&self, lines: &mut Lines) {
        let mut pairs: Vec<(&str, &dyn fmt::Display)> = vec![
            ("type", &self.r#type),
            ("typeName", &self.type_name),
            ("versionAttributeId", &self.version_attribute_id),
            ("versionNumber", &self.version_number),
            ("version", &self.version),
            ("name", &self.name),
            ("size", &self.size),
            ("sha256", &self.sha256),
            ("md5", &self.md5),
            ("url", &self.url),
        ];
        if let (Some(url), Some(size), Some(sha256), Some(md5)) =
            (&self.url2, &self.url2_size, &self.url2_sha256, &self.url2_md5)
        {
            pairs.extend::<[(&str, &dyn fmt::Display); 4]>([
                ("url2", url),
                ("url2Size", size),
                ("url2Sha256", sha256),
                ("url2Md5", md5),
            ]);
        }
        lines.line("update", &pairs);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_holds_no_space_no_line_and_nothing_that_could_be_taken_for_another() {
        let mut lines = Lines(String::new());
        lines.line("update", &[("name", &"My App\n100% =é"), ("empty", &""), ("n", &7)]);
        assert_eq!(lines.0, "update name=My%20App%0A100%25%20=%C3%A9 empty= n=7\n");
    }
}
