//! `.ota/dev.env`: what scripts source. It is the only place where the texts of the keys are kept, since the service
//! stores none of them; without it, new keys are made.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;

use crate::data::write_private;

/// Names and values, in the order of their names.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Environment(BTreeMap<String, String>);

impl Environment {
    /// Reads a file written by [`Self::write`]; what is not there or not of that form is left out.
    pub(crate) fn read(path: &Path) -> Self {
        let text = std::fs::read_to_string(path).unwrap_or_default();
        let pair = |line: &str| {
            let (name, value) = line.strip_prefix("export ")?.split_once('=')?;
            Some((name.to_owned(), unquoted(value)?))
        };
        Self(text.lines().filter_map(pair).collect())
    }

    /// The value of `name`.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    /// Sets `name`.
    pub(crate) fn set(&mut self, name: &str, value: impl Into<String>) {
        self.0.insert(name.to_owned(), value.into());
    }

    /// Writes the file, for its owner alone.
    pub(crate) fn write(&self, path: &Path) -> anyhow::Result<()> {
        let mut text = String::from("# Made by `cargo dev` at every start. For sh: . .ota/dev.env\n");
        for (name, value) in &self.0 {
            let _ = writeln!(text, "export {name}={}", quoted(value));
        }
        write_private(path, &text)
    }
}

/// A value as one word for a shell.
pub(crate) fn quoted(value: &str) -> String {
    format!("'{}'", value.replace('\'', r"'\''"))
}

fn unquoted(word: &str) -> Option<String> {
    Some(word.strip_prefix('\'')?.strip_suffix('\'')?.replace(r"'\''", "'"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_back_and_a_shell_agrees() {
        let folder = tempfile::TempDir::new().unwrap();
        let path = folder.path().join("dev.env");
        assert_eq!(Environment::read(&path), Environment::default());
        let mut environment = Environment::default();
        environment.set("OTA_URL", "http://127.0.0.1:8080");
        environment.set("OTA_SECRETS_FILE", "/srv/o'brien/my $data/secrets.json");
        environment.write(&path).unwrap();
        assert_eq!(Environment::read(&path), environment);
        let script = format!(". '{}'; printf %s \"$OTA_SECRETS_FILE\"", path.display());
        let output = std::process::Command::new("sh").args(["-c", &script]).output().unwrap();
        assert_eq!(output.stdout, b"/srv/o'brien/my $data/secrets.json");
    }
}
