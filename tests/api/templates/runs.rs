//! How functions run, who may call them, and what is logged.

use templates::{Function, Infra};

use super::expect;

fn function_faults(function: &Function) -> Vec<String> {
    let id = &function.id;
    let mut faults = Vec::new();
    let mut expect = |holds: bool, what: &str| {
        if !holds {
            faults.push(format!("{id} {what}"));
        }
    };
    expect(
        function.runtime == "provided.al2023" && function.handler == "bootstrap",
        "runs on another runtime",
    );
    expect(function.build_method == "rust-cargolambda", "is built otherwise");
    expect(
        function.resource.rest["Metadata"]["BuildProperties"]["Binary"] == function.name.as_str(),
        "is another binary",
    );
    expect(function.architectures == ["arm64"], "ignores the parameter of the architecture");
    expect(function.resource.text("/LoggingConfig/LogFormat") == Some("JSON"), "does not log JSON");
    expect(function.resource.text("/Tracing") == Some("Active"), "is not traced");
    expect((256..=512).contains(&function.memory_mb), "has another memory");
    let group = function.resource.text("/LoggingConfig/LogGroup").unwrap_or_default();
    expect(group.starts_with("{Functions."), "logs into a group of nobody's");
    let reserved = function.resource.text("/ReservedConcurrentExecutions");
    expect(reserved.is_none_or(|reserved| !reserved.is_empty()), "reserves nothing");
    let by_url = ["eligibility", "feeds"].contains(&function.name.as_str());
    expect(function.url.is_some() == by_url, "is reached otherwise than its door says");
    if let Some(url) = &function.url {
        expect(url.auth_type == "AWS_IAM", "answers whoever knows its address");
        expect(url.invoke_mode == "BUFFERED", "streams, which renames Content-Length");
    }
    // Behind the API the gateway gives up at 30 s; what answers later answers nobody.
    let scheduled = function.name == "reconciler";
    expect(scheduled || function.timeout_seconds < 30, "may run longer than anyone waits");
    faults
}

/// The distribution calls a function through its address with either right, by how old the function is.
fn permission_faults(infra: &Infra) -> Vec<String> {
    let permissions = infra.resources_of("AWS::Lambda::Permission").unwrap();
    let mut faults = Vec::new();
    for function in infra.functions().unwrap().iter().filter(|function| function.url.is_some()) {
        let name = format!("{{{}}}", function.id);
        let of_it = permissions.iter().filter(|each| each.text("/FunctionName") == Some(&name));
        let mut actions: Vec<_> = of_it.clone().filter_map(|each| each.text("/Action")).collect();
        actions.sort_unstable();
        if actions != ["lambda:InvokeFunction", "lambda:InvokeFunctionUrl"] {
            faults.push(format!("the distribution may {actions:?} with {}", function.name));
        }
        for permission in of_it {
            let ours = permission.text("/Principal") == Some("cloudfront.amazonaws.com")
                && permission.text("/SourceArn")
                    == Some("arn:aws:cloudfront::000000000000:distribution/{Cdn.Distribution}");
            if !ours {
                faults.push(format!("{} lets in others than our distribution", permission.id));
            }
            let by_url = permission.text("/FunctionUrlAuthType") == Some("AWS_IAM")
                || permission.is_true("/InvokedViaFunctionUrl");
            if !by_url {
                faults.push(format!("{} is for more than the function's address", permission.id));
            }
        }
    }
    faults
}

fn faults(infra: &Infra) -> Vec<String> {
    let functions = infra.functions().unwrap();
    let mut faults: Vec<_> = functions.iter().flat_map(function_faults).collect();
    faults.extend(permission_faults(infra));
    let groups = infra.resources_of("AWS::Logs::LogGroup").unwrap();
    for group in &groups {
        if group.text("/RetentionInDays").and_then(|days| days.parse::<u32>().ok()).is_none() {
            faults.push(format!("{} is kept for ever", group.id));
        }
    }
    let api = infra.apis().unwrap().remove(0);
    let log = api.resource.text("/AccessLogSettings/Format").unwrap_or_default();
    for word in ["authorization", "$context.identity.apiKey", "queryString", "header"] {
        if log.to_ascii_lowercase().contains(&word.to_ascii_lowercase()) {
            faults.push(format!("the access log holds {word}"));
        }
    }
    let settings = &api.resource.properties["DefaultRouteSettings"];
    if settings["ThrottlingRateLimit"].is_null() || settings["ThrottlingBurstLimit"].is_null() {
        faults.push("the API is not throttled".to_owned());
    }
    if api.resource.property("/RouteSettings/ANY ~1oauth~1token/ThrottlingRateLimit").is_none() {
        faults.push("the token exchange is not throttled for itself".to_owned());
    }
    faults
}

#[test]
fn functions_run_and_are_called_as_they_are_written_for() {
    expect(
        faults,
        &[
            ("functions.yaml", "AuthType: AWS_IAM", "AuthType: NONE", "answers whoever"),
            ("functions.yaml", "InvokeMode: BUFFERED", "InvokeMode: RESPONSE_STREAM", "streams"),
            (
                "functions.yaml",
                "FunctionUrlConfig: {AuthType: AWS_IAM, InvokeMode: BUFFERED}",
                "",
                "reached otherwise",
            ),
            (
                "functions.yaml",
                "LogFormat: JSON, ApplicationLogLevel: TRACE, SystemLogLevel: WARN, LogGroup: !Ref TypesLog",
                "LogFormat: Text",
                "does not log JSON",
            ),
            ("functions.yaml", "Tracing: Active", "Tracing: PassThrough", "not traced"),
            (
                "functions.yaml",
                "Architectures: [!Ref Architecture]",
                "Architectures: [x86_64]",
                "architecture",
            ),
            (
                "functions.yaml",
                "BuildProperties: {Binary: feeds}",
                "BuildProperties: {Binary: admin}",
                "another binary",
            ),
            ("functions.yaml", "RetentionInDays: !Ref LogRetentionDays", "KmsKeyId: x", "kept for ever"),
            ("functions.yaml", "Timeout: 29", "Timeout: 60", "longer than anyone"),
            (
                "functions.yaml",
                "\"route\":\"$context.routeKey\"",
                "\"who\":\"$context.identity.header.authorization\"",
                "access log",
            ),
            ("functions.yaml", "ANY /oauth/token: {", "ANY /oauth/tokens: {", "token exchange"),
            (
                "cdn.yaml",
                "Action: lambda:InvokeFunctionUrl",
                "Action: lambda:InvokeFunction",
                "the distribution may",
            ),
            ("cdn.yaml", "InvokedViaFunctionUrl: true", "EventSourceToken: x", "more than"),
            ("cdn.yaml", "Principal: cloudfront.amazonaws.com", "Principal: \"*\"", "lets in others"),
        ],
    );
}
