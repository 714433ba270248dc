"""Speed of the workflow engine: steps a second, latency, statements, and processor time, beside DBOS on this machine.

Every figure is of the running program with its own workers, an embedded PostgreSQL that waits for the disk, and the
product's own services: tenants, versions, ledger, leases, sealed payloads. DBOS is installed into an environment of its
own and does the same work on the same server; where it cannot be fetched its cases are left out.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import django
import httpx

from orchestrall import embedded
from tests.measuring import Case
from tests.running import ROOT, Installation, installation

STEPS, RUNS, BULK = 10, 200, 1000
STARTS, CALLERS = 1000, 25
UNLIMITED = dict.fromkeys(("max_requests", "max_caller_requests", "max_starts"), 1_000_000)
PATIENCE = 300.0
WITH_DUMMY = {"DJANGO_SETTINGS_MODULE": "tests.dummy.settings"}
"""What tells the program to know the tests' own industry: of its agents one does nothing."""
DBOS_STEPS = """
import json, os, time
from concurrent.futures import ThreadPoolExecutor
from dbos import DBOS
DBOS(config={"name": "bench", "system_database_url": os.environ["BENCH_URL"], "run_admin_server": False,
             "log_level": "ERROR"})
@DBOS.step()
def add(value): return value + 1
@DBOS.workflow()
def chain(value):
    for _ in range(%d): value = add(value)
    return value
DBOS.launch()
chain(1)
single = []
for _ in range(20):
    began = time.perf_counter(); chain(1); single.append(time.perf_counter() - began)
began = time.perf_counter()
handles = [DBOS.start_workflow(chain, n) for n in range(%d)]
for handle in handles: handle.get_result()
print(json.dumps({"seconds": time.perf_counter() - began, "single": sorted(single)[10]}), flush=True)
os._exit(0)
"""


def measure() -> Iterator[Case]:
    with tempfile.TemporaryDirectory() as folder, installation(Path(folder), demo=False, told=WITH_DUMMY) as program:
        os.environ |= program.environment | {"ORCHESTRALL_LOG_LEVEL": "WARNING"}
        django.setup()
        bench = Bench("engine")
        bench.warm_up()
        other = dbos(program)
        yield from bench.latency(other)
        yield from bench.fibonacci()
        yield from bench.sequential(other)
        yield from bench.bulk(program)
        yield from bench.fan_out()
        yield from bench.agents()
        yield from bench.idle_agents()
        yield from bench.starts(program)
        yield from tenants()
        yield from statements(bench)


