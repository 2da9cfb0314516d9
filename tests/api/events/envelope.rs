//! What lies around a request in a sample event: whole, in agreement with itself, and as our own parts of it are written.

use std::collections::{BTreeMap, BTreeSet};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;
use shared::domain::{Actor, Right};
use shared::http::Code;
use shared::http::caller::{authorizer_context, denied_context};

use super::{Sample, samples};

fn text<'a>(event: &'a Value, pointer: &str) -> &'a str {
    event.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
}

/// The samples that are requests.
fn requests() -> Vec<Sample> {
    let all: Vec<_> = samples().into_iter().filter(|sample| !sample.method().is_empty()).collect();
    assert!(all.len() > 100, "{}", all.len());
    all
}

#[test]
fn the_envelope_of_a_request_agrees_with_itself() {
    let mut ids = BTreeSet::new();
    for sample in requests() {
        let (event, title) = (&sample.event, sample.title());
        assert_eq!(event["version"], "2.0", "{title}");
        for (one, other) in [
            ("/rawPath", "/requestContext/http/path"),
            ("/routeKey", "/requestContext/routeKey"),
            ("/headers/host", "/requestContext/domainName"),
        ] {
            assert_eq!(text(event, one), text(event, other), "{title}: {one}, {other}");
            assert!(!text(event, one).is_empty(), "{title}: {one}");
        }
        assert_eq!(text(event, "/requestContext/stage"), "$default", "{title}");
        assert!(text(event, "/headers/host").starts_with(text(event, "/requestContext/apiId")), "{title}");
        assert!(ids.insert(text(event, "/requestContext/requestId").to_owned()), "{title}: another's id");
        let mut query = BTreeMap::<String, String>::new();
        for pair in text(event, "/rawQueryString").split('&').filter(|pair| !pair.is_empty()) {
            let (name, value) = pair.split_once('=').unwrap();
            query.insert(name.to_owned(), value.to_owned());
        }
        let given = event.get("queryStringParameters").cloned().unwrap_or_default();
        let given: Option<BTreeMap<String, String>> = serde_json::from_value(given).unwrap();
        assert_eq!(given.unwrap_or_default(), query, "{title}");
    }
}

#[test]
fn a_body_is_as_long_as_it_is_said_to_be_and_encoded_if_it_is_no_text() {
    let mut bodies = 0;
    for sample in requests() {
        let event = &sample.event;
        let body = text(event, "/body");
        let encoded = event["isBase64Encoded"] == true;
        let bytes = if encoded { STANDARD.decode(body).unwrap() } else { body.as_bytes().to_vec() };
        assert_eq!(text(event, "/headers/content-length"), bytes.len().to_string(), "{}", sample.title());
        let is_json = text(event, "/headers/content-type").starts_with("application/json");
        assert_eq!(encoded, !bytes.is_empty() && !is_json, "{}", sample.title());
        bodies += usize::from(!bytes.is_empty());
    }
    assert!(bodies > 15, "{bodies}");
}

#[test]
fn a_sample_names_no_account() {
    fn accounts<'a>(value: &'a Value, found: &mut Vec<&'a Value>) {
        match value {
            Value::Object(members) => {
                for (name, member) in members {
                    if ["account", "accountId", "x-amz-source-account"].contains(&name.as_str()) {
                        found.push(member);
                    }
                    accounts(member, found);
                }
            }
            Value::Array(items) => items.iter().for_each(|item| accounts(item, found)),
            _ => {}
        }
    }
    for sample in samples() {
        let mut found = Vec::new();
        accounts(&sample.event, &mut found);
        assert!(found.iter().all(|account| *account == "000000000000"), "{}: {found:?}", sample.title());
        for arn in sample.event.to_string().split("arn:aws:").skip(1) {
            let account = arn.split(':').nth(2).unwrap();
            assert!(["", "000000000000"].contains(&account), "{}: {arn}", sample.title());
        }
    }
}

#[test]
fn the_authorizers_word_is_in_the_words_of_ours() {
    let mut seen = BTreeSet::new();
    for sample in requests() {
        let Some(said) = sample.event.pointer("/requestContext/authorizer/lambda") else { continue };
        let title = sample.title();
        if let Some(denied) = said["denied"].as_str() {
            let code = Code::ALL.iter().find(|code| code.as_str() == denied).unwrap();
            assert_eq!(*said, serde_json::to_value(denied_context(*code)).unwrap(), "{title}");
            seen.insert("denied".to_owned());
            continue;
        }
        let right: Right = said["right"].as_str().unwrap().parse().unwrap();
        let actor = Actor {
            partner: said["partner"].as_str().map(|partner| partner.parse().unwrap()),
            right,
            key: said["keyId"].as_str().unwrap().to_owned(),
            bearer: false,
            expires: None,
            root: said["root"].as_str().unwrap_or_default().to_owned(),
        };
        assert_eq!(*said, serde_json::to_value(authorizer_context(&actor)).unwrap(), "{title}");
        seen.insert(right.as_str().to_owned());
    }
    let all = ["denied", "operator", "read", "release", "write"].map(str::to_owned);
    assert_eq!(seen, BTreeSet::from(all));
}

#[test]
fn a_device_door_has_no_authorizers_word_and_shows_who_signed() {
    for sample in requests() {
        let event = &sample.event;
        let device = sample.is_signed();
        let signed = !text(event, "/requestContext/authorizer/iam/userArn").is_empty();
        assert_eq!(signed, device, "{}", sample.title());
        assert_eq!(text(event, "/headers/host").contains(".lambda-url."), device, "{}", sample.title());
        let ours = event.pointer("/requestContext/authorizer/lambda").is_some();
        assert!(!(ours && device), "{}", sample.title());
        // Nor does `Authorization` get through: it is the CDN's own there.
        assert!(!device || event["headers"].get("authorization").is_none(), "{}", sample.title());
    }
}
