//! What a function asks of AWS, read off the wire as IAM would: actions, resources, and the keys of conditions.
//!
//! `TransactWriteItems` is authorised as its parts, `HeadObject` as `GetObject`, `CopyObject` as `GetObject` on its source
//! and `PutObject` on its target. Who asks for an object that is not there must be allowed to list it, or S3 says 403.

use std::collections::{BTreeMap, BTreeSet};

use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use serde_json::Value;

/// What is read at start to open the connection; it never exists.
const WARM: &str = "staging/warm";

/// A resource, by what the templates call it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Resource {
    /// The table.
    Table,
    /// The bucket of binaries itself.
    Bucket,
    /// An object in it, by its key.
    Object(String),
    /// Anything else, as a policy writes it.
    Other(String),
}

/// One thing that IAM is asked about.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Asked {
    /// The action, as `dynamodb:GetItem`.
    pub action: String,
    /// What it is done with.
    pub resource: Resource,
    /// The partition keys that it names, or the prefix that is listed.
    pub keys: BTreeSet<String>,
    /// What else it says that a condition may ask about, as `s3:if-none-match`.
    pub says: BTreeMap<&'static str, String>,
}

impl Asked {
    /// To do something with a resource; what conditions may ask about is added to it.
    pub fn new(action: &str, resource: Resource) -> Self {
        Self { action: action.to_owned(), resource, keys: BTreeSet::new(), says: BTreeMap::new() }
    }
}

/// A request as it went out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sent {
    /// The function whose client sent it; empty for a client without a name.
    pub function: String,
    /// What it asks for.
    pub asked: Vec<Asked>,
}

impl Sent {
    /// Reads a request of the SDK; panics at one that nobody has taught it.
    pub(crate) fn read(request: &HttpRequest) -> Self {
        let agent = request.headers().get("x-amz-user-agent").unwrap_or_default();
        let function = agent.split(' ').find_map(|part| part.strip_prefix("app/")).unwrap_or_default();
        let asked = match request.headers().get("x-amz-target") {
            Some(target) => {
                let body = request.body().bytes().expect("a call of the table is held in memory");
                let body: Value = serde_json::from_slice(body).expect("a call of the table is JSON");
                of_table(target.rsplit('.').next().unwrap_or_default(), &body)
            }
            None => of_bucket(request),
        };
        Self { function: function.to_owned(), asked }
    }

    /// The answer was that an object is not there. Nobody asks what became of the read that opens the connection.
    pub(crate) fn found_nothing(&mut self) {
        let objects = self.asked.iter().filter(|asked| asked.action == "s3:GetObject");
        let missing = objects.filter_map(|asked| match &asked.resource {
            Resource::Object(key) if key != WARM => Some(listing(key)),
            _ => None,
        });
        self.asked.extend(missing.collect::<Vec<_>>());
    }
}

fn table(action: &str, keys: impl IntoIterator<Item = String>) -> Asked {
    let asked = Asked::new(&format!("dynamodb:{action}"), Resource::Table);
    Asked { keys: keys.into_iter().collect(), ..asked }
}

fn partition(key: &Value) -> String {
    key["PK"]["S"].as_str().unwrap_or_else(|| panic!("{key} has no partition key")).to_owned()
}

fn of_table(operation: &str, body: &Value) -> Vec<Asked> {
    match operation {
        "GetItem" | "UpdateItem" | "DeleteItem" => vec![table(operation, [partition(&body["Key"])])],
        "PutItem" => vec![table(operation, [partition(&body["Item"])])],
        "Query" => {
            let key = body["ExpressionAttributeValues"][":pk"]["S"].as_str();
            vec![table(operation, [key.expect("a query names its partition").to_owned()])]
        }
        "BatchGetItem" => {
            let tables = body["RequestItems"].as_object().into_iter().flatten();
            let keys = tables.flat_map(|(_, keys)| keys["Keys"].as_array().into_iter().flatten());
            vec![table(operation, keys.map(partition))]
        }
        "BatchWriteItem" => {
            let tables = body["RequestItems"].as_object().into_iter().flatten();
            let requests = tables.flat_map(|(_, requests)| requests.as_array().into_iter().flatten());
            let key = |request: &Value| partition(&request["DeleteRequest"]["Key"]);
            vec![table(operation, requests.map(key))]
        }
        "TransactWriteItems" => {
            body["TransactItems"].as_array().into_iter().flatten().filter_map(of_transaction).collect()
        }
        other => panic!("{other} is a call that IAM is not asked about here"),
    }
}

