//! The reconciler, called as schedules, the event bus and the queue call it.

mod cdn;
mod chores;
mod moto;
mod progress;
mod purge;
mod rollouts;
mod taken_away;

use std::sync::{Arc, Mutex};

use lambda_http::{Context, LambdaEvent};
use reconciler::{Fault, Reconciler};
use serde_json::{Value, json};
use shared::metrics::Metrics;
use shared::needs;
use shared::store::audit::AuditRow;
use tests::api::Api;

use self::cdn::FakeCdn;

/// A reconciler beside a service, and all that it prints and asks.
struct Bench {
    reconciler: Reconciler,
    cdn: FakeCdn,
    lines: Arc<Mutex<Vec<Value>>>,
}

impl Bench {
    async fn beside(api: &Api) -> Self {
        let cdn = FakeCdn::start().await;
        let lines: Arc<Mutex<Vec<Value>>> = Arc::default();
        let kept = Arc::clone(&lines);
        let print = move |line: &str| kept.lock().unwrap().push(serde_json::from_str(line).unwrap());
        let reconciler = Reconciler {
            // Only what the function is given in the cloud.
            app: api.server.app().only(&needs::RECONCILER),
            blobs: api.server.blobs().clone(),
            cdn: cdn.client(api.server.clock().clone()),
            metrics: Metrics::to("ota/test", print),
        };
        Self { reconciler, cdn, lines }
    }

    /// Calls it with a quarter of an hour to go.
    async fn call(&self, event: Value) -> Result<Value, Fault> {
        self.call_for(event, 900_000).await
    }

    /// Calls it with so many milliseconds to go.
    async fn call_for(&self, event: Value, millis: i64) -> Result<Value, Fault> {
        let mut context = Context::default();
        "run".clone_into(&mut context.request_id);
        context.deadline =
            u64::try_from(self.reconciler.app.clock.now().millis() + millis).unwrap_or_default();
        self.reconciler.handle(LambdaEvent::new(event, context)).await
    }

    async fn chore(&self, name: &str) -> Value {
        self.call(json!({"chore": name})).await.unwrap()
    }

    /// The metrics printed so far, by name, and forgets them; fails the test on one that is printed twice.
    fn metrics(&self) -> std::collections::BTreeMap<String, u64> {
        let mut all = std::collections::BTreeMap::new();
        for line in std::mem::take(&mut *self.lines.lock().unwrap()) {
            for (name, value) in line.as_object().unwrap().iter().filter(|(name, _)| *name != "_aws") {
                assert_eq!(all.insert(name.clone(), value.as_u64().unwrap()), None, "{name}");
            }
        }
        all
    }
}

/// An audit item as an event of the bus.
fn event_of(row: &AuditRow) -> Value {
    let Value::Object(members) = serde_json::to_value(row).unwrap() else { panic!("{row:?}") };
    let item: Value = members.into_iter().map(|(name, value)| (name, tables(&value))).collect();
    json!({"id": "e", "source": "ota", "detail-type": "OTA audit", "detail": {"item": item}})
}

/// A value in the table's own form.
fn tables(value: &Value) -> Value {
    match value {
        Value::Null => json!({"NULL": true}),
        Value::Bool(yes) => json!({"BOOL": yes}),
        Value::Number(number) => json!({"N": number.to_string()}),
        Value::String(text) => json!({"S": text}),
        Value::Array(all) => json!({"L": all.iter().map(tables).collect::<Vec<_>>()}),
        Value::Object(all) => {
            json!({"M": all.iter().map(|(name, value)| (name.clone(), tables(value))).collect::<Value>()})
        }
    }
}

/// Events as the queue delivers them, with ids from 0 up.
fn batch_of(events: &[Value]) -> Value {
    let record = |(id, event): (usize, &Value)| json!({"messageId": id.to_string(), "eventSource": "aws:sqs", "body": event.to_string()});
    json!({"Records": events.iter().enumerate().map(record).collect::<Vec<_>>()})
}
