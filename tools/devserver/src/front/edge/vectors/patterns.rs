//! The CDN chooses an origin by patterns, without asking the edge function, which cannot see what was chosen: whatever
//! the edge lets through must be for the origin that the CDN will ask.

use std::path::Path;

use http::Method;
use templates::{Behaviour, Cdn, Infra, Settings, Target};

use super::super::{Asked, Origin, decide, serves};
use super::{NOW, cases, header_map, keys};

/// The distribution, as the templates have it.
fn cdn() -> Cdn {
    let template = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../infra/template.yaml");
    Infra::read(&template, Settings::default()).unwrap().cdns().unwrap().remove(0)
}

/// The origin of a behaviour that asks the edge function first.
fn origin(behaviour: &Behaviour) -> Option<Origin> {
    behaviour.viewer_request.as_ref()?;
    match &behaviour.target {
        Target::Function(id) if id.ends_with("EligibilityFunction") => Some(Origin::Checks),
        Target::Function(id) if id.ends_with("FeedsFunction") => Some(Origin::Feeds),
        Target::Bucket(_) => Some(Origin::Bucket),
        other => panic!("{other:?} is behind the edge function, which does not know it"),
    }
}

/// A path in the normal form of RFC 3986, with slashes merged or not: what CloudFront compares with patterns.
fn normal(path: &str, merge: bool) -> String {
    let decoded = unreserved_decoded(path);
    let mut out: Vec<&str> = Vec::new();
    for segment in decoded.split('/').skip(1) {
        match segment {
            "." => {}
            ".." => drop(out.pop()),
            "" if merge && out.last() != Some(&"") && !decoded.ends_with('/') => {}
            _ => out.push(segment),
        }
    }
    format!("/{}", out.join("/"))
}

fn unreserved_decoded(path: &str) -> String {
    let mut parts = path.split('%');
    let mut out = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let byte = part.get(..2).and_then(|hex| u8::from_str_radix(hex, 16).ok());
        match byte.map(char::from) {
            Some(plain) if plain.is_ascii_alphanumeric() || "-._~".contains(plain) => {
                out.push(plain);
                out.push_str(&part[2..]);
            }
            _ => out.extend(["%", part]),
        }
    }
    out
}

#[test]
fn what_the_edge_lets_through_is_for_the_origin_that_the_cdn_will_ask() {
    let (cdn, mut forwarded) = (cdn(), 0);
    for case in cases::all() {
        let (method, headers): (Method, _) = (case.method.parse().unwrap(), header_map(&case.headers));
        let asked = Asked {
            method: &method,
            path: &case.path,
            query: &case.query,
            headers: &headers,
            https: case.https,
            now: NOW,
        };
        let Ok(forward) = decide(&asked, Some(&keys())) else { continue };
        forwarded += 1;
        for path in [case.path.clone(), normal(&case.path, false), normal(&case.path, true)] {
            let chosen = cdn.behaviour(&path).and_then(origin);
            assert_eq!(chosen, Some(forward.origin), "{} as {path}", case.path);
        }
        assert!(serves(&method, &case.path), "{}", case.path);
    }
    assert!(forwarded > 100, "{forwarded}");
}

#[test]
fn a_path_that_is_fetched_or_asked_of_a_function_comes_through_the_edge() {
    let cdn = cdn();
    for (path, expected) in [
        ("/release/dev1", true),
        ("/", true),
        ("/favicon.ico", true),
        ("//v1/ota", true),
        ("/v1", true),
        ("/oauth", true),
        ("/repository/x", true),
        ("/repository", true),
        ("/by-hash/x", true),
        ("/v1/ota/deviceTypes/kettle/eligibility", true),
        ("/v1/ota/deviceTypes/kettle/eligibility/", false),
        ("/v1/ota/deviceTypes/kettle/devices", false),
        ("/v1/ota/partners/demo/deviceTypes/kettle/eligibility", false),
        ("/v1/x/by-hash/y", false),
        ("/oauth/token", false),
        ("/console", false),
        ("/console/x", false),
    ] {
        assert_eq!(serves(&Method::GET, path), expected, "{path}");
        assert_eq!(cdn.behaviour(path).and_then(origin).is_some(), expected, "the templates: {path}");
    }
    let nameless = "/v1/ota/deviceTypes//eligibility";
    assert!(!serves(&Method::GET, nameless), "the API finds nothing there, nor does the edge function");
    assert!(!serves(&Method::POST, "/v1/ota/deviceTypes/kettle/eligibility"), "reports go to the API");
}
