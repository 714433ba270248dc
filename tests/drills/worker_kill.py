"""Kill workers with -9 while runs are under way: every accepted run finishes, once."""

from __future__ import annotations

import os
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import psutil

from apps.common.demo import PASSWORD
from tests.measuring import Case
from tests.running import Installation, installation, wait_until

AGENT = "retail.demand_forecaster"
RUNS, KILLS = 8, 4
SINGLE_BAR = 30.0
"""Seconds from the kill of the one worker that has a run in hand to the end of the run."""
PATIENCE = 300.0


def measure() -> Iterator[Case]:
    with (
        tempfile.TemporaryDirectory() as folder,
        installation(Path(folder)) as program,
        second_worker(program),
        client(program) as api,
    ):
        table = upload(api)
        yield from one_run_whose_worker_dies(program, api, table)
        yield from many_runs_while_workers_die(program, api, table)


def one_run_whose_worker_dies(program: Installation, api: httpx.Client, table: str) -> Iterator[Case]:
    run = start(api, table)
    wait_until(lambda: state(api, run)["status"] == "running", "the run is under way", within=PATIENCE)
    killed = time.monotonic()
    for child in children(program):
        child.kill()
    wait_until(lambda: ended(state(api, run)), "the run has ended", within=PATIENCE)
    seconds, last = time.monotonic() - killed, state(api, run)
    yield Case("one run", "status", last["status"], bar="succeeded", holds=last["status"] == "succeeded")
    yield Case("one run", "workers that took it up", last["attempts"], bar="> 1", holds=last["attempts"] > 1)
    yield Case("one run", "from the kill to its end", seconds, "s", f"<= {SINGLE_BAR:.0f}", seconds <= SINGLE_BAR)


def many_runs_while_workers_die(program: Installation, api: httpx.Client, table: str) -> Iterator[Case]:
    """Kill all pool children and whole workers by turns.

    What was hit may end before the next kill, so that no run meets the three deaths after which it is rightly given up.
    """
    chance, runs = random.Random(7), [start(api, table) for _ in range(RUNS)]
    for kill in range(KILLS):
        if all_ended(api, runs):
            runs += [start(api, table) for _ in range(4)]
        wait_until(partial(under_way, api, runs), "a run is under way", within=PATIENCE)
        victims = [chance.choice(workers(program))] if kill % 2 else children(program)
        hit = under_way(api, runs)
        for victim in victims:
            victim.kill()
        wait_until(partial(all_ended, api, hit), "the runs that were hit have ended", within=PATIENCE)
    wait_until(partial(all_ended, api, runs), "every run has ended", within=PATIENCE)
    found = [state(api, run) for run in runs]
    case = f"{len(runs)} runs, {KILLS} kills"
    lost = sum(each["status"] != "succeeded" for each in found)
    empty = sum(not (each["output"] and each["output"]["series"]) for each in found)
    again = sum(each["attempts"] > 1 for each in found)
    yield Case(case, "runs lost", lost, bar="0", holds=lost == 0)
    yield Case(case, "runs without their result", empty, bar="0", holds=empty == 0)
    yield Case(case, "runs taken up again", again, bar="> 0", holds=again > 0)


@contextmanager
def second_worker(program: Installation) -> Iterator[None]:
    """Another worker beside the installation's own, so that one is there while the other is started again."""
    argv = [sys.executable, "-m", "celery", "-A", "orchestrall", "worker", "-Q", "cpu", "-c", "2", "-n", "second@%h"]
    environment = {**os.environ, **program.environment, "ORCHESTRALL_PROCESS": "worker-cpu"}
    with Path(program.folder, "second-worker.log").open("wb") as log:
        worker = subprocess.Popen(argv, env=environment, stdout=log, stderr=log, start_new_session=True)
        try:
            yield
        finally:
            for process in psutil.Process(worker.pid).children(recursive=True) if worker.poll() is None else []:
                process.kill()
            worker.kill()
            worker.wait()


def workers(program: Installation) -> list[psutil.Process]:
    """The parents of the pools that compute for the installation, its own and the second one."""
    return [each for each in _pools(program) if not _is_worker(each.parent())]


def children(program: Installation) -> list[psutil.Process]:
    """The processes of these pools in which the agents run."""
    return [each for each in _pools(program) if _is_worker(each.parent())]


def _pools(program: Installation) -> list[psutil.Process]:
    found = []
    for process in psutil.process_iter():
        try:
            if _is_worker(process) and process.environ().get("DATABASE_URL") == program.database_url:
                found.append(process)
        except psutil.Error:  # it ended meanwhile
            continue
    return found


def _is_worker(process: psutil.Process | None) -> bool:
    try:
        words = process.cmdline() if process else []
    except psutil.Error:
        return False
    return "orchestrall" in words and "cpu" in words


@contextmanager
def client(program: Installation, slug: str = "acme") -> Iterator[httpx.Client]:
    """An API client of the tenant's owner."""
    base, host = f"http://127.0.0.1:{program.port}", f"{slug}.localhost:{program.port}"
    with httpx.Client(base_url=base, headers={"Host": host}, timeout=60) as api:
        answer = api.post("/api/v1/tokens", json={"email": f"owner@{slug}.example", "password": PASSWORD})
        answer.raise_for_status()
        api.headers["Authorization"] = f"Bearer {answer.json()['access_token']}"
        yield api


def upload(api: httpx.Client) -> str:
    """A table that keeps a worker busy for some seconds. Returns the id of its dataset."""
    chance, first = random.Random(1), date(2022, 1, 3)
    lines = ["item,week,quantity"]
    for item in range(40):
        level = chance.uniform(20, 200)
        lines += [
            f"item {item},{first + timedelta(weeks=week)},{max(0, round(chance.gauss(level, level / 5)))}"
            for week in range(120)
        ]
    answer = api.post("/api/v1/datasets", files={"file": ("weekly.csv", "\n".join(lines).encode(), "text/csv")})
    answer.raise_for_status()
    return str(answer.json()["id"])


def start(api: httpx.Client, table: str) -> str:
    answer = api.post(f"/api/v1/agents/{AGENT}/runs", json={"input": {"history": {"dataset": table}}})
    answer.raise_for_status()
    return str(answer.json()["id"])


def state(api: httpx.Client, run: str) -> dict[str, Any]:
    answer = api.get(f"/api/v1/runs/{run}")
    answer.raise_for_status()
    return dict(answer.json())


def states(api: httpx.Client, runs: list[str]) -> list[dict[str, Any]]:
    answer = api.get("/api/v1/runs", params={"limit": 200})
    answer.raise_for_status()
    return [each for each in answer.json()["items"] if each["id"] in set(runs)]


def under_way(api: httpx.Client, runs: list[str]) -> list[str]:
    return [each["id"] for each in states(api, runs) if each["status"] == "running"]


def all_ended(api: httpx.Client, runs: list[str]) -> bool:
    return all(map(ended, states(api, runs)))


def ended(run: dict[str, Any]) -> bool:
    return run["status"] not in {"queued", "running"}
