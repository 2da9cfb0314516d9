"""What moto's CloudFormation leaves out but the service's own API there can do: one function a kind of resource.

Each takes the service's client factory, the resource's properties with everything resolved, and the physical names of
what was made before it. botocore refuses properties of a wrong name or type.
"""

import json


def bucket_policy(client, properties, _made):
    """AWS::S3::BucketPolicy."""
    client("s3").put_bucket_policy(Bucket=properties["Bucket"], Policy=json.dumps(properties["PolicyDocument"]))


def queue_policy(client, properties, _made):
    """AWS::SQS::QueuePolicy."""
    for url in properties["Queues"]:
        policy = {"Policy": json.dumps(properties["PolicyDocument"])}
        client("sqs").set_queue_attributes(QueueUrl=url, Attributes=policy)


def topic_policy(client, properties, _made):
    """AWS::SNS::TopicPolicy."""
    for arn in properties["Topics"]:
        text = json.dumps(properties["PolicyDocument"])
        client("sns").set_topic_attributes(TopicArn=arn, AttributeName="Policy", AttributeValue=text)


def subscription(client, properties, _made):
    """AWS::SNS::Subscription."""
    client("sns").subscribe(**properties)


def alarm(client, properties, _made):
    """AWS::CloudWatch::Alarm."""
    client("cloudwatch").put_metric_alarm(**properties)


def metric_filter(client, properties, _made):
    """AWS::Logs::MetricFilter."""
    lowered = [
        {key[0].lower() + key[1:]: value for key, value in each.items()} for each in properties["MetricTransformations"]
    ]
    client("logs").put_metric_filter(
        logGroupName=properties["LogGroupName"],
        filterName="denials",
        filterPattern=properties["FilterPattern"],
        metricTransformations=lowered,
    )


def function_url(client, properties, _made):
    """AWS::Lambda::Url."""
    properties = dict(properties)
    client("lambda").create_function_url_config(FunctionName=properties.pop("TargetFunctionArn"), **properties)


def function_invocations(client, properties, _made):
    """AWS::Lambda::EventInvokeConfig."""
    client("lambda").put_function_event_invoke_config(**properties)


def schedule(client, properties, _made):
    """AWS::Scheduler::Schedule."""
    client("scheduler").create_schedule(**properties)


def pipe(client, properties, _made):
    """AWS::Pipes::Pipe."""
    client("pipes").create_pipe(Name="audit", **properties)


def connection(client, properties, _made):
    """AWS::Events::Connection."""
    client("events").create_connection(Name="webhook", **properties)


def api_destination(client, properties, _made):
    """AWS::Events::ApiDestination; its connection is made beside it."""
    arn = client("events").describe_connection(Name="webhook")["ConnectionArn"]
    client("events").create_api_destination(Name="webhook", **{**properties, "ConnectionArn": arn})


def http_api(client, properties, made):
    """AWS::ApiGatewayV2::Api."""
    made["body"] = properties["Body"]
    gateway = client("apigatewayv2")
    made["api"] = gateway.create_api(Name="ota", ProtocolType="HTTP")["ApiId"]
    gateway.reimport_api(ApiId=made["api"], Body=json.dumps(properties["Body"]))


def http_stage(client, properties, made):
    """AWS::ApiGatewayV2::Stage."""
    client("apigatewayv2").create_stage(**{**properties, "ApiId": made["api"]})


def web_acl(client, properties, _made):
    """AWS::WAFv2::WebACL."""
    client("wafv2").create_web_acl(**properties)


def origin_access_control(client, properties, _made):
    """AWS::CloudFront::OriginAccessControl."""
    client("cloudfront").create_origin_access_control(**properties)


# In the order in which they are made.
KINDS = {
    "AWS::S3::BucketPolicy": bucket_policy,
    "AWS::SQS::QueuePolicy": queue_policy,
    "AWS::SNS::TopicPolicy": topic_policy,
    "AWS::SNS::Subscription": subscription,
    "AWS::CloudWatch::Alarm": alarm,
    "AWS::Logs::MetricFilter": metric_filter,
    "AWS::Lambda::Url": function_url,
    "AWS::Lambda::EventInvokeConfig": function_invocations,
    "AWS::Scheduler::Schedule": schedule,
    "AWS::Pipes::Pipe": pipe,
    "AWS::Events::Connection": connection,
    "AWS::Events::ApiDestination": api_destination,
    "AWS::ApiGatewayV2::Api": http_api,
    "AWS::ApiGatewayV2::Stage": http_stage,
    "AWS::WAFv2::WebACL": web_acl,
    "AWS::CloudFront::OriginAccessControl": origin_access_control,
}


