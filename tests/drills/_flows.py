"""What the drills on workflows share: an installation, a second set of workers, and a look at what was recorded.

Runs are started over the API, as a customer starts them. What became of them is read from the database by a connection
of the drill's own, so that it is seen whatever of the installation is down.
"""

from __future__ import annotations

import os
import statistics
import tempfile
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from json import dumps, loads
from pathlib import Path
from typing import Any

import httpx
import psutil
import psycopg

from orchestrall.start import programs
from orchestrall.supervision import Program
from tests.drills._grounds import PASSWORD
from tests.drills.limits import python
from tests.measuring import Case
from tests.running import Installation, installation, wait_until

AGENT_LEASE, RUN_LEASE = 5.0, 3.0
PATIENCE = 300.0
OPEN = ("queued", "running", "waiting", "paused", "undoing")
TOLD = {"DJANGO_SETTINGS_MODULE": "tests.drills._settings", "ORCHESTRALL_OUTBOUND_NETWORKS": "127.0.0.1/32"}
Steps = dict[str, Any]


@dataclass
class Ground:
    """An installation with tenants of the drill's own."""

    program: Installation
    owners: dict[str, str]
    told: Mapping[str, str]
    _apis: dict[str, httpx.Client] = field(default_factory=dict)
    _link: psycopg.Connection[Any] | None = None

    def api(self, slug: str) -> httpx.Client:
        """A client of the tenant's owner, whose token lives for ten minutes."""
        if slug not in self._apis:
            base, host = f"http://127.0.0.1:{self.program.port}", f"{slug}.localhost:{self.program.port}"
            api = httpx.Client(base_url=base, headers={"Host": host}, timeout=60)
            answer = api.post("/api/v1/tokens", json={"email": self.owners[slug], "password": PASSWORD})
            answer.raise_for_status()
            api.headers["Authorization"] = f"Bearer {answer.json()['access_token']}"
            self._apis[slug] = api
        return self._apis[slug]

    def start(self, slug: str, name: str, inputs: Sequence[dict[str, Any]]) -> list[str]:
        """Start a run for each input. Returns the ids of those that were accepted, which is all of them."""
        found: list[str] = []
        for begin in range(0, len(inputs), 1000):
            body = {"inputs": list(inputs[begin : begin + 1000])}
            answer = self.api(slug).post(f"/api/v1/workflows/{name}/runs/bulk", json=body)
            answer.raise_for_status()
            found += [each["id"] for each in answer.json()["items"]]
        return found

    def look(self, statement: str, *parameters: Any) -> list[tuple[Any, ...]]:
        """Ask the database; again, where it was away."""
        for _ in range(300):
            try:
                if self._link is None:
                    self._link = psycopg.connect(self.program.database_url, autocommit=True)
                return self._link.execute(statement, parameters).fetchall()
            except psycopg.OperationalError:
                self._link = None
                time.sleep(0.1)
        raise TimeoutError("The database did not come back within 30 s.")

    def statuses(self, slug: str) -> Counter[str]:
        counted = self.look(f"select status, count(*) from t_{slug}.workflows_workflowrun group by 1")
        return Counter(dict(counted))

    def all_ended(self, slug: str, ids: Iterable[str] = ()) -> bool:
        narrow = "and id = any(%s)" if ids else "and %s::uuid[] is not null"
        left = f"select 1 from t_{slug}.workflows_workflowrun where status = any(%s) {narrow} limit 1"
        return not self.look(left, list(OPEN), list(ids))

    def wait(self, slug: str, ids: Iterable[str] = (), *, within: float = PATIENCE) -> float:
        """Until all have ended. Returns when that was seen, by `time.monotonic()`."""
        wait_until(lambda: self.all_ended(slug, ids), f"all runs of {slug} have ended", within=within)
        return time.monotonic()

    def record(self, slug: str) -> str:
        """A digest of all that is recorded of runs: any write at all changes it."""
        tables = ("workflows_workflowrun", "workflows_steprun", "agents_agentrun", "agents_agentresult")
        parts = [
            f"select coalesce(md5(string_agg(t::text, ',' order by t::text)), '') from t_{slug}.{table} t"
            for table in tables
        ]
        return ":".join(self.look(part)[0][0] for part in parts)

    def dead_letters(self, slug: str) -> int:
        found: int = self.look("select count(*) from dispatch_dead_letter where tenant = %s", f"t_{slug}")[0][0]
        return found

    def workers(self) -> Workers:
        """Another set of workers beside the installation's own. It begins to work when it is started."""
        return Workers(self.program, self.told)

    def own_workers(self) -> list[psutil.Process]:
        """The parents of the installation's own pools: its supervisor starts another one for each that dies."""
        return [each for each in psutil.Process(self.program.pid).children() if _is_worker(each)]

    def close(self) -> None:
        for api in self._apis.values():
            api.close()
        if self._link is not None:
            self._link.close()


