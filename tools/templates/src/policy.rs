//! Statements of policies: what somebody may do with what, and when.

use serde_json::Value;

use crate::error::Error;
use crate::path::matches_pattern;
use crate::property::texts;

/// Whether a statement allows or forbids.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effect {
    /// It allows.
    Allow,
    /// It forbids, whatever allows.
    Deny,
}

/// A condition of a statement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Condition {
    /// How it compares, as `StringLike` or `ForAllValues:StringLike`.
    pub operator: String,
    /// What it looks at, as `s3:prefix`.
    pub key: String,
    /// What it compares with; one of them is enough.
    pub values: Vec<String>,
}

/// A statement of a policy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Statement {
    /// Its id; empty for none.
    pub sid: String,
    /// What it does.
    pub effect: Effect,
    /// Actions, as `dynamodb:GetItem`; they may hold `*`.
    pub actions: Vec<String>,
    /// Resources, which may hold `*`. A policy of a resource always names it.
    pub resources: Vec<String>,
    /// Who, in a policy of a resource: `Service: cloudfront.amazonaws.com` and the like.
    pub principals: Vec<String>,
    /// All of these must hold.
    pub conditions: Vec<Condition>,
}

impl Statement {
    /// The statements of an evaluated policy document. `Not…` elements are refused: nothing here should be allowed by
    /// what it is not.
    pub fn of_document(document: &Value) -> Result<Vec<Self>, Error> {
        let statements = match &document["Statement"] {
            Value::Array(items) => items.as_slice(),
            one @ Value::Object(_) => std::slice::from_ref(one),
            _ => return Err(Error::Form("a policy has no Statement".to_owned())),
        };
        statements.iter().map(Self::read).collect()
    }

    fn read(value: &Value) -> Result<Self, Error> {
        if ["NotAction", "NotResource", "NotPrincipal"].iter().any(|not| value.get(not).is_some()) {
            return Err(Error::Form(format!("a statement says what it is not: {value}")));
        }
        let effect = match value["Effect"].as_str() {
            Some("Allow") => Effect::Allow,
            Some("Deny") => Effect::Deny,
            _ => return Err(Error::Form(format!("a statement has no effect: {value}"))),
        };
        let mut conditions = Vec::new();
        for (operator, keys) in value["Condition"].as_object().into_iter().flatten() {
            for (key, values) in keys.as_object().into_iter().flatten() {
                let values = texts(Some(values));
                conditions.push(Condition { operator: operator.clone(), key: key.clone(), values });
            }
        }
        Ok(Self {
            sid: value["Sid"].as_str().unwrap_or_default().to_owned(),
            effect,
            actions: texts(value.get("Action")),
            resources: texts(value.get("Resource")),
            principals: principals(&value["Principal"]),
            conditions,
        })
    }

    /// Whether it speaks of `action` with `resource`, conditions apart. A resource that is to be matched must be
    /// written as the policy writes it: symbols are texts like any other.
    pub fn covers(&self, action: &str, resource: &str) -> bool {
        let action_matches =
            |pattern: &String| matches_pattern(&pattern.to_ascii_lowercase(), &action.to_ascii_lowercase());
        self.actions.iter().any(action_matches)
            && self.resources.iter().any(|pattern| matches_pattern(pattern, resource))
    }

    /// Whether its conditions hold for values of keys, by the operators `StringEquals`, `StringLike`, `StringNotEquals`,
    /// `Bool` and `Null`, with or without `ForAllValues:` and `IfExists`. A condition with another operator does not hold,
    /// nor does one on a key without a value, but for `Null`, `StringNotEquals`, `ForAllValues` and `IfExists` (as IAM
    /// has it).
    pub fn holds(&self, values: &dyn Fn(&str) -> Option<Vec<String>>) -> bool {
        self.conditions.iter().all(|condition| {
            let (all, operator) = match condition.operator.strip_prefix("ForAllValues:") {
                Some(operator) => (true, operator),
                None => (false, condition.operator.as_str()),
            };
            let (lacking, operator) = match operator.strip_suffix("IfExists") {
                Some(operator) => (true, operator),
                None => (all || operator == "StringNotEquals", operator),
            };
            let values = values(&condition.key);
            if operator == "Null" {
                return condition.values == [if values.is_none() { "true" } else { "false" }];
            }
            let fits = |value: &String| match operator {
                "StringEquals" | "Bool" => condition.values.contains(value),
                "StringNotEquals" => !condition.values.contains(value),
                "StringLike" => condition.values.iter().any(|pattern| matches_pattern(pattern, value)),
                _ => false,
            };
            match values {
                Some(values) => values.iter().all(fits) && (all || values.len() == 1),
                None => lacking,
            }
        })
    }
}

