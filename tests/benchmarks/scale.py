"""What size costs: a full ledger, a thousand tenants, a transaction that nobody ends.

The program runs with its own workers and an embedded PostgreSQL that waits for the disk. Where two figures are compared
they are taken by turns, since machines are shared and noisy.
"""

from __future__ import annotations

import os
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import django
import psycopg

from tests.benchmarks.engine import STEPS, WITH_DUMMY, Bench
from tests.measuring import Case
from tests.running import installation

FINISHED_STEPS, FINISHED_RUNS = 1_000_000, 100_000
ROUNDS, RUNS_A_ROUND = 15, 200
TENANTS, SCHEMAS = 1000, 20
NOBODY = "t_nobody"
"""A tenant that only work rows know: no worker takes them up."""


def measure() -> Iterator[Case]:
    with tempfile.TemporaryDirectory() as folder, installation(Path(folder), demo=False, told=WITH_DUMMY) as program:
        os.environ |= program.environment | {"ORCHESTRALL_LOG_LEVEL": "WARNING"}
        django.setup()
        yield from claims(program.database_url)
        yield from tick()
        yield from ledger()


def milliseconds(act: Callable[[], object]) -> float:
    began = time.perf_counter()
    act()
    return 1000 * (time.perf_counter() - began)


def sql(statement: str, *values: Any) -> None:
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(statement, values)


# ------------------------------------------------------------------------------------------------------------ claims


