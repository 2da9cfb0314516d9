//! Every route of the routers at its door, behind the function that has it, and nothing else at either door.

use std::collections::BTreeSet;

use templates::{Infra, Target};

use super::{compare, expect};
use crate::operations::mounted_by;

/// Paths that need no key: the token exchange, which reads one itself, and whatever has no route.
const OPEN: [&str; 5] = [
    "/oauth/token",
    "$default",
    "/v1/ota/deviceTypes/{deviceTypeId}/devices/{deviceId}/attributes",
    "/v1/ota/deviceTypes/{deviceTypeId}/devices/{deviceId}/status",
    "/v1/ota/deviceTypes/{deviceTypeId}/devices/{deviceId}/checks",
];

/// The name of a function by its id in the templates.
fn name_of(infra: &Infra, id: &str) -> String {
    let functions = infra.functions().unwrap();
    functions.into_iter().find(|function| function.id == id).map_or_else(|| id.to_owned(), |found| found.name)
}

/// `(function, path)` of every route in the routers' source that comes through the API.
fn in_the_code() -> BTreeSet<(String, String)> {
    let all = mounted_by().into_iter().filter(|(_, _, route)| !route.ends_with("/eligibility"));
    all.map(|(function, _, route)| (function, route)).collect()
}

fn api_faults(infra: &Infra) -> Vec<String> {
    let apis = infra.apis().unwrap();
    let [api] = apis.as_slice() else { return vec![format!("{} APIs", apis.len())] };
    let routes = api.routes.iter().filter(|route| !route.is_default());
    let routes = routes.map(|route| (name_of(infra, &route.function), route.path.clone()));
    let mut faults = compare(routes, in_the_code(), "route");
    for route in &api.routes {
        let key = route.key();
        if !route.is_default() && route.method != "ANY" {
            faults.push(format!("{key} leaves refusing other methods to the gateway"));
        }
        let behind = route.authorizer.as_deref().and_then(|name| api.authorizer(name));
        if behind.is_some() == OPEN.contains(&route.path.as_str()) {
            faults.push(format!("{key} has the authorizer {:?}", route.authorizer));
        }
    }
    let default = api.routes.iter().find(|route| route.is_default());
    if default.is_none_or(|route| name_of(infra, &route.function) != "admin") {
        faults.push("no function answers what has no route".to_owned());
    }
    if api.stage != "$default" {
        faults.push(format!("the stage {} stands before every path", api.stage));
    }
    for authorizer in &api.authorizers {
        let sound = name_of(infra, &authorizer.function) == "authorizer"
            && authorizer.payload_version == "2.0"
            && authorizer.simple_responses
            && authorizer.identity_sources.is_empty()
            && authorizer.ttl_seconds == 0;
        if !sound {
            faults.push(format!("{authorizer:?} is not what the authorizer is written for"));
        }
    }
    faults
}

#[test]
fn every_route_of_the_api_is_in_the_code_and_the_reverse() {
    expect(
        api_faults,
        &[
            (
                "functions.yaml",
                "Path: /v1/ota/whoami",
                "Path: /v1/ota/whoareyou",
                "whoami\") is in the code only",
            ),
            (
                "functions.yaml",
                "Path: /v1/ota/whoami",
                "Path: /v1/ota/whoareyou",
                "whoareyou\") is in the templates",
            ),
            ("functions.yaml", "{partnerId}/tags", "{partner}/tags", "{partner}/tags"),
            (
                "functions.yaml",
                "CodeUri: ../functions/uploads",
                "CodeUri: ../functions/images",
                "(\"uploads\", \"/v1/ota/partners/{partnerId}/binaries\") is in the code only",
            ),
            (
                "functions.yaml",
                "Method: ANY, Path: /v1/ota/whoami",
                "Method: GET, Path: /v1/ota/whoami",
                "GET",
            ),
            (
                "functions.yaml",
                "Path: /oauth/token, Auth: {Authorizer: NONE}",
                "Path: /oauth/token",
                "/oauth/token",
            ),
            (
                "functions.yaml",
                "Path: /v1/ota/whoami",
                "Auth: {Authorizer: NONE}, Path: /v1/ota/whoami",
                "whoami has the authorizer None",
            ),
            (
                "functions.yaml",
                "Default: {Type: HttpApi, Properties: {ApiId: !Ref Api, Auth: {Authorizer: NONE}}}",
                "",
                "no route",
            ),
            ("functions.yaml", "StageName: $default", "StageName: v1", "stage"),
            ("functions.yaml", "ReauthorizeEvery: 0", "ReauthorizeEvery: 300", "authorizer"),
            ("functions.yaml", "EnableSimpleResponses: true", "EnableSimpleResponses: false", "authorizer"),
            (
                "functions.yaml",
                "ReauthorizeEvery: 0",
                "ReauthorizeEvery: 0, Headers: [Authorization]",
                "authorizer",
            ),
        ],
    );
}

