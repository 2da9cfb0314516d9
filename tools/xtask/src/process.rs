//! Running other programs: with their output shown, or kept and shown in short when they fail. What is repeated from
//! a registry client names no host.

use std::process::{Command, ExitStatus, Stdio};

use anyhow::{Context, Result};

/// How many of the last lines say what went wrong.
const TAIL_LINES: usize = 6;

/// What a program printed, and whether it succeeded.
pub(crate) struct Captured {
    /// Whether it ended with status 0.
    pub(crate) ok: bool,
    /// Its standard output; bytes that are not UTF-8 are replaced.
    pub(crate) stdout: String,
    /// Its standard error; bytes that are not UTF-8 are replaced.
    pub(crate) stderr: String,
}

impl Captured {
    /// The last lines it printed, errors last, without web addresses.
    pub(crate) fn tail(&self) -> String {
        let all: Vec<&str> =
            self.stdout.lines().chain(self.stderr.lines()).filter(|line| !line.trim().is_empty()).collect();
        without_hosts(&all[all.len().saturating_sub(TAIL_LINES)..].join("\n"))
    }
}

/// Runs a program with its output shown and without input; an error only if it could not be started.
pub(crate) fn shown(command: &mut Command) -> Result<bool> {
    command.stdin(Stdio::null());
    Ok(status(command)?.success())
}

/// Runs a program in the caller's terminal; an error only if it could not be started.
pub(crate) fn status(command: &mut Command) -> Result<ExitStatus> {
    command.status().with_context(|| could_not_start(command))
}

/// Runs a program and keeps what it prints; an error only if it could not be started.
pub(crate) fn captured(command: &mut Command) -> Result<Captured> {
    let output = command.stdin(Stdio::null()).output().with_context(|| could_not_start(command))?;
    Ok(Captured {
        ok: output.status.success(),
        stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
        stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
    })
}

/// Whether a program starts and succeeds with these arguments.
pub(crate) fn succeeds(program: &str, arguments: &[&str]) -> bool {
    captured(Command::new(program).args(arguments)).is_ok_and(|said| said.ok)
}

fn could_not_start(command: &Command) -> String {
    format!("{} could not be started", command.get_program().to_string_lossy())
}

/// The text with the host of every web address replaced by `…`.
fn without_hosts(text: &str) -> String {
    let mut parts = text.split("://");
    let mut clean = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let host =
            part.find(|c: char| c == '/' || c.is_whitespace() || "'\"`)>,".contains(c)).unwrap_or(part.len());
        clean.push_str("://…");
        clean.push_str(&part[host..]);
    }
    clean
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_are_left_out_of_what_is_repeated() {
        assert_eq!(
            without_hosts("GET https://mirror.example:8080/a/b failed (http://x) 'ssh://me@y' end"),
            "GET https://…/a/b failed (http://…) 'ssh://…' end"
        );
        assert_eq!(without_hosts("no address: here"), "no address: here");
    }

    #[test]
    fn only_the_last_lines_are_repeated_with_errors_last() {
        let lines: Vec<String> = (0..20).map(|n| format!("line {n}\n")).collect();
        let stdout = lines.join("\n");
        let said = Captured { ok: false, stdout, stderr: "the error\n".to_owned() };
        let tail = said.tail();
        assert_eq!(tail.lines().count(), TAIL_LINES);
        assert!(tail.starts_with("line 15\n"), "{tail}");
        assert!(tail.ends_with("line 19\nthe error"), "{tail}");
    }

    #[test]
    fn a_program_that_does_not_exist_is_an_error_naming_it() {
        let error =
            captured(&mut Command::new("no-such-program-of-ours")).err().map(|error| error.to_string());
        assert_eq!(error.as_deref(), Some("no-such-program-of-ours could not be started"));
    }
}
