//! The CDN: which path is answered by which origin, and under which rules.

use serde_json::Value;

use crate::error::Error;
use crate::infra::{Infra, Resource};
use crate::path::matches_pattern;
use crate::property::{symbols, texts};

/// What answers behind a behaviour.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    /// A function by its own address; the function's id.
    Function(String),
    /// An HTTP API; its id.
    Api(String),
    /// A bucket; its id.
    Bucket(String),
}

/// A header that is put onto answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Header {
    /// Its name, as it is written.
    pub name: String,
    /// Its value.
    pub value: String,
    /// Whether it replaces one of the origin's.
    pub replaces: bool,
}

/// A behaviour of the CDN.
#[derive(Debug, Clone, PartialEq)]
pub struct Behaviour {
    /// The paths it is for; `*` for the default behaviour.
    pub pattern: String,
    /// What answers.
    pub target: Target,
    /// `allow-all`, `https-only` or `redirect-to-https`.
    pub viewer_protocol: String,
    /// The methods that are let in.
    pub methods: Vec<String>,
    /// Whether the CDN compresses answers.
    pub compress: bool,
    /// The name of the function at the edge that sees each request first, if there is one: its id.
    pub viewer_request: Option<String>,
    /// The headers that its response headers policy puts onto answers.
    pub headers: Vec<Header>,
    /// The headers that its cache policy and origin request policy pass on; none if the latter is one of AWS, which
    /// passes on nearly all.
    pub headers_forwarded: Option<Vec<String>>,
    /// The cache policy: a resource of ours in braces, or the id of one of AWS.
    pub cache_policy: String,
    /// The origin request policy, likewise; empty for none.
    pub origin_request_policy: String,
    /// Everything, for what is not above.
    pub properties: Value,
}

/// A distribution of the CDN.
#[derive(Debug, Clone, PartialEq)]
pub struct Cdn {
    /// Where it stands, as `Cdn.Distribution`.
    pub id: String,
    /// Its behaviours in the order in which they are asked, the default one last.
    pub behaviours: Vec<Behaviour>,
    /// Everything, for what is not above: origins, errors, aliases.
    pub resource: Resource,
}

impl Cdn {
    /// The behaviour for a path, which is as it was sent, without a query.
    pub fn behaviour(&self, path: &str) -> Option<&Behaviour> {
        self.behaviours.iter().find(|each| matches_pattern(&each.pattern, path))
    }
}

impl Infra {
    /// Every distribution.
    pub fn cdns(&self) -> Result<Vec<Cdn>, Error> {
        let all = self.resources()?;
        let distributions = all.iter().filter(|each| each.kind == "AWS::CloudFront::Distribution");
        distributions.map(|distribution| read(distribution, &all)).collect()
    }
}

fn read(resource: &Resource, all: &[Resource]) -> Result<Cdn, Error> {
    let config = "/DistributionConfig";
    let listed = resource.property(&format!("{config}/CacheBehaviors")).and_then(Value::as_array);
    let default = resource.property(&format!("{config}/DefaultCacheBehavior"));
    let default = default.ok_or_else(|| resource.lacks("DefaultCacheBehavior"))?;
    let behaviours = listed.into_iter().flatten().chain([default]);
    let behaviours =
        behaviours.map(|behaviour| read_behaviour(resource, behaviour, all)).collect::<Result<_, _>>()?;
    Ok(Cdn { id: resource.id.clone(), behaviours, resource: resource.clone() })
}

