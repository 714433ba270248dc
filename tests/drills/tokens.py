"""Forge tokens, keys and tickets in every way that is known: none is accepted, over HTTP and sockets."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from tests.measuring import Case
from tests.running import ROOT, Installation, installation


def measure() -> Iterator[Case]:
    with tempfile.TemporaryDirectory() as folder, installation(Path(folder)) as program:
        rows = tried(program)
    forged, good = [row for row in rows if not row["good"]], [row for row in rows if row["good"]]
    attempts, wrong = (Counter(row["attack"] for row in forged if row[which]) for which in ("attack", "wrong"))
    for attack, number in attempts.items():
        yield Case(attack, f"not refused, of {number}", wrong[attack], bar="0", holds=not wrong[attack])
    accepted, broke = (sum(bool(row[which]) for row in forged) for which in ("accepted", "broke"))
    yield Case("all", "forgeries tried", len(forged), bar=">= 250", holds=len(forged) >= 250)
    yield Case("all", "forgeries accepted", accepted, bar="0", holds=not accepted)
    yield Case("all", "failures instead of refusals", broke, bar="0", holds=not broke)
    refused = sum(not row["accepted"] for row in good)
    yield Case("good credentials", f"refused of {len(good)}", refused, bar="0", holds=bool(good) and not refused)


def tried(program: Installation) -> list[dict[str, str]]:
    """The results of `tests.drills._forging`. What is wrong is told on standard error as well."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.drills._forging", str(program.port)],
        cwd=ROOT,
        env={**program.environment, "ORCHESTRALL_PROCESS": "manage"},
        stdout=subprocess.PIPE,
        text=True,
        timeout=900,
        check=True,
    )
    rows: list[dict[str, str]] = [json.loads(line) for line in done.stdout.splitlines()]
    for row in rows:
        if row["wrong"]:
            print(
                f"  {row['attack']}: {row['what']}: accepted {row['accepted']}, broke {row['broke']}", file=sys.stderr
            )
    return rows
