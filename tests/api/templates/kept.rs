//! What is kept: the table and the buckets, whom they are closed to, and what outlives a stack.

use serde_json::Value;
use templates::{Bucket, Effect, Infra, Statement, matches_pattern};

use super::expect;

fn bucket_faults(bucket: &Bucket) -> Vec<String> {
    let id = &bucket.id;
    let mut faults = Vec::new();
    let mut expect = |holds: bool, what: &str| {
        if !holds {
            faults.push(format!("{id} {what}"));
        }
    };
    expect(bucket.blocks_public_access, "can be made public");
    expect(bucket.encryption == "AES256", "is not encrypted by S3 itself: entity tags are no MD5s");
    expect(bucket.retained, "goes with its stack");
    expect(bucket.versioned, "keeps no former versions");
    let ownership = bucket.resource.text("/OwnershipControls/Rules/0/ObjectOwnership");
    expect(ownership == Some("BucketOwnerEnforced"), "takes ACLs");
    expect(denies_plain(bucket, Some("false")) && denies_plain(bucket, None), "can be asked without TLS");
    // The CDN asks by the protocol that it was asked by.
    let fetched_over_http = id == "Storage.BinariesBucket";
    expect(denies_plain(bucket, Some("true")) != fetched_over_http, "has other devices that need TLS");
    for statement in bucket.statements.iter().filter(|statement| statement.effect == Effect::Allow) {
        let by_cdn = statement.principals == ["Service: cloudfront.amazonaws.com"];
        let ours = statement.conditions.iter().any(|condition| {
            condition.operator == "StringEquals"
                && condition.key == "aws:SourceArn"
                && condition.values == ["arn:aws:cloudfront::000000000000:distribution/{Cdn.Distribution}"]
        });
        expect(by_cdn && ours, "lets in others than our distribution");
        let reads = ["s3:GetObject", "s3:ListBucket"];
        expect(statement.actions.iter().all(|action| reads.contains(&action.as_str())), "lets the CDN write");
        let other = ["staging/x", "catalogues/x"].map(|key| format!("arn:aws:s3:::{{{id}}}/{key}"));
        expect(
            !other.iter().any(|key| statement.covers("s3:GetObject", key)),
            "shows the CDN uploads or catalogues",
        );
    }
    faults
}

/// Whether a request over plain HTTP is refused everything: one of a service of AWS, `Some("true")`, or of others.
fn denies_plain(bucket: &Bucket, service: Option<&str>) -> bool {
    let whole = ["", "/*"].map(|end| format!("arn:aws:s3:::{{{}}}{end}", bucket.id));
    let says = |tls: &'static str| {
        move |key: &str| match key {
            "aws:SecureTransport" => Some(vec![tls.to_owned()]),
            "aws:PrincipalIsAWSService" => service.map(|service| vec![service.to_owned()]),
            _ => None,
        }
    };
    bucket.statements.iter().any(|statement| {
        let all = whole.iter().all(|resource| statement.covers("s3:GetObject", resource));
        let denies = statement.effect == Effect::Deny && statement.principals == ["*"];
        denies && all && statement.holds(&says("false")) && !statement.holds(&says("true"))
    })
}

/// The lifecycle's rules for a key, switched on.
fn rules<'a>(bucket: &'a Bucket, key: &'a str) -> impl Iterator<Item = &'a Value> {
    let prefix = |rule: &Value| {
        let here = rule["Prefix"].as_str().or_else(|| rule["Filter"]["Prefix"].as_str());
        here.unwrap_or_default().to_owned()
    };
    bucket.lifecycle.iter().filter(move |rule| rule["Status"] == "Enabled" && key.starts_with(&prefix(rule)))
}