fn read_behaviour(distribution: &Resource, value: &Value, all: &[Resource]) -> Result<Behaviour, Error> {
    let text = |name: &str| value[name].as_str().unwrap_or_default().to_owned();
    let pattern = value["PathPattern"].as_str().unwrap_or("*").to_owned();
    let associations = value["FunctionAssociations"].as_array().into_iter().flatten();
    let viewer_request = associations
        .filter(|each| each["EventType"] == "viewer-request")
        .find_map(|each| symbols(each["FunctionARN"].as_str()?).next())
        .and_then(|symbol| resource_of(symbol, all));
    Ok(Behaviour {
        target: target(distribution, &text("TargetOriginId"), all)?,
        viewer_protocol: text("ViewerProtocolPolicy"),
        // CloudFront's default.
        methods: Some(texts(value.get("AllowedMethods")))
            .filter(|methods| !methods.is_empty())
            .unwrap_or_else(|| vec!["GET".to_owned(), "HEAD".to_owned()]),
        compress: value["Compress"] == "true",
        viewer_request: viewer_request.map(|resource| resource.id.clone()),
        headers: headers(&text("ResponseHeadersPolicyId"), all),
        headers_forwarded: forwarded(&text("CachePolicyId"), &text("OriginRequestPolicyId"), all),
        cache_policy: text("CachePolicyId"),
        origin_request_policy: text("OriginRequestPolicyId"),
        properties: value.clone(),
        pattern,
    })
}

/// The resource that a symbol names, whatever was asked of it.
fn resource_of<'a>(symbol: &str, all: &'a [Resource]) -> Option<&'a Resource> {
    all.iter().find(|each| {
        symbol == each.id || symbol.strip_prefix(each.id.as_str()).is_some_and(|rest| rest.starts_with('.'))
    })
}

fn target(distribution: &Resource, origin: &str, all: &[Resource]) -> Result<Target, Error> {
    let origins = distribution.property("/DistributionConfig/Origins").and_then(Value::as_array);
    let named = origins.into_iter().flatten().find(|each| each["Id"] == origin);
    let domain = named.and_then(|each| each["DomainName"].as_str());
    let unknown = || Error::Form(format!("{} has no origin {origin} that leads anywhere", distribution.id));
    let resource = symbols(domain.ok_or_else(unknown)?).find_map(|symbol| resource_of(symbol, all));
    let resource = resource.ok_or_else(unknown)?;
    match resource.kind.as_str() {
        "AWS::Serverless::Function" => Ok(Target::Function(resource.id.clone())),
        "AWS::Serverless::HttpApi" => Ok(Target::Api(resource.id.clone())),
        "AWS::S3::Bucket" => Ok(Target::Bucket(resource.id.clone())),
        _ => Err(unknown()),
    }
}

/// The headers of a response headers policy of ours; none for one of AWS.
fn headers(policy: &str, all: &[Resource]) -> Vec<Header> {
    let policy = symbols(policy).find_map(|symbol| resource_of(symbol, all));
    let Some(config) = policy.and_then(|policy| policy.property("/ResponseHeadersPolicyConfig")) else {
        return Vec::new();
    };
    let header = |name: &str, value: Option<&str>, of: &Value| {
        let replaces = of["Override"] == "true";
        value.map(|value| Header { name: name.to_owned(), value: value.to_owned(), replaces })
    };
    let custom = config["CustomHeadersConfig"]["Items"].as_array().into_iter().flatten();
    let custom =
        custom.map(|item| header(item["Header"].as_str().unwrap_or_default(), item["Value"].as_str(), item));
    let security = &config["SecurityHeadersConfig"];
    let (options, policy) = (&security["ContentTypeOptions"], &security["ContentSecurityPolicy"]);
    let security = [
        header("X-Content-Type-Options", options.is_object().then_some("nosniff"), options),
        header("Content-Security-Policy", policy["ContentSecurityPolicy"].as_str(), policy),
    ];
    custom.chain(security).flatten().collect()
}

/// The headers that policies of ours name; none if the origin request policy is another's.
fn forwarded(cache: &str, origin_request: &str, all: &[Resource]) -> Option<Vec<String>> {
    let ours = |policy: &str| symbols(policy).find_map(|symbol| resource_of(symbol, all));
    let in_key = "/CachePolicyConfig/ParametersInCacheKeyAndForwardedToOrigin/HeadersConfig/Headers";
    let cached = texts(ours(cache).and_then(|policy| policy.property(in_key)));
    let more = match (origin_request, ours(origin_request)) {
        ("", _) => Vec::new(),
        (_, Some(policy)) => texts(policy.property("/OriginRequestPolicyConfig/HeadersConfig/Headers")),
        (_, None) => return None,
    };
    Some([cached, more].concat())
}
