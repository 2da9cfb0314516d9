//! The HTTP API: which route leads to which function, and behind which authorizer.

use std::cmp::Reverse;

use serde_json::Value;

use crate::error::Error;
use crate::infra::{Infra, Resource};
use crate::path;
use crate::property::{symbols, texts};

/// A Lambda authorizer of an HTTP API.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Authorizer {
    /// Its name in the API.
    pub name: String,
    /// The id of its function, as `Functions.AuthorizerFunction`.
    pub function: String,
    /// The version of its events.
    pub payload_version: String,
    /// Whether it answers `isAuthorized` and a context, not a policy.
    pub simple_responses: bool,
    /// What a request must carry for the authorizer to be asked at all.
    pub identity_sources: Vec<String>,
    /// For how many seconds an answer is remembered; 0 for not at all.
    pub ttl_seconds: u32,
}

/// A route of an HTTP API.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Route {
    /// The id of the API.
    pub api: String,
    /// `ANY` or a method; empty for the default route.
    pub method: String,
    /// The path with its variables in braces; `$default` for the default route.
    pub path: String,
    /// The id of the function, as `Functions.TypesFunction`.
    pub function: String,
    /// The name of the authorizer, if it is behind one.
    pub authorizer: Option<String>,
}

impl Route {
    /// How API Gateway names it: `ANY /v1/ota/whoami`, or `$default`.
    pub fn key(&self) -> String {
        if self.is_default() { self.path.clone() } else { format!("{} {}", self.method, self.path) }
    }

    /// Whether it takes what no other route takes.
    pub fn is_default(&self) -> bool {
        self.path == "$default"
    }
}

/// An HTTP API.
#[derive(Debug, Clone, PartialEq)]
pub struct Api {
    /// Where it stands, as `Functions.Api`.
    pub id: String,
    /// The name of its stage.
    pub stage: String,
    /// Its authorizers.
    pub authorizers: Vec<Authorizer>,
    /// The authorizer of routes that say nothing of one.
    pub default_authorizer: Option<String>,
    /// Its routes, the most exact first and the default route last.
    pub routes: Vec<Route>,
    /// Everything, for what is not above: throttles, access logs.
    pub resource: Resource,
}

impl Api {
    /// The route that a request takes, and what the route's variables stand for. The path is a decoded one.
    pub fn route<'a>(&'a self, method: &str, path: &'a str) -> Option<(&'a Route, Vec<(&'a str, &'a str)>)> {
        self.routes.iter().find_map(|route| {
            if route.is_default() {
                return Some((route, Vec::new()));
            }
            let variables = path::variables(&route.path, path)?;
            (route.method == "ANY" || route.method == method).then_some((route, variables))
        })
    }

    /// An authorizer by its name.
    pub fn authorizer(&self, name: &str) -> Option<&Authorizer> {
        self.authorizers.iter().find(|each| each.name == name)
    }
}

impl Infra {
    /// Every HTTP API with the routes that functions name as their events.
    pub fn apis(&self) -> Result<Vec<Api>, Error> {
        let functions = self.resources_of("AWS::Serverless::Function")?;
        let apis = self.resources_of("AWS::Serverless::HttpApi")?.into_iter();
        apis.map(|resource| Api::read(resource, &functions)).collect()
    }
}

impl Api {
    fn read(resource: Resource, functions: &[Resource]) -> Result<Self, Error> {
        let default_authorizer = resource.text("/Auth/DefaultAuthorizer").map(str::to_owned);
        let authorizers = resource.property("/Auth/Authorizers").and_then(Value::as_object);
        let authorizers = authorizers.into_iter().flatten().map(|(name, value)| authorizer(name, value));
        let authorizers = authorizers.collect::<Result<Vec<_>, _>>()?;
        let mut routes = Vec::new();
        for function in functions {
            let events = function.property("/Events").and_then(Value::as_object);
            for event in events.into_iter().flatten().map(|(_, event)| event) {
                let properties = &event["Properties"];
                if event["Type"] == "HttpApi" && symbol(&properties["ApiId"]) == Some(resource.id.as_str()) {
                    routes.push(route(&resource.id, &function.id, properties, default_authorizer.as_ref()));
                }
            }
        }
        routes.sort_by_key(|route| {
            (route.is_default(), path::generality(&route.path), Reverse(route.method != "ANY"), route.key())
        });
        Ok(Self {
            id: resource.id.clone(),
            stage: resource.text("/StageName").unwrap_or("$default").to_owned(),
            authorizers,
            default_authorizer,
            routes,
            resource,
        })
    }
}

fn symbol(value: &Value) -> Option<&str> {
    symbols(value.as_str()?).next()
}

fn route(api: &str, function: &str, properties: &Value, default: Option<&String>) -> Route {
    let text = |name: &str| properties[name].as_str().map(str::to_owned);
    let authorizer = match properties["Auth"]["Authorizer"].as_str() {
        Some("NONE") => None,
        Some(name) => Some(name.to_owned()),
        None => default.cloned(),
    };
    // SAM: an event without path and method is the default route, as one with this path.
    let path = text("Path").unwrap_or_else(|| "$default".to_owned());
    let method = match text("Method") {
        _ if path == "$default" => String::new(),
        None => "ANY".to_owned(),
        Some(method) if method.eq_ignore_ascii_case("any") || method == "*" => "ANY".to_owned(),
        Some(method) => method.to_ascii_uppercase(),
    };
    Route { api: api.to_owned(), method, path, function: function.to_owned(), authorizer }
}

fn authorizer(name: &str, value: &Value) -> Result<Authorizer, Error> {
    let function = value["FunctionArn"].as_str().and_then(|arn| symbols(arn).next());
    let function = function.and_then(|symbol| symbol.strip_suffix(".Arn"));
    let function = function.ok_or_else(|| Error::Form(format!("the authorizer {name} has no function")))?;
    let identity = &value["Identity"];
    let sources =
        ["Headers", "QueryStrings", "Context", "StageVariables"].map(|kind| texts(identity.get(kind)));
    let ttl = identity["ReauthorizeEvery"].as_str().map(str::parse).transpose();
    Ok(Authorizer {
        name: name.to_owned(),
        function: function.to_owned(),
        payload_version: value["AuthorizerPayloadFormatVersion"].as_str().unwrap_or_default().to_owned(),
        simple_responses: value["EnableSimpleResponses"] == "true",
        identity_sources: sources.concat(),
        ttl_seconds: ttl.ok().flatten().unwrap_or_default(),
    })
}
