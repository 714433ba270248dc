"""Rule R9: who finishes an agent's run takes up the run that waits for it, and then its own next row."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from apps.agents import endings
from apps.agents.models import AgentRun
from apps.agents.services import run_execute
from apps.common.ids import uuid7
from apps.common.permissions import Platform
from apps.dispatch import rounds, rows, single, turns, wakeups
from apps.dispatch.board import Board
from apps.dispatch.models import WorkRow
from apps.tenants.context import public_context, tenant_context
from apps.tenants.models import Tenant
from apps.workflows import kept, services
from apps.workflows.models import WorkflowRun
from apps.workflows.pump import Pump
from tests.workflows.conftest import MakeWorkflow, Work, doom

# Messages are sent, and ends kept, when a transaction has really committed.
pytestmark = pytest.mark.usefixtures("committed_db")

Start = Callable[..., WorkflowRun]
AMOUNT = {"amount": {"type": "number"}}


def idle(count: int) -> dict[str, Any]:
    """Steps of an agent that does nothing, each with the number of the one before."""
    steps: dict[str, Any] = {"s0": {"kind": "agent", "agent": "dummy.idle", "input": {"value": "${inputs.amount}"}}}
    for n in range(1, count):
        steps[f"s{n}"] = {"kind": "agent", "agent": "dummy.idle", "input": {"value": f"${{steps.s{n - 1}.value}}"}}
    return steps


@pytest.fixture
def wakes(board: Board, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The queues that a worker was woken for."""
    sent: list[str] = []

    def wake(_tenant: str, queue: str) -> bool:
        sent.append(queue)
        return True

    monkeypatch.setattr(wakeups, "wake", wake)
    return sent


@pytest.fixture
def begun(workflow: MakeWorkflow, start: Start, worked: Work) -> Callable[[dict[str, Any]], WorkflowRun]:
    """`begun(steps)`: a run whose first agents are waiting for a worker."""

    def make(steps: dict[str, Any]) -> WorkflowRun:
        run = start(workflow(steps, inputs=AMOUNT, outputs={"x": "${inputs.amount}"}), amount=7)
        worked("flow")
        return run

    return make


def turn(tenant: Tenant, board: Board, queue: str = "cpu") -> int:
    return turns.turn(schema=tenant.schema_name, queue=queue, board=board)


def test_a_chain_of_agents_ends_in_one_turn_without_a_message(
    begun: Callable[..., WorkflowRun], acme: Tenant, board: Board, wakes: list[str]
) -> None:
    run = begun(idle(4))
    wakes.clear()
    assert turn(acme, board) == 4
    run.refresh_from_db()
    assert run.status == "succeeded"
    assert wakes == []
    assert not WorkRow.objects.exists()


@pytest.mark.parametrize(("most_kept", "most"), [(0, 5), (9, 3)])
def test_a_step_of_an_agent_costs_at_most_five_statements_and_three_where_the_run_is_known(
    begun: Callable[..., WorkflowRun],
    acme: Tenant,
    board: Board,
    monkeypatch: pytest.MonkeyPatch,
    most_kept: int,
    most: int,
) -> None:
    monkeypatch.setattr(kept, "MOST", most_kept)
    begun(idle(1))
    turn(acme, board)  # what is looked up once: the tenant, its key
    begun(idle(10))
    with CaptureQueriesContext(connection) as caught:
        assert turn(acme, board) == 10
    # The turn's last claim finds nothing; the time is asked for once a second, whatever is done in it.
    asked = [each["sql"] for each in caught if each["sql"] != "select clock_timestamp()"][:-1]
    assert len(asked) <= most * 10, "\n".join(sql[:200] for sql in asked)


def test_a_run_that_is_in_hand_is_told_and_not_taken(
    begun: Callable[..., WorkflowRun], acme: Tenant, board: Board, wakes: list[str]
) -> None:
    run = begun(idle(1))
    services.run_pause(who=Platform(), run=run)
    [held] = rows.claim(tenant=acme.schema_name, queue="flow", limit=1, slots=9).claims
    wakes.clear()
    turn(acme, board)
    row = WorkRow.objects.get(id=run.id)
    assert (row.fence, row.signal) == (held.fence, held.signal + 1)
    assert wakes == [], "its holder learns of it when it gives the row back"


def test_a_run_whose_holders_died_is_left_to_a_claim_which_counts_them(
    begun: Callable[..., WorkflowRun], acme: Tenant, board: Board, wakes: list[str]
) -> None:
    run = begun(idle(1))
    WorkRow.objects.filter(id=run.id).update(deaths=1)
    wakes.clear()
    turn(acme, board)
    row = WorkRow.objects.get(id=run.id)
    assert row.lease_until is None
    assert wakes == ["flow"]


def test_an_agent_that_ends_outside_a_turn_wakes_a_worker_for_the_run(
    begun: Callable[..., WorkflowRun], acme: Tenant, board: Board, wakes: list[str]
) -> None:
    run = begun(idle(1))
    [claim] = rows.claim(tenant=acme.schema_name, queue="cpu", limit=1, slots=9).claims
    wakes.clear()
    run_execute(claim)
    assert wakes == ["flow"]
    assert WorkRow.objects.get(id=run.id).lease_until is None


def test_the_last_of_parallel_agents_carries_on(
    begun: Callable[..., WorkflowRun], acme: Tenant, board: Board, wakes: list[str]
) -> None:
    both = {name: {**step, "input": {"value": 1}} for name, step in idle(2).items()}
    run = begun(both)
    assert turn(acme, board) == 2
    run.refresh_from_db()
    assert run.status == "succeeded"


