"""Small forms of the drills on workflows: the same faults in this process, each at a moment that the test chooses."""

from __future__ import annotations

import random
import threading
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.db import connection, transaction

from apps.accounts.models import User
from apps.agents import services as agents
from apps.agents.ends import run_end
from apps.agents.models import AgentRun
from apps.common import work
from apps.dispatch import rows, turns, wakeups, worker
from apps.dispatch.board import Board
from apps.dispatch.models import DeadLetter, WorkRow
from apps.dispatch.runaways import Runaways
from apps.dispatch.services import WorkDispatcher
from apps.tenants.context import tenant_context
from apps.tenants.models import Tenant
from apps.workflows import pump, services, store
from apps.workflows.models import StepRun, WorkflowRun
from tests.drills._flows import agent_chain, inline_chain, marks
from tests.workflows.conftest import MakeWorkflow, Work, ledger
from tests.workflows.test_faults import expire
from tests.workflows.test_pump import AMOUNT, Start, after

MARKED = {"mark": {"type": "text"}, "file": {"type": "text"}}
QUEUES = ("flow", "cpu")


class Died(BaseException):
    """Ends a turn as `kill -9` does: no handler of exceptions sees it."""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "marks"


def statuses() -> Counter[str]:
    return Counter(WorkflowRun.objects.values_list("status", flat=True))


def entries(*ends: str) -> Counter[tuple[int, int, int, str]]:
    rows = StepRun.objects.values_list("step", "item", "attempt", "outcome")
    return Counter(row for row in rows if not ends or row[3] in ends)