fn principals(value: &Value) -> Vec<String> {
    match value {
        Value::String(text) => vec![text.clone()],
        Value::Object(kinds) => kinds
            .iter()
            .flat_map(|(kind, who)| texts(Some(who)).into_iter().map(move |who| format!("{kind}: {who}")))
            .collect(),
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn statement(value: &Value) -> Statement {
        Statement::of_document(&json!({ "Statement": value })).unwrap().remove(0)
    }

    #[test]
    fn actions_match_in_any_case_and_resources_in_their_own() {
        let reads = statement(&json!({"Effect": "Allow", "Action": ["s3:Get*"], "Resource": "arn:b/x/*"}));
        assert!(reads.covers("s3:getObject", "arn:b/x/1"));
        assert!(!reads.covers("s3:PutObject", "arn:b/x/1"));
        assert!(!reads.covers("s3:GetObject", "arn:b/X/1"));
        assert!(!reads.covers("s3:GetObject", "arn:b/x"));
    }

    #[test]
    fn a_condition_holds_as_iam_has_it() {
        let of = |operator: &str| {
            let condition = json!({operator: {"k": ["A#*", "B"]}});
            statement(&json!({"Effect": "Allow", "Action": "x", "Resource": "*", "Condition": condition}))
        };
        let with = |operator: &str, values: &[&str]| {
            let values: Vec<String> = values.iter().map(|value| (*value).to_owned()).collect();
            of(operator).holds(&|key| (key == "k").then(|| values.clone()))
        };
        assert!(with("StringLike", &["A#1"]) && with("StringLike", &["B"]));
        assert!(!with("StringLike", &["C"]) && !with("StringLike", &["A#1", "A#2"]));
        assert!(with("ForAllValues:StringLike", &["A#1", "B"]));
        assert!(!with("ForAllValues:StringLike", &["A#1", "C"]));
        assert!(!with("StringEquals", &["A#1"]));
        assert!(!with("DateLessThan", &["B"]), "an operator that nobody taught it holds for nothing");
        assert!(of("ForAllValues:StringLike").holds(&|_| None) && !of("StringLike").holds(&|_| None));
    }

    #[test]
    fn a_condition_on_what_is_not_said_holds_as_iam_has_it() {
        let of = |operator: &str, value: &str| {
            let condition = json!({operator: {"k": [value]}});
            statement(&json!({"Effect": "Deny", "Action": "x", "Resource": "*", "Condition": condition}))
        };
        for (operator, value, without, with) in [
            ("Null", "true", true, false),
            ("Null", "false", false, true),
            ("StringNotEquals", "v", true, false),
            ("StringNotEquals", "w", true, true),
            ("Bool", "v", false, true),
            ("Bool", "w", false, false),
        ] {
            let statement = of(operator, value);
            assert_eq!(statement.holds(&|_| None), without, "{operator} {value}");
            assert_eq!(statement.holds(&|_| Some(vec!["v".to_owned()])), with, "{operator} {value}");
        }
    }

    #[test]
    fn what_allows_by_exception_is_refused() {
        for not in ["NotAction", "NotResource", "NotPrincipal"] {
            let statement = json!([{"Effect": "Allow", not: "x"}]);
            assert!(Statement::of_document(&json!({ "Statement": statement })).is_err());
        }
        assert!(Statement::of_document(&json!({})).is_err());
    }

    #[test]
    fn principals_are_named_with_their_kind() {
        let read =
            |who: Value| statement(&json!({"Effect": "Deny", "Action": "x", "Principal": who})).principals;
        assert_eq!(read(json!("*")), ["*"]);
        assert_eq!(read(json!({"Service": ["a", "b"]})), ["Service: a", "Service: b"]);
    }
}
