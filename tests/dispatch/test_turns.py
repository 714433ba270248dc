"""What a worker does with a wake-up."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.db import OperationalError, connection, transaction

from apps.common import work
from apps.common.ids import uuid7
from apps.common.work import Claim, fenced
from apps.dispatch import pumping, rows, turns, wakeups
from apps.dispatch.board import Board
from apps.dispatch.models import DeadLetter
from apps.tenants import services as tenants
from apps.tenants.context import current_schema, tenant_context
from apps.tenants.models import Tenant
from tests.dispatch.conftest import KIND, Take, expire, run_turn, scheduled, stored
from tests.dummy.handlers import DummyWork

pytestmark = pytest.mark.usefixtures("take")


def test_a_turn_performs_what_is_due_one_after_another_inside_the_tenant(acme: Tenant, board: Board) -> None:
    ids = scheduled(3)
    schemas = []

    def do(claim: Claim) -> None:
        schemas.append(current_schema())
        with fenced(claim) as row:
            row.finish()

    DummyWork.do = do
    assert run_turn(acme, board) == 3
    assert [claim.id for claim in DummyWork.performed] == ids
    assert schemas == [acme.schema_name] * 3
    assert [stored(id) for id in ids] == [None] * 3


def test_a_turn_with_nothing_due_does_nothing(acme: Tenant, board: Board) -> None:
    assert run_turn(acme, board) == 0


def test_a_turn_that_leaves_work_behind_wakes_another(acme: Tenant, board: Board, wakes: list[Any]) -> None:
    scheduled(2)
    wakes.clear()
    run_turn(acme, board)
    assert wakes == [(acme.schema_name, "cpu")]


def test_a_turn_ends_when_its_time_is_over_so_that_others_come_to_their_turn(
    acme: Tenant, board: Board, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(turns, "LONGEST", 0.0)
    scheduled(3)
    assert run_turn(acme, board) == 1


def test_a_turn_claims_no_more_than_its_process_can_keep_the_leases_of(
    acme: Tenant, board: Board, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("apps.dispatch.board.PER_PROCESS", 3)
    monkeypatch.setattr(DummyWork, "queue", "flow")
    ids, held = scheduled(7), []

    def do(claim: Claim) -> None:
        held.append(len(board.held()))
        with fenced(claim) as row:
            row.finish()

    DummyWork.do = do
    turns.turn(schema=acme.schema_name, queue="flow", board=board)
    assert [stored(id) for id in ids] == [None] * 7
    assert max(held) == 3


def test_a_turn_ends_after_what_is_in_hand_when_another_tenant_waits(
    acme: Tenant, board: Board, wakes: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(wakeups, "others_waiting", lambda schema, queue: (schema, queue) == (acme.schema_name, "cpu"))
    scheduled(3)
    wakes.clear()
    assert run_turn(acme, board) == 1
    assert wakes == [(acme.schema_name, "cpu")], "it goes on in a turn of its own"


def test_a_process_pumps_a_tenant_twice_at_most_and_misses_nobody_who_came_meanwhile(
    acme: Tenant, board: Board, monkeypatch: pytest.MonkeyPatch, wakes: list[Any]
) -> None:
    monkeypatch.setattr(DummyWork, "queue", "flow")
    scheduled(1)
    nested: list[int] = []

    def again() -> int:
        return turns.turn(schema=acme.schema_name, queue="flow", board=board)

    def do(claim: Claim) -> None:
        monkeypatch.setattr(pumping, "AT_ONCE", 1)  # as if this turn had been the second
        nested.append(again())  # somebody is woken meanwhile, for work that this turn may not see any more
        wakes.clear()
        with fenced(claim) as row:
            row.finish()

    DummyWork.do = do
    assert again() == 1
    assert nested == [0]
    assert wakes == [(acme.schema_name, "flow")]
    wakes.clear()
    assert again() == 0
    assert wakes == []


def test_a_turn_takes_its_place_before_it_asks_for_anything_and_makes_way_before_each_claim(
    acme: Tenant, board: Board, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Rule R10: those who flood the process make way while it is still on its way to the database."""
    monkeypatch.setattr(DummyWork, "queue", "flow")
    scheduled(1)
    happened: list[str] = []

    def noting(name: str, do: Callable[..., Any]) -> Callable[..., Any]:
        def noted(*args: Any, **asked: Any) -> Any:
            happened.append(name)
            return do(*args, **asked)

        return noted

    for place, name in (
        (pumping.PUMPING, "enter"),
        (wakeups, "received"),
        (pumping.PUMPING, "make_way"),
        (rows, "claim"),
    ):
        monkeypatch.setattr(place, name, noting(name, getattr(place, name)))
    assert turns.turn(schema=acme.schema_name, queue="flow", board=board) == 1
    assert happened == ["enter", "received", *["make_way", "claim"] * 2]