def test_workers_that_die_at_random_lose_no_run_and_repeat_only_what_they_had_in_hand(
    acme: Tenant, workflow: MakeWorkflow, start: Start, board: Board, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    chance, deaths = random.Random(3), [0]

    def mortal(real: Callable[..., Any]) -> Callable[..., Any]:
        def call(*args: Any, **options: Any) -> Any:
            before = chance.random()
            if before < 0.06:
                deaths[0] += 1
                raise Died
            found = real(*args, **options)
            if before > 0.94:
                deaths[0] += 1
                raise Died
            return found

        return call

    made = workflow(agent_chain(4, seconds=0), inputs=MARKED)
    for n in range(10):
        start(made, mark=str(n), file=str(file))
    monkeypatch.setattr(store, "commit", mortal(store.commit))
    monkeypatch.setattr(agents, "run_end", mortal(run_end))
    while WorkRow.objects.exists():
        for queue in QUEUES:
            try:
                turns.turn(schema=acme.schema_name, queue=queue, board=board)
            except Died:
                expire()
    assert deaths[0] > 5
    assert statuses() == {"succeeded": 10}
    assert not DeadLetter.objects.exists()
    assert set(entries("succeeded").values()) == {10}
    done = Counter(marks(file))
    assert len(done) == 40
    assert sum(done.values()) - 40 <= deaths[0]


def test_an_agent_that_was_stopped_past_its_lease_writes_nothing(
    acme: Tenant, workflow: MakeWorkflow, start: Start, worked: Work
) -> None:
    start(workflow(agent_chain(1, seconds=0), inputs=MARKED), mark="x", file="")
    worked("flow")
    [stale] = rows.claim(tenant=acme.schema_name, queue="cpu", limit=1, slots=4).claims
    expire()
    worked(*QUEUES)
    columns = ("status", "attempts", "seq", "finished_at", "problem_code")
    ended = AgentRun.objects.values_list(*columns).get()
    assert ended[:2] == ("succeeded", 2)
    with pytest.raises(work.FenceLost):
        run_end(stale, AgentRun.objects.get(), AgentRun.Status.FAILED)
    with pytest.raises(work.FenceLost):
        agents.run_execute(stale)
    assert AgentRun.objects.values_list(*columns).get() == ended


def test_a_redis_that_forgets_everything_costs_no_run(
    committed_db: str, acme: Tenant, workflow: MakeWorkflow, start: Start, board: Board, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every other wake-up is lost, with whatever else Redis held; what is due is found by the tick."""
    sent: list[tuple[str, str]] = []
    monkeypatch.undo()
    monkeypatch.setattr(work, "_dispatcher", WorkDispatcher(board))

    def wake(schema: str, queue: str) -> bool:
        sent.append((schema, queue))
        return True

    monkeypatch.setattr(wakeups, "wake", wake)
    wakeups._redis().flushdb()
    made = workflow(agent_chain(3, seconds=0), inputs=MARKED)
    for n in range(5):
        start(made, mark=str(n), file="")
    delivered = 0
    runs = WorkRow.objects.filter(kind__in=["workflows.run", "agents.run"])  # the sequencer's is due later
    while runs.all().exists():
        wakeups._redis().flushdb()
        sent.clear()
        worker.tick()
        assert sent, "what is due was not found"
        for schema, queue in list(sent):
            delivered += turns.turn(schema=schema, queue=queue, board=board)
    assert statuses() == {"succeeded": 5}
    assert delivered >= 5 * 4


def test_messages_that_come_twice_and_at_once_change_nothing(
    committed_db: str, acme: Tenant, workflow: MakeWorkflow, start: Start, board: Board, file: Path
) -> None:
    made = workflow(agent_chain(2, seconds=0), inputs=MARKED)
    chained = workflow(inline_chain(5), name="chained", inputs=AMOUNT)
    for n in range(6):
        start(made, mark=str(n), file=str(file))
        start(chained, amount=n)

    def receive(queue: str) -> None:
        try:
            with tenant_context(acme):
                turns.turn(schema=acme.schema_name, queue=queue, board=board)
        finally:
            connection.close()

    while WorkRow.objects.exists():
        twice = [threading.Thread(target=receive, args=[queue]) for queue in QUEUES for _ in range(2)]
        for each in twice:
            each.start()
        for each in twice:
            each.join()
    assert statuses() == {"succeeded": 12}
    for run in WorkflowRun.objects.filter(workflow=chained):
        assert ledger(run) == [(n, -1, 1, "succeeded") for n in range(5)]
    for run in WorkflowRun.objects.filter(workflow=made):
        assert ledger(run) == [(n, -1, 1, end) for n in range(2) for end in ("opened", "succeeded")]
    assert sorted(marks(file)) == sorted(f"{n}:{step}" for n in range(6) for step in range(2))


def test_whichever_statement_the_database_goes_away_at_a_run_finishes_and_each_step_is_recorded_once(
    committed_db: str, acme: Tenant, workflow: MakeWorkflow, start: Start, board: Board
) -> None:
    steps = inline_chain(2) | {
        "ask": {"kind": "agent", "agent": "dummy.stepper", "input": {"seconds": 0}},
        "then": {"kind": "transform", "set": {"x": 1}},
    }
    made = workflow(steps, inputs=AMOUNT, outputs={"sum": "${steps.s1.x}"})
    at, was_away = -2, True
    while was_away:  # until a run needs fewer statements than that
        at += 3
        run, was_away = start(made, amount=at), False
        left = [at]

        def go_away(execute: Any, sql: str, *what: Any) -> Any:
            left[0] -= 1  # noqa: B023
            if left[0] == 0:  # noqa: B023
                with connection.wrap_database_errors:
                    connection.connection.execute("select pg_terminate_backend(pg_backend_pid())")
            return execute(sql, *what)

        with connection.execute_wrapper(go_away):
            for _ in range(8):
                for queue in QUEUES:
                    try:
                        turns.turn(schema=acme.schema_name, queue=queue, board=board)
                    except Exception:  # noqa: BLE001  # as Celery takes it: the wake-up is over
                        connection.close()
                    if left[0] <= 0 and not was_away:
                        was_away = True
                        expire()
        assert after(run).status == "succeeded", f"statement {at}"
        assert run.outputs == {"sum": at + 1}
        ends = [entry for entry in ledger(run) if entry[3] != "opened"]
        assert ends == [(n, -1, 1, "succeeded") for n in range(4)], f"statement {at}"
    assert at > 20
    assert not DeadLetter.objects.exists()


def test_a_tenant_that_floods_makes_way_for_another_that_waits(
    committed_db: str,
    acme: Tenant,
    globex: Tenant,
    workflow: MakeWorkflow,
    builder: User,
    board: Board,
    settings: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    made = workflow(inline_chain(40), inputs=AMOUNT)
    services.runs_start(who=builder, user=builder, workflow=made, data=[{"amount": 1}] * 100, origin="api")
    monkeypatch.setattr(pump, "LOOK_EVERY", 0.0)
    queue = f"{settings.CELERY_BROKER_TRANSPORT_OPTIONS['global_keyprefix']}flow"
    wakeups._redis().delete(queue)
    wakeups._redis().rpush(queue, f"the wake-up of {globex.schema_name}")
    try:
        taken = turns.turn(schema=acme.schema_name, queue="flow", board=board)
    finally:
        wakeups._redis().delete(queue)
    assert taken == turns.TOGETHER // 2
    assert statuses()["succeeded"] == 0
    assert not StepRun.objects.exists(), "it went on although somebody waits"
    assert not WorkRow.objects.filter(lease_until__isnull=False).exists(), "it gave its rows back"


def test_an_agent_without_an_end_is_timed_out_and_stopped_and_its_step_says_so(
    committed_db: str, acme: Tenant, workflow: MakeWorkflow, start: Start, worked: Work, board: Board, file: Path
) -> None:
    asked = {"mark": "on", "file": str(file), "mood": "endless"}
    ask = {"kind": "agent", "agent": "dummy.stepper", "input": asked, "timeout": "1h"}
    run = start(workflow({"ask": ask, "then": {"kind": "transform", "set": {"x": 1}}}))
    worked("flow")

    def compute() -> None:
        try:
            with tenant_context(acme):
                turns.turn(schema=acme.schema_name, queue="cpu", board=board)
        finally:
            connection.close()

    agent = threading.Thread(target=compute)
    agent.start()
    while not marks(file):
        pass
    StepRun.objects.filter(run=run).update(due="2020-01-01T00:00:00Z")
    with transaction.atomic():
        work.signal("workflows.run", run.id)
    worked("flow")
    assert after(run).status == "failed"
    worker.beat(board, Runaways())
    agent.join(30)
    assert not agent.is_alive()
    assert run.problem is not None
    assert (run.problem["code"], run.problem["step"]) == ("step_timeout", "ask")
    assert ledger(run) == [(0, -1, 1, "opened"), (0, -1, 1, "failed")]
    assert AgentRun.objects.get().status == "cancelled"
    worked(*QUEUES)
    assert not WorkRow.objects.exists()
