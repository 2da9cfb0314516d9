//! The reconciler: finishes what broke off, compares what was made with what it was made from, and has the CDN forget
//! what was taken away.
//!
//! Called by schedules, by the event bus and by a queue, never by a person. It alone knows the CDN.

mod cdn;
mod work;

use std::collections::BTreeSet;

use lambda_http::LambdaEvent;
use lambda_http::lambda_runtime::Diagnostic;
use serde_json::{Value, json};
use shared::blobs::Blobs;
use shared::domain::{Right, Sha256, Timestamp};
use shared::http::App;
use shared::metrics::{Metric, Metrics};
use shared::store::audit::AuditRow;
use shared::usecases::{self, Context, Standing, purge, reconcile, repairs, rollouts};

pub use cdn::{Cdn, Fault as CdnFault};
pub use work::{Message, Unknown, Work};

/// How long before Lambda ends the process a reconciliation stops, in milliseconds: the call under way, and saying
/// where it stopped, take seconds. Of a shorter time, a fifth.
const MARGIN: i64 = 60_000;
/// In milliseconds.
const A_DAY: i64 = 86_400_000;

/// Why a piece of work was not done.
#[derive(Debug, thiserror::Error)]
pub enum Fault {
    /// The event is none of ours.
    #[error(transparent)]
    Unknown(#[from] Unknown),
    /// The table or the bucket failed; the next run does it.
    #[error(transparent)]
    Usecase(#[from] usecases::Error),
    /// An audit item does not say what to purge.
    #[error(transparent)]
    Unreadable(#[from] purge::Unreadable),
    /// The CDN was not told.
    #[error(transparent)]
    Cdn(#[from] CdnFault),
}

/// As Lambda is told of it.
impl From<Fault> for Diagnostic {
    fn from(fault: Fault) -> Self {
        Self { error_type: "Fault".to_owned(), error_message: fault.to_string() }
    }
}

/// What it works with.
#[derive(Debug)]
pub struct Reconciler {
    /// The table, the settings and the clock.
    pub app: App,
    /// The bucket.
    pub blobs: Blobs,
    /// The CDN.
    pub cdn: Cdn,
    /// Where metrics are printed.
    pub metrics: Metrics,
}

impl Reconciler {
    /// Does what an event asks for, and answers what the caller wants to know: a queue, which messages failed.
    pub async fn handle(&self, event: LambdaEvent<Value>) -> Result<Value, Fault> {
        let deadline = i64::try_from(event.context.deadline).unwrap_or(i64::MAX);
        let done = match Work::read(&event.payload) {
            Ok(work) => self.work(&work, &event.context.request_id, Timestamp::from_millis(deadline)).await,
            Err(unknown) => Err(unknown.into()),
        };
        done.inspect_err(|cause| tracing::error!(%cause, "the reconciler failed"))
    }

    async fn work(&self, work: &Work, run: &str, deadline: Timestamp) -> Result<Value, Fault> {
        match work {
            Work::Repairs => self.repairs(run, deadline).await,
            Work::Reconcile => self.reconcile(run, deadline).await,
            Work::Purge(row) => {
                self.purge("now", &[row]).await?;
                Ok(Value::Null)
            }
            Work::PurgeAgain(messages) => Ok(self.purge_again(messages).await),
        }
    }

    fn context<'a>(&'a self, run: &'a str) -> Context<'a> {
        Context {
            store: &self.app.store,
            config: &self.app.config,
            secrets: &self.app.secrets,
            actor: "reconcile",
            right: Right::Operator,
            request_id: run,
            now: self.app.clock.now(),
            standing: Standing::default(),
        }
    }

    /// Says when there is no more time. A deadline of long ago is none (`cargo lambda` tells how long a call may take, and
    /// not until when): what is broken off then is finished by the next run.
    fn enough(&self, deadline: Timestamp) -> impl Fn() -> bool + '_ {
        let left = deadline.millis().saturating_sub(self.app.clock.now().millis());
        let end = (left > -A_DAY).then(|| deadline.millis().saturating_sub(MARGIN.min(left / 5)));
        move || end.is_some_and(|end| self.app.clock.now().millis() >= end)
    }

    async fn repairs(&self, run: &str, deadline: Timestamp) -> Result<Value, Fault> {
        let cx = self.context(run);
        let enough = self.enough(deadline);
        let done = repairs::finish_all(&cx, &enough).await?;
        let rollouts = rollouts::complete_due(&cx, &self.blobs, &enough).await?;
        let failed = done.failed + rollouts.failed;
        if (done.finished, rollouts.completed, failed) != (0, 0, 0) {
            let (finished, completed) = (done.finished, rollouts.completed);
            tracing::info!(target: "shared::reconciler", finished, completed, failed, "repaired");
            self.print(cx.now, &[(Metric::RepairsFinished, finished), (Metric::ReconcileFailures, failed)]);
        }
        Ok(json!({"finished": done.finished, "completed": rollouts.completed, "failed": failed}))
    }

    async fn reconcile(&self, run: &str, deadline: Timestamp) -> Result<Value, Fault> {
        let cx = self.context(run);
        let report = reconcile::reconcile_until(&cx, &self.blobs, self.enough(deadline)).await?;
        let drift = report.drifted + report.indexes_drifted;
        self.print(
            cx.now,
            &[
                (Metric::Drift, drift),
                (Metric::ReconcileFailures, report.failed),
                (Metric::RepairsFinished, report.repairs),
            ],
        );
        // After the report, which must not be lost with it.
        let age = reconcile::staging_age(&cx, &self.blobs).await;
        if let Ok(age) = age {
            self.metrics.print(cx.now, &[(Metric::StagingAgeSeconds, age)]);
        }
        tracing::info!(
            target: "shared::reconciler",
            complete = report.complete,
            repairs = report.repairs,
            manifests = report.manifests,
            manifests_drifted = report.drifted,
            indexes = report.indexes,
            indexes_drifted = report.indexes_drifted,
            catalogues_swept = report.catalogues_swept,
            failed = report.failed,
            staging_age_seconds = age.as_ref().ok(),
            "reconciled"
        );
        age?;
        Ok(json!({"complete": report.complete, "drift": drift, "failed": report.failed}))
    }

    fn print(&self, at: Timestamp, values: &[(Metric, usize)]) {
        let values: Vec<_> = values
            .iter()
            .map(|(metric, value)| (*metric, u64::try_from(*value).unwrap_or(u64::MAX)))
            .collect();
        self.metrics.print(at, &values);
    }

    /// Has the CDN forget what these changes took away, all in one purge. `turn` tells the purge at once from the one
    /// after the caches behind the CDN have forgotten too.
    async fn purge(&self, turn: &str, rows: &[&AuditRow]) -> Result<(), Fault> {
        let mut stale = BTreeSet::new();
        for row in rows {
            stale.extend(purge::stale(row)?);
        }
        let paths = purge::paths(&stale);
        if paths.is_empty() {
            return Ok(());
        }
        let reference = reference(turn, rows, &paths);
        self.cdn.forget(&paths, &reference).await?;
        let paths = paths.join(" ");
        tracing::info!(target: "shared::reconciler", paths, reference, changes = rows.len(), "purged");
        Ok(())
    }

    /// Purges for a whole batch at once; answers, in the queue's form, the messages that failed.
    async fn purge_again(&self, messages: &[Message]) -> Value {
        let (mut failed, mut readable, mut rows) = (Vec::new(), Vec::new(), Vec::new());
        for message in messages {
            let readable_row = match &message.row {
                Ok(row) => purge::stale(row).map(|_| row).map_err(Fault::from),
                Err(unknown) => Err(Fault::from(unknown.clone())),
            };
            match readable_row {
                Ok(row) => {
                    readable.push(message.id.as_str());
                    rows.push(row);
                }
                Err(cause) => {
                    tracing::error!(message = message.id, %cause, "a message cannot be purged for");
                    failed.push(message.id.as_str());
                }
            }
        }
        if let Err(cause) = self.purge("later", &rows).await {
            tracing::error!(%cause, "a batch was not purged for");
            failed.append(&mut readable);
        }
        let failed: Vec<_> = failed.into_iter().map(|id| json!({"itemIdentifier": id})).collect();
        json!({"batchItemFailures": failed})
    }
}

/// Names a purge by what it is for: the same changes give the same name, and another turn gives another.
fn reference(turn: &str, rows: &[&AuditRow], paths: &[String]) -> String {
    let mut parts: Vec<String> = rows
        .iter()
        .map(|row| format!("{} {} {} {}", row.at.millis(), row.request_id, row.action, row.subject))
        .collect();
    parts.sort();
    parts.dedup();
    parts.extend(paths.iter().cloned());
    let digest = Sha256::of(parts.join("\n").as_bytes()).to_string();
    format!("{turn}-{}", digest.get(..32).unwrap_or_default())
}
