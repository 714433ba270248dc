"""Who goes on with a run that it has just given back need not read it: as long as nobody else had it, or told it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from apps.common.permissions import Platform
from apps.dispatch import rows, turns
from apps.dispatch.board import Board
from apps.dispatch.models import WorkRow
from apps.tenants.models import Tenant
from apps.workflows import kept, services
from apps.workflows.kept import KEPT, Kept
from apps.workflows.models import WorkflowRun
from apps.workflows.store import InHand, load
from tests.workflows.conftest import MakeWorkflow, Work
from tests.workflows.test_agent_steps import AMOUNT, idle

pytestmark = pytest.mark.usefixtures("committed_db")

Begin = Callable[..., WorkflowRun]


@pytest.fixture
def begun(workflow: MakeWorkflow, start: Callable[..., WorkflowRun], worked: Work) -> Begin:
    """`begun()`: a run whose agent waits for a worker, and that this process has just given back."""
    made = workflow(idle(1), inputs=AMOUNT, outputs={"x": "${steps.s0.value}"})

    def make() -> WorkflowRun:
        run = start(made, amount=7)
        worked("flow")
        return run

    return make


def reads(tenant: Tenant, board: Board) -> int:
    """How often a turn at agents has read a run."""
    with CaptureQueriesContext(connection) as caught:
        assert turns.turn(schema=tenant.schema_name, queue="cpu", board=board)
    return sum("from workflows_workflowrun r join" in each["sql"] for each in caught)


def test_a_run_that_waited_for_this_process_is_not_read_again(begun: Begin, acme: Tenant, board: Board) -> None:
    run = begun()
    assert reads(acme, board) == 0
    run.refresh_from_db()
    assert (run.status, run.outputs) == ("succeeded", {"x": 7})


def test_a_run_that_somebody_signalled_meanwhile_is_read_again(begun: Begin, acme: Tenant, board: Board) -> None:
    """Rule R3: what a person wants of it would be overlooked."""
    run = begun()
    services.run_cancel(who=Platform(), run=run)
    assert reads(acme, board) == 1
    run.refresh_from_db()
    assert run.status == "cancelled"


def test_a_run_that_somebody_else_had_in_hand_meanwhile_is_read_again(begun: Begin, acme: Tenant, board: Board) -> None:
    """Without a signal, as when its time has come: what that one recorded would be overlooked."""
    run = begun()
    before = WorkRow.objects.get(id=run.id)
    WorkRow.objects.filter(id=run.id).update(due_at=run.created_at)
    [claim] = rows.claim(tenant=acme.schema_name, queue="flow", limit=1, slots=9).claims
    rows.release(claim)
    assert WorkRow.objects.get(id=run.id).signal == before.signal
    assert reads(acme, board) == 1
    run.refresh_from_db()
    assert run.status == "succeeded"


def test_a_run_is_read_again_after_as_long_as_a_turn_lasts(
    begun: Begin, acme: Tenant, board: Board, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who waits for its end is read with it, and is not told by signals."""
    begun()
    monkeypatch.setattr(kept, "KEPT_FOR", -1.0)
    assert reads(acme, board) == 1


def test_a_large_run_is_not_held_in_memory(
    begun: Begin, acme: Tenant, board: Board, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kept, "LARGEST", 10)
    begun()
    assert reads(acme, board) == 1


@pytest.fixture
def hands(begun: Begin, acme: Tenant) -> list[InHand]:
    """Three runs in hand."""
    for run in [begun() for _ in range(3)]:
        services.run_pause(who=Platform(), run=run)
    return load(rows.claim(tenant=acme.schema_name, queue="flow", limit=3, slots=9).claims)


def test_a_run_is_given_once_and_to_its_own_tenant(hands: list[InHand], globex: Tenant) -> None:
    hand = hands[0]
    following = replace(hand.claim, fence=1, former=hand.claim.fence, signal=hand.claim.signal + 1)
    KEPT.keep(hand)
    assert KEPT.take(replace(following, tenant=globex.schema_name)) is None
    assert KEPT.take(following) is hand
    assert hand.claim == following
    assert KEPT.take(following) is None


def test_no_more_runs_are_kept_than_memory_allows(hands: list[InHand], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kept, "MOST", 2)
    mine = Kept()
    following = [replace(h.claim, fence=1, former=h.claim.fence, signal=h.claim.signal + 1) for h in hands]
    for hand in hands:
        mine.keep(hand)
    assert [mine.take(each) is None for each in following] == [True, False, False]
