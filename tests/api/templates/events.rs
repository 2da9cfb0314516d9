//! What starts the reconciler, and what the pipe makes of an audit item: as the reconciler reads it.

use std::collections::{BTreeMap, BTreeSet};

use reconciler::Work;
use serde_json::{Map, Value, json};
use shared::store::audit::AuditRow;
use shared::usecases::purge;
use templates::{Infra, Resource};

use super::{compare, expect, infra};
use crate::events::samples;
use crate::kettle::Kettle;

fn one(infra: &Infra, id: &str) -> Resource {
    let all = infra.resources().unwrap();
    all.into_iter().find(|resource| resource.id == id).unwrap_or_else(|| panic!("there is no {id}"))
}

fn texts(value: &Value) -> Vec<&str> {
    value.as_array().into_iter().flatten().filter_map(Value::as_str).collect()
}

/// Seconds for which the CDN waits for an answer, which may have been read before a change, with some to spare.
const UNDER_WAY: u32 = 15;

fn faults(infra: &Infra) -> Vec<String> {
    let functions = infra.functions().unwrap();
    let reconciler = functions.iter().find(|function| function.name == "reconciler").unwrap();
    let mut faults = Vec::new();
    let mut chores = Vec::new();
    let events = reconciler.resource.property("/Events").and_then(Value::as_object);
    for (name, event) in events.into_iter().flatten() {
        let input = event["Properties"]["Input"].as_str().unwrap_or_default();
        match Work::read(&serde_json::from_str(input).unwrap_or_default()) {
            Ok(work) => chores.push(format!("{work:?}")),
            Err(unknown) => faults.push(format!("{name}: {unknown}")),
        }
    }
    faults.extend(compare(chores, ["Repairs", "Reconcile"].map(str::to_owned), "chore"));

    let rule = one(infra, "Functions.PurgeRule");
    let pattern = &rule.properties["EventPattern"];
    faults.extend(compare(
        texts(&pattern["detail"]["action"]),
        purge::purges().iter().copied(),
        "action that is purged for",
    ));
    if (texts(&pattern["source"]), texts(&pattern["detail-type"])) != (vec!["ota"], vec!["OTA audit"]) {
        faults.push(format!("the rule looks at {pattern}"));
    }
    let targets = rule.properties["Targets"].as_array().into_iter().flatten();
    let targets = targets.filter_map(|target| target["Arn"].as_str());
    let wanted = ["{Functions.ReconcilerFunction.Arn}", "{Functions.PurgeQueue.Arn}"];
    faults.extend(compare(targets, wanted, "target"));

    let number = |resource: &Resource, path: &str| -> u32 {
        resource.text(path).and_then(|text| text.parse().ok()).unwrap_or_default()
    };
    let queue = one(infra, "Functions.PurgeQueue");
    if number(&queue, "/DelaySeconds") <= UNDER_WAY {
        faults.push("the second purge comes before functions have forgotten".to_owned());
    }
    if number(&queue, "/VisibilityTimeout") < reconciler.timeout_seconds {
        faults.push("a message comes back while it is being worked on".to_owned());
    }
    let mapping = one(infra, "Functions.PurgeMessages");
    if texts(&mapping.properties["FunctionResponseTypes"]) != ["ReportBatchItemFailures"] {
        faults.push("one message that fails takes its batch with it".to_owned());
    }
    faults
}

#[test]
fn the_reconciler_is_called_for_what_it_does() {
    expect(
        faults,
        &[
            ("functions.yaml", "{\"chore\": \"repairs\"}", "{\"chore\": \"repair\"}", "repair"),
            (
                "functions.yaml",
                "{\"chore\": \"reconcile\"}",
                "{\"chore\": \"repairs\"}",
                "\"Reconcile\" is in the code",
            ),
            ("functions.yaml", "association.removed, ", "", "association.removed"),
            ("functions.yaml", "detail-type: [OTA audit]", "detail-type: [audit]", "the rule looks at"),
            ("functions.yaml", "DelaySeconds: 20", "DelaySeconds: 5", "forgotten"),
            ("functions.yaml", "VisibilityTimeout: 900", "VisibilityTimeout: 60", "comes back"),
            ("functions.yaml", "FunctionResponseTypes: [ReportBatchItemFailures]", "Enabled: true", "batch"),
        ],
    );
}

