//! The embedded DynamoDB: `dynoxide` over `SQLite` on a port of its own, talked to through the AWS SDK like the
//! real one.

use std::path::Path;
use std::time::Duration;

use anyhow::Context as _;
use dynoxide::Database;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use crate::listen;

/// How long open calls get to finish.
const DRAIN: Duration = Duration::from_secs(2);

/// A running embedded database.
#[derive(Debug)]
pub(crate) struct Dynamo {
    endpoint: String,
    stop: oneshot::Sender<()>,
    task: JoinHandle<Result<(), String>>,
}

impl Dynamo {
    /// Opens the database at `path` (in memory for none) and serves it on a free port.
    pub(crate) async fn start(path: Option<&Path>) -> anyhow::Result<Self> {
        let database = match path {
            None => Database::memory(),
            Some(path) => {
                let text = path.to_str().with_context(|| format!("{} is not UTF-8", path.display()))?;
                Database::new(text)
            }
        }
        .context("the embedded database does not open")?;
        let listener = listen::bind(0).await?;
        let endpoint = format!("http://{}", listener.local_addr()?);
        let (stop, stopped) = oneshot::channel();
        let task = tokio::spawn(dynoxide::server::serve_with_shutdown(listener, database, async move {
            let _ = stopped.await;
        }));
        Ok(Self { endpoint, stop, task })
    }

    /// Where it answers.
    pub(crate) fn endpoint(&self) -> &str {
        &self.endpoint
    }

    /// Lets open calls finish and closes the database, which writes out its log.
    pub(crate) async fn stop(self) -> anyhow::Result<()> {
        let _ = self.stop.send(());
        let Ok(ended) = tokio::time::timeout(DRAIN, self.task).await else {
            tracing::warn!("calls still open at the embedded database were cut off");
            return Ok(());
        };
        ended?.map_err(|error| anyhow::anyhow!("the embedded database ended badly: {error}"))
    }
}
