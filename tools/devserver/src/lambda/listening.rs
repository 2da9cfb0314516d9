//! Programs that listen on a port of 127.0.0.1 that is found for them.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::Path;
use std::time::Duration;

use anyhow::bail;
use tokio::net::TcpStream;

use super::process::Process;

/// How often it is looked whether a program listens, and how long: a busy machine takes its time.
const GLANCE: Duration = Duration::from_millis(10);
const GLANCES: u32 = 6000;
/// How often another port is tried, since whoever looks for a free one at the same time finds the same.
const TRIES: u32 = 5;

/// How much of what a program printed is told if it does not start.
const LAST_LINES: usize = 10;

/// How to start a program that listens.
pub(crate) struct Listener<'a> {
    pub(crate) program: &'a Path,
    /// Its arguments, for an address that it is to listen at.
    pub(crate) arguments: &'a (dyn Fn(SocketAddr) -> Vec<String> + Sync),
    /// What it prints before it listens, so that whoever answers before is known to be somebody else.
    pub(crate) says: &'a str,
    /// Where it is started.
    pub(crate) folder: &'a Path,
    /// Where it prints to, with another ending for each attempt.
    pub(crate) log: &'a Path,
}

impl Listener<'_> {
    /// Starts it, and returns once it listens. An error if it ends instead, on any port, or does not come so far.
    pub(crate) async fn start(&self) -> anyhow::Result<(SocketAddr, Process)> {
        let log = |attempt: u32| self.log.with_extension(format!("{attempt}.log"));
        for attempt in 1..=TRIES {
            let address = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?;
            if let Some(process) = self.listen(address, &log(attempt)).await? {
                return Ok((address, process));
            }
        }
        bail!("{} does not start{}", self.program.display(), last_words(&log(TRIES)))
    }

    /// Starts it and waits until it listens; none if it ended instead.
    async fn listen(&self, address: SocketAddr, log: &Path) -> anyhow::Result<Option<Process>> {
        let arguments = (self.arguments)(address);
        let mut process = Process::start(self.program, &arguments, &environment(), self.folder, log)?;
        for _ in 0..GLANCES {
            if let Some(status) = process.ended() {
                tracing::debug!(%status, %address, program = %self.program.display(), "a program ended");
                return Ok(None);
            }
            let begins = std::fs::read_to_string(log).is_ok_and(|text| text.contains(self.says));
            if begins && TcpStream::connect(address).await.is_ok() {
                tokio::time::sleep(GLANCE).await;
                return Ok(process.ended().is_none().then_some(process));
            }
            tokio::time::sleep(GLANCE).await;
        }
        bail!("{} does not listen{}", self.program.display(), last_words(log))
    }
}

/// The end of what a program printed, as the end of a sentence: its log may go with the folder that it is in.
fn last_words(log: &Path) -> String {
    let text = std::fs::read_to_string(log).unwrap_or_default();
    let lines: Vec<&str> = text.lines().filter(|line| !line.trim().is_empty()).collect();
    match &lines[lines.len().saturating_sub(LAST_LINES)..] {
        [] => ", and says nothing".to_owned(),
        last => format!(":\n{}", last.join("\n")),
    }
}

/// Programs of tools find their own things where ours does: cargo its index, Java and Python themselves.
#[expect(clippy::disallowed_methods, reason = "a program that is started is an edge")]
fn environment() -> BTreeMap<String, String> {
    std::env::vars().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(script: &str) -> Vec<String> {
        ["-c", script].map(str::to_owned).into()
    }

    async fn start(script: &str) -> anyhow::Result<(SocketAddr, Process)> {
        let folder = tempfile::tempdir()?;
        let listener = Listener {
            program: Path::new("/bin/sh"),
            arguments: &|_| shell(script),
            says: "ready",
            folder: folder.path(),
            log: &folder.path().join("log"),
        };
        listener.start().await
    }

    #[tokio::test]
    async fn a_program_that_ends_is_an_error_that_names_it() {
        let error = start("exit 1").await.unwrap_err().to_string();
        assert_eq!(error, "/bin/sh does not start, and says nothing");
        let error = start("echo no such thing >&2; exit 1").await.unwrap_err().to_string();
        assert_eq!(error, "/bin/sh does not start:\nno such thing");
    }

    #[tokio::test]
    async fn whoever_else_answers_is_not_taken_for_the_program() {
        // It never says that it is ready, and the port is somebody else's.
        let somebody = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let address = somebody.local_addr().unwrap();
        let folder = tempfile::tempdir().unwrap();
        let listener = Listener {
            program: Path::new("/bin/sh"),
            arguments: &|_| shell("sleep 0.2; exit 1"),
            says: "ready",
            folder: folder.path(),
            log: &folder.path().join("log"),
        };
        let log = folder.path().join("log.txt");
        assert!(listener.listen(address, &log).await.unwrap().is_none());
    }
}
