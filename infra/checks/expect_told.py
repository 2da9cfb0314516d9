"""What must be true of events and alarms: what was withdrawn is purged, and somebody is told what went wrong."""

import json
import re

from moto.events.models import EventPattern

from expect import stage_of


def purges(expect, made) -> None:
    """What was withdrawn is purged at once and later, and what could not be is kept."""
    stage, sqs = stage_of(made), made.client("sqs")
    url = sqs.get_queue_url(QueueName=f"ota-{stage}-purge")["QueueUrl"]
    queue = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
    expect.same("delay", queue["DelaySeconds"], "20")
    limit = made.client("lambda").get_function_configuration(FunctionName=f"ota-{stage}-reconciler")["Timeout"]
    expect.true("a message waits until its function has ended", int(queue["VisibilityTimeout"]) >= limit)
    dead = f"arn:aws:sqs:us-east-1:123456789012:ota-{stage}-purge-dead"
    expect.same("where lost ones go", json.loads(queue["RedrivePolicy"])["deadLetterTargetArn"], dead)
    events = made.client("events")
    targets = events.list_targets_by_rule(Rule=f"ota-{stage}-purge", EventBusName=f"ota-{stage}")["Targets"]
    names = {each["Arn"].rsplit(":", 1)[-1] for each in targets}
    expect.same("targets", names, {f"ota-{stage}-reconciler", f"ota-{stage}-purge"})
    expect.same("kept", {each["DeadLetterConfig"]["Arn"] for each in targets}, {dead})
    mapping = made.client("lambda").list_event_source_mappings(FunctionName=f"ota-{stage}-reconciler")[
        "EventSourceMappings"
    ]
    expect.same("messages", [each["FunctionResponseTypes"] for each in mapping], [["ReportBatchItemFailures"]])
    schedules = made.client("scheduler").list_schedules()["Schedules"]
    inputs = {
        each["Name"]: json.loads(made.client("scheduler").get_schedule(Name=each["Name"])["Target"]["Input"])
        for each in schedules
    }
    expect.same(
        "chores",
        inputs,
        {f"ota-{stage}-repairs": {"chore": "repairs"}, f"ota-{stage}-reconciliation": {"chore": "reconcile"}},
    )


def events(expect, made) -> None:
    """An audit item becomes an event, and one that withdraws starts a purge."""
    stage, bus = stage_of(made), made.client("events")
    pipe = made.client("pipes").describe_pipe(Name="audit")
    stream = made.parameters.get("RestoredTableStreamArn") or made.outputs["Data"]["TableStreamArn"]
    expect.same("source", pipe["Source"], stream)
    parameters = made.resolved["Alarms"]["Pipe"]
    accepts = parameters["SourceParameters"]["FilterCriteria"]["Filters"][0]["Pattern"]
    record = _record("AUDIT#acme#2026-11", "INSERT")
    for item, wanted in (
        (record, True),
        (_record("AUDIT#acme#2026-11", "REMOVE"), False),
        (_record("POOL#acme", "INSERT"), False),
    ):
        expect.same(
            f"the pipe takes {item['eventName']} of {item['dynamodb']['Keys']['PK']['S']}",
            _matches(json.loads(accepts), item),
            wanted,
        )
    detail = json.loads(_filled(parameters["TargetParameters"]["InputTemplate"], record))
    expect.same(
        "an event",
        {key: value for key, value in detail.items() if key != "item"},
        {
            "audit": "AUDIT#acme#2026-11",
            "at": "1764000000000",
            "actor": "k1",
            "requestId": "r1",
            "action": "association.removed",
            "subject": "kettle/release/105/7",
        },
    )
    expect.same("its item", detail["item"], record["dynamodb"]["NewImage"])
    target = parameters["TargetParameters"]["EventBridgeEventBusParameters"]
    pattern = json.loads(bus.describe_rule(Name=f"ota-{stage}-purge", EventBusName=f"ota-{stage}")["EventPattern"])
    event = {"source": target["Source"], "detail-type": target["DetailType"], "detail": detail}
    expect.same("a removal is purged", _matches(pattern, event), True)
    other = {**event, "detail": {**detail, "action": "image.registered"}}
    expect.same("a registration is not", _matches(pattern, other), False)
    hooked = "WebhookUrl" in made.parameters
    rules = {each["Name"] for each in bus.list_rules(EventBusName=f"ota-{stage}")["Rules"]}
    expect.same("a webhook", f"ota-{stage}-webhook" in rules, hooked)
    expect.same("an archive", [each["ArchiveName"] for each in bus.list_archives()["Archives"]], [f"ota-{stage}"])


def alarms(expect, made) -> None:
    """Each says what to do and tells somebody; the log filters watch logs that are there."""
    cloudwatch, topic = made.client("cloudwatch"), made.resources("Alarms")["Topic"]
    found = {each["AlarmName"]: each for each in cloudwatch.describe_alarms()["MetricAlarms"]}
    expect.true("alarms", len(found) >= 16)
    for name, each in found.items():
        expect.true(f"{name} says what to do", len(each["AlarmDescription"]) > 80)
        expect.same(f"{name} tells", each["AlarmActions"], [topic])
        expect.true(f"{name} knows silence", each["TreatMissingData"] in ("breaching", "notBreaching"))
    silent = f"ota-{stage_of(made)}-silent-fleet"
    expect.same("silence of the fleet", silent in found, made.parameters.get("FleetExpected") == "yes")
    groups = {each["logGroupName"] for each in made.client("logs").describe_log_groups()["logGroups"]}
    filters = made.client("logs").describe_metric_filters()["metricFilters"]
    expect.same("denials", {each["logGroupName"] for each in filters} - groups, set())
    body = cloudwatch.get_dashboard(DashboardName=f"ota-{stage_of(made)}")["DashboardBody"]
    expect.true("dashboard", len(json.loads(body)["widgets"]) >= 10 and "${" not in body)
    told = made.client("sns").list_subscriptions_by_topic(TopicArn=topic)["Subscriptions"]
    email = made.parameters.get("AlarmEmail")
    expect.same("who is told", [each["Endpoint"] for each in told], [email] if email else [])


def _record(partition: str, name: str) -> dict:
    """A stream record of an item without what is optional."""
    image = {
        "at": {"N": "1764000000000"},
        "actor": {"S": "k1"},
        "requestId": {"S": "r1"},
        "action": {"S": "association.removed"},
        "subject": {"S": "kettle/release/105/7"},
    }
    keys = {"PK": {"S": partition}, "SK": {"S": "1764000000000#r1#00000000"}}
    return {"eventName": name, "dynamodb": {"Keys": keys, "NewImage": {**keys, **image}}}


def _filled(template: str, record: dict) -> str:
    """An input template with the record's values; a path that is not in it fails."""

    def one(match: re.Match) -> str:
        node = record
        for part in match[1].split("."):
            node = node[part]
        return node if isinstance(node, str) else json.dumps(node)

    return re.sub(r"<\$\.([A-Za-z.]+)>", one, template)


def _matches(pattern: dict, event: dict) -> bool:
    return EventPattern.load(json.dumps(pattern)).matches_event(event)
