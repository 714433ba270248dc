"""Heartbeats, the tick, and the memory that a worker's processes share."""

from __future__ import annotations

import gc
import os
import sys
import time
from typing import Any

import pytest
from celery import signals
from django.db import OperationalError, connection, transaction

from apps.common import work
from apps.common.ids import uuid7
from apps.common.work import Claim
from apps.dispatch import rows, wakeups, worker
from apps.dispatch.board import PER_PROCESS, Board
from apps.tenants import services as tenants
from apps.tenants.context import public_context
from apps.tenants.models import Tenant
from orchestrall import celery
from tests.dispatch.conftest import KIND, Take, expire, scheduled


def claim_of(kind: str = KIND) -> Claim:
    return Claim(kind, uuid7(), "t_acme", fence=2**61, signal=3, deaths=1)


def test_a_claim_in_hand_is_on_the_board_and_gone_afterwards() -> None:
    board, claim = Board(), claim_of()
    with board.hold(claim):
        [held] = board.held()
        assert (held.claim, held.pid) == (claim, os.getpid())
    assert board.held() == []


def test_a_parent_sees_what_its_child_holds_and_the_child_what_the_parent_leaves() -> None:
    board, claim = Board(number=lambda: 5), claim_of()
    told, tell = os.pipe()
    asked, ask = os.pipe()
    child = os.fork()
    if child == 0:  # no test framework here: the exit status is the answer
        with board.hold(claim):
            before = board.stopping(claim)
            os.write(tell, b".")
            os.read(asked, 1)
            os._exit(0 if board.stopping(claim) and not before else 1)
    os.read(told, 1)
    [held] = board.held()
    assert (held.claim, held.pid) == (claim, child)
    board.news(held.place, signalled=True, lost=False, until=time.monotonic() + 60)
    os.write(ask, b".")
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert board.held() == [], "a dead child holds nothing"
    for end in (told, tell, asked, ask):
        os.close(end)


@pytest.mark.parametrize("news", [{"signalled": True}, {"lost": True}, {"until": 0.0}])
def test_work_is_told_to_stop(news: dict[str, Any]) -> None:
    board, claim = Board(), claim_of()
    with board.hold(claim):
        assert not board.stopping(claim)
        [held] = board.held()
        board.news(held.place, **{"signalled": False, "lost": False, "until": time.monotonic() + 60, **news})
        assert board.stopping(claim)


def test_more_claims_than_places_are_refused() -> None:
    board = Board()
    holds = [board.hold(claim_of()) for _ in range(PER_PROCESS)]
    for hold in holds:
        hold.__enter__()
    with pytest.raises(RuntimeError, match="lower the pool"), board.hold(claim_of()):
        pytest.fail("there is no place for it")
    for hold in holds:
        hold.__exit__(None, None, None)


def test_a_heartbeat_keeps_a_lease_and_tells_of_a_signal(take: Take, board: Board) -> None:
    [id] = scheduled()
    [claim] = take()
    with board.hold(claim):
        worker.beat(board)
        assert not work.stopping(claim)
        with transaction.atomic():
            work.signal(KIND, id)
        assert not work.stopping(claim), "it costs no query, so it is known with the next beat"
        worker.beat(board)
        assert work.stopping(claim)


def test_a_heartbeat_tells_of_a_lease_that_passed_on(take: Take, board: Board) -> None:
    [id] = scheduled()
    [claim] = take()
    with board.hold(claim):
        expire(id)
        take()
        worker.beat(board)
        assert work.stopping(claim)


def test_a_heartbeat_tells_of_a_row_that_is_gone(take: Take, board: Board) -> None:
    [id] = scheduled()
    [claim] = take()
    with board.hold(claim):
        with connection.cursor() as cursor:
            cursor.execute("delete from public.dispatch_work where id = %s", [id])
        worker.beat(board)
        assert work.stopping(claim)


def test_a_worker_that_is_alive_touches_its_file(take: Take, board: Board, settings: Any, tmp_path: Any) -> None:
    settings.WORKER_ALIVE_FILE = str(tmp_path / "alive")
    worker.beat(board)
    assert (tmp_path / "alive").exists()


