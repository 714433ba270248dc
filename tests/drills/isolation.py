"""Try to reach one tenant from another by every way in, then from 32 threads with faults in the middle."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.isolation.against import EARS, OWNER
from tests.measuring import Case
from tests.running import ROOT, Installation, installation

REQUESTS = 100_000


def measure() -> Iterator[Case]:
    with tempfile.TemporaryDirectory() as folder, installation(Path(folder)) as program:
        yield from matrix(program)
        yield from stress(program)


def matrix(program: Installation) -> Iterator[Case]:
    """Every operation and socket, times every attack that makes sense for it."""
    rows = attack(program)
    tried = [row for row in rows if row["attack"]]
    attempts = Counter(row["attack"] for row in tried)
    leaks = Counter(row["attack"] for row in tried if row["finding"])
    for name in attempts:
        if name == OWNER:
            continue
        yield Case(name, "ways in tried", attempts[name])
        yield Case(name, "leaks", leaks[name], bar="0", holds=not leaks[name])
    ways = Counter(row["way"] for row in tried if row["attack"] != OWNER)
    uncovered = len(rows) - len(tried)
    every = sum(number for name, number in leaks.items() if name != OWNER)
    yield Case("matrix", "operations and sockets", len(ways))
    fewest = min(ways.values(), default=0)
    yield Case("matrix", "attacks on each, at least", fewest, bar=">= 12", holds=fewest >= 12)
    yield Case("matrix", "attempts", sum(ways.values()))
    yield Case("matrix", "leaks", every, bar="0", holds=not every)
    yield Case("matrix", "ways in that are not covered", uncovered, bar="0", holds=not uncovered)
    yield Case("matrix", "owners kept out at home", leaks[OWNER], bar="0", holds=not leaks[OWNER])
    yield Case("matrix", "sockets listened at", attempts[EARS], bar=">= 1", holds=attempts[EARS] > 0)


def stress(program: Installation) -> Iterator[Case]:
    """Two tenants from many threads at once, with exceptions, time-outs, lost connections and clients that leave."""
    *parts, rows = _lines(program, "stressing", str(program.port), str(REQUESTS), settings="stress_settings")
    total = sum(part["requests"] for part in parts)
    for part in parts:
        name = f"stress {part['part']}"
        yield Case(name, "requests", part["requests"])
        yield Case(name, "answers with rows of one's own", part["own"])
        for fault, number in sorted(part["faults"].items()):
            yield Case(name, fault.replace("-", " "), number)
        yield Case(name, "rows of the other", len(part["leaks"]), bar="0", holds=not part["leaks"])
        failed = len(part["failures"])
        yield Case(name, "failures without a fault", failed, bar="0", holds=not failed)
        _tell([*part["leaks"], *part["failures"][:20]])
    yield Case("stress", "requests", total, bar=f">= {REQUESTS}", holds=total >= REQUESTS)
    _tell(rows["strayed"])
    strayed = len(rows["strayed"])
    yield Case("stress", "tables with rows of the other", strayed, bar="0", holds=not strayed)


def attack(program: Installation) -> list[dict[str, str]]:
    """The results of `tests.isolation.against`. What is wrong is told on standard error as well."""
    rows = _lines(program, "against", str(program.port))
    _tell([f"{row['way']}: {row['attack']}: {row['finding']}" for row in rows if row["finding"]])
    return rows


def _lines(program: Installation, module: str, *words: str, settings: str = "") -> list[dict[str, Any]]:
    """What a module of `tests.isolation` prints, that runs as a web process of the installation."""
    environment = {**program.environment, "ORCHESTRALL_PROCESS": "web" if settings else "manage"}
    if settings:
        environment["DJANGO_SETTINGS_MODULE"] = f"tests.isolation.{settings}"
    done = subprocess.run(
        [sys.executable, "-m", f"tests.isolation.{module}", *words],
        cwd=ROOT,
        env=environment,
        stdout=subprocess.PIPE,
        text=True,
        timeout=3600,
        check=True,
    )
    return [json.loads(line) for line in done.stdout.splitlines()]


def _tell(texts: list[str]) -> None:
    for text in texts:
        print(f"  {text}", file=sys.stderr)
