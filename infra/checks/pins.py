#!/usr/bin/env python3
"""Writes requirements.txt from requirements.in: every package that the cloud's tools need, with its hashes. Needs uv.

A package that is asked for both with extras and without is listed twice: pip before 23.3 takes neither for the other.
"""

import re
import subprocess
from pathlib import Path

INFRA = Path(__file__).resolve().parent.parent
OPTIONS = "--universal --python-version 3.11 --generate-hashes --no-strip-extras --no-annotate --no-header --quiet"


def main() -> None:
    """Compiles, and adds the packages without their extras."""
    command = ["uv", "pip", "compile", *OPTIONS.split(), "requirements.in"]
    compiled = subprocess.run(command, cwd=INFRA, check=True, capture_output=True, text=True).stdout
    pins = re.findall(r"^\S.*\n(?: .*\n)*", compiled, re.MULTILINE)
    bare = [re.sub(r"\[[^]]*\]", "", pin, count=1) for pin in pins if "[" in pin.split("==")[0]]
    (INFRA / "requirements.txt").write_text("".join(sorted({*pins, *bare})), encoding="utf-8")


if __name__ == "__main__":
    main()
