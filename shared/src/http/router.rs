//! What every router is wrapped in: problems get their request id, and are logged, once.

use axum::Router;
use axum::extract::Request;
use axum::middleware::{self, Next};
use axum::response::{IntoResponse as _, Response};
use http::{HeaderName, HeaderValue, Method, header};
use lambda_http::RequestExt as _;
use lambda_http::request::RequestContext;

use super::app::Clock;
use super::code::Code;
use super::problem::Problem;
use crate::domain::Invalid;

/// The request id that the gateway gave, as put into the request's context.
pub fn request_id(extensions: &http::Extensions) -> String {
    match extensions.get::<RequestContext>() {
        Some(RequestContext::ApiGatewayV2(context)) => context.request_id.clone().unwrap_or_default(),
        _ => String::new(),
    }
}

/// Wraps a function's routes: problems are completed and logged, and answers carry the request id.
pub fn finish(router: Router, clock: Clock) -> Router {
    router.method_not_allowed_fallback(method_not_allowed).layer(middleware::from_fn(
        move |request: Request, next: Next| complete(clock.clone(), request, next),
    ))
}

/// Gives a router our own 404, for paths that no function has.
pub fn fallback(router: Router, clock: Clock) -> Router {
    finish(router.fallback(nowhere), clock)
}

/// The answer to a path that nothing here has.
pub fn no_such_path() -> Problem {
    Problem::new(Code::NotFound, "there is no such path")
}

async fn nowhere() -> Problem {
    no_such_path()
}

async fn method_not_allowed() -> Problem {
    Problem::new(Code::MethodNotAllowed, "this path does not take this method")
}

async fn complete(clock: Clock, request: Request, next: Next) -> Response {
    let id = request_id(request.extensions());
    let method = request.method().clone();
    let path = request.uri().path().to_owned();
    let mut response = match rewritten(request.extensions().raw_http_path()) {
        Some(problem) => problem.into_response(),
        None => next.run(request).await,
    };
    if let Some(problem) = response.extensions_mut().remove::<Problem>() {
        log(&problem, &id, &method, &path);
        let allow = response.headers_mut().remove(header::ALLOW);
        response = problem.into_answer(&id, clock.now());
        if let Some(allow) = allow {
            response.headers_mut().insert(header::ALLOW, allow);
        }
    }
    if let Ok(value) = HeaderValue::from_str(&id)
        && !id.is_empty()
    {
        response.headers_mut().insert(HeaderName::from_static("x-request-id"), value);
    }
    response
}

/// The answer to a raw path that a URL parser would make another one of; none if it stays what it is.
pub fn rewritten(raw: &str) -> Option<Problem> {
    let why = Invalid::because("must hold no control characters, none of ? # \\, and no segment of dots");
    is_rewritten(raw).then(|| Problem::parameter("path", &why))
}

/// True for a path that the way here has turned into another: `lambda_http` puts the decoded path through a URL parser,
/// which resolves dots, drops control characters, takes `\` for `/`, and ends the path at `?` and `#`.
fn is_rewritten(raw: &str) -> bool {
    let odd = |c: char| c.is_control() || matches!(c, '?' | '#' | '\\');
    let dots =
        |segment: &str| matches!(segment.to_ascii_lowercase().replace("%2e", ".").as_str(), "." | "..");
    raw.contains(odd) || raw.split('/').any(dots)
}

/// A path as it may be logged: what follows `by-hash` never expires, and opens a package to whoever reads the log; and a
/// device's number or its hash stands in no path, but may be sent in one by mistake.
fn logged(path: &str) -> String {
    let index = path.split_once("/by-hash/").map_or(path, |(index, _)| index);
    let names_a_device = |segment: &&str| {
        let number = (14..=16).contains(&segment.len()) && segment.bytes().all(|byte| byte.is_ascii_digit());
        number || (segment.len() == 40 && segment.bytes().all(|byte| byte.is_ascii_hexdigit()))
    };
    let masked = index.split('/').map(|segment| if names_a_device(&segment) { "…" } else { segment });
    masked.collect::<Vec<_>>().join("/")
}

fn log(problem: &Problem, request_id: &str, method: &Method, path: &str) {
    let code = problem.code.as_str();
    let status = problem.code.status().as_u16();
    let path = logged(path);
    if let Some(cause) = &problem.internal {
        tracing::error!(request_id, code, status, %method, path, cause, "request failed");
    } else {
        tracing::info!(request_id, code, status, %method, path, "request refused");
    }
}

/// Turns HEAD into GET before the routes see it, keeping its answer's length; the front strips the body.
///
/// Outside the router, since axum empties the answer to HEAD and a gateway would then count the length anew. A range is
/// for GET alone (RFC 9110, section 14.2): to HEAD, the length is that of the whole.
pub fn head_as_get<B>(mut request: http::Request<B>) -> http::Request<B> {
    if *request.method() == Method::HEAD {
        *request.method_mut() = Method::GET;
        request.headers_mut().remove(header::RANGE);
    }
    request
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signed_path_is_not_logged() {
        assert_eq!(logged("/dev/dev1/by-hash/aa/k.0.m/x.ipk"), "/dev/dev1");
        assert_eq!(logged("/dev/dev1/Packages"), "/dev/dev1/Packages");
        assert_eq!(logged("/dev/356938035643809/x"), "/dev/…/x");
        assert_eq!(logged("/dev/da39a3ee5e6b4b0d3255bfef95601890afd80709"), "/dev/…");
    }

    #[test]
    fn a_path_that_a_url_parser_would_change_is_told() {
        for path in ["/a/../b", "/a/%2E./b", "/a/.", "/a\\b", "/a\nb", "/a?b", "/a#b", "/a\u{0}"] {
            assert!(is_rewritten(path), "{path:?}");
        }
        for path in ["", "/", "/a/b", "/names/my firmware 1.0+git/é", "/a..b/...", "/a%2fb"] {
            assert!(!is_rewritten(path), "{path:?}");
        }
    }
}
