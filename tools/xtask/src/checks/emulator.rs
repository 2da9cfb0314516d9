//! What plays AWS while the tests need it: in memory, on a free port, gone when its value is dropped.

use std::ffi::OsStr;
use std::fs::File;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use crate::tools::dynamodb_local::JAR;

/// How long one may take to answer; Java and Python on a busy machine start in about five seconds.
const PATIENCE: Duration = Duration::from_mins(1);
/// Runs its arguments until they end or its standard input closes, which it does too when we are killed: an emulator
/// that outlives the checks would keep its port and memory for ever.
const GUARD: &str = r#"exec 3<&0; "$@" </dev/null & it=$!
{ cat <&3 >/dev/null; kill "$it" 2>/dev/null; } & wait "$it""#;
/// How long one question may take.
const ANSWER: Duration = Duration::from_secs(2);

/// A running emulator; dropping it ends it.
pub(crate) struct Emulator {
    name: &'static str,
    process: Child,
    address: SocketAddr,
}

impl Emulator {
    /// Starts the DynamoDB Local in `folder` and waits until it answers; its output goes to `log`. An error if it
    /// ends by itself or does not answer in time.
    pub(crate) fn dynamodb_local(folder: &Path, log: &Path) -> Result<Self> {
        let port = free_port()?;
        let mut command = guarded("java");
        command.arg("-Djava.library.path=DynamoDBLocal_lib").args(["-jar", JAR, "-inMemory", "-port"]);
        command.arg(port.to_string()).args(["-sharedDb", "-disableTelemetry"]).current_dir(folder);
        Self::start("DynamoDB Local", command, port, log)
    }

    /// Starts the `moto_server` that is `program`, which plays SSM, likewise.
    pub(crate) fn moto(program: &Path, log: &Path) -> Result<Self> {
        let port = free_port()?;
        let mut command = guarded(program);
        command.args(["-H", "127.0.0.1", "-p"]).arg(port.to_string());
        Self::start("moto", command, port, log)
    }

    fn start(name: &'static str, mut command: Command, port: u16, log: &Path) -> Result<Self> {
        let output = File::create(log).with_context(|| format!("{} could not be made", log.display()))?;
        command.stdout(output.try_clone()?).stderr(output);
        let process = command.spawn().context("sh could not be started")?;
        let mut emulator = Self { name, process, address: SocketAddr::from(([127, 0, 0, 1], port)) };
        emulator.wait().with_context(|| format!("see {}", log.display()))?;
        println!("{name} answers at {}", emulator.url());
        Ok(emulator)
    }

    /// Its base address, such as `http://127.0.0.1:8000`.
    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    fn wait(&mut self) -> Result<()> {
        let started = Instant::now();
        while started.elapsed() < PATIENCE {
            if let Some(status) = self.process.try_wait()? {
                bail!("{} ended by itself: {status}", self.name);
            }
            if answers(self.address) {
                return Ok(());
            }
            std::thread::sleep(Duration::from_millis(100));
        }
        bail!("{} did not answer within {} seconds", self.name, PATIENCE.as_secs())
    }
}

impl Drop for Emulator {
    fn drop(&mut self) {
        drop(self.process.stdin.take());
        // This fails only if it is gone already, which is what is wanted.
        let _ = self.process.wait();
    }
}

/// The program under the guard; it ends when the child's standard input is dropped.
fn guarded(program: impl AsRef<OsStr>) -> Command {
    let mut command = Command::new("sh");
    command.args(["-c", GUARD, "sh"]).arg(program).stdin(Stdio::piped());
    command
}

/// A port that nothing listens on at this moment.
fn free_port() -> Result<u16> {
    Ok(TcpListener::bind(("127.0.0.1", 0))?.local_addr()?.port())
}

/// Whether a web server answers there, with whatever status.
fn answers(address: SocketAddr) -> bool {
    let ask = || -> std::io::Result<[u8; 5]> {
        let mut stream = TcpStream::connect_timeout(&address, ANSWER)?;
        stream.set_read_timeout(Some(ANSWER))?;
        write!(stream, "GET / HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n")?;
        let mut start = [0; 5];
        stream.read_exact(&mut start)?;
        Ok(start)
    };
    ask().is_ok_and(|start| &start == b"HTTP/")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn server(answer: &'static [u8]) -> Result<SocketAddr> {
        let listener = TcpListener::bind(("127.0.0.1", 0))?;
        let address = listener.local_addr()?;
        std::thread::spawn(move || {
            let Ok((mut stream, _)) = listener.accept() else { return };
            // To its end: whoever closes with something unread takes back what was written.
            let mut question = Vec::new();
            while !question.ends_with(b"\r\n\r\n") {
                let mut byte = [0; 1];
                let Ok(()) = stream.read_exact(&mut byte) else { return };
                question.extend(byte);
            }
            let _ = stream.write_all(answer);
        });
        Ok(address)
    }

    #[test]
    fn any_web_answer_counts_even_a_refusal() -> Result<()> {
        assert!(answers(server(b"HTTP/1.1 400 Bad Request\r\n\r\n")?));
        Ok(())
    }

    #[test]
    fn silence_and_other_protocols_do_not_count() -> Result<()> {
        assert!(!answers(server(b"")?));
        assert!(!answers(server(b"SSH-2.0-x\r\n")?));
        assert!(!answers(SocketAddr::from(([127, 0, 0, 1], free_port()?))));
        Ok(())
    }

    #[test]
    fn a_guarded_program_ends_when_we_let_go_of_it() -> Result<()> {
        let started = Instant::now();
        let mut sleeping = guarded("sleep").arg("600").spawn()?;
        assert!(sleeping.try_wait()?.is_none());
        drop(sleeping.stdin.take());
        assert!(!sleeping.wait()?.success());
        assert!(started.elapsed() < Duration::from_mins(1));
        Ok(())
    }

    #[test]
    fn a_guarded_program_that_ends_by_itself_is_seen_to() -> Result<()> {
        let mut ended = guarded("sh").args(["-c", "exit 7"]).spawn()?;
        // Waiting would close its input, and the guard might be the first to end it.
        let _input = ended.stdin.take();
        assert_eq!(ended.wait()?.code(), Some(7));
        Ok(())
    }

    #[test]
    fn an_emulator_that_cannot_run_is_an_error_naming_the_log() -> Result<()> {
        let folder = tempfile::tempdir()?;
        let log = folder.path().join("log");
        // Without its jar, or without Java, it ends at once.
        for started in
            [Emulator::dynamodb_local(folder.path(), &log), Emulator::moto(Path::new("/bin/false"), &log)]
        {
            let error = started.err().map(|error| format!("{error:#}")).unwrap_or_default();
            assert!(error.contains("ended by itself") && error.contains("log"), "{error}");
        }
        Ok(())
    }
}
