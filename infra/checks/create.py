#!/usr/bin/env python3
"""Creates the templates' resources in moto, an imitation of AWS, and looks at what came of them.

The templates go the way they would go in AWS: transformed by the SAM macro, then created by CloudFormation, one nested
stack after the other with what the ones before it put out. moto's CloudFormation does not know every kind of resource.
Some of those can be created through their service's own API, from the same properties; the others are listed, and not
created. Nothing here reaches AWS.
"""

import io
import json
import logging
import os
import sys
import warnings
import zipfile

os.environ.update(
    AWS_ACCESS_KEY_ID="none",
    AWS_SECRET_ACCESS_KEY="none",
    AWS_DEFAULT_REGION="us-east-1",
    MOTO_IAM_LOAD_MANAGED_POLICIES="true",
)
os.environ.pop("AWS_PROFILE", None)
warnings.filterwarnings("ignore")
logging.disable(logging.WARNING)

# Nothing is left in the repository's folders.
sys.dont_write_bytecode = True

import boto3
from moto import mock_aws
from moto.cloudformation.parsing import resource_class_from_type

import expect_kept
import expect_run
import expect_told
import templates
import through_api
from expect import Expectations

# Kinds that nothing here creates, and what is known of them all the same.
NOT_CREATED = {
    "AWS::CloudFront::CachePolicy": "its schema, by cfn-lint",
    "AWS::CloudFront::Distribution": "its schema, by cfn-lint; its behaviours, by the local front that reads them",
    "AWS::CloudFront::Function": "its code, under Node against the vectors",
    "AWS::CloudFront::KeyValueStore": "its schema, by cfn-lint",
    "AWS::CloudFront::OriginRequestPolicy": "its schema, by cfn-lint",
    "AWS::CloudFront::ResponseHeadersPolicy": "its schema, by cfn-lint",
}

# Everything that can be switched on by a parameter.
EVERYTHING = {
    "Stage": "prod",
    "Architecture": "x86_64",
    "DomainName": "ota.example.com",
    "CertificateArn": "arn:aws:acm:us-east-1:123456789012:certificate/none",
    "FormerBaseUrls": "https://old.example.com",
    "WebAclArn": "arn:aws:wafv2:us-east-1:123456789012:global/webacl/ota-prod/none",
    "CdnLogBucket": "logs.s3.amazonaws.com",
    "ConsoleOrigins": "https://ota.example.com,https://console.example.com",
    "EligibilityConcurrency": "100",
    "FeedsConcurrency": "50",
    "RestoredTableName": "ota-restored",
    "RestoredTableStreamArn": "arn:aws:dynamodb:us-east-1:123456789012:table/ota-restored/stream/none",
    "AlarmEmail": "operator@example.com",
    "FleetExpected": "yes",
    "WebhookUrl": "https://hooks.example.com/ota",
    "WebhookSecret": "arn:aws:secretsmanager:us-east-1:123456789012:secret:none",
}

LOOKS = (
    expect_kept.table,
    expect_kept.buckets,
    expect_kept.bucket_policies,
    expect_run.doors,
    expect_run.functions,
    expect_run.policies,
    expect_run.settings,
    expect_told.purges,
    expect_told.events,
    expect_told.alarms,
)

CODE_BUCKET = "code"


def main() -> None:
    """Creates the service as it is by default, and with everything switched on."""
    print("order of the nested stacks:", ", ".join(templates.order(templates.read(templates.ROOT))))
    seen: set[str] = set()
    for title, parameters in (("by default", {}), ("with everything", EVERYTHING)):
        with mock_aws():
            made = Creation(dict(parameters), seen)
            count = hold(made)
        made_of = f"{made.by_cloudformation} resources by CloudFormation, {made.by_api} through APIs"
        print(f"{title}: {made_of}; {count} expectations hold")
    for kind in [*NOT_CREATED, *through_api.KINDS, *through_api.LEFT_OUT]:
        if kind not in seen:
            raise SystemExit(f"no template has {kind} any more: take it out of its list")
    for kind, known in sorted(NOT_CREATED.items()):
        print(f"not created here: {kind} (known of it: {known})")
    print("create: ok")


def hold(made: "Creation") -> int:
    """Looks at all of it; answers how many expectations hold, and ends at the first that does not."""
    expectations = Expectations()
    for look in LOOKS:
        look(expectations, made)
    return expectations.count


