//! Gateway events, payload version 2: made as AWS documents them, read by `lambda_http` itself.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::{HeaderMap, Method, header};
use lambda_http::Body;
use percent_encoding::percent_decode_str;
use serde_json::{Value, json};

/// The most bytes that an event may have: Lambda's limit for a synchronous call.
pub(super) const MAX_EVENT_BYTES: usize = 6_291_456;

/// Headers that end at a gateway, or that it sets itself.
const NOT_FORWARDED: [&str; 11] = [
    "connection",
    "expect",
    "host",
    "keep-alive",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    // Some adapters take the request context from these.
    "x-amzn-lambda-context",
    "x-amzn-request-context",
];

/// What a door knows of a request.
#[derive(Debug)]
pub(super) struct Described<'a> {
    pub(super) method: &'a Method,
    /// The path as this door passes it on.
    pub(super) path: &'a str,
    pub(super) query: &'a str,
    pub(super) headers: &'a HeaderMap,
    pub(super) body: &'a [u8],
    pub(super) peer: SocketAddr,
    pub(super) request_id: &'a str,
    pub(super) domain: &'a str,
    pub(super) time_millis: i64,
    /// The route that it takes; a door that has none takes the default one.
    pub(super) route: Option<&'a Route>,
    /// What the door knows of the caller: `{"lambda": …}` is an authorizer's word, `{"iam": …}` who signed.
    pub(super) authorizer: Option<&'a Value>,
}

/// A route of an HTTP API, and what its variables stand for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Route {
    pub(super) key: String,
    pub(super) variables: BTreeMap<String, String>,
}

/// Decodes a path once, as API Gateway does for HTTP APIs before anyone else sees it.
pub(super) fn decoded_path(raw: &str) -> String {
    percent_decode_str(raw).decode_utf8_lossy().into_owned()
}

/// The event's JSON text.
pub(super) fn text(request: &Described<'_>) -> String {
    let content_type = request.headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let (body, encoded) = match std::str::from_utf8(request.body) {
        Ok(text) if is_text(content_type) => (text.to_owned(), false),
        _ => (STANDARD.encode(request.body), true),
    };
    let mut event = described(request);
    if let Some(authorizer) = request.authorizer {
        event["requestContext"]["authorizer"] = authorizer.clone();
    }
    event["isBase64Encoded"] = json!(encoded && !request.body.is_empty());
    if !request.body.is_empty() {
        event["body"] = json!(body);
    }
    event.to_string()
}

/// What an authorizer is asked about a request: all but its body, in the payload's version 2.0.
pub(super) fn for_authorizer(request: &Described<'_>) -> String {
    let mut event = described(request);
    let arn = "arn:aws:execute-api:us-east-1:000000000000:devserver/$default";
    event["type"] = json!("REQUEST");
    event["routeArn"] = json!(format!("{arn}/{}{}", request.method, request.path));
    // There is none that a request would have to show.
    event["identitySource"] = Value::Null;
    event.to_string()
}

/// Everything that both kinds of event say.
fn described(request: &Described<'_>) -> Value {
    let (headers, cookies) = headers(request);
    let route = request.route.map_or("$default", |route| route.key.as_str());
    let mut event = json!({
        "version": "2.0",
        "routeKey": route,
        "rawPath": request.path,
        "rawQueryString": request.query,
        "headers": headers,
        "requestContext": {
            "accountId": "000000000000",
            "apiId": "devserver",
            "domainName": request.domain,
            "domainPrefix": "devserver",
            "http": {
                "method": request.method.as_str(),
                "path": request.path,
                "protocol": "HTTP/1.1",
                "sourceIp": request.peer.ip().to_string(),
                "userAgent": headers.get("user-agent"),
            },
            "requestId": request.request_id,
            "routeKey": route,
            "stage": "$default",
            "timeEpoch": request.time_millis,
        },
    });
    if !cookies.is_empty() {
        event["cookies"] = json!(cookies);
    }
    if !request.query.is_empty() {
        event["queryStringParameters"] = json!(parameters(request.query));
    }
    if let Some(route) = request.route.filter(|route| !route.variables.is_empty()) {
        event["pathParameters"] = json!(route.variables);
    }
    event
}

