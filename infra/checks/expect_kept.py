"""What must be true of the table and the buckets: nothing is lost by accident, and nothing is public."""

import json

import templates


def table(expect, made) -> None:
    """The table cannot be lost by accident, and forgets what has expired."""
    dynamodb, name = made.client("dynamodb"), made.outputs["Data"]["TableName"]
    found = dynamodb.describe_table(TableName=name)["Table"]
    keys = {each["KeyType"]: each["AttributeName"] for each in found["KeySchema"]}
    expect.same("the table's key", keys, {"HASH": "PK", "RANGE": "SK"})
    expect.same("billing", found["BillingModeSummary"]["BillingMode"], "PAY_PER_REQUEST")
    expect.same("stream", found["StreamSpecification"], {"StreamEnabled": True, "StreamViewType": "NEW_IMAGE"})
    expect.same("deletion protection", found["DeletionProtectionEnabled"], True)
    # The default is a key of DynamoDB's own; one under KMS would bill every first use of it.
    expect.same("no key under KMS", "SSESpecification" in made.resolved["Data"]["Table"], False)
    backups = dynamodb.describe_continuous_backups(TableName=name)["ContinuousBackupsDescription"]
    expect.same("restoring", backups["PointInTimeRecoveryDescription"]["PointInTimeRecoveryStatus"], "ENABLED")
    forgetting = dynamodb.describe_time_to_live(TableName=name)["TimeToLiveDescription"]
    expect.same("forgetting", forgetting, {"TimeToLiveStatus": "ENABLED", "AttributeName": "expiresAt"})
    restored = made.parameters.get("RestoredTableName")
    expect.same("the table in use", made.outputs["Root"]["Table"]["Value"], restored or name)
    for file, kinds in {"data.yaml": ["AWS::DynamoDB::Table"], "storage.yaml": ["AWS::S3::Bucket"]}.items():
        for logical, each in templates.read(file)["Resources"].items():
            if each["Type"] in kinds:
                kept = (each.get("DeletionPolicy"), each.get("UpdateReplacePolicy"))
                expect.same(f"{logical} when its stack goes", kept, ("Retain", "Retain"))


def buckets(expect, made) -> None:
    """Private, encrypted so that entity tags are MD5s, versioned, and emptied only where they may be."""
    s3, names = made.client("s3"), made.outputs["Storage"]
    blocked = ("BlockPublicAcls", "BlockPublicPolicy", "IgnorePublicAcls", "RestrictPublicBuckets")
    for logical, bucket in names.items():
        block = s3.get_public_access_block(Bucket=bucket)["PublicAccessBlockConfiguration"]
        expect.same(f"public access to {bucket}", block, dict.fromkeys(blocked, True))
        rules = s3.get_bucket_encryption(Bucket=bucket)["ServerSideEncryptionConfiguration"]["Rules"]
        found = [each["ApplyServerSideEncryptionByDefault"] for each in rules]
        expect.same(f"encryption of {bucket}", found, [{"SSEAlgorithm": "AES256"}])
        # moto forgets this one.
        rules = made.resolved["Storage"][logical]["BucketEncryption"]["ServerSideEncryptionConfiguration"]
        expect.same(f"keys of {bucket}", [each["BucketKeyEnabled"] for each in rules], [False])
        owner = s3.get_bucket_ownership_controls(Bucket=bucket)["OwnershipControls"]["Rules"]
        expect.same(f"owner in {bucket}", owner, [{"ObjectOwnership": "BucketOwnerEnforced"}])
        expect.same(f"versions in {bucket}", s3.get_bucket_versioning(Bucket=bucket)["Status"], "Enabled")
    rules = s3.get_bucket_lifecycle_configuration(Bucket=names["BinariesBucket"])["Rules"]
    by_prefix = {each.get("Filter", {}).get("Prefix", each.get("Prefix", "")): each for each in rules}
    expect.same("folders with rules", sorted(by_prefix), ["", "catalogues/", "staging/"])
    expect.same("days in staging", by_prefix["staging/"]["Expiration"]["Days"], 1)
    expect.same("old versions in staging", by_prefix["staging/"]["NoncurrentVersionExpiration"]["NoncurrentDays"], 1)
    expect.true("no catalogue in use expires", "Days" not in by_prefix["catalogues/"].get("Expiration", {}))
    everywhere = {key for key in by_prefix[""] if key.endswith("Expiration")}
    expect.same("what expires everywhere, in the repository too", everywhere, set())
    expect.true("parts of uploads go", by_prefix[""]["AbortIncompleteMultipartUpload"])
    cors = s3.get_bucket_cors(Bucket=names["BinariesBucket"])["CORSRules"]
    expect.same("methods of web pages", cors[0]["AllowedMethods"], ["PUT"])
    signed = {"content-type", "x-amz-checksum-sha256", "if-none-match", "content-md5"}
    expect.same("headers of web pages", set(cors[0]["AllowedHeaders"]), signed)
    origins = made.parameters.get("ConsoleOrigins", "*").split(",")
    expect.same("web pages that may upload", cors[0]["AllowedOrigins"], origins)


def bucket_policies(expect, made) -> None:
    """Nothing is public; nobody deletes from the repository; staging is written once."""
    plain = {"Bool": {"aws:SecureTransport": "false"}}
    for name, condition in (
        ("BinariesBucket", {**plain, "BoolIfExists": {"aws:PrincipalIsAWSService": "false"}}),
        ("ConsoleBucket", plain),
    ):
        bucket = made.outputs["Storage"][name]
        policy = json.loads(made.client("s3").get_bucket_policy(Bucket=bucket)["Policy"])
        statements = {each["Sid"]: each for each in policy["Statement"]}
        tls = statements["OnlyOverTls"]
        expect.same(
            f"TLS of {bucket}",
            (tls["Effect"], tls["Action"], tls["Condition"]),
            ("Deny", ["s3:*"], condition),
        )
        for name, each in statements.items():
            if each["Effect"] == "Allow":
                expect.same(f"who {name}", each["Principal"], {"Service": "cloudfront.amazonaws.com"})
                expect.true(
                    f"{name}: by one distribution",
                    "/standin-Distribution" in each["Condition"]["StringEquals"]["aws:SourceArn"],
                )
                expect.true(f"{name}: reads", set(each["Action"]) <= {"s3:GetObject", "s3:ListBucket"})
    binaries = made.outputs["Storage"]["BinariesBucket"]
    policy = json.loads(made.client("s3").get_bucket_policy(Bucket=binaries)["Policy"])
    statements = {each["Sid"]: each for each in policy["Statement"]}
    for name, actions, below, condition in (
        ("StagingIsWrittenOnce", ["s3:PutObject"], "/staging/*", {"Null": {"s3:if-none-match": "true"}}),
        ("RepositoryIsKept", ["s3:DeleteObject", "s3:DeleteObjectVersion"], "/repository/*", None),
    ):
        each = statements[name]
        found = (each["Effect"], each["Principal"], each["Action"], each["Resource"], each.get("Condition"))
        expect.same(name, found, ("Deny", "*", actions, [f"arn:aws:s3:::{binaries}{below}"], condition))
    expect.same(
        "what the CDN reads", statements["CdnReadsRepository"]["Resource"], [f"arn:aws:s3:::{binaries}/repository/*"]
    )
