"""Processes that do not leave their work when they are told to (rule R9)."""

from __future__ import annotations

import os
import select
import signal
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any
from uuid import UUID

import pytest
from django.db import connection, transaction

from apps.common import work
from apps.common.work import Claim
from apps.dispatch import rows, worker
from apps.dispatch.board import Board, Held
from apps.dispatch.runaways import Runaways
from apps.tenants.context import tenant_context
from apps.tenants.models import Tenant
from tests.dispatch.conftest import KIND, Take, scheduled, stored
from tests.dummy.handlers import DummyWork

Child = Callable[..., int]


@pytest.fixture
def child(board: Board) -> Iterator[Child]:
    """`child(*claims)`: a process that shows the claims on the board and never leaves them. Returns its id."""
    made: list[int] = []

    def begin(*claims: Claim) -> int:
        told, tell = os.pipe()
        pid = os.fork()
        if pid == 0:  # it has the parent's connection, and must not use it
            board._number = lambda: 1
            with board.hold(*claims):
                os.write(tell, b".")
                while True:
                    signal.pause()
        os.read(told, 1)
        os.close(told)
        os.close(tell)
        made.append(pid)
        return pid

    yield begin
    for pid in made:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)


def is_killed(pid: int) -> bool:
    """Whether a child that nobody has waited for yet was killed; it stays for others to wait for."""
    for _ in range(200):
        found = os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT | os.WNOHANG)
        if found is not None:
            return found.si_status == signal.SIGKILL
        select.select([], [], [], 0.05)
    return False


def runs(pid: int) -> bool:
    return os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT | os.WNOHANG) is None


def told(id: UUID) -> None:
    with transaction.atomic():
        work.signal(KIND, id)


def test_a_process_that_does_not_leave_is_killed_and_its_row_is_given_back_without_a_death(
    take: Take, board: Board, child: Child
) -> None:
    [id] = scheduled()
    pid = child(*take())
    worker.beat(board, Runaways())
    assert runs(pid), "nobody has told it to leave"
    told(id)
    worker.beat(board, Runaways())
    assert is_killed(pid)
    assert stored(id) is not None
    assert not stored(id)["leased"]  # type: ignore[index]
    [again] = take()
    assert (again.id, again.deaths) == (id, 0)


def test_a_process_has_the_time_of_its_kind_to_leave(
    take: Take, board: Board, child: Child, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(DummyWork, "leave_within", 60.0)
    [id] = scheduled()
    pid, runaways = child(*take()), Runaways()
    told(id)
    worker.beat(board, runaways)
    worker.beat(board, runaways)
    assert runs(pid)
    later = time.monotonic() + 61
    monkeypatch.setattr(time, "monotonic", lambda: later)
    worker.beat(board, runaways)
    assert is_killed(pid)


def test_work_that_is_waited_for_is_never_killed(
    take: Take, board: Board, child: Child, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(DummyWork, "leave_within", None)
    [id] = scheduled()
    pid = child(*take())
    told(id)
    worker.beat(board, Runaways())
    assert runs(pid)


def test_a_process_whose_lease_passed_on_is_killed_and_the_new_holder_keeps_the_row(
    take: Take, board: Board, child: Child
) -> None:
    [id] = scheduled()
    pid = child(*take())
    with connection.cursor() as cursor:
        cursor.execute("update public.dispatch_work set fence = 7 where id = %s", [id])
    worker.beat(board, Runaways())
    assert is_killed(pid)
    row = stored(id)
    assert row is not None
    assert (row["fence"], row["leased"]) == (7, True)


def test_what_else_a_killed_process_had_in_hand_goes_on_elsewhere(
    take: Take, board: Board, child: Child, wakes: list[Any], acme: Tenant
) -> None:
    first, other = scheduled(2)
    pid = child(*take(), *take())
    told(first)
    wakes.clear()
    worker.beat(board, Runaways())
    assert is_killed(pid)
    assert wakes == [(acme.schema_name, "cpu")]
    assert {(claim.id, claim.deaths) for claim in (*take(), *take())} == {(first, 0), (other, 0)}


def test_a_process_that_has_left_and_taken_up_other_work_is_left_alone(take: Take, board: Board, child: Child) -> None:
    left, other = scheduled(2)
    [claim] = take()
    pid = child(*take())
    [held] = board.held()
    Runaways().look(board, [Held(held.place, held.pid, claim)])
    assert held.claim.id == other
    assert left == claim.id
    assert runs(pid)


def test_a_thread_of_the_worker_itself_is_not_killed(take: Take, board: Board) -> None:
    [id] = scheduled()
    [claim] = take()
    with board.hold(claim):
        told(id)
        worker.beat(board, Runaways())
        assert work.stopping(claim)


def test_who_gives_back_for_the_dead_does_not_wait_for_a_lock_of_theirs(take: Take, board: Board, acme: Tenant) -> None:
    scheduled()
    [claim] = take()
    locked, done = threading.Event(), threading.Event()

    def hold() -> None:
        try:
            with tenant_context(acme), work.fenced(claim):
                locked.set()
                done.wait(20)
        finally:
            connection.close()

    holder = threading.Thread(target=hold)
    holder.start()
    locked.wait(20)
    try:
        assert rows.give_back([claim]) == set()
    finally:
        done.set()
        holder.join(20)
    assert rows.give_back([claim]) == {(acme.schema_name, "cpu")}
