//! A function that does on command what none of ours should, to see what becomes of it on the way out.
//!
//! The command is a segment of the path; as an authorizer, it is the credential.

#![allow(clippy::print_stdout, reason = "what a function prints is its log")]

use std::collections::BTreeMap;
use std::time::Duration;

use lambda_http::http::{Response, StatusCode};
use lambda_http::lambda_runtime::{self, LambdaEvent};
use lambda_http::{Body, Error, Request, RequestExt as _, run, service_fn};
use serde_json::{Value, json};

#[tokio::main(flavor = "current_thread")]
#[expect(clippy::disallowed_methods, reason = "this is the edge at which the environment comes in")]
async fn main() -> Result<(), Error> {
    let name = std::env::var("AWS_LAMBDA_FUNCTION_NAME").unwrap_or_default();
    if name.ends_with("-authorizer") {
        lambda_runtime::run(service_fn(authorize)).await
    } else {
        run(service_fn(answer)).await
    }
}

async fn authorize(event: LambdaEvent<Value>) -> Result<Value, Error> {
    match event.payload["headers"]["authorization"].as_str().unwrap_or_default() {
        "fail" => Err("as I was told to".into()),
        "exit" => std::process::exit(3),
        "deny" => Ok(json!({"isAuthorized": false})),
        "nonsense" => Ok(json!({"principalId": "me"})),
        "echo" => Ok(json!({"isAuthorized": true, "context": {"asked": event.payload}})),
        _ => Ok(json!({"isAuthorized": true, "context": {"who": "me", "count": 3}})),
    }
}

async fn answer(request: Request) -> Result<Response<Body>, Error> {
    let mut commands = request.raw_http_path().split('/');
    let command = commands.find_map(|segment| segment.strip_prefix("do-")).unwrap_or_default().to_owned();
    let response = Response::builder();
    let answered = match command.as_str() {
        "panic" => panic!("as I was told to"),
        "fail" => return Err("as I was told to".into()),
        "exit" => std::process::exit(3),
        "sleep" => {
            tokio::time::sleep(Duration::from_mins(1)).await;
            response.body(Body::Empty)
        }
        "cookies" => response
            .header("set-cookie", "a=1; Path=/")
            .header("set-cookie", "b=2")
            .header("x-two", "1")
            .header("x-two", "2")
            .body(Body::Empty),
        "challenge" => response
            .status(StatusCode::UNAUTHORIZED)
            .header("www-authenticate", "Basic realm=\"mine\"")
            .header("content-type", "text/plain")
            .body("who are you?".into()),
        "bytes" => {
            response.header("content-type", "application/gzip").body(Body::Binary((0..=255).collect()))
        }
        "five-mebibytes" => response.body(Body::Text("0123456789abcde\n".repeat(5 << 16))),
        "seven-mebibytes" => response.body(Body::Text("x".repeat(7 << 20))),
        "five-mebibytes-of-quotes" => response.body(Body::Text("\"".repeat(5 << 20))),
        _ => {
            let context = request.request_context_ref().map(|context| json!(context));
            let headers = request.headers().iter();
            let headers = headers.map(|(name, value)| {
                (name.to_string(), String::from_utf8_lossy(value.as_bytes()).into_owned())
            });
            let said = json!({
                "path": request.raw_http_path(),
                "uri": request.uri().to_string(),
                "method": request.method().as_str(),
                "variables": request.path_parameters().iter().collect::<Vec<_>>(),
                "headers": headers.collect::<BTreeMap<_, _>>(),
                "body": request.body().as_ref(),
                "context": context,
            });
            response.header("content-type", "application/json").body(Body::Text(said.to_string()))
        }
    };
    Ok(answered?)
}
