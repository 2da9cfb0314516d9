use std::collections::BTreeMap;
use std::path::Path;

use serde_json::json;
use templates::{Effect, Error, Infra, Settings, Target};

const ROOT: &str = r#"
Transform: AWS::Serverless-2016-10-31
Parameters:
  Stage: {Type: String, Default: dev}
  Restored: {Type: String, Default: ""}
  Origins: {Type: CommaDelimitedList, Default: "a, b"}
  Memory: {Type: Number, Default: 512}
Conditions:
  IsRestored: !Not [!Equals [!Ref Restored, ""]]
  IsBoth: !And [!Condition IsRestored, !Equals [!Ref Stage, prod]]
Resources:
  Data: {Type: AWS::Serverless::Application, Properties: {Location: data.yaml}}
  Code:
    Type: AWS::Serverless::Application
    Properties:
      Location: code.yaml
      Parameters:
        Table: !If [IsRestored, !Ref Restored, !GetAtt Data.Outputs.Table]
        Prefix: !Sub /ota/${Stage}
        Memory: !Ref Memory
  Cdn:
    Type: AWS::Serverless::Application
    Properties:
      Location: cdn.yaml
      Parameters: {Feeds: !GetAtt Code.Outputs.Feeds, Api: !GetAtt Code.Outputs.Api, Role: !GetAtt Code.Outputs.Role}
  Extra: {Type: AWS::SQS::Queue, Condition: IsBoth}
Outputs:
  Origins: {Value: !Ref Origins}
  Joined: {Value: !Join ["+", !Ref Origins]}
  Literal: {Value: !Sub ["${!Stage} ${Own} ${AWS::Region}", {Own: !GetAtt Data.Outputs.Table}]}
"#;

const DATA: &str = r#"
Resources:
  Table: {Type: AWS::DynamoDB::Table, DeletionPolicy: Retain}
  Files:
    Type: AWS::S3::Bucket
    Properties:
      BucketEncryption: {ServerSideEncryptionConfiguration: [{ServerSideEncryptionByDefault: {SSEAlgorithm: AES256}}]}
      PublicAccessBlockConfiguration: {BlockPublicAcls: true, BlockPublicPolicy: true, IgnorePublicAcls: true}
  FilesPolicy:
    Type: AWS::S3::BucketPolicy
    Properties:
      Bucket: {Ref: Files}
      PolicyDocument: {Statement: {Effect: Deny, Principal: "*", Action: "s3:*", Resource: "*"}}
Outputs:
  Table: {Value: !Ref Table}
"#;

const CODE: &str = r#"
Transform: AWS::Serverless-2016-10-31
Parameters: {Table: {Type: String}, Prefix: {Type: String}, Memory: {Type: Number}}
Globals:
  Function:
    Runtime: provided.al2023
    Handler: bootstrap
    Timeout: 29
    MemorySize: !Ref Memory
    Environment: {Variables: {OTA_TABLE: !Ref Table}}
Resources:
  Api:
    Type: AWS::Serverless::HttpApi
    Properties:
      Auth:
        DefaultAuthorizer: Keys
        Authorizers: {Keys: {FunctionArn: !GetAtt KeysFunction.Arn, AuthorizerPayloadFormatVersion: "2.0", EnableSimpleResponses: true}}
  KeysFunction: {Type: AWS::Serverless::Function, Properties: {CodeUri: ../functions/keys}}
  TypesFunction:
    Type: AWS::Serverless::Function
    Properties:
      CodeUri: ../functions/types
      Timeout: 5
      Environment: {Variables: {OTA_PARAMETERS: !Ref Prefix, GONE: !Ref "AWS::NoValue"}}
      Policies:
        - AWSLambdaBasicExecutionRole
        - Statement:
            - {Effect: Allow, Action: dynamodb:GetItem, Resource: !Sub "arn:${AWS::Partition}:dynamodb:::${Table}"}
      Events:
        All: {Type: HttpApi, Properties: {ApiId: !Ref Api, Method: any, Path: "/p/{partner}/types"}}
        Platform: {Type: HttpApi, Properties: {ApiId: !Ref Api, Method: GET, Path: /p/platform/types}}
        Open: {Type: HttpApi, Properties: {ApiId: !Ref Api, Path: /open, Method: POST, Auth: {Authorizer: NONE}}}
        Rest: {Type: HttpApi, Properties: {ApiId: !Ref Api}}
        Often: {Type: ScheduleV2, Properties: {ScheduleExpression: rate(1 minute)}}
  FeedsFunction:
    Type: AWS::Serverless::Function
    Properties: {CodeUri: ../functions/feeds, FunctionUrlConfig: {AuthType: AWS_IAM}}
Outputs:
  Feeds: {Value: !Select [2, !Split ["/", !GetAtt FeedsFunctionUrl.FunctionUrl]]}
  Api: {Value: !Sub "${Api}.execute-api.${AWS::Region}.${AWS::URLSuffix}"}
  Role: {Value: !Ref TypesFunctionRole}