class Creation:
    """The service, created once."""

    def __init__(self, parameters: dict[str, str], seen: set[str]):
        self.parameters = parameters
        self.by_cloudformation = self.by_api = 0
        # Through APIs: by template, what was to be made with everything resolved.
        self.resolved: dict[str, dict[str, dict]] = {}
        self.made: dict = {}
        self._seen = seen
        self._clients: dict = {}
        self.client("s3").create_bucket(Bucket=CODE_BUCKET)
        self.client("s3").put_object(Bucket=CODE_BUCKET, Key="bootstrap.zip", Body=_zip())
        if parameters.get("DomainName"):
            zone = self.client("route53").create_hosted_zone(Name="example.com", CallerReference="none")
            parameters["HostedZoneId"] = zone["HostedZone"]["Id"].rsplit("/", 1)[-1]
        root = templates.read(templates.ROOT)
        nested = templates.applications(root)
        self.outputs: dict[str, dict[str, str]] = {}
        for name in templates.order(templates.read(templates.ROOT)):
            given = templates.with_outputs(root["Resources"][name]["Properties"]["Parameters"], self.outputs)
            self._create(name, nested[name], self._resolved(root, given, parameters))
        self.outputs["Root"] = self._resolved(root, templates.with_outputs(root["Outputs"], self.outputs), parameters)
        self._create("Waf", "waf.yaml", {})

    def client(self, service: str):
        """A client of a service in moto."""
        return self._clients.setdefault(service, boto3.client(service))

    def resources(self, stack: str) -> dict[str, str]:
        """The physical names of what CloudFormation made in a nested stack, by logical ids."""
        found = self.client("cloudformation").describe_stack_resources(StackName=stack)["StackResources"]
        return {each["LogicalResourceId"]: each["PhysicalResourceId"] for each in found if "PhysicalResourceId" in each}

    def _prepared(self, file: str) -> tuple[dict, dict[str, str]]:
        """A template that moto can create, and the kinds of what is to be made after it, by logical ids."""
        code = {"Bucket": CODE_BUCKET, "Key": "bootstrap.zip"}
        whole = templates.transformed(templates.read(file), code, {})
        templates.order(whole)
        kinds = {name: each["Type"] for name, each in whole["Resources"].items()}
        self._seen.update(kinds.values())
        for name, kind in kinds.items():
            supported = resource_class_from_type(kind) is not None
            listed = kind in NOT_CREATED or kind in through_api.KINDS
            if supported == listed:
                state = "has become supported: take it out of its list" if supported else "is in no list"
                raise SystemExit(f"{file}: {name}: {kind} {state}")
        removed = {name for name, kind in kinds.items() if kind in NOT_CREATED or kind in through_api.KINDS}
        after = {
            name: kind for name, kind in kinds.items() if kind in through_api.KINDS or kind in through_api.LEFT_OUT
        }
        resources = whole["Resources"]
        prepared = templates.without(whole, removed)
        # CloudFormation itself resolves what is made after it, and hands it out as text.
        for name in after:
            given = {"Properties": templates.replaced(resources[name].get("Properties", {}), removed)}
            if name not in removed:
                given["Name"] = {"Ref": name}
            output = {"Value": {"Fn::ToJsonString": given}, "Condition": resources[name].get("Condition")}
            prepared.setdefault("Outputs", {})[f"After{name}"] = {key: each for key, each in output.items() if each}
        return prepared, after

    def _create(self, name: str, file: str, parameters: dict) -> None:
        """Creates a nested stack, and what comes after it."""
        prepared, kinds = self._prepared(file)
        # A stack must have something in it.
        prepared["Resources"]["Nothing"] = {"Type": "AWS::CloudFormation::WaitConditionHandle"}
        outputs = self._stack(name, prepared, parameters)
        # A name alone does not say that something was made: permissions have none.
        there = self.resources(name)
        conditional = {each for each, value in prepared["Resources"].items() if "Condition" in value}
        self.by_cloudformation += len(set(prepared["Resources"]) - conditional - {"Nothing"}) + len(
            conditional & set(there)
        )
        given = {each: json.loads(outputs[f"After{each}"]) for each in kinds if f"After{each}" in outputs}
        self.outputs[name] = {
            key: value for key, value in outputs.items() if key not in {f"After{each}" for each in kinds}
        }
        self.resolved[name] = {each: value["Properties"] for each, value in given.items()}
        for each, value in given.items():
            if kinds[each] in through_api.LEFT_OUT:
                through_api.LEFT_OUT[kinds[each]](self.client, value["Name"], value["Properties"])
        for kind, make in through_api.KINDS.items():
            for value in [value for each, value in given.items() if kinds[each] == kind]:
                make(self.client, value["Properties"], self.made)
                self.by_api += 1

    def _resolved(self, template: dict, node: dict, parameters: dict) -> dict:
        """What CloudFormation makes of a part of a template."""
        alone = {
            "Parameters": template["Parameters"],
            "Conditions": template["Conditions"],
            "Resources": {"Nothing": {"Type": "AWS::CloudFormation::WaitConditionHandle"}},
            "Outputs": {"Node": {"Value": {"Fn::ToJsonString": node}}},
        }
        return json.loads(self._stack(f"resolved-{len(self.outputs)}", alone, parameters)["Node"])

    def _stack(self, name: str, template: dict, parameters: dict) -> dict[str, str]:
        """Creates a stack, and answers its outputs."""
        cloudformation = self.client("cloudformation")
        cloudformation.create_stack(
            StackName=name,
            TemplateBody=json.dumps(template),
            Parameters=[{"ParameterKey": key, "ParameterValue": str(value)} for key, value in parameters.items()],
            Capabilities=["CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND"],
        )
        made = cloudformation.describe_stacks(StackName=name)["Stacks"][0]
        outputs = {each["OutputKey"]: each["OutputValue"] for each in made.get("Outputs", [])}
        for each, output in template.get("Outputs", {}).items():
            if "Condition" not in output and each not in outputs:
                raise SystemExit(f"{name}: moto could not work out the output {each}")
        return outputs


def _zip() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("bootstrap", "")
    return buffer.getvalue()


if __name__ == "__main__":
    sys.exit(main())
