//! Metrics: what an alarm or the dashboard looks at is something that is measured, and the reverse.

use std::collections::BTreeSet;

use serde_json::Value;
use shared::metrics::Metric;
use templates::Infra;

use super::{compare, expect};

/// What our namespaces start with; a stage's own follows.
const OURS: &str = "ota";

/// The metrics of our namespaces that a value mentions, in an alarm's form or in a dashboard's, each as
/// `namespace name`.
fn mentioned(value: &Value, found: &mut BTreeSet<String>) {
    match value {
        Value::Object(members) => {
            found.extend(ours(members.get("Namespace"), members.get("MetricName")));
            for member in members.values() {
                mentioned(member, found);
            }
        }
        Value::Array(items) => {
            found.extend(ours(items.first(), items.get(1)));
            for item in items {
                mentioned(item, found);
            }
        }
        Value::String(text) => {
            if let Ok(inside @ (Value::Object(_) | Value::Array(_))) = serde_json::from_str(text) {
                mentioned(&inside, found);
            }
        }
        _ => {}
    }
}

/// A metric, if its namespace is of ours.
fn ours(namespace: Option<&Value>, name: Option<&Value>) -> Option<String> {
    let namespace = namespace?.as_str().filter(|namespace| namespace.to_lowercase().starts_with(OURS))?;
    Some(format!("{namespace} {}", name?.as_str()?))
}

fn faults(infra: &Infra) -> Vec<String> {
    let mut looked_at = BTreeSet::new();
    let mut measured = BTreeSet::new();
    for resource in infra.resources().unwrap() {
        match resource.kind.as_str() {
            "AWS::CloudWatch::Alarm" | "AWS::CloudWatch::Dashboard" => {
                mentioned(&resource.properties, &mut looked_at);
            }
            "AWS::Logs::MetricFilter" => {
                let made = resource.property("/MetricTransformations/0");
                measured
                    .extend(made.and_then(|made| ours(made.get("MetricNamespace"), made.get("MetricName"))));
            }
            "AWS::Serverless::Function" => {
                let namespace = resource.property("/Environment/Variables/OTA_METRICS");
                measured.extend(namespace.into_iter().flat_map(|namespace| {
                    Metric::ALL.iter().filter_map(|metric| ours(Some(namespace), Some(&metric.name().into())))
                }));
            }
            _ => {}
        }
    }
    compare(looked_at, measured, "metric")
}

#[test]
fn every_metric_is_measured_and_looked_at() {
    expect(
        faults,
        &[
            (
                "alarms.yaml",
                "MetricName: Drift",
                "MetricName: Drifted",
                "\"ota/dev Drifted\" is in the templates",
            ),
            (
                "alarms.yaml",
                "MetricName: Denials",
                "MetricName: Refusals",
                "\"ota/dev Denials\" is in the templates",
            ),
        ],
    );
}