@pytest.mark.parametrize(("is_shared", "most"), [(False, turns.TOGETHER), (True, turns.TOGETHER // 8)])
def test_a_pump_takes_few_rows_at_a_time_while_tenants_share_its_process(
    acme: Tenant, board: Board, monkeypatch: pytest.MonkeyPatch, is_shared: bool, most: int
) -> None:
    """Rule R10: who comes waits for the piece of work that others have begun."""
    monkeypatch.setattr(pumping.PUMPING, "is_shared", lambda: is_shared)
    asked: list[int] = []

    def claim(*, limit: int, **_: Any) -> rows.Claimed:
        asked.append(limit)
        return rows.Claimed([], more=False)

    monkeypatch.setattr(rows, "claim", claim)
    turns.turn(schema=acme.schema_name, queue="flow", board=board)
    assert asked == [most]


def test_a_tenant_gets_no_more_rows_in_hand_than_its_quota(acme: Tenant, board: Board, take: Take) -> None:
    tenants.tenant_change(tenant=acme, max_running_runs=1)
    scheduled(2)
    assert len(take()) == 1
    assert run_turn(acme, board) == 0


def test_work_of_a_suspended_tenant_waits_until_it_is_open_again(acme: Tenant, board: Board) -> None:
    [id] = scheduled()
    tenants.tenant_suspend(tenant=acme)
    assert run_turn(acme, board) == 0
    assert stored(id)
    tenants.tenant_resume(tenant=acme)
    assert run_turn(acme, board) == 1


def test_work_that_leaves_without_finishing_is_due_again_at_once(acme: Tenant, board: Board) -> None:
    [id] = scheduled()
    DummyWork.do = lambda claim: setattr(DummyWork, "do", None)
    assert run_turn(acme, board) == 2
    assert [claim.deaths for claim in DummyWork.performed] == [0, 0]
    assert stored(id) is None


def test_work_that_fails_keeps_its_lease_so_that_it_is_not_tried_in_a_loop(acme: Tenant, board: Board) -> None:
    [id] = scheduled()

    def do(claim: Claim) -> None:
        raise ZeroDivisionError

    DummyWork.do = do
    assert run_turn(acme, board) == 1
    row = stored(id)
    assert row
    assert row["leased"]


def test_a_third_death_is_buried_instead_of_handed_out(acme: Tenant, board: Board, take: Take) -> None:
    """Rule R6: the dead letter carries its cause and the row leaves the index."""
    [id] = scheduled()
    for _ in range(3):
        take()
        expire(id)
    assert run_turn(acme, board) == 1
    assert DummyWork.performed == []
    [(buried, cause)] = DummyWork.buried
    assert buried == id
    assert "3 workers died" in cause
    assert stored(id) is None
    letter = DeadLetter.objects.get(id=id)
    assert (letter.tenant, letter.cause) == (acme.schema_name, cause)


def test_what_was_buried_is_performed_again_after_a_requeue(acme: Tenant, board: Board, take: Take) -> None:
    [id] = scheduled()
    for _ in range(3):
        take()
        expire(id)
    run_turn(acme, board)
    assert work.requeue(KIND, id)
    assert DummyWork.revived == [id]
    assert not DeadLetter.objects.filter(id=id).exists()
    run_turn(acme, board)
    assert [claim.deaths for claim in DummyWork.performed] == [0]


def test_nothing_is_requeued_that_was_not_given_up_here(acme: Tenant, globex: Tenant, board: Board, take: Take) -> None:
    [id] = scheduled()
    for _ in range(3):
        take()
        expire(id)
    run_turn(acme, board)
    with tenant_context(globex):
        assert not work.requeue(KIND, id)
    assert not work.requeue(KIND, uuid7())


def test_a_burial_that_fails_is_tried_again(
    acme: Tenant, board: Board, take: Take, monkeypatch: pytest.MonkeyPatch
) -> None:
    [id] = scheduled()
    for _ in range(3):
        take()
        expire(id)
    with monkeypatch.context() as patch:
        patch.setattr(DummyWork, "bury", lambda *_: 1 / 0)
        run_turn(acme, board)
    assert not DeadLetter.objects.filter(id=id).exists()
    expire(id)
    run_turn(acme, board)
    assert DeadLetter.objects.filter(id=id).exists()


def test_a_broken_connection_ends_the_turn_and_counts_no_death(acme: Tenant, board: Board) -> None:
    [id] = scheduled()

    def do(claim: Claim) -> None:
        DummyWork.do = None
        raise OperationalError("server closed the connection unexpectedly")

    DummyWork.do = do
    assert run_turn(acme, board) == 1
    assert run_turn(acme, board) == 1
    assert [claim.deaths for claim in DummyWork.performed] == [0, 0]
    assert stored(id) is None


def test_a_connection_that_broke_between_two_turns_costs_one_turn_and_not_every_later_one(
    acme: Tenant, board: Board
) -> None:
    [id] = scheduled()
    connection.connection.close()  # as after a restart of PostgreSQL: Django does not know
    assert run_turn(acme, board) == 0
    assert run_turn(acme, board) == 1
    assert stored(id) is None


def test_work_whose_fence_was_lost_is_dropped(acme: Tenant, board: Board) -> None:
    [id] = scheduled()

    def do(claim: Claim) -> None:
        with connection.cursor() as cursor:
            cursor.execute("update public.dispatch_work set fence = 7 where id = %s", [id])
        with fenced(claim) as row:
            row.finish()

    DummyWork.do = do
    assert run_turn(acme, board) == 1
    row = stored(id)
    assert row
    assert row["fence"] == 7


def test_a_turn_stops_claiming_when_its_worker_is_to_end(acme: Tenant, board: Board) -> None:
    ids = scheduled(3)

    def do(claim: Claim) -> None:
        board.end()
        assert work.stopping(claim)

    DummyWork.do = do
    assert run_turn(acme, board) == 1
    row = stored(ids[0])
    assert row
    assert not row["leased"], "it was given back"


def test_platform_work_is_performed_in_public(acme: Tenant, board: Board) -> None:
    with transaction.atomic():
        work.schedule("dummy.platform", uuid7())
    assert turns.turn(schema="public", queue="io", board=board) == 1
    assert rows.counts() == []