def claims(url: str) -> Iterator[Case]:
    """Claims of a tenant whose runs come and go while a transaction elsewhere still sees all of them."""
    from apps.dispatch import rows

    idle = statistics.median(claim_times())
    with open_transaction(url):
        for _ in range(FINISHED_RUNS // 1000):
            finish_a_thousand()
        last_looks = time.monotonic() + 11.0  # the workers look every ten seconds, as they did all the while
        while time.monotonic() < last_looks:
            claim_times(1)
            time.sleep(0.2)
        times = claim_times()
        due = milliseconds(rows.due)
        sql("delete from public.dispatch_mark where tenant = %s", NOBODY)
        without = statistics.median(claim_times(5))
    case = f"{FINISHED_RUNS:,} runs finished, a transaction open"
    middle = statistics.median(times)
    yield Case("nothing finished", "a claim, p50", idle, "ms")
    yield Case(case, "a claim, p50", middle, "ms", "< 20", middle < 20)
    yield Case(case, "a claim, slowest of 50", max(times), "ms")
    yield Case(case, "a claim without its mark, p50", without, "ms")
    yield Case(case, "what the tick looks for", due, "ms")


@contextmanager
def open_transaction(url: str) -> Iterator[None]:
    with psycopg.connect(url) as other:
        other.execute("set transaction isolation level repeatable read")
        other.execute("select count(*) from public.dispatch_work")
        yield


def finish_a_thousand() -> None:
    """Rows of runs that are made, claimed, and deleted as the pump does it."""
    from apps.common.ids import uuid7
    from apps.common.work import Move
    from apps.dispatch import rounds, rows
    from apps.workflows.performers import KIND

    made = [uuid7() for _ in range(1000)]
    rows.insert(kind=KIND, ids=made, tenant=NOBODY, queue="flow", due_at=None, priority=0)
    while found := rows.claim(tenant=NOBODY, queue="flow", limit=64, slots=1024).claims:
        rounds.commit([Move(claim, "done") for claim in found], "", {}, [])


def claim_times(count: int = 50) -> list[float]:
    """Milliseconds of claims of one row each, which is finished after it."""
    from apps.common.ids import uuid7
    from apps.common.work import Move
    from apps.dispatch import rounds, rows
    from apps.workflows.performers import KIND

    times = []
    for _ in range(count):
        rows.insert(kind=KIND, ids=[uuid7()], tenant=NOBODY, queue="flow", due_at=None, priority=0)
        began = time.perf_counter()
        [claim] = rows.claim(tenant=NOBODY, queue="flow", limit=64, slots=1024).claims
        times.append(1000 * (time.perf_counter() - began))
        rounds.commit([Move(claim, "done")], "", {}, [])
    return times


# -------------------------------------------------------------------------------------------------------------- tick


def tick() -> Iterator[Case]:
    """A thousand tenants with a schedule each; twenty of them have a schema, and something that is due."""
    from django.utils import timezone

    from apps.common.ids import uuid7
    from apps.dispatch import rows, wakeups, worker
    from apps.tenants.models import Tenant
    from apps.tenants.services import tenant_create
    from apps.workflows.performers import SCHEDULE

    for n in range(SCHEMAS):
        tenant_create(slug=f"s{n}", name=f"S{n}", industry="retail", now=True)
    real = list(Tenant.objects.filter(slug__startswith="s", industry="retail"))
    only_rows = [
        Tenant(
            slug=f"row{n}",
            schema_name=f"t_row{n}",
            name=f"Row {n}",
            industry="retail",
            status="ready",
            signing_key=b"-",
        )
        for n in range(TENANTS - SCHEMAS)
    ]
    Tenant.objects.bulk_create(only_rows)
    later = timezone.now() + timedelta(hours=1)
    for tenant in [*real, *only_rows]:
        rows.insert(kind=SCHEDULE, ids=[uuid7()], tenant=tenant.schema_name, queue="io", due_at=later, priority=0)
    sql("analyze public.dispatch_work")
    resting = statistics.median(milliseconds(worker.tick) for _ in range(30))
    wakeups.wake = lambda *_: True  # what is looked for, not what Redis takes to send it
    for tenant in real:
        # Of a kind that only another program knows: it stays due.
        sql(
            "insert into public.dispatch_work (id, kind, tenant, queue, due_at) "
            "values (%s, 'nobody.knows', %s, 'cpu', clock_timestamp())",
            uuid7(), tenant.schema_name,
        )  # fmt: skip
    due = statistics.median(milliseconds(worker.tick) for _ in range(30))
    look = statistics.median(milliseconds(rows.look) for _ in range(10))
    case = f"{TENANTS:,} tenants, a schedule each"
    yield Case(case, "the tick, nothing due, p50", resting, "ms", "< 50", resting < 50)
    yield Case(case, f"the tick, {SCHEMAS} due, p50", due, "ms", "< 50", due < 50)
    yield Case(case, "the look of every ten seconds, p50", look, "ms")
    sql("delete from public.dispatch_work where kind in ('nobody.knows', %s)", SCHEDULE)


# ------------------------------------------------------------------------------------------------------------ ledger


def ledger() -> Iterator[Case]:
    """The same runs by turns in a tenant that has just begun and in one with a million steps behind it."""
    fresh, full = Bench("fresh"), Bench("full")
    for bench in (fresh, full):
        bench.wait(bench.start(bench.chain, [{"amount": 1}] * 20))
    fill(full)
    took: dict[str, list[float]] = {"fresh": [], "full": []}
    for n in range(ROUNDS + 1):
        for bench in (fresh, full) if n % 2 else (full, fresh):
            seconds = bench.took(partial(bench.start, bench.chain, [{"amount": 1}] * RUNS_A_ROUND))
            if n:  # the first warms up
                took[bench.tenant.slug].append(seconds)
    cost = {slug: 1e6 * statistics.median(each) / (RUNS_A_ROUND * STEPS) for slug, each in took.items()}
    ratio = statistics.median(b / a for a, b in zip(took["fresh"], took["full"], strict=True))
    yield Case("an empty ledger", "a step, p50", cost["fresh"], "µs")
    yield Case(f"{FINISHED_STEPS:,} finished steps", "a step, p50", cost["full"], "µs")
    yield Case(f"{FINISHED_STEPS:,} finished steps", "times an empty one", ratio, "", "<= 1.1", ratio <= 1.1)


def fill(bench: Bench) -> None:
    """Multiply the runs that have ended there, with their ledgers, until there are a million entries."""
    from apps.tenants.context import tenant_context
    from apps.workflows.models import StepRun, WorkflowRun

    runs, steps = (
        [str(field.column) for field in model._meta.concrete_fields if field.column not in {"number", "seq"}]
        for model in (WorkflowRun, StepRun)
    )
    runs.append("seq")
    copies = -(-FINISHED_STEPS // (20 * STEPS))
    with tenant_context(bench.tenant):
        made = "md5(r.id::text || n)::uuid"
        sql(
            f"insert into workflows_workflowrun ({', '.join(runs)}) select "
            f"{', '.join(made if name == 'id' else f'r.{name}' for name in runs)} "
            f"from workflows_workflowrun r, generate_series(1, {copies}) n where r.finished_at is not null"
        )
        sql(
            f"insert into workflows_steprun ({', '.join(steps)}) select "
            f"{', '.join('md5(r.run_id::text || n)::uuid' if name == 'run_id' else f'r.{name}' for name in steps)} "
            f"from workflows_steprun r, generate_series(1, {copies}) n"
        )
        sql("vacuum analyze workflows_workflowrun, workflows_steprun")
        assert StepRun.objects.count() >= FINISHED_STEPS
