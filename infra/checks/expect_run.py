"""What must be true of the doors and the functions behind them, and of what each function may do."""

import json
import re

import yaml

import templates
from expect import stage_of

FUNCTIONS = [
    "admin",
    "associations",
    "authorizer",
    "devices",
    "eligibility",
    "feeds",
    "images",
    "reconciler",
    "types",
    "uploads",
]
ANY = "X-AMAZON-APIGATEWAY-ANY-METHOD"


def doors(expect, made) -> None:
    """The API has the functions' routes, each behind the authorizer that asks nothing and remembers nothing."""
    gateway, body = made.client("apigatewayv2"), made.made["body"]
    resources = templates.read("functions.yaml")["Resources"]
    events = [
        event["Properties"]
        for each in resources.values()
        for event in each.get("Properties", {}).get("Events", {}).values()
        if event["Type"] == "HttpApi"
    ]
    wanted = {f"{ANY} {event.get('Path', '/$default')}" for event in events}
    routes = {each["RouteKey"] for each in gateway.get_routes(ApiId=made.made["api"], MaxResults="500")["Items"]}
    expect.same("routes", {each.replace(" $default", " /$default") for each in routes}, wanted)
    open_routes = {
        path
        for path, methods in body["paths"].items()
        for each in methods.values()
        if each.get("security") in ([{"NONE": []}], [], None)
    }
    device = "v1/ota/deviceTypes/{deviceTypeId}/devices/{deviceId}"
    expect.same(
        "routes without authorizer",
        {path.lstrip("/") for path in open_routes},
        {"oauth/token", "$default", f"{device}/attributes", f"{device}/status", f"{device}/checks"},
    )
    authorizer = body["components"]["securitySchemes"]["KeyAuthorizer"]["x-amazon-apigateway-authorizer"]
    uri = authorizer.pop("authorizerUri")
    expect.true("who authorizes", f"function:ota-{stage_of(made)}-authorizer/" in uri)
    expect.same(
        "authorizer",
        authorizer,
        {
            "type": "request",
            "authorizerResultTtlInSeconds": 0,
            "identitySource": [],
            "authorizerPayloadFormatVersion": "2.0",
            "enableSimpleResponses": True,
        },
    )
    versions = {
        each["x-amazon-apigateway-integration"]["payloadFormatVersion"]
        for methods in body["paths"].values()
        for each in methods.values()
    }
    expect.same("events of functions", versions, {"2.0"})
    stage = gateway.get_stages(ApiId=made.made["api"])["Items"][0]
    expect.same("stage", (stage["StageName"], stage["AutoDeploy"]), ("$default", True))
    expect.true("everything is throttled", stage["DefaultRouteSettings"]["ThrottlingRateLimit"] > 0)
    expect.true(
        "tokens are throttled more",
        stage["RouteSettings"]["ANY /oauth/token"]["ThrottlingRateLimit"]
        < stage["DefaultRouteSettings"]["ThrottlingRateLimit"],
    )
    json.loads(stage["AccessLogSettings"]["Format"])
    expect.true(
        "no header is logged",
        not re.search("header|authorization|query", stage["AccessLogSettings"]["Format"], re.IGNORECASE),
    )
    for name in ("eligibility", "feeds"):
        url = made.client("lambda").get_function_url_config(FunctionName=f"ota-{stage_of(made)}-{name}")
        expect.same(f"URL of {name}", (url["AuthType"], url["InvokeMode"]), ("AWS_IAM", "BUFFERED"))
        allowed = json.loads(made.client("lambda").get_policy(FunctionName=f"ota-{stage_of(made)}-{name}")["Policy"])[
            "Statement"
        ]
        expect.same(
            f"who calls {name}",
            {
                (
                    each["Principal"]["Service"],
                    each["Action"],
                    each["Condition"]["ArnLike"]["AWS:SourceArn"].rsplit("/")[-1],
                )
                for each in allowed
            },
            {
                ("cloudfront.amazonaws.com", action, "standin-Distribution")
                for action in ("lambda:InvokeFunction", "lambda:InvokeFunctionUrl")
            }
            # What devices report comes through the API.
            | {
                ("apigateway.amazonaws.com", "lambda:InvokeFunction", route)
                for route in (("attributes", "status", "checks") if name == "eligibility" else ())
            },
        )