def table(client, name, properties):
    """What moto's CloudFormation leaves out of AWS::DynamoDB::Table."""
    dynamodb = client("dynamodb")
    backups = dynamodb.describe_continuous_backups(TableName=name)["ContinuousBackupsDescription"]
    _left_out(
        "PointInTimeRecoverySpecification",
        backups["PointInTimeRecoveryDescription"]["PointInTimeRecoveryStatus"] == "DISABLED",
    )
    _left_out(
        "TimeToLiveSpecification",
        dynamodb.describe_time_to_live(TableName=name)["TimeToLiveDescription"]["TimeToLiveStatus"] == "DISABLED",
    )
    dynamodb.update_continuous_backups(
        TableName=name, PointInTimeRecoverySpecification=properties["PointInTimeRecoverySpecification"]
    )
    dynamodb.update_time_to_live(TableName=name, TimeToLiveSpecification=properties["TimeToLiveSpecification"])


def bucket(client, name, properties):
    """What moto's CloudFormation leaves out of AWS::S3::Bucket."""
    s3 = client("s3")
    _left_out("VersioningConfiguration", "Status" not in s3.get_bucket_versioning(Bucket=name))
    s3.put_bucket_versioning(Bucket=name, VersioningConfiguration=properties["VersioningConfiguration"])
    _left_out("PublicAccessBlockConfiguration", _missing(s3, s3.get_public_access_block, name))
    s3.put_public_access_block(Bucket=name, PublicAccessBlockConfiguration=properties["PublicAccessBlockConfiguration"])
    _left_out("OwnershipControls", _missing(s3, s3.get_bucket_ownership_controls, name))
    s3.put_bucket_ownership_controls(Bucket=name, OwnershipControls=properties["OwnershipControls"])
    _left_out("LifecycleConfiguration", _missing(s3, s3.get_bucket_lifecycle_configuration, name))
    rules = [_rule(dict(each)) for each in properties["LifecycleConfiguration"]["Rules"]]
    s3.put_bucket_lifecycle_configuration(Bucket=name, LifecycleConfiguration={"Rules": rules})
    if "CorsConfiguration" in properties:
        _left_out("CorsConfiguration", _missing(s3, s3.get_bucket_cors, name))
        renamed = {"MaxAge": "MaxAgeSeconds", "ExposedHeaders": "ExposeHeaders"}
        rules = [
            {renamed.get(key, key): value for key, value in each.items()}
            for each in properties["CorsConfiguration"]["CorsRules"]
        ]
        s3.put_bucket_cors(Bucket=name, CORSConfiguration={"CORSRules": rules})


def role(client, name, properties):
    """What moto's CloudFormation leaves out of AWS::IAM::Role."""
    iam = client("iam")
    for arn in properties.get("ManagedPolicyArns", []):
        attached = iam.list_attached_role_policies(RoleName=name)["AttachedPolicies"]
        _left_out("ManagedPolicyArns", arn not in [each["PolicyArn"] for each in attached])
        iam.attach_role_policy(RoleName=name, PolicyArn=arn)


LEFT_OUT = {"AWS::DynamoDB::Table": table, "AWS::S3::Bucket": bucket, "AWS::IAM::Role": role}


def _rule(given: dict) -> dict:
    """A lifecycle rule as S3's API has it."""
    rule = {"ID": given.pop("Id"), "Filter": {"Prefix": given.pop("Prefix", "")}}
    expiration = {
        "Days": given.pop("ExpirationInDays", None),
        "ExpiredObjectDeleteMarker": given.pop("ExpiredObjectDeleteMarker", None),
    }
    expiration = {key: value for key, value in expiration.items() if value is not None}
    return {**rule, **given, **({"Expiration": expiration} if expiration else {})}


def _missing(s3, read, name: str) -> bool:
    try:
        read(Bucket=name)
    except s3.exceptions.ClientError:
        return True
    return False


def _left_out(name: str, is_so: bool) -> None:
    if not is_so:
        raise SystemExit(f"moto's CloudFormation sets {name} by now: take it out of through_api.py")
