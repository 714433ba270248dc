"""Try to reach one tenant from another, over HTTP and sockets, by every way in: nothing is shown, heard or changed."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from tests.isolation.against import EARS, OWNER
from tests.measuring import Case
from tests.running import ROOT, Installation, installation


def measure() -> Iterator[Case]:
    with tempfile.TemporaryDirectory() as folder, installation(Path(folder)) as program:
        rows = attack(program)
    tried = [row for row in rows if row["attack"]]
    attempts = Counter(row["attack"] for row in tried)
    leaks = Counter(row["attack"] for row in tried if row["finding"])
    for name in attempts:
        if name == OWNER:
            continue
        yield Case(name, "ways in tried", attempts[name])
        yield Case(name, "leaks", leaks[name], bar="0", holds=not leaks[name])
    ways = {row["way"] for row in tried}
    uncovered = len(rows) - len(tried)
    every = sum(number for name, number in leaks.items() if name != OWNER)
    yield Case("all", "operations and sockets", len(ways))
    yield Case("all", "attempts", sum(attempts.values()) - attempts[OWNER])
    yield Case("all", "leaks", every, bar="0", holds=not every)
    yield Case("all", "ways in that are not covered", uncovered, bar="0", holds=not uncovered)
    yield Case("all", "owners kept out at home", leaks[OWNER], bar="0", holds=not leaks[OWNER])
    heard = attempts[EARS] > 0
    yield Case("all", "sockets listened at", attempts[EARS], bar="at least 1", holds=heard)


def attack(program: Installation) -> list[dict[str, str]]:
    """The results of `tests.isolation.against`. What is wrong is told on standard error as well."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.isolation.against", str(program.port)],
        cwd=ROOT,
        env={**program.environment, "ORCHESTRALL_PROCESS": "manage"},
        stdout=subprocess.PIPE,
        text=True,
        timeout=1800,
        check=True,
    )
    rows: list[dict[str, str]] = [json.loads(line) for line in done.stdout.splitlines()]
    for row in rows:
        if row["finding"]:
            print(f"  {row['way']}: {row['attack']}: {row['finding']}", file=sys.stderr)
    return rows
