//! The raw table: a dump of all of it, to compare and to check as a whole.

use std::collections::{BTreeMap, HashMap};

use aws_sdk_dynamodb::types::AttributeValue;
use serde_json::{Map, Value, json};
use shared::domain::{PartnerId, Right};
use shared::store::audit::AuditRow;
use shared::usecases::reconcile::{Report, reconcile};
use shared::usecases::{Context, Result, Standing};

use crate::api::Api;

/// Every row by partition and sort key.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Dump(pub BTreeMap<(String, String), Value>);

impl Dump {
    /// The rows of the partitions whose key begins with `prefix`.
    pub fn under<'a>(&'a self, prefix: &'a str) -> impl Iterator<Item = (&'a str, &'a str, &'a Value)> {
        let from = self.0.range((prefix.to_owned(), String::new())..);
        from.take_while(move |((pk, _), _)| pk.starts_with(prefix)).map(|((pk, sk), row)| (&**pk, &**sk, row))
    }

    /// One row; `null` if it is not there.
    pub fn row(&self, pk: &str, sk: &str) -> &Value {
        self.0.get(&(pk.to_owned(), sk.to_owned())).unwrap_or(&Value::Null)
    }

    /// The keys that are in only one of the two, or under which they hold different rows.
    pub fn difference(&self, other: &Self) -> Vec<String> {
        let keys = self.0.keys().chain(other.0.keys());
        let mut different: Vec<_> = keys
            .filter(|key| self.0.get(key) != other.0.get(key))
            .map(|(pk, sk)| format!("{pk} / {sk}"))
            .collect();
        different.sort();
        different.dedup();
        different
    }
}

impl Api {
    /// Everything in the table but the days on which keys were last used.
    pub async fn dump(&self) -> Dump {
        let client = self.server.dynamodb_client();
        let mut rows = BTreeMap::new();
        let mut from = None;
        loop {
            let scan = client.scan().table_name(self.server.table()).consistent_read(true);
            let answer = scan.set_exclusive_start_key(from).send().await.expect("the table can be read");
            for item in answer.items.unwrap_or_default() {
                let mut row = object(item);
                row.remove("lastUsedDay");
                let text = |name: &str| row[name].as_str().unwrap().to_owned();
                rows.insert((text("PK"), text("SK")), Value::Object(row));
            }
            from = answer.last_evaluated_key;
            if from.is_none() {
                return Dump(rows);
            }
        }
    }

    /// Takes a row away behind the service's back.
    pub async fn erase(&self, pk: &str, sk: &str) {
        let delete = self.server.dynamodb_client().delete_item().table_name(self.server.table());
        delete.set_key(Some(key(pk, sk))).send().await.expect("the row can be taken away");
    }

    /// Sets an attribute of a row (`binary.kind` for one inside another) behind the service's back; takes it away for
    /// none.
    pub async fn alter(&self, pk: &str, sk: &str, path: &str, value: Option<AttributeValue>) {
        let names = path.split('.').enumerate().map(|(at, name)| (format!("#{at}"), name.to_owned()));
        let names: HashMap<String, String> = names.collect();
        let place: Vec<String> = (0..names.len()).map(|at| format!("#{at}")).collect();
        let place = place.join(".");
        let update = self.server.dynamodb_client().update_item().table_name(self.server.table());
        let update = update.set_key(Some(key(pk, sk))).set_expression_attribute_names(Some(names));
        let update = match value {
            Some(value) => update
                .update_expression(format!("SET {place} = :value"))
                .expression_attribute_values(":value", value),
            None => update.update_expression(format!("REMOVE {place}")),
        };
        update.send().await.expect("the row can be altered");
    }

    /// Reconciles as the scheduled chore does.
    pub async fn reconcile(&self) -> Result<Report> {
        let app = self.server.app();
        let cx = Context {
            store: &app.store,
            config: &app.config,
            secrets: &app.secrets,
            actor: "reconcile",
            right: Right::Operator,
            request_id: "reconcile",
            now: app.clock.now(),
            standing: Standing::default(),
        };
        reconcile(&cx, self.server.blobs()).await
    }

    /// The audit of this month: a partner's, or the operator's for `""`.
    pub async fn audit(&self, partner: &str) -> Vec<AuditRow> {
        let app = self.server.app();
        let partner: Option<PartnerId> = (!partner.is_empty()).then(|| partner.parse().unwrap());
        app.store.audit(partner.as_ref(), app.clock.now()).await.expect("the audit can be read")
    }
}

fn key(pk: &str, sk: &str) -> HashMap<String, AttributeValue> {
    [("PK", pk), ("SK", sk)].map(|(name, text)| (name.to_owned(), AttributeValue::S(text.to_owned()))).into()
}

fn object(item: HashMap<String, AttributeValue>) -> Map<String, Value> {
    item.into_iter().map(|(name, attribute)| (name, value(attribute))).collect()
}

fn value(attribute: AttributeValue) -> Value {
    match attribute {
        AttributeValue::S(text) => text.into(),
        AttributeValue::N(number) => number.parse::<i64>().map_or(Value::String(number), Value::from),
        AttributeValue::Bool(yes) => yes.into(),
        AttributeValue::M(map) => Value::Object(object(map)),
        AttributeValue::L(list) => list.into_iter().map(value).collect(),
        AttributeValue::Ss(mut set) => {
            set.sort();
            set.into()
        }
        other => json!(format!("{other:?}")),
    }
}