class Bench:
    """A tenant with workflows to measure."""

    def __init__(self, slug: str) -> None:
        from apps.tenants.services import tenant_create

        self.tenant = tenant_create(
            slug=slug, name=slug.title(), industry="retail", industries=["retail", "dummy"], now=True,
            quotas={"max_running_runs": 100, **UNLIMITED},
        )  # fmt: skip
        self.chain = self.published("chain", chain(STEPS), {"amount": {"type": "number"}})

    def published(self, name: str, steps: dict[str, Any], inputs: dict[str, Any] | None = None) -> Any:
        from apps.common.permissions import Platform
        from apps.tenants.context import tenant_context
        from apps.workflows import defining
        from apps.workflows.definition import definition_parse

        definition = definition_parse({"name": name, "title": name, "steps": steps, "inputs": inputs or {}})
        with tenant_context(self.tenant):
            made = defining.workflow_save(who=Platform(), user=None, definition=definition)
            defining.workflow_publish(who=Platform(), user=None, workflow=made)
            made.refresh_from_db()
        return made

    def start(self, workflow: Any, data: list[dict[str, Any]]) -> list[Any]:
        from apps.common.permissions import Platform
        from apps.tenants.context import tenant_context
        from apps.workflows import services

        with tenant_context(self.tenant):
            runs = services.runs_start(who=Platform(), user=None, workflow=workflow, data=data, origin="api")
        return [run.id for run in runs]

    def wait(self, ids: list[Any], within: float = PATIENCE) -> None:
        """Until all have ended; raises `AssertionError` for one that failed."""
        from apps.tenants.context import tenant_context
        from apps.workflows.models import WorkflowRun

        until = time.monotonic() + within
        with tenant_context(self.tenant):
            # By the first key, as later runs have later ones: to name a thousand keys each time would cost a core.
            opened = WorkflowRun.objects.filter(pk__gte=min(ids), status__in=WorkflowRun.OPEN)
            while opened.exists():
                assert time.monotonic() < until, "runs have not ended in time"
                time.sleep(0.01)
            wrong = WorkflowRun.objects.filter(pk__in=ids).exclude(status="succeeded").first()
            assert wrong is None, f"{wrong.ref} is {wrong.status}: {wrong.problem}"

    def took(self, act: Callable[[], list[Any]]) -> float:
        began = time.perf_counter()
        self.wait(act())
        return time.perf_counter() - began

    def single(self, workflow: Any) -> float:
        """Milliseconds from the call that starts a run to its end, as the database recorded it: on the same clock."""
        from apps.tenants.context import tenant_context
        from apps.workflows.models import WorkflowRun

        time.sleep(0.05)
        began = time.time()
        ids = self.start(workflow, [{"amount": 1}])
        self.wait(ids)
        with tenant_context(self.tenant):
            ended = WorkflowRun.objects.get(pk=ids[0]).finished_at
        assert ended is not None, "a run that has ended says when"
        return 1000 * (ended.timestamp() - began)

    def warm_up(self) -> None:
        for _ in range(4):
            self.wait(self.start(self.chain, [{"amount": 1}] * 20))

    def latency(self, other: dict[str, float]) -> Iterator[Case]:
        middle = statistics.median(self.single(self.chain) for _ in range(30))
        yield Case(
            f"one run of {STEPS} inline steps, idle", "submit to finished, p50", middle, "ms", "<= 20", middle <= 20
        )
        if other:
            yield Case("one run of 10 steps, DBOS in process", "p50", 1000 * other["single"], "ms")

    def sequential(self, other: dict[str, float]) -> Iterator[Case]:
        seconds = self.took(lambda: [id for n in range(RUNS) for id in self.start(self.chain, [{"amount": n}])])
        rate = RUNS * STEPS / seconds
        case = f"{RUNS} runs of {STEPS} steps, a call each"
        yield Case(case, "steps a second (aim: 4,000)", rate)
        if other:
            theirs = RUNS * STEPS / other["seconds"]
            yield Case(case, "steps a second, DBOS", theirs)
            yield Case(case, "times DBOS", rate / theirs, bar=">= 4", holds=rate >= 4 * theirs)

    def fibonacci(self) -> Iterator[Case]:
        """What systems of the field are measured by: forty steps that compute a little, one after the other."""
        steps = {f"s{n}": {"kind": "dummy.fibonacci", "n": 10} for n in range(40)}
        made = self.published("fibonacci", steps, {"amount": {"type": "number"}})
        self.single(made)
        middle = statistics.median(self.single(made) for _ in range(20))
        case = "one run of 40 steps of recursive fib(10), idle"
        yield Case(case, "submit to finished, p50", middle, "ms", "<= 60", middle <= 60)

    def bulk(self, program: Installation) -> Iterator[Case]:
        before = processor(program)
        seconds = self.took(lambda: self.start(self.chain, [{"amount": 1}] * BULK))
        steps = BULK * STEPS
        rate, computed = steps / seconds, 1000 * (processor(program) - before) / steps
        yield Case(f"{BULK:,} runs by one start", "steps a second", rate, bar=">= 10,000", holds=rate >= 10_000)
        case = "an inline step, in bulk"
        yield Case(case, "processor time of all processes", computed, "ms", "<= 0.6", computed <= 0.6)

    def fan_out(self) -> Iterator[Case]:
        each = {"kind": "transform", "set": {"x": "${item}"}, "for_each": {"items": list(range(100))}}
        join = {"kind": "transform", "set": {"n": {"$length": "${steps.each}"}}}
        fan = self.published("fan", {"each": each, "join": join})
        self.wait(self.start(fan, [{}]))
        seconds = self.took(lambda: self.start(fan, [{}] * 10))
        rate = 10 * 100 / seconds
        yield Case("for-each over 100 items, 10 runs", "items a second", rate, bar=">= 3,000", holds=rate >= 3000)

    def starts(self, program: Installation) -> Iterator[Case]:
        """Single runs over REST: by callers that each wait for their answer before they ask again."""
        from apps.gateway.principals import Caller
        from apps.gateway.services import key_create
        from apps.tenants.context import tenant_context
        from tests.factories import make_member

        with tenant_context(self.tenant):
            scopes = ["workflows.view", "workflows.run"]
            _, key = key_create(who=Caller(make_member("owner")), name="Bench", scopes=scopes, days=1)
        wanted = {
            "path": f"/api/v1/workflows/{self.chain.name}/runs",
            "headers": {"Authorization": f"Bearer {key}", "Host": f"{self.tenant.slug}.localhost"},
            "body": {"inputs": {"amount": 1}},
            "status": 202,
            "callers": CALLERS,
        }
        with wsgi(program) as port:
            callers({**wanted, "port": port, "requests": 4 * CALLERS})
            answered = callers({**wanted, "port": port, "requests": STARTS})
        taken = sorted(1000 * each for each in answered["taken"])
        rate = len(taken) / answered["seconds"]
        case, late = f"{len(taken):,} starts over REST by {CALLERS} callers", taken[int(len(taken) * 0.99)]
        yield Case(case, "accepted a second", rate, bar=">= 120", holds=rate >= 120)
        yield Case(case, "answered, p99", late, "ms", bar="<= 150", holds=late <= 150)

    def agents(self) -> Iterator[Case]:
        """Ten steps of the smallest agent there is, one after the other."""
        rows = [{"item": "a", "week": f"2026-01-{day:02}", "sold": day} for day in (5, 12, 19, 26)]
        step = {
            "kind": "agent",
            "agent": "retail.demand_forecaster",
            "input": {"history": {"rows": rows}, "horizon": 1},
        }
        made = self.published("agent", {"one": step})
        self.wait(self.start(made, [{}]))
        seconds = self.took(lambda: self.start(made, [{}] * 20))
        yield Case("20 runs of one forecast each", "agent steps a second", 20 / seconds)

    def idle_agents(self) -> Iterator[Case]:
        """Ten steps of an agent that does nothing: what the engine itself takes for such steps."""
        steps: dict[str, Any] = {"s0": {"kind": "agent", "agent": "dummy.idle", "input": {"value": "${inputs.amount}"}}}
        for n in range(1, STEPS):
            steps[f"s{n}"] = {"kind": "agent", "agent": "dummy.idle", "input": {"value": f"${{steps.s{n - 1}.value}}"}}
        made = self.published("idle", steps, {"amount": {"type": "number"}})
        self.wait(self.start(made, [{"amount": 1}] * 20))
        middle = statistics.median(self.single(made) for _ in range(30))
        case = f"one run of {STEPS} no-op agent steps, idle"
        yield Case(case, "submit to finished, p50", middle, "ms", "<= 60", middle <= 60)
        rate = RUNS * STEPS / self.took(lambda: self.start(made, [{"amount": 1}] * RUNS))
        case = f"{RUNS} runs of {STEPS} no-op agent steps"
        yield Case(case, "agent steps a second", rate, bar=">= 300", holds=rate >= 300)