def test_a_round_that_is_not_recorded_begins_no_agent(
    workflow: MakeWorkflow, start: Start, acme: Tenant, board: Board, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a step opens is written for rows whose fence is still ours, and for no others (rule R2)."""
    run = start(workflow(idle(1), inputs=AMOUNT), amount=1)
    [claim] = rows.claim(tenant=acme.schema_name, queue="flow", limit=1, slots=9).claims
    pump = Pump([claim])
    WorkRow.objects.filter(id=run.id).update(fence=claim.fence + 1)
    pump.run()
    assert not AgentRun.objects.exists()
    assert [row.id for row in WorkRow.objects.all()] == [run.id]


def test_an_end_is_kept_for_its_own_tenant_and_given_once(acme: Tenant, globex: Tenant) -> None:
    id, ended = uuid7(), endings.Ended("R-1", "succeeded", {"x": 1})
    endings.keep(id, ended)
    with tenant_context(globex):
        assert endings.take(id) is None
    assert endings.take(id) == ended
    assert endings.take(id) is None


def test_no_more_ends_are_kept_than_a_process_has_use_for(acme: Tenant) -> None:
    ids = [uuid7() for _ in range(endings.KEPT + 1)]
    for id in ids:
        endings.keep(id, endings.Ended("R-1", "succeeded"))
    assert [endings.take(id) is None for id in ids] == [True] + [False] * endings.KEPT


@pytest.fixture
def lasting(acme: Tenant, monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, bool]]:
    """Of each end and each round that is recorded from now on: whether the disk had it when it returned."""
    found: list[tuple[str, bool]] = []

    def noted(name: str, record: Callable[..., Any]) -> Callable[..., Any]:
        def recorded(*args: Any, **more: Any) -> Any:
            with connection.cursor() as cursor:
                cursor.execute("set synchronous_commit = on")  # as everywhere but in tests
                cursor.execute("select pg_current_wal_insert_lsn()")
                before = cursor.fetchone()[0]
                answer = record(*args, **more)
                cursor.execute("select pg_current_wal_flush_lsn() > %s::pg_lsn", [before])
                found.append((name, cursor.fetchone()[0]))
            return answer

        return recorded

    monkeypatch.setattr(single, "end", noted("end", single.end))
    monkeypatch.setattr(rounds, "commit", noted("round", rounds.commit))
    return found


def test_an_end_is_on_the_disk_before_the_next_step_begins(
    begun: Callable[..., WorkflowRun], acme: Tenant, board: Board, lasting: list[tuple[str, bool]]
) -> None:
    """The next step begins by a commit that waits for the disk, and so for all that was committed before it."""
    begun(idle(3))
    lasting.clear()
    assert turn(acme, board) == 3
    assert [each for each in lasting if each[0] == "round"] == [("round", True)] * 3


def test_an_end_that_nobody_follows_up_waits_for_the_disk_itself(
    begun: Callable[..., WorkflowRun], acme: Tenant, lasting: list[tuple[str, bool]]
) -> None:
    begun(idle(1))
    [claim] = rows.claim(tenant=acme.schema_name, queue="cpu", limit=1, slots=9).claims
    lasting.clear()
    run_execute(claim)
    assert lasting == [("end", True)]


def test_a_claim_begins_the_run_and_leaves_one_that_is_to_be_cancelled(
    begun: Callable[..., WorkflowRun], acme: Tenant, board: Board
) -> None:
    for _ in range(2):
        began = begun(idle(1)).created_at
    first, second = AgentRun.objects.order_by("id")
    AgentRun.objects.filter(id=second.id).update(cancel_requested_at=began)
    claims = [rows.claim(tenant=acme.schema_name, queue="cpu", limit=1, slots=9).claims[0] for _ in range(2)]
    assert [(claim.id, claim.begun is not None) for claim in claims] == [(first.id, True), (second.id, False)]
    assert dict(AgentRun.objects.values_list("id", "status")) == {first.id: "running", second.id: "queued"}
    for claim in claims:
        run_execute(claim)
    assert dict(AgentRun.objects.values_list("id", "status")) == {first.id: "succeeded", second.id: "cancelled"}
    first.refresh_from_db()
    assert (first.attempts, first.started_at is not None) == (1, True)


def test_a_run_that_somebody_has_locked_holds_up_no_claim_and_begins_behind_the_fence(
    begun: Callable[..., WorkflowRun], acme: Tenant, board: Board
) -> None:
    begun(idle(1))
    [run] = AgentRun.objects.all()

    other: Any = connection.copy()
    other.set_tenant(acme)
    other.set_autocommit(False)
    try:
        with other.cursor() as cursor:
            cursor.execute("select from agents_agentrun where id = %s for update", [run.id])
        [claim] = rows.claim(tenant=acme.schema_name, queue="cpu", limit=1, slots=9).claims
    finally:
        other.rollback()
        other.close()
    assert (claim.id, claim.begun) == (run.id, None)
    run_execute(claim)
    run.refresh_from_db()
    assert (run.status, run.attempts) == ("succeeded", 1)


def test_a_claim_from_outside_of_its_tenant_begins_nothing(begun: Callable[..., WorkflowRun], acme: Tenant) -> None:
    begun(idle(1))
    with public_context():
        [claim] = rows.claim(tenant=acme.schema_name, queue="cpu", limit=1, slots=9).claims
    assert claim.begun is None
    assert AgentRun.objects.get(id=claim.id).status == "queued"


def test_a_run_whose_workers_have_died_three_times_is_not_begun_again(
    begun: Callable[..., WorkflowRun], acme: Tenant
) -> None:
    begun(idle(1))
    [run] = AgentRun.objects.all()
    doom(run)
    [claim] = rows.claim(tenant=acme.schema_name, queue="cpu", limit=1, slots=9).claims
    assert (claim.id, claim.begun) == (run.id, None)
