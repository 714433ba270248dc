"""A log, and a sequencer that runs when a test says so."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from django.db import connection, transaction
from django.test import TestCase

from apps.audit import services
from apps.audit.actors import Actor
from apps.audit.kinds import EntryKind
from apps.audit.services import SEQUENCE, Record, record_many
from apps.common import work
from apps.dispatch import turns, wakeups
from apps.dispatch.board import Board
from apps.dispatch.services import WorkDispatcher
from apps.tenants.models import Tenant

CHANGED = EntryKind("tests.changed", "Changed", "configuration", "changed {subject}", frozenset({"email", "subject"}))
ACTOR = Actor("person", None, "Ada Lovelace", "ada@example.org")


@pytest.fixture(autouse=True)
def _nobody_sequences() -> None:
    """Here it is asked for, as in the program."""


_nudge = services._nudge


@pytest.fixture(autouse=True)
def _sequencing(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Here the sequencer is asked for, and nobody relies on what another test asked."""
    monkeypatch.setattr(services, "_nudge", _nudge)
    services._relied_on.clear()
    yield
    services._relied_on.clear()


@contextmanager
def past_the_guards() -> Iterator[Any]:
    """A cursor by which the triggers do not stand in the way, as for whoever owns the database."""
    with connection.cursor() as cursor:
        cursor.execute("set session_replication_role = replica")
        try:
            yield cursor
        finally:
            cursor.execute("set session_replication_role = origin")


@pytest.fixture
def outside(settings: Any, tmp_path: Path) -> Path:
    """The folder that checkpoints are published in."""
    settings.AUDIT_CHECKPOINTS = str(tmp_path / "outside")
    return tmp_path / "outside"


@pytest.fixture
def board(monkeypatch: pytest.MonkeyPatch) -> Board:
    mine = Board()
    monkeypatch.setattr(work, "_dispatcher", WorkDispatcher(mine))
    monkeypatch.setattr(wakeups, "wake", lambda *_: True)
    return mine


def recorded(count: int = 1) -> list[UUID]:
    """Record so many entries, and do what follows when that is committed."""
    with TestCase.captureOnCommitCallbacks(execute=True), transaction.atomic():
        return record_many([Record(CHANGED, ACTOR, after={"n": n, "email": f"{n}@example.org"}) for n in range(count)])


def work_row() -> tuple[bool, float] | None:
    """Whether the sequencer's row is in hand, and in how many seconds it is due; None where there is none."""
    with connection.cursor() as cursor:
        cursor.execute(
            "select lease_until is not null, extract(epoch from due_at - clock_timestamp())::float8 "
            "from public.dispatch_work where kind = %s",
            [SEQUENCE],
        )
        found: tuple[bool, float] | None = cursor.fetchone()
        return found


def make_due() -> None:
    """Let the sequencer's row be due, and no other be there that a turn would begin with."""
    with connection.cursor() as cursor:
        cursor.execute("delete from public.dispatch_work where kind <> %s", [SEQUENCE])
        cursor.execute("update public.dispatch_work set due_at = clock_timestamp() where kind = %s", [SEQUENCE])


@pytest.fixture
def sequence(acme: Tenant, outside: Path, board: Board) -> Callable[[], int]:
    """Let a worker take up the sequencer's row, as if it were due. Returns how many rows it took up."""

    def run() -> int:
        make_due()
        return turns.turn(schema=acme.schema_name, queue="io", board=board)

    return run
