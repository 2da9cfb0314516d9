//! `cargo xtask size`: how large each function is, how long it takes from exec to its first question for work, and how
//! much memory it holds, beside the smallest function there is, built the same way.

mod endpoint;

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitCode, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use clap::Args;

use crate::process;
use crate::tools::{Tool, python};
use crate::workspace::Workspace;
use endpoint::{Endpoint, Heard};

/// How long a function may take for anything here.
const PATIENCE: Duration = Duration::from_secs(20);
/// The floor, measured first in every round.
const FLOOR: &str = "tools/hello";

/// How to measure.
#[derive(Args)]
pub(crate) struct Options {
    /// How often each function is started
    #[arg(long, default_value_t = 21)]
    starts: u32,
}

struct Measured {
    name: String,
    binary_bytes: u64,
    zip_bytes: u64,
    starts: Vec<Duration>,
    idle_kib: u64,
    used_kib: Option<u64>,
}

/// Builds every function as a deployment does, measures each, and prints a table.
pub(crate) fn run(workspace: &Workspace, options: &Options) -> Result<ExitCode> {
    let place = match python::get(workspace)? {
        Tool::Ready(place) => place,
        Tool::Missing(why) => bail!(why),
    };
    let mut measured = Vec::new();
    for folder in folders(workspace)? {
        let name = folder.file_name().and_then(|name| name.to_str()).context("a folder has no name")?;
        let binary = build(workspace, &place, &folder, name)?;
        let zip_bytes = zipped(&place, &binary)?;
        let binary_bytes = binary.metadata()?.len();
        measured.push((
            binary,
            Measured {
                name: name.to_owned(),
                binary_bytes,
                zip_bytes,
                starts: Vec::new(),
                idle_kib: 0,
                used_kib: None,
            },
        ));
    }
    // In rounds, so that what else the machine does falls on all of them alike.
    for _ in 0..options.starts.max(1) {
        for (binary, of) in &mut measured {
            let event = sample(workspace, &of.name);
            let one = start(binary, &of.name, event)?;
            of.starts.push(one.took);
            of.idle_kib = of.idle_kib.max(one.idle_kib);
            of.used_kib = of.used_kib.max(one.used_kib);
        }
    }
    println!("\n{}", table(measured.into_iter().map(|(_, of)| of)));
    Ok(ExitCode::SUCCESS)
}

/// The floor, then every function, by name.
fn folders(workspace: &Workspace) -> Result<Vec<PathBuf>> {
    let mut all: Vec<PathBuf> = std::fs::read_dir(workspace.root.join("functions"))?
        .filter_map(|entry| entry.ok().map(|entry| entry.path()))
        .filter(|path| path.join("Cargo.toml").is_file())
        .collect();
    all.sort();
    all.insert(0, workspace.root.join(FLOOR));
    Ok(all)
}

/// Builds one function alone, as `sam build` does, and answers its binary.
fn build(workspace: &Workspace, place: &Path, folder: &Path, name: &str) -> Result<PathBuf> {
    println!("building {name}");
    let mut cargo = workspace.cargo();
    cargo.args(["lambda", "build", "--release", "--bin", name]).current_dir(folder);
    cargo.env("PATH", python::search_path(place)?);
    let said = process::captured(&mut cargo)?;
    if !said.ok {
        bail!("{name} does not build\n{}", said.tail());
    }
    let binary = workspace.target.join("lambda").join(name).join("bootstrap");
    if !binary.is_file() {
        bail!("cargo lambda left no {}", binary.display());
    }
    Ok(binary)
}

/// The size of the archive that Lambda is given.
fn zipped(place: &Path, binary: &Path) -> Result<u64> {
    const ZIP: &str = "import io,sys,zipfile\nout=io.BytesIO()\n\
                       zipfile.ZipFile(out,'w',zipfile.ZIP_DEFLATED).write(sys.argv[1],'bootstrap')\n\
                       print(out.getbuffer().nbytes)";
    let mut python = Command::new(python::program(place, "python"));
    let said = process::captured(python.args(["-c", ZIP]).arg(binary))?;
    said.stdout.trim().parse().context("python printed no size")
}

/// The first sample event of a function, if it has any.
fn sample(workspace: &Workspace, name: &str) -> Option<String> {
    let mut all: Vec<PathBuf> = std::fs::read_dir(workspace.root.join("events").join(name))
        .ok()?
        .filter_map(|entry| entry.ok().map(|entry| entry.path()))
        .collect();
    all.sort();
    std::fs::read_to_string(all.first()?).ok()
}

struct Start {
    took: Duration,
    idle_kib: u64,
    used_kib: Option<u64>,
}

