"""Ask from many processes at once at a limit of 100: as many pass, by whatever clock; without Redis the limits open."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any
from uuid import uuid4

from tests.measuring import Case
from tests.running import ROOT, Installation, installation

REQUESTS, LIMIT = 3_200, 100
PROCESSES = (8, 32)
SKEW = 3600
"""Seconds by which the servers' clocks go wrong, to either side."""
SLUG, READ = "limited", "/api/v1/runs?limit=1"


def measure() -> Iterator[Case]:
    with tempfile.TemporaryDirectory() as folder, installation(Path(folder), demo=False) as program:
        environment = program.environment | {"ORCHESTRALL_PROCESS": "manage", "ORCHESTRALL_LOG_LEVEL": "CRITICAL"}
        for processes in PROCESSES:
            yield from told(f"limiter, {processes} processes", at_limiter(environment, processes, REQUESTS, LIMIT))
        skewed = at_limiter(environment, 8, REQUESTS, LIMIT, skews=(0, SKEW, -SKEW))
        yield from told("limiter, clocks 1 h apart", skewed)
        people = prepare(environment)
        for processes, token in zip(PROCESSES, people["tokens"], strict=True):
            yield from told(f"HTTP, {processes} processes", at_installation(program, processes, token))
        yield from without_redis(environment, people)


def told(case: str, found: dict[str, Any]) -> Iterator[Case]:
    """Whatever is used is free again after a minute: a slow machine may get another hundred for each."""
    most, passed = LIMIT * (1 + int(found["seconds"] // 60)), found["passed"]
    bar = f"{LIMIT}" if most == LIMIT else f"{LIMIT} to {most}"
    yield Case(case, f"let through of {REQUESTS:,}", passed, bar=bar, holds=LIMIT <= passed <= most)
    yield Case(case, "time for all", found["seconds"], "s")


def at_limiter(
    environment: dict[str, str], processes: int, requests: int, limit: int, *, skews: Sequence[float] = (0,)
) -> dict[str, Any]:
    """Ask the limiter itself from many processes, in a bucket of this call's own."""
    key = f"t_drill:limit:{uuid4().hex}"
    wanted = {"at": "limiter", "processes": processes, "requests": requests, "limit": limit, "key": key}
    return callers({**wanted, "skews": list(skews)}, environment)


def at_installation(program: Installation, processes: int, token: str) -> dict[str, Any]:
    """Ask a running installation from many processes, as one caller."""
    headers = {"Host": f"{SLUG}.localhost:{program.port}", "Authorization": f"Bearer {token}"}
    url = f"http://127.0.0.1:{program.port}{READ}"
    wanted = {"at": "http", "processes": processes, "requests": REQUESTS, "url": url, "headers": headers}
    return callers(wanted, program.environment)


def callers(wanted: dict[str, Any], environment: dict[str, str]) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(python(["-m", "tests.drills._callers", json.dumps(wanted)], environment))
    return found


def python(arguments: list[str], environment: dict[str, str]) -> str:
    """What a Python program prints that runs in an installation's environment."""
    settings = {"DJANGO_SETTINGS_MODULE": environment.get("DJANGO_SETTINGS_MODULE", "orchestrall.settings.development")}
    done = subprocess.run(
        [sys.executable, *arguments],
        cwd=ROOT,
        env=environment | settings,
        stdout=subprocess.PIPE,
        text=True,
        timeout=600,
        check=True,
    )
    return done.stdout


def prepare(environment: dict[str, str]) -> dict[str, Any]:
    """A tenant whose callers may send `LIMIT` requests a minute, with a token for each round."""
    people: dict[str, Any] = json.loads(python(["-m", "tests.drills._limited", "prepare"], environment))
    return people


def without_redis(environment: dict[str, str], people: dict[str, Any]) -> Iterator[Case]:
    """The same installation, for a process to which no Redis answers."""
    away = environment | {"REDIS_URL": "redis://127.0.0.1:1/0"}
    found = json.loads(python(["-m", "tests.drills._limited", "ask", json.dumps(people)], away))
    asked = LIMIT + 50
    case = "Redis away"
    yield Case(case, f"let through of {asked}", found["passed"], bar=f"{asked}", holds=found["passed"] == asked)
    yield Case(case, "told by the metric", found["metric"], bar=f"{asked}", holds=found["metric"] == asked)
    tries = found["sign_ins"]
    yield Case(case, "tries to sign in that were looked at", tries, bar="<= 3", holds=0 < tries <= 3)
    looked = found["right_password_after"]
    yield Case(case, "the right password after that", str(looked), bar="429", holds=looked == 429)


def passed_by_processes(processes: int, requests: int, *, limit: int, skews: Sequence[float] = (0,)) -> int:
    """The same on the servers of the everyday tests. Returns how many passed."""
    with tempfile.TemporaryDirectory() as folder:
        mine = os.environ | {"ORCHESTRALL_VAR": folder, "DJANGO_SETTINGS_MODULE": "orchestrall.settings.development"}
        return int(at_limiter(mine, processes, requests, limit, skews=skews)["passed"])