fn faults(infra: &Infra) -> Vec<String> {
    let buckets = infra.buckets().unwrap();
    let mut faults: Vec<_> = buckets.iter().flat_map(bucket_faults).collect();
    let Some(binaries) = buckets.iter().find(|bucket| bucket.id == "Storage.BinariesBucket") else {
        return vec!["there is no bucket of binaries".to_owned()];
    };
    if !rules(binaries, "staging/p/d").any(|rule| rule["ExpirationInDays"] == "1") {
        faults.push("uploads that nobody moves stay".to_owned());
    }
    for key in ["repository/d", "catalogues/d"] {
        for rule in rules(binaries, key) {
            let gone = ["ExpirationInDays", "ExpirationDate"].iter().any(|how| rule.get(how).is_some());
            if gone {
                faults.push(format!("{key} expires"));
            }
        }
    }
    for rule in rules(binaries, "repository/d") {
        if rule.get("NoncurrentVersionExpiration").is_some() {
            faults.push("a binary that was deleted by mistake cannot be brought back".to_owned());
        }
    }
    let cors = binaries.resource.property("/CorsConfiguration/CorsRules/0/AllowedHeaders");
    for header in ["content-type", "x-amz-checksum-sha256", "if-none-match"] {
        if !cors.is_some_and(|cors| cors.as_array().is_some_and(|all| all.iter().any(|each| each == header)))
        {
            faults.push(format!("a browser may not send {header}"));
        }
    }
    faults.extend(forbidden_faults(binaries));
    faults.extend(delete_faults(infra));
    faults.extend(table_faults(infra));
    faults
}

/// What the bucket refuses to everyone: deleting a binary, and writing an upload over another.
fn forbidden_faults(binaries: &Bucket) -> Vec<String> {
    let mut faults = Vec::new();
    for (action, key, once, forbidden) in [
        ("s3:DeleteObject", "repository/d", false, true),
        ("s3:DeleteObjectVersion", "repository/d", false, true),
        ("s3:PutObject", "staging/p/d", false, true),
        ("s3:PutObject", "staging/p/d", true, false),
        ("s3:PutObject", "repository/d", false, false),
    ] {
        let resource = format!("arn:aws:s3:::{{{}}}/{key}", binaries.id);
        let says = |name: &str| match name {
            "aws:SecureTransport" => Some(vec!["true".to_owned()]),
            "s3:if-none-match" => once.then(|| vec!["*".to_owned()]),
            _ => None,
        };
        let denies =
            |statement: &&Statement| statement.effect == Effect::Deny && statement.principals == ["*"];
        let mut denials = binaries.statements.iter().filter(denies);
        if denials.any(|statement| statement.covers(action, &resource) && statement.holds(&says)) != forbidden
        {
            faults.push(format!("{action} of {key}, once: {once}, is wrongly forbidden or not"));
        }
    }
    faults
}

/// Nobody's policy covers deleting from the repository.
fn delete_faults(infra: &Infra) -> Vec<String> {
    let bucket = "arn:aws:s3:::{Storage.BinariesBucket}";
    let mut faults = Vec::new();
    for function in infra.functions().unwrap() {
        let allows = |statement: &&Statement| statement.effect == Effect::Allow;
        for statement in function.statements.iter().filter(allows) {
            for action in [
                "s3:DeleteObject",
                "s3:DeleteObjectVersion",
                "s3:PutLifecycleConfiguration",
                "s3:DeleteBucket",
            ] {
                let resource = if action.contains("Object") {
                    format!("{bucket}/repository/d")
                } else {
                    bucket.to_owned()
                };
                if statement.covers(action, &resource) {
                    faults.push(format!("{} may {action} in the repository", function.name));
                }
            }
            if statement.resources.iter().any(|resource| matches_pattern(resource, "anything at all")) {
                faults.push(format!("{} may {:?} with anything", function.name, statement.actions));
            }
        }
        faults.extend(function.named_policies.iter().map(|name| format!("{} has {name}", function.name)));
    }
    faults
}