def processor(program: Installation) -> float:
    """Seconds that the processes of the installation have computed, PostgreSQL and Redis among them."""
    return sum(sum(each.cpu_times()[:4]) for each in program.processes())


def tenants() -> Iterator[Case]:
    """The same work over twenty tenants."""
    benches = [Bench(f"t{n}") for n in range(20)]
    for bench in benches:
        bench.wait(bench.start(bench.chain, [{"amount": 1}]))
    began = time.perf_counter()
    started = [(bench, bench.start(bench.chain, [{"amount": n}])) for n in range(RUNS // 20) for bench in benches]
    for bench, ids in started:
        bench.wait(ids)
    rate = RUNS * STEPS / (time.perf_counter() - began)
    yield Case(f"{RUNS} runs over 20 tenants", "steps a second", rate, bar=">= 1,500", holds=rate >= 1500)


def statements(bench: Bench) -> Iterator[Case]:
    """Of a start, in this process. Those of steps are counted by `tests/workflows/test_pump.py`."""
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    # The first one asks for the sequencer of the audit log besides, by two statements: once in half a minute.
    bench.start(bench.chain, [{"amount": 1}])
    with CaptureQueriesContext(connection) as started:
        bench.start(bench.chain, [{"amount": 1}])
    yield Case("one start", "SQL statements", len(started), bar="<= 6", holds=len(started) <= 6)


@contextmanager
def wsgi(program: Installation) -> Iterator[int]:
    """One WSGI process on the installation's data, served as the image serves it; gives its port."""
    port = embedded.free_port()
    argv = [str(Path(sys.executable).with_name("granian")), "--interface", "wsgi", "--host", "127.0.0.1"]
    argv += ["--port", str(port), "--no-ws", "--blocking-threads", "8", "--log-level", "error"]
    told = os.environ | program.environment | {"ORCHESTRALL_PROCESS": "web"}
    server = subprocess.Popen([*argv, "orchestrall.wsgi:application"], env=told, cwd=ROOT)
    url, until = f"http://127.0.0.1:{port}", time.monotonic() + 60
    try:
        while True:
            assert server.poll() is None, "the WSGI process has ended"
            assert time.monotonic() < until, "the WSGI process does not answer"
            with suppress(httpx.TransportError):
                httpx.get(f"{url}/healthz", headers={"Host": "localhost"}, timeout=5)
                break
            time.sleep(0.2)
        yield port
    finally:
        server.terminate()
        server.wait(30)


def callers(wanted: dict[str, Any]) -> dict[str, Any]:
    """Let callers ask that are a program of their own."""
    argv = [sys.executable, "-m", "tests.benchmarks._callers", json.dumps(wanted)]
    done = subprocess.run(argv, cwd=ROOT, check=True, capture_output=True, text=True, timeout=PATIENCE)
    answered: dict[str, Any] = json.loads(done.stdout)
    return answered


def chain(count: int) -> dict[str, Any]:
    steps: dict[str, Any] = {"s0": {"kind": "transform", "set": {"x": "${inputs.amount}"}}}
    for n in range(1, count):
        steps[f"s{n}"] = {"kind": "transform", "set": {"x": {"$add": [f"${{steps.s{n - 1}.x}}", 1]}}}
    return steps


def dbos(program: Installation) -> dict[str, float]:
    """The same work by DBOS on the same server, in an environment of its own; empty where it cannot be had."""
    with tempfile.TemporaryDirectory() as folder:
        python = Path(folder, "venv", "bin", "python")
        uv = Path(sys.executable).parents[2] / ".tools" / "bin" / "uv"
        make = [str(uv), "venv", "--quiet", "--python", sys.executable, str(python.parents[1])]
        fetch = [str(uv), "pip", "install", "--quiet", "--python", str(python), "dbos"]
        url = program.database_url.rpartition("/")[0] + "/dbos_bench"
        try:
            subprocess.run(make, check=True, capture_output=True, timeout=120)
            subprocess.run(fetch, check=True, capture_output=True, timeout=300)
            done = subprocess.run(
                [str(python), "-c", DBOS_STEPS % (STEPS, RUNS)],
                env={"PATH": os.environ["PATH"], "BENCH_URL": url},
                check=True, capture_output=True, text=True, timeout=300,
            )  # fmt: skip
        except (OSError, subprocess.SubprocessError) as error:
            words = getattr(error, "stderr", None) or error
            print(f"DBOS is left out: {words}", file=sys.stderr)
            return {}
    found: dict[str, float] = json.loads(done.stdout.strip().splitlines()[-1])
    return found
