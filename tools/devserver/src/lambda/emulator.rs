//! `cargo lambda watch --only-lambda-apis`: the calls of Lambda's control plane, and the Runtime API behind them.

use std::fmt::Write as _;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use anyhow::Context as _;

use super::function::Places;
use super::listening::Listener;
use super::process::Process;

/// How many environments of a function it tells apart. The call that one was killed with waits for the next of its name,
/// which is hopefully not wanted any more.
const ENVIRONMENTS: u32 = 100;

/// The emulator takes calls for binaries of a project, and has a queue for each; so each environment is one.
fn project(functions: &[String]) -> String {
    let mut text = "[package]\nname = \"environments\"\nedition = \"2024\"\n\n[workspace]\n".to_owned();
    for function in functions {
        for number in 0..ENVIRONMENTS {
            let name = environment(function, number);
            let _ = writeln!(text, "\n[[bin]]\nname = \"{name}\"\npath = \"main.rs\"");
        }
    }
    text
}

fn environment(function: &str, number: u32) -> String {
    format!("{function}-{number}")
}

/// A running emulator.
#[derive(Debug)]
pub(crate) struct Emulator {
    address: SocketAddr,
    process: Mutex<Option<Process>>,
}

impl Emulator {
    /// Starts it on a free port, for environments of `functions`; it prints into `folder`.
    pub(crate) async fn start(program: &Path, functions: &[String], folder: &Path) -> anyhow::Result<Self> {
        // In a folder of its own, since it looks through the one that it is started in.
        let place = folder.join("cargo-lambda");
        std::fs::create_dir_all(&place)?;
        std::fs::write(place.join("main.rs"), "fn main() {}\n")?;
        let manifest = place.join("Cargo.toml");
        std::fs::write(&manifest, project(functions)).context("the emulator's project")?;
        let manifest = manifest.to_str().context("the folder's path is not UTF-8")?;
        let arguments = |address: SocketAddr| {
            let (ip, port) = (address.ip().to_string(), address.port().to_string());
            let words = ["lambda", "watch", "--only-lambda-apis", "--disable-cors", "--color", "never"];
            let places = ["--manifest-path", manifest, "--invoke-address", &ip, "--invoke-port", &port];
            words.into_iter().chain(places).map(str::to_owned).collect()
        };
        let listener = Listener {
            program,
            arguments: &arguments,
            says: "starting Runtime server",
            folder: &place,
            log: &folder.join("cargo-lambda.log"),
        };
        let (address, process) = listener.start().await?;
        Ok(Self { address, process: Mutex::new(Some(process)) })
    }

    /// Where it has the environments of a function, by the order in which they are started.
    pub(crate) fn places(&self, function: &str) -> Places {
        let (address, function) = (self.address, function.to_owned());
        Box::new(move |started| {
            let name = environment(&function, started % ENVIRONMENTS);
            let called = format!("http://{address}/2015-03-31/functions/{name}/invocations");
            (format!("http://{address}/.rt/{name}"), called)
        })
    }

    /// Ends it.
    pub(crate) fn stop(&self) -> anyhow::Result<()> {
        let process = self.process.lock().unwrap_or_else(PoisonError::into_inner).take();
        process.map_or(Ok(()), Process::end)
    }
}