/// A value in the form that the table's stream has it in.
fn attribute(value: &Value) -> Value {
    match value {
        Value::Null => json!({"NULL": true}),
        Value::Bool(yes) => json!({"BOOL": yes}),
        Value::Number(number) => json!({"N": number.to_string()}),
        Value::String(text) => json!({"S": text}),
        Value::Array(items) => json!({"L": items.iter().map(attribute).collect::<Vec<_>>()}),
        Value::Object(members) => json!({"M": attributes(members)}),
    }
}

fn attributes(members: &Map<String, Value>) -> Value {
    members.iter().map(|(name, value)| (name.clone(), attribute(value))).collect::<Map<_, _>>().into()
}

/// What a pipe makes of a record: `<$.path>` is the value there, bare between quotes.
fn transformed(template: &str, record: &Value) -> Value {
    let mut text = String::new();
    let mut rest = template;
    while let Some((before, after)) = rest.split_once("<$.") {
        let (path, behind) = after.split_once('>').unwrap();
        text.push_str(before);
        let value = record.pointer(&format!("/{}", path.replace('.', "/"))).unwrap_or(&Value::Null);
        match (before.ends_with('"'), value) {
            (true, Value::String(bare)) => text.push_str(bare),
            (true, Value::Null) => {}
            (_, value) => text.push_str(&value.to_string()),
        }
        rest = behind;
    }
    text.push_str(rest);
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

/// The event that the bus has of an audit item of acme's.
fn told(infra: &Infra, row: &AuditRow) -> Value {
    let mut item = serde_json::to_value(row).unwrap();
    item["PK"] = "AUDIT#acme#2026-11".into();
    item["SK"] = "1795348800000#r#00000000".into();
    item["rowVersion"] = 1.into();
    let image = attributes(item.as_object().unwrap());
    let keys = json!({"PK": image["PK"], "SK": image["SK"]});
    let record = json!({"eventName": "INSERT", "dynamodb": {"Keys": keys, "NewImage": image}});
    let pipe = one(infra, "Alarms.Pipe");
    let target = &pipe.properties["TargetParameters"];
    json!({
        "source": target["EventBridgeEventBusParameters"]["Source"],
        "detail-type": target["EventBridgeEventBusParameters"]["DetailType"],
        "detail": transformed(target["InputTemplate"].as_str().unwrap(), &record),
    })
}

/// Audit items of everything that is purged for.
async fn withdrawn() -> BTreeMap<String, AuditRow> {
    let it = Kettle::start().await;
    let record = it.image_in("1.0", &["release", "beta"]).await;
    it.remove(&record, "release").await.expect(204);
    it.remove(&record, "beta").await.expect(204);
    it.create_feed("lab").await;
    it.api.call("DELETE", &it.acme.path("/feeds/lab"), &it.acme.release, Value::Null).await.expect(204);
    it.api
        .call("DELETE", &it.acme.path("/deviceTypes/kettle"), &it.acme.release, Value::Null)
        .await
        .expect(204);
    let rows = it.api.audit("acme").await.into_iter();
    rows.filter(|row| purge::purges().contains(&row.action.as_str()))
        .map(|row| (row.action.clone(), row))
        .collect()
}

#[tokio::test]
async fn the_reconciler_reads_an_audit_item_as_the_pipe_tells_it() {
    let rows = withdrawn().await;
    assert!(rows.len() >= 3, "{rows:?}");
    for (action, row) in rows {
        let event = told(&infra(), &row);
        let Ok(Work::Purge(read)) = Work::read(&event) else { panic!("{action}: {event:#}") };
        assert_eq!(read, row, "{action}: {event:#}");
        assert!(purge::stale(&read).is_ok(), "{action}: {event:#}");
    }
}

/// Every member of a value, by its path; items of lists count as one.
fn shape(value: &Value, at: &str, found: &mut BTreeSet<String>) {
    found.insert(at.to_owned());
    match value {
        Value::Object(members) => {
            for (name, each) in members {
                shape(each, &format!("{at}/{name}"), found);
            }
        }
        Value::Array(items) => items.iter().for_each(|item| shape(item, &format!("{at}/*"), found)),
        _ => {}
    }
}

#[tokio::test]
async fn the_sample_of_an_audit_event_has_the_form_that_the_pipe_gives_it() {
    let rows = withdrawn().await;
    let wanted = told(&infra(), &rows["association.removed"]);
    let all = samples();
    let sample = all.iter().find(|sample| sample.title() == "reconciler/purge").expect("there is a sample");
    let of = |value: &Value| {
        let mut found = BTreeSet::new();
        shape(value, "", &mut found);
        found
    };
    assert_eq!(of(&sample.event["detail"]), of(&wanted["detail"]));
}
