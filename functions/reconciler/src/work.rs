//! What the reconciler is called for, read out of the event that called it.
//!
//! Pure: an event becomes one piece of work, or an error that says what it was.

use serde_json::{Map, Value, json};
use shared::store::audit::AuditRow;

/// What is to be done.
#[derive(Debug, Clone, PartialEq)]
pub enum Work {
    /// Finish what broke off, and complete what has come to its end (a schedule, every minute).
    Repairs,
    /// Compare everything (a schedule, every day).
    Reconcile,
    /// Purge for one change, at once (a rule of the event bus).
    Purge(AuditRow),
    /// Purge for these changes once more (a queue that delays them).
    PurgeAgain(Vec<Message>),
}

/// One message of a queue.
#[derive(Debug, Clone, PartialEq)]
pub struct Message {
    /// Its id, by which the queue is told that it failed.
    pub id: String,
    /// The change that it tells of.
    pub row: Result<AuditRow, Unknown>,
}

/// An event that is none of ours; says what it was.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the reconciler has nothing to do for {0}")]
pub struct Unknown(String);

impl Work {
    /// Reads an event as Lambda delivers it: `{"chore": …}` of a schedule, an event of the bus, or a batch of such
    /// events from the queue.
    pub fn read(event: &Value) -> Result<Self, Unknown> {
        match &event["chore"] {
            Value::Null => {}
            Value::String(chore) if chore == "repairs" => return Ok(Self::Repairs),
            Value::String(chore) if chore == "reconcile" => return Ok(Self::Reconcile),
            other => return Err(Unknown(format!("the chore {other}"))),
        }
        if let Some(records) = event["Records"].as_array() {
            return records.iter().map(message).collect::<Result<_, _>>().map(Self::PurgeAgain);
        }
        audited(event).map(Self::Purge)
    }
}

fn message(record: &Value) -> Result<Message, Unknown> {
    let (id, source) = (record["messageId"].as_str(), record["eventSource"].as_str());
    let (Some(id), Some("aws:sqs")) = (id, source) else {
        return Err(Unknown(format!("a record of {}", record["eventSource"])));
    };
    // One that cannot be read must not keep the others from being done; the queue puts it aside in the end.
    let body = record["body"].as_str().and_then(|body| serde_json::from_str(body).ok());
    let row =
        body.map_or_else(|| Err(Unknown("a message that is no event".to_owned())), |event| audited(&event));
    Ok(Message { id: id.to_owned(), row })
}

/// The audit item that an event of the bus carries.
fn audited(event: &Value) -> Result<AuditRow, Unknown> {
    if event["source"] != "ota" || event["detail-type"] != "OTA audit" {
        let members: Vec<_> = event.as_object().into_iter().flat_map(Map::keys).map(String::as_str).collect();
        return Err(Unknown(match event["detail-type"].as_str() {
            Some(kind) => format!("the event {kind:?} of {}", event["source"]),
            None => format!("an event with the members {members:?}"),
        }));
    }
    // What else stands in the detail is there for those who are not ours.
    serde_json::from_value(plain(&json!({"M": event["detail"]["item"]})))
        .map_err(|error| Unknown(format!("an audit item that does not parse: {error}")))
}

/// A value as it was before the table wrote it in its own form (`{"S": "text"}`); none for what has no such form.
fn plain(value: &Value) -> Value {
    let Some((kind, inside)) = value.as_object().and_then(|members| members.iter().next()) else {
        return Value::Null;
    };
    match (kind.as_str(), inside) {
        ("S" | "BOOL", inside) => inside.clone(),
        ("N", Value::String(text)) => serde_json::from_str(text).unwrap_or_default(),
        ("L", Value::Array(all)) => all.iter().map(plain).collect(),
        ("M", Value::Object(all)) => {
            Value::Object(all.iter().map(|(name, value)| (name.clone(), plain(value))).collect())
        }
        _ => Value::Null,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(before: &Value) -> Value {
        let mut item = json!({
            "PK": {"S": "AUDIT#acme#2026-11"},
            "SK": {"S": "1795305600000#r1#00000000"},
            "rowVersion": {"N": "1"},
            "at": {"N": "1795305600000"},
            "actor": {"S": "key"},
            "requestId": {"S": "r1"},
            "action": {"S": "association.removed"},
            "subject": {"S": "kettle/release/105/7"},
        });
        if !before.is_null() {
            item["before"] = before.clone();
        }
        json!({"id": "a1", "source": "ota", "detail-type": "OTA audit", "detail": {"action": "said twice", "item": item}})
    }

    fn purge(event: &Value) -> AuditRow {
        match Work::read(event).unwrap() {
            Work::Purge(row) => row,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn schedules_name_their_chore() {
        assert_eq!(Work::read(&json!({"chore": "repairs"})), Ok(Work::Repairs));
        assert_eq!(Work::read(&json!({"chore": "reconcile"})), Ok(Work::Reconcile));
    }

    #[test]
    fn an_audit_item_is_read_as_the_table_writes_it() {
        let inside = json!({
            "feeds": {"L": [{"S": "beta"}]},
            "sealed": {"BOOL": true},
            "n": {"N": "7"},
            "x": {"NULL": true},
            "m": {"M": {}},
        });
        let row = purge(&event(&json!({"M": inside})));
        let before = json!({"feeds": ["beta"], "sealed": true, "n": 7, "x": null, "m": {}});
        assert_eq!((row.before, row.after), (Some(before), None));
        assert_eq!((row.at.millis(), row.request_id.as_str()), (1_795_305_600_000, "r1"));
        assert_eq!(
            (row.action.as_str(), row.subject.as_str()),
            ("association.removed", "kettle/release/105/7")
        );
        assert_eq!(purge(&event(&Value::Null)).before, None);
    }

    #[test]
    fn of_a_batch_each_message_is_read_for_itself() {
        let record = |id: &str, body: &str| json!({"messageId": id, "eventSource": "aws:sqs", "body": body});
        let batch = json!({"Records": [record("1", &event(&Value::Null).to_string()), record("2", "{"), record("3", "{}")]});
        let Work::PurgeAgain(messages) = Work::read(&batch).unwrap() else { panic!() };
        let read: Vec<_> = messages.iter().map(|each| (each.id.as_str(), each.row.is_ok())).collect();
        assert_eq!(read, [("1", true), ("2", false), ("3", false)]);
    }

    #[test]
    fn anything_else_is_an_error_that_says_what_it_was() {
        for (event, what) in [
            (json!({"chore": "sweep"}), "the chore \"sweep\""),
            (json!({"chore": 7}), "the chore 7"),
            (
                json!({"source": "aws.s3", "detail-type": "Object Created"}),
                "the event \"Object Created\" of \"aws.s3\"",
            ),
            (json!({"Records": [{"eventSource": "aws:s3"}]}), "a record of \"aws:s3\""),
            (
                json!({"httpMethod": "GET", "path": "/"}),
                "an event with the members [\"httpMethod\", \"path\"]",
            ),
            (json!("text"), "an event with the members []"),
            (json!({"source": "ota", "detail-type": "OTA audit"}), "an audit item that does not parse"),
        ] {
            let error = Work::read(&event).unwrap_err().to_string();
            assert!(error.contains(what), "{error}");
        }
    }
}