/// The query, decoded; what is there more than once is joined by commas.
fn parameters(query: &str) -> BTreeMap<String, String> {
    let mut joined = BTreeMap::<String, String>::new();
    for (name, value) in form_urlencoded::parse(query.as_bytes()) {
        let all = joined.entry(name.into_owned());
        all.and_modify(|all| all.extend([",", &value])).or_insert_with(|| value.into_owned());
    }
    joined
}

/// The request that `lambda_http` makes of an event.
pub(super) fn request(event: &str) -> Result<http::Request<Body>, serde_json::Error> {
    lambda_http::request::from_str(event)
}

/// Whether an HTTP API passes a body of this type on as text.
fn is_text(content_type: Option<&str>) -> bool {
    let kind = content_type.and_then(|value| value.split(';').next()).unwrap_or_default().trim();
    let kind = kind.to_ascii_lowercase();
    kind.starts_with("text/")
        || matches!(kind.as_str(), "application/json" | "application/javascript" | "application/xml")
        || kind.ends_with("+json")
        || kind.ends_with("+xml")
}

/// Headers as one text each, and the cookies, which travel apart.
fn headers(request: &Described<'_>) -> (BTreeMap<String, String>, Vec<String>) {
    let mut joined: BTreeMap<String, String> = BTreeMap::new();
    let mut cookies = Vec::new();
    for (name, value) in request.headers {
        let value = latin1(value.as_bytes());
        if name == header::COOKIE {
            cookies.extend(value.split("; ").map(str::to_owned));
        } else if !NOT_FORWARDED.contains(&name.as_str()) {
            let all = joined.entry(name.as_str().to_owned()).or_default();
            if !all.is_empty() {
                all.push(',');
            }
            all.push_str(&value);
        }
    }
    let before = joined.remove("x-forwarded-for").map(|before| format!("{before}, ")).unwrap_or_default();
    joined.insert("x-forwarded-for".into(), format!("{before}{}", request.peer.ip()));
    // The cloud speaks HTTPS only, and this server counts as it.
    joined.insert("x-forwarded-proto".into(), "https".into());
    joined.insert("x-forwarded-port".into(), "443".into());
    joined.insert("host".into(), request.domain.to_owned());
    if !request.body.is_empty() {
        joined.insert("content-length".into(), request.body.len().to_string());
    }
    (joined, cookies)
}

