"""Fuzz the API by its own document, as an owner, an analyst, a viewer and nobody: it breaks nowhere and never lies."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.measuring import Case
from tests.running import ROOT, Installation, installation

EXAMPLES = 50
"""Requests that are made up for each operation and caller, besides those of every limit in the document."""


def measure() -> Iterator[Case]:
    with tempfile.TemporaryDirectory() as folder, installation(Path(folder)) as program:
        for row in fuzzed(program):
            who, statuses = row["who"], Counter(row["statuses"])
            broken = sum(number for status, number in statuses.items() if status.startswith("5"))
            failures, asked, there = len(row["failures"]), len(row["answered"]), row["operations"]
            yield Case(who, "requests", statuses.total())
            yield Case(who, "accepted (2xx)", sum(n for status, n in statuses.items() if status.startswith("2")))
            yield Case(who, "operations asked", asked, bar=str(there), holds=asked == there)
            yield Case(who, "answers 5xx", broken, bar="0", holds=not broken)
            yield Case(who, "failures", failures, bar="0", holds=not failures)
            yield Case(who, "findings that are none", sum(row["set_aside"].values()))


def fuzzed(program: Installation) -> Iterator[dict[str, Any]]:
    """What `tests.fuzzing` found as each caller. What is wrong is told on standard error as well."""
    with subprocess.Popen(
        [sys.executable, "-m", "tests.fuzzing", str(program.port), str(EXAMPLES)],
        cwd=ROOT,
        env={**program.environment, "ORCHESTRALL_PROCESS": "manage"},
        stdout=subprocess.PIPE,
        text=True,
    ) as asking:
        for line in asking.stdout or ():
            row: dict[str, Any] = json.loads(line)
            for what, how in row["failures"].items():
                print(f"  {row['who']}: {what}\n{how}", file=sys.stderr)
            yield row
    if asking.returncode:
        raise RuntimeError("The fuzzing broke off.")