/// A path as a device or a browser sends it, what is behind it, and over which protocols.
const DOORS: [(&str, &str, &str); 25] = [
    ("/v1/ota/deviceTypes/kettle/eligibility", "eligibility", "allow-all"),
    ("/release", "feeds", "allow-all"),
    ("/release/kettle", "feeds", "allow-all"),
    ("/release//kettle/Packages.gz", "feeds", "allow-all"),
    ("/release/kettle/hello/1.0/Description", "feeds", "allow-all"),
    ("/devel/kettle", "feeds", "allow-all"),
    ("/", "feeds", "allow-all"),
    ("/robots.txt", "feeds", "allow-all"),
    ("/dev", "feeds", "https-only"),
    ("/dev/", "feeds", "https-only"),
    ("/dev/kettle/Packages", "feeds", "https-only"),
    ("/dev-lab", "feeds", "https-only"),
    ("/dev-lab/kettle", "feeds", "https-only"),
    ("/repository/0a/k.0.m/3-1.bin", "Storage.BinariesBucket", "allow-all"),
    ("/release/kettle/by-hash/0a/k.0.m/hello.ipk", "Storage.BinariesBucket", "allow-all"),
    ("/release/kettle/hello/1.0/by-hash/0a/k.0.m/hello.ipk", "Storage.BinariesBucket", "allow-all"),
    ("/dev/kettle/by-hash/0a/k.0.m/hello.ipk", "Storage.BinariesBucket", "https-only"),
    ("/dev-lab/kettle/by-hash/0a/k.0.m/hello.ipk", "Storage.BinariesBucket", "https-only"),
    ("/v1/ota/partners/acme/pool", "the API", "https-only"),
    ("/v1/ota/deviceTypes/kettle/devices/d1/attributes", "the API", "https-only"),
    ("/v1/ota/deviceTypes/kettle/devices/d1/checks", "the API", "https-only"),
    ("/v1/ota/whoami", "the API", "https-only"),
    ("/oauth/token", "the API", "https-only"),
    ("/console", "Storage.ConsoleBucket", "https-only"),
    ("/console/index.html", "Storage.ConsoleBucket", "https-only"),
];

/// AWS's own policies: nothing is kept; every header but `Host` goes on.
const CACHING_DISABLED: &str = "4135ea2d-6df8-44a3-9df3-4b5a84be39ad";
const ALL_BUT_HOST: &str = "b689b0a8-53d0-40ab-baf2-38268966a0f9";
/// The statuses whose caching CloudFront decides by itself unless it is told.
const STATUSES: [&str; 11] = ["400", "403", "404", "405", "414", "416", "500", "501", "502", "503", "504"];

fn cdn_faults(infra: &Infra) -> Vec<String> {
    let cdns = infra.cdns().unwrap();
    let [cdn] = cdns.as_slice() else { return vec![format!("{} distributions", cdns.len())] };
    let mut faults = Vec::new();
    for (path, behind, protocol) in DOORS {
        let behaviour = cdn.behaviour(path).unwrap();
        let target = match &behaviour.target {
            Target::Function(id) => name_of(infra, id),
            Target::Api(_) => "the API".to_owned(),
            Target::Bucket(id) => id.clone(),
        };
        if (target.as_str(), behaviour.viewer_protocol.as_str()) != (behind, protocol) {
            faults.push(format!("{path} is answered by {target}, {}", behaviour.viewer_protocol));
        }
        let edge = !["the API", "Storage.ConsoleBucket"].contains(&behind);
        if behaviour.viewer_request.is_some() != edge {
            faults.push(format!("{path} passes {:?} at the edge", behaviour.viewer_request));
        }
        if behaviour.compress && behind != "Storage.ConsoleBucket" {
            faults.push(format!("{path} is compressed, and of another length than HEAD says"));
        }
        let reads_only = ["eligibility", "Storage.ConsoleBucket"].contains(&behind);
        if (behaviour.methods.len() == 7) == reads_only {
            faults.push(format!("{path} takes {:?}", behaviour.methods));
        }
        let restricted_download = behind == "Storage.BinariesBucket" && protocol == "https-only";
        if (behind == "the API" || restricted_download) && behaviour.cache_policy != CACHING_DISABLED {
            faults.push(format!("{path} is kept by {}", behaviour.cache_policy));
        }
        if behind == "the API" && behaviour.origin_request_policy != ALL_BUT_HOST {
            faults.push(format!("{path} passes on what {:?} says", behaviour.origin_request_policy));
        }
        let header = |name: &str| behaviour.headers.iter().find(|header| header.name == name);
        let restricted_feed = behind == "feeds" && protocol == "https-only";
        if header("WWW-Authenticate").is_some_and(|it| it.value.starts_with("Basic ")) != restricted_feed {
            faults.push(format!("{path} has the challenge {:?}", header("WWW-Authenticate")));
        }
        if header("Cache-Control").is_some_and(|it| it.value == "private, no-store") != restricted_download {
            faults.push(format!("{path} says {:?} of caching", header("Cache-Control")));
        }
    }
    faults.extend(key_faults(infra));
    let errors = cdn.resource.property("/DistributionConfig/CustomErrorResponses");
    let errors = errors.and_then(serde_json::Value::as_array).into_iter().flatten();
    let uncached =
        errors.filter(|error| error["ErrorCachingMinTTL"] == "0" && error.get("ResponseCode").is_none());
    let uncached: Vec<_> = uncached.map(|error| error["ErrorCode"].as_str().unwrap_or_default()).collect();
    faults
        .extend(STATUSES.iter().filter(|status| !uncached.contains(status)).map(|s| format!("{s} is kept")));
    faults
}