fn table_faults(infra: &Infra) -> Vec<String> {
    let tables = infra.resources_of("AWS::DynamoDB::Table").unwrap();
    let [table] = tables.as_slice() else { return vec![format!("{} tables", tables.len())] };
    let mut faults = Vec::new();
    for (path, value) in [
        ("/BillingMode", "PAY_PER_REQUEST"),
        ("/PointInTimeRecoverySpecification/PointInTimeRecoveryEnabled", "true"),
        ("/DeletionProtectionEnabled", "true"),
        ("/TimeToLiveSpecification/AttributeName", "expiresAt"),
        ("/TimeToLiveSpecification/Enabled", "true"),
        ("/StreamSpecification/StreamViewType", "NEW_IMAGE"),
        ("/KeySchema/0/AttributeName", "PK"),
        ("/KeySchema/1/AttributeName", "SK"),
    ] {
        if table.text(path) != Some(value) {
            faults.push(format!("the table's {path} is {:?}", table.text(path)));
        }
    }
    for policy in ["DeletionPolicy", "UpdateReplacePolicy"] {
        if table.rest[policy] != "Retain" {
            faults.push(format!("the table's {policy} does not retain it"));
        }
    }
    faults
}

#[test]
fn the_table_and_the_buckets_are_closed_and_stay() {
    expect(
        faults,
        &[
            ("storage.yaml", "BlockPublicPolicy: true", "BlockPublicPolicy: false", "can be made public"),
            ("storage.yaml", "SSEAlgorithm: AES256", "SSEAlgorithm: aws:kms", "not encrypted by S3"),
            ("storage.yaml", "DeletionPolicy: Retain", "DeletionPolicy: Delete", "goes with its stack"),
            ("storage.yaml", "ExpirationInDays: 1", "ExpirationInDays: 30", "stay"),
            ("storage.yaml", "Prefix: staging/", "Prefix: \"\"", "repository/d expires"),
            ("storage.yaml", ", if-none-match", "", "if-none-match"),
            ("storage.yaml", "VersioningConfiguration: {Status: Enabled}", "", "former versions"),
            (
                "cdn.yaml",
                "\"aws:SecureTransport\": \"false\"",
                "\"aws:SecureTransport\": \"true\"",
                "without TLS",
            ),
            (
                "cdn.yaml",
                ", BoolIfExists: {\"aws:PrincipalIsAWSService\": \"false\"}",
                "",
                "Storage.BinariesBucket has other devices that need TLS",
            ),
            (
                "cdn.yaml",
                "Principal: {Service: cloudfront.amazonaws.com}",
                "Principal: \"*\"",
                "lets in others",
            ),
            ("cdn.yaml", "Action: [\"s3:GetObject\"]", "Action: [\"s3:*\"]", "lets the CDN write"),
            ("cdn.yaml", "[\"s3:DeleteObject\", ", "[", "s3:DeleteObject of repository/d"),
            (
                "cdn.yaml",
                "\"s3:if-none-match\": \"true\"",
                "\"s3:if-match\": \"true\"",
                "s3:PutObject of staging/p/d",
            ),
            ("cdn.yaml", "/repository/*\"]", "/*\"]", "shows the CDN uploads"),
            (
                "functions.yaml",
                "\"s3:GetObject\", \"s3:PutObject\"",
                "\"s3:*\"",
                "uploads may s3:DeleteObject in the repository",
            ),
            ("functions.yaml", "[\"s3:ListBucket\"]", "[\"s3:*Bucket\"]", "may s3:DeleteBucket"),
            ("data.yaml", "PAY_PER_REQUEST", "PROVISIONED", "BillingMode"),
            (
                "data.yaml",
                "PointInTimeRecoveryEnabled: true",
                "PointInTimeRecoveryEnabled: false",
                "PointInTime",
            ),
            (
                "data.yaml",
                "DeletionProtectionEnabled: true",
                "DeletionProtectionEnabled: false",
                "DeletionProtection",
            ),
            ("data.yaml", "AttributeName: expiresAt", "AttributeName: expires", "TimeToLive"),
            ("data.yaml", "UpdateReplacePolicy: Retain", "UpdateReplacePolicy: Delete", "retain it"),
        ],
    );
}
