//! What runs beside the functions where nobody else has started it: SSM, the database, and the CDN's cache.

use std::net::SocketAddr;
use std::path::Path;

use anyhow::Context as _;

use super::cache;
use super::listening::Listener;
use super::process::Process;

/// A program that answers at an address of its own; it ends with its value.
#[derive(Debug)]
pub struct Beside {
    url: String,
    process: Process,
}

impl Beside {
    /// A `moto_server`, which plays SSM; it prints into `folder`.
    pub async fn moto(program: &Path, folder: &Path) -> anyhow::Result<Self> {
        let arguments = |address: SocketAddr| {
            let (ip, port) = (address.ip().to_string(), address.port().to_string());
            ["-H", &ip, "-p", &port].map(str::to_owned).into()
        };
        let (says, log) = ("Running on", folder.join("moto.log"));
        Self::start(&Listener { program, arguments: &arguments, says, folder, log: &log }).await
    }

    /// The DynamoDB Local in the folder `place`, in memory; it prints into `folder`.
    pub async fn dynamodb_local(place: &Path, folder: &Path) -> anyhow::Result<Self> {
        let arguments = |address: SocketAddr| {
            let port = address.port().to_string();
            let java = ["-Djava.library.path=DynamoDBLocal_lib", "-jar", "DynamoDBLocal.jar"];
            let own = ["-inMemory", "-sharedDb", "-disableTelemetry", "-port", &port];
            java.into_iter().chain(own).map(str::to_owned).collect()
        };
        let (program, log) = (Path::new("java"), folder.join("dynamodb-local.log"));
        let listener = Listener { program, arguments: &arguments, says: "Port:", folder: place, log: &log };
        Self::start(&listener).await.context("DynamoDB Local needs Java")
    }

    /// An nginx that caches in the place of the CDN what `upstream` (as `http://127.0.0.1:8080`) answers; it keeps that in
    /// `folder`, which must outlive it, and says in `X-Cache` what it made of each answer.
    pub async fn nginx(program: &Path, folder: &Path, upstream: &str) -> anyhow::Result<Self> {
        let file = folder.join("nginx.conf");
        let arguments = |address: SocketAddr| {
            // What cannot be written is said by the program, which finds nothing to read.
            let _ = std::fs::write(&file, cache::configuration(folder, address, upstream));
            let (file, folder) = (file.display().to_string(), folder.display().to_string());
            ["-c", &file, "-p", &folder, "-e", "stderr"].map(str::to_owned).into()
        };
        let (says, log) = ("event method", folder.join("nginx.log"));
        Self::start(&Listener { program, arguments: &arguments, says, folder, log: &log }).await
    }

    async fn start(listener: &Listener<'_>) -> anyhow::Result<Self> {
        let (address, process) = listener.start().await?;
        Ok(Self { url: format!("http://{address}"), process })
    }

    /// Where it answers.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Ends it.
    pub fn stop(self) -> anyhow::Result<()> {
        self.process.end()
    }
}
