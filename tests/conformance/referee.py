"""Asks siemaphore and, through the referee's command, engines that others wrote.

The engines are outside programs: nothing of theirs is imported or shipped. `SIEMAPHORE` names our binary, `REFEREE` the
referee's command; both have the defaults of a checkout that stands beside `shared/`.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
SHARED = Path(os.environ.get("SIEMAPHORE_SHARED", ROOT.parent / "shared"))
BINARY = os.environ.get("SIEMAPHORE", str(ROOT / "target" / "release" / "siemaphore"))
REFEREE = os.environ.get("REFEREE", str(SHARED / "referee" / "referee.py"))


def siemaphore(*arguments: str, text: str | None = None) -> subprocess.CompletedProcess[str]:
    """Runs our binary; exit code 3 or a signal is a bug and ends the run."""
    done = subprocess.run([BINARY, *arguments], input=text, capture_output=True, text=True, encoding="utf-8")
    if done.returncode not in (0, 1, 2):
        sys.exit(f"siemaphore {' '.join(arguments)} failed with {done.returncode}:\n{done.stderr}")
    return done


def convert(query: str, target: str, *options: str) -> dict[str, Any]:
    """The manifest entry of a bare query's artifact, with its text."""
    done = siemaphore("convert", "-", "--input", "kql", "--target", target, "--format", "json", *options, text=query)
    if not done.stdout:
        sys.exit(f"no answer for {target}: {query}\n{done.stderr}")
    return json.loads(done.stdout)


def ask(command: str, cases: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """A batch of questions to one of the referee's commands, in order."""
    if not cases:
        return []
    done = subprocess.run(
        [sys.executable, REFEREE, command], input=json.dumps(cases), capture_output=True, text=True, encoding="utf-8"
    )
    if done.returncode == 2 or not done.stdout:
        sys.exit(f"the referee does not answer `{command}`: {done.stderr.strip()}")
    return json.loads(done.stdout)
