//! One function: its environments, each a process that answers one call after the other, and calls of it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, Method, StatusCode};
use tokio::sync::Semaphore;

use super::process::Process;
use crate::client;

/// How many environments of a function there may be side by side; further calls wait.
const MOST_ENVIRONMENTS: usize = 4;
/// What a start may take beside the function's own time limit: Lambda gives it 10 s, and a debug build reads slowly.
const START: Duration = Duration::from_secs(10);
/// How often it is looked whether the process of a call is still there.
const GLANCE: Duration = Duration::from_millis(50);
/// The most that a function can answer, in bytes of JSON (Lambda's limit).
pub(crate) const MAX_ANSWER_BYTES: usize = 6_291_556;

/// Why a call has no answer of the function's own.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Fault {
    /// The function said that it failed, in Lambda's words for it: a panic, or an event that it cannot read.
    #[error("it failed: {0}")]
    Failed(String),
    /// Its process ended, or none could be started.
    #[error("its process ended")]
    Ended,
    /// It took longer than its time limit, and was ended.
    #[error("it took too long")]
    TimedOut,
    /// It answered more than Lambda carries.
    #[error("it answered {0} bytes")]
    TooLarge(usize),
}

/// A process, and where the emulator takes calls for it and for no other.
#[derive(Debug)]
struct Environment {
    process: Process,
    url: String,
}

/// Where the emulator has the environment that is started as this one: its Runtime API, and where it is called.
pub(super) type Places = Box<dyn Fn(u32) -> (String, String) + Send + Sync>;

/// A function that runs as Lambda runs it.
pub(crate) struct Function {
    name: String,
    program: PathBuf,
    environment: BTreeMap<String, String>,
    places: Places,
    time_limit: Duration,
    folder: PathBuf,
    log: PathBuf,
    /// Those that wait for a call.
    idle: Mutex<Vec<Environment>>,
    free: Semaphore,
    started: AtomicU32,
}

impl std::fmt::Debug for Function {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Function").field("name", &self.name).finish_non_exhaustive()
    }
}

impl Function {
    pub(super) fn new(
        described: &templates::Function,
        program: PathBuf,
        environment: BTreeMap<String, String>,
        places: Places,
        folder: &Path,
    ) -> Self {
        Self {
            name: described.name.clone(),
            program,
            environment,
            places,
            time_limit: Duration::from_secs(described.timeout_seconds.into()),
            folder: folder.to_owned(),
            log: folder.join(format!("{}.log", described.name)),
            idle: Mutex::default(),
            free: Semaphore::new(MOST_ENVIRONMENTS),
            started: AtomicU32::new(0),
        }
    }

    /// Its name, which is that of its crate.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// What it answers to an event: JSON, or whatever else it made. A call that is dropped ends its environment.
    pub(crate) async fn invoke(&self, event: String) -> Result<Bytes, Fault> {
        let _place = self.free.acquire().await.map_err(|_| Fault::Ended)?;
        let mut environment = self.environment()?;
        let sent = client::send(Method::POST, &environment.url, HeaderMap::new(), event);
        let answer = tokio::select! {
            answer = sent => answer.map_err(|error| {
                tracing::warn!(function = self.name, ?error, "the emulator broke a call off");
                Fault::Ended
            })?,
            () = ended(&mut environment.process) => return Err(Fault::Ended),
            () = tokio::time::sleep(self.time_limit + START) => return Err(Fault::TimedOut),
        };
        // A panic is an answer too, after which the process goes on.
        self.with_idle(|idle| idle.push(environment));
        if answer.status != StatusCode::OK {
            return Err(Fault::Failed(String::from_utf8_lossy(&answer.body).into_owned()));
        }
        if answer.body.len() > MAX_ANSWER_BYTES {
            return Err(Fault::TooLarge(answer.body.len()));
        }
        Ok(answer.body)
    }

    /// Ends the environments that wait for a call; the next call starts another.
    pub(crate) fn end(&self) {
        for environment in self.with_idle(std::mem::take) {
            if let Err(error) = environment.process.end() {
                tracing::warn!(function = self.name, %error, "a process is left");
            }
        }
    }

    fn with_idle<T>(&self, with: impl FnOnce(&mut Vec<Environment>) -> T) -> T {
        with(&mut self.idle.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// One that waits and lives, or a new one.
    fn environment(&self) -> Result<Environment, Fault> {
        let waiting = self.with_idle(|idle| {
            idle.retain_mut(|environment| environment.process.ended().is_none());
            idle.pop()
        });
        if let Some(environment) = waiting {
            return Ok(environment);
        }
        let (runtime_api, url) = (self.places)(self.started.fetch_add(1, Ordering::Relaxed));
        let mut variables = self.environment.clone();
        variables.insert("AWS_LAMBDA_RUNTIME_API".to_owned(), runtime_api);
        let process = Process::start(&self.program, &[], &variables, &self.folder, &self.log);
        let process = process.map_err(|error| {
            tracing::error!(function = self.name, ?error, "no process can be started");
            Fault::Ended
        })?;
        Ok(Environment { process, url })
    }
}

/// Waits until a process has ended.
async fn ended(process: &mut Process) {
    while process.ended().is_none() {
        tokio::time::sleep(GLANCE).await;
    }
}