def functions(expect, made) -> None:
    """All of them, each with its settings, and no more time than its door gives it."""
    listed = {each["FunctionName"]: each for each in made.client("lambda").list_functions()["Functions"]}
    expect.same("functions", sorted(listed), [f"ota-{stage_of(made)}-{name}" for name in FUNCTIONS])
    in_use = made.parameters.get("RestoredTableName") or made.outputs["Data"]["TableName"]
    for name in FUNCTIONS:
        found = listed[f"ota-{stage_of(made)}-{name}"]
        variables = found["Environment"]["Variables"]
        expect.same(f"table of {name}", variables["OTA_TABLE"], in_use)
        expect.same(
            f"{name} has parameters",
            variables.get("OTA_PARAMETERS"),
            None if name == "authorizer" else f"/ota/{stage_of(made)}",
        )
        expect.same(f"{name} runs", (found["Runtime"], found["Handler"]), ("provided.al2023", "bootstrap"))
        expect.true(f"memory of {name}", 256 <= found["MemorySize"] <= 512)
        expect.true(
            f"time of {name}",
            found["Timeout"] <= {"eligibility": 10, "feeds": 10, "authorizer": 10, "reconciler": 900}.get(name, 29),
        )
        if "OTA_BUCKET" in variables:
            expect.same(f"bucket of {name}", variables["OTA_BUCKET"], made.outputs["Storage"]["BinariesBucket"])
    for name, parameter in (("eligibility", "EligibilityConcurrency"), ("feeds", "FeedsConcurrency")):
        kept = (
            made.client("lambda")
            .get_function_concurrency(FunctionName=f"ota-{stage_of(made)}-{name}")
            .get("ReservedConcurrentExecutions")
        )
        wanted = made.parameters.get(parameter)
        expect.same(f"{name} at once", str(kept) if kept else None, wanted)
    groups = {
        each["logGroupName"]: each.get("retentionInDays")
        for each in made.client("logs").describe_log_groups()["logGroups"]
    }
    for name in [f"/ota/{stage_of(made)}/{each}" for each in FUNCTIONS]:
        expect.same(f"days in {name}", groups.get(name), 90)


def policies(expect, made) -> None:
    """No role may do everything with something, or something with everything; no function deletes binaries."""
    iam = made.client("iam")
    for function in FUNCTIONS:
        role = made.resources("Functions")[f"{function.capitalize()}FunctionRole"]
        attached = {each["PolicyName"] for each in iam.list_attached_role_policies(RoleName=role)["AttachedPolicies"]}
        # What SAM gives every function: to write its log, and its traces.
        expect.same(
            f"{function}: managed policies", attached, {"AWSLambdaBasicExecutionRole", "AWSXrayWriteOnlyAccess"}
        )
        for statement in _statements(iam, role):
            expect.true(f"{function}: exact actions", not any("*" in action for action in statement["Action"]))
            expect.true(f"{function}: exact resources", "*" not in statement["Resource"])
            if any(action.startswith("dynamodb:") for action in statement["Action"]):
                expect.true(
                    f"{function}: keys of the table",
                    statement["Condition"]["ForAllValues:StringLike"]["dynamodb:LeadingKeys"],
                )
            if "s3:ListBucket" in statement["Action"]:
                expect.true(f"{function}: folders", statement["Condition"]["StringLikeIfExists"]["s3:prefix"])
            if "s3:DeleteObject" in statement["Action"]:
                below = {resource.split("/")[1] for resource in statement["Resource"]}
                expect.true(f"{function}: deletes", below <= {"staging", "catalogues"})
    purge = [
        each
        for each in _statements(iam, made.outputs["Functions"]["ReconcilerRole"])
        if "cloudfront:CreateInvalidation" in each["Action"]
    ]
    expect.same(
        "what is purged", purge[0]["Resource"], ["arn:aws:cloudfront::123456789012:distribution/standin-Distribution"]
    )


def settings(expect, made) -> None:
    """The functions find in SSM where they are."""
    ssm, path = made.client("ssm"), f"/ota/{stage_of(made)}"
    domain = made.parameters.get("DomainName", "standin-Distribution-DomainName")
    expect.same("base-url", ssm.get_parameter(Name=f"{path}/base-url")["Parameter"]["Value"], f"https://{domain}")
    expect.same("BaseUrl", made.outputs["Root"]["BaseUrl"]["Value"], f"https://{domain}")
    expect.same(
        "distribution-id",
        ssm.get_parameter(Name=f"{path}/distribution-id")["Parameter"]["Value"],
        "standin-Distribution",
    )
    expect.same("their path", made.outputs["Root"]["Parameters"]["Value"], path)
    if zone := made.parameters.get("HostedZoneId"):
        records = made.client("route53").list_resource_record_sets(HostedZoneId=zone)["ResourceRecordSets"]
        found = {each["Type"] for each in records if each["Name"].startswith(domain)}
        expect.same("records", found, {"A", "AAAA"})


def _statements(iam, role: str) -> list[dict]:
    names = iam.list_role_policies(RoleName=role)["PolicyNames"]
    documents = [iam.get_role_policy(RoleName=role, PolicyName=name)["PolicyDocument"] for name in names]
    # moto gives that of an AWS::IAM::Policy back as Python writes it, which YAML can read.
    parsed = [yaml.safe_load(each) if isinstance(each, str) else each for each in documents]
    return [statement for document in parsed for statement in document["Statement"]]
