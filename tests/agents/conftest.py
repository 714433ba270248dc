"""Runs for tests: the dispatcher as it is, a worker that takes a turn when it is told to, and no message in between."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import nullcontext
from typing import Any

import pytest
from django.core.signals import request_finished, request_started
from django.db import close_old_connections

from apps.accounts.models import User
from apps.agents import services
from apps.agents.contract import AGENTS
from apps.agents.models import AgentRun
from apps.common import work
from apps.dispatch import turns, wakeups
from apps.dispatch.board import Board
from apps.dispatch.services import WorkDispatcher
from apps.tenants.models import Tenant

COUNTER, ECHO = "dummy.counter", "dummy.echo"
WEEKLY = b"item,week,sold\nTea,2026-01-05,12\nTea,2026-01-12,9\nCoffee,2026-01-05,4\n"

Start = Callable[..., AgentRun]
WorkOff = Callable[[], int]


@pytest.fixture
def board(monkeypatch: pytest.MonkeyPatch) -> Board:
    """A board of the test's own, which the dispatcher uses as well."""
    mine = Board()
    monkeypatch.setattr(work, "_dispatcher", WorkDispatcher(mine))
    monkeypatch.setattr(wakeups, "wake", lambda tenant, queue: True)
    return mine


@pytest.fixture
def work_off(acme: Tenant, board: Board) -> WorkOff:
    """`work_off()`: take a turn of a worker in acme. Returns how many work rows were taken up."""
    return lambda: turns.turn(schema=acme.schema_name, queue="cpu", board=board)


@pytest.fixture
def start(acme: Tenant, board: Board) -> Start:
    """`start(user=None, key="dummy.counter", **input)`: accept a run."""

    def make(user: User | None = None, key: str = COUNTER, **data: Any) -> AgentRun:
        return services.run_start(agent=AGENTS[key], data=data, user=user, origin="console", who=user)

    return make


@pytest.fixture
def finished(start: Start, work_off: WorkOff) -> Start:
    """`finished(user=None, key=..., **input)`: a run that has been worked off."""

    def make(user: User | None = None, key: str = COUNTER, **data: Any) -> AgentRun:
        run = start(user, key, **data)
        work_off()
        run.refresh_from_db()
        assert not run.is_open
        return run

    return make


@pytest.fixture
def one_thread(sockets_keep_db: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """All that is synchronous shares one thread, that of the test: who held it while waiting would stop everything."""
    monkeypatch.setattr("django.core.handlers.asgi.ThreadSensitiveContext", nullcontext)
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)  # as Django's own test client does
    yield
    for signal in (request_started, request_finished):
        signal.connect(close_old_connections)