def test_a_worker_is_alive_while_the_database_is_away(
    board: Board, settings: Any, tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(claims: object) -> None:
        raise OperationalError

    settings.WORKER_ALIVE_FILE = str(tmp_path / "alive")
    monkeypatch.setattr("apps.dispatch.rows.renew", away)
    with pytest.raises(OperationalError):
        worker.beat(board)
    assert (tmp_path / "alive").exists()


def test_the_tick_wakes_for_work_whose_wake_up_was_lost(take: Take, acme: Tenant, wakes: list[Any]) -> None:
    scheduled()
    wakes.clear()
    assert worker.tick() == 1
    assert wakes == [(acme.schema_name, "cpu")]


def test_the_tick_wakes_for_work_whose_holder_died(take: Take, acme: Tenant, wakes: list[Any]) -> None:
    [id] = scheduled()
    take()
    wakes.clear()
    assert worker.tick() == 0
    expire(id)
    assert worker.tick() == 1


def test_the_tick_adds_nothing_while_wake_ups_wait_for_busy_workers(
    take: Take, acme: Tenant, wakes: list[Any], settings: Any
) -> None:
    """Rule R10: otherwise they would pile up for as long as every worker computes."""
    scheduled()
    wakes.clear()
    queue = f"{settings.CELERY_BROKER_TRANSPORT_OPTIONS['global_keyprefix']}cpu"
    wakeups._redis().delete(queue)
    wakeups._redis().rpush(queue, "a wake-up that no worker has taken")
    try:
        assert worker.tick() == 0
    finally:
        wakeups._redis().delete(queue)
    assert worker.tick() == 1


def test_the_tick_leaves_suspended_tenants_alone(take: Take, acme: Tenant, wakes: list[Any]) -> None:
    scheduled()
    tenants.tenant_suspend(tenant=acme)
    wakes.clear()
    assert worker.tick() == 0


def test_the_tick_looks_at_tenants_and_not_at_rows(
    take: Take, acme: Tenant, django_assert_num_queries: Any, wakes: list[Any]
) -> None:
    scheduled(30)
    with public_context():  # where the thread of the tick is
        worker.tick()
        with django_assert_num_queries(2):
            worker.tick()


def test_a_redis_that_is_away_costs_nobody_an_error(settings: Any) -> None:
    settings.REDIS_URL = "redis://127.0.0.1:1/0"
    wakeups._redis.cache_clear()
    try:
        assert not wakeups.wake("t_nobody", "cpu")
        wakeups.received("t_nobody", "cpu")
    finally:
        wakeups._redis.cache_clear()


def test_rows_that_were_lost_are_made_again_from_the_tables(take: Take, acme: Tenant) -> None:
    """Rule R7: the index is not the truth."""
    from apps.dispatch.services import work_rebuild
    from tests.dummy.handlers import DummyWork

    work_rebuild()  # what every tenant has, whatever else it does
    [kept] = scheduled()
    lost = uuid7()
    DummyWork.wanted.extend([kept, lost])
    assert work_rebuild() == {KIND: 1}
    assert {claim.id for claim in take(limit=5, slots=5)} == {kept, lost}
    assert work_rebuild() == {}


def test_a_deleted_tenant_leaves_no_rows(committed_db: str, acme: Tenant, board: Board, wakes: list[Any]) -> None:
    scheduled(2)
    tenants.tenant_delete(tenant=acme, now=True)
    assert rows.counts() == []


def test_rows_are_counted_for_metrics(take: Take) -> None:
    scheduled(3)
    take()
    assert sorted(rows.counts()) == [("cpu", "due", 2), ("cpu", "held", 1)]


@pytest.mark.parametrize("signal", [signals.worker_ready, signals.worker_before_create_process])
def test_a_worker_settles_before_it_works_or_forks(signal: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """No look through all that is loaded, and no thread that computes, keeps others waiting for long."""
    asked: list[object] = []
    monkeypatch.setattr(gc, "freeze", lambda: asked.append("freeze"))
    monkeypatch.setattr(sys, "setswitchinterval", asked.append)
    assert celery.settle in signal._live_receivers(None)
    celery.settle()
    assert asked == ["freeze", 0.001]
