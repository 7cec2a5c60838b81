#!/usr/bin/env python3
"""Every artifact in `golden/` is accepted by the parsers and validators that others wrote for its target."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from referee import REFEREE, ROOT, ask

GOLDEN = ROOT / "golden"


def texts(folder: str, extension: str) -> list[tuple[Path, str]]:
    """Path and text of a target's artifacts."""
    return [(path, path.read_text("utf-8")) for path in sorted((GOLDEN / folder).rglob(f"*.{extension}"))]


def main() -> int:
    failures = 0
    for folder, extension, command, key in [
        ("sigma", "yml", "sigma-check", "rule"),
        ("eql", "eql", "eql-parse", "query"),
        ("esql", "esql", "esql-parse", "query"),
    ]:
        artifacts = texts(folder, extension)
        answers = ask(command, [{key: text} for _, text in artifacts])
        refused = [(path, answer) for (path, _), answer in zip(artifacts, answers) if not answer["ok"]]
        for path, answer in refused:
            print(f"FAIL {path.relative_to(ROOT)}: {json.dumps(answer)[:400]}")
        print(f"{folder}: {len(artifacts) - len(refused)} of {len(artifacts)} accepted by `{command}`")
        failures += len(refused)
    templates = sorted((GOLDEN / "sentinel").rglob("*.json"))
    done = subprocess.run(
        [sys.executable, REFEREE, "arm-check", *map(str, templates)], capture_output=True, text=True, encoding="utf-8"
    )
    if done.returncode == 2 or not done.stdout:
        sys.exit(f"the referee does not answer `arm-check`: {done.stderr.strip()}")
    answers = json.loads(done.stdout)
    refused = [answer for answer in answers if not answer["ok"]]
    for answer in refused:
        print(f"FAIL {json.dumps(answer)[:400]}")
    print(f"sentinel: {len(answers) - len(refused)} of {len(answers)} accepted by `arm-check`")
    return 1 if failures or refused or not templates else 0


if __name__ == "__main__":
    sys.exit(main())
