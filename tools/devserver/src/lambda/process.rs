//! Programs that end when we do: whether we end them, drop them, or are killed ourselves.

use std::collections::BTreeMap;
use std::fs::OpenOptions;
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Child, ChildStdin, Command, ExitStatus, Stdio};
use std::time::Duration;

use anyhow::Context as _;

/// Runs its arguments until they end or its standard input closes, which it does too when we are killed: a program that
/// outlives a test would keep its port and memory for ever.
const GUARD: &str = r#"exec 3<&0; "$@" </dev/null & it=$!
{ cat <&3 >/dev/null; kill "$it" 2>/dev/null; } & wait "$it""#;
/// How often it is looked whether a program that was ended has ended, and how long.
const GLANCE: Duration = Duration::from_millis(5);
const GLANCES: u32 = 400;

/// A running program; dropping it ends it.
#[derive(Debug)]
pub(crate) struct Process {
    guard: Child,
    // Open for as long as the program is to run.
    running: Option<ChildStdin>,
}

impl Process {
    /// Starts a program in a folder, with nothing but `environment`; what it prints is added to the file `log`.
    pub(crate) fn start(
        program: &Path,
        arguments: &[String],
        environment: &BTreeMap<String, String>,
        folder: &Path,
        log: &Path,
    ) -> anyhow::Result<Self> {
        let output = OpenOptions::new().create(true).append(true).open(log);
        let output = output.with_context(|| format!("{} cannot be written", log.display()))?;
        let mut command = Command::new("/bin/sh");
        command.args(["-c", GUARD, "sh"]).arg(program).args(arguments).current_dir(folder);
        command.env_clear().envs(environment);
        // Or what stops us at a terminal would stop it at the same time, and not when we are ready.
        command.process_group(0);
        command.stdin(Stdio::piped()).stdout(output.try_clone()?).stderr(output);
        let mut guard = command.spawn().context("sh cannot be started")?;
        let running = guard.stdin.take();
        Ok(Self { guard, running })
    }

    /// How it ended, if it did.
    pub(crate) fn ended(&mut self) -> Option<ExitStatus> {
        self.guard.try_wait().ok().flatten()
    }

    /// Tells it to end, and waits for that at most two seconds.
    pub(crate) fn end(mut self) -> anyhow::Result<()> {
        self.running = None;
        for _ in 0..GLANCES {
            if self.ended().is_some() {
                return Ok(());
            }
            std::thread::sleep(GLANCE);
        }
        anyhow::bail!("the program that process {} watches does not end", self.guard.id())
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.running = None;
        // A process that has ended and was not asked for would stay in the system's table.
        let _ = self.guard.try_wait();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn start(script: &str, log: &Path) -> Process {
        let arguments = ["-c", script].map(str::to_owned);
        let environment = BTreeMap::from([("ONLY".to_owned(), "this".to_owned())]);
        Process::start(Path::new("/bin/sh"), &arguments, &environment, Path::new("/"), log).unwrap()
    }

    fn wait(mut process: Process) -> Option<i32> {
        while process.ended().is_none() {
            std::thread::sleep(GLANCE);
        }
        process.ended().and_then(|status| status.code())
    }

    #[test]
    fn a_program_has_the_environment_that_it_is_given_and_no_other() {
        let folder = tempfile::tempdir().unwrap();
        let log = folder.path().join("log");
        assert_eq!(wait(start("echo \"$ONLY $HOME\"; exit 7", &log)), Some(7));
        assert_eq!(std::fs::read_to_string(log).unwrap(), "this \n");
    }

    #[test]
    fn a_program_ends_when_it_is_ended_and_when_it_is_dropped() {
        let folder = tempfile::tempdir().unwrap();
        for end in [|process: Process| process.end().unwrap(), drop] {
            let log = folder.path().join("log");
            let _ = std::fs::remove_file(&log);
            let process =
                start("trap 'echo ended; exit' TERM; echo began; while :; do sleep 0.01; done", &log);
            let said = |word: &str| {
                while !std::fs::read_to_string(&log).unwrap_or_default().contains(word) {
                    std::thread::sleep(GLANCE);
                }
            };
            said("began");
            end(process);
            said("ended");
        }
    }
}