/// What tells two answers apart is what the edge function has written, and nothing else.
fn key_faults(infra: &Infra) -> Vec<String> {
    let policies = infra.resources_of("AWS::CloudFront::CachePolicy").unwrap();
    let devices = policies.iter().find(|policy| policy.logical_id == "DeviceCache");
    let Some(devices) = devices else { return vec!["there is no DeviceCache".to_owned()] };
    let key = &devices.properties["CachePolicyConfig"]["ParametersInCacheKeyAndForwardedToOrigin"];
    let headers = key["HeadersConfig"]["Headers"].as_array().into_iter().flatten();
    let headers = headers.map(|header| header.as_str().unwrap_or_default().to_ascii_lowercase());
    let written = ["x-device-authorization", "x-device-modified-since", "accept"].map(str::to_owned);
    let mut faults = compare(headers, written, "cache key");
    if key["QueryStringsConfig"]["QueryStringBehavior"] != "all" {
        faults.push("the query is not in the cache key".to_owned());
    }
    for encoding in ["EnableAcceptEncodingGzip", "EnableAcceptEncodingBrotli"] {
        if key[encoding] != "false" {
            faults.push(format!("{encoding} makes a second answer of another length"));
        }
    }
    for policy in &policies {
        if policy.text("/CachePolicyConfig/MinTTL") != Some("0") {
            faults.push(format!("{} keeps what must not be kept", policy.id));
        }
    }
    faults
}

#[test]
fn every_path_of_the_cdn_leads_where_it_should() {
    expect(
        cdn_faults,
        &[
            (
                "cdn.yaml",
                "PathPattern: /v1/ota/deviceTypes/*/eligibility",
                "PathPattern: /v2/*",
                "eligibility is answered by the API",
            ),
            ("cdn.yaml", "PathPattern: \"*/by-hash/*\"", "PathPattern: /by-hash/*", "by-hash"),
            (
                "cdn.yaml",
                "PathPattern: /dev-*\n",
                "PathPattern: /dev-lab/*\n",
                "/dev-lab is answered by feeds, allow-all",
            ),
            (
                "cdn.yaml",
                "TargetOriginId: feeds",
                "TargetOriginId: eligibility",
                "/release is answered by eligibility",
            ),
            (
                "cdn.yaml",
                "ViewerProtocolPolicy: allow-all",
                "ViewerProtocolPolicy: redirect-to-https",
                "/release is",
            ),
            ("cdn.yaml", "ViewerProtocolPolicy: https-only", "ViewerProtocolPolicy: allow-all", "/dev is"),
            ("cdn.yaml", "Compress: false", "Compress: true", "/release is compressed"),
            (
                "cdn.yaml",
                "ErrorCode: 503, ErrorCachingMinTTL: 0",
                "ErrorCode: 503, ErrorCachingMinTTL: 10",
                "503",
            ),
            ("cdn.yaml", "- {ErrorCode: 404, ErrorCachingMinTTL: 0}", "", "404"),
            ("cdn.yaml", CACHING_DISABLED, "658327ea-f89d-4fab-a63d-7e88639e58f6", "/v1/ota/whoami is kept"),
            ("cdn.yaml", CACHING_DISABLED, "658327ea-f89d-4fab-a63d-7e88639e58f6", "/dev/kettle/by-hash"),
            (
                "cdn.yaml",
                "ResponseHeadersPolicyId: !Ref RestrictedFeedHeaders",
                "",
                "/dev has the challenge None",
            ),
            ("cdn.yaml", "X-Device-Authorization, ", "", "x-device-authorization"),
            ("cdn.yaml", "QueryStringBehavior: all", "QueryStringBehavior: none", "the query"),
            ("cdn.yaml", "EnableAcceptEncodingGzip: false", "EnableAcceptEncodingGzip: true", "Gzip"),
        ],
    );
}
