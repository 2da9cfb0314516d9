#!/usr/bin/env python3
"""Writes the CDN's function into its template; with --check, fails if it is not in there as it is.

CloudFormation takes a CDN function's code as text and includes no file. Comments are left out, since CloudFront counts
them: it takes 10 KB.
"""

import re
import sys
from pathlib import Path

INFRA = Path(__file__).resolve().parent.parent
SOURCE = INFRA / "edge" / "viewer-request.js"
TEMPLATE = INFRA / "cdn.yaml"
MOST_BYTES = 10 * 1024

PROPERTY = re.compile(r"^(?P<indent> +)FunctionCode: \|\n(?P<code>(?:(?P=indent)  .*\n|\n)*)", re.MULTILINE)


def code(source: str) -> str:
    """The source without lines that are only a comment, and without empty ones."""
    kept = [line.rstrip() for line in source.splitlines() if not line.lstrip().startswith("//")]
    return "".join(f"{line}\n" for line in kept if line)


def embedded(template: str, text: str) -> str:
    """The template with `text` as its function's code."""
    found = PROPERTY.findall(template)
    if len(found) != 1:
        raise SystemExit(f"{TEMPLATE.name} must have exactly one FunctionCode, and has {len(found)}")
    block = "".join(f"{found[0][0]}  {line}\n" for line in text.splitlines())
    return PROPERTY.sub(lambda match: f"{match['indent']}FunctionCode: |\n{block}\n", template)


def main() -> None:
    """Embeds, or checks."""
    text = code(SOURCE.read_text(encoding="utf-8"))
    size = len(text.encode())
    if size > MOST_BYTES:
        raise SystemExit(f"{SOURCE.name} has {size} bytes without comments; CloudFront takes {MOST_BYTES}")
    before = TEMPLATE.read_text(encoding="utf-8")
    after = embedded(before, text)
    if sys.argv[1:] == ["--check"]:
        if before != after:
            raise SystemExit(f"{TEMPLATE.name} has other code than {SOURCE.name}: run infra/checks/embed.py")
        print(f"{TEMPLATE.name} has the code of {SOURCE.name}: {size} of {MOST_BYTES} bytes")
    elif sys.argv[1:]:
        raise SystemExit("usage: embed.py [--check]")
    else:
        TEMPLATE.write_text(after, encoding="utf-8")
        print(f"{size} of {MOST_BYTES} bytes written into {TEMPLATE.name}")


if __name__ == "__main__":
    main()