"#;

const CDN: &str = r#"
Parameters: {Feeds: {Type: String}, Api: {Type: String}, Role: {Type: String}}
Resources:
  Edge: {Type: AWS::CloudFront::Function}
  Headers:
    Type: AWS::CloudFront::ResponseHeadersPolicy
    Properties:
      ResponseHeadersPolicyConfig:
        CustomHeadersConfig: {Items: [{Header: X-A, Value: b, Override: false}]}
        SecurityHeadersConfig: {ContentTypeOptions: {Override: true}}
  More:
    Type: AWS::IAM::Policy
    Properties: {Roles: [!Ref Role], PolicyDocument: {Statement: [{Effect: Allow, Action: [x:Y], Resource: "*"}]}}
  Distribution:
    Type: AWS::CloudFront::Distribution
    Properties:
      DistributionConfig:
        Origins: [{Id: feeds, DomainName: !Ref Feeds}, {Id: api, DomainName: !Ref Api}]
        CacheBehaviors:
          - PathPattern: /v1/*
            TargetOriginId: api
            ViewerProtocolPolicy: https-only
            AllowedMethods: [GET, HEAD, POST]
        DefaultCacheBehavior:
          TargetOriginId: feeds
          ViewerProtocolPolicy: allow-all
          Compress: false
          ResponseHeadersPolicyId: !Ref Headers
          FunctionAssociations: [{EventType: viewer-request, FunctionARN: !GetAtt Edge.FunctionARN}]
"#;

/// The sample with one of its files replaced.
fn with(name: &str, text: &str, settings: Settings) -> Result<Infra, Error> {
    let folder = tempfile::tempdir().unwrap();
    let files = [("template.yaml", ROOT), ("data.yaml", DATA), ("code.yaml", CODE), ("cdn.yaml", CDN)];
    for (file, own) in files {
        std::fs::write(folder.path().join(file), if file == name { text } else { own }).unwrap();
    }
    Infra::read(&folder.path().join("template.yaml"), settings)
}

fn sample() -> Infra {
    with("", "", Settings::default()).unwrap()
}

fn set(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

#[test]
fn a_function_has_the_globals_and_its_own() {
    let functions = sample().functions().unwrap();
    let [keys, types, feeds] = functions.as_slice() else { panic!("{functions:?}") };
    assert_eq!((keys.id.as_str(), keys.name.as_str()), ("Code.KeysFunction", "keys"));
    assert_eq!((keys.timeout_seconds, keys.memory_mb, types.timeout_seconds), (29, 512, 5));
    assert_eq!(keys.environment, set(&[("OTA_TABLE", "{Data.Table}")]));
    assert_eq!(types.environment, set(&[("OTA_TABLE", "{Data.Table}"), ("OTA_PARAMETERS", "/ota/dev")]));
    assert!(types.code.ends_with(Path::new("../functions/types")));
    assert_eq!(keys.url, None);
    let url = feeds.url.as_ref().unwrap();
    assert_eq!((url.auth_type.as_str(), url.invoke_mode.as_str()), ("AWS_IAM", "BUFFERED"));
}

#[test]
fn the_policies_of_a_function_are_gathered_from_wherever_they_are() {
    let types = sample().functions().unwrap().remove(1);
    assert_eq!(types.named_policies, ["AWSLambdaBasicExecutionRole"]);
    let [own, added] = types.statements.as_slice() else { panic!("{types:?}") };
    assert!(own.covers("dynamodb:GetItem", "arn:aws:dynamodb:::{Data.Table}") && own.effect == Effect::Allow);
    assert_eq!(added.actions, ["x:Y"]);
}

#[test]
fn what_is_given_from_outside_takes_the_place_of_names() {
    let settings = Settings {
        parameters: set(&[("Stage", "prod"), ("Memory", "256")]),
        values: set(&[("Data.Table", "ota-1"), ("AWS::Partition", "aws-cn")]),
    };
    let types = with("", "", settings).unwrap().functions().unwrap().remove(1);
    assert_eq!(types.environment, set(&[("OTA_TABLE", "ota-1"), ("OTA_PARAMETERS", "/ota/prod")]));
    assert_eq!(types.memory_mb, 256);
    assert_eq!(types.statements[0].resources, ["arn:aws-cn:dynamodb:::ota-1"]);
}

#[test]
fn conditions_choose_values_and_resources() {
    let with_parameters =
        |pairs| with("", "", Settings { parameters: set(pairs), ..Settings::default() }).unwrap();
    let has_extra = |infra: &Infra| !infra.resources_of("AWS::SQS::Queue").unwrap().is_empty();
    assert!(!has_extra(&sample()));
    let restored = with_parameters(&[("Restored", "old")]);
    assert!(!has_extra(&restored));
    assert_eq!(restored.functions().unwrap()[0].environment["OTA_TABLE"], "old");
    assert!(has_extra(&with_parameters(&[("Restored", "old"), ("Stage", "prod")])));
}

#[test]
fn lists_and_substitutions_come_out_as_cloudformation_makes_them() {
    let infra = sample();
    assert_eq!(infra.output("Origins").unwrap(), json!(["a", "b"]));
    assert_eq!(infra.output("Joined").unwrap(), "a+b");
    assert_eq!(infra.output("Literal").unwrap(), "${Stage} {Data.Table} us-east-1");
    assert_eq!(infra.parameters().unwrap()["Memory"], "512");
}

#[test]
fn the_most_exact_route_is_taken() {
    let api = sample().apis().unwrap().remove(0);
    let taken = |method: &str, path: &'static str| {
        let (route, variables) = api.route(method, path).unwrap();
        (route.key(), variables.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>())
    };
    let all = "ANY /p/{partner}/types".to_owned();
    assert_eq!(taken("GET", "/p/acme/types"), (all.clone(), vec!["partner=acme".to_owned()]));
    assert_eq!(taken("GET", "/p/platform/types").0, "GET /p/platform/types");
    assert_eq!(taken("PUT", "/p/platform/types").0, all);
    assert_eq!(taken("POST", "/open").0, "POST /open");
    for (method, path) in [("GET", "/open"), ("GET", "/p/a/types/"), ("GET", "/p//types"), ("GET", "/")] {
        assert_eq!(taken(method, path).0, "$default", "{method} {path}");
    }
}

#[test]
fn a_route_is_behind_the_default_authorizer_unless_it_says_otherwise() {
    let api = sample().apis().unwrap().remove(0);
    let of = |path: &'static str| api.route("POST", path).unwrap().0.authorizer.clone();
    assert_eq!(of("/p/acme/types").as_deref(), Some("Keys"));
    assert_eq!(of("/open"), None);
    let keys = api.authorizer("Keys").unwrap();
    assert_eq!((keys.function.as_str(), keys.payload_version.as_str()), ("Code.KeysFunction", "2.0"));
    assert!(keys.simple_responses && keys.identity_sources.is_empty() && keys.ttl_seconds == 0);
}

#[test]
fn a_behaviour_leads_to_what_answers() {
    let cdn = sample().cdns().unwrap().remove(0);
    let v1 = cdn.behaviour("/v1/x").unwrap();
    assert_eq!((&v1.target, v1.viewer_protocol.as_str()), (&Target::Api("Code.Api".into()), "https-only"));
    assert_eq!((v1.methods.join(" "), v1.viewer_request.as_deref()), ("GET HEAD POST".to_owned(), None));
    let rest = cdn.behaviour("/v1").unwrap();
    assert_eq!(rest.target, Target::Function("Code.FeedsFunction".into()));
    assert_eq!(rest.methods, ["GET", "HEAD"]);
    assert_eq!(rest.viewer_request.as_deref(), Some("Cdn.Edge"));
    let headers: Vec<_> =
        rest.headers.iter().map(|each| (each.name.as_str(), each.value.as_str(), each.replaces)).collect();
    assert_eq!(headers, [("X-A", "b", false), ("X-Content-Type-Options", "nosniff", true)]);
}

#[test]
fn a_bucket_says_how_well_it_keeps_what_it_holds() {
    let bucket = sample().buckets().unwrap().remove(0);
    assert_eq!((bucket.id.as_str(), bucket.encryption.as_str()), ("Data.Files", "AES256"));
    assert!(!bucket.blocks_public_access, "one of four is missing");
    assert!(!bucket.versioned && !bucket.retained);
    assert_eq!(bucket.statements[0].principals, ["*"]);
}

#[test]
fn a_name_that_nothing_has_is_an_error_that_says_which() {
    for (file, from, to, named) in [
        ("code.yaml", "!Ref Table}}", "!Ref Tabel}}", "Tabel"),
        ("code.yaml", "!GetAtt KeysFunction.Arn", "!GetAtt KeyFunction.Arn", "KeyFunction"),
        ("cdn.yaml", "TargetOriginId: feeds", "TargetOriginId: fed", "fed"),
        ("template.yaml", "!GetAtt Code.Outputs.Feeds", "!GetAtt Code.Outputs.Fed", "Fed"),
        ("template.yaml", "!If [IsRestored", "!If [IsRestord", "IsRestord"),
        ("template.yaml", "Location: cdn.yaml", "Location: cnd.yaml", "cnd.yaml"),
        ("data.yaml", "{Ref: Files}", "!ImportValue Files", "ImportValue"),
    ] {
        let own = [("template.yaml", ROOT), ("data.yaml", DATA), ("code.yaml", CODE), ("cdn.yaml", CDN)];
        let text = own.iter().find(|(name, _)| *name == file).unwrap().1;
        assert!(text.contains(from), "{from}");
        let read = with(file, &text.replace(from, to), Settings::default());
        let all =
            read.and_then(|infra| Ok((infra.functions()?, infra.apis()?, infra.cdns()?, infra.buckets()?)));
        let error = all.unwrap_err().whole();
        assert!(error.contains(named), "{error}");
    }
}