/// Bytes of a header as text: UTF-8 if they are, else one character a byte.
fn latin1(bytes: &[u8]) -> String {
    std::str::from_utf8(bytes)
        .map_or_else(|_| bytes.iter().map(|byte| char::from(*byte)).collect(), str::to_owned)
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;
    use lambda_http::RequestExt as _;
    use proptest::prelude::*;

    use super::*;

    fn posted<'a>(path: &'a str, headers: &'a HeaderMap, body: &'a [u8]) -> Described<'a> {
        Described {
            method: &Method::POST,
            path,
            query: "",
            headers,
            body,
            peer: ([127, 0, 0, 1], 9).into(),
            request_id: "r1",
            domain: "127.0.0.1:8080",
            time_millis: 0,
            route: None,
            authorizer: None,
        }
    }

    fn typed(content_type: &'static str) -> HeaderMap {
        HeaderMap::from_iter([(header::CONTENT_TYPE, HeaderValue::from_static(content_type))])
    }

    #[test]
    fn a_path_is_decoded_once_and_only_once() {
        assert_eq!(decoded_path("/a%2Fb/c%2520d/%C3%BC+x"), "/a/b/c%20d/ü+x");
        assert_eq!(decoded_path("/%zz/%"), "/%zz/%");
    }

    #[test]
    fn a_body_that_is_no_text_grows_by_a_third() {
        let body = vec![b'a'; 300_000];
        let binary = text(&posted("/", &typed("application/octet-stream"), &body)).len();
        let plain = text(&posted("/", &typed("application/json; charset=utf-8"), &body)).len();
        assert!((400_000..401_000).contains(&binary), "{binary}");
        assert!((300_000..301_000).contains(&plain), "{plain}");
    }

    #[test]
    fn bytes_arrive_as_they_were_sent() {
        for (kind, body) in [("application/octet-stream", &b"\x00\xFF\n"[..]), ("application/json", b"\xFF{")]
        {
            let headers = typed(kind);
            let request = request(&text(&posted("/x", &headers, body))).unwrap();
            assert_eq!(request.body().as_ref(), body);
        }
    }

    #[test]
    fn nobody_outside_can_say_who_he_is() {
        let mut headers = typed("application/json");
        headers.insert("x-amzn-request-context", HeaderValue::from_static("{\"authorizer\":{}}"));
        headers.insert("x-forwarded-proto", HeaderValue::from_static("::nonsense::"));
        let request = request(&text(&posted("/x", &headers, b"{}"))).unwrap();
        assert!(request.headers().get("x-amzn-request-context").is_none());
        assert_eq!(request.uri().to_string(), "https://127.0.0.1:8080/x");
        let context = request.request_context_ref().unwrap();
        assert!(context.authorizer().is_none());
    }

    #[test]
    fn the_authorizers_word_arrives_in_the_context() {
        let headers = HeaderMap::new();
        let word = json!({"lambda": {"partner": "demo"}});
        let mut request_posted = posted("/x", &headers, b"");
        request_posted.authorizer = Some(&word);
        let request = request(&text(&request_posted)).unwrap();
        let context = request.request_context_ref().unwrap();
        assert_eq!(context.authorizer().unwrap().fields["partner"], json!("demo"));
    }

    #[test]
    fn an_authorizer_is_told_everything_but_the_body() {
        use lambda_http::aws_lambda_events::apigw::ApiGatewayV2CustomAuthorizerV2Request;

        let headers = HeaderMap::from_iter([(header::AUTHORIZATION, HeaderValue::from_static("Bearer x"))]);
        let route = Route {
            key: "ANY /v1/{a}".to_owned(),
            variables: BTreeMap::from([("a".to_owned(), "b".to_owned())]),
        };
        let mut request = posted("/v1/b", &headers, b"secret");
        (request.route, request.query) = (Some(&route), "x=1&y=2&x=%203");
        let text = for_authorizer(&request);
        assert!(!text.contains("secret"));
        let event: ApiGatewayV2CustomAuthorizerV2Request = serde_json::from_str(&text).unwrap();
        assert_eq!((event.version.as_deref(), event.type_.as_deref()), (Some("2.0"), Some("REQUEST")));
        assert_eq!(event.headers[header::AUTHORIZATION], "Bearer x");
        assert_eq!(
            (event.route_key.as_deref(), event.raw_path.as_deref()),
            (Some("ANY /v1/{a}"), Some("/v1/b"))
        );
        assert_eq!(event.path_parameters["a"], "b");
        assert_eq!(event.query_string_parameters["x"], "1, 3");
        assert_eq!(event.identity_source, None);
    }

    proptest! {
        #[test]
        fn no_path_query_or_header_makes_the_conversion_panic(
            path in "/[ -~\u{0}-\u{20}ü€]{0,60}", query in "[!-~]{0,40}", value in "[\t -~ü]{0,40}",
        ) {
            // Only what hyper lets in as a URI can come here.
            prop_assume!(format!("/?{query}").parse::<http::Uri>().is_ok());
            let mut headers = HeaderMap::new();
            for name in ["x-forwarded-proto", "x-forwarded-host", "cookie", "user-agent"] {
                headers.insert(name, HeaderValue::from_bytes(value.as_bytes()).unwrap());
            }
            let decoded = decoded_path(&path);
            let mut posted = posted(&decoded, &headers, b"");
            posted.query = &query;
            let _ = request(&text(&posted));
        }
    }
}