fn of_transaction(item: &Value) -> Option<Asked> {
    let (kind, part) = item.as_object()?.iter().next()?;
    let (action, key) = match kind.as_str() {
        "Put" => ("PutItem", &part["Item"]),
        "Update" => ("UpdateItem", &part["Key"]),
        "Delete" => ("DeleteItem", &part["Key"]),
        "ConditionCheck" => ("ConditionCheckItem", &part["Key"]),
        other => panic!("{other} is no part of a transaction"),
    };
    Some(table(action, [partition(key)]))
}

fn object(action: &str, key: &str) -> Asked {
    Asked::new(&format!("s3:{action}"), Resource::Object(key.to_owned()))
}

fn listing(prefix: &str) -> Asked {
    Asked { keys: BTreeSet::from([prefix.to_owned()]), ..Asked::new("s3:ListBucket", Resource::Bucket) }
}

/// What is written, with what the request says of it.
fn written(key: &str, request: &HttpRequest) -> Asked {
    let asked = [
        ("if-none-match", "s3:if-none-match"),
        ("x-amz-server-side-encryption", "s3:x-amz-server-side-encryption"),
        (
            "x-amz-server-side-encryption-customer-algorithm",
            "s3:x-amz-server-side-encryption-customer-algorithm",
        ),
    ];
    let said = asked
        .into_iter()
        .filter_map(|(header, name)| Some((name, request.headers().get(header)?.to_owned())));
    Asked { says: said.collect(), ..object("PutObject", key) }
}

/// `/bucket/key?query`, since the stores here are asked by path.
fn of_bucket(request: &HttpRequest) -> Vec<Asked> {
    let url: http::Uri = request.uri().parse().expect("the SDK asks for a URL");
    let path = url.path().trim_start_matches('/');
    let (_, key) = path.split_once('/').unwrap_or((path, ""));
    let query = url.query().unwrap_or_default();
    match (request.method(), key) {
        ("GET", "") => {
            let prefix = query.split('&').find_map(|pair| pair.strip_prefix("prefix=")).unwrap_or_default();
            vec![listing(&prefix.replace("%2F", "/"))]
        }
        ("GET" | "HEAD", key) => vec![object("GetObject", key)],
        ("PUT", key) => match request.headers().get("x-amz-copy-source") {
            Some(source) => {
                let source = source.trim_start_matches('/').split_once('/').expect("a copy has a source").1;
                vec![object("GetObject", source), written(key, request)]
            }
            None => vec![written(key, request)],
        },
        ("DELETE", key) => vec![object("DeleteObject", key)],
        (method, key) => panic!("{method} {key} is a call that IAM is not asked about here"),
    }
}

/// What a presigned request asks for, as an announcement answers it; it is authorised as whoever signed it.
pub fn of_presigned(upload: &Value) -> Vec<Asked> {
    let mut request = HttpRequest::empty();
    let text = |value: &Value| value.as_str().expect("a text").to_owned();
    request.set_method(&text(&upload["method"])).expect("a method");
    request.set_uri(text(&upload["url"])).expect("a URL");
    for (name, value) in upload["headers"].as_object().into_iter().flatten() {
        request.headers_mut().insert(name.clone(), text(value));
    }
    of_bucket(&request)
}
