"""Templates as plain data: read, transformed as CloudFormation's macro would, and freed of what cannot be created."""

import json
import re
from pathlib import Path

from cfnlint.decode import cfn_yaml
from samtranslator.parser.parser import Parser
from samtranslator.translator.translator import Translator

INFRA = Path(__file__).resolve().parent.parent
ROOT = "template.yaml"


def read(name: str) -> dict:
    """A template of this folder, its intrinsic functions in their long form."""
    return json.loads(json.dumps(cfn_yaml.load(str(INFRA / name))))


def applications(template: dict) -> dict[str, str]:
    """The nested templates by the logical ids that they have in `template`."""
    resources = template["Resources"].items()
    return {
        name: each["Properties"]["Location"]
        for name, each in resources
        if each["Type"] == "AWS::Serverless::Application"
    }


def transformed(template: dict, code: dict, urls: dict[str, str]) -> dict:
    """What the SAM macro makes of it, with `code` for every function and `urls` for nested templates."""
    if "Transform" not in template:
        return template
    for name, each in template["Resources"].items():
        if each["Type"] == "AWS::Serverless::Function":
            each["Properties"]["CodeUri"] = code
            each.pop("Metadata")
        if each["Type"] == "AWS::Serverless::Application":
            each["Properties"]["Location"] = urls[name]
    defaults = {name: each.get("Default", "") for name, each in template.get("Parameters", {}).items()}
    return Translator({}, Parser()).translate(template, parameter_values=defaults)


def references(node) -> set[str]:
    """Every logical id, parameter or pseudo parameter that something names."""
    if isinstance(node, list):
        return set().union(*map(references, node))
    if not isinstance(node, dict):
        return set()
    if set(node) == {"Ref"}:
        return {node["Ref"]}
    if set(node) == {"Fn::GetAtt"}:
        return {_parts(node["Fn::GetAtt"])[0]}
    found = set().union(*map(references, node.values()), set())
    if "Fn::Sub" in node:
        text = node["Fn::Sub"] if isinstance(node["Fn::Sub"], str) else node["Fn::Sub"][0]
        found |= {name.split(".")[0] for name in re.findall(r"\$\{([^!}]+)\}", text)}
    return found


def order(template: dict) -> list[str]:
    """The resources, each after what it names or depends on; fails if that is a circle."""
    resources = template["Resources"]
    waits = {
        name: (references(each) | set(_listed(each.get("DependsOn")))) & set(resources) - {name}
        for name, each in resources.items()
    }
    done: list[str] = []
    while waits:
        ready = sorted(name for name, needs in waits.items() if needs <= set(done))
        if not ready:
            raise SystemExit(f"these wait for each other: {', '.join(sorted(waits))}")
        done += ready
        for name in ready:
            del waits[name]
    return done


def without(template: dict, names: set[str]) -> dict:
    """The template without these resources; what names them gets a stand-in."""
    kept = {name: each for name, each in template["Resources"].items() if name not in names}
    for each in kept.values():
        each["DependsOn"] = [name for name in _listed(each.get("DependsOn")) if name not in names]
    return replaced({**template, "Resources": kept}, names)


def with_outputs(node, outputs: dict[str, dict[str, str]]):
    """`node` with the outputs of nested stacks in place of their names; one that is not there fails."""
    if isinstance(node, list):
        return [with_outputs(each, outputs) for each in node]
    if not isinstance(node, dict):
        return node
    if set(node) == {"Fn::GetAtt"}:
        name, attribute = _parts(node["Fn::GetAtt"])
        return outputs[name][attribute.removeprefix("Outputs.")]
    return {key: with_outputs(value, outputs) for key, value in node.items()}


def stand_in(name: str, attribute: str = "") -> str:
    """What stands for a resource that is not there."""
    if attribute == "Arn":
        return f"arn:aws:standin:us-east-1:123456789012:{name}"
    text = f"standin-{name}-{attribute}".rstrip("-").replace(".", "-")
    return f"https://{text}.example/" if attribute.endswith("Url") else text


def replaced(node, names: set[str]):
    """`node` with stand-ins for what names these resources."""
    if isinstance(node, list):
        return [replaced(each, names) for each in node]
    if not isinstance(node, dict):
        return node
    if set(node) == {"Ref"} and node["Ref"] in names:
        return stand_in(node["Ref"])
    if set(node) == {"Fn::GetAtt"}:
        name, attribute = _parts(node["Fn::GetAtt"])
        return stand_in(name, attribute) if name in names else {"Fn::GetAtt": [name, attribute]}
    if set(node) == {"Fn::Sub"} and isinstance(node["Fn::Sub"], str):
        return {"Fn::Sub": _substituted(node["Fn::Sub"], names)}
    if set(node) == {"Fn::Sub"}:
        text, values = node["Fn::Sub"]
        return {"Fn::Sub": [_substituted(text, names), replaced(values, names)]}
    return {key: replaced(value, names) for key, value in node.items()}


def _substituted(text: str, names: set[str]) -> str:
    def one(match: re.Match) -> str:
        name, _, attribute = match[1].partition(".")
        return stand_in(name, attribute) if name in names else match[0]

    return re.sub(r"\$\{([^!}]+)\}", one, text)


def _parts(named) -> tuple[str, str]:
    if isinstance(named, str):
        name, _, attribute = named.partition(".")
        return name, attribute
    return named[0], ".".join(map(str, named[1:]))


def _listed(named) -> list[str]:
    return [named] if isinstance(named, str) else list(named or [])
