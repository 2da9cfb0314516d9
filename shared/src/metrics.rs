//! Metrics, as CloudWatch reads them out of a function's log: one line of JSON a measurement.
//!
//! The line is built purely; one printer writes it. It has to stand alone on its line, so it never goes through the
//! logs' formatter, and no log filter can take it away. Knows nothing of who measures.
//!
//! Source: *Specification: Embedded metric format* of the CloudWatch guide.

use std::fmt;
use std::io::Write as _;
use std::sync::Arc;

use serde_json::{Map, Value, json};

use crate::domain::Timestamp;

/// Something that is measured. Names are fixed: alarms and dashboards refer to them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Metric {
    /// Updates in the answers of checks; those that the CDN gave again are not among them.
    UpdatesOffered,
    /// Updates that devices have begun to fetch.
    UpdatesDownloading,
    /// Updates that devices run by now, as their versions say.
    UpdatesInstalled,
    /// Updates that devices could not install.
    UpdatesFailed,
    /// Manifests and package indexes that a reconciliation found to say something else than the associations.
    Drift,
    /// What a reconciliation could not read or mend, and passed over.
    ReconcileFailures,
    /// Effects that had broken off and are finished now.
    RepairsFinished,
    /// The age of the oldest upload that nobody has moved, in seconds; 0 if there is none.
    StagingAgeSeconds,
}

impl Metric {
    /// Every metric.
    pub const ALL: [Self; 8] = [
        Self::UpdatesOffered,
        Self::UpdatesDownloading,
        Self::UpdatesInstalled,
        Self::UpdatesFailed,
        Self::Drift,
        Self::ReconcileFailures,
        Self::RepairsFinished,
        Self::StagingAgeSeconds,
    ];

    /// Its name in CloudWatch.
    pub const fn name(self) -> &'static str {
        match self {
            Self::UpdatesOffered => "UpdatesOffered",
            Self::UpdatesDownloading => "UpdatesDownloading",
            Self::UpdatesInstalled => "UpdatesInstalled",
            Self::UpdatesFailed => "UpdatesFailed",
            Self::Drift => "Drift",
            Self::ReconcileFailures => "ReconcileFailures",
            Self::RepairsFinished => "RepairsFinished",
            Self::StagingAgeSeconds => "StagingAgeSeconds",
        }
    }

    /// Its unit in CloudWatch.
    pub const fn unit(self) -> &'static str {
        match self {
            Self::UpdatesOffered
            | Self::UpdatesDownloading
            | Self::UpdatesInstalled
            | Self::UpdatesFailed
            | Self::Drift
            | Self::ReconcileFailures
            | Self::RepairsFinished => "Count",
            Self::StagingAgeSeconds => "Seconds",
        }
    }
}

/// The line that says that at `at` these metrics of `namespace` had these values; no line end. Without dimensions: each
/// costs as much as a metric more.
pub fn line(namespace: &str, at: Timestamp, values: &[(Metric, u64)]) -> String {
    let metrics: Vec<Value> =
        values.iter().map(|(metric, _)| json!({"Name": metric.name(), "Unit": metric.unit()})).collect();
    let mut line = Map::new();
    line.insert(
        "_aws".to_owned(),
        json!({
            "Timestamp": at.millis(),
            "CloudWatchMetrics": [{"Namespace": namespace, "Dimensions": [[]], "Metrics": metrics}],
        }),
    );
    line.extend(values.iter().map(|(metric, value)| (metric.name().to_owned(), (*value).into())));
    Value::Object(line).to_string()
}

/// Where lines go.
type Sink = Arc<dyn Fn(&str) + Send + Sync>;

/// The printer of metrics; cheap to clone. By default it prints nothing.
#[derive(Clone, Default)]
pub struct Metrics(Option<(Arc<str>, Sink)>);

impl Metrics {
    /// Prints nothing: for a process whose output no CloudWatch reads.
    pub fn off() -> Self {
        Self(None)
    }

    /// Prints metrics of `namespace` to standard output, which Lambda writes into the function's log.
    pub fn stdout(namespace: &str) -> Self {
        Self::to(namespace, |line| {
            // There is nobody to tell that nobody listens.
            let _ = writeln!(std::io::stdout().lock(), "{line}");
        })
    }

    /// Gives every line, of metrics of `namespace`, to `sink`.
    pub fn to(namespace: &str, sink: impl Fn(&str) + Send + Sync + 'static) -> Self {
        Self(Some((namespace.into(), Arc::new(sink))))
    }

    /// Prints one line with these values.
    pub fn print(&self, at: Timestamp, values: &[(Metric, u64)]) {
        if let Some((namespace, sink)) = &self.0 {
            sink(&line(namespace, at, values));
        }
    }
}

impl fmt::Debug for Metrics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_some() { "Metrics(on)" } else { "Metrics(off)" })
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;

    #[test]
    fn a_line_is_one_json_object_that_declares_what_it_holds() {
        let at = Timestamp::from_millis(1_795_305_600_000);
        let text = line("ota/test", at, &[(Metric::Drift, 2), (Metric::StagingAgeSeconds, 90_000)]);
        assert!(!text.contains('\n'));
        assert_eq!(
            serde_json::from_str::<Value>(&text).unwrap(),
            json!({
                "_aws": {
                    "Timestamp": 1_795_305_600_000_i64,
                    "CloudWatchMetrics": [{
                        "Namespace": "ota/test",
                        "Dimensions": [[]],
                        "Metrics": [
                            {"Name": "Drift", "Unit": "Count"},
                            {"Name": "StagingAgeSeconds", "Unit": "Seconds"},
                        ],
                    }],
                },
                "Drift": 2,
                "StagingAgeSeconds": 90_000,
            })
        );
    }

    #[test]
    fn no_two_metrics_share_a_name_and_none_is_longer_than_a_line_may_be() {
        let mut names: Vec<_> = Metric::ALL.iter().map(|metric| metric.name()).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), Metric::ALL.len());
        let all: Vec<_> = Metric::ALL.iter().map(|metric| (*metric, u64::MAX)).collect();
        // A longer one might be written in two pieces (the buffer of standard output is 1,024 bytes).
        assert!(line("ota/a-long-stage-12", Timestamp::from_millis(i64::MAX), &all).len() < 1024);
    }

    #[test]
    fn a_printer_that_is_off_builds_no_line() {
        let lines = Arc::new(Mutex::new(Vec::new()));
        let kept = Arc::clone(&lines);
        let on = Metrics::to("ota/test", move |line| kept.lock().unwrap().push(line.to_owned()));
        for metrics in [Metrics::off(), Metrics::default(), on] {
            metrics.print(Timestamp::from_millis(0), &[(Metric::UpdatesOffered, 1)]);
        }
        assert_eq!(lines.lock().unwrap().len(), 1);
    }
}