/// A process that is ended however a measurement goes.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        // These fail only if it is gone already, which is what is wanted.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn start(binary: &Path, name: &str, event: Option<String>) -> Result<Start> {
    let waits = event.is_some();
    let endpoint = Endpoint::start(event)?;
    let mut command = Command::new(binary);
    command.env_clear().stdout(Stdio::null()).stderr(Stdio::null()).stdin(Stdio::null());
    for (variable, value) in [
        ("AWS_LAMBDA_RUNTIME_API", endpoint.address.to_string()),
        ("AWS_ENDPOINT_URL", format!("http://{}", endpoint.address)),
        ("AWS_LAMBDA_FUNCTION_NAME", name.to_owned()),
        ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "512".to_owned()),
        ("AWS_LAMBDA_FUNCTION_VERSION", "1".to_owned()),
        ("AWS_REGION", "us-east-1".to_owned()),
        ("AWS_ACCESS_KEY_ID", "none".to_owned()),
        ("AWS_SECRET_ACCESS_KEY", "none".to_owned()),
        ("OTA_TABLE", "ota".to_owned()),
        ("OTA_BUCKET", "ota".to_owned()),
        ("OTA_PARAMETERS", "/ota/size".to_owned()),
        ("OTA_METRICS", "ota/size".to_owned()),
    ] {
        command.env(variable, value);
    }
    let began = Instant::now();
    let running = Running(command.spawn().with_context(|| format!("{name} could not be started"))?);
    let asked = match endpoint.next(PATIENCE).with_context(|| format!("{name} did not ask for work"))? {
        Heard::Next(when) => when,
        Heard::Answered => bail!("{name} answered what it was not asked"),
        Heard::Failed(why) => bail!("{name} could not start: {why}"),
    };
    let idle_kib = resident(running.0.id(), "VmRSS:")?;
    let mut used_kib = None;
    if waits {
        // What it answers is not looked at: the table is empty.
        match endpoint.next(PATIENCE).with_context(|| format!("{name} did not answer"))? {
            Heard::Answered | Heard::Failed(_) => used_kib = Some(resident(running.0.id(), "VmHWM:")?),
            Heard::Next(_) => bail!("{name} asked for work twice"),
        }
    }
    Ok(Start { took: asked.duration_since(began), idle_kib, used_kib })
}

/// A line of the process's memory, in KiB.
fn resident(process: u32, line: &str) -> Result<u64> {
    let status = std::fs::read_to_string(format!("/proc/{process}/status"))
        .context("memory is read from /proc, so on Linux alone")?;
    let value = status.lines().find_map(|text| text.strip_prefix(line)).context("no such line")?;
    value.trim().trim_end_matches(" kB").parse().context("no number")
}

fn table(all: impl Iterator<Item = Measured>) -> String {
    let mut text = String::from(
        "| function | binary, bytes | zip, bytes | exec to first `next`, ms: least / median / most | resident when idle, MiB | highest with one request, MiB |\n\
         |---|---|---|---|---|---|\n",
    );
    for mut of in all {
        of.starts.sort();
        let ms = |duration: Option<&Duration>| {
            duration.map_or_else(String::new, |took| format!("{:.1}", took.as_secs_f64() * 1000.0))
        };
        let mib = |kib: u64| format!("{}.{}", kib / 1024, kib % 1024 * 10 / 1024);
        // Writing to a string cannot fail.
        let _ = writeln!(
            text,
            "| {} | {} | {} | {} / {} / {} | {} | {} |",
            of.name,
            of.binary_bytes,
            of.zip_bytes,
            ms(of.starts.first()),
            ms(of.starts.get(of.starts.len() / 2)),
            ms(of.starts.last()),
            mib(of.idle_kib),
            of.used_kib.map_or_else(|| "-".to_owned(), mib),
        );
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_floor_comes_first_and_every_function_after_it() -> Result<()> {
        let all = folders(&Workspace::find()?)?;
        assert!(all.first().is_some_and(|first| first.ends_with(FLOOR)));
        assert!(all.iter().any(|folder| folder.ends_with("functions/eligibility")));
        Ok(())
    }

    #[test]
    fn the_middle_of_the_starts_is_printed() {
        let of = Measured {
            name: "x".to_owned(),
            binary_bytes: 1,
            zip_bytes: 2,
            starts: [9, 1, 5].map(Duration::from_millis).to_vec(),
            idle_kib: 2048,
            used_kib: Some(1536),
        };
        let text = table(std::iter::once(of));
        assert!(text.ends_with("| x | 1 | 2 | 1.0 / 5.0 / 9.0 | 2.0 | 1.5 |\n"), "{text}");
    }
}