class Workers:
    """What one machine would run: a pool that computes, and one that pumps and waits on the network."""

    def __init__(self, program: Installation, told: Mapping[str, str]) -> None:
        folder = program.folder / "second"
        folder.mkdir(exist_ok=True)
        self._alive = {name: folder / f"{name}.alive" for name in ("worker-cpu", "worker-io")}
        self._programs: list[Program] = []
        for name, alive in self._alive.items():
            environment = program.environment | dict(told) | {"ORCHESTRALL_WORKER_ALIVE_FILE": str(alive)}
            self._programs += [
                each for each in programs(environment, folder, "127.0.0.1", program.port) if each.name == name
            ]

    def start(self) -> float:
        """Start them. Returns how long it took until both were at work, in seconds."""
        began = time.monotonic()
        for alive in self._alive.values():
            alive.unlink(missing_ok=True)
        for each in self._programs:
            each.start()
        wait_until(
            lambda: all(alive.exists() for alive in self._alive.values()), "the workers are ready", within=PATIENCE
        )
        return time.monotonic() - began

    def parents(self) -> list[psutil.Process]:
        return [psutil.Process(each._child.pid) for each in self._programs if each._child and each.died() is None]

    def kill(self) -> None:
        """With -9, and all of their children."""
        for each in self._programs:
            each.kill()
            if each._child is not None:
                each._child.wait()

    def stop(self) -> None:
        self.kill()


@contextmanager
def ground(wanted: dict[str, list[dict[str, Any]]], **told: str) -> Iterator[Ground]:
    """An installation with these tenants, each with its published workflows."""
    with ExitStack() as ends:
        folder = Path(ends.enter_context(tempfile.TemporaryDirectory()))
        program = ends.enter_context(installation(folder, demo=False, told=TOLD | told))
        environment = dict(os.environ) | program.environment | TOLD | {"ORCHESTRALL_PROCESS": "manage"}
        answer = python(["-m", "tests.drills._grounds", dumps(wanted)], environment)
        made = Ground(program, loads(answer.splitlines()[-1]), TOLD | told)
        ends.callback(made.close)
        yield made


@contextmanager
def second(made: Ground) -> Iterator[Workers]:
    workers = made.workers()
    try:
        yield workers
    finally:
        workers.stop()


def kill_group(parent: psutil.Process) -> list[psutil.Process]:
    """Kill a pool with -9, its children first, so that none of them goes on for a moment. Returns what was killed."""
    try:
        victims = [*parent.children(recursive=True), parent]
    except psutil.NoSuchProcess:
        return []
    for each in victims:
        try:
            each.kill()
        except psutil.NoSuchProcess:
            continue
    return victims


def _is_worker(process: psutil.Process) -> bool:
    try:
        return "worker" in process.cmdline()
    except psutil.Error:
        return False


def definition(name: str, steps: Steps, inputs: Mapping[str, str] | None = None, **more: Any) -> dict[str, Any]:
    takes = {each: {"type": kind} for each, kind in (inputs or {}).items()}
    return {"name": name, "title": name.title(), "steps": steps, "inputs": takes, **more}


def agent_chain(count: int, seconds: float = 0.02) -> Steps:
    """Steps of the test agent, one after the other; each leaves its mark in the file that the run is given."""
    return {
        f"s{n}": {
            "kind": "agent",
            "agent": "dummy.stepper",
            "input": {"mark": f"${{inputs.mark}}:{n}", "file": "${inputs.file}", "seconds": seconds},
        }
        for n in range(count)
    }


def inline_chain(count: int) -> Steps:
    steps: Steps = {"s0": {"kind": "transform", "set": {"x": "${inputs.amount}"}}}
    for n in range(1, count):
        steps[f"s{n}"] = {"kind": "transform", "set": {"x": {"$add": [f"${{steps.s{n - 1}.x}}", 1]}}}
    return steps


def marks(file: Path) -> list[str]:
    """The marks of all executions, in order; a step that was carried out twice is there twice."""
    return [line.split()[0] for line in file.read_text().splitlines()] if file.exists() else []


def p95(values: Sequence[float]) -> float:
    return statistics.quantiles(values, n=20)[18]


def at_most(case: str, metric: str, value: float, bar: float, unit: str = "s") -> Case:
    return Case(case, metric, value, unit, bar=f"<= {bar:.4g}", holds=value <= bar)


def exactly(case: str, metric: str, value: int, bar: int = 0) -> Case:
    return Case(case, metric, value, bar=str(bar), holds=value == bar)
