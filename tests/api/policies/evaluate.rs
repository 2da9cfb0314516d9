//! IAM, as far as the policies here go: whether a request is allowed by the function's role and not denied by the bucket,
//! and what a role allows, taken apart.
//!
//! Approximated: each part of a transaction is judged by its own partition key (AWS documents the parts, not their keys),
//! and policies have no other operators than those that [`templates::Statement::holds`] knows.

use std::collections::BTreeSet;

use templates::{Effect, Function, Statement};
use tests::sent::{Asked, Resource};

/// How the templates write a resource.
pub fn written(resource: &Resource) -> String {
    const BUCKET: &str = "arn:aws:s3:::{Storage.BinariesBucket}";
    match resource {
        Resource::Table => "{Data.Table.Arn}".to_owned(),
        Resource::Bucket => BUCKET.to_owned(),
        Resource::Object(key) => format!("{BUCKET}/{key}"),
        Resource::Other(arn) => arn.clone(),
    }
}

/// The key of a condition that a request has values for.
fn condition_key(asked: &Asked) -> &'static str {
    match asked.resource {
        Resource::Table => "dynamodb:LeadingKeys",
        _ => "s3:prefix",
    }
}

fn applies(statement: &Statement, asked: &Asked) -> bool {
    let values = |key: &str| match key {
        "aws:SecureTransport" => Some(vec!["true".to_owned()]),
        key if key == condition_key(asked) && !asked.keys.is_empty() => {
            Some(asked.keys.iter().cloned().collect())
        }
        key => asked.says.get(key).map(|said| vec![said.clone()]),
    };
    statement.covers(&asked.action, &written(&asked.resource)) && statement.holds(&values)
}

/// Whether a function may do what it asks for, its role and the policy of the bucket taken together.
pub fn allowed(function: &Function, bucket: &[Statement], asked: &Asked) -> bool {
    let said = |statements: &[Statement], effect: Effect| {
        statements.iter().any(|statement| statement.effect == effect && applies(statement, asked))
    };
    said(&function.statements, Effect::Allow)
        && !said(&function.statements, Effect::Deny)
        && !said(bucket, Effect::Deny)
}

/// The keys like this one: `DT#*` for `DT#kettle`, `catalogues/*` for an object there.
fn family(key: &str) -> String {
    let end = key.find(['#', '/']).map(|at| at + 1);
    end.map_or_else(|| key.to_owned(), |end| format!("{}*", &key[..end]))
}

/// One thing that a policy allows: an action with a resource, and, where a condition lists values, with one of them.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Grant {
    /// The action.
    pub action: String,
    /// The resource, as it is written.
    pub resource: String,
    /// The value of the condition; empty where there is none.
    pub value: String,
}

impl Grant {
    /// Everything that the policies of a function allow.
    pub fn all(function: &Function) -> BTreeSet<Self> {
        let allows = function.statements.iter().filter(|statement| statement.effect == Effect::Allow);
        allows.flat_map(Self::of).collect()
    }

    fn of(statement: &Statement) -> Vec<Self> {
        let mut values: Vec<&str> =
            statement.conditions.iter().flat_map(|condition| &condition.values).map(String::as_str).collect();
        if values.is_empty() {
            values.push("");
        }
        let mut all = Vec::new();
        for action in &statement.actions {
            for resource in &statement.resources {
                all.extend(values.iter().map(|value| Self {
                    action: action.clone(),
                    resource: resource.clone(),
                    value: (*value).to_owned(),
                }));
            }
        }
        all
    }

    /// Whether a request needs just this: wider than the family of what is asked for, nothing may be allowed.
    pub fn is_used_by(&self, asked: &Asked) -> bool {
        let fits = |pattern: &str, text: &str| pattern == text || pattern == family(text);
        let resource = match &asked.resource {
            Resource::Object(key) => {
                let bucket = written(&Resource::Bucket);
                let key_pattern = self.resource.strip_prefix(&bucket).and_then(|rest| rest.strip_prefix('/'));
                key_pattern.is_some_and(|pattern| fits(pattern, key))
            }
            other => self.resource == written(other),
        };
        let value = self.value.is_empty() || asked.keys.iter().any(|key| fits(&self.value, key));
        self.action == asked.action && resource && value
    }

    /// `dynamodb:GetItem DT#*`, `s3:GetObject catalogues/*`.
    pub fn title(&self) -> String {
        let resource = self
            .resource
            .rsplit_once('/')
            .map_or("", |_| self.resource.split_once("}/").map_or(self.resource.as_str(), |(_, key)| key));
        let what = if self.value.is_empty() { resource } else { &self.value };
        format!("{} {what}", self.action).trim_end().to_owned()
    }
}
