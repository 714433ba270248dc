"""Work for tests: rows that are really committed, threads that act as workers, and no Celery in between."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from typing import Any
from uuid import UUID

import pytest
from django.db import connection, transaction

from apps.common import work
from apps.common.ids import uuid7
from apps.common.work import Claim
from apps.dispatch import rows, turns, wakeups
from apps.dispatch.board import Board
from apps.dispatch.services import WorkDispatcher
from apps.tenants.context import tenant_context
from apps.tenants.models import Tenant
from tests.dummy.handlers import DummyWork

KIND = "dummy.work"


@pytest.fixture(autouse=True)
def _forget_dummy_work() -> Iterator[None]:
    DummyWork.reset()
    yield
    DummyWork.reset()


@pytest.fixture
def board(monkeypatch: pytest.MonkeyPatch) -> Board:
    """A board of the test's own, which the dispatcher uses as well."""
    mine = Board()
    monkeypatch.setattr(work, "_dispatcher", WorkDispatcher(mine))
    return mine


@pytest.fixture
def wakes(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, str]]:
    """The wake-ups that were sent, in order; none of them travels."""
    sent: list[tuple[str, str]] = []

    def wake(tenant: str, queue: str) -> bool:
        sent.append((tenant, queue))
        return True

    monkeypatch.setattr(wakeups, "wake", wake)
    return sent


Take = Callable[..., list[Claim]]


@pytest.fixture
def take(committed_db: str, acme: Tenant, board: Board, wakes: list[Any]) -> Take:
    """`take(limit=1, slots=4)`: claim due rows of acme."""

    def claim(limit: int = 1, slots: int = 4, queue: str = "cpu") -> list[Claim]:
        return rows.claim(tenant=acme.schema_name, queue=queue, limit=limit, slots=slots).claims

    return claim


def scheduled(count: int = 1, **options: Any) -> list[UUID]:
    """Schedule dummy work in the current tenant. Returns the ids, oldest first."""
    ids = [uuid7() for _ in range(count)]
    for id in ids:
        with transaction.atomic():
            work.schedule(KIND, id, **options)
    return ids


def stored(id: UUID) -> dict[str, Any] | None:
    """The row of an id as it stands, or None."""
    with connection.cursor() as cursor:
        cursor.execute(
            "select fence, signal, deaths, due_at <= clock_timestamp(), lease_until > clock_timestamp() "
            "from public.dispatch_work where id = %s",
            [id],
        )
        found = cursor.fetchone()
    return dict(zip(("fence", "signal", "deaths", "due", "leased"), found, strict=True)) if found else None


def nearly_expire(*ids: UUID) -> None:
    """Leave half a second of the leases, so that they want to be renewed."""
    with connection.cursor() as cursor:
        cursor.execute(
            "update public.dispatch_work set lease_until = clock_timestamp() + interval '0.5 second' "
            "where id = any(%s)",
            [list(ids)],
        )


def expire(id: UUID) -> None:
    """Let the lease of a row run out, as when its holder fell silent."""
    with connection.cursor() as cursor:
        cursor.execute(
            "update public.dispatch_work set lease_until = clock_timestamp() - interval '1 second' where id = %s", [id]
        )


def run_turn(tenant: Tenant, board: Board, queue: str = "cpu") -> int:
    return turns.turn(schema=tenant.schema_name, queue=queue, board=board)


def at_once(count: int, tenant: Tenant, call: Callable[[int], Any]) -> list[Any]:
    """Call `call(n)` in `count` threads that begin together, each with a connection of its own inside the tenant."""
    answers: list[Any] = [None] * count
    barrier = threading.Barrier(count)

    def one(number: int) -> None:
        try:
            with tenant_context(tenant):
                barrier.wait(20)
                answers[number] = call(number)
        except BaseException as error:  # noqa: BLE001  # told to the test, which looks at the answers
            answers[number] = error
        finally:
            connection.close()

    threads = [threading.Thread(target=one, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    return answers
